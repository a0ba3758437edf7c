-- The text of one message in a ladder.

local excerpt = require "lunacoap.ladder.excerpt"
local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"

local M = {}

local PAYLOAD_SHOWN, VALUE_SHOWN, MALFORMED_SHOWN = 48, 32, 16

local NUMBER, TYPE = lunacoap.OptionNumber, lunacoap.ValueType
-- What a path or a query may not have as it is.
local UNSAFE = "[^%w%-._~!$'()*+,;=:@]"

local PATH, QUERY = NUMBER["Uri-Path"], NUMBER["Uri-Query"]

-- Codes of class 0 are methods, and 0.00 that of an empty message.
local function method_of(code)
  local number = math.tointeger(tonumber(code:match("^0%.(%d%d)$")))
  return number and number > 0 and lunacoap.MethodName[number] or nil
end

local function joined(message, number, before, between)
  local parts = {}
  for _, option in ipairs(message.options) do
    if option.Number == number then
      parts[#parts + 1] = percent.encode(option.Value, UNSAFE)
    end
  end
  return #parts > 0 and before .. table.concat(parts, between) or ""
end

---What stands on the arrow: type, and method and path or code and name.
---@param message table As lunacoap.message.decode() returns it.
---@return string
function M.label(message)
  local type, code = message.type, message.code
  if code == "0.00" then
    return type == "CON" and "CON empty (ping)" or type == "NON" and "NON empty" or type
  elseif code:find("^0%.") then
    local path = joined(message, PATH, "/", "/")
    return ("%s %s %s%s"):format(type, method_of(code) or code, path == "" and "/" or path,
      joined(message, QUERY, "?", "&"))
  end
  local name = lunacoap.CodeName[code]
  return name and ("%s %s %s"):format(type, code, name) or type .. " " .. code
end

local function number_of(bytes)
  local number = 0
  for i = 1, #bytes do
    number = number << 8 | bytes:byte(i)
  end
  return number
end

local short_names = {}
for _, name in ipairs(format.short_names) do
  short_names[format.short[name]] = name
end

local function format_text(bytes)
  local number = number_of(bytes)
  return short_names[number] or format.name(number)
end

-- As RFC 7959 writes it: number, more, size, of which 7 is none.
local function block_text(bytes)
  local value = number_of(bytes)
  local size = value & 7
  return ("%d/%d/%s"):format(value >> 4, value >> 3 & 1, size < 7 and 1 << (size + 4) or "reserved")
end

local SHOWN_AS = {
  [NUMBER["Content-Format"]] = format_text, [NUMBER.Accept] = format_text,
  [NUMBER.Block1] = block_text, [NUMBER.Block2] = block_text,
}

-- How an option's value is written; those that nobody knows are bytes.
local kinds = {}
for number in pairs(lunacoap.OptionName) do
  kinds[number] = lunacoap.CoAPOption(number).ValueType
end

-- Longer ones than any option may have are shown as bytes.
local LONGEST_NUMBER = 4

local function value_text(option)
  local number, value = option.Number, option.Value
  local is_number = kinds[number] == TYPE.ovtUInt and #value <= LONGEST_NUMBER
  if is_number and SHOWN_AS[number] then
    return SHOWN_AS[number](value)
  elseif is_number then
    return tostring(number_of(value))
  elseif kinds[number] == TYPE.ovtString then
    return excerpt(value, nil, VALUE_SHOWN)
  end
  local digits = hex.encode(value:sub(1, VALUE_SHOWN // 2))
  return #value > VALUE_SHOWN // 2 and digits .. "..." or digits
end

local function option_text(option)
  local name = lunacoap.OptionName[option.Number] or "option " .. option.Number
  local value = value_text(option)
  return value == "" and name or name .. " " .. value
end

local function content_format(message)
  for _, option in ipairs(message.options) do
    if option.Number == NUMBER["Content-Format"] and #option.Value <= LONGEST_NUMBER then
      return number_of(option.Value)
    end
  end
end

---What stands beside the arrow.
---@param message table
---@param token? string That of the request, where this is an ACK: it is told if it is another.
---@return string[]
function M.details(message, token)
  local list = { "id " .. message.id }
  if message.token ~= (token or "") and message.code ~= "0.00" then
    list[2] = message.token == "" and "no token" or "token " .. hex.encode(message.token)
  end
  for _, option in ipairs(message.options) do
    if option.Number ~= PATH and option.Number ~= QUERY then
      list[#list + 1] = option_text(option)
    end
  end
  if message.payload and message.payload ~= "" then
    list[#list + 1] = excerpt(message.payload, content_format(message), PAYLOAD_SHOWN)
  end
  return list
end

---The same for what is no message.
---@param data string
---@param problem string What is wrong with it.
---@return string[]
function M.malformed(data, problem)
  local bytes = hex.encode(data:sub(1, MALFORMED_SHOWN))
  return {
    (problem:gsub("^malformed CoAP message ", "")),
    data == "" and "an empty datagram" or ("its bytes: %s%s"):format(bytes,
      #data > MALFORMED_SHOWN and "..." or ""),
  }
end

return M
