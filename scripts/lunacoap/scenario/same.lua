-- Whether two decoded values are the same, and how they are shown.

local lunacoap = require "lunacoap"

local M = {}

-- Every key of `a` has the same value in `b`.
local function is_part(a, b)
  for key, value in pairs(a) do
    if not M.is(value, b[key]) then
      return false
    end
  end
  return true
end

---Tables are the same when all that is in them is.
---@param a any
---@param b any
---@return boolean
function M.is(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  return is_part(a, b) and is_part(b, a)
end

---A value in CBOR's diagnostic notation, which is near to JSON.
---@param value any
---@return string
function M.text(value)
  local ok, bytes = pcall(lunacoap.cbor.encode, value)
  return ok and lunacoap.cbor.diagnose(bytes) or tostring(value)
end

return M
