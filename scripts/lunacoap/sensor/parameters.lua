-- What signals are made of: numbers, spans of time and shares, each fixed or a range { low, high }
-- of which every device draws its own.

local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"

local M = {}

local function fail(...)
  error(string.format(...), 0)
end

M.fail = fail

local function shown(value)
  local kind = type(value)
  if kind == "string" then
    return "'" .. value .. "'"
  end
  local plain = kind == "number" or kind == "boolean" or kind == "nil"
  return plain and tostring(value) or "a " .. kind
end

M.shown = shown

-- ---- Numbers and ranges -------------------------------------------------------------------------

-- A reader of numbers: `takes` says which, `of` makes a number of a text.
local function numbers(takes, low, high, of)
  return function(value, what)
    local number = value
    if of and type(value) == "string" then
      number = of(value, what)
    end
    if type(number) ~= "number" or not (number >= low and number <= high) then
      fail("%s takes %s, not %s", what, takes, shown(value))
    end
    return number
  end
end

local function seconds_of(text, what)
  local seconds, message = quantity.seconds(text)
  return seconds or fail("%s: %s", what, message)
end

-- One number is itself, and two a range.
local function ranged(read)
  return function(value, what)
    if type(value) ~= "table" then
      return read(value, what)
    end
    local low, high = value[1], value[2]
    if low == nil or high == nil or next(value, next(value, next(value))) ~= nil then
      fail("%s takes one value or a range { low, high }", what)
    end
    low, high = read(low, what), read(high, what)
    if low > high then
      fail("%s takes a range from low to high, not from %s to %s", what, shown(value[1]),
        shown(value[2]))
    end
    return low == high and low or { low, high }
  end
end

-- So that sums stay finite, and whole steps can be counted.
local LARGEST, SHORTEST, LONGEST = 1e300, 1e-6, 1e12

local period = numbers('a span of time from 1us, such as "1h" or 3600', SHORTEST, LONGEST,
  seconds_of)
local share = ranged(numbers("a number from 0 to 1", 0, 1))

local function typed(kind)
  return function(value, what)
    if type(value) ~= kind then
      fail("%s takes a %s, not %s", what, kind, shown(value))
    end
    return value
  end
end

local READERS = {
  number = ranged(numbers("a number", -LARGEST, LARGEST)),
  size = ranged(numbers("a number from 0", 0, LARGEST)),
  share = share,
  period = ranged(period),
  span = ranged(numbers('a span of time, such as "1h" or 3600', 0, LONGEST, seconds_of)),
  pace = period, -- the same for all devices
  boolean = typed "boolean",
  string = typed "string",
}

function READERS.phase(value, what)
  if type(value) == "string" and value ~= "random" then
    fail('%s takes a part of the period from 0 to 1, or "random", not %s', what, shown(value))
  end
  return value == "random" and { 0, 1 } or share(value, what)
end

function READERS.column(value, what)
  if type(value) ~= "string" and math.type(value) ~= "integer" then
    fail("%s takes a column's name or number, not %s", what, shown(value))
  end
  return value
end

local function choice(words, value, what)
  for _, word in ipairs(words) do
    if word == value then
      return value
    end
  end
  fail('%s takes "%s", not %s', what, table.concat(words, '" or "'), shown(value))
end

-- ---- The fields of a signal ---------------------------------------------------------------------

local function check_names(what, given, declared)
  local names = {}
  for i, row in ipairs(declared) do
    names[i], names[row[1]] = row[1], true
  end
  for name in pairs(given) do
    if math.type(name) == "integer" or not names[name] then
      local near = lunacoap.nearest(tostring(name), { table.unpack(names) })
      fail("%s has no field '%s'; %s", what, tostring(name), near
        and ("did you mean '%s'?"):format(near) or "there are " .. table.concat(names, ", "))
    end
  end
end

local function read(row, value, what)
  local kind = row[2]
  if type(kind) == "table" then
    return choice(kind, value, what)
  end
  return READERS[kind](value, what)
end

---@class lunacoap.sensor.Range
---@field name string
---@field place integer Which of the parameters it is: which number of the stream it takes.
---@field low number
---@field high number

---The values of a signal's fields, and those of them that are ranges; raises for wrong ones.
---@param what string The signal's name, such as "sensor.sine".
---@param given table
---@param declared table[] { name, kind, default =, optional = }; kind is a name or a list of words.
---@return table<string, any> values
---@return lunacoap.sensor.Range[] ranges
function M.read(what, given, declared)
  if type(given) ~= "table" then
    fail("%s takes a table of fields such as %s, not %s", what, declared[1][1], shown(given))
  end
  check_names(what, given, declared)
  local values, ranges = {}, {}
  for place, row in ipairs(declared) do
    local name, value = row[1], given[row[1]]
    if value == nil then
      value = row.default
    end
    if value ~= nil then
      value = read(row, value, ("%s of %s"):format(name, what))
    elseif not row.optional then
      fail("%s needs '%s'", what, name)
    end
    values[name] = value
    if type(value) == "table" then
      ranges[#ranges + 1] = { name = name, place = place, low = value[1], high = value[2] }
    end
  end
  return values, ranges
end

---The smallest and the greatest that a value can be.
---@param value number|number[]
---@return number low
---@return number high
function M.limits(value)
  if type(value) == "table" then
    return value[1], value[2]
  end
  return value, value
end

---Raises when one value may be above another one, or as much.
---@param what string
---@param values table<string, any>
---@param lower string The names of both; nothing is checked without one of them.
---@param upper string
function M.check_order(what, values, lower, upper)
  if values[lower] and values[upper] then
    local _, low = M.limits(values[lower])
    local high = M.limits(values[upper])
    if low >= high then
      fail("%s of %s has to be below %s: it takes %s, and %s %s", lower, what, upper, shown(low),
        upper, shown(high))
    end
  end
end

return M
