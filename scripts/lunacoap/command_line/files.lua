-- Files of the command line, whose troubles end the command.

local failure = require "lunacoap.command_line.failure"
local lunacoap = require "lunacoap"

local M = {}

local function read_input()
  local content, trouble = io.read("a")
  if not content then
    lunacoap.sleep(0) -- a signal may have ended the reading: it ends the program here
    failure.raise(failure.HERE, "cannot read standard input: %s", trouble)
  end
  return content
end

---The content of a file, or of standard input for "-".
---@param path string
---@return string
function M.read(path)
  if path == "-" then
    return read_input()
  end
  local file <close>, message = io.open(path, "rb")
  local content, trouble
  if file then
    content, trouble = file:read("a")
  end
  if not content then
    failure.raise(failure.HERE, "cannot read %s", message or path .. ": " .. trouble)
  end
  return content
end

---Makes or replaces a file.
---@param path string
---@param content string
function M.write(path, content)
  local file <close>, message = io.open(path, "wb")
  if not file then
    failure.raise(failure.HERE, "cannot write %s", message)
  end
  M.put(file, path, content)
end

---Makes or replaces a file that is written to later, so that a mistake does not cost what is to be
---in it; standard output for "-", nothing for nil.
---@param path? string
---@return file*?
function M.create(path)
  if not path or path == "-" then
    return path and io.stdout
  end
  local file, message = io.open(path, "w")
  return file or failure.raise(failure.HERE, "cannot write %s", message)
end

---Writes to an open file and sees to it that all of it is taken.
---@param file file*
---@param name string What a failure calls it.
---@param ... string
function M.put(file, name, ...)
  local ok, trouble = file:write(...)
  if ok then
    ok, trouble = file:flush()
  end
  if not ok then
    failure.raise(failure.HERE, "cannot write %s: %s", name, trouble)
  end
end

---Writes to standard output.
---@param ... string
function M.print(...)
  M.put(io.stdout, "to standard output", ...)
end

return M
