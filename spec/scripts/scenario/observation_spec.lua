-- observe, and what is said of notifications.
local failing = require "spec.support.failing"
local scenario_server = require "spec.support.scenario_server"
local lunacoap = require "lunacoap"
local scenario = require "lunacoap.scenario"

local observe, put = scenario.observe, scenario.put

describe("an observation", function()
  local server, note

  before_each(function()
    scenario.begin()
    server = scenario_server()
    note = server:uri("/note")
  end)
  after_each(function()
    scenario.finish()
    server:stop()
  end)

  -- The first line of a failure, and those that tell what was expected and what came.
  local function told(f)
    local kind, text, line = failing.of(f)
    assert.are.equal("failure", kind)
    assert.are.equal(failing.line(f), line)
    return (text:gsub("\n\n.*", ""):gsub("after %d%.%d+ s", "after T s"):gsub(":%d+/", "/"))
  end

  it("begins with the present state, and gives each next one", function()
    local o = observe(note)
    assert.are.equal("20", o.first.payload)
    assert.is_true(o.active)
    put(note, "21")
    put(note, "22")
    local n = o:next(1)
    assert.are.equal("21", n.payload)
    assert.is_true(n.sequence > o.first.sequence)
    assert.are.equal("22", o:next(1).payload)
    assert.are.equal("22", o.latest.payload)
    o:none(0.02)
  end)

  it("shows a refusal as its first answer", function()
    local o = observe(server:uri("/nothing"))
    assert.is_false(o.active)
    assert.are.equal("4.04", o.first.code)
    assert.are.equal("no notification of coap://127.0.0.1/nothing: the observation was answered with "
      .. "4.04 Not Found", told(function() o:next(5) end))
    assert.are.equal("other notifications of coap://127.0.0.1/nothing: the observation was answered with "
      .. "4.04 Not Found\nexpected: \"21\" within 5 s\ncame:     none",
      told(function() assert.notifications(o).are({ "21" }, 5) end))
    o = observe(server:uri("/state"))
    assert.are.equal("2.05", o.first.code)
    assert.is_false(o.active)
  end)

  it("ends with a notification that is an error", function()
    local o = observe(note)
    scenario.delete(note)
    assert.are.equal("4.04", o:next(1).code)
    assert.is_false(o.active)
    assert.are.equal("no notification of coap://127.0.0.1/note: the observation has ended with 4.04 Not Found",
      told(function() o:next(5) end))
  end)

  it("can be cancelled, and made again", function()
    local o = observe(note)
    o:cancel()
    put(note, "21")
    o:none(0.02)
    assert.are.same({}, server.coap:ListObserved())
    assert.are.equal("no notification of coap://127.0.0.1/note: the observation is cancelled", told(function() o:next(5) end))
    assert.are.equal("21", observe(note).first.payload)
  end)

  it("is one for each URI and client", function()
    local o = observe(note)
    local kind, text = failing.of(function() observe(note) end)
    assert.are.equal("error", kind)
    assert.are.equal(note .. " is observed already: cancel that first, or use another scenario.client", text)
    local other = scenario.client():observe(note)
    put(note, "21")
    assert.are.equal("21", o:next(1).payload)
    assert.are.equal("21", other:next(1).payload)
  end)

  it("fails when nothing comes, or something does", function()
    local o = observe(note)
    assert.are.equal("no notification of coap://127.0.0.1/note within 0.02 s", told(function() o:next(0.02) end))
    put(note, "21")
    assert.are.equal([[
a notification of coap://127.0.0.1/note came
expected: none within 5 s
came:     2.05 Content, text/plain; charset=utf-8: "21"]], told(function() o:none(5) end))
    assert.are.equal("21", o:next(0).payload)
  end)

  it("keeps apart what is older than what has come", function()
    local raw <close> = lunacoap.CoAP { LocalHost = "127.0.0.1" }
    raw.OnRegister = function(coap, e)
      e.Accept, coap.ResponseCode, coap.ResponseData = true, "2.05", "1"
    end
    raw.Listening = true
    local o = observe(("coap://127.0.0.1:%d/x"):format(raw.LocalPort))
    raw.ResponseCode, raw.ResponseData = "2.05", "2"
    raw:SendNotification("/x")
    assert.are.equal("2", o:next(1).payload)
    assert.are.same({}, o.outdated)
  end)

  it("is what nothing_arrives looks at, all of them or one", function()
    local nothing_arrives = scenario.nothing_arrives
    local o, other = observe(note), scenario.client():observe(note)
    nothing_arrives(0.02)
    put(note, "21")
    other:next(1)
    nothing_arrives(0.02, other)
    local expected = [[
a notification of coap://127.0.0.1/note came
expected: none within 5 s
came:     2.05 Content, text/plain; charset=utf-8: "21"]]
    assert.are.equal(expected, told(function() nothing_arrives(5) end))
    assert.are.equal(expected, told(function() nothing_arrives(5, o) end))
  end)

  it("is not all that nothing_arrives looks at: raw endpoints have messages", function()
    local endpoint <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    local other <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    scenario.nothing_arrives(0.02, endpoint)
    other:send({ code = "GET", id = 7 }, endpoint.LocalHost, endpoint.LocalPort)
    assert.are.equal(("a message came from 127.0.0.1, port %d\nexpected: none within 5 s\ncame:     CON GET /, id 7")
      :format(other.LocalPort), told(function() scenario.nothing_arrives(5, endpoint) end))
  end)

  it("is compared in order, with all, some or the last of what comes", function()
    local o = observe(note)
    for i = 21, 26 do
      put(note, tostring(i))
    end
    assert.notifications(o).are({ "21", "22" }, 1).include({ "24", "25" }, 1).are({ "26" })
    assert.notifications(o).are({}, 0.02).end_with("26")
    put(note, "27")
    assert.notifications(o).end_with("27", 1)
  end)

  it("is compared by value where that is no text", function()
    local o = observe(note)
    put(note, "21")
    put(note, "22")
    assert.are.equal([[
other notifications of coap://127.0.0.1/note
expected: {"a": 1}, 22 within 1 s
came:     1. after T s: 2.05 Content, text/plain; charset=utf-8: "21"]],
      told(function() assert.notifications(o).are({ { a = 1 }, 22 }, 1) end))
  end)

  it("fails with what was expected and all that came", function()
    local o = observe(note)
    put(note, "21")
    put(note, "22")
    assert.are.equal([[
other notifications of coap://127.0.0.1/note
expected: "21", "23" within 1 s
came:     1. after T s: 2.05 Content, text/plain; charset=utf-8: "21"
          2. after T s: 2.05 Content, text/plain; charset=utf-8: "22"]],
      told(function() assert.notifications(o).are({ "21", "23" }, 1) end))
    put(note, "24")
    assert.are.equal([[
other notifications of coap://127.0.0.1/note
expected: none within 1 s
came:     1. after T s: 2.05 Content, text/plain; charset=utf-8: "24"]],
      told(function() assert.notifications(o).are({}, 1) end))
    assert.are.equal([[
not all notifications of coap://127.0.0.1/note
expected: "25" within 0.02 s
came:     none]], told(function() assert.notifications(o).include({ "25" }, 0.02) end))
    put(note, "26")
    assert.are.equal([[
another state of coap://127.0.0.1/note
expected: "25" within 0.02 s
came:     1. after T s: 2.05 Content, text/plain; charset=utf-8: "26"]],
      told(function() assert.notifications(o).end_with("25", 0.02) end))
  end)

  it("tells wrong use as an error", function()
    local o = observe(note)
    for expected, f in pairs {
      ["assert.notifications takes an observation, as observe returns it, not nil"] =
        function() assert.notifications(nil).are {} end,
      ["the assertion 'are' needs assert.notifications(observation) before it"] = function() assert.are { "21" } end,
      ['the notifications are a list such as { "21", "22" }'] = function() assert.notifications(o).are("21") end,
      ["the seconds in which notifications come are a number"] = function() assert.notifications(o).are({}, "1") end,
      ["notifications are told what they are, not what they are not"] =
        function() assert.notifications(o).are_not_include({ "1" }, 1) end,
      ["none takes the seconds in which nothing may come"] = function() o:none() end,
      ["next takes the seconds in which a notification is to come"] = function() o:next("1") end,
      ["end_with takes the state that is to be the last one"] = function() assert.notifications(o).end_with() end,
    } do
      local kind, text = failing.of(f)
      assert.are.equal(expected, text)
      assert.are.equal("error", kind)
    end
  end)
end)
