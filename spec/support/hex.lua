---Bytes from hexadecimal digits; blanks are for the reader.
---@param text string
---@return string
return function(text)
  local digits = text:gsub("%s", "")
  return (digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end
