-- Percent-encoding (RFC 3986 2.1).

local M = {}

---Encodes bytes.
---@param text string
---@param bytes string A pattern for those that may not stay as they are, such as "[^%w]".
---@return string
function M.encode(text, bytes)
  return (text:gsub(bytes, function(c) return ("%%%02X"):format(c:byte()) end))
end

---Decodes all that is encoded.
---@param text string
---@return string
function M.decode(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

return M
