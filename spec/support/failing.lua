-- What busted is told of a word or an assertion that fails: the kind of it, the line and the text.
local M = {}

---Calls f, which fails; `lines` is how many lines below the call of told() its failing line stands.
---@return string kind "failure" or "error", as busted tells them apart.
---@return string text Without the place.
---@return integer line
function M.of(f)
  local ok, raised = pcall(f)
  assert(not ok, "nothing failed")
  local class = type(raised) == "table" and getmetatable(raised)
  local text = tostring(raised)
  local line, rest = text:match("^[^\n:]*_spec%.lua:(%d+): (.*)$")
  assert(line, "no place in a spec: " .. text)
  return class and class.__type or "error", rest, math.tointeger(tonumber(line))
end

---The line that a function begins at.
function M.line(f)
  return debug.getinfo(f, "S").linedefined
end

return M
