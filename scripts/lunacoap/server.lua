-- lunacoap.server { LocalPort = 5683 }: a CoAP server as a set of resources. What a handler returns
-- becomes the response; codes, formats, ETags, conditions, observers and /.well-known/core follow
-- from what is said of the resources.

local lunacoap = require "lunacoap"
local access = require "lunacoap.server.access"
local discovery = require "lunacoap.server.discovery"
local format = require "lunacoap.format"
local Request = require "lunacoap.server.request"
local represent = require "lunacoap.server.represent"
local Response = require "lunacoap.response"
local Resource = require "lunacoap.server.resource"
local Router = require "lunacoap.server.router"

---@class lunacoap.ServerInit: lunacoap.CoAPInit
---@field access? true|table|fun(request: lunacoap.Request): boolean Who may use it at all.

---@class lunacoap.Server
---@field coap lunacoap.CoAP The component that it stands on, for all that is not said here.
---@field resources lunacoap.Resource[] In the order in which they were added.
---@field running boolean Whether it listens.
---@field predecessor? fun(): lunacoap.Server? The server whose place it takes in start().
local Server = { __name = "lunacoap.Server" }
Server.__index = Server

local NAMES = lunacoap.MethodName

-- Fields of the constructor's table that are the server's; the others are the component's.
local OWN = { access = true }
local TAKEN = { OnRequest = true, OnRegister = true, Listening = true }

local function component_of(init)
  local fields = {}
  for name, value in pairs(init) do
    if TAKEN[name] then
      error(("lunacoap.server sets '%s' itself: its resources answer"):format(name), 3)
    elseif not OWN[name] then
      fields[name] = value
    end
  end
  return lunacoap.CoAP(fields)
end

---Makes a server; start() opens its port.
---@param init? lunacoap.ServerInit Properties, settings and handlers of the component; `access`.
---@return lunacoap.Server
local function new(_, init)
  init = init or {}
  local server = setmetatable({
    coap = component_of(init), router = Router.new(), resources = {}, layers = {}, running = false,
    check_access = access.compile(init.access, 2),
  }, Server)
  discovery.add(server)
  return server
end

---Adds a resource for a path such as "/temp" or a pattern such as "/sensors/{id}/temp".
---@param pattern string
---@param init lunacoap.ResourceInit
---@return lunacoap.Resource
function Server:resource(pattern, init)
  if type(init) ~= "table" then
    error("a resource takes a table with its handlers: { get = function(req) ... end }", 2)
  end
  local resource = Resource.new(self, pattern, init, 2)
  if not self.router:add(resource.parts, resource) then
    error(("there is a resource for '%s' already"):format(pattern), 2)
  end
  table.insert(self.resources, resource)
  return resource
end

---Puts a function around all handlers: it gets the request and a function that goes on and returns
---the response, which it may change or replace. The first one added is the outermost.
---@param layer fun(request: lunacoap.Request, next: fun(): lunacoap.Response): any
function Server:use(layer)
  if type(layer) ~= "function" then
    error("use takes a function of the request and the next function", 2)
  end
  table.insert(self.layers, layer)
end

-- ---- Answering ----------------------------------------------------------------------------------

local function contains(list, number)
  for _, item in ipairs(list) do
    if item == number then
      return true
    end
  end
  return false
end

-- RFC 7252 5.10.8: the state that the conditions are about is what the get handler returns.
local function meets_conditions(resource, request)
  if not (request.if_match or request.if_none_match) then
    return true
  end
  local get = resource.handlers.GET
  local state = represent.response(get and get(request), "GET")
  local exists = state.code:byte() == 50
  if request.if_none_match and exists then
    return false
  elseif not request.if_match then
    return true
  elseif not exists then
    return false
  elseif request.if_match[""] then
    return true
  end
  local etags = represent.etags(state, resource.formats)
  for etag in pairs(request.if_match) do
    if etags[etag] then
      return true
    end
  end
  return false
end

local function names_of(formats)
  local names = {}
  for i, number in ipairs(formats) do
    names[i] = format.name(number)
  end
  return table.concat(names, ", ")
end

-- What the resource itself has to say before its handler does: a response, or nil.
local function refusal(self, resource, request)
  local refused = not request.notifying -- its observers were let in when they registered
    and (self.check_access and self.check_access(request)
      or resource.check_access and resource.check_access(request))
  if refused then
    return refused
  elseif not resource.handlers[request.method] then
    return lunacoap.response("4.05")
  elseif request.format and resource.accepts and not contains(resource.accepts, request.format) then
    return lunacoap.response("4.15", "this takes " .. names_of(resource.accepts))
  elseif request.accept and resource.formats and not contains(resource.formats, request.accept) then
    return lunacoap.response("4.06", "this has " .. names_of(resource.formats))
  elseif not meets_conditions(resource, request) then
    return lunacoap.response("4.12")
  end
  return nil
end

