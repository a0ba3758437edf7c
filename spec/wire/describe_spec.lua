-- A message in one line for people.
local wire = require("lunacoap.probe").wire

local CON, NON, ACK, RST = 0, 1, 2, 3

local function line(fields)
  fields.type, fields.id, fields.token = fields.type or CON, fields.id or 7, fields.token or ""
  return wire.describe(wire.encode(fields))
end

-- What a response says of one option.
local function told(number, value)
  return line { type = ACK, code = 0x45, options = { { number, value } } }:match("^ACK 2.05 Content, id 7, (.*)$")
end

local function told_payload(payload)
  return line { type = NON, code = 0x45, payload = payload }:match("^NON 2.05 Content, id 7, (.*)$")
end

describe("a message as text", function()
  it("begins with its type, its code, its id and its token", function()
    assert.are.equal("CON GET /, id 4660, token 1a2b", line { code = 1, id = 4660, token = "\x1a\x2b" })
    assert.are.equal("ACK empty, id 7", line { type = ACK, code = 0 })
    assert.are.equal("RST empty, id 7", line { type = RST, code = 0 })
    assert.are.equal("NON 4.04 Not Found, id 7", line { type = NON, code = 0x84 })
    assert.are.equal("NON 2.30, id 7", line { type = NON, code = 0x5e })
    assert.are.equal("CON 0.31 /, id 7", line { code = 31 })
  end)

  it("shows what a request asks for", function()
    assert.are.equal("CON PUT /a/b%2Fc?x=1&y, id 7, If-Match 0a0b, If-None-Match, Accept application/cbor",
      line { code = 3, options = { { 1, "\n\v" }, { 5, "" }, { 11, "a" }, { 11, "b/c" }, { 15, "x=1" }, { 15, "y" }, { 17, 60 } } })
  end)

  it("names options and reads their values as their formats say", function()
    assert.are.equal('Uri-Host "host"', told(3, "host"))
    assert.are.equal("ETag 00ff", told(4, "\0\xff"))
    assert.are.equal("Observe 0", told(6, ""))
    assert.are.equal('Location-Path "a"', told(8, "a"))
    assert.are.equal("Content-Format text/plain; charset=utf-8", told(12, ""))
    assert.are.equal("Content-Format 65000", told(12, 65000))
    assert.are.equal("Max-Age 90", told(14, 90))
    assert.are.equal("Block2 2/1/64", told(23, 0x2a))
    assert.are.equal("Block1 15", told(27, "\x0f")) -- a reserved size
    assert.are.equal("Max-Age 0000000001", told(14, "\0\0\0\0\1"))
    assert.are.equal("Option 65000 beef", told(65000, "\xbe\xef"))
    assert.are.equal("Option 65000", told(65000, ""))
  end)

  it("shows the length of the payload, and its beginning", function()
    assert.are.equal('1 byte "x"', told_payload("x"))
    assert.are.equal('64 bytes "' .. ("x"):rep(64) .. '"', told_payload(("x"):rep(64)))
    assert.are.equal('65 bytes "' .. ("x"):rep(64) .. '..."', told_payload(("x"):rep(65)))
    assert.are.equal('7 bytes "größe"', told_payload("größe"))
    assert.are.equal("3 bytes 00ff41", told_payload("\0\xffA"))
    assert.are.equal("33 bytes " .. ("80"):rep(32) .. "...", told_payload(("\x80"):rep(33)))
  end)

  it("does not cut a character", function()
    assert.are.equal('65 bytes "' .. ("x"):rep(63) .. 'ü"', told_payload(("x"):rep(63) .. "ü"))
  end)

  it("takes bytes that are no characters for none (RFC 3629 3)", function()
    for _, bytes in ipairs { "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
      "\xf8\x88\x80\x80\x80", "\xc3", "a\xe2\x82" } do
      assert.is_falsy(told_payload(bytes):find('"', 1, true), bytes)
    end
    for _, text in ipairs { "\u{80}a", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}", "\u{10ffff}" } do
      assert.is_truthy(told_payload(text):find('"', 1, true), text)
    end
  end)

  it("lets nothing act on a terminal", function()
    assert.are.equal('14 bytes "a\\nb\\x1b[31m\\xc2\\x9bc\\x7f\\x0d\\x09"', told_payload("a\nb\27[31m\u{9b}c\x7f\r\t"))
    assert.are.equal('Location-Path "\\x1b]0;x\\x07"', told(8, "\27]0;x\a"))
    assert.are.equal("CON GET /\\x1b?\\x1b, id 7", line { code = 1, options = { { 11, "\27" }, { 15, "\27" } } })
  end)

  it("cuts long values", function()
    assert.are.equal('Location-Path "' .. ("x"):rep(64) .. '..."', told(8, ("x"):rep(65)))
    assert.are.equal("Option 65000 " .. ("ab"):rep(32) .. "...", told(65000, ("\xab"):rep(33)))
    assert.are.equal("CON GET /" .. ("x"):rep(119) .. "..., id 7", line { code = 1, options = { { 11, ("x"):rep(200) } } })
  end)
end)
