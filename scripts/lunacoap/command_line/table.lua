-- Rows of texts in columns.

local terminal = require "lunacoap.command_line.terminal"

local M = {}

local function width(text)
  return utf8.len(text) or #text
end

---Columns below their heads; a column in which every row is empty is left out.
---@param heads string[]
---@param rows string[][]
---@return string
function M.text(heads, rows)
  local lines = {}
  for i = 0, #rows do
    lines[i] = ""
  end
  for j, head in ipairs(heads) do
    local cells, widest = { [0] = head }, 0
    for i, row in ipairs(rows) do
      cells[i] = terminal.line(row[j])
      widest = math.max(widest, width(cells[i]))
    end
    for i = 0, widest > 0 and #rows or -1 do
      local blanks = math.max(widest, #head) - width(cells[i])
      lines[i] = lines[i] .. cells[i] .. (" "):rep(blanks + 2)
    end
  end
  for i = 0, #rows do
    lines[i] = lines[i]:gsub(" +$", "") .. "\n"
  end
  return table.concat(lines, "", 0)
end

return M
