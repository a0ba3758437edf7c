-- Signals at random: noise and walks. Each has its parameters (parameters.lua), a check of them
-- together, and its value, of a device's own parameters, the time, and the numbers of its stream.

local parameters = require "lunacoap.sensor.parameters"
local random = require "lunacoap.fleet.random"
local steps = require "lunacoap.sensor.steps"

local M = {}

local sqrt = math.sqrt

-- ---- Noise --------------------------------------------------------------------------------------

-- A number of the normal distribution, of two of the stream (Box and Muller 1958).
local function normal(key, n)
  local radius = sqrt(-2 * math.log(1 - random.number(key, n)))
  return radius * math.cos(2 * math.pi * random.number(key, n + 1))
end

M.noise = {
  parameters = {
    { "amplitude", "size", optional = true },
    { "deviation", "size", optional = true },
    { "every", "period", default = 1 },
  },
  check = function(what, values)
    if (values.amplitude == nil) == (values.deviation == nil) then
      parameters.fail("%s takes amplitude, for values evenly between -amplitude and amplitude, or "
        .. "deviation, for those of a normal distribution: one of them", what)
    end
  end,
  value = function(own, t, key, place)
    local n = steps.whole(t / own.every)
    if own.amplitude then
      return own.amplitude * (2 * random.number(key, place + n) - 1)
    end
    return own.deviation * normal(key, place + 2 * n)
  end,
}

-- ---- Walks --------------------------------------------------------------------------------------

local SPREAD = sqrt(12) -- Numbers that are spread evenly over this have the standard deviation 1.

local function throw(key, n)
  return SPREAD * (random.number(key, n) - 0.5)
end

-- Where a random walk from 0 with steps of the standard deviation 1 is after n steps, without going
-- them: its places after 1, 16, 256 ... steps up to n, and then those in the middle between two
-- that are known, each with as much chance as the steps in between would bring (Brownian motion, as
-- Paul Levy constructs it). The place after i steps takes the i-th number of the stream, so that
-- the walk is the same whichever of its places are asked for.
local function walked(key, place, n)
  if n < 1 then
    return 0.0
  end
  local low, high, from, to = 0, 1, 0.0, throw(key, place + 1)
  while high <= n do
    low, high, from = high, 16 * high, to
    to = from + sqrt(high - low) * throw(key, place + high)
  end
  while low < n do
    local middle = (low + high) // 2
    local part, width = (middle - low) / (high - low), high - middle
    local between = from + (to - from) * part + sqrt(part * width) * throw(key, place + middle)
    if n < middle then
      high, to = middle, between
    else
      low, from = middle, between
    end
  end
  return from
end

-- A walk without limits, as mirrors at the limits show it.
local function reflected(x, min, max)
  if min and max then
    local width = max - min
    return max - math.abs(width - (x - min) % (2 * width))
  elseif min then
    return min + math.abs(x - min)
  elseif max then
    return max - math.abs(max - x)
  end
  return x
end

M.walk = {
  parameters = {
    { "start", "number" },
    { "step", "size" },
    { "min", "number", optional = true },
    { "max", "number", optional = true },
    { "every", "period", default = 1 },
  },
  check = function(what, values)
    parameters.check_order(what, values, "min", "max")
    local low, high = parameters.limits(values.start)
    local _, min = parameters.limits(values.min or -math.huge)
    local max = parameters.limits(values.max or math.huge)
    if low < min or high > max then
      parameters.fail("start of %s has to lie within min and max", what)
    end
  end,
  value = function(own, t, key, place)
    local far = own.step * walked(key, place, steps.whole(t / own.every))
    return reflected(own.start + far, own.min, own.max)
  end,
}

return M
