-- The words of lunacoap.scenario: requests, what they answer, and patience.
local failing = require "spec.support.failing"
local scenario_server = require "spec.support.scenario_server"
local lunacoap = require "lunacoap"
local scenario = require "lunacoap.scenario"

local get, put = scenario.get, scenario.put

describe("a word", function()
  local server, base

  setup(function()
    server = scenario_server()
    base = server:uri("")
  end)
  teardown(function() server:stop() end)
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)

  it("answers with all that came", function()
    local r = get(base .. "/state", { accept = "json" })
    assert.are.equal("2.05", r.code)
    assert.are.equal("Content", r.name)
    assert.are.equal('{"level":3,"on":true}', r.payload)
    assert.are.same({ on = true, level = 3 }, r.value)
    assert.are.equal(50, r.format)
    assert.are.equal(8, #r.etag)
    assert.are.equal("GET", r.method)
    assert.are.equal(base .. "/state", r.uri)
    assert.are.equal("127.0.0.1", r.host)
    assert.are.equal(server.coap.LocalPort, r.port)
    assert.is_true(r.seconds >= 0 and r.seconds < 5)
    assert.are.equal('2.05 Content, application/json: {"level":3,"on":true}', tostring(r))
  end)

  it("answers also what is an error", function()
    local r = get(base .. "/nothing")
    assert.are.equal("4.04", r.code)
    assert.is_nil(r.format)
    assert.is_nil(r.etag)
    assert.are.equal("", r.value)
    assert.are.equal("4.04 Not Found", tostring(r))
  end)

  it("is there for each method, with a payload where there is one", function()
    for _, method in ipairs { "post", "fetch", "patch", "ipatch" } do
      local r = scenario[method](base .. "/echo", { 1, 2 })
      assert.are.equal(("%s 50 [1,2]"):format(method:upper()), r.payload:gsub("^iP", "IP"))
      r = scenario[method](base .. "/echo", "text", { format = "text" })
      assert.are.equal(method:upper() .. " 0 text", r.payload:gsub("^iP", "IP"))
    end
    local r = scenario.delete(base .. "/echo")
    assert.are.equal("DELETE - ", r.payload)
    assert.are.same({ "a", "b" }, r:values("Location-Path"))
    assert.are.same({ "5" }, r:values(14))
    assert.are.equal(5, r.max_age)
    assert.are.equal("\1\2", r.etag)
  end)

  it("takes options for its request alone", function()
    local known = get(base .. "/state").etag
    assert.are.equal("2.03", get(base .. "/state", { etag = known }).code)
    assert.are.equal("2.05", get(base .. "/state").code)
    assert.are.equal(60, get(base .. "/state", { accept = "cbor" }).format)
    assert.are.equal(50, get(base .. "/state").format)
    assert.are.equal("4.06", get(base .. "/state", { accept = "text" }).code)
    assert.are.equal("4.12", put(base .. "/note", "1", { if_none_match = true }).code)
    assert.are.equal("4.12", put(base .. "/note", "1", { if_match = "\1" }).code)
    assert.are.equal("2.04", put(base .. "/note", "1", { if_match = get(base .. "/note").etag }).code)
    assert.are.equal("4.02", get(base .. "/note", { options = { { 65001, "\1" } } }).code)
    assert.are.equal("2.05", get(base .. "/note", { options = { { "Uri-Query", "a=1" } }, non = true }).code)
  end)

  it("fails when nothing answers in time, and says how long it waited", function()
    local function f() get(base .. "/silent", { timeout = 0.05 }) end
    local kind, text, line = failing.of(f)
    assert.are.equal("failure", kind)
    assert.are.equal(("no answer to GET %s/silent within 0.05 s"):format(base), text:match("^[^\n]*"))
    assert.are.equal(failing.line(f), line)
    assert.are.equal("2.05", get(base .. "/note").code)
  end)

  it("fails with what the network says", function()
    local kind, text = failing.of(function() get("coap://127.0.0.1:1/") end)
    assert.are.equal("failure", kind)
    assert.are.equal("no answer to GET: Connection refused: the request could not be delivered: "
      .. "coap://127.0.0.1:1/", text:match("^[^\n]*"))
  end)

  it("fails at a value that its payload does not have", function()
    local r = get(base .. "/broken")
    local kind, text = failing.of(function() return #r.value > 0 end)
    assert.are.equal("failure", kind)
    assert.are.equal(("the payload of the answer to GET %s/broken is no application/json: "):format(base),
      text:match("^.- json: ") or text:match("^.-/json: "))
  end)

  it("says what is wrong with its use, as an error", function()
    local client = scenario.client()
    client:close()
    local endings = {
      ["get takes a URI such as coap://localhost/time, not nil"] = function() get() end,
      ["get takes a URI such as coap://localhost/time, not a table"] = function() get {} end,
      ["Invalid or malformed URI: its scheme is coap or coaps: \"http\""] = function() get("http://x") end,
      ["the options of a request are a table such as { accept = \"json\" }"] = function() get(base, 1) end,
      ["a request takes accept, etag, format, if_match, if_none_match, non, options, payload and timeout, but not 'acept'"] =
        function() get(base, { acept = 1 }) end,
      ["'timeout' of a request takes seconds from 0 on, not 1"] = function() get(base, { timeout = "1" }) end,
      ["each of a request's options is such as { \"Uri-Query\", \"a=1\" }"] = function() get(base, { options = { {} } }) end,
      ["lunacoap.OptionNumber has no constant 'Uri-Qery'; did you mean 'Uri-Query'?"] =
        function() get(base, { options = { { "Uri-Qery", "x" } } }) end,
      ["the payload cannot be written: text is made of a string, a number or a boolean, not of a table"] =
        function() put(base, { 1 }, { format = "text" }) end,
      ["this client of the scenario is closed"] = function() client:get(base) end,
      ["a client of a scenario has an OnNotification of its own"] =
        function() scenario.client { OnNotification = print } end,
      ["RequestData is not for a client, but for each request, such as get(uri, { accept = \"json\" })"] =
        function() scenario.client { RequestData = "x" } end,
      ["the Timeout of a scenario's client is a number of seconds above 0"] =
        function() scenario.client { Timeout = 0 } end,
      ["the settings of a client are a table such as { Timeout = 5 }"] = function() scenario.client(5) end,
      ["eventually takes a number of seconds first"] = function() scenario.eventually(print) end,
      ["eventually takes a function second, not nil"] = function() scenario.eventually(1) end,
      ["nothing_arrives takes a number of seconds first"] = function() scenario.nothing_arrives(0 / 0) end,
      ["nothing_arrives takes an observation, or a raw endpoint, second"] =
        function() scenario.nothing_arrives(0, {}) end,
    }
    for expected, f in pairs(endings) do
      local kind, text, line = failing.of(f)
      assert.are.equal(expected, text)
      assert.are.equal("error", kind)
      assert.is_true(line >= failing.line(f) and line <= failing.line(f) + 1)
    end
  end)
end)

describe("a client of a scenario", function()
  local server, base

  setup(function()
    server = scenario_server()
    base = server:uri("")
  end)
  teardown(function() server:stop() end)
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)

  it("has settings of its own", function()
    local client = scenario.client { Timeout = 0.05, UseConfirmableMessages = false }
    assert.are.equal("2.05", client:get(base .. "/note").code)
    assert.is_false(client.coap.UseConfirmableMessages)
    local _, text = failing.of(function() client:get(base .. "/silent") end)
    assert.are.equal(("no answer to GET %s/silent within 0.05 s"):format(base), text:match("^[^\n]*"))
  end)

  it("is one for all words of a scenario, and configured before them", function()
    local ports = {}
    server:use(function(req, go_on)
      ports[req.peer.port] = true
      return go_on()
    end)
    scenario.configure { Timeout = 0.05 }
    get(base .. "/note")
    put(base .. "/note", "1")
    local port = next(ports)
    assert.is_nil(next(ports, port))
    assert.is_truthy(failing.of(function() get(base .. "/silent") end))
    assert.are.equal("error", (failing.of(function() scenario.configure {} end)))
  end)

  it("asks for several tasks at once, and each gets its own answer", function()
    local client, codes = scenario.client(), {}
    for _, path in ipairs { "/note", "/nothing", "/state", "/broken" } do
      lunacoap.spawn(function() codes[path] = client:get(base .. path).code end)
    end
    scenario.eventually(2, function() return codes["/note"] and codes["/nothing"] and codes["/broken"] and codes["/state"] end)
    assert.are.same({ ["/note"] = "2.05", ["/nothing"] = "4.04", ["/state"] = "2.05", ["/broken"] = "2.05" }, codes)
  end)

  it("sends whole bodies in blocks", function()
    local body = ("x"):rep(5000)
    assert.are.equal("POST - " .. body, scenario.post(base .. "/echo", body).payload)
  end)

  it("ends with its scenario, as all that was to be done at the end, the last first", function()
    local client, done = scenario.client(), {}
    scenario.at_end(function() done[#done + 1] = "server" end)
    scenario.at_end(function() error("trouble", 0) end)
    scenario.at_end(function() done[#done + 1] = "program" end)
    assert.has_error(scenario.reset, "trouble")
    assert.are.same({ "program", "server" }, done)
    assert.is_nil(client.coap)
    scenario.reset()
  end)
end)

describe("eventually", function()
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)

  it("tries until a function neither raises nor returns false, and returns what it returns", function()
    local tries = 0
    local function f()
      tries = tries + 1
      return tries > 3 and assert(tries > 5 and "done"), tries
    end
    assert.are.same({ "done", 6 }, { scenario.eventually(2, f) })
    assert.is_nil(scenario.eventually(0, function() end))
    assert.is_truthy(failing.of(function() scenario.eventually(0, function() return nil end) end))
  end)

  it("fails with the last error, at its own line", function()
    local function f() scenario.eventually(0.03, function() error("not yet", 0) end) end
    local kind, text, line = failing.of(f)
    assert.are.equal("failure", kind)
    assert.is_truthy(text:find("^not so within 0.03 s, in %d tries\nat last: not yet$"), text)
    assert.are.equal(failing.line(f), line)
    local _, falsy = failing.of(function() scenario.eventually(0, function() return false end) end)
    assert.are.equal("not so within 0 s, in 1 try\nat last: false", falsy)
  end)

  it("ends requests inside of it when its time is over", function()
    local raw <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = function(_, e) e.SendResponse = false end, Listening = true }
    local uri, began = "coap://127.0.0.1:" .. raw.LocalPort .. "/", lunacoap.now()
    local _, text = failing.of(function() scenario.eventually(0.2, function() get(uri) end) end)
    assert.is_true(lunacoap.now() - began < 2)
    assert.is_truthy(text:find("at last: [^\n]*: no answer to GET coap://127.0.0.1:%d+/ in the 0.%d+ s that were left"), text)
  end)

  it("leaves its last try the time for an answer, and keeps to the time of one around it", function()
    local server = scenario_server()
    scenario.at_end(function() server:stop() end)
    assert.are.equal("2.05", scenario.eventually(0, function() return get(server:uri("/note")) end).code)
    local began = lunacoap.now()
    assert.is_truthy(failing.of(function()
      scenario.eventually(0.1, function()
        pcall(scenario.eventually, 5, function() return false end)
        get(server:uri("/silent"))
      end)
    end))
    assert.is_true(lunacoap.now() - began < 2)
  end)

  it("ends observations inside of it when its time is over", function()
    lunacoap.virtual(function()
      local silent <close> = lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = 5683 }
      local began = lunacoap.now()
      assert.is_truthy(failing.of(function()
        scenario.eventually(0.5, function() scenario.observe(silent:uri()) end)
      end))
      assert.is_true(lunacoap.now() - began < 1)
    end)
  end)

  it("tells errors that are tables by their message, or by what is in them", function()
    for expected, raised in pairs {
      ["not yet"] = { message = "not yet" }, ["5: not yet"] = setmetatable({}, { __tostring = function() return "5: not yet" end }),
      ['{"level": 3}'] = { level = 3 }, ["an error that cannot be told: table"] = setmetatable({}, { __tostring = error }),
    } do
      local _, text = failing.of(function() scenario.eventually(0, function() error(raised) end) end)
      assert.are.equal("not so within 0 s, in 1 try\nat last: " .. expected, text)
    end
    local _, text = failing.of(function() scenario.eventually(0, function() error() end) end)
    assert.are.equal("not so within 0 s, in 1 try\nat last: nil", text)
  end)

  it("lets a spec be pending", function()
    local pending_one = setmetatable({}, { __type = "pending" })
    local ok, raised = pcall(scenario.eventually, 5, function() error(pending_one) end)
    assert.is_false(ok)
    assert.are.equal(pending_one, raised)
  end)
end)

describe("nothing_arrives", function()
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)

  it("waits for its whole time, whatever could not be delivered, or less in eventually", function()
    lunacoap.virtual(function()
      local raw <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
      local began = lunacoap.now()
      raw:send("x", "127.0.0.1", 9)
      scenario.nothing_arrives(2, raw)
      assert.are.equal("2.0", ("%.1f"):format(lunacoap.now() - began))
      lunacoap.timer(1, nil, function() raw:send("late", raw:uri()) end)
      raw:send("x", "127.0.0.1", 9)
      local _, text = failing.of(function() scenario.nothing_arrives(2, raw) end)
      assert.matches("a message came from 127.0.0.1, port 49152", text, 1, true)
      began = lunacoap.now()
      pcall(scenario.eventually, 1, function() scenario.nothing_arrives(50, raw) end)
      assert.are.equal("1.0", ("%.1f"):format(lunacoap.now() - began))
    end)
  end)

  it("sees the notification that has ended an observation", function()
    lunacoap.virtual(function()
      local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = 5683, Listening = true,
        OnRegister = function(coap, e) e.Accept, coap.ResponseData = true, "1" end }
      local o = scenario.observe("coap://127.0.0.1/x")
      server.ResponseCode = "4.04"
      server:SendNotification("/x")
      lunacoap.sleep(1)
      assert.is_false(o.active)
      local _, text = failing.of(function() scenario.nothing_arrives(0) end)
      assert.matches("came:     4.04 Not Found", text, 1, true)
    end)
  end)
end)
