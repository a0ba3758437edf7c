-- lunacoap.format: names and numbers of content-formats, and payloads as Lua values.
local lunacoap = require "lunacoap"

local format = lunacoap.format

local function refused(expected, result, message)
  assert.is_nil(result)
  assert.matches(expected, message)
end

describe("format.number", function()
  it("takes a number, also as text", function()
    assert.are.equal(60, format.number(60))
    assert.are.equal(60, format.number("60"))
    assert.are.equal(65000, format.number(65000))
  end)

  it("takes a media type, whatever its case and blanks", function()
    assert.are.equal(50, format.number("application/json"))
    assert.are.equal(112, format.number("Application/SenML+CBOR"))
    for _, name in ipairs { "text/plain", "text/plain;charset=utf-8", "text/plain; charset=UTF-8" } do
      assert.are.equal(0, format.number(name))
    end
  end)

  it("takes short names", function()
    for name, number in pairs { text = 0, ["link-format"] = 40, xml = 41, octets = 42, exi = 47, json = 50,
      cbor = 60, ["senml+json"] = 110, ["senml+cbor"] = 112 } do
      assert.are.equal(number, format.number(name))
    end
  end)

  it("says what it takes", function()
    refused("no content%-format is called 'jsn': it takes 0 to 65535, a media type, or cbor, exi, json,",
      format.number("jsn"))
    for _, wrong in ipairs { -1, 65536, 1.5, "", {} } do
      refused("no content%-format is called", format.number(wrong))
    end
  end)
end)

describe("format.name", function()
  it("is the media type, or the number as text", function()
    assert.are.equal("application/json", format.name(50))
    assert.are.equal("65000", format.name(65000))
  end)
end)

describe("text", function()
  it("is written of strings, numbers and booleans", function()
    assert.are.equal("21.5", format.encode("text", 21.5))
    assert.are.equal("true", format.encode(0, true))
    assert.are.equal("grün", format.encode(20000, "grün"))
    refused("not of a table", format.encode("text", {}))
    refused("not of nil", format.encode("text", nil))
  end)

  it("is read as it is, and is UTF-8", function()
    assert.are.equal("grün", format.decode(0, "grün"))
    refused("malformed text at byte 3: it is not UTF%-8", format.decode(0, "gr\xfcn"))
    refused("byte 3", format.pretty(0, "gr\xfcn"))
  end)
end)

describe("link-format", function()
  local LINKS = '</a>;ct=40;rt="x",</b>;obs'

  it("goes both ways", function()
    assert.are.same({ { target = "/a", ct = "40", rt = "x" }, { target = "/b", obs = true } },
      format.decode("link-format", LINKS))
    assert.are.equal(LINKS, format.encode(40, { { target = "/a", ct = 40, rt = "x" }, { target = "/b", obs = true } }))
    assert.are.equal(LINKS, format.encode(40, LINKS))
  end)

  it("is shown one link a line", function()
    assert.are.equal('</a>;ct=40;rt="x",\n</b>;obs', format.pretty(40, LINKS))
  end)

  it("says what is wrong", function()
    refused("malformed link%-format at byte 1", format.decode(40, "oops"))
    refused("malformed link%-format at byte 1", format.pretty(40, "oops"))
    refused("^link 1: a link is a table with its target", format.encode(40, { {} }))
  end)
end)

describe("JSON", function()
  it("goes both ways, in every format that is made of it", function()
    for _, number in ipairs { 50, 51, 52, 256, 432, 11543 } do
      assert.are.equal('{"a":1}', format.encode(number, { a = 1 }))
      assert.are.same({ a = 1 }, format.decode(number, '{"a":1}'))
    end
    assert.are.equal('"text"', format.encode("json", "text"))
    assert.is_false(format.decode("json", "false"))
  end)

  it("is shown indented", function()
    assert.are.equal('{\n  "b": [\n    1,\n    2.5\n  ],\n  "a": null\n}', format.pretty("json", '{"b":[1,2.50],"a":null}'))
  end)

  it("says what is wrong", function()
    refused("^malformed JSON at byte 1: string or '}' expected", format.decode("json", "{"))
    refused("^malformed JSON at byte 1: string or '}' expected", format.pretty("json", "{"))
    refused("^json.encode: value%.x: JSON has nothing for a function$", format.encode("json", { x = print }))
    refused("^json.encode takes a value, not nil", format.encode("json", nil))
  end)
end)

