-- Words of the command line as values: each function returns the value, or nil and what it takes.

local hex = require "lunacoap.hex"

local M = {}

local MOST_SECONDS = 1e9 -- as the property Timeout takes them

---@param text string
---@return number? seconds
---@return string? message
function M.seconds(text)
  local number = tonumber(text)
  if number and number > 0 and number <= MOST_SECONDS then
    return number
  end
  return nil, ("takes a number of seconds, such as 2.5, not '%s'"):format(text)
end

---@param text string
---@return integer? count From 1 on.
---@return string? message
function M.count(text)
  local number = math.tointeger(tonumber(text))
  if number and number > 0 then
    return number
  end
  return nil, ("takes a number from 1 on, not '%s'"):format(text)
end

---The bytes that "0x..." stands for; other text is its own bytes.
---@param text string
---@return string? bytes
---@return string? message
function M.bytes(text)
  local digits = text:match("^0[xX](.*)$")
  if not digits then
    return text
  end
  return hex.decode(digits), "takes pairs of hexadecimal digits behind 0x" -- they may be a secret
end

return M
