-- lunacoap.sensor: the signals of a known shape at times at which their value is known.

local sensor = require("lunacoap").sensor

local function values(signal, ...)
  local list = {}
  for i, t in ipairs { ... } do
    list[i] = math.floor(signal:value(t, 1) * 1000 + 0.5) / 1000
  end
  return list
end

describe("a signal of a known shape", function()
  it("is constant", function()
    assert.are.same({ 21.5, 21.5 }, values(sensor.constant(21.5), 0, 1e9))
    assert.are.equal("integer", math.type(sensor.constant(21):value(7, 1)))
  end)

  it("is a sine, which begins at its mean and goes up", function()
    local air = sensor.sine { mean = 21, amplitude = 3, period = "1h" }
    assert.are.same({ 21, 22.5, 24, 21, 18, 21, 24 },
      values(air, 0, 300, 900, 1800, 2700, 3600, 36900))
    local later = sensor.sine { amplitude = 1, period = 60, phase = 0.25 }
    assert.are.same({ 1, 0, -1, 0, 1 }, values(later, 0, 15, 30, 45, 60))
  end)

  it("is a ramp, which stays, begins again or goes back", function()
    local function ramp(afterwards)
      return values(sensor.ramp { from = 100, to = 0, over = "10s", afterwards = afterwards },
        0, 2.5, 9, 10, 12, 20, 21, 1e6 + 1)
    end
    assert.are.same({ 100, 75, 10, 0, 0, 0, 0, 0 }, ramp())
    assert.are.same(ramp(), ramp "stay")
    assert.are.same({ 100, 75, 10, 100, 80, 100, 90, 90 }, ramp "again")
    assert.are.same({ 100, 75, 10, 0, 20, 100, 90, 90 }, ramp "back")
  end)

  it("is a square, high for its part of the period", function()
    local door = sensor.square { low = 0, high = 1, period = "1m" }
    assert.are.same({ 1, 1, 0, 0, 1, 0 }, values(door, 0, 29.9, 30, 59.9, 60, 90))
    local pump = sensor.square { low = 2, high = 5, period = 10, duty = 0.2, phase = 0.1 }
    assert.are.same({ 5, 2, 2, 5, 5, 2 }, values(pump, 0, 1, 8, 9, 10.9, 11))
    assert.are.same({ 1, 1, 1 }, values(sensor.square { low = 0, high = 1, period = 10, duty = 1 }, 0, 5, 9.9))
    assert.are.same({ 0, 0, 0 }, values(sensor.square { low = 0, high = 1, period = 10, duty = 0 }, 0, 5, 10))
  end)

  it("takes a time that is a little less than a whole number of periods for whole", function()
    local t = 0.0
    for _ = 1, 10 do
      t = t + 0.1
    end
    assert.is_true(t < 1)
    assert.are.equal(1, sensor.square({ low = 0, high = 1, period = 1 }):value(t, 1))
    assert.are.equal(5, sensor.ramp({ from = 5, to = 9, over = 1, afterwards = "again" }):value(t, 1))
  end)
end)

describe("a parameter that is a range", function()
  local random = require "lunacoap.fleet.random"

  local function of_devices(signal, t)
    local list, least, greatest = {}, math.huge, -math.huge
    for i = 1, 500 do
      list[i] = signal:value(t, random.key(42, i, "temperature"))
      least, greatest = math.min(least, list[i]), math.max(greatest, list[i])
    end
    return least, greatest, list
  end

  it("is drawn by each device for itself, anywhere in the range, and for good", function()
    local signal = sensor.constant { 18, 24 }
    local least, greatest, list = of_devices(signal, 0)
    assert.is_true(least >= 18 and least < 18.1 and greatest > 23.9 and greatest < 24)
    local _, _, later = of_devices(signal, 1e6)
    assert.are.same(list, later)
  end)

  it("is drawn apart from the other ones", function()
    local amplitudes = select(3, of_devices(sensor.ramp { from = { 0, 1 }, to = { 0, 1 }, over = 1 }, 0))
    local ends = select(3, of_devices(sensor.ramp { from = { 0, 1 }, to = { 0, 1 }, over = 1 }, 1))
    local above = 0
    for i = 1, 500 do
      above = above + (ends[i] > amplitudes[i] and 1 or 0)
    end
    assert.is_true(above > 200 and above < 300)
    -- whether another parameter is a range makes no difference
    local lone = select(3, of_devices(sensor.ramp { from = 0, to = { 0, 1 }, over = 1 }, 1))
    assert.are.same(ends, lone)
  end)

  it("may be a span of time, and the phase may be anywhere", function()
    local least, greatest = of_devices(sensor.ramp { from = 0, to = 1, over = { "10s", "1m" } }, 6)
    assert.is_true(least >= 0.1 and least < 0.105 and greatest > 0.55 and greatest <= 0.6)
    local ones = 0
    for i = 1, 500 do
      local square = sensor.square { low = 0, high = 1, period = 60, phase = "random" }
      ones = ones + square:value(0, random.key(1, i))
    end
    assert.is_true(ones > 200 and ones < 300)
  end)

  it("that has one value is that value", function()
    assert.are.equal(21, sensor.constant({ 21, 21 }):value(0, 1))
  end)
end)
