-- lunacoap.format: content-formats by number or name, and payloads to and from Lua values by
-- content-format. A format without a codec of its own holds bytes.

local lunacoap = require "lunacoap"

---@class lunacoap.format
---@field short table<string, integer> The short names and the numbers that they stand for.
---@field short_names string[] The short names, in order.
local M = {}

M.short = {
  text = 0, ["link-format"] = 40, xml = 41, octets = 42, exi = 47, json = 50, cbor = 60,
  ["senml+json"] = 110, ["senml+cbor"] = 112,
}

-- ---- Names and numbers --------------------------------------------------------------------------

-- Names are compared without regard to case and to blanks around the parameters (RFC 9110 8.3.1).
local function normal(name)
  return (name:lower():gsub("%s*;%s*", ";"))
end

local numbers = {}
for name, number in pairs(lunacoap.ContentFormat) do
  numbers[normal(name)] = number
end

M.short_names = {}
for name in pairs(M.short) do
  table.insert(M.short_names, name)
end
table.sort(M.short_names)

---The number of a content-format.
---@param x integer|string A number, also as text, a media type, or a short name such as "json".
---@return integer? number
---@return string? message What is wrong with x.
function M.number(x)
  local number = math.tointeger(tonumber(x))
  if not number and type(x) == "string" then
    number = M.short[x:lower()] or numbers[normal(x)]
  end
  if number and number >= 0 and number <= 65535 then
    return number
  end
  return nil, ("no content-format is called '%s': it takes 0 to 65535, a media type, or %s")
    :format(tostring(x), table.concat(M.short_names, ", "))
end

---The media type of a content-format; its number as text when it has none.
---@param n integer
---@return string
function M.name(n)
  return lunacoap.ContentFormatName[n] or tostring(n)
end

-- ---- Codecs -------------------------------------------------------------------------------------

-- Each has encode(value, number) -> bytes, decode(bytes, number) -> value and pretty(bytes, number)
-- -> text. They return nil, message, or raise an error.

local function describe(value)
  local kind = type(value)
  return (kind == "nil" or kind == "boolean") and tostring(value) or "a " .. kind
end

local function check_utf8(bytes)
  local length, place = utf8.len(bytes)
  if length then
    return bytes
  end
  return nil, ("malformed text at byte %d: it is not UTF-8"):format(place)
end

local text = { decode = check_utf8, pretty = check_utf8 }

function text.encode(value)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then
    return tostring(value)
  end
  return nil, "text is made of a string, a number or a boolean, not of " .. describe(value)
end

local link_format = { decode = lunacoap.linkformat.parse }

function link_format.encode(value)
  return type(value) == "string" and value or lunacoap.linkformat.format(value)
end

-- One link a line.
function link_format.pretty(bytes)
  local links, message = lunacoap.linkformat.parse(bytes)
  if not links then
    return nil, message
  end
  for i, link in ipairs(links) do
    links[i] = lunacoap.linkformat.format { link }
  end
  return table.concat(links, ",\n")
end

local octets = {}

function octets.encode(value)
  if type(value) == "string" then
    return value
  end
  return nil, "bytes are given as a string, not as " .. describe(value)
end

function octets.decode(bytes)
  return bytes
end

local function hex_line(bytes, from)
  local part = bytes:sub(from, from + 15)
  local hex = part:gsub(".", function(c) return ("%02x "):format(c:byte()) end)
  return ("%04x  %-48s %s"):format(from - 1, hex, (part:gsub("[^ -~]", ".")))
end

-- A hex dump of what is no text.
function octets.pretty(bytes)
  if utf8.len(bytes) and not bytes:find("[^%C\t\r\n]") then
    return bytes
  end
  local lines = {}
  for from = 1, #bytes, 16 do
    lines[#lines + 1] = hex_line(bytes, from)
  end
  return table.concat(lines, "\n")
end

local json = lunacoap.json

local senml = {}

function senml.encode(value, number)
  return lunacoap.senml.pack(value, number)
end

function senml.decode(bytes, number)
  return lunacoap.senml.unpack(bytes, number)
end

-- Records with the names of their fields, in CBOR too; what is no SenML, or has fields for which
-- JSON has nothing, as the CBOR that it is.
function senml.pretty(bytes, number)
  if number < 112 then
    return json.pretty(bytes)
  end
  local records = lunacoap.senml.unpack(bytes, number)
  local in_json = records and lunacoap.senml.pack(records, 110)
  if in_json then
    return json.pretty(in_json)
  end
  return lunacoap.cbor.diagnose(bytes, 2)
end

local cbor = { encode = lunacoap.cbor.encode, decode = lunacoap.cbor.decode }

function cbor.pretty(bytes)
  return lunacoap.cbor.diagnose(bytes, 2)
end

-- The first pattern that a media type matches names its codec.
local CODECS = {
  { "^text/", text },
  { "^application/link%-format$", link_format },
  { "^application/sens?ml%+json$", senml },
  { "^application/sens?ml%+cbor$", senml },
  { "^application/json$", json },
  { "%+json$", json },
  { "^application/cbor$", cbor },
  { "%+cbor$", cbor },
  { "^application/cose", cbor }, -- RFC 9052
  { "%+cose$", cbor },
  { "cwt$", cbor }, -- RFC 8392
  { "^application/multipart%-core$", cbor }, -- RFC 8710
  { "", octets },
}

-- A name may end with parameters, and with a coding ("application/json deflate"): such payloads
-- are only bytes to us.
local function find_codec(n)
  local name = M.name(n):lower()
  if name:find(" deflate$") or name:find(" zstd$") then
    return octets
  end
  local media_type = name:match("^[^;]*")
  for _, row in ipairs(CODECS) do
    if media_type:find(row[1]) then
      return row[2]
    end
  end
end

local codecs = {}

local function codec_of(n)
  local codec = codecs[n] or find_codec(n)
  codecs[n] = codec
  return codec
end

---Whether there is more to a format than its bytes.
---@param n integer
---@return boolean
function M.readable(n)
  return n == M.short.octets or codec_of(n) ~= octets
end

-- Calls a function of a codec; what it raises becomes nil, message.
local function try(f, value, number)
  local ok, result, message = pcall(f, value, number)
  if not ok then
    return nil, type(result) == "table" and result.Message or tostring(result)
  elseif result == nil then
    return nil, message
  end
  return result
end

---Writes a value in a content-format.
---@param n integer|string The content-format, as format.number takes it.
---@param value any
---@return string? bytes
---@return string? message Why the value cannot be written.
function M.encode(n, value)
  local number, message = M.number(n)
  if not number then
    return nil, message
  end
  return try(codec_of(number).encode, value, number)
end

---Reads a payload.
---@param n integer|string The content-format, as format.number takes it.
---@param bytes string
---@return any value nil when the payload is malformed.
---@return string? message What is wrong with it, and at which byte.
function M.decode(n, bytes)
  local number, message = M.number(n)
  if not number then
    return nil, message
  end
  return try(codec_of(number).decode, bytes, number)
end

---A payload as text for people.
---@param n integer|string The content-format, as format.number takes it.
---@param bytes string
---@return string? text
---@return string? message What is wrong with the payload, and at which byte.
function M.pretty(n, bytes)
  local number, message = M.number(n)
  if not number then
    return nil, message
  end
  return try(codec_of(number).pretty, bytes, number)
end

return M
