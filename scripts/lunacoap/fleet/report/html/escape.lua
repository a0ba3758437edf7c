-- Text as HTML takes it: markup in it is none, and what HTML has no place for is written as
-- numbers.

local facts = require "lunacoap.fleet.report.facts"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

-- Of UTF-8: what stands for no character (U+FDD0 and following, U+1FFFE and the like), and what
-- turns the direction of the text around it (U+202A and following, U+2066 and following).
local UNSEEN = {
  "\xEF\xB7[\x90-\xAF]", "[\xF0-\xF4][\x8F\x9F\xAF\xBF]\xBF[\xBE\xBF]",
  "\xE2\x80[\xAA-\xAE]", "\xE2\x81[\xA6-\xA9]",
}

---Text in which all can be seen, not yet escaped.
---@param text any
---@return string
function M.visible(text)
  text = facts.safe(text)
  for _, pattern in ipairs(UNSEEN) do
    text = text:gsub(pattern, hex)
  end
  return text
end

---Text for an element or an attribute.
---@param text any
---@return string
function M.text(text)
  return (M.visible(text):gsub("[&<>\"']", ENTITIES))
end

return M
