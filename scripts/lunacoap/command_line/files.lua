-- Files of the command line, whose troubles end the command.

local failure = require "lunacoap.command_line.failure"

local M = {}

---The content of a file, or of standard input for "-".
---@param path string
---@return string
function M.read(path)
  if path == "-" then
    return io.read("a")
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
  local written, trouble
  if file then
    written, trouble = file:write(content)
    if written then
      written, trouble = file:flush()
    end
  end
  if not written then
    failure.raise(failure.HERE, "cannot write %s", message or path .. ": " .. trouble)
  end
end

return M
