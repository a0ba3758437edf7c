-- What a load test has to reach: "p99<50ms", "errors<1%", "rate>1000".

local quantity = require "lunacoap.load.quantity"

---@class lunacoap.load.Threshold
---@field text string As it was written.
local Threshold = {}
Threshold.__index = Threshold

local M = {}

local compare = {
  ["<"] = function(a, b) return a < b end,
  ["<="] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end,
  [">="] = function(a, b) return a >= b end,
}

-- ---- What can be measured -----------------------------------------------------------------------

-- How many requests have an outcome.
local function ended(result)
  return result.answered + result.failed
end

local function latency(method)
  return function(result) return result.latency[method](result.latency) end
end

local function percentile(percent)
  return function(result) return result.latency:percentile(percent) end
end

local function responses(pattern)
  return function(result) return result:responses(pattern) end
end

local times = { min = latency("min"), mean = latency("mean"), max = latency("max") }

local counts = {
  errors = function(result) return ended(result) - result:responses("2.xx") end,
  failures = function(result) return result.failed end,
}

-- The kind of a metric and the function that reads it from a result; nil when there is no such one.
local function find(name)
  local percent = tonumber(name:match("^p(%d+%.?%d*)$"))
  if times[name] or percent and percent <= 100 then
    return "time", times[name] or percentile(percent)
  elseif counts[name] or name:find("^[2-5]%.xx$") or name:find("^[2-5]%.[0-3]%d$") then
    return "count", counts[name] or responses(name)
  elseif name == "rate" then
    return "rate", function(result) return result.rate end
  end
end

-- ---- Limits -------------------------------------------------------------------------------------

-- Each reads a limit: the number and whether it is in percent; or nil and how it is written.
local limits = {}

function limits.time(text, name)
  local seconds = text:find("%a") and quantity.seconds(text)
  if not seconds then
    return nil, ("%s is a time: write %s<50ms, or in us or s"):format(name, name)
  end
  return seconds
end

function limits.count(text, name)
  local number, percent = text:match("^(%d*%.?%d+)%s*(%%?)$")
  if not number then
    return nil, ("%s is a share or a number of requests: write %s<1%% or %s<10"):format(name, name,
      name)
  end
  return tonumber(number), percent == "%"
end

function limits.rate(text)
  local number = text:match("^(%d*%.?%d+)$")
  if not number then
    return nil, "rate is a number of answers per second: write rate>1000"
  end
  return tonumber(number)
end

---A threshold from its text.
---@param text string
---@return lunacoap.load.Threshold? threshold
---@return string? message
function M.parse(text)
  local name, operator, limit = text:match("^%s*([%w.]+)%s*([<>]=?)%s*(.-)%s*$")
  if not name then
    return nil, ("'%s' is no threshold: write it as p99<50ms, errors<1%% or rate>1000"):format(text)
  end
  local kind, measure = find(name)
  if not kind then
    return nil, ("there is no '%s' to measure: there are p50, p99.9 and others, min, mean, max, "
      .. "rate, errors, failures, 4.xx, 5.03 and other codes"):format(name)
  end
  local number, extra = limits[kind](limit, name)
  if not number then
    return nil, extra
  end
  return setmetatable({ text = text, kind = kind, measure = measure, compare = compare[operator],
    limit = number, percent = extra == true }, Threshold)
end

---Compares a result with it. What has nothing to be measured of has failed.
---@param result lunacoap.LoadResult
---@return boolean passed
---@return number? measured In seconds, percent, requests, or answers per second.
---@return string shown The same for people.
function Threshold:judge(result)
  local measured = self.measure(result)
  if self.kind ~= "rate" and ended(result) == 0 then
    measured = nil
  elseif self.percent then
    measured = 100 * measured / ended(result)
  end
  local shown = self.kind == "time" and quantity.time(measured)
    or quantity.number(measured)
      .. (measured and (self.percent and " %" or self.kind == "rate" and "/s") or "")
  return measured ~= nil and self.compare(measured, self.limit), measured, shown
end

return M
