-- The series of a result as it is drawn.

local M = {}

local SUMS = { "seconds", "sent", "answered", "failed", "errors", "served" }
local PERCENTILES = { "p50", "p95", "p99" }

local function joined(a, b)
  local point = { at = a.at, phases = b.phases }
  for _, name in ipairs(SUMS) do
    point[name] = a[name] + b[name]
  end
  for _, name in ipairs(PERCENTILES) do
    point[name] = a[name] and b[name] and math.max(a[name], b[name]) or a[name] or b[name]
  end
  return point
end

---The points, the last one with the one before when it is but a rest: three requests in its ten
---milliseconds would be drawn as 300/s.
---@param series table[]
---@return table[]
function M.of(series)
  local n = #series
  if n < 2 or series[n].seconds >= series[1].seconds / 2 then
    return series
  end
  local points = table.move(series, 1, n - 2, 1, {})
  points[n - 1] = joined(series[n - 1], series[n])
  return points
end

---A count of a point per second.
---@param point table
---@param count number
---@return number
function M.rate(point, count)
  return point.seconds > 0 and count / point.seconds or 0
end

return M
