-- Bytes as hexadecimal digits, two for each.

local M = {}

---@param bytes string
---@return string
function M.encode(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

---@param digits string
---@return string? bytes nil when there is something else, or one digit too many.
function M.decode(digits)
  if #digits % 2 == 0 and not digits:find("%X") then
    return (digits:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end))
  end
end

return M
