-- The beginning of a payload in a line: text in quotes, CBOR in diagnostic notation, else bytes.

local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function is_text(bytes)
  return utf8.len(bytes) ~= nil and not bytes:find("[^%C\n\r\t]")
end

local function escape(text)
  return (text:gsub('[\n\r\t"\\]', ESCAPES))
end

local function size(bytes)
  return #bytes == 1 and "1 byte" or #bytes .. " bytes"
end

-- At most `width` characters, the last of them dots when there are more.
local function cut(text, width)
  if utf8.len(text) <= width then
    return text
  end
  return text:sub(1, utf8.offset(text, math.max(width - 3, 1) + 1) - 1) .. "..."
end

-- Text in quotes, behind its length when not all of it is there.
local function quoted(bytes, width)
  local text = '"' .. escape(bytes) .. '"'
  return utf8.len(text) <= width and text or cut(size(bytes) .. " " .. text, width)
end

local function in_digits(bytes, width)
  return cut(size(bytes) .. " 0x" .. hex.encode(bytes:sub(1, width)), width)
end

-- JSON and links have quotes of their own.
local function as_it_is(bytes, width)
  return utf8.len(bytes) <= width and bytes or cut(size(bytes) .. " " .. bytes, width)
end

---@param bytes string
---@param number? integer The Content-Format.
---@param width integer
---@return string
return function(bytes, number, width)
  local name = number and format.name(number) or ""
  local in_cbor = name:find("cbor", 1, true) and lunacoap.cbor.diagnose(bytes)
  if in_cbor then
    return cut(in_cbor, width)
  elseif not is_text(bytes) then
    return in_digits(bytes, width)
  elseif (name:find("json", 1, true) or name:find("link", 1, true)) and not bytes:find("%c") then
    return as_it_is(bytes, width)
  end
  return quoted(bytes, width)
end
