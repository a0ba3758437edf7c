-- Names and messages as reports take them: XML and JSON have no place for most control characters
-- and for bytes that are no UTF-8, such as those of a payload that a message shows.

local M = {}

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

local function as_utf8(text)
  local parts, from = {}, 1
  local _, wrong = utf8.len(text)
  while wrong do
    table.insert(parts, text:sub(from, wrong - 1) .. hex(text:sub(wrong, wrong)))
    from = wrong + 1
    _, wrong = utf8.len(text, from)
  end
  return table.concat(parts) .. text:sub(from)
end

---The text with "\x00" for what cannot be shown. Lines and tabs stay.
---@param text string
---@return string
function M.text(text)
  -- The last are U+FFFE and U+FFFF, which XML 1.0 leaves out (section 2.2).
  return (as_utf8(text):gsub("[\0-\8\11-\31\127]", hex):gsub("\xEF\xBF[\xBE\xBF]", hex))
end

---The same on one line.
---@param text string
---@return string
function M.line(text)
  return (M.text(text):gsub("%s*[\n\t]%s*", " "))
end

---The same where TAP does not take a part of it for a directive, by which a failure would be none.
---@param text string
---@return string
function M.tap_line(text)
  return (M.line(text):gsub("#%s*%a%a%a%a", function(part)
    local word = part:sub(-4):lower()
    return (word == "skip" or word == "todo") and "\\" .. part or nil
  end))
end

return M
