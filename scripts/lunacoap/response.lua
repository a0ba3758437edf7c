-- lunacoap.response(code, body, fields): a response for a handler of lunacoap.server to return or
-- to raise.

local format = require "lunacoap.format"
local lunacoap = require "lunacoap"

---@class lunacoap.Response
---@field code string A code such as "2.05".
---@field body any The payload: a string, or a value that the content-format can write.
---@field format? integer|string The Content-Format, by number or name; else the negotiated one.
---@field etag? string 1 to 8 bytes; else the server makes one of the payload of a 2.05.
---@field max_age? integer Seconds for which the response stays fresh.
---@field location? string Path and query of what was created, such as "/notes/3".
---@field options? table[] More options, each {Number =, Value =}.
local Response = {}
Response.__index = Response
Response.__name = "lunacoap.Response"

local function is_seconds(value)
  return math.type(value) == "integer" and value >= 0 and value <= 0xFFFFFFFF
end

-- Checked where the script says them, for later there is nobody to tell who did.
local CHECKS = {
  etag = { takes = "a string of 1 to 8 bytes", is = function(value)
    return type(value) == "string" and #value >= 1 and #value <= 8
  end },
  format = { takes = "a content-format by number or name", is = function(value)
    return format.number(value) ~= nil
  end },
  location = { takes = "a path such as \"/notes/3\"", is = function(value)
    return type(value) == "string"
  end },
  max_age = { takes = "whole seconds", is = is_seconds },
  options = { takes = "a list of options, each { Number =, Value = }", is = function(value)
    return type(value) == "table" and value.Number == nil
  end },
}

function Response:__tostring()
  local name = lunacoap.CodeName[self.code]
  local text = name and ("%s %s"):format(self.code, name) or self.code
  return type(self.body) == "string" and self.body ~= "" and text .. ": " .. self.body or text
end

local function is_code(code)
  return type(code) == "string" and code:find("^[245]%.[0-3]%d$") ~= nil
    and tonumber(code:sub(3)) <= 31
end

---@class lunacoap.response
---@overload fun(code: string, body?: any, fields?: table): lunacoap.Response
local M = {}

---Whether a value was made by lunacoap.response.
---@param value any
---@return boolean
function M.is(value)
  if type(value) ~= "table" then
    return false
  end
  -- By name: a program may load this module twice, and a refusal must never pass for a value.
  local class = getmetatable(value)
  return class == Response or type(class) == "table" and rawget(class, "__name") == Response.__name
end

---Whether the code of a response is of class 2.
---@param response lunacoap.Response
---@return boolean
function M.is_success(response)
  return response.code:byte() == 50 -- "2"
end

---Calls a function and returns what it returns, or the response that it raises. Other errors are
---raised again as they were, with their place.
---@param f function
---@param ... any Its arguments.
---@return any
function M.catch(f, ...)
  local ok, result = xpcall(f, lunacoap.traceback, ...)
  if ok or M.is(result) then
    return result
  end
  error(result, 0)
end

---Makes a response of a code that is right for certain.
---@param code string
---@param body? any
---@return lunacoap.Response
function M.of(code, body)
  -- With room for what the server adds: a table that grows costs twice as much.
  return setmetatable({ code = code, body = body, format = nil, etag = nil, max_age = nil,
    settled = nil }, Response)
end

-- What is wrong with a field, or nil.
local function fault_of(name, value)
  if not CHECKS[name] then
    return ("a response has no field '%s': it takes etag, format, location, max_age and options")
      :format(tostring(name))
  elseif CHECKS[name].is(value) then
    return nil
  end
  local shown = type(value) == "string" and "'" .. value .. "'" or tostring(value)
  return ("a response's '%s' takes %s, not %s"):format(name, CHECKS[name].takes, shown)
end

local function add_fields(response, fields)
  if type(fields) ~= "table" then
    error("a response's fields are a table such as { max_age = 5 }", 3)
  end
  for name, value in pairs(fields) do
    local fault = fault_of(name, value)
    if fault then
      error(fault, 3)
    end
    response[name] = value
  end
end

---Makes a response.
---@param code string "2.05", "4.09" ...
---@param body? any The payload; for an error a short text for people.
---@param fields? table etag, format, location, max_age, options
---@return lunacoap.Response
local function make(_, code, body, fields)
  if not is_code(code) then
    error(("a response needs a code such as \"2.05\" or \"4.04\", not %s"):format(
      type(code) == "string" and "'" .. code .. "'" or tostring(code)), 2)
  end
  local response = M.of(code, body)
  if fields ~= nil then
    add_fields(response, fields)
  end
  return response
end

return setmetatable(M, { __call = make })
