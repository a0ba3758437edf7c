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

-- A handler may return the same object again and again, and layers change what they get.
local function copy(response)
  local new = Response.of(response.code, response.body)
  new.format, new.etag, new.max_age = response.format, response.etag, response.max_age
  new.location, new.options = response.location, response.options
  return new
end

---A response of whatever a handler returned, to be changed freely.
---@param value any
---@param method string
---@return lunacoap.Response
function M.response(value, method)
  if Response.is(value) then
    return copy(value)
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

-- Whether a response has a representation of the resource that an ETag can stand for.
local function has_etag(request, response)
  return response.code == "2.05" and request.resource ~= nil and request.resource.etag ~= false
    and (request.method == "GET" or request.method == "FETCH")
end

local function settle_body(request, response)
  local resource = request.resource
  local payload, number = M.encode(response.body, response.format, resource and resource.formats,
    request.accept)
  if not payload then
    response.code, response.body, response.format, response.etag = "4.06", nil, nil, nil
    return
  end
  local etag = response.etag or has_etag(request, response) and M.etag(payload, number) or nil
  if etag and response.code == "2.05" and request.etags and request.etags[etag] then
    response.code, payload = "2.03", "" -- RFC 7252 5.9.1.3: the client has it
  end
  response.body, response.format = payload, payload ~= "" and number or nil
  response.etag = etag
end

-- An error's payload is text for people and no representation (RFC 7252 5.5.2).
local function settle_error(response)
  if response.format then
    response.body, response.format = M.encode(response.body, response.format)
  elseif response.body ~= nil then
    response.body = tostring(response.body)
  end
end

local function is_success(response)
  return response.code:byte() == 50 -- "2"
end

---Makes of a response what goes out: its body the payload, its format and ETag the options, its
---code 4.06 or 2.03 where the request wants that.
---@param request lunacoap.Request
---@param response lunacoap.Response One of M.response.
---@return lunacoap.Response
function M.settle(request, response)
  if not is_success(response) then
    settle_error(response)
  elseif response.body ~= nil then
    settle_body(request, response)
  end
  if request.resource and is_success(response) then
    response.max_age = response.max_age or request.resource.max_age
  end
  response.settled = true
  return response
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

---Sets Response* of a component, which are empty.
---@param coap lunacoap.CoAP
---@param response lunacoap.Response A settled one.
---@return boolean success Whether it is a 2.xx response.
function M.write(coap, response)
  coap.ResponseCode = response.code
  if response.body then
    coap.ResponseDataB = response.body
  end
  if response.format then
    coap.ResponseContentFormat = response.format
  end
  if response.etag then
    coap.ResponseETagB = response.etag
  end
  if response.max_age then
    coap.ResponseOptions:Add { Number = MAX_AGE, Value = response.max_age }
  end
  if response.location then
    add_location(coap.ResponseOptions, response.location)
  end
  for _, option in ipairs(response.options or {}) do
    coap.ResponseOptions:Add(option)
  end
  return is_success(response)
end

return M
