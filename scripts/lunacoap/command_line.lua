-- The commands of `lunacoap`, such as `lunacoap get`: their table, and how one is run. The module
-- of a command returns a declaration; parser, help, completions and man page are made of that.

local capture = require "lunacoap.command_line.capture"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local help = require "lunacoap.command_line.help"
local lunacoap = require "lunacoap"
local parser = require "lunacoap.command_line.parser"
local program = require "lunacoap.command_line.program"
local rows = require "lunacoap.command_line.rows"
local terminal = require "lunacoap.command_line.terminal"

---@class lunacoap.command_line.Option
---@field flags string Its names: "-o --output".
---@field value? string What stands for its value in the help; without it the option is a flag.
---@field help string What it does, in lower case and without a full stop.
---@field name? string Its field in what `run` gets; else its long name, with _ for -.
---@field default? any
---@field choices? string[] The only values.
---@field suggest? string[] Values that completions offer, though others are right too.
---@field convert? fun(text: string): any, string? The value, or nil and what it takes.
---@field many? boolean May be repeated; its value is a list.

---@class lunacoap.command_line.Group
---@field title string
---@field options lunacoap.command_line.Option[]

---@class lunacoap.command_line.Argument
---@field name string Its field in what `run` gets.
---@field value? string How the help calls it, if not by its name in capitals.
---@field help string
---@field optional? boolean
---@field many? boolean Its value is a list.
---@field choices? string[]
---@field default? any
---@field convert? fun(text: string): any, string?

---@class lunacoap.command_line.Example
---@field command string What to type.
---@field text string What that does, in lower case and without a full stop.

---@class lunacoap.command_line.Declaration
---@field name? string Filled in from the table of commands.
---@field summary? string Filled in from the table of commands.
---@field description? string Paragraphs; a line that begins with a space is kept as it is.
---@field arguments? lunacoap.command_line.Argument[]
---@field options? (lunacoap.command_line.Option|lunacoap.command_line.Group)[]
---@field examples lunacoap.command_line.Example[]
---@field run fun(given: table): integer? Runs as a task. A status that it returns ends the program;
---without one that goes on while something can happen, as with a script.

local M = {}

-- As it is: `lunacoap test` refuses it to specs.
local stop = lunacoap.stop

local MODULE = "lunacoap.command.%s"

---The row of a command, or nil when a word is none.
---@param word? string
---@return lunacoap.command_line.Row?
function M.find(word)
  for _, row in ipairs(rows) do
    if row.name == word then
      return row
    end
  end
end

---The command that a mistyped word was most likely meant to be; nil when none is near.
---@param word string
---@return string?
function M.nearest(word)
  local names = {}
  for i, row in ipairs(rows) do
    names[i] = row.name
  end
  return lunacoap.nearest(word, names)
end

---The declaration of a command.
---@param row lunacoap.command_line.Row
---@return lunacoap.command_line.Declaration
function M.load(row)
  local declaration = require(MODULE:format(row.module or row.name))
  declaration.name, declaration.summary = row.name, row.summary
  declaration.options = declaration.options or {}
  if not row.offline and declaration.options[#declaration.options] ~= capture.group then
    table.insert(declaration.options, capture.group)
  end
  return declaration
end

---The declarations of all commands, in the order of the help.
---@return lunacoap.command_line.Declaration[]
function M.declarations()
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = M.load(row)
  end
  return list
end

---The text of `lunacoap --help`.
---@return string
function M.help()
  return help.program(program, rows)
end

local function complain(name, message)
  io.stderr:write(("lunacoap %s: %s\n"):format(name, terminal.safe(message)))
end

-- A failure as its status; any other error with its traceback, to be mended.
local function ended(name, err)
  if not failure.is(err) then
    complain(name, err)
    return failure.HERE
  end
  complain(name, err.message)
  if err.status == failure.MISUSE then
    io.stderr:write(("Try 'lunacoap %s --help'.\n"):format(name))
  end
  return err.status
end

local function start_capture(path)
  local ok, message = capture.start(path)
  if not ok then
    failure.raise(failure.HERE, "%s", message)
  end
end

local function describe(err)
  return failure.is(err) and err or debug.traceback(tostring(err), 2)
end

---Runs a command with the words that follow its name, and the loop until it ends.
---@param row lunacoap.command_line.Row
---@param words string[]
---@return integer status
function M.run(row, words)
  local ended_with = lunacoap.run(function()
    local ok, status = xpcall(function()
      local declaration = M.load(row)
      local given = parser.parse(declaration, words)
      if given then
        start_capture(given.capture)
        return declaration.run(given)
      end
      files.print(help.command(declaration))
      return 0
    end, describe)
    if not ok then
      status = ended(row.name, status)
    end
    if status then
      stop(status)
    end
  end)
  local _, trouble = capture.finish()
  if trouble then
    complain(row.name, trouble)
  end
  return ended_with
end

return M
