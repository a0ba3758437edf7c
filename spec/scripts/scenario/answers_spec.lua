-- assert.response: what it can say of an answer, and how it fails.
local failing = require "spec.support.failing"
local scenario_server = require "spec.support.scenario_server"
local process = require "spec.support.process"
local scenario = require "lunacoap.scenario"

local get, post = scenario.get, scenario.post

describe("assert.response", function()
  local server, base, note, echo

  setup(function()
    server = scenario_server()
    base = server:uri("")
  end)
  teardown(function() server:stop() end)

  before_each(function()
    scenario.begin()
    note, echo = get(base .. "/note"), post(base .. "/echo", "x")
  end)
  after_each(function() scenario.finish() end)

  it("says what is so, and goes on", function()
    assert.response(note).has_code("2.05").has_code("2.xx").has_payload("20").has_format("text")
      .has_format(0).has_value("20").has_payload_matching("^%d+$").has_option("ETag")
      .has_option("ETag", note.etag).has_option("Content-Format", 0).is_within(5)
    assert.response(echo).has_option("Location-Path", "b").has_option("Location-Path", { "a", "b" })
      .has_option("Max-Age", 5).has_option(14, "5").has_option("ETag", "0102")
    assert.response(get(base .. "/state")).has_value { level = 3, on = true }
  end)

  it("says what is not so, each for itself", function()
    assert.response(note).has_no_code("4.xx").has_code("2.05").has_no_payload("21").has_no_format("json")
      .has_no_value(21).has_no_payload_matching("x").has_no_option("Max-Age").has_no_option("ETag", "x")
      .is_not_within(0).has_payload("20")
    assert.response(echo).has_no_option("Location-Path", { "a" }).has_no_option("Location-Path", { "a", "b", "c" })
    assert.response(get(base .. "/state")).has_no_value { level = 3 }
    assert.response(get(base .. "/state")).has_no_value { level = 3, on = true, more = 1 }
  end)

  local CASES = {
    { "has_code", { "4.04" }, "GET /note has another code", "4.04 Not Found",
      '2.05 Content: "20"' },
    { "has_code", { "4.xx" }, "GET /note has another code", "4.xx", '2.05 Content: "20"' },
    { "has_no_code", { "2.05" }, "GET /note has this code", "not 2.05 Content",
      '2.05 Content: "20"' },
    { "has_payload", { "21" }, "GET /note has another payload", '"21"', '"20"' },
    { "has_payload", { "" }, "GET /note has another payload", "no payload", '"20"' },
    { "has_no_payload", { "20" }, "GET /note has this payload", 'not "20"', '"20"' },
    { "has_payload_matching", { "^x" }, "GET /note has another payload", "one that matches ^x",
      '"20"' },
    { "has_format", { "json" }, "GET /note has another content-format", "application/json",
      "text/plain; charset=utf-8" },
    { "has_value", { { a = { 1, "x" } } }, "GET /note has another value", '{"a": [1, "x"]}',
      '"20"' },
    { "has_no_value", { "20" }, "GET /note has this value", 'not "20"', '"20"' },
    { "has_option", { "Max-Age" }, "GET /note lacks the option", "Max-Age",
      "ETag E, Content-Format 0" },
    { "has_option", { "Max-Age", 5 }, "GET /note lacks the option", "Max-Age 5",
      "ETag E, Content-Format 0" },
    { "has_option", { "Location-Path", { "a", "b" } }, "GET /note lacks the option",
      "Location-Path a, b", "ETag E, Content-Format 0" },
    { "has_no_option", { "ETag" }, "GET /note has the option", "not ETag",
      "ETag E, Content-Format 0" },
    { "is_within", { 0 }, "GET /note has another duration", "at most 0 s", "T s" },
  }
  for _, case in ipairs(CASES) do
    local name, arguments, what, expected, came = table.unpack(case)
    it(("fails well: %s(%s)"):format(name, tostring(arguments[1])), function()
      local function f() assert.response(note)[name](table.unpack(arguments)) end
      local kind, text, line = failing.of(f)
      text = text:gsub("\n\n.*", ""):gsub("coap://127.0.0.1:%d+", "")
        :gsub("ETag %x+", "ETag E"):gsub("[%d.e-]+ s$", came:find("T s$") and "T s" or "%0")
      assert.are.equal(("the answer to %s\nexpected: %s\ncame:     %s"):format(what, expected, came), text)
      assert.are.equal("failure", kind)
      assert.are.equal(failing.line(f), line)
    end)
  end

  it("shows a payload that has no value", function()
    local broken = get(base .. "/broken")
    local _, text = failing.of(function() assert.response(broken).has_value {} end)
    assert.is_truthy(text:find("\nexpected: {}\ncame:     {", 1, true), text)
    assert.response(broken).has_no_value {}
  end)

  it("takes digits for bytes where an option is made of bytes, but nowhere else", function()
    assert.response(echo).has_option("ETag", "0102").has_option("ETag", "\1\2").has_option("Max-Age", 5.0)
      .has_no_option("Location-Path", { "a" })
    local digits = post(base .. "/digits")
    assert.response(digits).has_option("Location-Path", "6162").has_no_option("Location-Path", "ab")
  end)

  it("tells the message of the spec before its own", function()
    local _, text = failing.of(function()
      assert.message("of the note").response(note).has_code("2.05").has_payload("x")
    end)
    assert.are.equal("of the note\nthe answer to GET ", text:match("^.-GET "))
  end)

  it("tells wrong use as an error", function()
    for expected, f in pairs {
      ["assert.response takes a response, as get and its like return it, not nil"] =
        function() assert.response(nil).has_code("2.05") end,
      ["assert.response takes a response, as get and its like return it, not a string"] =
        function() assert.response("2.05").has_code("2.05") end,
      ["assert.response takes a response, as get and its like return it, not nil "] =
        function() assert.response().has_code("2.05") end,
      ["the assertion 'code' needs assert.response(r) before it"] = function() assert.has_code("2.05") end,
      ['has_code takes a code such as "2.05", or a class such as "4.xx"'] =
        function() assert.response(note).has_code(2.05) end,
      ["has_payload takes the bytes of a payload; has_value compares what they mean"] =
        function() assert.response(note).has_payload(20) end,
      ["has_payload_matching takes a pattern of Lua"] =
        function() assert.response(note).has_payload_matching(20) end,
      ["has_format: no content-format is called 'jsn': it takes 0 to 65535, a media type, or cbor, exi, json, "
        .. "link-format, octets, senml+cbor, senml+json, text, xml"] =
        function() assert.response(note).has_format("jsn") end,
      ["is_within takes seconds"] = function() assert.response(note).is_within("1") end,
      ["lunacoap.OptionNumber has no constant 'Etag'; did you mean 'ETag'?"] =
        function() assert.response(note).has_option("Etag") end,
      ["has_option takes the name of an option, or its number, 0 to 65535"] =
        function() assert.response(note).has_option(-1) end,
      ["has_option takes a string, a number, or a list of them, as value"] =
        function() assert.response(note).has_option("ETag", { true }) end,
      ["has_payload_matching: malformed pattern (missing ']')"] =
        function() assert.response(note).has_payload_matching("[") end,
    } do
      local kind, text = failing.of(f)
      assert.are.equal((expected:gsub(" $", "")), text)
      assert.are.equal("error", kind)
    end
  end)

  it("leaves luassert's own words as they are", function()
    assert.are.equal(1, 1)
    assert.are_not.equal(1, 2)
    assert.are.same({ 1 }, { 1 })
    assert.has_no.errors(function() end)
    assert.is_not.truthy(nil)
  end)
end)

