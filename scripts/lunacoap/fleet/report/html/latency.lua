-- The latencies of all answers: how many took how long, and the percentiles.

local bins_of = require "lunacoap.fleet.report.html.bins"
local chart = require "lunacoap.fleet.report.html.chart"
local h = require "lunacoap.fleet.report.html.element"
local numbers = require "lunacoap.fleet.report.html.numbers"
local summary = require "lunacoap.load.summary"
local ticks = require "lunacoap.fleet.report.html.ticks"

local M = {}

-- The chart's height, with a row for each percentile that is marked.
local HEIGHT, MARKED, ROW = 300, { 50, 95, 99 }, 16

-- As wide as the longest label is, in units of the chart.
local LABEL_WIDTH = 80

-- A bin that holds anything is seen, however many others hold.
local LOWEST_BAR = 1.5

local function bars(bins, frame, all)
  local list = {}
  for _, bin in ipairs(bins) do
    if bin.count > 0 then
      local x, to = frame.x(bin.from), math.min(frame.x(bin.to), frame.right)
      local height = math.max(frame.bottom - frame.y(100 * bin.count / all), LOWEST_BAR)
      list[#list + 1] = h("rect", { class = "bar", x = x + 0.5, y = frame.bottom - height,
        width = math.max(to - x - 1, 0.8), height = height },
        h("title", nil, ("%s to %s: %s answers, %s"):format(numbers.time(bin.from),
          numbers.time(bin.to), numbers.grouped(bin.count), summary.share(bin.count, all))))
    end
  end
  return list
end

-- A label beside a line; on its left where there is no room on its right.
local function beside(frame, x, y, text)
  if x + LABEL_WIDTH > frame.right then
    return chart.label(x - 5, y, text, "y")
  end
  return chart.label(x + 5, y, text)
end

-- Lines at the percentiles. The lower one's label is the higher, so that no line crosses a label.
local function percentile_marks(histogram, frame)
  local list = {}
  for i, percent in ipairs(MARKED) do
    local seconds = histogram:percentile(percent)
    local x, y = frame.x(seconds), frame.top - ROW * (#MARKED - i + 1) + 4
    list[i] = h("g", { class = "mark" },
      h("path", { d = ("M%.1f %.1fV%d"):format(x, y - 2, frame.bottom) }),
      beside(frame, x, y + 8, ("p%d %s"):format(percent, numbers.time(seconds))))
  end
  return list
end

-- The chart's axes.
local function frame_of(histogram, bins, all)
  local most = 0
  for _, bin in ipairs(bins) do
    most = math.max(most, bin.count)
  end
  local y = ticks.from_zero(100 * most / all, 5, {
    text = function(value) return ("%g %%"):format(value) end,
  })
  local marks, low, high = ticks.logarithmic(histogram:min(), histogram:max())
  return chart.frame({ from = low, to = high, ticks = marks, logarithmic = true },
    { from = 0, to = y[#y].at, ticks = y }, HEIGHT, 26 + ROW * #MARKED)
end

local function histogram_figure(histogram)
  local bins, all = bins_of.of(histogram), histogram:count()
  local frame = frame_of(histogram, bins, all)
  return chart.figure("Histogram", nil, chart.draw(frame, "How many answers took how long",
    "share of the answers", { bars(bins, frame, all), percentile_marks(histogram, frame) }),
    "Time from a request to its answer, on a logarithmic axis. A bar that holds any answer is "
    .. "drawn, however few they are.")
end

-- The percentiles as a table that lies on its side.
local function table_of(histogram)
  local heads, cells = {}, {}
  for i, row in ipairs(summary.latencies(histogram)) do
    heads[i] = h("th", { scope = "col" }, row[1])
    cells[i] = h("td", nil, numbers.time(row[2]))
  end
  return h("div", { class = "scroll" }, h("table", { class = "numbers" },
    h("thead", nil, h("tr", nil, heads)), h("tbody", nil, h("tr", nil, cells))))
end

---The section.
---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup?
function M.section(result)
  if result.latency:count() == 0 then
    return nil
  end
  return h("section", nil, h("h2", nil, "Latency of all answers"), table_of(result.latency),
    histogram_figure(result.latency))
end

return M
