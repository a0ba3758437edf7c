-- The charts of a simulation over time: requests and errors, latencies, devices by phase.

local chart = require "lunacoap.fleet.report.html.chart"
local facts = require "lunacoap.fleet.report.facts"
local h = require "lunacoap.fleet.report.html.element"
local steps = require "lunacoap.fleet.report.html.steps"
local ticks = require "lunacoap.fleet.report.html.ticks"

local M = {}

---@class lunacoap.fleet.report.Series
---@field name string
---@field class string What colours it.
---@field value fun(point: table): number?

-- A logarithmic axis where a linear one would show the lower latencies as a line at its bottom.
local WIDE_RANGE = 20

local SQUARE, FLAT = 250, 150

-- ---- What is drawn ------------------------------------------------------------------------------

local function per_second(field)
  return function(point) return point[field] / point.seconds end
end

local SUCCESS = { name = "2.xx answers", class = "ok",
  value = function(point) return (point.answered - point.errors) / point.seconds end }
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

---Where the axis of time ends.
---@param result lunacoap.fleet.Result With a point at least.
---@return number
function M.seconds(result)
  local last = result.series[#result.series]
  return math.max(result.seconds, last.at + last.seconds, 1e-3)
end

local function time_scale(result)
  local seconds = M.seconds(result)
  return { from = 0, to = seconds, ticks = ticks.time(seconds, 10) }
end

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

-- Adds a chart to the page's list: the figure, and what is shown under the pointer.
local function add(list, result, declared)
  local series = declared.series
  local frame = chart.frame(time_scale(result), declared.scale, declared.height)
  list[#list + 1] = {
    series = series, kind = declared.kind,
    figure = chart.figure(declared.title, chart.legend(series), chart.draw(frame,
      declared.title .. " over time", declared.unit, draw_series(result.series, series, frame),
      #list), declared.note),
  }
end

local function add_stack(list, result, declared)
  local highest = greatest(result.series, stacked(declared.series))
  declared.scale = scale_from_zero(highest, declared.height == FLAT and 3 or 5,
    { whole = declared.kind == "count" })
  add(list, result, declared)
end

local function add_nothing(list, title, text)
  list[#list + 1] = { figure = chart.figure(title, nil, text), series = {} }
end

local function add_requests(list, result)
  if result.sent == 0 then
    return add_nothing(list, "Requests", "The devices have sent no requests.")
  end
  add_stack(list, result, { title = "Requests", unit = "requests/s", kind = "rate",
    height = SQUARE, series = { SUCCESS, ERRORS, FAILED, SENT } })
  if greatest(result.series, { ERRORS.value, FAILED.value }) == 0 then
    return add_nothing(list, "Errors",
      "All answers were 2.xx, and no request remained without one.")
  end
  add_stack(list, result, { title = "Errors", unit = "requests/s", kind = "rate", height = FLAT,
    series = { ERRORS, FAILED }, note = "The same as above, drawn larger." })
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

local function add_latencies(list, result)
  local series = { latency_series("p50"), latency_series("p95"), latency_series("p99") }
  local values = { series[1].value, series[2].value, series[3].value }
  local least, most = least_of(result.series, values), greatest(result.series, values)
  if not least then
    return result.sent > 0
      and add_nothing(list, "Latency", "There were no answers to take the time of.")
  end
  local scale, kind = scale_from_zero(most, 5, { text = ticks.latency }), "linear"
  if most > WIDE_RANGE * math.max(least, 1e-6) then
    local marks, low, high = ticks.logarithmic(least, most)
    scale, kind = { from = low, to = high, ticks = marks, logarithmic = true }, "logarithmic"
  end
  add(list, result, { title = "Latency of answers", unit = "latency, " .. kind, kind = "time",
    height = SQUARE, series = series, scale = scale })
end

local function add_devices(list, result)
  local series = {}
  for i, name in ipairs(facts.phases_of(result.series)) do
    series[i] = phase_series(name)
  end
  if #series > 0 then
    add_stack(list, result, { title = "Devices by state", unit = "devices", kind = "count",
      height = SQUARE, series = series })
  end
end

---All charts over time.
---@param result lunacoap.fleet.Result
---@return table[] charts Each { figure =, series =, kind = }, the latter for what hovers.
function M.charts(result)
  local list = {}
  if #result.series == 0 then
    return list
  end
  add_requests(list, result)
  add_latencies(list, result)
  add_devices(list, result)
  if result.served > 0 then
    add_stack(list, result, { title = "Requests that devices answered", unit = "requests/s",
      kind = "rate", height = FLAT, series = { SERVED } })
  end
  return list
end

return M
