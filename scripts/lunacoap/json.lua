-- lunacoap.json: JSON (RFC 8259) by lua-cjson.

local M = {}

local ok, cjson = pcall(require, "cjson.safe")
if not ok then
  error("JSON needs the module cjson: install Debian's lua-cjson", 0)
end

M.null = cjson.null

local coder = cjson.new()
coder.decode_invalid_numbers(false)
coder.encode_invalid_numbers(false)

-- cjson reads each number as a float.
local function with_integers(value)
  if type(value) == "table" then
    for key, item in pairs(value) do
      value[key] = with_integers(item)
    end
    return value
  end
  return math.tointeger(value) or value
end

---@param value any
---@return string? text
---@return string? message
function M.encode(value)
  return coder.encode(value)
end

---@param text string
---@return any value
---@return string? message
function M.decode(text)
  local value, message = coder.decode(text)
  if value == nil then
    return nil, "malformed JSON: " .. message
  end
  return with_integers(value)
end

---@param text string
---@return string? text
---@return string? message
function M.pretty(text)
  return text
end

return M
