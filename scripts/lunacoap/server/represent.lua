-- What a handler returned becomes the payload and options of a response: content negotiation by
-- Accept, the Content-Format, the ETag.

local lunacoap = require "lunacoap"
local format = require "lunacoap.format"
local Response = require "lunacoap.response"

local TEXT, OCTETS = 0, 42
local JSON, CBOR = 50, 60

local M = {}

-- The formats that a value of each kind can be written in, the one that is taken unasked first.
local OFFERS = {
  text = { TEXT, JSON, CBOR, OCTETS }, bytes = { OCTETS, CBOR }, scalar = { TEXT, JSON, CBOR },
  structure = { JSON, CBOR },
}

local function kind_of(value)
  if type(value) == "string" then
    return utf8.len(value) and "text" or "bytes"
  end
  return (type(value) == "number" or type(value) == "boolean") and "scalar" or "structure"
end

-- The code of a response whose handler named none.
local DEFAULT_CODE = { GET = "2.05", FETCH = "2.05", DELETE = "2.02" }

---A response of whatever a handler returned.
---@param value any
---@param method string
---@return lunacoap.Response
function M.response(value, method)
  if Response.is(value) then
    return value
  elseif value == nil and (method == "GET" or method == "FETCH") then
    return Response.of("4.04")
  end
  return Response.of(DEFAULT_CODE[method] or "2.04", value)
end

local function contains(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then
      return true
    end
  end
  return false
end

---The payload and Content-Format of a value; nil when the client accepts none that there is.
---@param value any
---@param fixed? integer|string The format that the handler named: a string is in it already.
---@param formats? integer[] The formats of the resource; else those of the value's kind.
---@param accept? integer
---@return string? payload
---@return integer? format
function M.encode(value, fixed, formats, accept)
  local offers = fixed and { assert(format.number(fixed)) } or formats or OFFERS[kind_of(value)]
  local chosen = accept or offers[1]
  if not contains(offers, chosen) then
    return nil
  elseif fixed and type(value) == "string" then
    return value, chosen
  end
  return assert(format.encode(chosen, value)), chosen
end

---The ETags of a value in each format that it can have, as a set.
---@param response lunacoap.Response
---@param formats? integer[]
---@return table<string, true>
function M.etags(response, formats)
  local set, body = {}, response.body
  local offers = response.format and { format.number(response.format) } or formats
    or OFFERS[kind_of(body)]
  for _, number in ipairs(offers) do
    local written = response.format and type(body) == "string"
    local payload = written and body or format.encode(number, body)
    if payload then
      set[response.etag or M.etag(payload, number)] = true
    end
  end
  return set
end

---The ETag of a payload in a format: the same bytes mean something else in another one.
---@param payload string
---@param number integer
---@return string
function M.etag(payload, number)
  return lunacoap.etag(number .. ":" .. payload)
end

local MAX_AGE, LOCATION_PATH, LOCATION_QUERY = 14, 8, 20

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function add_location(options, location)
  local path, query = location:match("^([^?]*)%??(.*)$")
  for segment in path:gmatch("[^/]+") do
    options:Add { Number = LOCATION_PATH, Value = unescape(segment) }
  end
  for argument in query:gmatch("[^&]+") do
    options:Add { Number = LOCATION_QUERY, Value = unescape(argument) }
  end
end

-- Whether a response has a representation of the resource that an ETag can stand for.
local function has_etag(request, response)
  return response.code == "2.05" and request.resource ~= nil and request.resource.etag ~= false
    and (request.method == "GET" or request.method == "FETCH")
end

local function write_body(coap, request, response)
  local resource = request.resource
  local payload, number = M.encode(response.body, response.format, resource and resource.formats,
    request.accept)
  if not payload then
    coap.ResponseCode = "4.06"
    return false
  end
  local etag = response.etag or has_etag(request, response) and M.etag(payload, number)
  if etag and response.code == "2.05" and request.etags and request.etags[etag] then
    coap.ResponseCode, payload = "2.03", "" -- RFC 7252 5.9.1.3: the client has it
  elseif payload ~= "" then
    coap.ResponseContentFormat = number
  end
  coap.ResponseDataB = payload
  if etag then
    coap.ResponseETagB = etag
  end
  return true
end

-- An error's payload is text for people and no representation (RFC 7252 5.5.2).
local function write_error(coap, response)
  if response.format then
    local payload, number = M.encode(response.body, response.format)
    coap.ResponseDataB, coap.ResponseContentFormat = payload, number
  elseif response.body ~= nil then
    coap.ResponseDataB = tostring(response.body)
  end
end

---Sets Response* of a component to a response.
---@param coap lunacoap.CoAP
---@param request lunacoap.Request
---@param response lunacoap.Response
---@return boolean success Whether it is a 2.xx response.
function M.write(coap, request, response)
  local success = response.code:byte() == 50 -- "2"
  coap.ResponseCode = response.code
  if not success then
    write_error(coap, response)
  elseif response.body ~= nil then
    success = write_body(coap, request, response)
  end
  local max_age = response.max_age or success and request.resource and request.resource.max_age
  if max_age then
    coap.ResponseOptions:Add { Number = MAX_AGE, Value = max_age }
  end
  if response.location then
    add_location(coap.ResponseOptions, response.location)
  end
  for _, option in ipairs(response.options or {}) do
    coap.ResponseOptions:Add(option)
  end
  return success
end

return M
