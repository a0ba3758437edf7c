-- lunacoap.json: values to JSON and back, exactly.
local lunacoap = require "lunacoap"
local scarcity = require "spec.support.scarcity"

local json, cbor = lunacoap.json, lunacoap.cbor

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err.Message
end

local function decoded(text)
  local value, message = json.decode(text)
  assert.is_nil(message)
  return value
end

local function assert_same_number(expected, value)
  assert.are.equal(math.type(expected), math.type(value))
  assert.are.equal(expected, value)
end

describe("numbers in JSON", function()
  it("keep their value", function()
    for text, number in pairs {
      ["0.30000000000000004"] = 0.1 + 0.2, ["9007199254740993"] = 9007199254740993, ["0.1"] = 0.1, ["1e300"] = 1e300,
      ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger, ["48.137"] = 48.137,
      ["1764059123.123456"] = 1764059123.123456, ["1764059123123456"] = 1764059123123456, ["-0.5"] = -0.5,
      ["5e-324"] = 5e-324, ["1.7976931348623157e308"] = 1.7976931348623157e308, ["0"] = 0, ["-12"] = -12,
      ["1e-7"] = 1e-7, ["123456789012345.67"] = 123456789012345.67,
    } do
      assert_same_number(number, decoded(text))
      if text ~= "5e-324" then
        assert.are.equal(text, json.encode(number))
      end
      assert.are.equal(number, decoded(json.encode(number)))
    end
    for _ = 1, 2000 do
      local number = (math.random() - 0.5) * 2.0 ^ math.random(-300, 300)
      assert(decoded(json.encode(number)) == number)
    end
  end)

  it("are integers or floats, as they are written", function()
    for text, number in pairs { ["1"] = 1, ["1.0"] = 1.0, ["1e3"] = 1000.0, ["-0"] = 0, ["20.00"] = 20.0 } do
      assert_same_number(number, decoded(text))
    end
    assert.are.equal("20", json.encode(20))
    assert.are.equal("20.0", json.encode(20.0))
    assert.are.same({ 9007199254740993, { x = -9007199254740993 } },
      decoded '[9007199254740993, {"x": -9007199254740993}]')
  end)

  it("have as few digits as they need, each by itself", function()
    local text = [=[[0.1,0.30000000000000004,21.1,-1e-7,"0.10000000000000001","\n21.100000000000001",{"2.10000000000000001":2.0}]]=]
    assert.are.equal(text, json.encode(decoded(text)))
    assert.are.equal(text, (json.pretty(text):gsub("\n *", ""):gsub(": ", ":")))
  end)

  it("are finite", function()
    for _, number in ipairs { 0 / 0, math.huge, -math.huge } do
      assert.matches("JSON has no NaN and no Infinity", raised(json.encode, number))
    end
  end)
end)

describe("strings in JSON", function()
  it("are UTF-8, with as few escapes as may be", function()
    for text, value in pairs { ['""'] = "", ['"coap://h/a"'] = "coap://h/a", ['"grün 水"'] = "grün 水",
      [ [["\"\\\n\r\t\u0001\u0000"]] ] = '"\\\n\r\t\1\0' } do
      assert.are.equal(text, json.encode(value))
      assert.are.equal(value, decoded(text))
    end
    assert.are.equal("ü𐀀/", decoded [["\u00fc\ud800\udc00\/"]])
    assert.matches("json.encode: value.a: a string that is not UTF%-8", raised(json.encode, { a = "\xff" }))
    assert.matches("a key that is not UTF%-8", raised(json.encode, { ["\xff"] = 1 }))
  end)
end)

