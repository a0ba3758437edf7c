-- lunacoap.fleet.report.facts and points: what follows from a result.

local facts = require "lunacoap.fleet.report.facts"
local points_of = require "lunacoap.fleet.report.points"

local function point(at, seconds, fields)
  local new = { at = at, seconds = seconds, sent = 0, answered = 0, failed = 0, errors = 0, served = 0, phases = {} }
  for name, value in pairs(fields or {}) do
    new[name] = value
  end
  return new
end

describe("of a simulation", function()
  it("bytes have three digits", function()
    assert.are.same({ "0 bytes", "1023 bytes", "1.00 KiB", "1.42 KiB", "39.3 MiB", "1.00 GiB", "-" },
      { facts.bytes(0), facts.bytes(1023), facts.bytes(1024), facts.bytes(1450), facts.bytes(41200000),
        facts.bytes(2 ^ 30), facts.bytes(nil) })
  end)

  it("spans of time have two units at most", function()
    assert.are.same({ "0 s", "0.5 s", "59.9 s", "2 min", "5 min 3 s", "60 min", "2 h", "3 h 20 min" },
      { facts.span(0), facts.span(0.5), facts.span(59.9), facts.span(120), facts.span(303), facts.span(3600),
        facts.span(7200), facts.span(12000) })
  end)

  it("phases have an order, and those that nobody is in are left out", function()
    assert.are.same({ { name = "up", count = 3 }, { name = "failed", count = 1 }, { name = "new", count = 2 } },
      facts.phases { failed = 1, new = 2, up = 3, asleep = 0 })
    assert.are.same({ "up", "waiting" }, facts.phases_of { point(0, 1, { phases = { waiting = 2 } }),
      point(1, 1, { phases = { up = 2, waiting = 0 } }) })
  end)

  it("a rest at the end of the series goes with the point before it", function()
    local series = { point(0, 2, { sent = 4 }), point(2, 2, { sent = 6, p50 = 0.1, p99 = 0.2 }),
      point(4, 0.01, { sent = 3, p99 = 0.3, phases = { up = 1 } }) }
    local points = points_of.of(series)
    assert.are.same({ 2, 9, 2, 0.1, 0.3, { up = 1 } }, { #points, points[2].sent, points[2].at, points[2].p50,
      points[2].p99, points[2].phases })
    assert.are.equal(9 / 2.01, points_of.rate(points[2], points[2].sent))
    assert.are.equal(3, #series)
    series[3].seconds = 1.5
    assert.are.equal(3, #points_of.of(series))
    assert.are.equal(1, #points_of.of { point(0, 0.01) })
  end)
end)
