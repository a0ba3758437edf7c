-- lunacoap.cbor: values to CBOR and back. Diagnostic notation is in cbor_diagnose_spec.lua.
local lunacoap = require "lunacoap"
local bytes = require "spec.support.hex"
local scarcity = require "spec.support.scarcity"

local cbor = lunacoap.cbor

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function encoded(value)
  return hex(cbor.encode(value))
end

local function decoded(digits)
  local value, message = cbor.decode(bytes(digits))
  assert.is_nil(message)
  return value
end

-- Blanks are for the reader.
local function digits_of(text)
  return (text:gsub(" ", ""))
end

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err.Message
end

-- Equal, and of the same type of number.
local function assert_same_number(expected, value)
  assert.are.equal(math.type(expected), math.type(value))
  assert.are.equal(expected, value)
end

describe("numbers", function()
  -- RFC 8949 appendix A and 4.2.1, and the borders between lengths.
  local INTEGERS = {
    { 0, "00" }, { 1, "01" }, { 10, "0a" }, { 23, "17" }, { 24, "1818" }, { 25, "1819" }, { 100, "1864" },
    { 255, "18ff" }, { 256, "190100" }, { 1000, "1903e8" }, { 65535, "19ffff" }, { 65536, "1a00010000" },
    { 1000000, "1a000f4240" }, { 4294967295, "1affffffff" }, { 4294967296, "1b0000000100000000" },
    { 1000000000000, "1b000000e8d4a51000" }, { math.maxinteger, "1b7fffffffffffffff" },
    { -1, "20" }, { -10, "29" }, { -24, "37" }, { -25, "3818" }, { -100, "3863" }, { -256, "38ff" },
    { -257, "390100" }, { -1000, "3903e7" }, { -65537, "3a00010000" }, { -4294967297, "3b0000000100000000" },
    { math.mininteger, "3b7fffffffffffffff" },
  }
  local FLOATS = {
    { 0.0, "f90000" }, { -0.0, "f98000" }, { 1.0, "f93c00" }, { 1.1, "fb3ff199999999999a" }, { 1.5, "f93e00" },
    { 65504.0, "f97bff" }, { 65536.0, "fa47800000" }, { 100000.0, "fa47c35000" },
    { 3.4028234663852886e+38, "fa7f7fffff" }, { 1.0e+300, "fb7e37e43c8800759c" },
    { 2.0 ^ -24, "f90001" }, { 2.0 ^ -14, "f90400" }, { 2.0 ^ -25, "fa33000000" }, { 2.0 ^ -149, "fa00000001" },
    { 5e-324, "fb0000000000000001" }, { -4.0, "f9c400" }, { -4.1, "fbc010666666666666" },
    { math.huge, "f97c00" }, { -math.huge, "f9fc00" },
  }

  it("are integers in the shortest form", function()
    for _, row in ipairs(INTEGERS) do
      assert.are.equal(row[2], encoded(row[1]))
      assert_same_number(row[1], decoded(row[2]))
    end
  end)

  it("are floats in the shortest form that keeps their value", function()
    for _, row in ipairs(FLOATS) do
      assert.are.equal(row[2], encoded(row[1]))
      assert_same_number(row[1], decoded(row[2]))
    end
    assert.are.equal("-0.0", tostring(decoded "f98000"))
  end)

  it("are NaN in one form", function()
    for _, digits in ipairs { "f97e00", "f97e01", "fa7fc00000", "fb7ff8000000000000", "f9fe00" } do
      local value = decoded(digits)
      assert.are_not.equal(value, value)
      assert.are.equal("f97e00", encoded(value))
    end
  end)

  it("may be every half-precision float there is", function()
    for bits = 0, 65535 do
      local item = "\xf9" .. (">I2"):pack(bits)
      local value = cbor.decode(item)
      if value == value then
        assert(cbor.encode(value) == item, hex(item))
      end
    end
  end)

  it("are taken in longer forms too", function()
    for digits, value in pairs { ["1800"] = 0, ["190001"] = 1, ["1a00000002"] = 2, ["1b0000000000000003"] = 3,
      ["3800"] = -1, ["3b0000000000000000"] = -1 } do
      assert_same_number(value, decoded(digits))
    end
    assert_same_number(1.5, decoded "fa3fc00000")
    assert_same_number(1.5, decoded "fb3ff8000000000000")
  end)

  it("too large for Lua are bignums, and others never are (RFC 8949 3.4.3)", function()
    for digits, tag in pairs { ["1b8000000000000000"] = 2, ["1bffffffffffffffff"] = 2,
      ["3b8000000000000000"] = 3, ["3bffffffffffffffff"] = 3,
      c249010000000000000000 = 2, c349010000000000000000 = 3 } do
      local value = decoded(digits)
      assert.are.equal(tag, value.tag)
      assert.are.equal(digits, encoded(value))
    end
    assert.are.equal("h'8000000000000000'", tostring(decoded("1b8000000000000000").value))
    assert.are.equal("1bffffffffffffffff", encoded(cbor.tagged(2, cbor.bytes(("\xff"):rep(8)))))
    assert.are.equal("c249010000000000000000", encoded(cbor.tagged(2, cbor.bytes("\0\1" .. ("\0"):rep(8)))))
    assert_same_number(5, decoded "c24105")
    assert_same_number(-6, decoded "c34105")
    assert_same_number(0, decoded "c240")
    assert_same_number(258, decoded "c25f42000141 02ff")
    assert.are.equal("05", encoded(cbor.tagged(2, cbor.bytes "\5")))
    assert.are.equal("c26161", encoded(cbor.tagged(2, "a")))
  end)
end)

