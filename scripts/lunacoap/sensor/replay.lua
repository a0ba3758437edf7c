-- Signals that replay a column of a CSV file, which all devices share.

local cell = require "lunacoap.sensor.cell"
local csv = require "lunacoap.csv"
local lunacoap = require "lunacoap"
local parameters = require "lunacoap.sensor.parameters"
local steps = require "lunacoap.sensor.steps"

local M = {}

local fail, shown = parameters.fail, parameters.shown

M.parameters = {
  { "file", "string" },
  { "column", "column" },
  { "time", "column", optional = true },
  { "every", "pace", optional = true },
  { "interpolate", "boolean", default = false },
  { "afterwards", { "again", "stay" }, default = "again" },
  { "offset", "span", default = 0 },
  { "text", "boolean", default = false },
  { "separator", "string", optional = true },
  { "header", "boolean", default = true },
}

-- ---- The file -----------------------------------------------------------------------------------

---@class lunacoap.sensor.Table
---@field rows table[]
---@field header any[]
---@field details lunacoap.CsvDetails
---@field path string

local function read_file(values)
  local path = values.file
  local ok, rows, header, details = pcall(csv.read, path,
    { separator = values.separator, header = values.header })
  if not ok or not rows then
    fail("%s", header or rows)
  end
  return { rows = rows, header = header, details = details, path = path }
end

-- The name that the rows have for a column.
local function name_of(column, file)
  local names = {}
  for i, name in ipairs(file.header) do
    if name == column or i == column then
      return name
    end
    names[i] = tostring(name)
  end
  local near = lunacoap.nearest(tostring(column), names)
  fail("%s has no column %s; %s", file.path, shown(column),
    near and ("did you mean '%s'?"):format(near) or "there are " .. table.concat(names, ", "))
end

local function fail_at(file, row, ...)
  fail("%s:%d: %s", file.path, file.details.lines[row], string.format(...))
end

-- The seconds of each row; the first is at 0.
local function times_of(file, column)
  local times, name, first = {}, name_of(column, file), nil
  for i, row in ipairs(file.rows) do
    local time = cell.time(row[name], file.details.separator)
    if not time then
      fail_at(file, i, "%s is neither seconds nor a date and time", shown(row[name]))
    end
    first = first or time
    times[i] = time - first
    if i > 1 and times[i] <= times[i - 1] then
      fail_at(file, i, "the time %s is not after that of the row before", row[name])
    end
  end
  return times
end

local function even_times(file, every)
  local times = {}
  for i in ipairs(file.rows) do
    times[i] = (i - 1) * every
  end
  return times
end

-- The cells that are not empty, and the times of their rows. The first decides whether the column
-- has numbers or texts, unless texts are asked for.
local function values_of(file, column, times, text)
  local values, kept, name = {}, {}, name_of(column, file)
  for i, row in ipairs(file.rows) do
    if row[name] ~= "" then
      local number = cell.number(row[name], file.details.separator)
      text = text or #values == 0 and not number
      if not text and not number then
        fail_at(file, i, "%s is no number, as those before it are; text = true takes all as texts",
          shown(row[name]))
      end
      values[#values + 1] = text and row[name] or number
      kept[#kept + 1] = times[i]
    end
  end
  if #values == 0 then
    fail("%s has no value in column %s", file.path, shown(column))
  end
  return values, kept, text
end

-- How long all rows last: the last one as long as the one before it.
local function length_of(times, every)
  local last = times[#times]
  return last + (every or (#times > 1 and last - times[#times - 1] or 1))
end

---Reads the file: its values, their times, and the length of all; raises for what cannot be
---replayed.
---@param what string
---@param values table<string, any>
function M.check(what, values)
  if (values.time == nil) == (values.every == nil) then
    fail("%s takes time, the column of the times, or every, from row to row: one of them", what)
  end
  local file = read_file(values)
  local times = values.time and times_of(file, values.time) or even_times(file, values.every)
  local text
  values.values, values.times, text = values_of(file, values.column, times, values.text)
  values.length = length_of(times, values.every)
  if values.interpolate and text then
    fail("%s interpolates numbers, and the column %s has texts", what, shown(values.column))
  end
end

-- ---- A value ------------------------------------------------------------------------------------

-- A little more than a time may differ from what it should be.
local LITTLE = 1e-6

-- The last row whose time has come; 0 before the first.
local function row_at(times, t)
  local low, high = 0, #times
  while low < high do
    local middle = (low + high + 1) // 2
    if times[middle] <= t + LITTLE then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

-- A value on the way to that of the next row, which is the first one again behind the last.
local function between(own, row, t)
  local values, times = own.values, own.times
  local value, next_value, ends = values[row], values[row + 1], times[row + 1]
  if not next_value then
    next_value, ends = values[1], times[1] + own.length
  end
  local part = (t - times[row]) / (ends - times[row])
  return value + (next_value - value) * (part > 0 and part or 0)
end

---@param own table<string, any>
---@param t number
---@return any
function M.value(own, t)
  local times = own.times
  t = t + own.offset
  if own.afterwards == "again" then
    t = steps.part(t / own.length) * own.length
  else
    t = math.max(times[1], math.min(t, times[#times]))
  end
  local row = row_at(times, t)
  if row == 0 then -- the last row still lasts, of the time before
    row, t = #times, t + own.length
  end
  return own.interpolate and between(own, row, t) or own.values[row]
end

return M
