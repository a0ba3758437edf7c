-- CoAPOption objects and the collections RequestOptions and ResponseOptions.

local lunacoap = require "lunacoap"
local probe = require "lunacoap.probe"
local scarcity = require "spec.support.scarcity"

local types = probe.types
local CoAPOption = lunacoap.CoAPOption

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

-- The options of a collection as {number, value} pairs.
local function pairs_of(list)
  local all = {}
  for i, option in ipairs(list) do
    all[i] = { option.Number, option.Value }
  end
  return all
end

local function list_of(options)
  local list = types.list()
  types.assign(list, options)
  return list
end

local function set(object, field, value)
  object[field] = value
end

describe("a new CoAPOption", function()
  it("has the defaults of the reference", function()
    local option = CoAPOption()
    assert.are.same({ 0, "", 0, false, false, false }, { option.Number, option.Value,
      option.ValueType, option.Critical, option.NoCacheKey, option.Unsafe })
  end)

  it("takes a number and a value, or a table of fields", function()
    assert.are.same({ 11, "temp" }, { CoAPOption(11, "temp").Number, CoAPOption(11, "temp").Value })
    assert.are.equal("", CoAPOption(11).Value)
    local option = CoAPOption { Value = "FF", ValueType = 2, Number = 65000 }
    assert.are.same({ 65000, "ff", 2 }, { option.Number, option.Value, option.ValueType })
    assert.are.equal("50", CoAPOption { 12, 50 }.Value)
  end)

  it("refuses other arguments", function()
    assert.truthy(raised(CoAPOption, 11, "a", 0):find("takes a number and a value", 1, true))
    assert.are.equal("1: CoAPOption.Number takes an integer from 0 to 65535, not 'Uri-Path'",
      raised(CoAPOption, "Uri-Path", "a"))
    assert.truthy(raised(CoAPOption, 11, nil):find("1: CoAPOption.Value takes a string or a number, not nil", 1, true))
    assert.truthy(raised(CoAPOption, 11, {}):find("a table", 1, true))
  end)
end)