describe("arrays and objects in JSON", function()
  it("are tables; empty arrays stay arrays", function()
    assert.are.equal("[1,[2,3],[]]", json.encode { 1, { 2, 3 }, json.array() })
    assert.are.equal("{}", json.encode {})
    for _, text in ipairs { "[]", "{}", "[[],{}]", '{"a":[]}', "[null,[]]", '[{"a":{}}]' } do
      assert.are.equal(text, json.encode(decoded(text)))
    end
    assert.are.equal("[]", json.encode(decoded "[ \n]"))
    local list = decoded "[1]"
    list[1] = nil
    assert.are.equal("[]", json.encode(list))
  end)

  it("have the same marks and the same null as in CBOR", function()
    assert.are.equal(json.null, cbor.null)
    assert.are.equal(json.array, cbor.array)
    assert.are.equal("[[],null]", json.encode(cbor.decode "\x82\x80\xf6"))
    assert.are.equal("\x82\x80\xf6", cbor.encode(decoded "[[],null]"))
  end)

  it("have their keys in order, so that equal values are equal text", function()
    local one, two = {}, {}
    for i = 1, 100 do
      one["k" .. i], two["k" .. 101 - i] = i, 101 - i
    end
    assert.are.equal(json.encode(one), json.encode(two))
    assert.are.equal('{"a":1,"b":{"c":2,"d":3}}', json.encode { b = { d = 3, c = 2 }, a = 1 })
  end)
end)

describe("json.encode", function()
  it("says which part of the value has no JSON", function()
    for expected, value in pairs {
      ["value: JSON has nothing for a function"] = print,
      ["value.a[2].b: JSON has nothing for a lunacoap.cbor.bytes"] = { a = { 1, { b = cbor.bytes "x" } } },
      ["value[1]: JSON has nothing for a lunacoap.cbor.tagged"] = { cbor.tagged(1, 2) },
      ["value.x: JSON has nothing for a lunacoap.cbor.simple"] = { x = cbor.undefined },
      ["value.x[5]: the keys of a JSON object are strings"] = { x = { [5] = 1 } },
      ["value[1]: the keys of a JSON object are strings"] = cbor.map { 1 },
      ["value: an array has the keys 1, 2, 3 ... without gaps, and no others"] = json.array { 1, nil, 3 },
      ["value[1]: JSON has nothing for a function"] = { print },
      ["value['a b']['" .. ("x"):rep(40) .. "...']: JSON has nothing for a function"] = { ["a b"] = { [("x"):rep(400)] = print } },
      ["value.f: JSON has nothing for a FILE*"] = { f = io.stdout },
    } do
      assert.are.equal("json.encode: " .. expected, raised(json.encode, value))
    end
    assert.matches("takes a value, not nil; JSON's null is json.null", raised(json.encode))
  end)

  it("tells the line of the call", function()
    local _, err = pcall(function() return "x" .. json.encode(print) end)
    assert.matches("json_spec.lua:%d+$", err.Where)
  end)

  it("does not follow a table that holds itself", function()
    local loop = {}
    loop.x = { loop }
    assert.matches("nested more than 128 deep; does a table hold itself%?", raised(json.encode, loop))
  end)
end)

