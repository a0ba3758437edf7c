-- lunacoap.message: messages as tables, illegal ones on purpose too.
local lunacoap = require "lunacoap"
local hex = require "spec.support.hex"
local raw = require "spec.support.raw"
local scarcity = require "spec.support.scarcity"
local wire = require("lunacoap.probe").wire

local message = lunacoap.message

local function assert_encodes(expected, fields)
  assert.are.equal(hex(expected), message.encode(fields))
end

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.are.equal(1, err.Code)
  return err.Message
end

-- GET, CON, id 0x7d34, token 20 42, Uri-Path "temp", Uri-Query "c", Accept 60, Size2 0.
local GET = "42 01 7d34 2042  b4 74656d70  41 63  21 3c  b0"

describe("message.encode", function()
  it("writes a request (RFC 7252 3)", function()
    assert_encodes(GET, { type = "CON", code = "GET", id = 0x7d34, token = "\x20\x42", options = {
      { "Uri-Path", "temp" }, { "Uri-Query", "c" }, { "Accept", 60 }, { "Size2", 0 } } })
  end)

  it("writes a response with its payload (RFC 7252 3)", function()
    assert_encodes("62 45 7d34 2042  c0  21 5a  ff 32322e332043", { type = "ACK", code = "2.05", id = 0x7d34,
      token = "\x20\x42", options = { { "Content-Format", 0 }, { "Max-Age", 90 } }, payload = "22.3 C" })
  end)

  it("takes codes by name, digits and number, and types by name and number", function()
    for code, text in pairs { [1] = "GET", [7] = "iPATCH", [0x45] = "Content", [0x9d] = "4.29", [0xff] = "7.31" } do
      assert_encodes(("50 %02x 0001"):format(code), { type = "NON", code = text, id = 1 })
      assert_encodes(("50 %02x 0001"):format(code), { type = 1, code = code, id = 1 })
    end
  end)

  it("writes Empty messages without a code (RFC 7252 4.1)", function()
    assert_encodes("40 00 0001", { id = 1 })
    assert_encodes("60 00 ffff", { type = "ACK", id = 65535 })
    assert_encodes("70 00 0000", { type = "RST", id = 0 })
  end)

  it("sorts options, and leaves equal ones in their order (RFC 7252 3.1)", function()
    assert_encodes("40 01 0001 b1 61 01 62 61 32", { code = "GET", id = 1, options = {
      { "Accept", 0x32 }, { 11, "a" }, { Number = 11, Value = "b" } } })
  end)

  it("writes integers in their shortest form (RFC 7252 3.2)", function()
    for value, bytes in pairs { [0] = "20", [1] = "21 01", [255] = "21 ff", [256] = "22 0100",
      [0xffffffff] = "24 ffffffff", [0x100000000] = "25 0100000000", [math.maxinteger] = "28 7fffffffffffffff" } do
      assert_encodes("40 01 0001" .. bytes, { code = "GET", id = 1, options = { { 2, value } } })
    end
  end)

  it("writes an option without a value as an empty one", function()
    assert_encodes("40 01 0001 50", { code = "GET", id = 1, options = { { "If-None-Match" } } })
  end)

  it("writes blocks (RFC 7959 2.2)", function()
    for expected, block in pairs {
      ["d1 0a 0e"] = { num = 0, more = true, size = 1024 }, ["d1 0a 20"] = { num = 2, size = 16 },
      ["d3 0a fffffa"] = { num = 0xfffff, more = true, size = 64 }, ["d0 0a"] = { num = 0, more = false, size = 16 },
    } do
      assert_encodes("40 01 0001" .. expected, { code = "GET", id = 1, options = { { "Block2", block } } })
    end
  end)

  describe("writes on purpose", function()
    local function assert_illegal(expected, why, fields)
      fields.code, fields.id = fields.code or "GET", 1
      assert_encodes(expected, fields)
      local decoded, text = message.decode(hex(expected))
      assert.is_nil(decoded)
      assert.is_truthy(text:find(why, 1, true), text)
    end

    it("another version", function()
      assert_illegal("80 01 0001", "byte 1: the version", { version = 2 })
      assert_illegal("00 01 0001", "byte 1: the version", { version = 0 })
    end)

    it("reserved token lengths, and lengths that lie", function()
      assert_illegal("49 01 0001 616263646566676869", "byte 1: a token length", { token = "abcdefghi" })
      assert_illegal("4f 01 0001", "byte 1: a token length", { token_length = 15 })
      assert_illegal("44 01 0001 61", "byte 6: the message ends within its token", { token = "a", token_length = 4 })
    end)

    it("a token that is longer than its header says", function()
      assert_encodes("40 01 0001 11 61", { code = "GET", id = 1, token = "\x11a", token_length = 0 })
    end)

    it("reserved deltas and lengths, and options cut short", function()
      assert_illegal("40 01 0001 f0", "byte 5: an option's delta of 15", { option_bytes = "\xf0" })
      assert_illegal("40 01 0001 b1 61 0f", "byte 7: an option's length of 15",
        { options = { { "Uri-Path", "a" } }, option_bytes = "\x0f" })
      assert_illegal("40 01 0001 14 61", "byte 7: the message ends within the value", { option_bytes = "\x14a" })
      assert_illegal("40 01 0001 e0 ff", "byte 7: the message ends within the head", { option_bytes = "\xe0\xff" })
      assert_illegal("40 01 0001 e0 ffff", "byte 5: the option's number is above",
        { option_bytes = "\xe0\xff\xff" })
    end)

    it("a marker without a payload, and a payload without its marker", function()
      assert_illegal("40 01 0001 ff", "byte 5: a payload marker", { marker = true })
      assert_illegal("40 01 0001 61", "byte 6: the message ends within the value", { marker = false, payload = "a" })
    end)

    it("an Empty message that is not empty", function()
      assert_illegal("41 00 0001 61", "byte 5: an Empty message", { code = "0.00", token = "a" })
      assert_illegal("40 00 0001 ff 61", "byte 5: an Empty message", { code = 0, payload = "a" })
      assert_illegal("40 00 0001 00", "byte 5: an Empty message", { code = "0.00", tail = "\0" })
      assert_illegal("41 00 0001", "byte 1: an Empty message", { code = "0.00", token_length = 1 })
    end)

    it("codes of reserved classes, and bytes behind the end", function()
      assert_illegal("40 20 0001", "byte 2: the code", { code = "1.00" })
      assert_illegal("40 01 0001 ff", "byte 5: a payload marker", { tail = "\xff" })
    end)

    it("options that nobody may send: too long, too many, unknown", function()
      local bytes = message.encode { code = "GET", id = 1,
        options = { { "Uri-Path", ("x"):rep(297) }, { "If-Match", "123456789" }, { 65001, "" } } }
      assert.are.equal(4 + (1 + 9) + (3 + 297) + 3, #bytes)
      assert.are.equal(65001, message.decode(bytes).options[3].Number)
    end)
  end)

  it("raises for what describes no message, and says what would", function()
    for why, fields in pairs {
      ["a message has an 'id', from 0 to 65535"] = {},
      ["'id' takes an integer from 0 to 65535, not 65536"] = { id = 65536 },
      ["'id' takes an integer from 0 to 65535, not '1'"] = { id = "1" },
      ["no field 'tokn'; did you mean 'token'?"] = { id = 1, tokn = "x" },
      ["no field 1"] = { "x" },
      ["a message with 'payload' has a 'code'"] = { id = 1, payload = "x" },
      ["'code' takes a name such as \"GET\""] = { id = 1, code = "GTE" },
      ["not 256"] = { id = 1, code = 256 },
      ["'type' takes \"CON\", \"NON\", \"ACK\", \"RST\" or their number"] = { id = 1, type = "con" },
      ["'version' takes an integer from 0 to 3, not 4"] = { id = 1, version = 4 },
      ["'token' takes a string of bytes, not 5"] = { id = 1, code = 1, token = 5 },
      ["a 'token' of 16 bytes needs a 'token_length'"] = { id = 1, code = 1, token = ("x"):rep(16) },
      ["'token_length' takes an integer from 0 to 15"] = { id = 1, code = 1, token_length = 16 },
      ["'options' takes a list of options"] = { id = 1, code = 1, options = "Uri-Path" },
      ["option 1 of a message is a table"] = { id = 1, code = 1, options = { "Uri-Path", "x" } },
      ["option 2 of a message begins with its name"] = { id = 1, code = 1, options = { { 1 }, { 65536 } } },
      ["no option 'Uri-Pth'; did you mean 'Uri-Path'?"] = { id = 1, code = 1, options = { { "Uri-Pth" } } },
      ["takes a string, not 5"] = { id = 1, code = 1, options = { { "Uri-Path", 5 } } },
      ["takes a string of bytes or an integer that is not negative"] = { id = 1, code = 1, options = { { 60, -1 } } },
      ["not true"] = { id = 1, code = 1, options = { { 60, true } } },
      ["not a table"] = { id = 1, code = 1, options = { { 60, {} } } },
      ["a block has a num"] = { id = 1, code = 1, options = { { "Block1", { num = 1, size = 100 } } } },
      ["a block has no field 'nm'; did you mean 'num'?"] = { id = 1, code = 1, options = { { 27, { nm = 1 } } } },
      ["has more than 65804 bytes"] = { id = 1, code = 1, options = { { 60, ("x"):rep(65805) } } },
      ["'marker' takes true or false"] = { id = 1, code = 1, marker = 1 },
    } do
      local text = raised(message.encode, fields)
      assert.is_truthy(text:find(why, 1, true), text)
    end
    assert.matches("takes a table such as", raised(message.encode))
    assert.matches("takes a table such as", raised(message.encode, "x"))
  end)

  it("raises, and leaks nothing, when there is no memory", function()
    local function work()
      return message.encode { code = "GET", id = 1, token = "abc", payload = "x",
        options = { { "Uri-Path", "a" }, { "Block2", { num = 1, size = 64 } } } }
    end
    work()
    assert.is_true(scarcity.of_lua(work) >= 5)
    assert.is_true(scarcity.of_runtime(work) >= 2)
  end)
end)

describe("message.decode", function()
  it("takes a message apart", function()
    assert.are.same({ version = 1, type = "CON", code = "0.01", id = 0x7d34, token = "\x20\x42", payload = "", options = {
      { Number = 11, Name = "Uri-Path", Value = "temp" }, { Number = 15, Name = "Uri-Query", Value = "c" },
      { Number = 17, Name = "Accept", Value = "\60" }, { Number = 28, Name = "Size2", Value = "" },
    } }, message.decode(hex(GET)))
    local response = message.decode(hex "50 45 0001 e0 fcdc ff 78")
    assert.are.same({ { Number = 65001, Value = "" } }, response.options)
    assert.are.equal("x", response.payload)
  end)

  it("says where a message is cut short", function()
    assert.are.same({ nil, "malformed CoAP message at byte 4: a message has a header of 4 bytes (RFC 7252 section 3)" },
      { message.decode(hex "40 01 00") })
    assert.is_nil((message.decode("")))
  end)

  it("raises for what is no string", function()
    assert.matches("message.decode takes the bytes of a message, not 5", raised(message.decode, 5))
    assert.matches("lunacoap.message has no field 'decod'", raised(function() return message.decod end))
    assert.matches("has no field 'decod'", raised(getmetatable(message).__index, "x", "decod"))
  end)

  it("and encode give the bytes back, whatever legal message they are of; a flaw is told where there is one", function()
    local dice, legal = raw.dice(7), 0
    local whole = hex(GET .. "ff 00")
    for _ = 1, 20000 do
      local bytes = raw.mutate(whole, dice)
      local decoded, flaw = message.decode(bytes)
      assert.are.equal(wire.parse(bytes) ~= nil, decoded ~= nil)
      if decoded then
        legal = legal + 1
        assert.are.equal(bytes, message.encode(decoded))
      else
        local at = tonumber(flaw:match("^malformed CoAP message at byte (%d+): .* %(RFC 7252 section [%d.]+%)$"))
        assert.is_true(at >= 1 and at <= #bytes + 1, flaw)
      end
    end
    assert.is_true(legal > 2000 and legal < 18000, legal)
  end)
end)

describe("message.describe", function()
  it("tells of a message in one line", function()
    assert.are.equal('CON GET /temp?c, id 32052, token 2042, Accept application/cbor, Size2 0',
      message.describe(hex(GET)))
  end)

  it("tells what is wrong with one, and shows its bytes", function()
    assert.are.equal("malformed CoAP message at byte 1: the version is not 1 (RFC 7252 section 3); 4 bytes 80010001",
      message.describe(hex "80 01 0001"))
    assert.matches("40 bytes " .. ("00"):rep(32) .. "%.%.%.$", message.describe(("\0"):rep(40)))
    assert.matches("; 0 bytes$", message.describe(""))
  end)
end)
