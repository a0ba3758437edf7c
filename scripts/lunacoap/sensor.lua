-- lunacoap.sensor: the values of simulated sensors over time. A signal is described once, and each
-- device has its own values of it, which follow from the seed and the time alone.
--   local sensor = require("lunacoap").sensor
--   local air = sensor.sine { mean = 21, amplitude = 3, period = "24h", phase = { 0, 0.1 } }
--     + sensor.noise { deviation = 0.1 }
--   local now = air:rounded(1):start(42)
--   print(now())

local chance = require "lunacoap.sensor.chance"
local parameters = require "lunacoap.sensor.parameters"
local random = require "lunacoap.fleet.random"
local replay = require "lunacoap.sensor.replay"
local shapes = require "lunacoap.sensor.shapes"
local signal = require "lunacoap.sensor.signal"

---@class lunacoap.sensor
local M = {}

---A number, or a range of which each device draws its own.
---@alias lunacoap.sensor.Number number | { [1]: number, [2]: number }

---Seconds, or a text such as "90s", "15m" or "1h"; or a range of them.
---@alias lunacoap.sensor.Span number | string | { [1]: number|string, [2]: number|string }

---A part of the period from 0 to 1, "random", or a range.
---@alias lunacoap.sensor.Phase number | "random" | { [1]: number, [2]: number }

---@class lunacoap.sensor.Sine
---@field mean? lunacoap.sensor.Number 0 by default.
---@field amplitude lunacoap.sensor.Number How far it goes above and below the mean.
---@field period lunacoap.sensor.Span
---@field phase? lunacoap.sensor.Phase Where it begins: 0, by default, at the mean, going up.

---@class lunacoap.sensor.Ramp
---@field from lunacoap.sensor.Number
---@field to lunacoap.sensor.Number
---@field over lunacoap.sensor.Span How long it takes.
---@field afterwards? "stay"|"again"|"back" It stays, begins again, or goes to and fro.

---@class lunacoap.sensor.Square
---@field low lunacoap.sensor.Number
---@field high lunacoap.sensor.Number
---@field period lunacoap.sensor.Span
---@field duty? lunacoap.sensor.Number The part of the period for which it is high, 0.5 by default.
---@field phase? lunacoap.sensor.Phase Where it begins: 0, by default, when it gets high.

---@class lunacoap.sensor.Noise
---@field amplitude? lunacoap.sensor.Number Values evenly between -amplitude and amplitude; or
---@field deviation? lunacoap.sensor.Number those of a normal distribution.
---@field every? lunacoap.sensor.Span A new value so often: each second by default.

---@class lunacoap.sensor.Walk
---@field start lunacoap.sensor.Number
---@field step lunacoap.sensor.Number How far one step goes: its standard deviation.
---@field min? lunacoap.sensor.Number Where it turns round.
---@field max? lunacoap.sensor.Number
---@field every? lunacoap.sensor.Span A step so often: each second by default.

---@class lunacoap.sensor.Replay
---@field file string A CSV file.
---@field column string|integer What is replayed: a column's name or number.
---@field time? string|integer The column of times: seconds, or such as 2024-05-01T12:30:00Z; or
---@field every? number|string the time from each row to the next.
---@field interpolate? boolean Whether values go straight from one to the next; else each one stays.
---@field afterwards? "again"|"stay" Behind the last row all begins again, by default, or it stays.
---@field offset? lunacoap.sensor.Span How long after the first row it begins.
---@field text? boolean Whether the values are texts even when they are numbers.
---@field separator? string As lunacoap.csv.read takes it,
---@field header? boolean and this.

local checked = signal.raising_in_caller

-- A function that makes signals of one kind.
local function maker(name, kind)
  local what = "sensor." .. name
  return checked(function(given)
    local values, ranges = parameters.read(what, given, kind.parameters)
    if kind.check then
      kind.check(what, values)
    end
    return signal.source(kind.value, values, ranges)
  end)
end

---@type fun(options: lunacoap.sensor.Sine): lunacoap.Signal
M.sine = maker("sine", shapes.sine)

---@type fun(options: lunacoap.sensor.Ramp): lunacoap.Signal
M.ramp = maker("ramp", shapes.ramp)

---@type fun(options: lunacoap.sensor.Square): lunacoap.Signal
M.square = maker("square", shapes.square)

---@type fun(options: lunacoap.sensor.Noise): lunacoap.Signal
M.noise = maker("noise", chance.noise)

---A random walk. Its value after hours is there as soon as the next one.
---@type fun(options: lunacoap.sensor.Walk): lunacoap.Signal
M.walk = maker("walk", chance.walk)

---@type fun(options: lunacoap.sensor.Replay): lunacoap.Signal
M.replay = maker("replay", replay)

local constant = maker("constant", {
  parameters = { { "value", "number" } },
  value = function(own) return own.value end,
})

---The same value always.
---@type fun(value: lunacoap.sensor.Number): lunacoap.Signal
M.constant = checked(function(value)
  return constant { value = value }
end)

-- Random numbers for a function: each name has one, numbers are rounded down.
local function numbers_of(key, place)
  return function(name, low, high)
    local number
    if type(name) == "number" then
      number = random.number(key, place + math.floor(name))
    else
      number = random.number(random.key(key, place, name), 0)
    end
    return low and low + (high - low) * number or number
  end
end

---random("name") is a number of the device's own from 0 to below 1, random("name", low, high) one
---between them, and random(t / 60) another one each minute.
---@alias lunacoap.sensor.Random fun(name: string|number, low?: number, high?: number): number

---A value of its own, of the time in seconds since the device started.
---@alias lunacoap.sensor.Function fun(t: number, random: lunacoap.sensor.Random): any

---A signal of a function. A number or a range is constant, and a signal remains what it is.
---@type fun(x: lunacoap.sensor.Function|lunacoap.Signal|lunacoap.sensor.Number): lunacoap.Signal
M.of = checked(function(x)
  if signal.is_signal(x) then
    return x
  elseif type(x) == "function" then
    return signal.source(function(_, t, key, place)
      local value = x(t, numbers_of(key, place))
      if value == nil then
        error("a sensor's function has returned nothing", 0)
      end
      return value
    end)
  elseif type(x) == "number" or type(x) == "table" then
    return M.constant(x)
  end
  parameters.fail("a signal is made of a function, a number or a range { low, high }, not of %s",
    parameters.shown(x))
end)

return M
