-- An answer as a command shows it: the payload of a success on standard output, all else on
-- standard error.

local files = require "lunacoap.command_line.files"
local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"
local terminal = require "lunacoap.command_line.terminal"

local M = {}

---@type lunacoap.command_line.Group
M.group = {
  title = "Answer",
  options = {
    { flags = "-o --output", value = "FILE",
      help = "write the payload to this file; - is standard output, also as it came" },
    { flags = "-i --include", help = "show code and options of the answer on standard error" },
  },
}

local CONTENT_FORMAT = lunacoap.OptionNumber["Content-Format"]

-- A terminal shows so many bytes of what is no text.
local DUMPED = 256

---@class lunacoap.command_line.Answer
---@field code string
---@field payload string
---@field format? integer
---@field options string[] As people read them.

---What a component's Response properties hold.
---@param coap lunacoap.CoAP
---@return lunacoap.command_line.Answer
function M.of(coap)
  local options = {}
  for i, option in ipairs(coap.ResponseOptions) do
    options[i] = option.Number == CONTENT_FORMAT
      and "Content-Format: " .. format.name(coap.ResponseContentFormat) or tostring(option)
  end
  local number = coap.ResponseContentFormat
  return {
    code = coap.ResponseCode, payload = coap.ResponseDataB, options = options,
    format = number >= 0 and number or nil,
  }
end

---Whether its code is of class 2.
---@param answer lunacoap.command_line.Answer
---@return boolean
function M.is_success(answer)
  return answer.code:sub(1, 1) == "2"
end

---The exit status that a code means.
---@param answer lunacoap.command_line.Answer
---@return integer
function M.status(answer)
  return M.is_success(answer) and 0 or math.tointeger(tonumber(answer.code:sub(1, 1)))
end

local function with_name(code)
  local name = lunacoap.CodeName[code]
  return name and code .. " " .. name or code
end

local function is_text(payload)
  return utf8.len(payload) ~= nil and not payload:find("\0", 1, true)
end

-- A hex dump of the beginning of a payload, which is told about.
local function dump(answer)
  local what = answer.format and " of " .. format.name(answer.format) or ""
  io.stderr:write(("%d bytes%s, which are no text: -o FILE saves them\n"):format(
    #answer.payload, what))
  return format.pretty("octets", answer.payload:sub(1, DUMPED))
    .. (#answer.payload > DUMPED and "\n..." or "")
end

---The payload as a terminal may show it, with the structure of its format where that can be read.
---@param answer lunacoap.command_line.Answer
---@return string
function M.pretty(answer)
  local text = answer.payload
  if answer.format and format.readable(answer.format) and answer.format ~= format.short.octets then
    local pretty, message = format.pretty(answer.format, answer.payload)
    if not pretty then
      io.stderr:write(("this is no %s: %s\n"):format(format.name(answer.format),
        terminal.line(message))) -- which may quote the payload
    end
    text = pretty or text
  end
  return is_text(text) and terminal.safe(text) or dump(answer)
end

---The payload in a line where it has none of its own: text as it is, CBOR in diagnostic notation,
---other bytes in hex.
---@param answer lunacoap.command_line.Answer
---@return string
function M.one_line(answer)
  local payload = answer.payload
  if answer.format and format.name(answer.format):find("cbor", 1, true) then
    payload = lunacoap.cbor.diagnose(payload) or payload
  end
  return is_text(payload) and payload or hex.encode(payload)
end

---A line end, unless there is one or nothing stands before it.
---@param text string
---@return string
function M.line(text)
  return (text == "" or text:sub(-1) == "\n") and text or text .. "\n"
end

-- An error, with what the server says of it: text in the same line, else below it.
local function tell_error(answer, from)
  local text = with_name(answer.code)
  local is_diagnostic = answer.format == nil or answer.format == 0
  if is_diagnostic and answer.payload ~= "" and is_text(answer.payload) then
    text = text .. ": " .. terminal.safe(answer.payload)
  elseif answer.payload ~= "" then
    text = M.line(text) .. M.pretty(answer)
  end
  io.stderr:write(from and from .. ": " or "", M.line(text))
end

local function tell_options(answer)
  for _, option in ipairs(answer.options) do
    io.stderr:write("  ", terminal.safe(option), "\n")
  end
end

-- For a terminal what people read, else the payload as it is; one of several is a line.
local function write(answer, given, from)
  if lunacoap.isatty(io.stdout) and not given.output then
    files.print(from and from .. ":\n" or "", M.line(M.pretty(answer)))
  elseif from then
    files.print(from, " ", M.line(answer.payload))
  else
    files.print(answer.payload)
  end
end

---Tells on standard error what there is besides the payload of a success.
---@param answer lunacoap.command_line.Answer
---@param given table
---@param from? string Whose answer it is, where several come.
function M.tell(answer, given, from)
  if not M.is_success(answer) then
    tell_error(answer, from)
  elseif given.include then
    io.stderr:write(with_name(answer.code), "\n")
  end
  if given.include then
    tell_options(answer)
  end
end

---Shows an answer.
---@param answer lunacoap.command_line.Answer
---@param given table
---@param from? string Whose answer it is, where several come.
function M.show(answer, given, from)
  M.tell(answer, given, from)
  if not M.is_success(answer) then
    return
  elseif given.output and given.output ~= "-" then
    files.write(given.output, answer.payload)
  else
    write(answer, given, from)
  end
end

return M
