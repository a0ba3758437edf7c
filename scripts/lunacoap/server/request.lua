-- The request that handlers of a resource server get. What costs something is made when it is first
-- read.

local lunacoap = require "lunacoap"
local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local percent = require "lunacoap.percent"

---@class lunacoap.Identity Who asks, as DTLS has proven it.
---@field kind "psk"|"certificate"|"raw-key"
---@field psk? string The identity of the pre-shared key.
---@field subject? string The certificate's subject, such as "CN=meter-7".
---@field issuer? string The certificate's issuer.
---@field fingerprint? string SHA-256 of the certificate or of the raw public key, in hex.

---@class lunacoap.Request
---@field method string "GET", "PUT" ...
---@field path string Path of the URI, such as "/sensors/3".
---@field params table<string, string> What the pattern's {names} captured, decoded.
---@field query table<string, string|true> Arguments of the query; true for one without "=".
---@field arguments string[] The same in order, as they came: "a=1", "b".
---@field payload string The payload as it came.
---@field format? integer Its Content-Format.
---@field body any The payload, decoded by its format; reading one that cannot be answers 4.00.
---@field accept? integer The Content-Format that is asked for.
---@field options table[] All options, each {Number =, Value =, ValueType =}; read them while the
---handler runs.
---@field peer { host: string, port: integer } Who sent it.
---@field identity? lunacoap.Identity Who that is; nil without DTLS.
---@field observing boolean Whether it makes the client an observer.
---@field notifying boolean Whether no client asked: a notification is made for the observers.
---@field resource? lunacoap.Resource What answers; nil where there is none.
---@field server lunacoap.Server
---@field coap lunacoap.CoAP The component that received it.
---@field event table The component's event.
local lazy = {}

local Request = { __name = "lunacoap.Request" }

function Request.__index(request, name)
  local make = lazy[name]
  if not make then
    error(("a request has no field '%s'"):format(tostring(name)), 2)
  end
  local value = make(request)
  rawset(request, name, value)
  return value
end

-- "a%26b=1" names "a&b": in URIQuery "&" and "%" inside an argument stay encoded.
function lazy.arguments(request)
  local list = {}
  for argument in request.event.URIQuery:gmatch("[^&]+") do
    list[#list + 1] = percent.decode(argument)
  end
  return list
end

function lazy.query(request)
  local map = {}
  for _, argument in ipairs(request.arguments) do
    local name, value = argument:match("^(.-)=(.*)$")
    map[name or argument] = value or true
  end
  return map
end

function lazy.options(request)
  local list = {}
  for i, option in ipairs(request.coap.RequestOptions) do
    list[i] = { Number = option.Number, Value = option.Value, ValueType = option.ValueType }
  end
  return list
end

-- Empty when there is none: 4.00 is for a payload that is there and wrong.
function lazy.body(request)
  local payload, number = request.payload, request.format
  if number == nil or payload == "" then
    return payload
  end
  local resource = request.resource
  if not format.readable(number) then
    if resource and resource.accepts then
      return payload -- who names such a format reads it
    end
    error(lunacoap.response("4.15", "nothing here reads " .. format.name(number)), 0)
  end
  local value, message = format.decode(number, payload)
  if value == nil then
    error(lunacoap.response("4.00", message), 0)
  end
  return value
end

function lazy.peer(request)
  return { host = request.event.RemoteHost, port = request.event.RemotePort }
end

function lazy.identity(request)
  local e = request.event
  if e.PSKIdentity ~= "" then
    return { kind = "psk", psk = e.PSKIdentity }
  elseif e.CertFingerprint == "" then
    return nil
  elseif e.CertSubject == "" and e.CertIssuer == "" then
    return { kind = "raw-key", fingerprint = e.CertFingerprint }
  end
  return { kind = "certificate", subject = e.CertSubject, issuer = e.CertIssuer,
    fingerprint = e.CertFingerprint }
end

-- RFC 7252 5.8.1: the payload of a GET means nothing.
function lazy.payload()
  return ""
end

local function absent()
  return nil
end

local function no()
  return false
end

-- Fields that most requests lack; the last three are of options that the server itself heeds.
for _, name in ipairs { "accept", "format", "resource", "etags", "if_match", "if_none_match" } do
  lazy[name] = absent
end
lazy.observing, lazy.notifying = no, no

local OPTION = lunacoap.OptionNumber

local ACCEPT, ETAG = OPTION["Accept"], OPTION["ETag"]
local IF_MATCH, IF_NONE_MATCH = OPTION["If-Match"], OPTION["If-None-Match"]

local WANTED = {
  [ACCEPT] = "accept", [ETAG] = "etags", [IF_MATCH] = "if_match",
  [IF_NONE_MATCH] = "if_none_match",
}

local function read_option(request, name, value)
  if name == "accept" then
    request.accept = math.tointeger(value)
  elseif name == "if_none_match" then
    request.if_none_match = true
  else
    request[name] = request[name] or {}
    request[name][hex.decode(value)] = true
  end
end

-- Puts the options that the server itself looks at into fields of the request.
local function read_options(request, options)
  for i = 1, #options do
    local option = options[i]
    local name = WANTED[option.Number]
    if name then
      read_option(request, name, option.Value)
    end
  end
end

local M = {}

---The request of an OnRequest or OnRegister event, in its own handler.
---@param server lunacoap.Server
---@param coap lunacoap.CoAP
---@param e table The event.
---@param method string
---@param observing boolean
---@return lunacoap.Request
function M.received(server, coap, e, method, observing)
  local path = e.URIPath
  local resource, params = server.router:match(path)
  local request = setmetatable({
    server = server, coap = coap, event = e, method = method, path = path, resource = resource,
    params = params, observing = observing or nil,
  }, Request)
  if method ~= "GET" then
    request.payload = coap.RequestDataB
    local number = coap.RequestContentFormat
    if number ~= -1 then
      request.format = number
    end
  end
  if coap:HasOption(ACCEPT, ETAG, IF_MATCH, IF_NONE_MATCH) then
    read_options(request, coap.RequestOptions)
  end
  return request
end

-- Nobody has sent it.
local NOBODY = { RemoteHost = "", RemotePort = 0, PSKIdentity = "", CertFingerprint = "" }
NOBODY.__index = NOBODY

---The GET that makes a notification for a group of coap:ListObserved().
---@param server lunacoap.Server
---@param group lunacoap.Observed
---@return lunacoap.Request
function M.notifying(server, group)
  local path = group.URIPath
  local resource, params = server.router:match(path)
  return setmetatable({
    server = server, coap = server.coap, method = "GET", notifying = true,
    event = setmetatable({ URIPath = path, URIQuery = group.URIQuery }, NOBODY), path = path,
    options = {}, accept = group.Accept ~= -1 and group.Accept or nil,
    resource = resource, params = params,
  }, Request)
end

---The same request as a GET, for a look at the present state. It has what layers have put into it.
---@param request lunacoap.Request
---@return lunacoap.Request
function M.as_get(request)
  local get = setmetatable({}, Request)
  for name, value in pairs(request) do
    get[name] = value
  end
  get.method, get.observing = "GET", nil
  get.payload, get.body, get.format = nil, nil, nil
  return get
end

return M
