-- endpoint:expect{...}: what differs is told field by field.
local lunacoap = require "lunacoap"

local HERE = "spec/scripts/expect_spec.lua:"

-- Lets one endpoint expect what another one has sent; returns what expect returns or its error.
local function meet(sent, expected, within)
  local results
  lunacoap.virtual(function()
    local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    local b <close> = lunacoap.endpoint { RemoteHost = a.LocalHost, RemotePort = a.LocalPort }
    if sent then
      b:send(sent)
    end
    results = table.pack(pcall(function()
      local message, bytes = a:expect(expected, within)
      return message, bytes
    end))
  end)
  return table.unpack(results, 1, results.n)
end

local function complaint(...)
  local ok, err = meet(...)
  assert.is_false(ok)
  local text = tostring(err)
  assert.are.equal(HERE, text:sub(1, #HERE))
  return text:gsub("^[^:]*:%d+: ", ""):gsub("port %d+", "port 49153")
end

local CONTENT = { type = "ACK", code = "2.05", id = 7, token = "\xca\xfe", payload = "22.3",
  options = { { "ETag", "\1\2" }, { "Content-Format", 0 }, { "Location-Path", "a" }, { "Location-Path", "b" } } }

describe("expect", function()
  it("returns the message and its bytes when the fields that are given agree", function()
    for _, expected in ipairs { {}, { type = "ACK" }, { type = 2, code = 0x45, id = 7 }, { code = "Content" },
      { token = "\xca\xfe", payload = "22.3" }, { options = {} },
      { options = { { "Location-Path", "a" }, { Number = 8, Value = "b" }, { 12, 0 }, { "Max-Age", false } } } } do
      local ok, message, bytes = meet(CONTENT, expected)
      assert.is_true(ok, message)
      assert.are.equal(7, message.id)
      assert.are.equal(lunacoap.message.encode(CONTENT), bytes)
    end
    assert.is_true(meet({ type = "RST", id = 9 }, { type = "RST", code = "0.00", id = 9, token = "", payload = "" }))
  end)

  it("tells field by field what differs, and shows the message", function()
    assert.are.equal([[
another message came than was expected, from 127.0.0.1 port 49153:
  ACK 2.05 Content, id 7, token cafe, ETag 0102, Location-Path "a", Location-Path "b", Content-Format text/plain; ]]
    .. [[charset=utf-8, 4 bytes "22.3"
  type: expected CON, got ACK
  code: expected 4.04 Not Found, got 2.05 Content
  id: expected 8, got 7
  token: expected none, got cafe
  payload: expected 2 bytes 00ff, got "22.3"
  ETag: expected none, got 2 bytes 0102
  Location-Path: expected "b", "a", got "a", "b"
  Max-Age: expected 5, got none]], (complaint(CONTENT, {
      type = "CON", code = "4.04", id = 8, token = "", payload = "\0\xff",
      options = { { "Max-Age", 5 }, { "Location-Path", "b" }, { "Location-Path", "a" }, { "ETag", false } } })))
  end)

  it("says from whom it came when that is another one than before", function()
    lunacoap.virtual(function()
      local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
      local b <close> = lunacoap.endpoint { RemoteHost = a.LocalHost, RemotePort = a.LocalPort }
      b:send { type = "RST", id = 1 }
      a:expect { id = 1 }
      b:send { type = "RST", id = 2 }
      local _, err = pcall(a.expect, a, { id = 3 })
      assert.are.equal("another message came than was expected:\n  RST empty, id 2\n  id: expected 3, got 2", err)
    end)
  end)

  it("writes integers and blocks as they are meant", function()
    local sent = { type = "NON", code = "GET", id = 1, options = { { "Observe", 0 }, { "Block2", { num = 3, size = 64 } } } }
    assert.matches([[
  Observe: expected 256, got 0
  Block2: expected 3/1/32, got 3/0/64
  option 65001: expected 1 byte 00, got none]], (complaint(sent, { options = {
      { 65001, "\0" }, { "Block2", { num = 3, more = true, size = 32 } }, { "Observe", 256 } } })), 1, true)
  end)

  it("tells of a message that is malformed, with its bytes", function()
    assert.are.equal([[
another message came than was expected, from 127.0.0.1 port 49153:
  malformed CoAP message at byte 1: the version is not 1 (RFC 7252 section 3); 4 bytes 80010001]],
      (complaint("\x80\1\0\1", {})))
  end)

  it("tells that nothing came, and what was to come", function()
    assert.are.equal("nothing came within 5 s; expected: type ACK, code 2.05 Content, id 7, Content-Format 50",
      (complaint(nil, { type = "ACK", code = "2.05", id = 7, options = { { "Content-Format", 50 } } })))
    assert.are.equal("nothing came within 0.5 s; expected: any message", (complaint(nil, {}, 0.5)))
  end)

  it("tells that what was sent could not be delivered", function()
    lunacoap.virtual(function()
      local a <close> = lunacoap.endpoint()
      a:send("x", "127.0.0.1", 9)
      local _, err = pcall(function() a:expect {} end)
      assert.matches("10061: Connection refused: a datagram could not be delivered: 127.0.0.1:9; expected: any message",
        err, 1, true)
    end)
  end)

  it("compares the options behind one that is to be absent", function()
    local text = complaint(CONTENT, { options = { { "Max-Age", false }, { "Location-Path", "c" } } })
    assert.matches('Location-Path: expected "c", got "a", "b"', text, 1, true)
  end)

  it("raises for a wrong time, and when it is closed, in the line of its caller", function()
    assert.matches("expect takes seconds from 0 to 1e9 or nil, not -1", complaint(CONTENT, {}, -1), 1, true)
    lunacoap.virtual(function()
      local a = lunacoap.endpoint()
      lunacoap.timer(0.1, nil, function() a:close() end)
      for _, why in ipairs { "the endpoint was closed", "expect: the endpoint is closed" } do
        local _, err = pcall(function() a:expect {} end)
        assert.matches("^" .. HERE:gsub("%p", "%%%0") .. "%d+: ", err)
        assert.matches(why, err, 1, true)
      end
    end)
  end)

  it("raises for what no message has, in the line of its caller", function()
    for why, expected in pairs {
      ["expect takes a table such as { type = \"ACK\", id = 1 }, not 5"] = 5,
      ["a message has no field 'tokn'; expect compares type, code, id, token, options, payload"] = { tokn = "" },
      ["a message's 'type' takes"] = { type = "con" },
      ["a message's 'code' takes"] = { code = "GTE" },
      ["a message's 'id' takes an integer from 0 to 65535, not -1"] = { id = -1 },
      ["a token length of 9 to 15 is reserved"] = { token = "123456789" },
      ["CoAP has no option 'Uri-Pth'; did you mean 'Uri-Path'?"] = { options = { { "Uri-Pth", "x" } } },
      ["option 1 of a message is a table"] = { options = { "Uri-Path", "x" } },
      ["the expected options are a list"] = { options = "Uri-Path" },
    } do
      local text = complaint(CONTENT, expected)
      assert.is_truthy(text:find(why, 1, true), text)
    end
  end)
end)
