-- What devices do again and again, and what happens to them now and then.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"

local function it_leaps(name, f)
  it(name, function() fleets.virtual(f) end)
end

-- The times, in a list, at which an action happens.
local function noting(list, and_then)
  local began = lunacoap.now()
  return function(device)
    table.insert(list, tonumber(("%.3f"):format(lunacoap.now() - began)))
    if and_then then
      and_then(device)
    end
  end
end

describe("what is done again and again", function()
  it_leaps("happens first at random within the period, and then on a grid, without drift", function(_, fleet)
    local times = { {}, {}, {} }
    local acts = {}
    for i = 1, 3 do
      acts[i] = noting(times[i], function(device) device:sleep(0.3) end)
    end
    fleet { count = 3, every = { { "10s", function(device) acts[device.index](device) end } } }:start()
    lunacoap.sleep(1000)
    local firsts = {}
    for i = 1, 3 do
      assert.are.equal(100, #times[i])
      firsts[times[i][1]] = true
      assert.is_true(times[i][1] >= 0 and times[i][1] < 10)
      for n = 1, 100 do
        assert.is_true(math.abs(times[i][n] - times[i][1] - (n - 1) * 10) < 0.002)
      end
    end
    local count = 0
    for _ in pairs(firsts) do count = count + 1 end
    assert.are.equal(3, count)
  end)

  it_leaps("happens first when `after` has it, counted from when the device is up", function(_, fleet)
    local times = {}
    fleet { start = function(device)
      device:sleep(0)
      device:sleep(100)
    end, every = { { "10s", noting(times), after = "3s" }, { "10s", noting(times), after = 0 } } }:start()
    lunacoap.sleep(15)
    assert.are.same({ 0, 3, 10, 13 }, times)
  end)

  it_leaps("is early or late by as much as jitter has it, about the same grid", function(_, fleet)
    local times = {}
    fleet { every = { { 10, noting(times), after = 10, jitter = 0.2 } } }:start()
    lunacoap.sleep(10004)
    assert.are.equal(10, times[1])
    local least, most = math.huge, -math.huge
    for n, time in ipairs(times) do
      local off = time - n * 10
      least, most = math.min(least, off), math.max(most, off)
    end
    assert.is_true(#times >= 1000 and #times <= 1001)
    assert.is_true(least >= -2.001 and least < -1.8, least)
    assert.is_true(most <= 2.001 and most > 1.8, most)
  end)

  it_leaps("keeps its numbers with the largest jitter", function(_, fleet)
    local times = {}
    fleet { every = { { 1, noting(times), after = 0, jitter = 0.5 } } }:start()
    lunacoap.sleep(5000.6)
    assert.are.equal(5001, #times)
    for n = 2, #times do
      assert.is_true(times[n] >= times[n - 1])
    end
  end)

  it_leaps("is left out when the last one still runs, each row for itself", function(_, fleet)
    local long, short = {}, {}
    fleet { every = {
      { 10, noting(long, function(device) device:sleep(25) end), after = 0 },
      { 10, noting(short), after = 5 },
    } }:start()
    lunacoap.sleep(66)
    assert.are.same({ 0, 30, 60 }, long)
    assert.are.same({ 5, 15, 25, 35, 45, 55, 65 }, short)
  end)

  it_leaps("has left out what was missed after a stall", function(_, fleet)
    local times = {}
    local one = fleet { every = { { 1, noting(times), after = 0 } } }
    one:start()
    lunacoap.sleep(2.5)
    one.agenda.running = true -- as if its timer could not run
    lunacoap.timer(7, nil, function()
      one.agenda.running = false
      one.agenda:run()
    end)
    local run = one.agenda.run
    one.agenda.run = function() end
    lunacoap.sleep(6.9)
    one.agenda.run = run
    lunacoap.sleep(3)
    assert.are.same({ 0, 1, 2, 9.5, 10, 11, 12 }, times)
  end)

  it_leaps("goes on at once after a stall of millions of periods", function(_, fleet)
    local times = {}
    local one = fleet { every = { { "1ms", noting(times), after = 0, jitter = 0.3 } } }
    one:start()
    lunacoap.sleep(0.0105)
    assert.are.equal(11, #times)
    local row, device = one.habits.rows[1], one.devices[1]
    device.up_at = device.up_at - 1e6 -- as if it had stood still since
    local began = os.clock()
    row.tick(device, device.up_at)
    assert.is_true(os.clock() - began < 0.1, "takes long")
  end)

  it_leaps("is told once when it is wrong, however many devices make the mistake", function(_, fleet)
    local many = fleet { count = 1000, every = { { 1, function() error "wrong" end } } }
    many:start()
    lunacoap.sleep(10.5)
    assert.are.same({ up = 1000 }, fleets.phases(many))
    assert.are.equal(1, #many.counts.trouble_list)
    local trouble = many.counts.trouble_list[1]
    assert.are.equal(10500, math.floor(trouble.count / 500 + 0.5) * 500)
    assert.matches("^spec/scripts/fleet/habits_spec%.lua:%d+: wrong$", trouble.text)
    assert.matches("^device%-%d+$", trouble.first)
  end)
end)

describe("a device that is offline", function()
  it_leaps("does not know: its requests are sent again, and succeed when it is back in time", function(central, fleet)
    local seconds
    local one = fleet { start = function(device)
      device:sleep(1)
      device:offline "5s"
      assert(device.phase == "offline")
      seconds = device:get("/x").seconds
    end }
    one:start()
    lunacoap.sleep(5)
    assert.are.same({ offline = 1 }, fleets.phases(one))
    lunacoap.sleep(20)
    assert.is_true(seconds >= 6 and seconds <= 9, seconds)
    assert.are.equal(1, #central.log)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it_leaps("for too long has 704, which is counted and not told", function(_, fleet)
    local code
    local one = fleet { settings = { Timeout = 200 }, every = { { 1000, function(device)
      device:offline "10m"
      local ok, err = pcall(device.get, device, "/x")
      code = not ok and err.Code
      device:get "/x"
    end, after = 1 } } }
    one:start()
    lunacoap.sleep(400)
    assert.are.equal(704, code)
    assert.are.equal(2, one.counts.interval.failed)
    assert.are.same({}, fleets.troubles(one))
  end)

  it_leaps("answers nothing, and is so now and then, at random", function(_, fleet)
    local spells, last = {}, nil
    local one = fleet { resources = { ["/x"] = { get = function() return "here" end } },
      offline = { every = "100s", down = "10s" } }
    one:start()
    for _ = 1, 20000 do
      lunacoap.sleep(1)
      local phase = one.devices[1].phase
      if phase == "offline" and last ~= "offline" then
        spells[#spells + 1] = lunacoap.now()
        if #spells == 1 then
          assert.is_nil((fleets.client { Timeout = 1 }.get(one.devices[1]:uri "/x")))
        end
      end
      last = phase
    end
    assert.is_true(#spells > 140 and #spells < 230, #spells) -- 200 on average, of which some overlap
  end)

  it_leaps("is so until the longest of overlapping spells is over, also when it starts", function(_, fleet)
    local up
    local one = fleet { start = function(device)
      device:offline(10)
      device:offline(2)
    end, every = { { 1000, function() up = true end, after = 1 } } }
    one:start()
    lunacoap.sleep(9)
    assert.are.same({ offline = 1 }, fleets.phases(one))
    assert.is_true(up) -- its start was over
    one.devices[1]:offline(5)
    lunacoap.sleep(4.9)
    assert.are.same({ offline = 1 }, fleets.phases(one))
    lunacoap.sleep(0.2)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)
end)

describe("a device that sleeps", function()
  local SLEEPS = { awake = "10s", asleep = "50s" }

  it_leaps("is awake and asleep in turns, and neither acts nor answers while asleep", function(_, fleet)
    local times = {}
    local one = fleet { sleeps = SLEEPS, every = { { 4, noting(times), after = 1 } },
      resources = { ["/x"] = { get = function() return "here" end } } }
    one:start()
    lunacoap.sleep(9)
    assert.are.same({ up = 1 }, fleets.phases(one))
    lunacoap.sleep(2)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    assert.is_nil((fleets.client { Timeout = 5 }.get(one.devices[1]:uri "/x")))
    lunacoap.sleep(42)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    assert.are.same({ 1, 5, 9 }, times)
    lunacoap.sleep(7.5)
    -- what was due meanwhile is done once, at 60
    assert.are.same({ 1, 5, 9, 60, 61, 65 }, times)
    assert.are.equal("2.05", (fleets.client { Timeout = 1 }.get(one.devices[1]:uri "/x")))
    lunacoap.sleep(10)
    assert.are.same({ 1, 5, 9, 60, 61, 65, 69 }, times)
  end)

  it_leaps("hears a request that is sent until it is awake", function(_, fleet)
    local one = fleet { sleeps = { awake = "10s", asleep = "20s" },
      resources = { ["/x"] = { get = function() return "here" end } } }
    one:start()
    lunacoap.sleep(11)
    local began = lunacoap.now()
    assert.are.equal("2.05", (fleets.client().get(one.devices[1]:uri "/x")))
    assert.is_true(lunacoap.now() - began >= 19)
  end)

  it_leaps("has its scripts wait until it is awake", function(central, fleet)
    fleet { sleeps = SLEEPS, start = function(device)
      device:sleep(1)
      device:post("/a", "1")
      device:sleep(20)
      device:post("/a", "2")
      lunacoap.sleep(55)
      device:post("/a", "3")
    end }:start()
    lunacoap.sleep(200)
    assert.are.same({ "1.000 /a 1", "60.001 /a 2", "120.001 /a 3" }, fleets.lines(central))
  end)

  it_leaps("does not fall asleep while it waits for an answer, but soon afterwards", function(central, fleet)
    central.answer = function(coap)
      lunacoap.sleep(15)
      coap.ResponseData = "late"
    end
    local answer
    local one = fleet { sleeps = SLEEPS, every = { { 1000, function(device)
      answer = device:get("/slow").payload
    end, after = 9 } } }
    one:start()
    lunacoap.sleep(23.9)
    assert.are.same({ up = 1 }, fleets.phases(one))
    lunacoap.sleep(0.3)
    assert.are.equal("late", answer)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    lunacoap.sleep(49)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    lunacoap.sleep(2)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it_leaps("may have more or less of it at random", function(_, fleet)
    local some = fleet { count = 20, sleeps = { awake = 10, asleep = 10, jitter = 0.5 } }
    some:start()
    lunacoap.sleep(8)
    local phases = fleets.phases(some)
    assert.is_true(phases.up > 2 and phases.asleep > 2)
  end)

  it_leaps("longer than its fleet is wakes up to be stopped", function(central, fleet)
    local one = fleet { sleeps = { awake = 1, asleep = "10h" }, stop = function(device) device:post("/bye", device.phase) end,
      every = { { 2, function(device) device:post "/acts" end, after = 5 } } }
    one:start()
    lunacoap.sleep(100)
    local began = lunacoap.now()
    one:stop()
    assert.is_true(lunacoap.now() - began < 1)
    assert.are.same({ "100.000 /bye up" }, fleets.lines(central))
    assert.are.same({ stopped = 1 }, fleets.phases(one))
  end)
end)

describe("a device that is bound anew", function()
  for _, sockets in ipairs { "own", "shared" } do
    it("goes on from another port, with sockets = \"" .. sockets .. "\"", function()
      local central = fleets.central()
      local one = lunacoap.fleet { server = central.uri, sockets = sockets, start = function(device)
        for i = 1, 3 do
          device:post("/x", tostring(i))
          device:rebind()
        end
      end, resources = { ["/x"] = { get = function() return "here" end } } }
      one:start()
      while #central.log < 3 do
        lunacoap.sleep(0.01)
      end
      lunacoap.sleep(0.05)
      local ports, hosts = {}, {}
      for _, entry in ipairs(central.log) do
        ports[entry.port], hosts[entry.host] = true, true
      end
      assert.is_nil(next(hosts, next(hosts)))
      local count = 0
      for _ in pairs(ports) do count = count + 1 end
      assert.are.equal(3, count)
      assert.are.equal("2.05", (fleets.client { Timeout = 5 }.get(one.devices[1]:uri "/x")))
      one:stop()
      central.coap:Shutdown()
    end)
  end

  it_leaps("is so now and then", function(central, fleet)
    fleet { rebinds = { every = 100 }, every = { { 10, function(device) device:post "/x" end } } }:start()
    lunacoap.sleep(10000)
    local changes, last = 0, nil
    for _, entry in ipairs(central.log) do
      changes = changes + (last and entry.port ~= last and 1 or 0)
      last = entry.port
    end
    assert.is_true(changes > 60 and changes < 130, changes)
  end)
end)
