-- What a spec says of a request, as a component takes it.

local failure = require "lunacoap.scenario.failure"
local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"

local M = {}

---What the words take beside URI and payload.
---@class lunacoap.AskOptions
---@field accept? integer|string The content-format that the answer is to have.
---@field format? integer|string The content-format of the payload; json for a table without one.
---@field payload? any A payload, for methods that take none otherwise.
---@field etag? string An ETag that is known, 1 to 8 bytes.
---@field if_match? string An ETag, or "" for any.
---@field if_none_match? boolean
---@field non? boolean Whether the message is non-confirmable.
---@field timeout? number Seconds that the answer may take.
---@field options? table[] More options, each { "Uri-Query", "a=1" } or { 65000, "bytes" }.

local NUMBER = lunacoap.OptionNumber

local function content_format(name)
  return function(value)
    local number, message = format.number(value)
    return number or failure.misuse("'%s' of a request: %s", name, message)
  end
end

local function of_type(name, kind)
  return function(value)
    if type(value) == kind then
      return value
    end
    failure.misuse("'%s' of a request takes a %s, not a %s", name, kind, type(value))
  end
end

local CHECKS = {
  accept = content_format "accept", format = content_format "format",
  payload = function(value) return value end,
  etag = of_type("etag", "string"), if_match = of_type("if_match", "string"),
  if_none_match = of_type("if_none_match", "boolean"), non = of_type("non", "boolean"),
  options = of_type("options", "table"),
}

function CHECKS.timeout(value)
  return failure.is_seconds(value) and value
    or failure.misuse("'timeout' of a request takes seconds from 0 on, not %s", tostring(value))
end

-- Checked copies.
local function check(options)
  local checked = {}
  for name, value in pairs(options) do
    if not CHECKS[name] then
      failure.misuse("a request takes accept, etag, format, if_match, if_none_match, non, options, "
        .. "payload and timeout, but not '%s'", tostring(name))
    end
    checked[name] = CHECKS[name](value)
  end
  return checked
end

-- An option of the list, whose bytes are written as they are.
local function option_of(row)
  if type(row) ~= "table" then
    failure.misuse("each of a request's options is such as { \"Uri-Query\", \"a=1\" }")
  end
  local name, value = row[1] or row.Number, row[2] or row.Value or ""
  if math.type(name) ~= "integer" and type(name) ~= "string" then
    failure.misuse("each of a request's options is such as { \"Uri-Query\", \"a=1\" }")
  end
  local number = math.type(name) == "integer" and name or NUMBER[name]
  local option = lunacoap.CoAPOption(number)
  if row[1] and option.ValueType == lunacoap.ValueType.ovtBinary then
    value = hex.encode(value)
  end
  option.Value = value
  return option
end

local function list_of(options)
  local list = {}
  local function add(name, value)
    list[#list + 1] = option_of { name, value }
  end
  if options.accept then
    add("Accept", options.accept)
  end
  if options.if_match then
    add("If-Match", options.if_match)
  end
  if options.if_none_match then
    add("If-None-Match", "")
  end
  for _, row in ipairs(options.options or {}) do
    list[#list + 1] = option_of(row)
  end
  return list
end

-- The bytes of a payload, and its content-format.
local function payload_of(value, number)
  if type(value) == "table" and not number then
    number = format.short.json
  end
  if value == nil or type(value) == "string" then
    return value or "", number
  end
  local bytes, message = format.encode(number or format.short.text, value)
  return bytes or failure.misuse("the payload cannot be written: %s", message), number
end

---What a component is to send.
---@class lunacoap.scenario.Request
---@field method string "GET" ...
---@field uri string
---@field timeout? number
---@field confirmable? boolean
---@field settings table For CoAP:Configure.

---@param method string
---@param uri string
---@param payload any
---@param options? lunacoap.AskOptions
---@return lunacoap.scenario.Request
function M.new(method, uri, payload, options)
  if type(uri) ~= "string" then
    failure.misuse("%s takes a URI such as coap://localhost/time, not %s", method:lower(),
      type(uri) == "nil" and "nil" or "a " .. type(uri))
  elseif options ~= nil and type(options) ~= "table" then
    failure.misuse("the options of a request are a table such as { accept = \"json\" }")
  end
  local checked = check(options or {})
  if payload == nil then
    payload = checked.payload
  end
  local bytes, number = payload_of(payload, checked.format)
  local confirmable -- nil: as the client has it
  if checked.non ~= nil then
    confirmable = not checked.non
  end
  return {
    method = method, uri = uri, timeout = checked.timeout, confirmable = confirmable,
    settings = {
      RequestDataB = bytes, RequestContentFormat = number or -1, RequestETagB = checked.etag or "",
      RequestOptions = list_of(checked),
    },
  }
end

return M
