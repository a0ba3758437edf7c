-- Where the marks of an axis are, and what they are called.

local numbers = require "lunacoap.fleet.report.html.numbers"

local M = {}

---@class lunacoap.fleet.report.Tick
---@field at number
---@field text? string Without one it is a finer mark.

-- ---- Numbers ------------------------------------------------------------------------------------

-- The smallest step of 1, 2 or 5 times a power of ten of which no more than `most` make `span`.
local function step_of(span, most)
  local power = 10.0 ^ math.floor(math.log(span / most, 10))
  for _, factor in ipairs { 1, 2, 5 } do
    if span / (factor * power) <= most + 1e-9 then
      return factor * power
    end
  end
  return 10 * power
end

local function plain(value)
  local whole = math.tointeger(value + 0.0)
  return whole and numbers.grouped(whole) or ("%g"):format(value)
end

---Marks from 0 to a number that is not below `highest`.
---@param highest number
---@param most integer How many steps at most.
---@param options? { whole: boolean, text: fun(value: number): string } Whole: no parts of 1.
---@return lunacoap.fleet.report.Tick[]
function M.from_zero(highest, most, options)
  options = options or {}
  highest = highest > 0 and highest or 1
  local step = step_of(highest, most)
  step = options.whole and math.max(step, 1) or step
  local list = {}
  for i = 0, math.ceil(highest / step - 1e-9) do
    -- i * 0.1 would be 0.30000000000000004.
    local value = step >= 1 and i * step or i / math.floor(1 / step + 0.5)
    list[#list + 1] = { at = value, text = (options.text or plain)(value) }
  end
  return list
end

-- ---- Times --------------------------------------------------------------------------------------

local STEPS = { 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200,
  86400 }

local function time_step(seconds, most)
  if seconds / STEPS[1] <= most / 2 then
    return step_of(seconds, most)
  end
  for _, step in ipairs(STEPS) do
    if seconds / step <= most then
      return step
    end
  end
  return 86400 * step_of(seconds / 86400, most)
end

local function in_unit(seconds, large, small, unit)
  local whole, rest = seconds // large, seconds % large // small
  return rest == 0 and ("%d %s"):format(whole, unit) or ("%d:%02d %s"):format(whole, rest, unit)
end

-- In one unit for the whole axis.
local function time_text(at, seconds)
  if at == 0 then
    return "0"
  elseif seconds > 4 * 86400 then
    return ("%g d"):format(at / 86400)
  elseif seconds >= 120 then
    local is_long = seconds >= 7200
    return in_unit(math.floor(at), is_long and 3600 or 60, is_long and 60 or 1,
      is_long and "h" or "min")
  end
  return ("%g s"):format(at)
end

---Marks of the time from 0 to `seconds`, in seconds, minutes, hours or days.
---@param seconds number
---@param most integer
---@return lunacoap.fleet.report.Tick[]
function M.time(seconds, most)
  local step, list = time_step(seconds, most), {}
  for i = 0, math.floor(seconds / step + 1e-9) do
    local at = i * step
    list[#list + 1] = { at = at, text = time_text(at, seconds) }
  end
  return list
end

-- ---- Latencies ----------------------------------------------------------------------------------

---A latency as an axis calls it: "200 µs", "5 ms", "10 s".
---@param seconds number
---@return string
function M.latency(seconds)
  if seconds == 0 then
    return "0"
  elseif seconds < 0.9995e-3 then
    return ("%.3g µs"):format(seconds * 1e6)
  elseif seconds < 0.9995 then
    return ("%.3g ms"):format(seconds * 1e3)
  end
  return ("%g s"):format(seconds)
end

local function add_decade(list, exponent, low, high, factors)
  for factor = 1, 9 do
    local at = exponent < 0 and factor / 10.0 ^ -exponent or factor * 10.0 ^ exponent
    if at >= low * 0.999999 and at <= high * 1.000001 then
      list[#list + 1] = { at = at, text = factors[factor] and M.latency(at) or nil }
    end
  end
end

-- The next of 1, 2 or 5 times a power of ten that is not above, or not below, a value.
local function round_to_mark(value, up)
  local power = 10.0 ^ math.floor(math.log(value, 10) + 1e-9)
  local marks = { power, 2 * power, 5 * power, 10 * power }
  for i = 1, #marks do
    local mark = marks[up and i or #marks + 1 - i]
    if up and mark >= value * 0.999999 or not up and mark <= value * 1.000001 then
      return mark
    end
  end
end

---Marks of a logarithmic axis that holds two latencies: named at each power of ten, and where these
---are few at the 2 and 5 between them.
---@param least number
---@param greatest number
---@return lunacoap.fleet.report.Tick[]
---@return number low Where the axis begins.
---@return number high Where it ends.
function M.logarithmic(least, greatest)
  least = math.max(least, 1e-6)
  local low, high = round_to_mark(least, false), round_to_mark(math.max(greatest, least), true)
  if low == high then
    low, high = round_to_mark(low / 2, false), round_to_mark(high * 2, true)
  end
  local named = math.log(high / low, 10) <= 3.4 and { true, true, [5] = true } or { true }
  local list = {}
  for exponent = math.floor(math.log(low, 10) + 1e-9), math.ceil(math.log(high, 10) - 1e-9) do
    add_decade(list, exponent, low, high, named)
  end
  return list, low, high
end

return M
