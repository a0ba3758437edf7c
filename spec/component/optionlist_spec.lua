local probe = require "lunacoap.probe"
local base, content = probe.base, probe.content

local STRING, UINT, BINARY = 0, 1, 2

local function refused(number, value, kind)
  local ok, code, text = content.encode(number, value, kind)
  assert.is_nil(ok)
  assert.are.equal(701, code)
  return text
end

describe("an option of a script", function()
  it("has the value type of its number, when that is known", function()
    assert.are.equal(STRING, content.type_of(11, UINT)) -- Uri-Path
    assert.are.equal(UINT, content.type_of(12)) -- Content-Format
    assert.are.equal(BINARY, content.type_of(4)) -- ETag
    assert.are.equal(BINARY, content.type_of(5)) -- If-None-Match
  end)

  it("keeps the type it has when the number is unknown", function()
    assert.are.equal(STRING, content.type_of(65000))
    assert.are.equal(UINT, content.type_of(65000, UINT))
  end)

  it("goes out as bytes (RFC 7252 3.2)", function()
    assert.are.equal("sensors", content.encode(11, "sensors"))
    assert.are.equal("", content.encode(11, ""))
    assert.are.equal("", content.encode(12, "0"))
    assert.are.equal("\60", content.encode(12, "60"))
    assert.are.equal("\x2B\x2A", content.encode(12, "11050"))
    assert.are.equal("\255\255\255\255", content.encode(14, "4294967295"))
    assert.are.equal("\1\0", content.encode(14, "000256"))
    assert.are.equal("\x0a\xFF", content.encode(4, "0AfF"))
    assert.are.equal("", content.encode(5, ""))
    assert.are.equal("abc", content.encode(65000, "abc"))
    assert.are.equal("\7", content.encode(65000, "7", UINT))
    assert.are.equal(("\x5a"):rep(500), content.encode(65000, ("5A"):rep(500), BINARY))
  end)

  it("is refused with 701 when its value does not fit the type", function()
    for _, value in ipairs { "", "-1", "1.5", "0x10", " 1", "4294967296", "99999999999999999999",
      "18446744073709551617" } do
      assert.is_truthy(refused(14, value):find("Max-Age takes a decimal number", 1, true))
    end
    for _, value in ipairs { "a", "abc", "zz", "0x12", "a ", "1g" } do
      assert.is_truthy(refused(4, value):find("ETag takes pairs of hex digits", 1, true))
    end
    assert.is_truthy(refused(65000, "x", UINT):find("option 65000 takes", 1, true))
  end)

  it("is refused with 701 when it is longer or shorter than its RFC says (RFC 7252 5.10)", function()
    assert.is_truthy(refused(7, "65536"):find("Uri-Port takes 0 to 65535, not '65536'", 1, true))
    assert.is_truthy(refused(16, "0"):find("Hop-Limit takes 1 to 255", 1, true))
    assert.is_truthy(refused(3, ""):find("Uri-Host takes 1 to 255 bytes", 1, true))
    assert.is_truthy(refused(11, ("x"):rep(256)):find("Uri-Path takes 0 to 255 bytes", 1, true))
    assert.is_truthy(refused(4, ""):find("ETag takes 1 to 8 bytes", 1, true))
    assert.is_truthy(refused(4, ("00"):rep(9)):find("ETag", 1, true))
    assert.is_truthy(refused(5, "00"):find("If-None-Match takes no value", 1, true))
  end)

  it("is refused with 701 when it has no number", function()
    assert.is_truthy(refused(0, "x"):find("Number from 1 to 65535", 1, true))
  end)
end)

describe("an option that came", function()
  it("reads as text of its type", function()
    assert.are.same({ "sensors", STRING }, { content.decode(11, "sensors") })
    assert.are.same({ "a\0b", STRING }, { content.decode(11, "a\0b") })
    assert.are.same({ "0", UINT }, { content.decode(12, "") })
    assert.are.same({ "11050", UINT }, { content.decode(12, "\x2B\x2A") })
    assert.are.same({ "7", UINT }, { content.decode(12, "\0\0\0\7") })
    assert.are.same({ "4294967295", UINT }, { content.decode(14, "\255\255\255\255") })
    assert.are.same({ "0aff", BINARY }, { content.decode(4, "\10\255") })
    assert.are.same({ "", BINARY }, { content.decode(5, "") })
  end)

  it("is hex when its number is unknown, or its integer too long to be one", function()
    assert.are.same({ "616263", BINARY }, { content.decode(65000, "abc") })
    assert.are.same({ "0102030405", BINARY }, { content.decode(14, "\1\2\3\4\5") })
  end)
end)

describe("a list of options", function()
  local list

  local function numbers()
    local found = {}
    for i, item in ipairs(list:options()) do
      found[i] = item[1] .. "=" .. item[2]
    end
    return table.concat(found, " ")
  end

  before_each(function() list = content.new() end)
  after_each(function()
    base.fail_after()
    list:release()
  end)

  it("keeps what was added in that order, and loses what is removed", function()
    for i = 1, 10 do
      list:add(11, "p" .. i)
    end
    list:remove(1)
    list:remove(9)
    list:remove(4)
    assert.are.equal("11=p2 11=p3 11=p4 11=p6 11=p7 11=p8 11=p9", numbers())
    list:add(15, "q")
    assert.are.equal("11=p2 11=p3 11=p4 11=p6 11=p7 11=p8 11=p9 15=q", numbers())
  end)

  it("is replaced by a copy of other options, its own too", function()
    local other = content.new()
    other:add(11, "other")
    list:add(11, "mine")
    list:replace(other)
    other:release()
    assert.are.equal("11=other", numbers())
    list:replace(list)
    assert.are.equal("11=other", numbers())
  end)

  it("takes no memory for items like those it held before", function()
    for _ = 1, 4 do
      list:add(11, "path")
    end
    list:clear()
    -- The item of the probe itself takes one.
    base.fail_after(1)
    assert.is_true(list:add(11, "again"))
    base.fail_after()
    assert.are.equal("11=again", numbers())
  end)

  it("stays as it was when memory runs out", function()
    list:add(11, "path")
    local before = base.blocks()
    local long, count = ("x"):rep(200), 1
    while true do
      base.fail_after(count)
      local done = list:add(11, long)
      base.fail_after()
      if done then
        break
      end
      assert.are.equal("11=path", numbers())
      assert.are.equal(before, base.blocks())
      count = count + 1
    end
    assert.are.equal("11=path 11=" .. long, numbers())
    assert.is_true(count > 1)
  end)
end)
