-- The charts of a simulation over time: requests and errors, latencies, devices by phase.

local chart = require "lunacoap.fleet.report.html.chart"
local facts = require "lunacoap.fleet.report.facts"
local h = require "lunacoap.fleet.report.html.element"
local points_of = require "lunacoap.fleet.report.points"
local steps = require "lunacoap.fleet.report.html.steps"
local ticks = require "lunacoap.fleet.report.html.ticks"

local M = {}

---@class lunacoap.fleet.report.Series
---@field name string
---@field class string What colours it.
---@field value fun(point: table): number?

-- A logarithmic axis where a linear one would show the lower latencies as a line at its bottom.
local WIDE_RANGE = 20

local HIGH, FLAT = 250, 150

-- ---- What is drawn ------------------------------------------------------------------------------

local function per_second(field)
  return function(point) return points_of.rate(point, point[field]) end
end

local SUCCESS = { name = "2.xx answers", class = "ok",
  value = function(point) return points_of.rate(point, point.answered - point.errors) end }
local ERRORS = { name = "error answers (4.xx, 5.xx)", class = "error",
  value = per_second("errors") }
local FAILED = { name = "no answer", class = "failed", value = per_second("failed") }
local SENT = { name = "sent", class = "sent", value = per_second("sent"), line = true }
local SERVED = { name = "requests", class = "served", value = per_second("served") }

local function latency_series(name)
  return { name = name, class = name, value = function(point) return point[name] end, line = true }
end

local KNOWN = { up = true, asleep = true, starting = true, rebooting = true, offline = true,
  failed = true, stopped = true, waiting = true }

local function phase_series(name)
  return { name = name, class = "phase-" .. (KNOWN[name] and name or "other"),
    value = function(point) return point.phases[name] or 0 end }
end

-- ---- Axes ---------------------------------------------------------------------------------------

-- The values of a list of series at a point, one upon the other but those that are lines.
local function stacked(series)
  local sum, list = function() return 0 end, {}
  for i, each in ipairs(series) do
    local below = sum
    if not each.line then
      sum = function(point) return below(point) + each.value(point) end
    end
    list[i] = each.line and each.value or sum
  end
  return list
end

local function greatest(points, values)
  local most = 0
  for _, point in ipairs(points) do
    for _, value in ipairs(values) do
      most = math.max(most, value(point) or 0)
    end
  end
  return most
end

local function scale_from_zero(highest, most, options)
  local list = ticks.from_zero(highest, most, options)
  return { from = 0, to = list[#list].at, ticks = list }
end

-- ---- Charts -------------------------------------------------------------------------------------

-- Each area hides what is below the line beneath it, so the uppermost comes first; lines are last.
local function draw_series(points, series, frame)
  local values, areas, lines = stacked(series), {}, {}
  for i, each in ipairs(series) do
    if each.line then
      lines[#lines + 1] = h("path", { class = "line " .. each.class,
        d = steps.line(points, values[i], frame) })
    else
      table.insert(areas, 1, h("path", { class = "area " .. each.class,
        d = steps.area(points, values[i], frame) }))
    end
  end
  return { areas, lines }
end

-- Adds a chart: the figure, and what is shown under the pointer.
local function add(drawn, declared)
  local charts, series = drawn.charts, declared.series
  local frame = chart.frame(drawn.time, declared.scale, declared.height)
  charts[#charts + 1] = {
    series = series, kind = declared.kind,
    figure = chart.figure(declared.title, chart.legend(series), chart.draw(frame,
      declared.title .. " over time", declared.unit, draw_series(drawn.points, series, frame),
      #charts), declared.note),
  }
end

local function add_stack(drawn, declared)
  local highest = greatest(drawn.points, stacked(declared.series))
  declared.scale = scale_from_zero(highest, declared.height == FLAT and 3 or 5,
    { whole = declared.kind == "count" })
  add(drawn, declared)
end

local function add_nothing(drawn, title, text)
  table.insert(drawn.charts, { figure = chart.figure(title, nil, text), series = {} })
end

local function add_requests(drawn)
  add_stack(drawn, { title = "Requests", unit = "requests/s", kind = "rate", height = HIGH,
    series = { SUCCESS, ERRORS, FAILED, SENT } })
  if greatest(drawn.points, { ERRORS.value, FAILED.value }) == 0 then
    return add_nothing(drawn, "Errors", "All answers were 2.xx, and no request failed.")
  end
  add_stack(drawn, { title = "Errors", unit = "requests/s", kind = "rate", height = FLAT,
    series = { ERRORS, FAILED }, note = "Part of the above, on an axis of their own." })
end

local function least_of(points, values)
  local least
  for _, point in ipairs(points) do
    for _, value in ipairs(values) do
      local number = value(point)
      least = number and math.min(least or number, number) or least
    end
  end
  return least
end

local function add_latencies(drawn)
  local series = { latency_series("p50"), latency_series("p95"), latency_series("p99") }
  local values = { series[1].value, series[2].value, series[3].value }
  local least, most = least_of(drawn.points, values), greatest(drawn.points, values)
  if not least then
    return add_nothing(drawn, "Latency of answers", "There were no answers to take the time of.")
  end
  local scale, kind = scale_from_zero(most, 5, { text = ticks.latency }), "linear"
  if most > WIDE_RANGE * math.max(least, 1e-6) then
    local marks, low, high = ticks.logarithmic(least, most)
    scale, kind = { from = low, to = high, ticks = marks, logarithmic = true }, "logarithmic"
  end
  add(drawn, { title = "Latency of answers", unit = "latency, " .. kind, kind = "time",
    height = HIGH, series = series, scale = scale })
end

local function add_devices(drawn)
  local series = {}
  for i, name in ipairs(facts.phases_of(drawn.points)) do
    series[i] = phase_series(name)
  end
  if #series > 0 then
    add_stack(drawn, { title = "Devices by state", unit = "devices", kind = "count",
      height = HIGH, series = series })
  end
end

---All charts over time; none when there are no points.
---@param result lunacoap.SimulationResult
---@return { charts: table[], points: table[], time: lunacoap.fleet.report.Scale } drawn Of each
---chart the figure, the series and their kind.
function M.draw(result)
  local points = points_of.of(result.series)
  local drawn, last = { charts = {}, points = points }, points[#points]
  if not last then
    return drawn
  end
  local seconds = math.max(result.seconds, last.at + last.seconds, 1e-3)
  drawn.time = { from = 0, to = seconds, ticks = ticks.time(seconds, 10) }
  if result.sent == 0 then
    add_nothing(drawn, "Requests", "The devices have sent no requests.")
  else
    add_requests(drawn)
    add_latencies(drawn)
  end
  add_devices(drawn)
  if result.served > 0 then
    add_stack(drawn, { title = "Requests that devices answered", unit = "requests/s",
      kind = "rate", height = FLAT, series = { SERVED } })
  end
  return drawn
end

return M
