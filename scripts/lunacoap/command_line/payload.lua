-- The payload of a request: where it comes from, and what format it is put in.

local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local format = require "lunacoap.format"

local M = {}

M.argument = {
  name = "payload", optional = true, help = "what to send, or - for standard input",
}

---@type lunacoap.command_line.Group
M.group = {
  title = "Payload",
  options = {
    { flags = "-F --file", value = "FILE", help = "send this file, or standard input for -" },
    { flags = "-f --format", value = "FORMAT", convert = format.number,
      suggest = format.short_names,
      help = "its content-format: a number, a media type, or a name such as json; for cbor and "
      .. "senml+cbor JSON is taken and written in that format" },
    { flags = "--raw", help = "send it as it is, whatever its format" },
  },
}

-- Binary formats, and the format of the text that people write instead.
local WRITTEN_AS = {
  [format.short.cbor] = format.short.json,
  [format.short["senml+cbor"]] = format.short["senml+json"],
}

-- JSON as CBOR; CBOR stays what it is.
local function convert(payload, number)
  local value, message = format.decode(WRITTEN_AS[number], payload)
  if value == nil and format.decode(number, payload) ~= nil then
    return payload
  end
  local bytes
  if value ~= nil then
    bytes, message = format.encode(number, value)
  end
  return bytes or failure.raise(failure.MISUSE,
    "the payload cannot be sent as %s: %s (--raw sends it as it is)", format.name(number), message)
end

---The payload that is given.
---@param given table
---@return string
function M.read(given)
  if given.payload and given.file then
    failure.raise(failure.MISUSE, "the payload is given twice: behind the URI and with --file")
  end
  local payload = given.payload or ""
  if given.payload == "-" or given.file then
    payload = files.read(given.file or "-")
  end
  if WRITTEN_AS[given.format] and not given.raw and payload ~= "" then
    payload = convert(payload, given.format)
  end
  return payload
end

return M
