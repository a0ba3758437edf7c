-- cbor.diagnose: CBOR as text for people, and the vectors of RFC 8949 appendix A.
local lunacoap = require "lunacoap"
local bytes = require "spec.support.hex"

local cbor = lunacoap.cbor

-- What is encoded, and its notation. A third field: it has a shorter or an ordered form, so that
-- encode gives other bytes.
local APPENDIX_A = {
  { "00", "0" }, { "01", "1" }, { "0a", "10" }, { "17", "23" }, { "1818", "24" }, { "1819", "25" }, { "1864", "100" },
  { "1903e8", "1000" }, { "1a000f4240", "1000000" }, { "1b000000e8d4a51000", "1000000000000" },
  { "1bffffffffffffffff", "18446744073709551615" }, { "c249010000000000000000", "2(h'010000000000000000')" },
  { "3bffffffffffffffff", "-18446744073709551616" }, { "c349010000000000000000", "3(h'010000000000000000')" },
  { "20", "-1" }, { "29", "-10" }, { "3863", "-100" }, { "3903e7", "-1000" },
  { "f90000", "0.0" }, { "f98000", "-0.0" }, { "f93c00", "1.0" }, { "fb3ff199999999999a", "1.1" }, { "f93e00", "1.5" },
  { "f97bff", "65504.0" }, { "fa47c35000", "100000.0" }, { "fa7f7fffff", "3.4028234663852886e+38" },
  { "fb7e37e43c8800759c", "1.0e+300" }, { "f90001", "5.9604644775390625e-08" }, { "f90400", "6.103515625e-05" },
  { "f9c400", "-4.0" }, { "fbc010666666666666", "-4.1" }, { "f97c00", "Infinity" }, { "f97e00", "NaN" },
  { "f9fc00", "-Infinity" }, { "fa7f800000", "Infinity", true }, { "fa7fc00000", "NaN", true },
  { "faff800000", "-Infinity", true }, { "fb7ff0000000000000", "Infinity", true },
  { "fb7ff8000000000000", "NaN", true }, { "fbfff0000000000000", "-Infinity", true },
  { "f4", "false" }, { "f5", "true" }, { "f6", "null" }, { "f7", "undefined" }, { "f0", "simple(16)" },
  { "f8ff", "simple(255)" },
  { "c074323031332d30332d32315432303a30343a30305a", '0("2013-03-21T20:04:00Z")' },
  { "c11a514b67b0", "1(1363896240)" }, { "c1fb41d452d9ec200000", "1(1363896240.5)" }, { "d74401020304", "23(h'01020304')" },
  { "d818456449455446", "24(h'6449455446')" },
  { "d82076687474703a2f2f7777772e6578616d706c652e636f6d", '32("http://www.example.com")' },
  { "40", "h''" }, { "4401020304", "h'01020304'" }, { "60", '""' }, { "6161", '"a"' }, { "6449455446", '"IETF"' },
  { "62225c", [["\"\\"]] }, { "62c3bc", '"ü"' }, { "63e6b0b4", '"水"' }, { "64f0908591", '"𐅑"' },
  { "80", "[]" }, { "83010203", "[1, 2, 3]" }, { "8301820203820405", "[1, [2, 3], [4, 5]]" }, { "a0", "{}" },
  { "a201020304", "{1: 2, 3: 4}" }, { "a26161016162820203", '{"a": 1, "b": [2, 3]}' },
  { "826161a161626163", '["a", {"b": "c"}]' },
  { "5f42010243030405ff", "(_ h'0102', h'030405')", true }, { "7f657374726561646d696e67ff", '(_ "strea", "ming")', true },
  { "9fff", "[_ ]", true }, { "9f018202039f0405ffff", "[_ 1, [2, 3], [_ 4, 5]]", true },
  { "9f01820203820405ff", "[_ 1, [2, 3], [4, 5]]", true }, { "83018202039f0405ff", "[1, [2, 3], [_ 4, 5]]", true },
  { "bf61610161629f0203ffff", '{_ "a": 1, "b": [_ 2, 3]}', true },
  { "826161bf61626163ff", '["a", {_ "b": "c"}]', true }, { "bf6346756ef563416d7421ff", '{_ "Fun": true, "Amt": -2}', true },
}

