-- What a handler returned becomes the response that goes out: content negotiation by Accept, the
-- Content-Format, the ETag.

local lunacoap = require "lunacoap"
local format = require "lunacoap.format"
local formats = require "lunacoap.server.formats"
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

-- The formats to choose from; a format that the handler named is the only one.
local function offers_of(response, resource)
  if response.format then
    return { assert(format.number(response.format)) }
  end
  return resource and resource.formats or OFFERS[kind_of(response.body)]
end

-- A string whose format the handler named is in it already, and as text or bytes it is itself.
local function encode(response, number)
  local body = response.body
  if type(body) == "string" and (response.format or number == TEXT or number == OCTETS) then
    return body
  end
  return format.encode(number, body)
end

-- The same bytes mean something else in another format.
local function make_etag(payload, number)
  return lunacoap.etag(number .. ":" .. payload)
end

---The ETags of a 2.05 response in each format that it can have, as a set.
---@param response lunacoap.Response
---@param resource lunacoap.Resource
---@return table<string, true>
function M.etags(response, resource)
  local set = {}
  if response.etag then
    set[response.etag] = true
  end
  if response.etag or resource.etag == false then
    return set
  end
  for _, number in ipairs(offers_of(response, resource)) do
    local payload = encode(response, number)
    if payload then
      set[make_etag(payload, number)] = true
    end
  end
  return set
end

-- Whether a response is a representation of the resource, for which an ETag can stand.
local function has_etag(request, response)
  return response.code == "2.05" and request.resource ~= nil and request.resource.etag ~= false
    and (request.method == "GET" or request.method == "FETCH")
end

local function refuse(response, offers)
  response.code, response.body = "4.06", "this has " .. formats.names(offers)
  response.format, response.etag, response.max_age, response.location = nil, nil, nil, nil
end

local function cannot_write(request, message)
  error(("the response to %s %s cannot be written: %s"):format(request.method, request.path,
    message), 0)
end

local function settle_body(request, response)
  local offers, accept = offers_of(response, request.resource), rawget(request, "accept")
  if accept and not formats.contain(offers, accept) then
    return refuse(response, offers)
  end
  local number = accept or offers[1]
  local payload, message = encode(response, number)
  if not payload then
    cannot_write(request, message)
  end
  local etag = response.etag or has_etag(request, response) and make_etag(payload, number) or nil
  if etag and response.code == "2.05" and request.etags and request.etags[etag] then
    response.code, payload = "2.03", "" -- RFC 7252 5.9.1.3: the client has it
  end
  response.body, response.format = payload, payload ~= "" and number or nil
  response.etag = etag
end

-- An error's payload is text for people and no representation (RFC 7252 5.5.2), unless the handler
-- says otherwise: by a format, or by a table, which is none.
local function settle_error(request, response)
  if not response.format and type(response.body) ~= "table" then
    response.body = response.body ~= nil and tostring(response.body) or nil
    return
  end
  local number = offers_of(response)[1]
  local payload, message = encode(response, number)
  if not payload then
    cannot_write(request, message)
  end
  response.body, response.format = payload, number
end

---Makes of what a handler or a layer returned the response that goes out: its body is the payload,
---its format and ETag are the options, its code is 4.06 or 2.03 where the request wants that.
---@param request lunacoap.Request
---@param value any
---@return lunacoap.Response
function M.settle(request, value)
  if Response.is(value) and value.settled then
    return value -- by a layer further inside
  end
  local response = M.response(value, request.method)
  if Response.is_success(response) then
    if response.body ~= nil then
      settle_body(request, response)
    end
    if request.resource and Response.is_success(response) then
      response.max_age = response.max_age or request.resource.max_age
    end
  else
    settle_error(request, response)
  end
  response.settled = true
  return response
end

return M
