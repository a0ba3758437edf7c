-- What the cells of a table hold: numbers and times.

local M = {}

-- Days before each month, without a leap day.
local BEFORE = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }

-- Days from 1 January of the year 0 to a date.
local function days(year, month, day)
  local full = month > 2 and year or year - 1 -- the last year whose leap day has been
  return 365 * year + full // 4 - full // 100 + full // 400 + BEFORE[month] + day
end

-- Seconds of what follows the time: Z, +01:00, -0530 or nothing.
local function zone(text)
  local sign, hours, minutes = text:match("^([+-])(%d%d):?(%d%d)$")
  if sign then
    return tonumber(sign .. "1") * (hours * 3600 + minutes * 60)
  end
  return text:match("^[Zz]?$") and 0 or nil
end

local DATE = "^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):?([%d.]*)%s*(.*)$"

---A number of a cell, with a decimal comma where the comma is not the separator.
---@param text string
---@param separator string
---@return number?
function M.number(text, separator)
  if separator ~= "," then
    text = text:gsub("^(%s*[+-]?%d+),(%d+)", "%1.%2")
  end
  return tonumber(text)
end

---Seconds of a cell: a number, or a date and time such as 2024-05-01T12:30:00Z. Only their
---differences mean something.
---@param text string
---@param separator string
---@return number?
function M.time(text, separator)
  local year, month, day, hours, minutes, seconds, rest = text:match(DATE)
  local offset = year and zone(rest)
  if not offset or not BEFORE[tonumber(month)] then
    return M.number(text, separator)
  end
  return days(tonumber(year), tonumber(month), tonumber(day)) * 86400
    + hours * 3600 + minutes * 60 + (tonumber(seconds) or 0) - offset
end

return M
