-- The options that all commands have that ask a server, and what they make of a component.

local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local format = require "lunacoap.format"
local lunacoap = require "lunacoap"
local option = require "lunacoap.command_line.option"
local values = require "lunacoap.command_line.values"

local M = {}

---@type lunacoap.command_line.Group
M.group = {
  title = "Requests",
  options = {
    { flags = "-a --accept", value = "FORMAT", convert = format.number,
      suggest = format.short_names,
      help = "ask for this content-format: a number, a media type, or a name such as json" },
    { flags = "-O --option", value = "NUMBER,VALUE", name = "options", many = true,
      convert = option, help = "add an option, by number or name; the value is text, or bytes as "
      .. "hexadecimal digits behind 0x; may be repeated" },
    { flags = "--non", help = "send messages that nobody confirms, and that are not repeated" },
    { flags = "--timeout", value = "SECONDS", convert = values.seconds, default = 60,
      help = "give up when nothing came for so long" },
    { flags = "-v --verbose", help = "show every message, and DTLS, on standard error" },
  },
}

---Adds the options to those of a component's requests.
---@param coap lunacoap.CoAP
---@param given table
function M.add_options(coap, given)
  for _, each in ipairs(given.options) do
    coap.RequestOptions:Add(each)
  end
  if given.accept then
    coap.RequestOptions:Add { Number = lunacoap.OptionNumber.Accept, Value = given.accept }
  end
end

-- Every message with the time since the start.
local function trace(fields)
  local start = lunacoap.now()
  local function tell(_, e)
    io.stderr:write(("%8.3f  %s\n"):format(lunacoap.now() - start, e.Message))
  end
  fields.LogLevel, fields.OnLog, fields.OnSSLStatus = 2, tell, tell
end

-- Who asks for a file on a command line wants it whole: all that the setting takes.
local MAX_BODY = 1 << 30

---Settings and handlers for lunacoap.CoAP.
---@param given table
---@return table
function M.client(given)
  local fields = {
    Timeout = given.timeout, UseConfirmableMessages = not given.non, MaxBodySize = MAX_BODY,
  }
  if given.verbose then
    trace(fields)
  end
  return fields
end

-- Numbers of errors that a mistake of the user makes, and that something on this side does.
local MISUSE = { [1] = true, [700] = true, [701] = true }
local HERE = {
  [271] = true, [272] = true, [273] = true, [434] = true, [10022] = true, [10024] = true,
  [10048] = true, [10049] = true, [10055] = true,
}

---Raises what a component raised as a failure with the status that it means.
---@param err any
function M.fail(err)
  if type(err) ~= "table" or not err.Code then
    error(err, 0)
  end
  local status = MISUSE[err.Code] and failure.MISUSE or HERE[err.Code] and failure.HERE
    or failure.NO_ANSWER
  failure.raise(status, "%s", dtls.in_options(err.Message))
end

return M
