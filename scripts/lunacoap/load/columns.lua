-- Rows of texts in columns that are as wide as they must be.

local words = require "lunacoap.command_line.text"

local M = {}

local function width(text)
  return utf8.len(text) or #text
end

-- The text in pieces of at most so many characters, of which a word that is longer is cut.
local function pieces(text, most)
  local list = {}
  for _, line in ipairs(words.wrap(text, most)) do
    while width(line) > most do
      local cut = utf8.len(line) and utf8.offset(line, most + 1) or most + 1
      list[#list + 1] = line:sub(1, cut - 1)
      line = line:sub(cut)
    end
    list[#list + 1] = line
  end
  return list
end

local function widths_of(rows, columns)
  local widths = {}
  for i = 1, columns do
    widths[i] = 0
    for _, row in ipairs(rows) do
      widths[i] = math.max(widths[i], width(row[i] or ""))
    end
  end
  return widths
end

-- The rows with what is too wide for the last column on rows of its own below.
local function wrapped(rows, columns, room)
  local list = {}
  for _, row in ipairs(rows) do
    local parts = pieces(row[columns] or "", room)
    list[#list + 1] = table.move(row, 1, columns - 1, 1, {})
    list[#list][columns] = parts[1]
    for i = 2, #parts do
      list[#list + 1] = { [columns] = parts[i] }
    end
  end
  return list
end

---Lines with the cells of a row each.
---@param rows string[][]
---@param sides string A letter for each column: l or r.
---@param indent string
---@param most? integer How wide a line may be; the last column goes on below.
---@return string
function M.aligned(rows, sides, indent, most)
  local columns = #sides
  local widths, lines = widths_of(rows, columns), {}
  if most then
    local left = #indent
    for i = 1, columns - 1 do
      left = left + widths[i] + 2
    end
    rows = wrapped(rows, columns, math.max(most - left, 16))
    widths[columns] = widths_of(rows, columns)[columns]
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for k = 1, columns do
      local cell = row[k] or ""
      local space = (" "):rep(widths[k] - width(cell))
      cells[k] = sides:sub(k, k) == "r" and space .. cell or cell .. space
    end
    lines[i] = (indent .. table.concat(cells, "  ")):gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
