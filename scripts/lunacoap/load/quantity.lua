-- Spans of time as people write and read them: "250ms", "1.5 s", "2m".

local M = {}

-- Seconds in one of them, and how many make a second: 50 / 1e6 is what 50e-6 means, 50 * 1e-6 is
-- not.
local SECONDS = { s = 1, m = 60, h = 3600 }
local PER_SECOND = { us = 1e6, ["µs"] = 1e6, ms = 1e3 }

---Seconds of a text such as "10s", "250ms", "2m", or "10", which is seconds, too.
---@param text string
---@return number? seconds
---@return string? message
function M.seconds(text)
  local number, unit = text:match("^%s*(%d*%.?%d+)%s*([%aµ]*)%s*$")
  unit = unit == "" and "s" or unit
  if not number or not (SECONDS[unit] or PER_SECOND[unit]) then
    return nil, ("'%s' is no span of time: write it as 10s, 250ms, 50us, 2m or 1h"):format(text)
  end
  return tonumber(number) * (SECONDS[unit] or 1) / (PER_SECOND[unit] or 1)
end

local UNITS = { { 1e-6, "us" }, { 1e-3, "ms" }, { 1, "s" } }

---A time in three digits, but nothing below a microsecond, in a unit that fits it: "1.23 ms".
---@param seconds number?
---@return string
function M.time(seconds)
  if not seconds then
    return "-"
  end
  local unit = UNITS[1]
  for _, larger in ipairs(UNITS) do
    if seconds >= larger[1] * 0.9995 then
      unit = larger
    end
  end
  local value = seconds / unit[1]
  local decimals = (unit == UNITS[1] or value >= 99.95) and 0 or value >= 9.995 and 1 or 2
  return ("%." .. decimals .. "f %s"):format(value, unit[2])
end

---A number without digits that nobody reads: 0.004, 0.5, 12.3, 1234.
---@param number number?
---@return string
function M.number(number)
  if not number then
    return "-"
  elseif number >= 99.95 then
    return ("%.0f"):format(number)
  end
  local digits = number >= 9.995 and 1 or number >= 0.0995 and 2 or 4
  return (("%%.%df"):format(digits):format(number):gsub("%.?0+$", ""))
end

return M
