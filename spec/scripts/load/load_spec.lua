-- lunacoap.load in virtual time: when requests are sent, what is counted, and what stalls look like.
local load_test = require "lunacoap.load"
local virtual = require "spec.support.virtual"

local function near(want, got, tolerance)
  assert.is_true(math.abs(want - got) <= (tolerance or 1e-6), ("%s, not %s"):format(got, want))
end

local function after(seconds, code)
  return function(at) return at + seconds, code or "2.05" end
end

local function never() end

local function refuse(at)
  return at + 0.0001, nil, 10061, "Connection refused: coap://127.0.0.1/virtual"
end

describe("the open model", function()
  it("sends at the intended times, whatever the answers do", function()
    local world = virtual.new(never)
    local result = world:run { rate = 10, duration = 2, timeout = 5 }
    assert.are.equal(20, #world.sent)
    for i, at in ipairs(world.sent) do
      near((i - 1) / 10, at)
    end
    assert.are.same({ 20, 0, 20 }, { result.sent, result.answered, result.failed })
    assert.are.same({ count = 20, text = "timed out" }, result.failures[301])
  end)

  it("spreads the requests over its clients, one after the other", function()
    local requests = {}
    local world = virtual.new(function(at, client)
      requests[client] = (requests[client] or 0) + 1
      return at + 0.01, "2.05"
    end)
    world:run { rate = 100, duration = 1, clients = 4 }
    local counts = {}
    for _, count in pairs(requests) do
      counts[#counts + 1] = count
    end
    assert.are.same({ 25, 25, 25, 25 }, counts)
  end)

  it("counts latency from the intended time: a stall shows for all whom it kept waiting", function()
    local world = virtual.new(virtual.queue(0.001, 5, 1))
    local result = world:run { rate = 100, duration = 20 }
    assert.are.equal(2000, result.answered)
    near(0.001, result.latency:percentile(90), 1e-6)
    -- 100 of 2000 fell into the second; the 20 that waited longest are the last percent.
    near(0.82, result.latency:percentile(99), 0.03)
    near(1.001, result.latency:max(), 0.011)
  end)

  it("follows stages, and tells what rate was asked for and what came", function()
    local world = virtual.new(after(0.002))
    local result = world:run { model = "open", stages = {
      { seconds = 10, from = 0, to = 100 }, { seconds = 5, from = 100, to = 100 } } }
    assert.are.same({ 1000, 1000 }, { result.sent, result.answered })
    near(1000 / 15, result.asked)
    near(1000 / 15, result.rate, 0.1)
    near(15, result.seconds)
  end)

  it("tells what rate was asked for of the stages alone, not of the warm-up", function()
    local result = virtual.new(after(0.002)):run { model = "open", warm_up = 2,
      stages = { { seconds = 10, from = 20, to = 100 } } }
    near(60, result.asked)
  end)

  it("has random arrivals that are not those of another seed", function()
    local function sent(seed)
      math.randomseed(seed)
      local world = virtual.new(after(0.002))
      world:run { rate = 100, duration = 1, arrival = "random" }
      return world.sent
    end
    assert.are.same(sent(1), sent(1))
    assert.are_not.same(sent(1), sent(2))
  end)

  it("says when the generator itself was late, and what it did not send", function()
    local world = virtual.new(after(0.01), 0.001)
    local result = world:run { rate = 2000, duration = 2 }
    near(1000, result.sent / 2, 60)
    near(4000, result.sent + result.unsent)
    assert.is_true(result.lag:percentile(50) > 0.3)
    near(2000, result.asked)
    assert.is_true(result.rate < 1100)
  end)

  it("misses no more than the requests that it was to send", function()
    local result = virtual.new(after(0.01), 0.001):run { rate = 2000, duration = 2, requests = 3000 }
    assert.is_true(result.sent < 3000)
    assert.are.equal(3000, result.sent + result.unsent)
  end)

  it("counts what it was late itself, too: what was due was due", function()
    local world = virtual.new(after(0.01))
    local result = world:run({ rate = 100, duration = 2 }, function()
      world:later(101, function() world.at = world.at + 0.5 end)
    end)
    assert.are.equal(200, result.answered)
    near(0.51, result.latency:max(), 0.02)
    near(0.26, result.latency:percentile(87.5), 0.02) -- 50 of 200 waited
  end)

  it("is not late when it has the time", function()
    local result = virtual.new(after(0.01)):run { rate = 500, duration = 1 }
    assert.are.same({ 0, 500 }, { result.unsent, result.lag:count() })
    near(0, result.lag:max())
  end)
end)

describe("the closed model", function()
  it("keeps a window of requests outstanding for every client, and no more", function()
    local most = 0
    local world = virtual.new(function(at, client)
      most = math.max(most, client.outstanding)
      return at + 0.125, "2.05"
    end)
    local result = world:run { clients = 3, window = 4, duration = 1 }
    assert.are.equal(4, most)
    assert.are.same({ 96, 96 }, { result.sent, result.answered })
    near(96, result.rate)
    near(0.125, result.latency:percentile(50), 1e-4)
    assert.is_nil(result.asked)
  end)

  it("omits what a stall would have kept waiting", function()
    local result = virtual.new(virtual.queue(0.001, 5, 1)):run { clients = 1, duration = 20 }
    near(0.001, result.latency:percentile(99.9), 1e-6)
    near(1.001, result.latency:max(), 1e-3)
  end)

  it("has as many clients as the stages say, when they say so", function()
    local times = {}
    local world = virtual.new(function(at)
      table.insert(times, at)
      return at + 0.05, "2.05"
    end)
    world:run { stages = { { seconds = 4, from = 0, to = 8 }, { seconds = 1, from = 2, to = 2 } } }
    local function rate(from, to)
      local n = 0
      for _, at in ipairs(times) do
        n = n + (at >= from and at < to and 1 or 0)
      end
      return n / (to - from)
    end
    assert.are.equal(0, rate(0, 0.5))
    near(20, rate(0.6, 0.9), 4) -- one client, which needs 0.05 s a request
    near(60, rate(1.6, 1.9), 8)
    near(140, rate(3.6, 3.9), 8)
    near(40, rate(4.2, 4.9), 4)
  end)

  it("does not send again at once after a failure", function()
    local world = virtual.new(refuse)
    local result = world:run { clients = 2, duration = 1 }
    assert.is_true(result.failed > 100 and result.failed <= 202, result.failed)
    assert.are.same({ count = result.failed, text = "Connection refused" }, result.failures[10061])
    assert.are.same({ 0, 0 }, { result.answered, result.rate })
  end)

  it("goes on after requests that time out", function()
    local first = true
    local world = virtual.new(function(at)
      if first then
        first = false
        return nil
      end
      return at + 0.1, "2.05"
    end)
    local result = world:run { clients = 1, duration = 4, timeout = 1 }
    assert.are.equal(1, result.failures[301].count)
    near(29, result.answered, 1)
  end)
end)

describe("a load test", function()
  it("counts answers by their codes and classes", function()
    local i, codes = 0, { "2.05", "2.03", "4.04", "5.03", "4.04" }
    local result = virtual.new(function(at)
      i = i + 1
      return at + 0.001, codes[i % 5 + 1]
    end):run { rate = 100, duration = 1 }
    assert.are.same({ ["2.05"] = 20, ["2.03"] = 20, ["4.04"] = 40, ["5.03"] = 20 }, result.codes)
    assert.are.same({ 40, 40, 20, 20, 0 }, { result:responses("2.xx"), result:responses("4.xx"),
      result:responses("5.xx"), result:responses("2.03"), result:responses("2.04") })
    assert.are.same({ 100, 0 }, { result.answered, result.failed })
  end)

  for _, model in ipairs { "open", "closed" } do
    it(("does not count what began while it warmed up, %s model"):format(model), function()
      local slow = virtual.new(function(at) return at + (at < 2 and 0.5 or 0.01), "2.05" end)
      local result = slow:run { model = model, rate = model == "open" and 50 or nil, clients = 2,
        warm_up = 2, duration = 3 }
      near(0.01, result.latency:max(), 1e-4)
      near(3, result.seconds)
      assert.are.equal(model == "open" and 150 or nil, model == "open" and result.sent or nil)
      assert.are.equal(#slow.sent, result.sent + (model == "open" and 100 or 8))
      near(result.sent, result.statistics.sent, 2) -- the counters are read a moment later
    end)
  end

  it("sends the number of requests that it is told, and takes its rate from the time they took", function()
    local world = virtual.new(after(0.25))
    local result = world:run { requests = 100, clients = 5 }
    assert.are.same({ 100, 100, 100 }, { #world.sent, result.sent, result.answered })
    near(20, result.rate, 1e-3)
    result = virtual.new(after(0.001)):run { requests = 30, rate = 10 }
    assert.are.equal(30, result.answered)
    near(10, result.asked, 0.5)
  end)

  it("waits for what is outstanding at the end, but takes its rate from before", function()
    local world = virtual.new(function(at) return at < 0.95 and at + 0.001 or at + 3, "2.05" end)
    local result = world:run { rate = 100, duration = 1 }
    assert.are.same({ 100, 95 }, { result.answered, result.rate })
    near(3, result.latency:max(), 1e-3)
  end)

  it("can be stopped, and tells what was measured until then", function()
    local world = virtual.new(function(at) return at < 1 and at + 0.001 or nil, "2.05" end)
    local result = world:run({ rate = 100, duration = 10 }, function(test)
      world:later(102, function() test:stop() end)
    end)
    assert.is_true(result.interrupted)
    assert.are.equal(100, result.answered)
    near(100, result.unanswered, 2)
    near(2, result.seconds, 0.02)
    near(50, result.rate, 1)
    assert.are.equal(10, world.closed)
    assert.are.equal(0, result.unsent)
  end)

  it("tells of its progress each second", function()
    local seen = {}
    virtual.new(after(0.01)):run { rate = 100, duration = 3, warm_up = 1, on_progress = function(p)
      seen[#seen + 1] = p
    end }
    assert.is_true(#seen >= 3 and #seen <= 4)
    assert.is_true(seen[1].warming_up)
    for i, progress in ipairs(seen) do
      near(i, progress.elapsed, 0.1)
      near(100, progress.sent, 2)
      near(100, progress.answered, 3)
      near(0.01, progress.p99, 1e-4)
      assert.are.same({ 4, 100, 0 }, { progress.seconds, progress.level, progress.failed })
    end
  end)

  it("tells how much of a core it had, and how long it waited for one", function()
    local result = virtual.new(after(0.01)):run { rate = 10, duration = 1 }
    near(0.5, result.cpu)
    near(0.25, result.starved)
  end)

  it("ends with the error of a request that cannot begin, and closes its clients", function()
    local world = virtual.new(after(0.01))
    world.broken = true
    assert.has_error(function() world:run { rate = 10, clients = 3 } end, "nothing can be sent")
    assert.are.equal(3, world.closed)
  end)

  local wrong = {
    { {}, "a load test needs a uri" },
    { { uri = "coap://x", rat = 1 }, "a load test has no option 'rat'" },
    { { uri = "coap://x", rate = 0 }, "the option rate of a load test takes a number above 0, not 0" },
    { { uri = "coap://x", clients = 1.5 }, "clients of a load test takes an integer of 1 or more, not 1.5" },
    { { uri = "coap://x", model = "half" }, "model of a load test takes closed or open, not half" },
    { { uri = "coap://x", stages = {} }, "takes a list of stages, each { seconds =, from =, to = }" },
    { { uri = "coap://x", rate = 1, window = 2 }, "the open model has no window" },
    { { uri = "coap://x", model = "closed", rate = 1 }, "the closed model has no rate" },
    { { uri = "coap://x", arrival = "even" }, "the closed model has no arrival" },
    { { uri = "coap://x", model = "open" }, "the open model needs a rate, or stages" },
    { { uri = "coap://x", stages = { { seconds = 1, from = 1, to = 1 } }, duration = 1 }, "the stages tell the duration" },
    { { uri = "coap://x", stages = { { seconds = 1, from = 1, to = 1 } }, rate = 1 }, "the stages tell the rate" },
    { { uri = "coap://x", stages = { { seconds = 1, from = 1, to = 1 } }, clients = 1 },
      "the stages tell how many clients there are" },
  }
  for _, case in ipairs(wrong) do
    it("names what is wrong: " .. case[2], function()
      local ok, message = pcall(function() load_test.new(case[1]) end)
      assert.is_false(ok)
      assert.matches(case[2], message, 1, true)
      assert.matches("load_spec.lua:", message, 1, true)
    end)
  end
end)
