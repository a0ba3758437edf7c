-- What this program has of the machine, as Linux tells it.

local M = {}

local PAGE = 4096

---Seconds that this program has had a core, and that it was ready but had to wait for one.
---@return number had
---@return number waited
function M.cpu()
  local file <close> = io.open("/proc/self/schedstat")
  local _, waited
  if file then
    _, waited = file:read("n", "n")
  end
  return os.clock(), (waited or 0) / 1e9
end

---Bytes of this program that are in memory.
---@return integer
function M.resident()
  local file <close> = io.open("/proc/self/statm")
  local _, pages
  if file then
    _, pages = file:read("n", "n")
  end
  return math.tointeger(pages or 0) * PAGE
end

return M
