-- lunacoap.load.report: what people and programs read of a load test.
local json = require("lunacoap").json
local report = require "lunacoap.load.report"
local threshold = require "lunacoap.load.threshold"
local virtual = require "spec.support.virtual"

-- Every tenth request fails, every fifth of the others gets 4.04.
local function mixed()
  local i = 0
  return function(at)
    i = i + 1
    if i % 10 == 0 then
      return at + 0.5, nil, 704, "Message transmission timed out: coap://x"
    end
    return at + i % 10 / 1000, i % 5 == 0 and "4.04" or "2.05"
  end
end

local function judge(result, ...)
  local list = {}
  for i, text in ipairs { ... } do
    list[i] = assert(threshold.parse(text))
  end
  return report.judge(list, result)
end

local function shows(text, ...)
  for _, piece in ipairs { ... } do
    assert.matches(piece, text, 1, true)
  end
end

describe("the report of a load test", function()
  it("shows what was asked, what became of it, and how long it took", function()
    local result = virtual.new(mixed()):run { rate = 100, duration = 10, warm_up = 1, clients = 3 }
    shows(report.text(result, {}), [[
GET coap://127.0.0.1/virtual
open model, 100 requests/s for 10 s, evenly, over 3 clients, after 1 s of warm-up

requests, in 10 s:
  sent    1000
  2.xx     800  80 %  800 x 2.05 Content
  4.xx     100  10 %  100 x 4.04 Not Found
  5.xx       0   0 %
  failed   100  10 %  704: Message transmission timed out

latency, from when a request was due to its answer:
  min    1.00 ms
  mean   5.00 ms
  p50    5.00 ms
  p90    9.00 ms
  p95    9.00 ms
  p99    9.00 ms
  p99.9  9.00 ms
  max    9.00 ms

rate       90 answers/s of 100 asked
]])
  end)

  it("says of the closed model that it shows service time", function()
    local text = report.text(virtual.new(mixed()):run { clients = 2, window = 3, duration = 5 }, {})
    shows(text, "closed model, 2 clients for 5 s with 3 requests outstanding each",
      "service time, from sending to the answer; it tells nothing of what a stall holds back:")
    assert.is_nil(text:find("asked", 1, true))
  end)

  it("shows stages", function()
    local text = report.text(virtual.new(mixed()):run { model = "open", arrival = "random",
      stages = { { seconds = 1, from = 10, to = 20.5 }, { seconds = 2, from = 5, to = 5 } } }, {})
    shows(text, "open model, 10 to 20.5 requests/s for 1 s, 5 requests/s for 2 s, at random times, over")
  end)

  it("shows each threshold with what was measured", function()
    local result = virtual.new(mixed()):run { rate = 100, duration = 10 }
    local judged, all = judge(result, "p99<5ms", "failures<=10%", "rate>=89")
    assert.is_false(all)
    shows(report.text(result, judged), [[
thresholds:
  FAIL  p99<5ms        9.00 ms
  pass  failures<=10%     10 %
  pass  rate>=89          90/s
]])
    assert.is_true(select(2, judge(result, "p99<10ms")))
  end)

  it("says loudly when the generator was too slow, too late, or had no time left", function()
    local function warning(result)
      local list = report.warnings(result)
      assert.is_true(#list <= 1)
      return list[1] and report.text(result, {}):find("WARNING: " .. list[1], 1, true) and list[1]
    end
    local function quick(at) return at + 0.01, "2.05" end
    shows(warning(virtual.new(quick, 0.001):run { rate = 2000, duration = 1 }),
      "could not keep up with the rate: ", "requests that were due were not sent")
    local late = virtual.new(quick)
    local result = late:run({ rate = 100, duration = 1 }, function()
      late:later(100.5, function() late.at = late.at + 0.2 end)
    end)
    shows(warning(result), "sent 1 % of the requests", "late or more")
    result = virtual.new(quick):run { duration = 1 }
    assert.is_nil(warning(result))
    result.cpu, result.starved = 0.7, 0.29
    shows(warning(result),
      "had no time left: it had 70 % of a core, and waited for one 29 % of the time.")
    assert.is_nil(warning(virtual.new(quick):run { rate = 100, duration = 1 }))
    -- Late, but by little of what the answers take.
    assert.is_nil(warning(virtual.new(function(at) return at + 1, "2.05" end, 0.0036):run { rate = 300, duration = 1 }))
    assert.is_nil(warning(virtual.new(virtual.queue(0.001, 0.5, 0.3)):run { rate = 100, duration = 1 }))
  end)

  it("shows what was not answered when it was stopped, and that nothing was", function()
    local world = virtual.new(function() end)
    local result = world:run({ rate = 10, duration = 10 }, function(test)
      world:later(101.05, function() test:stop() end)
    end)
    shows(report.text(result, {}), "requests, in 1.0", "\n  open  11    not answered when it ended\n",
      "\nno answers\n")
  end)

  it("is JSON for programs", function()
    local result = virtual.new(mixed()):run { rate = 100, duration = 10 }
    local plain = json.decode(assert(json.encode(report.plain(result, (judge(result, "p99<5ms"))))))
    assert.are.same({ 1000, 900, 100, 0, 0 }, { plain.sent, plain.answered, plain.failed,
      plain.unanswered, plain.unsent })
    assert.are.same({ ["2.05"] = 800, ["4.04"] = 100 }, plain.codes)
    assert.are.same({ ["2.xx"] = 800, ["4.xx"] = 100, ["5.xx"] = 0 }, plain.classes)
    assert.are.same({ ["704"] = { count = 100, text = "Message transmission timed out" } }, plain.failures)
    assert.are.same({ "coap://127.0.0.1/virtual", "open", "even", 10, 100 }, { plain.uri, plain.model,
      plain.arrival, plain.clients, plain.asked })
    assert.are.same({ { seconds = 10, from = 100, to = 100 } }, plain.stages)
    assert.is_true(math.abs(plain.latency.p99 - 0.009) < 1e-5 and plain.latency["p99.9"] > 0)
    assert.are.equal(false, plain.thresholds[1].passed)
    assert.are.equal("p99<5ms", plain.thresholds[1].threshold)
    assert.is_nil(plain.warnings)
  end)

  it("is JSON without an answer, and without an end of the schedule", function()
    local result = virtual.new(function() end):run { requests = 5, timeout = 1 }
    local plain = json.decode(assert(json.encode(report.plain(result, {}))))
    assert.are.same({ {}, 5 }, { plain.latency, plain.failed })
  end)

  it("is CSV of its buckets, which add up", function()
    local result = virtual.new(mixed()):run { rate = 100, duration = 10 }
    local lines, sum, last = {}, 0, nil
    for line in report.csv(result.latency):gmatch("[^\n]+") do
      lines[#lines + 1] = line
      local low, high, count, percent = line:match("^([%d.]+),([%d.]+),(%d+),([%d.]+)$")
      if low then
        assert.is_true(tonumber(low) <= tonumber(high))
        sum, last = sum + count, percent
      end
    end
    assert.are.equal("from,to,count,percent", lines[1])
    assert.are.same({ 900, 100 }, { sum, tonumber(last) })
  end)
end)