describe("busted", function()
  local SPEC = [[
local lunacoap = require "lunacoap"
local scenario = require "lunacoap.scenario"
describe("a lamp", function()
  local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = 0 }
  server:resource("/on", { get = function() return true end })
  server:start()
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)
  it("is off", function()
    local r = scenario.get(server:uri("/on"))
    assert.response(r)
      .has_code("2.05")
      .has_payload("false")
  end)
  it("is there", function() scenario.get("coap://127.0.0.1:1/on") end)
  it("is on soon", function()
    scenario.eventually(0.05, function() assert.response(scenario.get(server:uri("/on"))).has_code("4.04") end)
  end)
end)
]]

  it("tells failures of words and assertions as failures of the spec, at its lines", function()
    local path = os.tmpname() .. "_spec.lua"
    local file = assert(io.open(path, "w"))
    file:write(SPEC)
    file:close()
    local child <close> = process.start(("%s/lunacoap-spec spec/run.lua %s"):format(process.build_folder(), path))
    local output = child:finish(20):gsub(path:gsub("%p", "%%%0"), "SPEC")
    os.remove(path)
    os.remove((path:gsub("_spec.lua$", "")))
    for _, text in ipairs {
      "SPEC @ 9\na lamp is off\nSPEC:11: the answer to GET ",
      "SPEC @ 15\na lamp is there\nSPEC:15: no answer to GET: Connection refused",
      "SPEC @ 16\na lamp is on soon\nSPEC:17: not so within 0.05 s, in ",
      "\nat last: SPEC:17: the answer to GET ",
      "0 passed, 3 failed, 0 skipped",
    } do
      assert.is_truthy(output:find(text, 1, true), text .. " is missing in:\n" .. output)
    end
    assert.is_nil(output:find("Error", 1, true), output)
  end)
end)
