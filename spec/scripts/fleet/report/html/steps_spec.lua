-- lunacoap.fleet.report.html.steps: curves that hold for an interval each.

local steps = require "lunacoap.fleet.report.html.steps"

-- Ten units a second to the right, one a unit upwards.
local frame = { bottom = 100, x = function(at) return 10 * at end, y = function(v) return 100 - v end }

local function points(...)
  local list = {}
  for i, value in ipairs { ... } do
    list[i] = { at = i - 1, seconds = 1, value = value or nil }
  end
  return list
end

local function value(point)
  return point.value
end

describe("a curve of steps", function()
  it("goes to each level at the beginning of its interval, and on to the end of the last one", function()
    assert.are.equal("M0 95H10V80H20V90.5H30", steps.line(points(5, 20, 9.5), value, frame))
  end)

  it("draws one interval", function()
    assert.are.equal("M0 95H10", steps.line(points(5), value, frame))
  end)

  it("writes a level that stays once", function()
    assert.are.equal("M0 95H30", steps.line(points(5, 5, 5), value, frame))
  end)

  it("is broken where there is no value, and where intervals do not follow each other", function()
    assert.are.equal("M0 95H10M20 93H30", steps.line(points(5, false, 7), value, frame))
    local apart = points(5, 7)
    apart[2].at = 3
    assert.are.equal("M0 95H10M30 93H40", steps.line(apart, value, frame))
    assert.are.equal("", steps.line(points(false, false), value, frame))
    assert.are.equal("", steps.line({}, value, frame))
  end)

  it("goes around an area, each run down to the bottom", function()
    assert.are.equal("M0 95H10V90H20V100H0Z", steps.area(points(5, 10), value, frame))
    assert.are.equal("M0 95H10V100H0ZM20 93H30V100H20Z", steps.area(points(5, false, 7), value, frame))
  end)
end)
