-- The result of a simulation as one page for a browser, which needs nothing else.

local page = require "lunacoap.fleet.report.html.page"

local M = {}

---The page.
---@param result lunacoap.SimulationResult
---@param judged table[] Thresholds with their outcome; see lunacoap.load.report.judge.
---@return string
function M.of(result, judged)
  return page.text(result, judged)
end

return M