describe("a CoAPOption", function()
  it("derives its properties from the bits of its number (RFC 7252 5.4.6)", function()
    local function bits(number)
      local option = CoAPOption(number)
      return { option.Critical, option.Unsafe, option.NoCacheKey }
    end
    assert.are.same({ true, false, false }, bits(1)) -- If-Match
    assert.are.same({ true, true, false }, bits(11)) -- Uri-Path
    assert.are.same({ false, true, false }, bits(14)) -- Max-Age
    assert.are.same({ false, false, true }, bits(60)) -- Size1
    assert.are.same({ false, false, true }, bits(28)) -- Size2
    assert.are.same({ false, false, false }, bits(4)) -- ETag
    assert.are.same({ true, false, true }, bits(65533)) -- ...11101
    assert.are.same({ false, true, false }, bits(30)) -- 11110: unsafe ones are always in the key
  end)

  it("takes the type that the registry knows from its number, and leaves it for unknown ones", function()
    local option = CoAPOption()
    for number, value_type in pairs { [11] = 0, [12] = 1, [4] = 2, [5] = 2, [258] = 1 } do
      option.Number = number
      assert.are.equal(value_type, option.ValueType)
    end
    option.Number = 4
    option.Number = 65000
    assert.are.equal(2, option.ValueType)
    option.ValueType = lunacoap.ValueType.ovtUInt
    assert.are.equal(1, option.ValueType)
  end)

  it("reads its value as a string, also one that was given as a number", function()
    assert.are.equal("60", CoAPOption(12, 60).Value)
    assert.are.equal("60", CoAPOption(12, 60.0).Value)
    assert.are.equal("21.5", CoAPOption(11, 21.5).Value)
    assert.are.equal("4294967295", CoAPOption(14, 4294967295).Value)
    assert.are.equal("a\0b", CoAPOption(11, "a\0b").Value)
  end)

  it("shows binary values in lower-case hex, however they were written", function()
    assert.are.equal("00abcdef", CoAPOption(4, "00ABCdef").Value)
    local option = CoAPOption(65000, "BEEF")
    assert.are.equal("BEEF", option.Value)
    option.ValueType = 2
    assert.are.equal("beef", option.Value)
  end)

  it("refuses numbers and types out of range with 701, other kinds of value with 1", function()
    local option = CoAPOption(11, "temp")
    for _, bad in ipairs { -1, 65536, 1.5, math.huge } do
      assert.truthy(raised(set, option, "Number", bad):find("^701: .*CoAPOption.Number takes an integer from 0 to 65535, not "))
    end
    for _, bad in ipairs { -1, 3, 0.5 } do
      assert.truthy(raised(set, option, "ValueType", bad):find("^701: .*CoAPOption.ValueType takes an integer from 0 to 2, not "))
    end
    for _, bad in ipairs { "11", true, {} } do
      assert.truthy(raised(set, option, "Number", bad):find("^1: CoAPOption.Number takes"))
    end
    assert.are.same({ 11, "temp" }, { option.Number, option.Value })
  end)

  it("refuses values that could not be sent with 701, and keeps the one it had", function()
    local cases = {
      { 12, "json" }, { 12, -1 }, { 12, 65536 }, { 12, 1.5 }, { 12, "" }, { 14, "4294967296" },
      { 4, "xyz" }, { 4, "abc" }, { 4, "001122334455667788" }, { 3, "" }, { 5, "00" },
      { 11, ("x"):rep(256) },
    }
    for _, case in ipairs(cases) do
      assert.truthy(raised(CoAPOption, case[1], case[2]):find("^701: "), case[1] .. " " .. case[2])
    end
    local option = CoAPOption(12, 50)
    raised(set, option, "Value", "json")
    assert.are.equal("50", option.Value)
  end)

  it("names the nearest field when there is no such field, on reading and on writing", function()
    local option = CoAPOption()
    assert.are.equal("1: CoAPOption has no field 'Numbr'; did you mean 'Number'?", raised(function() return option.Numbr end))
    assert.are.equal("1: CoAPOption has no field 'valuetype'; did you mean 'ValueType'?", raised(set, option, "valuetype", 1))
    assert.are.equal("1: CoAPOption has no field 'Length'", raised(function() return option.Length end))
    assert.are.equal("1: CoAPOption has no field 1", raised(function() return option[1] end))
    assert.are.equal("1: CoAPOption has no field 'Namber'; did you mean 'Number'?", raised(CoAPOption, { Namber = 1 }))
  end)

  it("refuses to have derived fields assigned", function()
    for _, field in ipairs { "Critical", "Unsafe", "NoCacheKey" } do
      assert.are.equal(("1: CoAPOption.%s is read-only"):format(field), raised(set, CoAPOption(11), field, true))
    end
  end)

  it("reads as its name and value", function()
    assert.are.equal("Uri-Path: temp", tostring(CoAPOption(11, "temp")))
    assert.are.equal("Option 65000: x", tostring(CoAPOption(65000, "x")))
  end)
end)

