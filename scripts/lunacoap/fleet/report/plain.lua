-- The result of a simulation for programs.

local facts = require "lunacoap.fleet.report.facts"
local summary = require "lunacoap.load.summary"

local M = {}

-- Fields that are told as they are.
local SAME = {
  "title", "command", "seed", "count", "began", "started_in", "served", "served_codes",
  "notifications", "notified", "phases", "series", "memory",
}

-- Lists that are left out when there is nothing in them.
local LISTS = { "failed_devices", "troubles", "ladders" }

-- A copy that any JSON can hold: its texts are UTF-8, its numbers finite, no functions.
local function writable(value)
  local kind = type(value)
  if kind == "table" then
    local copy = {}
    for key, field in pairs(value) do
      copy[type(key) == "string" and facts.safe(key) or key] = writable(field)
    end
    return copy
  elseif kind == "string" then
    return facts.safe(value)
  elseif kind == "boolean" or (kind == "number" and value - value == 0) then
    return value
  end
end

---A table of plain values. Times are in seconds; what there is nothing of is left out.
---@param result lunacoap.SimulationResult
---@param judged table[] Thresholds with their outcome; see lunacoap.load.report.judge.
---@return table
function M.of(result, judged)
  local plain = summary.plain(result, judged)
  plain.unanswered = facts.unanswered(result)
  for _, name in ipairs(SAME) do
    plain[name] = result[name]
  end
  for _, name in ipairs(LISTS) do
    plain[name] = summary.list_or_nothing(result[name] or {})
  end
  plain.warnings = summary.list_or_nothing(facts.warnings(result))
  return writable(plain)
end

return M
