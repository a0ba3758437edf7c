-- How a device lives: it starts, has its power off and on again, and is stopped.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"

local function it_leaps(name, f)
  it(name, function() fleets.virtual(f) end)
end

describe("the start of a device", function()
  it_leaps("is straight-line code, with which the device is starting until it first sleeps or ends", function(central, fleet)
    local phases = {}
    local two = fleet { count = 2, start = function(device)
      device:post("/hello", device.name)
      phases[#phases + 1] = device.phase
      device:sleep("1s")
      phases[#phases + 1] = device.phase
      local answer = device:get("/config")
      phases[#phases + 1] = answer.payload
    end }
    assert.are.same({ waiting = 2 }, fleets.phases(two))
    two:start()
    lunacoap.sleep(5)
    assert.are.same({ "0.000 /hello device-1", "0.000 /hello device-2", "1.000 /config ", "1.000 /config " },
      fleets.lines(central))
    assert.are.same({ "starting", "starting", "up", "up", "/config", "/config" }, phases)
    assert.are.same({ up = 2 }, fleets.phases(two))
  end)

  it_leaps("may be a loop without an end", function(central, fleet)
    local one = fleet { start = function(device)
      while true do
        device:post("/report", tostring(device.state.n or 0))
        device.state.n = (device.state.n or 0) + 1
        device:sleep(10)
      end
    end }
    one:start()
    lunacoap.sleep(25)
    assert.are.same({ "0.000 /report 0", "10.000 /report 1", "20.000 /report 2" }, fleets.lines(central))
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it_leaps("fails by what is raised, and the others go on", function(_, fleet)
    local three = fleet { count = 3, name = "m{index}", start = function(device)
      if device.index == 2 then
        device:sleep(1)
        error("no flash")
      end
    end, resources = { ["/x"] = { get = function() return "here" end } } }
    three:start()
    lunacoap.sleep(2)
    assert.are.same({ up = 2, failed = 1 }, fleets.phases(three))
    assert.are.equal(1, #three.counts.failed_devices)
    assert.are.equal("m2", three.counts.failed_devices[1].name)
    assert.matches("life_spec%.lua:%d+: no flash$", three.counts.failed_devices[1].text)
    local client = fleets.client { Timeout = 5 }
    assert.are.equal("2.05", (client.get(three.devices[3]:uri "/x")))
    assert.are.equal(nil, (client.get(three.devices[2]:uri "/x")))
    assert.are.same({}, fleets.troubles(three))
    three:stop()
    assert.are.same({ stopped = 2, failed = 1 }, fleets.phases(three))
  end)

  it_leaps("fails without an answer that it needs, in a request's words", function(central, fleet)
    central.coap:Shutdown()
    local one = fleet { start = function(device) device:get "/config" end }
    one:start()
    lunacoap.sleep(100)
    assert.are.same({ failed = 1 }, fleets.phases(one))
    assert.matches("^10061: .*/config", one.counts.failed_devices[1].text)
  end)

  it_leaps("fails with what makes a state, settings or an address that are none", function(_, fleet)
    for text, init in pairs {
      ["life_spec.*no state"] = { state = function() error "no state" end },
      ["^the device's state is a function that returns a table, not 3"] = { state = function() return 3 end },
      ["^what the device's settings return takes a table, not nil"] = { settings = function() end },
      ["^the device's settings: CoAP has no property or setting 'Tmeout'"] = { settings = { Tmeout = 3 } },
      ["^what the device's settings return cannot have Timeout 0"] = { settings = function() return { Timeout = 0 } end },
      ["^10048: "] = { count = 2, port = 7000, settings = { LocalPort = 7000 } },
    } do
      local some = fleet(init)
      some:start()
      lunacoap.sleep(1)
      assert.matches(text, some.counts.failed_devices[1].text)
      assert.are.equal(1, fleets.phases(some).failed)
      some:stop()
    end
  end)

  it_leaps("has a state of its own each, which may take time to make", function(_, fleet)
    local inner = { list = { 1 } }
    local two = fleet { count = 2, state = { a = inner, b = inner, n = 0 }, start = function(device)
      device.state.a.list[1] = device.index
      device.state.n = device.index
    end }
    two:start()
    lunacoap.sleep(1)
    for i, device in ipairs(two.devices) do
      assert.are.equal(i, device.state.n)
      assert.are.equal(i, device.state.a.list[1])
      assert.are.equal(device.state.a, device.state.b)
    end
    assert.are.equal(1, inner.list[1])
    local slow = fleet { count = 2, state = function(device)
      lunacoap.sleep(device.index)
      return { at = lunacoap.now() }
    end, every = { { 10, function() end } } }
    local began = lunacoap.now()
    slow:start()
    lunacoap.sleep(1.5)
    assert.are.same({ up = 1, starting = 1 }, fleets.phases(slow))
    lunacoap.sleep(1)
    assert.are.equal(1, slow.devices[1].state.at - began)
    assert.are.equal(2, slow.devices[2].state.at - began)
  end)

  it_leaps("ends for good when it is stopped, even where its own coroutine waits", function(_, fleet)
    local fields, went_on = { "state", "settings" }, {}
    for _, field in ipairs(fields) do
      local one = fleet { [field] = function()
        coroutine.wrap(function() lunacoap.sleep(1) end)()
        table.insert(went_on, field)
        return {}
      end }
      one:start()
      lunacoap.sleep(0.1)
      one:stop()
      lunacoap.sleep(2)
      assert.are.same({ stopped = 1 }, fleets.phases(one))
      assert.is_nil(one.devices[1].coap)
    end
    assert.are.same(fields, went_on)
  end)

  it_leaps("copies a state that holds itself, and keeps what its tables can", function(_, fleet)
    local state = setmetatable({}, { __index = { default = 7 } })
    state.self = state
    local one = fleet { state = state }
    one:start()
    lunacoap.sleep(1)
    local copy = one.devices[1].state
    assert.are_not.equal(state, copy)
    assert.are.equal(copy, copy.self)
    assert.are.equal(7, copy.default)
  end)
end)

describe("a fleet", function()
  it_leaps("starts its devices along the ramp, and is started once", function(central, fleet)
    local five = fleet { count = 5, ramp = "10s", start = function(device) device:post("/hello", device.name) end }
    five:start()
    local _, err = pcall(function() five:start() end)
    assert.matches("^spec/scripts/fleet/life_spec%.lua:%d+: the fleet was started already$", err)
    lunacoap.sleep(5)
    assert.are.same({ up = 3, waiting = 2 }, fleets.phases(five))
    lunacoap.sleep(5)
    assert.are.same({ "0.000 /hello device-1", "2.000 /hello device-2", "4.000 /hello device-3",
      "6.000 /hello device-4", "8.000 /hello device-5" }, fleets.lines(central))
    assert.are.equal(8, five.counts.started_in)
  end)

  it_leaps("stopped during its ramp starts no more devices, and stops those it has", function(central, fleet)
    local five = fleet { count = 5, ramp = "10s", stop = function(device) device:post("/bye", device.name) end }
    five:start()
    lunacoap.sleep(5)
    five:stop()
    assert.are.same({ stopped = 3, waiting = 2 }, fleets.phases(five))
    lunacoap.sleep(100)
    assert.are.equal(3, #central.log)
  end)

  it_leaps("may be stopped before it is started, and twice", function(_, fleet)
    local stops = 0
    local idle = fleet { count = 2, stop = function() stops = stops + 1 end }
    idle:stop()
    idle:stop()
    assert.are.same({ waiting = 2 }, fleets.phases(idle))
    assert.matches("stopped already", select(2, pcall(idle.start, idle)))
    local two = fleet { count = 2, stop = function(device)
      stops = stops + 1
      device:sleep(1)
    end }
    two:start()
    lunacoap.sleep(1)
    local began = lunacoap.now()
    local other = lunacoap.spawn(function() two:stop() end)
    two:stop()
    two:stop()
    other:wait()
    assert.are.equal(2, stops)
    assert.are.equal(1, lunacoap.now() - began)
    assert.are.same({ stopped = 2 }, fleets.phases(two))
  end)

  it_leaps("may be stopped by one of its devices", function(_, fleet)
    local two = fleet { count = 2, every = { { "1s", function(device) device.fleet:stop() end, after = "1s" } } }
    two:start()
    lunacoap.sleep(5)
    assert.are.same({ stopped = 2 }, fleets.phases(two))
  end)

  it_leaps("stopped in the middle of requests drops them, and asks for no answers", function(central, fleet)
    central.answer = function(_, e)
      e.SendResponse = e.URIPath == "/bye"
    end
    local went_on
    local two = fleet { count = 2, start = function(device)
      pcall(device.get, device, "/never")
      went_on = true
    end, stop = function(device) device:get "/bye" end }
    two:start()
    lunacoap.sleep(1)
    local began = lunacoap.now()
    assert.are.equal(2, two.counts.outstanding)
    two:stop()
    assert.are.equal(0, two.counts.outstanding)
    assert.is_true(lunacoap.now() - began < 1)
    lunacoap.sleep(300)
    assert.is_nil(went_on)
    assert.are.same({}, fleets.troubles(two))
  end)

  it_leaps("gives stop scripts some seconds, and tells what is wrong with them", function(_, fleet)
    local three = fleet { count = 3, stop = function(device)
      if device.index == 1 then
        error "bad goodbye"
      end
      device:sleep(100)
    end }
    three:start()
    lunacoap.sleep(1)
    local began = lunacoap.now()
    three:stop()
    assert.are.equal(10, lunacoap.now() - began)
    assert.are.same({ stopped = 3 }, fleets.phases(three))
    local troubles = fleets.troubles(three)
    assert.are.equal(2, #troubles)
    assert.matches("1 x .*bad goodbye", troubles[1])
    assert.matches("^2 x what devices do when they are stopped takes too long$", troubles[2])
  end)

  it_leaps("of a thousand devices whose stop scripts hang is stopped in half a minute", function(_, fleet)
    local many = fleet { count = 1000, stop = function(device) device:sleep(100) end }
    many:start()
    lunacoap.sleep(1)
    local began = lunacoap.now()
    many:stop()
    assert.is_true(lunacoap.now() - began <= 31)
    assert.are.same({ stopped = 1000 }, fleets.phases(many))
  end)
end)
