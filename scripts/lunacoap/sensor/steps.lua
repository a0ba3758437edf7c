-- Whole steps of a time. Times that should be a whole number of steps are often a little less,
-- such as 3 * 0.1 / 0.3, and count as whole.

local M = {}

local floor = math.floor
local LITTLE = 1e-6

---How many whole steps there are.
---@param x number
---@return integer
function M.whole(x)
  return floor(x + LITTLE)
end

---What is left of the last, not yet whole step: from 0 to below 1.
---@param x number
---@return number
function M.part(x)
  local part = x - floor(x + LITTLE)
  return part > 0 and part or 0
end

return M
