-- What may be written to a terminal.

local M = {}

local function numbers(bytes)
  return (bytes:gsub(".", function(c) return ("\\x%02x"):format(c:byte()) end))
end

---Text without what would act on a terminal: control characters but line ends and tabs become
---numbers, also those that UTF-8 has beyond ASCII.
---@param text string
---@return string
function M.safe(text)
  return (text:gsub("\r\n", "\n"):gsub("[^%C\n\t]", numbers):gsub("\xc2[\x80-\x9f]", numbers))
end

---The same in one line.
---@param text string
---@return string
function M.line(text)
  return (M.safe(text):gsub("[\n\t]", " "))
end

return M