describe("SenML", function()
  local RECORDS = { { bn = "urn:dev:1:", n = "temp", u = "Cel", v = 21.5 }, { n = "data", vd = "\1" } }

  it("goes both ways, in all its formats", function()
    for _, number in ipairs { 110, 111, 112, 113 } do
      assert.are.equal(lunacoap.senml.pack(RECORDS, number), format.encode(number, RECORDS))
      assert.are.same(RECORDS, format.decode(number, format.encode(number, RECORDS)))
    end
  end)

  it("is shown with the names of its fields", function()
    local text = '[{"bn": "urn:dev:1:", "n": "temp", "u": "Cel", "v": 21.5}, {"n": "data", "vd": "AQ"}]'
    for _, number in ipairs { 110, 111, 112, 113 } do
      assert.are.equal(text, (format.pretty(number, format.encode(number, RECORDS)):gsub("\n *", "")
        :gsub(",", ", ")))
    end
    assert.are.equal('[\n  {\n    "v": "x"\n  }\n]', format.pretty(110, '[{"v":"x"}]'))
    assert.are.equal('[{2: "x"}]', format.pretty(112, "\x81\xa1\2\x61x"))
    assert.are.equal("[{2: 1, \"x\": h'ff'}]", format.pretty(112, "\x81\xa2\2\1\x61x\x41\xff"))
    assert.are.equal("[{2: 1, 99: 5}]", format.pretty(112, "\x81\xa2\2\1\x18\x63\5"))
  end)

  it("says what is wrong", function()
    refused("^record 1: 'v' holds a number, not a string$", format.decode("senml+json", '[{"n":"a","v":"x"}]'))
    refused("^record 1: 'v' holds a number, not a string$", format.encode("senml+cbor", { { n = "a", v = "x" } }))
    refused("^malformed CBOR at byte 1: ", format.pretty("senml+cbor", ""))
    refused("^senml.pack takes a list of records, not a string$", format.encode("senml+cbor", "x"))
  end)
end)

describe("CBOR", function()
  it("goes both ways, in every format that is made of it", function()
    for _, number in ipairs { 60, 19, 16, 61, 62, 101, 141, 140, 257, 293, 340, 836, 10003 } do
      local is_cbor = number ~= 141
      assert.are.equal(is_cbor, format.encode(number, { a = 1 }) == "\xa1\x61a\1", number)
      assert.are.same(is_cbor and { a = 1 } or "\xa1\x61a\1", format.decode(number, "\xa1\x61a\1"))
    end
    assert.is_false(format.decode("cbor", "\xf4"))
  end)

  it("is shown in diagnostic notation", function()
    assert.are.equal('{"a": [1, 2]}', format.pretty("cbor", lunacoap.cbor.encode { a = { 1, 2 } }))
  end)

  it("says what is wrong", function()
    refused("^malformed CBOR at byte 1: the input ends", format.decode("cbor", ""))
    refused("^malformed CBOR at byte 1: the input ends", format.pretty("cbor", ""))
    refused("^cbor.encode: value%.x: CBOR has nothing for a function$", format.encode("cbor", { x = print }))
    refused("takes a value, not nil", format.encode("cbor", nil))
  end)
end)

describe("any other format", function()
  it("holds bytes", function()
    for _, number in ipairs { 42, 22, 41, 47, 65000, 11050, 12000 } do
      assert.are.equal("\0\xff", format.encode(number, "\0\xff"))
      assert.are.equal("\0\xff", format.decode(number, "\0\xff"))
    end
    refused("bytes are given as a string, not as a table", format.encode("octets", {}))
  end)

  it("has no more to it than its bytes, but for octets, which are meant as such", function()
    for number, readable in pairs { [0] = true, [40] = true, [42] = true, [60] = true, [41] = false, [65000] = false, [11050] = false } do
      assert.are.equal(readable, format.readable(number))
    end
  end)

  it("is shown as a hex dump, unless it is text", function()
    assert.are.equal("<a>\n</a>", format.pretty("xml", "<a>\n</a>"))
    assert.are.equal("0000  00 ff 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e  ..ABCDEFGHIJKLMN\n"
      .. "0010  4f" .. (" "):rep(46) .. " O", format.pretty(42, "\0\xffABCDEFGHIJKLMNO"))
    assert.are.equal("", format.pretty(42, ""))
  end)
end)

it("a format that there is not is named by every function", function()
  refused("no content%-format is called 'jsn'", format.encode("jsn", 1))
  refused("no content%-format is called 'jsn'", format.decode("jsn", ""))
  refused("no content%-format is called 'jsn'", format.pretty("jsn", ""))
end)