describe("the vectors of RFC 8949 appendix A", function()
  it("are shown in diagnostic notation", function()
    for _, row in ipairs(APPENDIX_A) do
      assert.are.equal(row[2], cbor.diagnose(bytes(row[1])))
    end
  end)

  it("are what encode makes of what decode reads", function()
    for _, row in ipairs(APPENDIX_A) do
      local value, message = cbor.decode(bytes(row[1]))
      assert.is_nil(message)
      assert.are.equal(not row[3], cbor.encode(value) == bytes(row[1]), row[1])
    end
  end)
end)

describe("cbor.diagnose", function()
  it("shows empty strings of no pieces by their kind (RFC 8949 8.1)", function()
    assert.are.equal("[''_, \"\"_]", cbor.diagnose(bytes "825fff7fff"))
  end)

  it("escapes what would move a terminal's cursor", function()
    assert.are.equal([["a\n\t\u001b[2J\u007f\u009b1m ü"]], cbor.diagnose(cbor.encode "a\n\t\27[2J\127\u{9b}1m ü"))
  end)

  it("breaks what does not fit a line when it is to indent", function()
    local records = {}
    for i = 1, 3 do
      records[i] = { n = "urn:dev:ow:10e2073a01080063:" .. i, u = "Cel", v = 20.5 + i }
    end
    local text = cbor.diagnose(cbor.encode { records = records, short = { 1, 2, 3 }, none = cbor.array() }, 2)
    assert.are.equal([=[
{
  "none": [],
  "short": [1, 2, 3],
  "records": [
    {"n": "urn:dev:ow:10e2073a01080063:1", "u": "Cel", "v": 21.5},
    {"n": "urn:dev:ow:10e2073a01080063:2", "u": "Cel", "v": 22.5},
    {"n": "urn:dev:ow:10e2073a01080063:3", "u": "Cel", "v": 23.5}
  ]
}]=], text)
    assert.are.equal("[\n \"" .. ("x"):rep(100) .. "\"\n]", cbor.diagnose(cbor.encode { ("x"):rep(100) }, 1))
    assert.is_nil(cbor.diagnose(cbor.encode(records)):find("\n"))
  end)

  it("needs no more than a moment for a deep item that never fits", function()
    local item = ("\x81"):rep(128) .. cbor.encode(("x"):rep(100000))
    local started = os.clock()
    assert.is_true(#cbor.diagnose(item, 1) > 100000)
    assert.is_true(os.clock() - started < 0.5)
  end)

  it("says where the input is malformed", function()
    for digits, expected in pairs {
      [""] = "byte 1: the input ends within an item", ["8201"] = "byte 3: the input ends", ["0000"] = "byte 2: something follows",
      ["61ff"] = "byte 2: the text is not UTF%-8", ["5f00ff"] = "byte 2: a string is made of", ["81ff"] = "byte 2: a break",
      [("c1"):rep(129)] = "byte 130: nested more than 128 deep",
    } do
      for indent = 0, 2 do
        local text, message = cbor.diagnose(bytes(digits), indent)
        assert.is_nil(text)
        assert.matches("^malformed CBOR at " .. expected, message)
      end
    end
  end)

  it("takes a string, and how many blanks to indent by", function()
    local function raised(...)
      return select(2, pcall(cbor.diagnose, ...)).Message
    end
    assert.are.equal("cbor.diagnose takes a string of bytes, not a table", raised {})
    for _, wrong in ipairs { -1, 17, 1.5, "x" } do
      assert.matches("takes how many blanks to indent by, 0 to 16, not", raised("\0", wrong))
    end
  end)
end)
