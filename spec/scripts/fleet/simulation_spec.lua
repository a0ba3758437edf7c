-- A simulation: fleets that run for some time and are counted together.
local lunacoap = require "lunacoap"
local simulations = require "lunacoap.fleet.simulation"

-- A meter that reports to a server of the same virtual network once a second.
local function meter(fields)
  local init = {
    name = "meter-{index}", settings = { LocalHost = "127.0.0.1" },
    every = { { "1s", function(device)
      device:post("/report", ("%s %d"):format(device.name, device:random(1, 1000)))
    end } },
  }
  for name, value in pairs(fields or {}) do
    init[name] = value
  end
  return init
end

-- Runs a simulation in virtual time, beside a server that keeps what it is told and when.
local function simulate(definitions, options)
  return lunacoap.virtual(function()
    local told, times, began = {}, {}, lunacoap.now()
    local _ <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = 5683, Listening = true,
      OnRequest = function(coap, e)
        table.insert(told, coap.RequestData)
        table.insert(times, lunacoap.now() - began)
        coap.ResponseCode = "2.04"
      end }
    options.server = options.server or "coap://127.0.0.1"
    return simulations.new(definitions, options):run(), told, times
  end)
end

describe("a simulation", function()
  it("tells how it goes once a second, however long the rows of its series are", function()
    local elapsed, sent, rate = {}, 0, nil
    local result = simulate(meter { count = 5 }, { seconds = 1200, on_progress = function(progress)
      table.insert(elapsed, math.floor(progress.elapsed + 0.5))
      sent, rate = sent + progress.sent, progress.sent
      assert.is_true(progress.errors == 0 and progress.failed == 0)
    end })
    assert.are.same({ 1, 2, 3, 4 }, table.move(elapsed, 1, 4, 1, {}))
    assert.is_true(#elapsed >= 1199 and #elapsed <= 1200, #elapsed)
    assert.are.equal(5, math.floor(rate + 0.5))
    assert.is_true(#result.series > 250 and #result.series <= 301, #result.series)
    local in_series = 0
    for _, row in ipairs(result.series) do
      in_series = in_series + row.sent
      assert.are.equal(5, row.phases.up)
    end
    assert.are.equal(result.sent, in_series)
    assert.is_true(result.sent >= 5990 and result.sent <= 6000, result.sent)
    assert.is_true(math.abs(sent - result.sent) < 10, sent)
  end)

  it("repeats what its devices do with the same seed, and with another does otherwise", function()
    local definitions = { meter { count = 4, every = { { "1s", meter().every[1][2], jitter = 0.2 } } },
      meter { name = "other-{index}", count = 2, ramp = "3s:poisson" } }
    local function told_with(seed)
      return select(2, simulate(definitions, { seconds = 20, seed = seed }))
    end
    local first, first_times = told_with(7)
    local second, second_times = told_with(7)
    assert.is_true(#first > 80, #first)
    assert.are.same(first, second)
    for i, time in ipairs(first_times) do
      assert.is_true(math.abs(time - second_times[i]) < 1e-4, i) -- clocks begin anywhere
    end
    assert.are_not.same(first, (told_with(8)))
  end)

  it("has a number, a seed, a ramp and a server for all devices, in place of their own", function()
    local definitions = { meter { count = 30, seed = 3, ramp = "once", server = "coap://127.0.0.9" }, meter { count = 10 } }
    local result = simulate(definitions, { count = 8, seed = 5, ramp = "4s:steps:2", seconds = 10,
      server = "coap://127.0.0.1" })
    assert.are.same({ 8, 5, 2, 0 }, { result.count, result.seed, result.started_in, result.failed })
    assert.is_true(result.answered > 50)
    assert.are.same({ 30, 3 }, { definitions[1].count, definitions[1].seed }) -- which stay as they were
  end)

  it("has one device of each kind at least, however few there are", function()
    local definitions = { meter { count = 1 }, meter { count = 1000 }, meter { count = 1 } }
    local counts = {}
    for _, total in ipairs { 3, 10 } do
      for i, fleet in ipairs(simulations.new(definitions, { count = total }).fleets) do
        counts[i] = (counts[i] and counts[i] .. " " or "") .. fleet.plan.count
      end
    end
    assert.are.same({ "1 1", "1 8", "1 1" }, counts)
    local ok, err = pcall(simulations.new, definitions, { count = 2 })
    assert.are.same({ false, "2 devices are too few for 3 kinds" }, { ok, err })
  end)

  it("gives devices that share a socket an address each, of whatever kind they are", function()
    local result = simulate({ meter { count = 3, sockets = "shared", port = 5700, settings = {} },
      meter { name = "other-{index}", count = 2, sockets = "shared", port = 5700, settings = {} } }, { seconds = 1 })
    assert.are.same({ up = 5 }, result.phases)
  end)

  it("stops its devices when what it calls raises, and keeps no datagrams any more", function()
    local stopped, kept = 0, lunacoap.capture.keep(0)
    local definition = meter { count = 3, stop = function() stopped = stopped + 1 end }
    for i, name in ipairs { "on_progress", "on_stop" } do
      local ok, err = pcall(simulate, definition, { seconds = 3, ladders = true, [name] = function() error("oh", 0) end })
      assert.is_false(ok)
      assert.matches("oh", tostring(err))
      assert.are.equal(3 * i, stopped)
    end
    assert.are.equal(0, lunacoap.capture.keep(kept))
  end)

  it("ends at once when it is to stop", function()
    lunacoap.virtual(function()
      local simulation, began = simulations.new(meter {}, { server = "coap://127.0.0.1" }), lunacoap.now()
      lunacoap.timer(0.4567, nil, function() simulation:stop() end)
      assert.is_true(simulation:run().interrupted)
      assert.is_true(math.abs(lunacoap.now() - began - 0.4567) < 0.01)
    end)
  end)

  it("tells of each device that fails, and when they are stopped", function()
    local told = {}
    local result = simulate(meter { count = 3, start = function(device)
      if device.index > 1 then
        error "is broken"
      end
    end, stop = function(device) table.insert(told, device.name) end }, {
      seconds = 3,
      on_failed = function(device, text) table.insert(told, device.name .. text:match ": .*") end,
      on_stop = function() table.insert(told, "stop") end,
    })
    assert.are.same({ "meter-2: is broken", "meter-3: is broken", "stop", "meter-1" }, told)
    assert.are.same({ up = 1, failed = 2 }, result.phases)
  end)
end)
