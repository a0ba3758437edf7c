-- The options that all commands have that ask a server, and what they make of a component.

local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local format = require "lunacoap.format"
local lunacoap = require "lunacoap"

local M = {}

---The names of content-formats that completions offer.
M.FORMATS = {
  "text", "json", "cbor", "senml+json", "senml+cbor", "link-format", "octets", "xml", "exi",
}

local MOST_SECONDS = 1e9 -- as the property Timeout takes them

local function seconds(text)
  local number = tonumber(text)
  if number and number > 0 and number <= MOST_SECONDS then
    return number
  end
  return nil, ("takes a number of seconds, such as 2.5, not '%s'"):format(text)
end
M.seconds = seconds

-- The number of an option, however its name is written.
local function option_number(text)
  if text:find("^%d+$") then
    local number = math.tointeger(tonumber(text))
    return number and number <= 65535 and number or nil
  end
  for name, number in pairs(lunacoap.OptionNumber) do
    if name:lower() == text:lower() then
      return number
    end
  end
end

-- The bytes that "0x..." stands for; other text is its own bytes.
local function bytes_of(text)
  local digits = text:match("^0[xX](.*)$")
  if not digits then
    return text
  elseif #digits % 2 == 1 or digits:find("%X") then
    return nil
  end
  return (digits:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end

-- An option's value as a component takes it: a number, hexadecimal digits or text.
local function option_value(kind, text)
  if kind == lunacoap.ValueType.ovtUInt then
    return math.tointeger(tonumber(text)) or text
  end
  local bytes = bytes_of(text)
  if bytes and kind == lunacoap.ValueType.ovtBinary then
    bytes = bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  end
  return bytes
end

-- An option of "NUMBER,VALUE", or nil and what is wrong.
local function option(text)
  local name, given = text:match("^([^,]*),?(.*)$")
  local number = option_number(name)
  if not number then
    return nil, ("there is no option '%s': it takes a number or a name such as Uri-Query, a comma "
      .. "and a value"):format(name)
  end
  local made = lunacoap.CoAPOption(number)
  local value = option_value(made.ValueType, given)
  if not value then
    return nil, ("takes pairs of hexadecimal digits behind 0x, not '%s'"):format(text)
  end
  local ok, err = pcall(function() made.Value = value end)
  if ok then
    return made
  end
  -- An ETag that was copied as it is shown.
  local hint = made.ValueType == lunacoap.ValueType.ovtBinary and not given:find("^0[xX]")
  return nil, err.Message:gsub("^.-: ", "") .. (hint and "; hexadecimal digits go behind 0x" or "")
end

---@type lunacoap.command_line.Group
M.group = {
  title = "Requests",
  options = {
    { flags = "-a --accept", value = "FORMAT", convert = format.number, suggest = M.FORMATS,
      help = "ask for this content-format: a number, a media type, or a name such as json" },
    { flags = "-O --option", value = "NUMBER,VALUE", name = "options", many = true,
      convert = option, help = "add an option, by number or name; the value is text, or bytes as "
      .. "hexadecimal digits behind 0x; may be repeated" },
    { flags = "--non", help = "send messages that nobody confirms, and that are not repeated" },
    { flags = "--timeout", value = "SECONDS", convert = seconds, default = 60,
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
