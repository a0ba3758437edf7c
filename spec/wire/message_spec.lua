local probe = require "lunacoap.probe"
local wire = probe.wire

local hex = require "spec.support.hex"

local CON, NON, ACK, RST = 0, 1, 2, 3

-- GET, CON, id 0x7d34, token 20 42, Uri-Path "temp", Uri-Query "c", Accept 60, Size2 0, no payload:
-- deltas 11, 4, 2, 11.
local GET = hex "42 01 7d34 2042  b4 74656d70  41 63  21 3c  b0"

-- 2.05, ACK, id 0x7d34, token 20 42, Content-Format 0, Max-Age 90, payload "22.3 C".
local CONTENT = hex "62 45 7d34 2042  c0  21 5a  ff 32322e332043"

---A message that was read as bytes again.
local function rewrite(message)
  return wire.encode { type = message.type, code = message.code, id = message.id,
    token = message.token,
    options = message.options, payload = message.payload }
end

describe("reading a message", function()
  it("takes a request apart (RFC 7252 3)", function()
    local message = wire.parse(GET)
    assert.are.equal(CON, message.type)
    assert.are.equal(1, message.code)
    assert.are.equal(0x7d34, message.id)
    assert.are.equal("\x20\x42", message.token)
    assert.are.same({ { 11, "temp" }, { 15, "c" }, { 17, "\60" }, { 28, "" } }, message.options)
    assert.are.equal("", message.payload)
    assert.is_true(message.request)
    assert.is_false(message.response)
  end)

  it("takes a response with payload apart (RFC 7252 3)", function()
    local message = wire.parse(CONTENT)
    assert.are.equal(ACK, message.type)
    assert.are.equal(0x45, message.code)
    assert.are.same({ { 12, "" }, { 14, "\90" } }, message.options)
    assert.are.equal("22.3 C", message.payload)
    assert.is_true(message.response)
    assert.is_false(message.request)
  end)

  it("knows all four types (RFC 7252 3)", function()
    for type = CON, RST do
      assert.are.equal(type, wire.parse(string.char(0x40 | type << 4, 0, 0, 1)).type)
    end
  end)

  it("reads numbers most significant byte first (RFC 7252 3)", function()
    assert.are.equal(0x0102, wire.parse(hex "40 01 0102").id)
  end)

  it("ignores what is shorter than a header", function()
    for len = 0, 3 do
      assert.are.same({ nil, "not-coap" }, { wire.parse(GET:sub(1, len)) })
    end
  end)

  it("ignores every version but 1 (RFC 7252 3: unknown version numbers)", function()
    for _, version in ipairs { 0, 2, 3 } do
      assert.are.same({ nil, "not-coap" }, { wire.parse(string.char(version << 6, 1, 0, 1)) })
    end
  end)

  it("accepts tokens of 0 to 8 bytes and no longer ones (RFC 7252 3: lengths 9-15)", function()
    for len = 0, 15 do
      local message, why = wire.parse(string.char(0x40 | len, 1, 0, 1) .. ("t"):rep(len))
      if len <= 8 then
        assert.are.equal(("t"):rep(len), message.token)
      else
        assert.are.equal("malformed", why)
      end
    end
  end)

  it("tells the header of what is malformed, so that it can be rejected (RFC 7252 4.2)", function()
    local _, why, header = wire.parse(hex "59 45 beef 00")
    assert.are.equal("malformed", why)
    assert.are.equal(NON, header.type)
    assert.are.equal(0x45, header.code)
    assert.are.equal(0xbeef, header.id)
    assert.are.equal("", header.token)
  end)

  it("takes an Empty message as the header alone (RFC 7252 4.1)", function()
    assert.are.equal(0, wire.parse(hex "40 00 0001").code)
    for _, behind in ipairs { "00", "ff", "ff00", "b474656d70" } do
      assert.are.equal("malformed", select(2, wire.parse(hex("40 00 0001" .. behind))))
    end
    assert.are.equal("malformed", select(2, wire.parse(hex "41 00 0001 aa")))
    assert.are.equal("malformed", select(2, wire.parse(hex "41 00 0001")))
  end)

  it("rejects the reserved classes 1, 6 and 7 and takes the others (RFC 7252 3, 4.2)", function()
    for code = 1, 255 do
      local class = code >> 5
      local message, why = wire.parse(string.char(0x40, code, 0, 1))
      if class == 1 or class > 5 then
        assert.are.equal("malformed", why)
      else
        assert.are.equal(code, message.code)
        assert.are.equal(class == 0, message.request)
        assert.are.equal(class >= 2, message.response)
      end
    end
  end)

  it("rejects a marker with nothing behind it (RFC 7252 3)", function()
    assert.are.equal("malformed", select(2, wire.parse(hex "40 01 0001 ff")))
    assert.are.equal("malformed", select(2, wire.parse(GET .. "\xff")))
    assert.are.equal("\xff", wire.parse(GET .. "\xff\xff").payload)
  end)

  it("reads extended deltas and lengths (RFC 7252 3.1)", function()
    -- delta 13+0, 13+255 = 268 (number 281), 269+0 (550), 269+0x0102 = 527 (1077)
    local options = hex "d0 00  d1 ff 61  e0 0000  e2 0102 6263"
    assert.are.same({ { 13, "" }, { 281, "a" }, { 550, "" }, { 1077, "bc" } },
      wire.parse(hex "40 01 0001" .. options).options)
    for _, case in ipairs { { "0d 00", 13 }, { "0d ff", 268 }, { "0e 0000", 269 },
      { "0e 0102", 527 } } do
      local value = ("v"):rep(case[2])
      assert.are.same({ { 0, value } }, wire.parse(hex("40 01 0001" .. case[1]) .. value).options)
    end
  end)

  it("rejects the reserved delta and length 15 (RFC 7252 3.1)", function()
    for low = 0, 14 do
      for _, byte in ipairs { 0xf0 | low, low << 4 | 15 } do
        local datagram = hex "40 01 0001" .. string.char(byte) .. ("\0"):rep(400)
        assert.are.equal("malformed", select(2, wire.parse(datagram)))
      end
    end
  end)

  it("rejects option numbers beyond 65535 (RFC 7252 3.1)", function()
    -- 269 + 65266 = 65535
    assert.are.same({ { 65535, "" } }, wire.parse(hex "40 01 0001  e0 fef2").options)
    assert.are.same({ { 65535, "" }, { 65535, "x" } },
      wire.parse(hex "40 01 0001  e0 fef2 01 78").options)
    assert.are.equal("malformed", select(2, wire.parse(hex "40 01 0001  e0 fef3")))
    assert.are.equal("malformed", select(2, wire.parse(hex "40 01 0001  e0 fef2 10")))
    assert.are.equal("malformed", select(2, wire.parse(hex "40 01 0001  e0 ffff e0 ffff")))
  end)

  it("rejects a length that reaches beyond the datagram", function()
    for _, options in ipairs { "01", "b5 74656d70", "0d", "0d ff", "0e", "0e 00", "0e ffff", "d0",
      "e0 00", "dd 00" } do
      assert.are.equal("malformed", select(2, wire.parse(hex("40 01 0001" .. options))))
    end
  end)

  it("survives every truncation: what is left is a shorter message or refused", function()
    for _, whole in ipairs { GET, CONTENT } do
      for len = 0, #whole - 1 do
        local message, why = wire.parse(whole:sub(1, len))
        if message then
          assert.are.equal(whole:sub(1, len), rewrite(message))
        else
          assert.are.equal(len < 4 and "not-coap" or "malformed", why)
        end
      end
    end
  end)

  it("finds an option by its number, whether its bit is one of the 64 or not", function()
    local message = wire.encode { options = { { 11, "a" }, { 11, "b" }, { 60, 5 }, { 258, 2 } } }
    assert.are.equal("a", wire.option(message, 11))
    assert.are.equal(5, wire.uint(message, 60))
    assert.are.equal(2, wire.uint(message, 258))
    for _, number in ipairs { 0, 1, 12, 61, 64, 75, 259, 65535 } do
      assert.is_nil(wire.option(message, number))
    end
    assert.are.equal(1 << 11 | 1 << 60 | 1, wire.parse(message).present)
    assert.are.equal("z", wire.option(hex "40 01 0001 01 7a", 0))
  end)

  it("takes a uint with leading zeroes and none longer than 4 bytes (RFC 7252 3.2)", function()
    assert.are.equal(60, wire.uint(wire.encode { options = { { 14, "\0\0\0\60" } } }, 14))
    assert.are.equal(0, wire.uint(wire.encode { options = { { 14, "" } } }, 14))
    assert.is_nil(wire.uint(wire.encode { options = { { 14, "\0\0\0\0\60" } } }, 14))
  end)
end)

