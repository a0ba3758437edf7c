-- An answer, or a notification, as a spec looks at it. It holds what came, and does not change.

local failure = require "lunacoap.scenario.failure"
local format = require "lunacoap.format"
local lunacoap = require "lunacoap"
local excerpt = require "lunacoap.ladder.excerpt"

---@class lunacoap.Answer
---@field code string Such as "2.05".
---@field name string Such as "Content"; "" for a code without a name.
---@field payload string The bytes.
---@field value any The payload read by its content-format; text or bytes without one.
---@field format? integer The Content-Format.
---@field etag? string The ETag's bytes.
---@field max_age? integer Max-Age in seconds, if the answer has it.
---@field options { Number: integer, Name: string, Value: string }[] As received, in order.
---@field method string What was asked: "GET" ...
---@field uri string Of what.
---@field host string The address that the answer came from.
---@field port integer
---@field seconds number How long the answer took.
---@field sequence? integer A notification's Observe option.
local Response = {}
Response.__name = "lunacoap.Answer"

local METHODS = {}

-- The payload is read when somebody asks for its value.
local function read_value(response)
  if not response.format then
    return response.payload
  end
  local value, message = format.decode(response.format, response.payload)
  if value == nil then
    failure.fail("the payload of %s is no %s: %s", response:what(), format.name(response.format),
      message)
  end
  return value
end

Response.__index = failure.word(function(response, key)
  if key ~= "value" then
    return METHODS[key]
  end
  local value = read_value(response)
  rawset(response, "value", value)
  return value
end)

---The answer in a line: `2.05 Content, text/plain;charset=utf-8: "21.5"`.
---@return string
function Response:__tostring()
  local text = self.code .. (self.name ~= "" and " " .. self.name or "")
  if self.format then
    text = text .. ", " .. format.name(self.format)
  end
  return self.payload ~= "" and ("%s: %s"):format(text, excerpt(self.payload, self.format, 200))
    or text
end

---What this is, for messages.
---@return string
function METHODS:what()
  return ("%s %s %s"):format(self.sequence and "the notification of" or "the answer to",
    self.method, self.uri)
end

---The values of an option, in order.
---@param name string|integer
---@return string[]
function METHODS:values(name)
  local values = {}
  for _, option in ipairs(self.options) do
    if option.Number == name or option.Name == name then
      values[#values + 1] = option.Value
    end
  end
  return values
end

local M = {}

local MAX_AGE, OBSERVE = lunacoap.OptionNumber["Max-Age"], lunacoap.OptionNumber["Observe"]

local function options_of(coap)
  local list = {}
  for i, option in ipairs(coap.ResponseOptions) do
    list[i] = {
      Number = option.Number, Value = option.Value,
      Name = lunacoap.OptionName[option.Number] or tostring(option.Number),
    }
  end
  return list
end

---What the Response properties of a component hold.
---@param coap lunacoap.CoAP
---@param of table Fields to begin with: method, uri, host, port, seconds.
---@return lunacoap.Answer
function M.of(coap, of)
  of.code, of.payload, of.options = coap.ResponseCode, coap.ResponseDataB, options_of(coap)
  of.name = lunacoap.CodeName[of.code] or ""
  of.format = coap.ResponseContentFormat >= 0 and coap.ResponseContentFormat or nil
  of.etag = coap.ResponseETagB ~= "" and coap.ResponseETagB or nil
  of.max_age, of.sequence = nil, nil
  for _, option in ipairs(of.options) do
    if option.Number == MAX_AGE then
      of.max_age = math.tointeger(tonumber(option.Value))
    elseif option.Number == OBSERVE then
      of.sequence = math.tointeger(tonumber(option.Value))
    end
  end
  return setmetatable(of, Response)
end

---Whether a value is one.
---@param value any
---@return boolean
function M.is(value)
  local class = getmetatable(value)
  -- By name: a program may load this module twice.
  return type(class) == "table" and rawget(class, "__name") == Response.__name
end

return M
