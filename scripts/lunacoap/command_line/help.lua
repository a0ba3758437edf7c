-- Help texts: of the program and of a command's declaration; see lunacoap.command_line.

local texts = require "lunacoap.command_line.text"

local M = {}

local WIDTH = 80
local MARGIN = "  "
-- A label that leaves its text less room than this many columns stands on a line of its own.
local LABEL = 26

local function paragraphs(text)
  local out = {}
  for i, block in ipairs(texts.blocks(text)) do
    out[i] = (block.verbatim and block.text or table.concat(texts.wrap(block.text, WIDTH), "\n"))
      .. "\n"
  end
  return table.concat(out, "\n")
end

-- Labels on the left, their texts on the right.
local function columns(rows)
  local label_width = 0
  for _, row in ipairs(rows) do
    label_width = #row[1] <= LABEL and math.max(label_width, #row[1]) or label_width
  end
  local indent = #MARGIN + label_width + 2
  local out = {}
  for _, row in ipairs(rows) do
    local lines = texts.wrap(row[2], WIDTH - indent)
    local label = MARGIN .. row[1]
    if #row[1] > label_width then
      out[#out + 1] = label
      label = ""
    end
    for i, line in ipairs(lines) do
      out[#out + 1] = (("%%-%ds%%s"):format(indent)):format(i == 1 and label or "", line)
    end
  end
  return table.concat(out, "\n") .. "\n"
end

---How an option is written, such as "-o, --output FILE".
---@param option lunacoap.command_line.Option
---@return string
function M.label(option)
  local flags = option.flags:gsub("%s+", ", ")
  -- Long names stand below each other, also where there is no short one.
  flags = flags:find("^%-%-%a") and "    " .. flags or flags
  return option.value and flags .. " " .. option.value or flags
end

---How an argument is written, such as "URI".
---@param argument lunacoap.command_line.Argument
---@return string
function M.argument(argument)
  return argument.value or argument.name:upper()
end

local function described(declared)
  local parts = { declared.help }
  if declared.choices then
    parts[#parts + 1] = "one of " .. table.concat(declared.choices, ", ")
  end
  if declared.default ~= nil then
    parts[#parts + 1] = ("default: %s"):format(declared.default)
  end
  return #parts == 1 and parts[1] or ("%s (%s)"):format(parts[1], table.concat(parts, "; ", 2))
end
M.described = described

---The line that shows what a command takes.
---@param declaration lunacoap.command_line.Declaration
---@return string
function M.usage(declaration)
  local parts = { "lunacoap " .. declaration.name, "[OPTIONS]" }
  for _, argument in ipairs(declaration.arguments or {}) do
    local shown = M.argument(argument) .. (argument.many and "..." or "")
    parts[#parts + 1] = argument.optional and "[" .. shown .. "]" or shown
  end
  return table.concat(parts, " ")
end

-- A heading and labels with their texts, unless there are none.
local function section(out, heading, rows)
  if #rows > 0 then
    out[#out + 1] = (heading and heading .. ":\n\n" or "") .. columns(rows)
  end
end

local function labelled(list, label)
  local rows = {}
  for i, item in ipairs(list) do
    rows[i] = { label(item), described(item) }
  end
  return rows
end

local function examples(out, list)
  for _, example in ipairs(list or {}) do
    out[#out + 1] = paragraphs(("Example: %s."):format(example.text))
    out[#out + 1] = ("  %s\n"):format((example.command:gsub("\n%f[^\n]", "\n  ")))
  end
end

local HELP_OPTION = { flags = "-h --help", help = "print this text and end" }

---The help text of a command.
---@param declaration lunacoap.command_line.Declaration
---@return string
function M.command(declaration)
  local out = {
    ("Usage:  %s\n"):format(M.usage(declaration)),
    paragraphs(declaration.description or declaration.summary .. "."),
  }
  section(out, nil, labelled(declaration.arguments or {}, M.argument))
  local own, groups = {}, {}
  for _, item in ipairs(declaration.options or {}) do
    table.insert(item.options and groups or own, item)
  end
  own[#own + 1] = HELP_OPTION
  section(out, "Options", labelled(own, M.label))
  for _, group in ipairs(groups) do
    section(out, group.title, labelled(group.options, M.label))
  end
  examples(out, declaration.examples)
  return table.concat(out, "\n")
end

---The help text of the whole program.
---@param program lunacoap.command_line.Program
---@param rows lunacoap.command_line.Row[]
---@return string
function M.program(program, rows)
  local out = { "Usage:  " .. table.concat(program.usages, "\n        ") .. "\n" }
  section(out, nil, labelled(program.options, M.label))
  local commands = {}
  for i, row in ipairs(rows) do
    commands[i] = { row.name, row.summary }
  end
  section(out, "Commands", commands)
  out[#out + 1] = paragraphs(program.commands)
  out[#out + 1] = paragraphs(program.scripts)
  section(out, "Exit status", program.statuses)
  examples(out, program.examples)
  return table.concat(out, "\n")
end

return M
