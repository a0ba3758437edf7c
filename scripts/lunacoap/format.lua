-- lunacoap.format: Content-Formats by number and name, and payloads as Lua values.

local lunacoap = require "lunacoap"
local json = require "lunacoap.json"

local M = {}

-- What people call the usual ones.
local SHORT = {
  text = "text/plain", json = "application/json", cbor = "application/cbor",
  ["senml+json"] = "application/senml+json", ["senml+cbor"] = "application/senml+cbor",
  ["link-format"] = "application/link-format", octets = "application/octet-stream",
  xml = "application/xml", exi = "application/exi",
}

---The number of a Content-Format.
---@param format integer|string A number, a media type such as "application/json", or a short name:
---text, json, cbor, senml+json, senml+cbor, link-format, octets, xml, exi.
---@return integer? number
---@return string? message
function M.number(format)
  local number = math.tointeger(tonumber(format))
  if number then
    if number >= 0 and number <= 65535 then
      return number
    end
    return nil, ("a content-format is a number from 0 to 65535, not %d"):format(number)
  end
  local ok, known = pcall(function() return lunacoap.ContentFormat[SHORT[format] or format] end)
  if ok then
    return known
  end
  return nil, ("there is no content-format '%s': give a number, a media type, or one of text, "
    .. "json, cbor, senml+json, senml+cbor, link-format, octets"):format(tostring(format))
end

---The media type of a number, or the number itself as text when nobody has registered it.
---@param number integer
---@return string
function M.name(number)
  local ok, name = pcall(function() return lunacoap.ContentFormatName[number] end)
  return ok and name or tostring(number)
end

-- ---- Codecs -------------------------------------------------------------------------------------

local function as_text(value)
  if type(value) == "table" or value == nil then
    return nil, ("text takes a string, a number or a boolean, not a %s"):format(type(value))
  end
  return tostring(value)
end

local function from_utf8(bytes)
  local _, wrong = utf8.len(bytes)
  if wrong then
    return nil, ("malformed UTF-8 at byte %d"):format(wrong)
  end
  return bytes
end

local function same(bytes)
  return bytes
end

local function as_links(value)
  return type(value) == "string" and value or lunacoap.linkformat.format(value)
end

-- One link a line.
local function pretty_links(bytes)
  local links, message = lunacoap.linkformat.parse(bytes)
  if not links then
    return nil, message
  end
  local lines = {}
  for i, link in ipairs(links) do
    lines[i] = lunacoap.linkformat.format { link }
  end
  return table.concat(lines, ",\n")
end

local CODECS = {
  text = { encode = as_text, decode = from_utf8, pretty = from_utf8 },
  octets = { encode = as_text, decode = same, pretty = same },
  links = { encode = as_links, decode = lunacoap.linkformat.parse, pretty = pretty_links },
  json = { encode = json.encode, decode = json.decode, pretty = json.pretty },
}

local BY_NUMBER = {
  [0] = CODECS.text, [40] = CODECS.links, [42] = CODECS.octets, [50] = CODECS.json,
}

local function codec_of(number)
  local codec = BY_NUMBER[number]
  if codec then
    return codec
  end
  local type = M.name(number):match("^[^; ]+$") -- with parameters it means something else
  return type and (type:find("^text/") and CODECS.text or type:find("+json$") and CODECS.json)
end

---Whether payloads in a format can be read.
---@param number integer
---@return boolean
function M.readable(number)
  return codec_of(number) ~= nil
end

local function missing(number)
  return nil, ("nothing here reads or writes the content-format %s"):format(M.name(number))
end

---The payload of a value.
---@param number integer
---@param value any
---@return string? payload
---@return string? message
function M.encode(number, value)
  local codec = codec_of(number)
  if not codec then
    return missing(number)
  end
  return codec.encode(value)
end

---The value of a payload.
---@param number integer
---@param payload string
---@return any value nil when the payload is malformed; JSON's null is lunacoap.json.null.
---@return string? message
function M.decode(number, payload)
  local codec = codec_of(number)
  if not codec then
    return missing(number)
  end
  return codec.decode(payload)
end

---A payload as people read it.
---@param number integer
---@param payload string
---@return string? text
---@return string? message
function M.pretty(number, payload)
  local codec = codec_of(number)
  if not codec then
    return missing(number)
  end
  return codec.pretty(payload)
end

return M