describe("a collection of options", function()
  it("is a sequence: #, [i], ipairs, Count", function()
    local list = list_of { { 11, "a" }, { 11, "b" }, { 12, 50 } }
    assert.are.equal(3, #list)
    assert.are.equal(3, list.Count)
    assert.are.equal("b", list[2].Value)
    assert.are.same({ { 11, "a" }, { 11, "b" }, { 12, "50" } }, pairs_of(list))
    local count = 0
    for i, option in pairs(list) do
      count = count + i
      assert.are.equal(list[i].Value, option.Value)
    end
    assert.are.equal(6, count)
    assert.are.equal("{Uri-Path: a, Uri-Path: b, Content-Format: 50}", tostring(list))
    assert.are.equal("{}", tostring(types.list()))
  end)

  it("gives nil for places that it does not have", function()
    local list = list_of { { 11, "a" } }
    for _, place in ipairs { 0, -1, 2, math.maxinteger, 1.5 } do
      if place ~= 1.5 then assert.is_nil(list[place]) end
    end
    assert.are.equal("a", list[1.0].Value)
  end)

  it("adds copies, whose count it returns", function()
    local list, option = types.list(), CoAPOption(11, "a")
    assert.are.equal(1, list:Add(option))
    option.Value = "changed"
    assert.are.equal("a", list[1].Value)
    assert.are.equal(2, list:Add { Number = 12, Value = 50 })
    assert.are.equal(3, list:Add { 11, "c" })
    assert.are.equal(4, list:Add(list[1]))
    assert.are.same({ { 11, "a" }, { 12, "50" }, { 11, "c" }, { 11, "a" } }, pairs_of(list))
  end)

  it("adds its own items many times over, while it grows", function()
    local list = list_of { { 11, "first" } }
    for i = 2, 100 do list:Add(list[i - 1]) end
    assert.are.equal(100, #list)
    for _, option in ipairs(list) do assert.are.equal("first", option.Value) end
  end)

  it("gives items that are live", function()
    local list = list_of { { 11, "a" }, { 11, "b" } }
    local item = list[1]
    item.Value = "z"
    assert.are.equal("z", list[1].Value)
    list[1].Number = 15
    assert.are.equal(15, item.Number)
    assert.is_true(item == list[1])
    assert.is_false(item == list[2])
    list:RemoveAt(1)
    assert.are.equal("b", item.Value) -- the item is what stands at its place
  end)

  it("says so when an item's place no longer exists", function()
    local list = list_of { { 11, "a" }, { 11, "b" } }
    local item = list[2]
    list:RemoveAt(2)
    local message = "1: the collection has no item 2 any more: it holds 1 option"
    assert.are.equal(message, raised(function() return item.Value end))
    assert.are.equal(message, raised(set, item, "Value", "x"))
    assert.are.equal(message, raised(list.Add, list, item))
    assert.are.equal(message, raised(tostring, item))
    assert.are.same({ { 11, "a" } }, pairs_of(list))
  end)

  it("outlives itself in its items", function()
    local item = list_of { { 11, "a" } }[1]
    collectgarbage()
    collectgarbage()
    assert.are.equal("a", item.Value)
  end)

  it("replaces an item, and appends at the place behind the last", function()
    local list = list_of { { 11, "a" } }
    list[1] = CoAPOption(15, "q")
    list[2] = { Number = 17, Value = 60 }
    list[3] = list[1]
    list[2] = list[2]
    assert.are.same({ { 15, "q" }, { 17, "60" }, { 15, "q" } }, pairs_of(list))
    assert.truthy(raised(set, list, 5, CoAPOption(11, "x")):find("no place 5: it holds 3 options", 1, true))
    assert.truthy(raised(set, list, 0, CoAPOption(11, "x")):find("no place 0", 1, true))
    assert.truthy(raised(set, list, 1, nil):find("RemoveAt", 1, true))
    assert.are.equal(3, #list)
  end)

  it("removes by place, and says so when there is no such place", function()
    local list = list_of { { 11, "a" }, { 11, "b" }, { 11, "c" } }
    list:RemoveAt(2)
    assert.are.same({ { 11, "a" }, { 11, "c" } }, pairs_of(list))
    for _, bad in ipairs { 0, 3, -1, 1.5, "1" } do
      assert.truthy(raised(list.RemoveAt, list, bad):find("^1: the option list has no place .*: it holds 2 options"))
    end
    list:Clear()
    assert.are.equal(0, #list)
    assert.is_nil(list[1])
    list:Add { 11, "new" }
    assert.are.same({ { 11, "new" } }, pairs_of(list))
  end)

  it("refuses items that are no options, or could not be sent", function()
    local list = list_of { { 11, "a" } }
    assert.truthy(raised(list.Add, list, "temp"):find("an option is a CoAPOption or {Number = 11, Value = \"temp\"}, not 'temp'", 1, true))
    assert.truthy(raised(list.Add, list):find("not nil", 1, true))
    assert.truthy(raised(list.Add, list, types.list()):find("not a lunacoap.CoAPOptionList", 1, true))
    assert.truthy(raised(list.Add, list, { Value = "temp" }):find("its Number is missing", 1, true))
    assert.truthy(raised(list.Add, list, { 11, "temp", "rest" }):find("without a key 3", 1, true))
    assert.truthy(raised(list.Add, list, { Number = 11, Critical = true }):find("CoAPOption.Critical is read-only", 1, true))
    assert.truthy(raised(list.Add, list, { 12, "json" }):find("^701: "))
    assert.truthy(raised(list.Add, list, CoAPOption()):find("^701: "))
    local unfit = CoAPOption(11, "temp")
    unfit.Number = 12
    assert.truthy(raised(list.Add, list, unfit):find("^701: .*Content%-Format"))
    assert.are.same({ { 11, "a" } }, pairs_of(list))
  end)

  it("knows its fields and names the nearest", function()
    local list = types.list()
    assert.are.equal("1: CoAPOptionList has no field 'Remove'; did you mean 'RemoveAt'?", raised(function() return list.Remove end))
    assert.are.equal("1: CoAPOptionList has no field 'count'; did you mean 'Count'?", raised(set, list, "count", 1))
    assert.are.equal("1: CoAPOptionList.Count is read-only", raised(set, list, "Count", 1))
  end)
end)

describe("assigning a list of options", function()
  it("replaces what was there, by tables, options or both", function()
    local list = list_of { { 11, "old" } }
    types.assign(list, { CoAPOption(15, "a=1"), { Number = 12, Value = 0 }, { 11, "new" } })
    assert.are.same({ { 15, "a=1" }, { 12, "0" }, { 11, "new" } }, pairs_of(list))
    types.assign(list, {})
    assert.are.equal(0, #list)
  end)

  it("copies a collection, also onto itself", function()
    local list, other = list_of { { 11, "a" }, { 11, "b" } }, types.list()
    types.assign(other, list)
    list[1].Value = "changed"
    assert.are.same({ { 11, "a" }, { 11, "b" } }, pairs_of(other))
    types.assign(other, other)
    assert.are.same({ { 11, "a" }, { 11, "b" } }, pairs_of(other))
    types.assign(other, { other[2], other[1] })
    assert.are.same({ { 11, "b" }, { 11, "a" } }, pairs_of(other))
  end)

  it("changes nothing when one of the items is wrong", function()
    local list = list_of { { 11, "old" } }
    for _, bad in ipairs {
      { { 11, "new" }, { 12, "json" } },
      { { 11, "new" }, "temp" },
      { { 11, "new" }, { Nmber = 12 } },
      { { 11, "new" }, Number = 12 },
      { Number = 12, Value = "50" },
      { [1] = { 11, "a" }, [3] = { 11, "c" } },
      "temp",
    } do
      raised(types.assign, list, bad)
      assert.are.same({ { 11, "old" } }, pairs_of(list))
    end
    assert.truthy(raised(types.assign, list, nil):find("a list of options is a table", 1, true))
    assert.truthy(raised(types.assign, list, { Number = 12, Value = "50" }):find("{{Number = 11, Value = \"temp\"}, ...}", 1, true))
  end)

  it("raises at the line of the script", function()
    local list = types.list()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() types.assign(list, { { 12, "json" } }) end)
    assert.is_false(ok)
    assert.truthy(err.Where:find("option_spec.lua:" .. line, 1, true))
  end)
end)

describe("the options of a received message", function()
  it("are all there as received, but for Block1 and Block2", function()
    local list = types.received(probe.wire.encode { code = 1, options = {
      { 4, "\xab\xcd" }, { 6, 5 }, { 11, "temp" }, { 12, 60 }, { 23, 6 }, { 27, 14 }, { 65000, "\1x" } } })
    assert.are.same({ { 4, "abcd" }, { 6, "5" }, { 11, "temp" }, { 12, "60" }, { 65000, "0178" } }, pairs_of(list))
    assert.are.equal(lunacoap.ValueType.ovtBinary, list[5].ValueType)
  end)
end)

describe("a lack of memory", function()
  -- Everything that a script can do with options.
  local function work(list)
    local option = CoAPOption(11, ("x"):rep(100))
    list:Add(option)
    list:Add { Number = 4, Value = "AABBCCDD" }
    list[3] = { 12, 60 }
    list[1].Value = ("y"):rep(200)
    types.assign(list, { option, list[2], { 15, "q" } })
    types.assign(list, list)
    list:RemoveAt(1)
    assert(tostring(list) == "{ETag: aabbccdd, Uri-Query: q}")
  end

  it("raises, and leaks nothing, wherever it strikes", function()
    work(types.list())
    assert.is_true(scarcity.of_lua(work, types.list) >= 10)
    assert.is_true(scarcity.of_runtime(work, types.list) >= 10)
  end)
end)