describe("simple values", function()
  it("are booleans, null, undefined and numbers", function()
    for digits, value in pairs { f4 = false, f5 = true, f6 = cbor.null, f7 = cbor.undefined,
      f0 = cbor.simple(16), e0 = cbor.simple(0), f820 = cbor.simple(32), f8ff = cbor.simple(255) } do
      assert.are.equal(value, decoded(digits))
      assert.are.equal(digits, encoded(value))
    end
    assert.are.equal(cbor.undefined, cbor.simple(23))
    assert.are.equal(cbor.null, cbor.simple(22))
    assert.is_true(cbor.simple(21))
    assert.are.equal(16, cbor.simple(16).value)
    assert.are.same({ "simple(16)", "undefined" }, { tostring(cbor.simple(16)), tostring(cbor.undefined) })
  end)

  it("have numbers up to 255, without those that would look like lengths", function()
    for _, wrong in ipairs { -1, 24, 31, 256, 1.5, "x" } do
      assert.matches("cbor.simple takes a number from 0 to 23 or 32 to 255, not", raised(cbor.simple, wrong))
    end
  end)
end)

describe("strings", function()
  it("are text when they are UTF-8", function()
    for text, digits in pairs { [""] = "60", a = "6161", IETF = "6449455446", ['"\\'] = "62225c",
      ["\u{fc}"] = "62c3bc", ["\u{6c34}"] = "63e6b0b4", ["\u{10151}"] = "64f0908591",
      [("x"):rep(24)] = "7818" .. ("78"):rep(24) } do
      assert.are.equal(digits, encoded(text))
      assert.are.equal(text, decoded(digits))
    end
  end)

  it("are bytes when they are not", function()
    for _, text in ipairs { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "a\x80", "\xe0\x80\x80",
      "\xf5\x80\x80\x80", "\xe2\x82" } do
      assert.are.equal(cbor.bytes(text), decoded(encoded(text)))
    end
  end)

  it("that are bytes are objects", function()
    local value = decoded "4401020304"
    assert.are.equal(4, #value)
    assert.are.equal("\1\2\3\4", value.value)
    assert.are.equal("h'01020304'", tostring(value))
    assert.are.equal(cbor.bytes "\1\2\3\4", value)
    assert.are_not.equal(cbor.bytes "\1\2\3", value)
    assert.are.equal("4401020304", encoded(value))
    assert.are.equal("40", encoded(cbor.bytes ""))
  end)

  it("that are bytes go when they are no longer used", function()
    local function memory_after(count)
      for i = 1, count do
        cbor.bytes(("x"):rep(1000) .. i)
      end
      collectgarbage()
      collectgarbage() -- the first one may have been under way
      return collectgarbage("count")
    end
    local before = memory_after(1)
    assert.is_true(memory_after(1000) < before + 100)
  end)

  it("may come in pieces", function()
    assert.are.equal("streaming", decoded "7f657374726561646d696e67ff")
    assert.are.equal(cbor.bytes "\1\2\3\4\5", decoded "5f42010243030405ff")
    assert.are.equal("", decoded "7fff")
  end)
end)

describe("tags", function()
  it("are objects with the tag and the value", function()
    local time = decoded "c11a514b67b0"
    assert.are.same({ 1, 1363896240 }, { time.tag, time.value })
    assert.are.equal("1(1363896240)", tostring(time))
    assert.are.equal(cbor.tagged(1, 1363896240), time)
    assert.are_not.equal(cbor.tagged(0, 1363896240), time)
    for _, digits in ipairs { "c11a514b67b0", "c1fb41d452d9ec200000", "d74401020304", "d818456449455446", "c74101",
      "d4f6", "d9d9f700", "da0001000000", "dbffffffffffffffff00", "c482206131" } do
      assert.are.equal(digits, encoded(decoded(digits)))
    end
  end)

  it("take a number and a value", function()
    assert.matches("cbor.tagged takes the number of a tag and a value, not 'x' and 1", raised(cbor.tagged, "x", 1))
    assert.matches("not 1 and nil", raised(cbor.tagged, 1))
  end)
end)

describe("objects", function()
  it("do not change, and name a field that they lack", function()
    for _, object in ipairs { cbor.bytes "x", cbor.tagged(1, 2), cbor.undefined } do
      assert.matches("values of cbor never change", raised(function() object.value = 1 end))
      assert.matches("has no field 'valu'; did you mean 'value'", raised(function() return object.valu end))
    end
    assert.matches("cbor.bytes has no field 'tag'", raised(function() return cbor.bytes("x").tag end))
    assert.matches("cbor.bytes takes a string, not 5", raised(cbor.bytes, 5))
  end)
end)

it("cbor.type tells what made a value", function()
  for kind, value in pairs { bytes = cbor.bytes "x", tagged = cbor.tagged(1, 2), simple = cbor.undefined,
    array = cbor.array {}, map = cbor.map {} } do
    assert.are.equal(kind, cbor.type(value))
  end
  assert.are.equal("array", cbor.type(decoded "80"))
  assert.are.equal("map", cbor.type(decoded "a0"))
  for _, value in ipairs { {}, "x", 1, true, cbor.null, io.stdout, setmetatable({}, {}) } do
    assert.is_nil(cbor.type(value))
  end
end)

describe("arrays", function()
  it("are tables whose keys are 1, 2, 3 ...", function()
    assert.are.equal("83010203", encoded { 1, 2, 3 })
    assert.are.equal("8301820203820405", encoded { 1, { 2, 3 }, { 4, 5 } })
    assert.are.same({ 1, { 2, 3 }, { 4, 5 } }, decoded "8301820203820405")
    assert.are.equal("9818" .. ("00"):rep(24), encoded(decoded("9818" .. ("00"):rep(24))))
    assert.are.same({ 1, { 2 }, {} }, decoded "9f019f02ff80ff")
  end)

  it("stay arrays when they are empty", function()
    assert.are.equal("80", encoded(decoded "80"))
    assert.are.equal("80", encoded(cbor.array {}))
    assert.are.equal("80", encoded(cbor.array()))
    assert.are.equal("a0", encoded {})
    assert.are.equal("a0", encoded(decoded "a0"))
    local list = decoded "8101"
    list[1] = nil
    assert.are.equal("80", encoded(list))
  end)

  it("have no gaps and no other keys", function()
    assert.are.equal("a201010303", encoded { 1, nil, 3 })
    for _, wrong in ipairs { { 1, x = 2 }, { [2] = 1 }, { [0] = 1 }, { 1, nil, 3 } } do
      assert.matches("value: an array has the keys 1, 2, 3 ... without gaps", raised(cbor.encode, cbor.array(wrong)))
    end
    assert.matches("cbor.array takes a table without a metatable of its own, or nothing, not 5",
      raised(cbor.array, 5))
    assert.matches("not a table", raised(cbor.array, setmetatable({}, {})))
  end)
end)

describe("maps", function()
  it("are tables with other keys, in the order of the encoded keys (RFC 8949 4.2.1)", function()
    assert.are.equal("a10102", encoded(cbor.map { 2 }))
    assert.are.equal("a26161016162820203", encoded({ a = 1, b = { 2, 3 } }))
    local value = { [10] = 1, [100] = 2, [-1] = 3, z = 4, aa = 5, [cbor.array { 100 }] = 6, [cbor.array { -1 }] = 7,
      [false] = 8 }
    assert.are.equal(digits_of "a8 0a01 186402 2003 617a04 62616105 81186406 812007 f408", encoded(value))
  end)

  it("are read whatever the order", function()
    assert.are.same({ a = 1, b = { 2, 3 } }, decoded "a26162820203616101")
    assert.are.same({ Fun = true, Amt = -2 }, decoded "bf6346756ef563416d7421ff")
    assert.are.equal("a26161016162820203", encoded(decoded "a26162820203616101"))
  end)

  it("stay maps when they look like arrays, as headers of COSE do", function()
    assert.are.equal("a10126", encoded(decoded "a10126"))
    assert.are.equal("a201020304", encoded(decoded "a203040102"))
  end)

  it("have any keys", function()
    local value = decoded "a7 f401 f602 f703 410104 c10005 8006 6164f93e00"
    assert.are.equal(1, value[false])
    assert.are.equal(2, value[cbor.null])
    assert.are.equal(3, value[cbor.undefined])
    assert.are.equal(4, value[cbor.bytes "\1"])
    assert.are.equal(1.5, value.d)
    assert.are.equal(digits_of "a7 410104 6164f93e00 8006 c10005 f401 f602 f703", encoded(value))
  end)

  it("have each key once", function()
    for _, digits in ipairs { "a2 616101 616102", "a2 0101 180102", "a2 410101 410102", "a2 8001 8002",
      "a2 c10001 c10002", "a2 c24901000000000000000000 c24901000000000000000001", "a2 f600 f601",
      "a2 1b800000000000000000 c248800000000000000001", "bf 0101 0102 ff" } do
      local value, message = cbor.decode(bytes(digits))
      assert.is_nil(value)
      assert.matches("the map has this key already", message)
    end
    assert.matches("value: two keys of a map that are the same in CBOR",
      raised(cbor.encode, { [cbor.array()] = 1, [cbor.array {}] = 2 }))
    assert.matches("the same in CBOR", raised(cbor.encode, { ["\xff"] = 1, [cbor.bytes "\xff"] = 2 }))
  end)

  it("have no key that Lua would not tell from another", function()
    for _, digits in ipairs { "a1f97e0001", "a1f93c0001", "a1f9800001", "a1fb7ff800000000000001" } do
      local value, message = cbor.decode(bytes(digits))
      assert.is_nil(value)
      assert.are.equal("malformed CBOR at byte 2: this number is no key of its own in Lua", message)
    end
    assert.are.equal(1, decoded("a1f97c0001")[math.huge])
  end)
end)

describe("cbor.decode", function()
  -- What is wrong, the byte where it is, and why.
  local MALFORMED = {
    { "", 1, "the input ends within an item" },
    { "18", 1, "ends within" }, { "1b00", 1, "ends within" }, { "61", 1, "ends within" }, { "5affffffff00", 1, "ends" },
    { "f8", 1, "ends within" }, { "8101 00", 3, "something follows the item" }, { "0000", 2, "something follows" },
    { "81", 2, "ends within" }, { "a101", 3, "ends within" }, { "c1", 2, "ends within" }, { "9f", 2, "ends within" },
    { "9bffffffffffffffff", 10, "ends within" }, { "bbffffffffffffffff", 10, "ends within" },
    { "7bffffffffffffffff 61", 1, "ends within" }, { "5f4101", 4, "ends within" },
    { "1c", 1, "no item begins with this byte" }, { "3f", 1, "no item" }, { "df", 1, "no item" }, { "fe", 1, "no item" },
    { "f800", 1, "no item" }, { "f81f", 1, "no item" }, { "82001d", 3, "no item" },
    { "ff", 1, "a break where an item should be" }, { "81ff", 2, "a break" }, { "bf01ff", 3, "a break" }, { "c1ff", 2, "a break" },
    { "62c328", 2, "the text is not UTF-8" }, { "6361e282", 3, "not UTF-8" }, { "7f61ff", 3, "not UTF-8" },
    { "7f61c361bcff", 3, "not UTF-8" },
    { "5f00ff", 2, "a string is made of strings of its kind" }, { "5f6161ff", 2, "of its kind" },
    { "7f7f6161ffff", 2, "of its kind" }, { "7f4161ff", 2, "of its kind" },
    { ("81"):rep(129) .. "00", 130, "nested more than 128 deep" }, { ("c1"):rep(129) .. "00", 130, "nested more" },
    { ("9f"):rep(100000), 130, "nested more" },
  }

  it("says at which byte the input is malformed, and why", function()
    for _, row in ipairs(MALFORMED) do
      local value, message = cbor.decode(bytes(row[1]))
      assert.is_nil(value)
      local byte, why = message:match("^malformed CBOR at byte (%d+): (.*)$")
      assert.are.equal(row[2], tonumber(byte), row[1]:sub(1, 40))
      assert.is_truthy(why:find(row[3], 1, true), message)
    end
  end)

  it("takes 128 levels, and encode writes them", function()
    for last, levels in pairs { ["80"] = 1, ["8100"] = 1, a1c10000 = 2, a100c100 = 2 } do
      local deep = ("81"):rep(128 - levels) .. last
      assert.are.equal(deep, encoded(decoded(deep)))
    end
  end)

  it("takes a string", function()
    assert.are.equal("cbor.decode takes a string of bytes, not nil", raised(cbor.decode))
    assert.are.equal("cbor.decode takes a string of bytes, not 5", raised(cbor.decode, 5))
  end)
end)

describe("cbor.encode", function()
  it("says which part of the value has no CBOR", function()
    assert.are.equal("cbor.encode: value: CBOR has nothing for a function", raised(cbor.encode, print))
    assert.are.equal("cbor.encode: value.a[2].b: CBOR has nothing for a function",
      raised(cbor.encode, { a = { 1, { b = print } } }))
    assert.are.equal("cbor.encode: value.t.value[true]: CBOR has nothing for a FILE*",
      raised(cbor.encode, { t = cbor.tagged(1, { [true] = io.stdout }) }))
    assert.are.equal("cbor.encode: value['a b'][false]['" .. ("x"):rep(40) .. "...']: CBOR has nothing for a function",
      raised(cbor.encode, { ["a b"] = { [false] = { [("x"):rep(400)] = print } } }))
    local deep = { print }
    for _ = 1, 20 do
      deep = { deep }
    end
    assert.are.equal("cbor.encode: value" .. ("[1]"):rep(12) .. "...: CBOR has nothing for a function", raised(cbor.encode, deep))
    assert.are.equal("cbor.encode: value[a table]: CBOR has nothing for a function",
      raised(cbor.encode, { [setmetatable({}, { __name = {} })] = print }))
    assert.matches("takes a value, not nil; CBOR's null is cbor.null", raised(cbor.encode))
  end)

  it("does not follow a table that holds itself", function()
    local loop = {}
    loop[1] = loop
    assert.matches("nested more than 128 deep; does a table hold itself%?", raised(cbor.encode, loop))
    local map = {}
    map.x = { map }
    assert.matches("nested more than 128 deep", raised(cbor.encode, map))
  end)

  it("gives equal values equal bytes, whatever the order in which they were made", function()
    local one, two = {}, {}
    for i = 1, 200 do
      one["key" .. i], two["key" .. 201 - i] = { i, x = i }, { 201 - i, x = 201 - i }
    end
    assert.are.equal(encoded(one), encoded(two))
    assert.are.same(one, cbor.decode(cbor.encode(one)))
  end)
end)

it("lunacoap.cbor names a function that it lacks", function()
  assert.matches("lunacoap.cbor has no field 'dekode'; did you mean 'decode'", raised(function() return cbor.dekode end))
end)

describe("a lack of memory in CBOR", function()
  local value = { list = { 1, 2.5, cbor.bytes(("\1"):rep(300)), cbor.array() }, [-1] = cbor.tagged(5, { a = cbor.null }),
    text = ("x"):rep(300), [cbor.array { 1 }] = true }

  local function work()
    local encoding = cbor.encode(value)
    local again = assert(cbor.decode(encoding .. ""))
    assert(#again.list == 4 and again[-1].tag == 5)
    assert(cbor.decode(bytes "5f4101420203ff" .. ""))
    assert(#cbor.diagnose(encoding, 2) > 300)
  end

  it("raises, and leaks nothing, wherever it strikes", function()
    work()
    assert.is_true(scarcity.of_lua(work) >= 20)
    assert.is_true(scarcity.of_runtime(work) >= 5)
  end)
end)
