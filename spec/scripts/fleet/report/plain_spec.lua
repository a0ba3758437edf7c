-- lunacoap.fleet.report.plain: what programs read of a simulation.

local json = require("lunacoap").json
local load_report = require "lunacoap.load.report"
local plain = require "lunacoap.fleet.report.plain"
local simulation = require "spec.support.simulation"
local threshold = require "lunacoap.load.threshold"

local function through_json(result, judged)
  return json.decode(assert(json.encode(plain.of(result, judged or {}))))
end

describe("a simulation for programs", function()
  it("has the figures of the result, times in seconds", function()
    local result = simulation.result { outage = { 20, 30 }, ladders = 2 }
    local judged = load_report.judge({ assert(threshold.parse "p99<5ms") }, result)
    local got = through_json(result, judged)
    for _, name in ipairs { "title", "command", "seed", "count", "seconds", "began", "interrupted", "started_in",
      "sent", "answered", "failed", "codes", "rate", "served", "served_codes", "notifications", "notified",
      "phases", "failed_devices", "memory", "cpu", "starved" } do
      assert.are.same(result[name], got[name], name)
    end
    assert.are.same(result.statistics, got.messages)
    assert.are.same({ ["704"] = result.failures[704] }, got.failures)
    assert.is_true(math.abs(got.latency.p99 - result.latency:percentile(99)) < 1e-9)
    assert.are.same({ #result.series, result.series[25].failed, result.series[25].phases },
      { #got.series, got.series[25].failed, got.series[25].phases })
    assert.are.same({ result.ladders[2].text, 0 }, { got.ladders[2].text, got.unanswered })
    assert.are.same({ "p99<5ms", false }, { got.thresholds[1].threshold, got.thresholds[1].passed })
  end)

  it("leaves out what there is nothing of", function()
    local result = simulation.result { rate = 0, seconds = 0, points = 0 }
    result.rate, result.ladders, result.command = 0 / 0, nil, nil
    local got = through_json(result)
    for _, name in ipairs { "troubles", "ladders", "thresholds", "warnings", "rate", "command" } do
      assert.is_nil(got[name], name)
    end
    assert.are.same({}, got.latency)
  end)

  it("is JSON whatever bytes devices and servers send, and leaves the result alone", function()
    local result = simulation.hostile("\xff\0\27")
    local got = through_json(result)
    assert.are.equal("\\xff\\x00\\x1b", got.failed_devices[1].name)
    assert.are.equal(1, got.phases["\\xff\\x00\\x1b"])
    assert.are.equal("\xff\0\27", result.failed_devices[1].name)
  end)
end)
