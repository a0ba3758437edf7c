-- A Lua file that says what a command works on: it is run as a script is, and returns the
-- definition.

local failure = require "lunacoap.command_line.failure"
local lunacoap = require "lunacoap"

local M = {}

local function is_there(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

local function text_of(err)
  if type(err) == "table" and rawget(err, "Where") then
    return ("%s: %s"):format(err.Where, err.Message)
  end
  return type(err) == "table" and rawget(err, "Message") or tostring(err)
end

---Runs a file and gives what it returns.
---@param path string
---@param arguments string[] What it finds in `arg`.
---@return any
function M.run(path, arguments)
  if not is_there(path) then
    failure.raise(failure.MISUSE, "there is no file '%s'", path)
  end
  arg = table.move(arguments, 1, #arguments, 1, { [0] = path })
  local chunk, message = loadfile(path)
  if not chunk then
    failure.raise(failure.HERE, "%s", message)
  end
  local ok, result = xpcall(chunk, lunacoap.traceback, table.unpack(arguments))
  if not ok then
    failure.raise(failure.HERE, "%s", text_of(result))
  end
  return result
end

-- ---- Places -------------------------------------------------------------------------------------

local FIELD = "%%f[%%w_]%s%%s*=%%f[^=]"

-- What a message is about, as patterns of how it stands in the file: fields, and texts in quotes.
local function patterns_of(message)
  local list = {}
  for name in message:gmatch "the device's ([%a_]+)" do
    list[#list + 1] = FIELD:format(name)
  end
  for text in message:gmatch "[%s(]'([^']+)'" do
    list[#list + 1] = text:find "^[%a_][%w_]*$" and FIELD:format(text)
    list[#list + 1] = '["\']' .. text:gsub("%p", "%%%0") .. '["\']'
  end
  return list
end

-- The number of the line that alone has it.
local function only_line(path, pattern)
  local number, found = 0, nil
  for line in io.lines(path) do
    number = number + 1
    if line:gsub("%-%-.*", ""):find(pattern) then
      if found then
        return nil
      end
      found = number
    end
  end
  return found
end

---A message about a definition, with its file in front of it, and the line if it can be told.
---@param path string
---@param message string
---@return string
function M.locate(path, message)
  local patterns = patterns_of(message)
  for i = #patterns, 1, -1 do -- what is said last is nearest to the mistake
    local line = only_line(path, patterns[i])
    if line then
      return ("%s:%d: %s"):format(path, line, message)
    end
  end
  return ("%s: %s"):format(path, message)
end

return M
