-- Curves of figures that each hold for an interval: a level for each, with steps between them.

local M = {}

-- Intervals follow each other when less than this is between them, in units of the drawing.
local APART = 0.3

-- "12" rather than "12.0".
local function number(value)
  return (("%.1f"):format(value):gsub("%.0$", ""))
end

-- The runs of intervals that follow each other and have a value: each the first place, the last
-- one, and the path from the one to the other.
local function runs(points, value, frame)
  local list, run = {}, nil
  for _, point in ipairs(points) do
    local level = value(point)
    local x, y = frame.x(point.at), level and number(frame.y(level))
    if run and (not level or x - run.to > APART) then
      run = nil
    end
    if level and not run then
      run = { from = x, y = y, path = { "M", number(x), " ", y } }
      list[#list + 1] = run
    elseif level and y ~= run.y then
      table.insert(run.path, ("H%sV%s"):format(number(x), y))
      run.y = y
    end
    if run then
      run.to = frame.x(point.at + point.seconds)
    end
  end
  return list
end

---The path of a line, which is broken where there is no value.
---@param points table[]
---@param value fun(point: table): number?
---@param frame lunacoap.fleet.report.Frame
---@return string
function M.line(points, value, frame)
  local parts = {}
  for i, run in ipairs(runs(points, value, frame)) do
    parts[i] = table.concat(run.path) .. "H" .. number(run.to)
  end
  return table.concat(parts)
end

---The path around what is below the line.
---@param points table[]
---@param value fun(point: table): number?
---@param frame lunacoap.fleet.report.Frame
---@return string
function M.area(points, value, frame)
  local parts, base = {}, number(frame.bottom)
  for i, run in ipairs(runs(points, value, frame)) do
    parts[i] = ("%sH%sV%sH%sZ"):format(table.concat(run.path), number(run.to), base,
      number(run.from))
  end
  return table.concat(parts)
end

return M