describe("writing a message", function()
  it("makes the bytes that were computed by hand (RFC 7252 3)", function()
    assert.are.equal(GET, wire.encode { type = CON, code = 1, id = 0x7d34, token = "\x20\x42",
      options = { { 11, "temp" }, { 15, "c" }, { 17, 60 }, { 28, 0 } } })
    assert.are.equal(CONTENT, wire.encode { type = ACK, code = 0x45, id = 0x7d34,
      token = "\x20\x42",
      options = { { 12, 0 }, { 14, 90 } }, payload = "22.3 C" })
  end)

  it("leaves the marker out when there is no payload (RFC 7252 3)", function()
    assert.are.equal(hex "70 00 0102", wire.encode { type = RST, code = 0, id = 0x0102,
      payload = "" })
  end)

  it("fails when it does not fit, wherever that is", function()
    local whole = { token = "tok", options = { { 11, ("x"):rep(300) } }, payload = "pay" }
    local size = #wire.encode(whole)
    for room = 0, size - 1 do
      whole.room = room
      assert.is_nil(wire.encode(whole))
    end
    whole.room = size
    assert.are.equal(size, #wire.encode(whole))
  end)

  it("refuses options out of order, and tokens and values too long to be expressed", function()
    assert.is_nil(wire.encode { options = { { 12, 0 }, { 11, "a" } } })
    assert.is_nil(wire.encode { token = "123456789" })
    assert.is_nil(wire.encode { options = { { 1, ("x"):rep(65805) } } })
    local longest = ("x"):rep(65804)
    assert.are.same({ { 1, longest } },
      wire.parse(wire.encode { options = { { 1, longest } } }).options)
  end)

  it("puts the engine's options among the script's, each behind its equals", function()
    local encoded = wire.add_option(wire.add_option("", 12, 50), 60, 7)
    local message = wire.parse(wire.encode { encoded = encoded, extras = { { 6, 1 }, { 12, 9 },
      { 23, 14 }, { 258, 2 } } })
    assert.are.same({ { 6, "\1" }, { 12, "\50" }, { 12, "\9" }, { 23, "\14" }, { 60, "\7" },
      { 258, "\2" } },
      message.options)
    assert.are.same({ { 6, "" } }, wire.parse(wire.encode { extras = { { 6, 0 } } }).options)
  end)
end)

describe("hostile datagrams", function()
  before_each(function() math.randomseed(7252) end)

  ---Whether it is accepted. Deltas and lengths have one encoding each (RFC 7252 3.1), so that what
  ---was read comes out byte for byte.
  local function check(datagram)
    local message = wire.parse(datagram)
    if message then
      assert.are.equal(datagram, rewrite(message))
    end
    return message ~= nil
  end

  it("never do harm, and what is accepted is written as it was read", function()
    local accepted = 0
    for _ = 1, 4000 do
      local bytes = { (math.random(2) == 1 and GET or CONTENT):byte(1, -1) }
      for _ = 1, math.random(4) do
        local at = math.random(#bytes)
        local kind = math.random(4)
        if kind == 1 then bytes[at] = math.random(0, 255)
        elseif kind == 2 then bytes[at] = bytes[at] ~ 1 << math.random(0, 7)
        elseif kind == 3 then table.remove(bytes, at)
        else table.insert(bytes, at, math.random(0, 255)) end
      end
      if check(string.char(table.unpack(bytes))) then accepted = accepted + 1 end
    end
    assert.is_true(accepted > 400 and accepted < 3600)
  end)

  it("never do harm when they are noise behind a good header", function()
    for _ = 1, 2000 do
      local noise = {}
      for i = 1, math.random(0, 60) do noise[i] = string.char(math.random(0, 255)) end
      check(hex "40 01 0001" .. table.concat(noise))
    end
  end)
end)
