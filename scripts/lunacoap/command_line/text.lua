-- Text of several paragraphs, as declarations hold it, taken apart and set in lines.

local M = {}

-- What ends at an empty line, at a change between indented and other lines, or at the end.
local function add(blocks, lines, indented)
  if #lines > 0 then
    blocks[#blocks + 1] = {
      verbatim = indented, text = table.concat(lines, indented and "\n" or " "),
    }
  end
end

---Paragraphs, whose lines are joined, and blocks of indented lines, which stay as they are.
---@param text string
---@return { text: string, verbatim: boolean }[]
function M.blocks(text)
  local blocks, lines, indented = {}, {}, false
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    local is_indented = line:find("^ ") ~= nil
    if line == "" or is_indented ~= indented then
      add(blocks, lines, indented)
      lines, indented = {}, is_indented
    end
    if line ~= "" then
      lines[#lines + 1] = line
    end
  end
  add(blocks, lines, indented)
  return blocks
end

---Lines of at most `width` characters, where the words allow it.
---@param text string
---@param width integer
---@return string[]
function M.wrap(text, width)
  local lines = {}
  for word in text:gmatch("%S+") do
    local last = lines[#lines]
    if last and #last + 1 + #word <= width then
      lines[#lines] = last .. " " .. word
    else
      lines[#lines + 1] = word
    end
  end
  return lines
end

return M
