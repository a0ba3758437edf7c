-- How the start of a fleet's devices is spread over time, and how that is written.
local lunacoap = require "lunacoap"
local plans = require "lunacoap.fleet.plan"
local ramps = require "lunacoap.fleet.ramp"

local function times(ramp, count, seed)
  local at, list = ramps.times(ramp, count, seed or 1), {}
  for i = 1, count do
    list[i] = at(i)
  end
  return list
end

describe("a ramp", function()
  local NOTATIONS = {
    ["30s"] = { over = 30, shape = "linear", steps = 10 },
    ["1.5m:linear"] = { over = 90, shape = "linear", steps = 10 },
    ["30"] = { over = 30, shape = "linear", steps = 10 },
    ["500ms:poisson"] = { over = 0.5, shape = "poisson", steps = 10 },
    ["30s:steps"] = { over = 30, shape = "steps", steps = 10 },
    ["30s:steps:4"] = { over = 30, shape = "steps", steps = 4 },
    once = { over = 0, shape = "once", steps = 10 },
  }
  for text, ramp in pairs(NOTATIONS) do
    it(("is written as '%s'"):format(text), function()
      assert.are.same(ramp, (ramps.parse(text)))
      assert.are.same(ramp, plans.new({ ramp = text }).ramp)
    end)
  end

  for _, text in ipairs { "", "soon", "30s:", "30s:bends", "30s:steps:0", "30s:steps:x", "30s:steps:2.5",
    "30s:steps:4:5", "30s:linear:4", "30s:once", "once:30s", ":steps", "30y" } do
    it(("is not written as '%s'"):format(text), function()
      local message = ("'%s' is no ramp: write it as 30s, 30s:poisson, 30s:steps:5 or once"):format(text)
      assert.are.same({ nil, message }, { ramps.parse(text) })
      assert.has_error(function() lunacoap.fleet { ramp = text } end)
      local ok, err = pcall(plans.new, { ramp = text })
      assert.are.same({ false, "the device's ramp: " .. message }, { ok, tostring(err) })
    end)
  end

  it("starts devices evenly, in groups, all at once, or as they come", function()
    assert.are.same({ 0.0, 2.5, 5.0, 7.5 }, times(ramps.parse "10s", 4))
    assert.are.same({ 0.0, 0.0, 5.0, 5.0 }, times(ramps.parse "10s:steps:2", 4))
    assert.are.same({ 0, 0, 0 }, times(ramps.parse "once", 3))
    local arrivals = times(ramps.parse "100s:poisson", 1000)
    assert.is_true(arrivals[1000] > 85 and arrivals[1000] < 115, arrivals[1000])
    assert.are.same(arrivals, times(ramps.parse "100s:poisson", 1000))
    assert.are_not.same(arrivals, times(ramps.parse "100s:poisson", 1000, 2))
  end)
end)