describe("json.decode", function()
  -- A text, how much of it is read until it is wrong, and why.
  local MALFORMED = {
    { "", 1, "unexpected token near end of file" }, { " \n", 2, "end of file" }, { "[1,]", 4, "unexpected token near ']'" },
    { "[1", 2, "']' expected near end of file" }, { '{"a" 1}', 6, "':' expected near '1'" },
    { '{"a":1,}', 8, "string or '}' expected" }, { "{a:1}", 2, "string or '}' expected" }, { "nul", 3, "invalid token" },
    { "[1] x", 5, "end of file expected" }, { "'a'", 1, "invalid token" }, { '"abc', 4, "premature end of input" },
    { [["\x"]], 3, "invalid escape" }, { [["\ud800"]], 8, "invalid Unicode" }, { [["\udc00x"]], 9, "invalid Unicode" },
    { "01", 1, "invalid token" }, { "+1", 1, "invalid token" }, { ".5", 1, "invalid token" }, { "0x10", 2, "end of file expected" },
    { "NaN", 3, "invalid token" }, { "-Infinity", 1, "invalid token" }, { "[-]", 2, "invalid token" }, { "1e", 2, "invalid token" },
    { "[1.]", 3, "invalid token" }, { "[1e999]", 6, "real number overflow" }, { "[18446744073709551616]", 21, "too big integer" },
    { '["a\nb"]', 3, "unexpected newline" }, { '["x", "\t"]', 7, "control character" }, { '{"a":1,"a":2}', 10, "duplicate object key" },
    { "[1]\0x", 4, "end of file expected" }, { '["gr\xfcn"]', 4, "unable to decode byte 0xfc" },
    { '"\xed\xa0\x80"', 1, "unable to decode" }, { '"\xc0\xaf"', 1, "unable to decode" }, { "\xef\xbb\xbf1", 3, "invalid token" },
    { ("["):rep(129), 129, "nested more than 128 deep" }, { ('{"a":'):rep(200), 641, "nested more than 128 deep" },
    { '["[[\\"{"' .. (",["):rep(128), 264, "nested more than 128 deep" }, { ("["):rep(100000), 129, "nested more than 128 deep" },
  }

  it("says at which byte the text is malformed, and why", function()
    for _, row in ipairs(MALFORMED) do
      local value, message = json.decode(row[1])
      assert.is_nil(value, row[1]:sub(1, 20))
      local byte, why = message:match("^malformed JSON at byte (%d+): (.*)$")
      assert.are.same({ row[1]:sub(1, 20), row[2] }, { row[1]:sub(1, 20), tonumber(byte) })
      assert.is_truthy(why:find(row[3], 1, true), message)
    end
  end)

  it("takes any value, and blanks around it", function()
    assert.is_false(decoded " false\r\n")
    assert.are.equal(json.null, decoded "\tnull ")
    assert.are.equal("x", decoded '"x"')
    assert.are.same({ a = { json.null, true } }, decoded '\n{ "a" : [ null , true ] }')
  end)

  it("takes 128 levels, and encode writes them", function()
    for _, last in ipairs { "", "1" } do
      local deep = ("["):rep(128) .. last .. ("]"):rep(128)
      assert.are.equal(deep, json.encode(decoded(deep)))
    end
  end)

  it("takes a string", function()
    assert.matches("json.decode takes a string, not nil", raised(json.decode))
  end)

  it("refuses or reads damaged text, and what it reads is stable", function()
    local seed = os.time()
    math.randomseed(seed)
    local whole = '{"a":[1,2.5,-3e2,9007199254740993],"b":{"c":"\\u00fc\\n","d":[]},"e":[true,false,null,{}],"f":"ü 水"}'
    local read, refused = 0, 0
    for _ = 1, 4000 do
      local at = math.random(#whole)
      local put = math.random(3) > 1 and string.char(math.random(0, 255)) or ""
      local text = whole:sub(1, at - 1) .. put .. whole:sub(at + math.random(0, 2))
      local value, message = json.decode(text)
      if value == nil then
        local byte = tonumber(message:match("^malformed JSON at byte (%d+): "))
        assert(byte and byte >= 1 and byte <= #text + 1, ("seed %d, %q: %s"):format(seed, text, message))
        refused = refused + 1
      else
        local again = json.encode(value)
        assert(json.encode(json.decode(again)) == again, ("seed %d, %q"):format(seed, text))
        assert(json.pretty(text))
        read = read + 1
      end
    end
    assert.is_true(read > 100 and refused > 1000)
  end)
end)

describe("json.pretty", function()
  it("keeps the order and the strings of the text, an item on each line", function()
    assert.are.equal([==[
{
  "z": 1.5,
  "a": [
    1000.0,
    "ü\"]"
  ],
  "b": {},
  "c": []
}]==], json.pretty [==[ {"z":1.50 , "a":[1e3,"\u00fc\"]"],"b":{ },"c":[ ]} ]==])
    assert.are.equal('"x"', json.pretty '"x"')
  end)

  it("says what is wrong with the text", function()
    local text, message = json.pretty "[1,"
    assert.is_nil(text)
    assert.matches("^malformed JSON at byte 3: ", message)
    assert.matches("json.pretty takes a string, not nil", raised(json.pretty))
  end)
end)

-- What jansson leaked would be told by `make asan`.
describe("a lack of memory in JSON", function()
  local value = { list = { 1, 2.5, { x = json.null }, json.array() }, text = ("x"):rep(300), deep = { { { true } } } }

  local function work()
    local text = json.encode(value)
    assert(#json.decode(text .. "").list == 4)
    assert(json.decode(text .. "x") == nil)
    assert(#json.pretty(text) > #text)
    assert(not pcall(json.encode, { 1, { 2, print } }))
  end

  it("raises, and leaks nothing, wherever it strikes", function()
    work()
    assert.is_true(scarcity.of_lua(work) >= 20)
    assert.is_true(scarcity.of_runtime(work) >= 2)
  end)
end)
