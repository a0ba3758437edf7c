-- When each device of a fleet is started, in seconds since the beginning.

local quantity = require "lunacoap.load.quantity"
local random = require "lunacoap.fleet.random"

local M = {}

---The shapes: the time of the i-th of `count` devices that start in `over` seconds.
local shapes = {
  once = function()
    return function() return 0 end
  end,
  linear = function(ramp, count)
    return function(i) return ramp.over * (i - 1) / count end
  end,
  steps = function(ramp, count)
    return function(i) return (i - 1) * ramp.steps // count * ramp.over / ramp.steps end
  end,
  -- Arrivals at random, as many in a time as with "linear" on average. Asked for in order.
  poisson = function(ramp, count, key)
    local at = 0
    return function(i)
      at = i == 1 and 0 or at + random.exponential(key, i, ramp.over / count)
      return at
    end
  end,
}

---The names of the shapes.
M.names = { "linear", "once", "poisson", "steps" }

---@class lunacoap.fleet.Ramp
---@field over number Seconds until the last device starts; about that with "poisson".
---@field shape "linear"|"once"|"poisson"|"steps"
---@field steps? integer How many groups of devices start at once.

-- Of "steps", unless it is said.
M.STEPS = 10

-- The shapes that take time.
local GRADUAL = { linear = true, poisson = true, steps = true }

---A ramp of its notation: "30s", "30s:poisson", "30s:steps:5", or "once".
---@param text string
---@return lunacoap.fleet.Ramp? ramp
---@return string? message
function M.parse(text)
  local words = {}
  for word in (text .. ":"):gmatch("([^:]*):") do
    words[#words + 1] = word
  end
  local seconds, shape = quantity.seconds(words[1]), words[2] or "linear"
  local steps = math.tointeger(tonumber(words[3] or M.STEPS))
  if text == "once" then
    return { over = 0, shape = "once", steps = M.STEPS }
  elseif seconds and GRADUAL[shape] and #words <= (shape == "steps" and 3 or 2)
    and steps and steps > 0 then
    return { over = seconds, shape = shape, steps = steps }
  end
  return nil, ("'%s' is no ramp: write it as 30s, 30s:poisson, 30s:steps:5 or once"):format(text)
end

---A function that gives the time of each device, to be called once for each, in order.
---@param ramp lunacoap.fleet.Ramp
---@param count integer
---@param seed integer
---@return fun(i: integer): number
function M.times(ramp, count, seed)
  return shapes[ramp.shape](ramp, count, random.key(seed, "ramp"))
end

return M
