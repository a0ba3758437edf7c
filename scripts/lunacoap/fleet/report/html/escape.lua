-- Text as HTML takes it: markup in it is none, and what HTML has no place for is written as
-- numbers.

local facts = require "lunacoap.fleet.report.facts"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

-- Code points that stand for no character (U+FDD0 and following, U+1FFFE and the like).
local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

---@param text any
---@return string
function M.text(text)
  return (facts.safe(text):gsub("[&<>\"']", ENTITIES):gsub("\xEF\xB7[\x90-\xAF]", hex)
    :gsub("[\xF0-\xF4][\x8F\x9F\xAF\xBF]\xBF[\xBE\xBF]", hex))
end

return M
