-- The argparse parser of a command's declaration; see lunacoap.command_line.

local failure = require "lunacoap.command_line.failure"

local M = {}

-- What the action of -h raises.
local HELP = {}

local function argparse()
  local ok, module = pcall(require, "argparse")
  if not ok then
    failure.raise(failure.HERE, "the Lua module 'argparse' is missing; "
      .. "it is in the Debian package lua-argparse")
  end
  return module
end

-- argparse tells the name of an option in its own messages, but not with those of a converter.
local function naming(convert, what)
  return function(text)
    local value, message = convert(text)
    if value == nil then
      return nil, ("%s: %s"):format(what, message)
    end
    return value
  end
end

local function last_word(text)
  return text:match("(%S+)$")
end

-- The properties that argparse's options and arguments have in common. A completion may offer more
-- words than those that alone are right.
local function describe(element, declared, what, completing)
  local choices = declared.choices or completing and declared.suggest
  element:description(declared.help)
  if declared.default ~= nil then
    element:default(declared.default)
  end
  if declared.convert then
    element:convert(naming(declared.convert, what))
  end
  if choices then
    element:choices(choices)
  end
end

local function add_option(parser, declared, completing)
  local option = parser:option(declared.flags)
  describe(option, declared, ("option '%s'"):format(last_word(declared.flags)), completing)
  option:args(declared.value and 1 or 0)
  if declared.many then
    option:count("*")
  end
  if declared.name then
    option:target(declared.name)
  end
end

local function add_argument(parser, declared, completing)
  local shown = declared.value or declared.name:upper()
  local argument = parser:argument(shown):target(declared.name)
  describe(argument, declared, shown, completing)
  argument:args(declared.many and (declared.optional and "*" or "+")
    or declared.optional and "?" or 1)
end

---Calls f for each option of a declaration, those of its groups too.
---@param declaration lunacoap.command_line.Declaration
---@param f fun(option: lunacoap.command_line.Option)
function M.each_option(declaration, f)
  for _, item in ipairs(declaration.options or {}) do
    for _, option in ipairs(item.options or { item }) do
      f(option)
    end
  end
end

local function fill(parser, declaration, completing)
  M.each_option(declaration, function(option) add_option(parser, option, completing) end)
  local arguments = declaration.arguments or {}
  for i, argument in ipairs(arguments) do
    if completing and i == 1 and argument.choices then
      -- The generator for bash offers commands, but not the choices of an argument.
      local rest = { arguments = { table.unpack(arguments, 2) } }
      parser:require_command(not argument.optional)
      for _, choice in ipairs(argument.choices) do
        fill(parser:command(choice):add_help(false), rest, completing)
      end
      return
    end
    add_argument(parser, argument, completing)
  end
end

---Reads the words that follow a command's name.
---@param declaration lunacoap.command_line.Declaration
---@param words string[]
---@return table<string, any>? given Values by the names of options and arguments; nil for --help.
function M.parse(declaration, words)
  local parser = argparse()("lunacoap " .. declaration.name):add_help(false)
  parser:flag("-h --help"):action(function() error(HELP, 0) end)
  fill(parser, declaration)
  function parser.error(_, message)
    message = message:gsub("\nDid you mean", "; did you mean")
    -- Most often a shell has split JSON.
    message = message:gsub("^too many arguments$", "%0: one that holds spaces stands in quotes")
    failure.raise(failure.MISUSE, message)
  end
  local ok, given = pcall(parser.parse, parser, words)
  if not ok then
    return given ~= HELP and error(given, 0) or nil
  end
  return given
end

---A parser of the whole program, for the generators of completions: the name of each command and
---what it takes.
---@param declarations lunacoap.command_line.Declaration[]
---@return table parser
function M.completing(declarations)
  local root = argparse()("lunacoap"):add_help(false)
  root:flag("-h --help"):description("print a help text and end")
  for _, declaration in ipairs(declarations) do
    local command = root:command(declaration.name):add_help(false)
    fill(command:summary(declaration.summary), declaration, true)
  end
  return root
end

return M
