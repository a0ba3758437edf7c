local probe = require "lunacoap.probe"
local wire, base = probe.wire, probe.base

local hex = require "spec.support.hex"

---The list that the specs compare with: sorted by number, equal numbers in the order of adding.
local function insert(list, number, value)
  local at = #list + 1
  while at > 1 and list[at - 1][1] > number do at = at - 1 end
  table.insert(list, at, { number, value })
end

describe("a list of options", function()
  it("is encoded as the RFC says (RFC 7252 3.1)", function()
    local encoded = ""
    for _, option in ipairs { { 11, "temp" }, { 15, "c" }, { 17, 60 }, { 28, 0 } } do
      encoded = wire.add_option(encoded, option[1], option[2])
    end
    assert.are.equal(hex "b4 74656d70  41 63  21 3c  b0", encoded)
  end)

  it("extends deltas and lengths at 13 and 269 (RFC 7252 3.1)", function()
    for _, case in ipairs { { 12, "c0" }, { 13, "d0 00" }, { 268, "d0 ff" }, { 269, "e0 0000" },
      { 65535, "e0 fef2" } } do
      assert.are.equal(hex(case[2]), wire.add_option("", case[1], ""))
    end
    for _, case in ipairs { { 12, "1c" }, { 13, "1d 00" }, { 268, "1d ff" }, { 269, "1e 0000" },
      { 65804, "1e ffff" } } do
      local value = ("v"):rep(case[1])
      assert.are.equal(hex(case[2]) .. value, wire.add_option("", 1, value))
    end
    assert.is_nil(wire.add_option("", 1, ("v"):rep(65805)))
  end)

  it("is sorted by number and keeps the order of equals, however it was built", function()
    math.randomseed(3)
    local numbers = { 0, 1, 1, 5, 11, 11, 11, 12, 24, 25, 60, 258, 292, 293, 561, 562, 2049, 65535 }
    for _ = 1, 150 do
      local encoded, expected = "", {}
      for i = 1, 12 do
        local number, value = numbers[math.random(#numbers)], i .. ("x"):rep(math.random(0, 14))
        encoded = wire.add_option(encoded, number, value)
        insert(expected, number, value)
      end
      assert.are.same(expected, wire.options(encoded))
      for _ = 1, 4 do
        local number = numbers[math.random(#numbers)]
        encoded = wire.remove_options(encoded, number)
        for i = #expected, 1, -1 do
          if expected[i][1] == number then table.remove(expected, i) end
        end
        assert.are.same(expected, wire.options(encoded))
      end
    end
  end)

  it("loses all options of a number at once, and no others", function()
    local encoded = hex "10  b1 61  01 62  d1 e3 02"
    assert.are.same({ { 1, "" }, { 12, "a" }, { 12, "b" }, { 252, "\2" } }, wire.options(encoded))
    assert.are.equal(hex "10  d1 ee 02", wire.remove_options(encoded, 12))
    assert.are.equal(hex "10  b1 61  01 62", wire.remove_options(encoded, 252))
    assert.are.equal(encoded, wire.remove_options(encoded, 2))
    assert.are.equal(encoded, wire.remove_options(encoded, 300))
    assert.are.equal("", wire.remove_options("", 12))
    assert.are.equal("", wire.remove_options(hex "11 61 01 62", 1))
  end)

  it("is valid or not, as in a message; a marker is no option (RFC 7252 3.1)", function()
    assert.is_truthy(wire.options "")
    assert.is_truthy(wire.options(hex "b4 74656d70"))
    for _, bad in ipairs { "ff", "b4 74656d70 ff", "b4 7465", "f0", "0f", "d0", "e0 ff",
      "e0 ffff" } do
      assert.is_nil(wire.options(hex(bad)), bad)
    end
  end)

  it("stays as it was when memory runs out", function()
    local before = base.blocks()
    for count = 0, 2 do
      base.fail_after(count)
      local result = wire.add_option(("\0"):rep(64), 1, ("v"):rep(100))
      base.fail_after()
      assert.are.equal(count >= 2, result ~= nil)
      assert.are.equal(before, base.blocks())
    end
  end)
end)

describe("a uint", function()
  it("has the shortest form, 0 being no bytes (RFC 7252 3.2)", function()
    for value, bytes in pairs { [0] = "", [1] = "01", [255] = "ff", [256] = "0100",
      [0x10000] = "010000",
      [0xffffff] = "ffffff", [0x1000000] = "01000000", [0xffffffff] = "ffffffff" } do
      assert.are.equal(hex(bytes), wire.write_uint(value))
      assert.are.equal(value, wire.read_uint(hex(bytes)))
    end
  end)

  it("may have leading zeroes, but at most 4 bytes (RFC 7252 3.2)", function()
    assert.are.equal(1, wire.read_uint "\0\0\0\1")
    assert.are.equal(0, wire.read_uint "\0\0")
    assert.is_nil(wire.read_uint "\0\0\0\0\1")
  end)
end)
