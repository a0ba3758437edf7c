-- What a failure shows of the network: the ladder since the scenario began.
local failing = require "spec.support.failing"
local scenario_server = require "spec.support.scenario_server"
local lunacoap = require "lunacoap"
local scenario = require "lunacoap.scenario"

describe("the ladder of a failure", function()
  local server, note

  setup(function()
    server = scenario_server()
    note = server:uri("/note")
  end)
  teardown(function() server:stop() end)
  before_each(scenario.begin)
  after_each(function() scenario.finish() end)

  -- What changes from run to run, out of a ladder.
  local function steady(text)
    return (text:gsub("127.0.0.1:%d+", function(address) return "A" .. (" "):rep(#address - 1) end)
      :gsub("%d+%.%d%d%d  |", "0.000  |"):gsub("id %d+", "id I"):gsub("token %x+", "token T")
      :gsub("ETag %x+", "ETag E"):gsub("Observe %d%d+", "Observe N"):gsub(" +\n", "\n"))
  end

  local function ladder_of(f)
    local _, text = failing.of(f)
    return steady(text:match("\n\n(.*)$") or "")
  end

  it("stands below a failed assertion", function()
    scenario.get(note)
    scenario.finish()
    local r = scenario.get(server:uri("/nothing"))
    assert.are.equal([[
       client                                      server
   A                                           A
   0.000  |-- CON GET /nothing ---------------------->|  id I, token T
   0.000  |<-------------------- ACK 4.04 Not Found --|  id I]],
      ladder_of(function() assert.response(r).has_code("2.05") end))
  end)

  it("stands below a request without an answer, and what eventually() has tried", function()
    local silent = server:uri("/silent")
    local expected = [[
       client                                      server
   A                                           A
   0.000  |-- CON GET /silent ----------------------->|  id I, token T
   0.000  |<----------------------------------- ACK --|  id I]]
    assert.are.equal(expected, ladder_of(function() scenario.get(silent, { timeout = 0.2 }) end))
    scenario.finish()
    local function f() scenario.get(silent) end
    assert.are.equal(expected, ladder_of(function() scenario.eventually(0.2, f) end))
  end)

  it("stands below a notification that did not come, once", function()
    local o = scenario.observe(note)
    scenario.put(note, "x")
    o:next(1)
    local text = ladder_of(function() o:next(0.02) end)
    assert.are.equal([[
       client                                      server
   A                                           A
   0.000  |-- CON GET /note ------------------------->|  id I, token T, Observe 0
]], text:match("^" .. ("[^\n]*\n"):rep(3)))
    assert.is_truthy(text:find("|<---------------------- CON 2.05 Content --|  id I", 1, true), text)
    text = ladder_of(function() assert.notifications(o).are({ "y" }, 0.02) end)
    local _, count = text:gsub("client", "")
    assert.are.equal(1, count)
  end)

  it("is there for the one who ends a scenario that has failed", function()
    scenario.get(note)
    assert.is_truthy(scenario.ladder():find("CON GET /note", 1, true))
    assert.is_truthy(scenario.finish(true):find("CON GET /note", 1, true))
    assert.are.equal("", scenario.ladder())
    assert.is_nil(scenario.finish())
  end)

  it("shows what faults did", function()
    local client = scenario.client(lunacoap.faults { seed = 1, sending = { { "drop", number = 1 } } })
    client.coap:Config("AckTimeout=0.02")
    local r = client:get(note)
    local text = ladder_of(function() assert.response(r).has_code("4.xx") end)
    assert.is_truthy(text:find("|-- CON GET /note ------------x             |  id I, token T, dropped", 1, true), text)
    assert.is_truthy(text:find("|-- CON GET /note ------------------------->|  retransmission 1, id I", 1, true), text)
  end)

  it("costs nothing once the scenario is over: as many datagrams are kept as before", function()
    scenario.finish()
    for _, kept in ipairs { 0, 7, 10000 } do
      lunacoap.capture.keep(kept)
      scenario.begin()
      assert.is_true(lunacoap.capture.keep() >= 4096)
      scenario.finish()
      assert.are.equal(kept, lunacoap.capture.keep())
    end
    lunacoap.capture.keep(0)
  end)
end)
