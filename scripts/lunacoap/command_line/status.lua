-- Lines at the bottom of a terminal that are written again and again in their place, while other
-- text appears above them.

local lunacoap = require "lunacoap"

---@class lunacoap.command_line.Status
---@field file file*
local Status = {}
Status.__index = Status

local M = {}

-- What a terminal has unless it says so, and as many lines as stay in the place of one of few.
local COLUMNS, MOST_LINES = 80, 8

local GAP = "  "

---A status on a terminal.
---@param file file*
---@return lunacoap.command_line.Status? # nil: the file is no terminal.
function M.new(file)
  return lunacoap.isatty(file) and setmetatable({ file = file, lengths = {} }, Status) or nil
end

local function columns_of(self)
  local _, columns = lunacoap.isatty(self.file)
  return columns or COLUMNS
end

-- Puts the items of a group on as many lines as it takes.
local function flow(lines, group, width)
  local line
  for _, item in ipairs(group) do
    item = item:sub(1, width)
    if line and #line + #GAP + #item <= width then
      line = line .. GAP .. item
    else
      lines[#lines + 1] = line
      line = item
    end
  end
  lines[#lines + 1] = line
end

-- Takes the lines away that stand there. A terminal that has become narrower since has broken them.
local function erasure(self, columns)
  local rows = 0
  for _, length in ipairs(self.lengths) do
    rows = rows + math.max(1, math.ceil(length / columns))
  end
  self.lengths = {}
  return rows > 0 and ("\r\27[%dA\27[J"):format(rows) or ""
end

---Shows groups of short texts, each group from the beginning of a line, in place of what was shown.
---@param groups string[][]
function Status:show(groups)
  local columns, lines = columns_of(self), {}
  for _, group in ipairs(groups) do
    flow(lines, group, columns - 1)
  end
  lines = table.move(lines, 1, math.min(#lines, MOST_LINES), 1, {})
  local before = erasure(self, columns)
  for i, line in ipairs(lines) do
    self.lengths[i] = #line
  end
  -- At once, and with a line end behind all: whatever comes then begins a line of its own.
  self.file:write(before .. table.concat(lines, "\n") .. "\n")
end

---Takes it away, until it is shown again.
function Status:clear()
  local before = erasure(self, columns_of(self))
  if before ~= "" then
    self.file:write(before)
    self.file:flush()
  end
end

---Calls a function that writes to the same terminal, without the status.
---@param f fun(...: any): any
---@return fun(...: any): any
function Status:around(f)
  return function(...)
    self:clear()
    return f(...)
  end
end

return M