local function handle(request)
  local self = request.server
  local resource, params = self.router:match(request.path)
  request.params = params
  if not resource then
    return self.check_access and self.check_access(request) or lunacoap.response("4.04")
  end
  request.resource = resource
  local refused = refusal(self, resource, request)
  return refused or resource.handlers[request.method](request)
end

-- A raised response is caught here, so that each layer sees it as a returned one. Other errors are
-- the component's: 5.00 to the client, OnError with where it happened.
local function with_place(err)
  if Response.is(err) then
    return err
  end
  return debug.traceback(tostring(err), 2)
end

local function call(f, request, next_layer)
  local ok, result = xpcall(f, with_place, request, next_layer)
  local is_response = Response.is(result)
  if not ok and not is_response then
    error(result, 0)
  elseif is_response and result.settled then
    return result
  end
  return represent.settle(request, represent.response(result, request.method))
end

-- The response of the layers from the i-th on.
local function run(request, i)
  local layer = request.server.layers[i]
  if not layer then
    return call(handle, request)
  end
  return call(layer, request, function()
    return run(request, i + 1)
  end)
end

local function answer(self, coap, e, method, observing)
  local request = Request.received(self, coap, e, method, observing)
  local response = run(request, 1)
  return represent.write(coap, response), request.resource
end

---Sends the present state to those who observe a path with the same arguments and Accept.
---@param resource lunacoap.Resource
---@param group table One of coap:ListObserved().
---@param target string Path and query of their URI.
function Server:notify_observers(resource, group, target)
  local coap = self.coap
  local accept = group.Accept ~= -1 and group.Accept or nil
  local request = Request.notifying(self, group.URIPath, group.URIQuery, accept)
  request.resource = resource
  local response = run(request, 1)
  if not self.running then
    return
  end
  coap.ResponseCode, coap.ResponseDataB, coap.ResponseContentFormat = "", "", -1
  coap.ResponseETagB, coap.ResponseOptions = "", {}
  represent.write(coap, response)
  coap:SendNotification(target, group.Accept)
end

-- ---- Life cycle ---------------------------------------------------------------------------------

-- What answers on the component from now on.
local function attach(self)
  local coap = self.coap
  coap.OnRequest = function(component, e)
    answer(self, component, e, NAMES[e.Method], false)
  end
  coap.OnRegister = function(component, e)
    local success, resource = answer(self, component, e, "GET", true)
    e.Accept = success and resource ~= nil and resource.observable == true
  end
  self.running = true
end

---Opens the port and answers from now on.
---@return lunacoap.Server self
function Server:start()
  if self.running then
    error("the server runs already", 2)
  end
  local other = self.predecessor and self.predecessor()
  if other then
    self:take_over(other)
  else
    self.coap:StartListening()
    attach(self)
  end
  return self
end

-- These cannot change while the socket is open.
local BOUND = { "LocalHost", "LocalPort", "SSLEnabled" }

-- `fields` for a component that has what is in `present`: other handlers than ours go.
local function in_place_of(present, fields)
  for name in pairs(present) do
    if fields[name] == nil then
      fields[name] = false
    end
  end
  for _, name in ipairs(BOUND) do
    fields[name] = nil
  end
  return fields
end

---Takes the component of a server that runs, as it is: socket, DTLS sessions, observers and pending
---requests go on, and what comes from now on is for this server. The other one can take it back.
---@param other lunacoap.Server One with the same address, port and SSLEnabled.
function Server:take_over(other)
  local live, present = other.coap, other.coap:Configuration()
  local ok, err = pcall(live.Configure, live, in_place_of(present, self.coap:Configuration()))
  if not ok then
    live:Configure(in_place_of({}, present))
    error(err, 0)
  end
  other.running, other.coap = false, lunacoap.CoAP(present)
  self.coap = live
  attach(self)
end

---Tells all observers the present state; those of what is not observable any more get 4.04.
function Server:refresh()
  local coap = self.coap
  for _, group in ipairs(coap:ListObserved()) do
    local resource, params = self.router:match(group.URIPath)
    if resource and resource.observable then
      resource:notify(params)
    else
      coap.ResponseCode, coap.ResponseDataB, coap.ResponseOptions = "4.04", "", {}
      coap:SendNotification(group.URI)
    end
  end
end

---Ends it at once: pending requests, observers, the socket.
function Server:stop()
  self.running = false
  self.coap:Shutdown()
end

---A URI of this server for a client on this machine.
---@param path? string "/" unless it is given.
---@return string
function Server:uri(path)
  local coap = self.coap
  local host = coap.LocalHost
  if host == "" or host == "0.0.0.0" then
    host = "127.0.0.1"
  elseif host == "::" then
    host = "::1"
  end
  return ("%s://%s:%d%s"):format(coap.SSLEnabled and "coaps" or "coap",
    host:find(":", 1, true) and "[" .. host .. "]" or host, coap.LocalPort, path or "/")
end

---@class lunacoap.server
---@overload fun(init?: lunacoap.ServerInit): lunacoap.Server
return setmetatable({}, { __call = new })
