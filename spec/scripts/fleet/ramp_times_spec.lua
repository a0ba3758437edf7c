-- When each device is started.
local ramps = require "lunacoap.fleet.ramp"

local function times_of(ramp, count, seed)
  local times, at = {}, ramps.times(ramp, count, seed or 1)
  for i = 1, count do
    times[i] = at(i)
  end
  return times
end

describe("a ramp", function()
  it("all at once is over as it begins", function()
    assert.are.same({ 0, 0, 0 }, times_of({ shape = "once", over = 10 }, 3))
  end)

  it("that is linear has equal steps, and the last device starts one before the end", function()
    assert.are.same({ 0, 2.5, 5, 7.5 }, times_of({ shape = "linear", over = 10 }, 4))
    local times = times_of({ shape = "linear", over = 30 }, 50000)
    assert.are.equal(0, times[1])
    assert.are.equal(15, times[25001])
    assert.is_true(times[50000] < 30)
  end)

  it("in steps starts groups of the same size", function()
    assert.are.same({ 0, 0, 5, 5 }, times_of({ shape = "steps", over = 10, steps = 2 }, 4))
    assert.are.same({ 0, 0, 0, 5, 5 }, times_of({ shape = "steps", over = 10, steps = 2 }, 5))
    assert.are.same({ 0, 5 }, times_of({ shape = "steps", over = 10, steps = 10 }, 2))
    local sizes = {}
    for _, at in ipairs(times_of({ shape = "steps", over = 10, steps = 5 }, 10000)) do
      sizes[at] = (sizes[at] or 0) + 1
    end
    assert.are.same({ [0] = 2000, [2] = 2000, [4] = 2000, [6] = 2000, [8] = 2000 }, sizes)
  end)

  it("of Poisson arrivals takes about its time, and is another with another seed", function()
    local times = times_of({ shape = "poisson", over = 100 }, 10000)
    assert.are.equal(0, times[1])
    assert.is_true(math.abs(times[10000] - 100) < 5)
    local shorter = 0
    for i = 2, 10000 do
      local gap = times[i] - times[i - 1]
      assert.is_true(gap >= 0)
      shorter = shorter + (gap < 0.01 and 1 or 0)
    end
    -- 1 - 1/e of the gaps of a Poisson process are shorter than their mean.
    assert.is_true(math.abs(shorter / 9999 - 0.632) < 0.02)
    assert.are.same(times, times_of({ shape = "poisson", over = 100 }, 10000))
    assert.are_not.same(times, times_of({ shape = "poisson", over = 100 }, 10000, 2))
  end)

  it("of one device starts it at once, whatever its shape", function()
    for _, shape in ipairs(ramps.names) do
      assert.are.same({ 0 }, times_of({ shape = shape, over = 10, steps = 3 }, 1))
    end
  end)
end)
