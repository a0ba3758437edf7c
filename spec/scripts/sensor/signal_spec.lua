-- lunacoap.sensor: signals made of others, of functions, and in scripts without a fleet.

local lunacoap = require "lunacoap"
local random = require "lunacoap.fleet.random"

local sensor = lunacoap.sensor
local KEY = random.key(42, 1, "temperature")

describe("signals", function()
  local ramp = sensor.ramp { from = 0, to = 100, over = 100 }

  it("go together with each other and with numbers", function()
    local other = sensor.constant(5)
    for _, case in ipairs {
      { ramp + other, 15 }, { ramp - other, 5 }, { ramp * other, 50 }, { ramp / other, 2 }, { -ramp, -10 },
      { ramp + 1, 11 }, { 1 + ramp, 11 }, { 1 - ramp, -9 }, { 2 * ramp - 1, 19 }, { 20 / ramp, 2 },
      { -(ramp + other) * 2, -30 },
    } do
      assert.are.equal(case[2], case[1]:value(10, KEY))
    end
  end)

  it("may be rounded, held within limits, and mapped", function()
    local third = sensor.constant(100) / 3
    assert.are.equal(33.3, third:rounded(1):value(0, KEY))
    assert.are.equal(33.333, third:rounded(3):value(0, KEY))
    assert.are.equal(-33.3, (-third):rounded(1):value(0, KEY))
    assert.are.equal(33, third:rounded():value(0, KEY))
    assert.are.equal("integer", math.type(third:rounded():value(0, KEY)))
    local held = ramp:clamped(20, 40)
    assert.are.same({ 20, 30, 40 }, { held:value(5, KEY), held:value(30, KEY), held:value(50, KEY) })
    local state = ramp:map(function(x) return x > 50 and "hot" or "ok" end)
    assert.are.same({ "ok", "hot" }, { state:value(50, KEY), state:value(51, KEY) })
  end)

  it("that are two are independent, and one that is written twice is one", function()
    local function noise() return sensor.noise { amplitude = 1 } end
    assert.are_not.equal(0, (noise() - noise()):value(1, KEY))
    local one = noise()
    assert.are.equal(0, (one - one):value(1, KEY))
    assert.are.equal(0, (one + noise() - one):value(1, KEY) - (one * 0 + noise()):value(1, KEY))
    local function walk() return sensor.walk { start = 0, step = 1 } end
    assert.are_not.equal(0, (walk() - walk()):value(100, KEY))
    local range = sensor.constant { 0, 1 } - sensor.constant { 0, 1 }
    assert.are_not.equal(0, range:value(0, KEY))
  end)

  it("have the same values in every process", function()
    -- written down once: a new version must not change what a seed means
    local signal = sensor.sine { mean = { 18, 24 }, amplitude = 2, period = "24h", phase = "random" }
      + sensor.walk { start = 0, step = 0.1, min = -2, max = 2 } + sensor.noise { deviation = 0.2 }
    assert.are.equal("21.598207 21.837565", ("%.6f %.6f"):format(signal:value(0, KEY), signal:value(3600, KEY)))
  end)

  it("share no state: a device keeps nothing", function()
    local signal = sensor.walk { start = { 0, 5 }, step = 0.1 } + sensor.noise { amplitude = { 1, 2 } }
    local first = {}
    for i = 1, 100 do
      first[i] = signal:value(i, random.key(1, i))
    end
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for i = 1, 10000 do
      signal:value(i, random.key(2, i))
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 10)
    for i = 1, 100 do
      assert.are.equal(first[i], signal:value(i, random.key(1, i)))
    end
  end)
end)

describe("a signal of a function", function()
  it("gets the time", function()
    assert.are.equal(14, sensor.of(function(t) return 2 * t end):value(7, KEY))
    assert.are.equal(false, sensor.of(function() return false end):value(7, KEY))
  end)

  it("gets random numbers of the device's own, one for each name", function()
    local signal = sensor.of(function(t, number)
      return { number "a", number("a"), number("b", 5, 6), number(t / 60), number(-1) }
    end)
    local a, again, b, minute, last = table.unpack(signal:value(30, KEY))
    assert.are.equal(a, again)
    assert.is_true(a >= 0 and a < 1 and b >= 5 and b < 6)
    assert.are_not.equal(a, b - 5)
    assert.are_not.equal(minute, last)
    local _, _, _, same, constant = table.unpack(signal:value(59, KEY))
    assert.are.same({ minute, last }, { same, constant })
    assert.are_not.equal(minute, signal:value(60, KEY)[4])
    assert.are_not.equal(a, signal:value(30, random.key(1))[1])
  end)

  it("gets other numbers than the signals beside it", function()
    local function own() return sensor.of(function(_, number) return number "a" + number(1) end) end
    assert.are_not.equal(0, (own() - own()):value(1, KEY))
  end)

  it("raises when the function returns nothing", function()
    assert.has_error(function() sensor.of(function() end):value(0, KEY) end,
      "a sensor's function has returned nothing")
  end)

  it("may be a number, a range, or a signal already", function()
    assert.are.equal(5, sensor.of(5):value(0, KEY))
    local value = sensor.of({ 5, 6 }):value(0, KEY)
    assert.is_true(value >= 5 and value < 6)
    local signal = sensor.constant(1)
    assert.are.equal(signal, sensor.of(signal))
  end)
end)

describe("a signal that was started", function()
  it("has its value now, in virtual time too", function()
    lunacoap.virtual(function()
      lunacoap.sleep(5)
      local now = sensor.ramp({ from = 0, to = 100, over = 100 }):start()
      assert.are.equal(0, now())
      lunacoap.sleep(10)
      assert.are.equal(10, math.floor(now() + 0.001))
      lunacoap.sleep(3600)
      assert.are.equal(100, now())
    end)
  end)

  it("follows from the seed and from what tells it from others", function()
    lunacoap.virtual(function()
      local signal = sensor.walk { start = { 0, 100 }, step = 1 }
      local first, same, one = signal:start(42, "attic"), signal:start(42, "attic"), signal:start()
      local another, elsewhere, default = signal:start(43, "attic"), signal:start(42, "cellar"), signal:start(1)
      for _ = 1, 5 do
        lunacoap.sleep(10)
        assert.are.equal(first(), same())
        assert.are_not.equal(first(), another())
        assert.are_not.equal(first(), elsewhere())
        assert.are.equal(one(), default())
      end
      assert.are.equal(signal:value(50, random.key(42, "attic")), first())
    end)
  end)
end)
