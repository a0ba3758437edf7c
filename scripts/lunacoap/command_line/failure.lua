-- What ends a command early: an exit status and a line for standard error. The framework prints it
-- and ends the program; see lunacoap.command_line.

---@class lunacoap.command_line.Failure
---@field status integer The exit status.
---@field message string What is wrong, without the command's name and without a full stop.
local Failure = {}
Failure.__index = Failure
Failure.__name = "lunacoap.command_line.Failure"

function Failure:__tostring()
  return self.message
end

local M = {
  -- Exit statuses that do not come from a response's code.
  HERE = 1, -- something on this side failed: a file, a module that is missing
  MISUSE = 2, -- the command line is wrong
  NO_ANSWER = 3, -- timeout, unreachable, no session
}

---Whether a value was raised by this module.
---@param value any
---@return boolean
function M.is(value)
  return getmetatable(value) == Failure
end

---Raises a failure.
---@param status integer
---@param message string A format for string.format, if more follows.
---@param ... any
function M.raise(status, message, ...)
  if select("#", ...) > 0 then
    message = message:format(...)
  end
  error(setmetatable({ status = status, message = message }, Failure), 0)
end

return M
