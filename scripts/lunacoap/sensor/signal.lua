-- Signals: values over time, described once for all devices. A signal keeps no state of a device: a
-- value follows from the time and the device's key alone, whenever and however often it is read.

local lunacoap = require "lunacoap"
local parameters = require "lunacoap.sensor.parameters"
local random = require "lunacoap.fleet.random"

local fail, shown = parameters.fail, parameters.shown

---@class lunacoap.Signal
---@operator add(lunacoap.Signal|number): lunacoap.Signal
---@operator sub(lunacoap.Signal|number): lunacoap.Signal
---@operator mul(lunacoap.Signal|number): lunacoap.Signal
---@operator div(lunacoap.Signal|number): lunacoap.Signal
---@operator unm: lunacoap.Signal
---@field private bind fun(parts: table): fun(t: number, key: integer): any
---@field private bound? fun(t: number, key: integer): any
local Signal = {}
Signal.__index = Signal
Signal.__name = "lunacoap.Signal"

local M = {}

---Has errors without a place raised again in the line that called f.
---@generic F: function
---@param f F
---@return F
function M.raising_in_caller(f)
  return function(...)
    local ok, result = pcall(f, ...)
    if not ok then
      error(result, 2)
    end
    return result
  end
end

---Whether it is a signal: by the class's name, for a module that was loaded twice has two classes.
---@param x any
---@return boolean
function M.is_signal(x)
  local class = getmetatable(x)
  return type(class) == "table" and rawget(class, "__name") == Signal.__name
end

-- `bind(parts)` gives the function of time and key; see M.source for the parts.
local function new(bind)
  return setmetatable({ bind = bind }, Signal)
end

-- ---- Sources ------------------------------------------------------------------------------------

-- Numbers of a device's stream that one source has for itself.
local PART = 1 << 48

-- The place of a source's part in the stream. The sources of a signal are numbered in the order in
-- which they are written, so that each has its own numbers, and the same source, written twice, the
-- same ones.
local function part_of(parts, source)
  if not parts[source] then
    parts.count = (parts.count or 0) + 1
    parts[source] = parts.count * PART
  end
  return parts[source]
end

---A signal that is not made of others.
---@param compute fun(own: table, t: number, key: integer, place: integer): any The numbers of the
---device's stream from `place` on are its own.
---@param own? table<string, any> The parameters.
---@param ranges? lunacoap.sensor.Range[] Those of them that each device draws for itself.
---@return lunacoap.Signal
function M.source(compute, own, ranges)
  own, ranges = own or {}, ranges or {}
  local source
  source = new(function(parts)
    local place = part_of(parts, source)
    return function(t, key)
      -- One table serves all devices, one after the other: no value waits while it is computed.
      for i = 1, #ranges do
        local range = ranges[i]
        own[range.name] = random.between(key, place - range.place, range.low, range.high)
      end
      return compute(own, t, key, place)
    end
  end)
  return source
end

---The value of the signal for one device.
---@param t number Seconds since the device started.
---@param key integer Of the device's random stream for this signal (lunacoap.fleet.random).
---@return any value A number, or what a replayed column or a function has.
function Signal:value(t, key)
  local bound = self.bound
  if not bound then
    bound = self.bind {}
    self.bound = bound
  end
  return bound(t, key)
end

---Starts the signal for a script without a fleet.
---@param seed? integer 1 by default; the same seed gives the same values.
---@param ... integer|string What tells this one from others with the same seed, such as a name.
---@return fun(): any now Its value now.
function Signal:start(seed, ...)
  if math.type(seed or 1) ~= "integer" then
    error(("start takes a seed, which is an integer, not %s"):format(shown(seed)), 2)
  end
  for _, part in ipairs { ... } do
    if math.type(part) ~= "integer" and type(part) ~= "string" then
      error("start takes integers and texts to tell it from others, not " .. shown(part), 2)
    end
  end
  local key, began = random.key(seed or 1, ...), lunacoap.now()
  return function()
    return self:value(lunacoap.now() - began, key)
  end
end

-- ---- Made of others -----------------------------------------------------------------------------

local function bind(operand, parts)
  if M.is_signal(operand) then
    return operand.bind(parts)
  end
  return function() return operand end
end

local function operator(operate)
  return M.raising_in_caller(function(a, b)
    for _, operand in ipairs { a, b } do
      if not M.is_signal(operand) and type(operand) ~= "number" then
        fail("a signal goes together with signals and numbers, not with %s", shown(operand))
      end
    end
    return new(function(parts)
      local left, right = bind(a, parts), bind(b, parts)
      return function(t, key)
        return operate(left(t, key), right(t, key))
      end
    end)
  end)
end

Signal.__add = operator(function(a, b) return a + b end)
Signal.__sub = operator(function(a, b) return a - b end)
Signal.__mul = operator(function(a, b) return a * b end)
Signal.__div = operator(function(a, b) return a / b end)

function Signal:__unm()
  return self:map(function(value) return -value end)
end

---A signal whose values a function makes of this one's.
---@param f fun(value: any): any
---@return lunacoap.Signal
function Signal:map(f)
  if type(f) ~= "function" then
    error(("map takes a function, not %s"):format(shown(f)), 2)
  end
  return new(function(parts)
    local inner = self.bind(parts)
    return function(t, key)
      return f(inner(t, key))
    end
  end)
end

---Rounded to some decimals.
---@param digits? integer Without them to whole numbers, which are integers then.
---@return lunacoap.Signal
function Signal:rounded(digits)
  digits = digits or 0
  if math.type(digits) ~= "integer" or digits < 0 or digits > 9 then
    error(("rounded takes 0 to 9 decimals, not %s"):format(shown(digits)), 2)
  end
  local scale, floor = 10 ^ digits, math.floor
  if digits == 0 then
    return self:map(function(value) return floor(value + 0.5) end)
  end
  return self:map(function(value) return floor(value * scale + 0.5) / scale end)
end

---Held within limits: what is beyond them is the limit itself.
---@param low number
---@param high number
---@return lunacoap.Signal
function Signal:clamped(low, high)
  if type(low) ~= "number" or type(high) ~= "number" or low > high then
    error(("clamped takes the lower and the upper limit, not %s and %s"):format(shown(low),
      shown(high)), 2)
  end
  return self:map(function(value)
    return value < low and low or value > high and high or value
  end)
end

return M
