-- lunacoap.sensor: noise and walks follow from the device's key and the time alone, and have the
-- distributions that they promise.

local random = require "lunacoap.fleet.random"
local sensor = require("lunacoap").sensor

local KEY = random.key(42, 1, "temperature")

local function moments(n, value)
  local sum, squares, least, greatest = 0, 0, math.huge, -math.huge
  for i = 1, n do
    local x = value(i)
    sum, squares = sum + x, squares + x * x
    least, greatest = math.min(least, x), math.max(greatest, x)
  end
  return sum / n, math.sqrt(squares / n - (sum / n) ^ 2), least, greatest
end

local function near(expected, value, tolerance)
  assert.is_true(math.abs(value - expected) <= tolerance, ("%s is not near %s"):format(value, expected))
end

describe("noise", function()
  it("is spread evenly up to its amplitude, with a new value each second", function()
    local noise = sensor.noise { amplitude = 2 }
    local mean, deviation, least, greatest = moments(10000, function(t) return noise:value(t, KEY) end)
    near(0, mean, 0.05)
    near(2 / math.sqrt(3), deviation, 0.05)
    assert.is_true(least >= -2 and least < -1.9 and greatest <= 2 and greatest > 1.9)
    assert.are.equal(noise:value(7, KEY), noise:value(7.9, KEY))
    assert.are_not.equal(noise:value(7, KEY), noise:value(8, KEY))
  end)

  it("may be of a normal distribution", function()
    local noise, within = sensor.noise { deviation = 0.5 }, 0
    local mean, deviation = moments(10000, function(t)
      within = within + (math.abs(noise:value(t, KEY)) < 0.5 and 1 or 0)
      return noise:value(t, KEY)
    end)
    near(0, mean, 0.02)
    near(0.5, deviation, 0.02)
    near(0.683, within / 10000, 0.02)
  end)

  it("changes as often as it is told to", function()
    local noise = sensor.noise { amplitude = 1, every = "1m" }
    assert.are.equal(noise:value(60, KEY), noise:value(119, KEY))
    assert.are_not.equal(noise:value(119, KEY), noise:value(120, KEY))
  end)

  it("is another one on each device, and the same whenever it is read", function()
    local noise = sensor.noise { amplitude = 1 }
    local first = noise:value(100, KEY)
    assert.are_not.equal(first, noise:value(100, random.key(42, 2, "temperature")))
    noise:value(1e9, KEY)
    assert.are.equal(first, noise:value(100, KEY))
    assert.are.equal(first, sensor.noise({ amplitude = 1 }):value(100, KEY))
  end)
end)

describe("a walk", function()
  it("starts where it is told to, and moves by steps of its size", function()
    local walk = sensor.walk { start = 20, step = 0.2 }
    assert.are.equal(20, walk:value(0, KEY))
    assert.are.equal(20, walk:value(0.9, KEY))
    local mean, deviation, least, greatest = moments(20000, function(t)
      return walk:value(t, KEY) - walk:value(t - 1, KEY)
    end)
    near(0, mean, 0.01)
    near(0.2, deviation, 0.01)
    assert.is_true(least > -0.9 and greatest < 0.9)
  end)

  for _, steps in ipairs { 1, 2, 15, 16, 17, 1000, 86400 } do
    it(("goes as far in %d steps as chance has it"):format(steps), function()
      local walk = sensor.walk { start = 0, step = 1 }
      local mean, deviation = moments(4000, function(i)
        return walk:value(steps, random.key(1, i))
      end)
      near(0, mean / math.sqrt(steps), 0.06)
      near(1, deviation / math.sqrt(steps), 0.06)
    end)
  end

  it("forgets the way by which it came: what follows does not depend on what was", function()
    local walk, sum = sensor.walk { start = 0, step = 1 }, 0
    for i = 1, 4000 do
      local key = random.key(1, i)
      sum = sum + walk:value(100, key) * (walk:value(200, key) - walk:value(100, key))
    end
    near(0, sum / 4000 / 100, 0.06)
  end)

  it("is the same however often it is read, in whatever order, and after a leap", function()
    local function walk() return sensor.walk { start = 20, step = 0.5, min = 10, max = 30 } end
    local once, often = walk(), walk()
    local leap = once:value(36000, KEY)
    for t = 36000, 0, -7 do
      often:value(t, KEY)
    end
    assert.are.equal(leap, often:value(36000, KEY))
    assert.are.equal(often:value(5, KEY), once:value(5, KEY))
  end)

  it("leaps over years in no time", function()
    local walk, began = sensor.walk { start = 0, step = 1, every = "10ms" }, os.clock()
    for i = 1, 1000 do
      walk:value(1e9 + i, KEY)
    end
    assert.is_true(os.clock() - began < 1)
  end)

  it("turns round at its limits", function()
    local function extremes(limits)
      limits.start, limits.step = 20, 1
      local walk = sensor.walk(limits)
      local _, _, least, greatest = moments(5000, function(t) return walk:value(t, KEY) end)
      return least, greatest
    end
    local low, high = extremes {}
    assert.is_true(low < 10 or high > 30)
    low, high = extremes { min = 18, max = 22 }
    assert.is_true(low >= 18 and low < 18.1 and high <= 22 and high > 21.9)
    low, high = extremes { min = 19 }
    assert.is_true(low >= 19 and high > 25)
    low, high = extremes { max = 21 }
    assert.is_true(low < 15 and high <= 21)
  end)

  it("goes on steadily where it turns round", function()
    local walk = sensor.walk { start = 20, step = 0.1, min = 19.5, max = 20.5 }
    local _, _, least, greatest = moments(5000, function(t)
      return walk:value(t, KEY) - walk:value(t - 1, KEY)
    end)
    assert.is_true(least > -0.45 and greatest < 0.45)
  end)

  it("takes a step as often as it is told to", function()
    local walk = sensor.walk { start = 20, step = 1, every = "10s" }
    assert.are.equal(20, walk:value(9.9, KEY))
    assert.are_not.equal(20, walk:value(10, KEY))
    assert.are.equal(walk:value(10, KEY), walk:value(19.9, KEY))
  end)
end)
