-- The frame of a chart in SVG: its place on the page, axes, grid and legend.

local h = require "lunacoap.fleet.report.html.element"

local M = {}

-- How wide a chart is, and from where to where its plot goes.
M.WIDTH, M.LEFT, M.RIGHT = 1000, 76, 970

local TOP, BOTTOM = 26, 26

---@class lunacoap.fleet.report.Scale
---@field from number
---@field to number
---@field ticks lunacoap.fleet.report.Tick[]
---@field logarithmic? boolean

---@class lunacoap.fleet.report.Frame
---@field x fun(value: number): number
---@field y fun(value: number): number
---@field left number
---@field right number
---@field top number
---@field bottom number

-- Where a value of the scale is drawn, between two places.
local function place(scale, first, last)
  local function value_of(value)
    return scale.logarithmic and math.log(math.max(value, scale.from)) or value
  end
  local from, to = value_of(scale.from), value_of(scale.to)
  return function(value)
    return first + (last - first) * (value_of(value) - from) / (to - from)
  end
end

---Makes a frame.
---@param x lunacoap.fleet.report.Scale
---@param y lunacoap.fleet.report.Scale
---@param height number Of the whole chart.
---@param top? number What is left above, for labels.
---@return lunacoap.fleet.report.Frame
function M.frame(x, y, height, top)
  local frame = { left = M.LEFT, right = M.RIGHT, top = top or TOP, bottom = height - BOTTOM,
    height = height, x_ticks = x.ticks, y_ticks = y.ticks }
  frame.x, frame.y = place(x, M.LEFT, M.RIGHT), place(y, frame.bottom, frame.top)
  return frame
end

---Text in a chart.
---@param x number
---@param y number
---@param text string
---@param class? string
---@return lunacoap.fleet.report.Markup
function M.label(x, y, text, class)
  return h("text", { x = x, y = y, class = class }, text)
end

local function path(parts, class)
  return #parts > 0 and h("path", { class = class, d = table.concat(parts) })
end

local function y_axis(frame)
  local lines, finer, labels = {}, {}, {}
  for _, tick in ipairs(frame.y_ticks) do
    local y = frame.y(tick.at)
    local list = tick.text and lines or finer
    list[#list + 1] = ("M%d %.1fH%d"):format(frame.left, y, frame.right)
    if tick.text then
      labels[#labels + 1] = M.label(frame.left - 8, y + 4, tick.text, "y")
    end
  end
  return { path(finer, "finer"), path(lines, "grid"), labels }
end

local function x_axis(frame)
  local marks, labels = { ("M%d %.1fH%d"):format(frame.left, frame.bottom, frame.right) }, {}
  for _, tick in ipairs(frame.x_ticks) do
    local x = frame.x(tick.at)
    marks[#marks + 1] = ("M%.1f %.1fv%d"):format(x, frame.bottom, tick.text and 5 or 3)
    if tick.text then
      labels[#labels + 1] = M.label(x, frame.bottom + 18, tick.text, "x")
    end
  end
  return { path(marks, "axis"), labels }
end

---Draws a frame with what stands in it.
---@param frame lunacoap.fleet.report.Frame
---@param label string What it shows, for those who do not see it.
---@param unit string What the vertical axis counts.
---@param marks any Elements.
---@param number? integer Of the chart among those over time.
---@return lunacoap.fleet.report.Markup
function M.draw(frame, label, unit, marks, number)
  return h("svg", { viewBox = ("0 0 %d %d"):format(M.WIDTH, frame.height), role = "img",
    ["aria-label"] = label, ["data-chart"] = number },
    y_axis(frame), marks, x_axis(frame), M.label(0, 12, unit, "unit"),
    number and h("path", { class = "cursor", d = ("M0 %dV%d"):format(frame.top, frame.bottom) }))
end

---@param series { name: string, class: string }[]
---@return lunacoap.fleet.report.Markup
function M.legend(series)
  local items = {}
  for i, each in ipairs(series) do
    items[i] = h("li", nil, h("i", { class = "swatch " .. each.class }), each.name)
  end
  return h("ul", { class = "legend" }, items)
end

---A chart with its title.
---@param title string
---@param legend? lunacoap.fleet.report.Markup
---@param content any The drawing, or why there is none.
---@param note? string
---@return lunacoap.fleet.report.Markup
function M.figure(title, legend, content, note)
  local body = type(content) == "string" and h("p", { class = "nothing" }, content)
    or h("div", { class = "scroll" }, content)
  return h("figure", { class = "chart" }, h("figcaption", nil, h("h3", nil, title), legend), body,
    note and h("p", { class = "note" }, note))
end

return M
