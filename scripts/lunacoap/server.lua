-- lunacoap.server { LocalPort = 5683 }: a CoAP server as a set of resources. What a handler returns
-- becomes the response; codes, formats, ETags, conditions, observers and /.well-known/core follow
-- from what is said of the resources.
--
-- The way of a request: server/answer.lua gets the event, server/request.lua is what handlers get,
-- server/respond.lua asks layers, access rules, conditions and the handler, server/represent.lua
-- makes the response of what these return, and server/write.lua hands it to the component.

local lunacoap = require "lunacoap"
local access = require "lunacoap.server.access"
local answer = require "lunacoap.server.answer"
local discovery = require "lunacoap.server.discovery"
local observers = require "lunacoap.server.observers"
local Resource = require "lunacoap.server.resource"
local Router = require "lunacoap.server.router"

---@class lunacoap.ServerInit: lunacoap.CoAPInit
---@field access? lunacoap.AccessRule Who may use it at all.

---@class lunacoap.Server
---@field coap lunacoap.CoAP The component that it stands on, for all that is not said here.
---@field resources lunacoap.Resource[] In the order in which they were added.
---@field running boolean Whether it listens.
---@field predecessor false|fun(): lunacoap.Server? The server whose place it takes in start().
---@field key string|false What the server is known by that may take its place.
local Server = { __name = "lunacoap.Server" }
Server.__index = Server

-- A server is no component: server.LocalPort or server.OnError would do nothing, in silence.
function Server.__newindex(_, name)
  error(("a server has no field '%s'; what a component has is in server.coap"):format(
    tostring(name)), 2)
end
setmetatable(Server, { __index = Server.__newindex })

-- Fields of the constructor's table that are the server's; the others are the component's.
local OWN = { access = true }
local TAKEN = { OnRequest = true, OnRegister = true, Listening = true }

-- The code of an error that a mistake of the script makes; it is told where the script makes it.
local MISUSE = 1

local function component_of(init)
  local fields = {}
  for name, value in pairs(init) do
    if TAKEN[name] then
      error(("lunacoap.server sets '%s' itself: its resources answer"):format(name), 3)
    elseif not OWN[name] then
      fields[name] = value
    end
  end
  local ok, result = pcall(lunacoap.CoAP, fields)
  if ok then
    return result
  end
  error(result.Code == MISUSE and result.Message or result, 3)
end

---Makes a server; start() opens its port.
---@param init? lunacoap.ServerInit Properties, settings and handlers of the component; `access`.
---@return lunacoap.Server
local function new(_, init)
  if init == nil then
    init = {}
  elseif type(init) ~= "table" then
    error("a server takes a table such as { LocalPort = 5683 }", 2)
  end
  local server = setmetatable({
    coap = component_of(init), router = Router.new(), resources = {}, layers = {}, running = false,
    check_access = access.compile(init.access, 2) or false, predecessor = false, key = false,
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
---the response as it goes out (its body is the payload). It may change that, and has to return it
---or a response of its own. The first one added is the outermost; access rules are inside of all.
---@param layer fun(request: lunacoap.Request, go_on: fun(): lunacoap.Response): any
function Server:use(layer)
  if type(layer) ~= "function" then
    error("use takes a function of the request and of the function that goes on", 2)
  end
  table.insert(self.layers, layer)
end

-- ---- Life cycle ---------------------------------------------------------------------------------

-- What answers on the component from now on.
local function attach(self)
  local coap = self.coap
  coap.OnRequest = function(component, e) answer.request(self, component, e) end
  coap.OnRegister = function(component, e) answer.register(self, component, e) end
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

-- What is to be set for a component to be configured as `wanted`; other handlers than those go.
local function changes(component, wanted)
  local present, changed = component:Configuration(), {}
  for name, value in pairs(wanted) do
    if present[name] ~= value then
      changed[name] = value
    end
  end
  for name in pairs(present) do
    if wanted[name] == nil then
      changed[name] = false
    end
  end
  for _, name in ipairs(BOUND) do
    changed[name] = nil
  end
  return changed
end

---Takes the component of a server that runs, as it is: socket, DTLS sessions, observers and pending
---requests go on, and what comes from now on is for this server. The other one can take it back.
---@param other lunacoap.Server One with the same address, port and SSLEnabled.
function Server:take_over(other)
  local live, former = other.coap, other.coap:Configuration()
  local ok, err = pcall(live.Configure, live, changes(live, self.coap:Configuration()))
  if not ok then
    live:Configure(changes(live, former))
    error(err, 0)
  end
  other.running, other.coap = false, lunacoap.CoAP(former)
  self.coap = live
  attach(self)
end

---Tells all observers the present state; those of what is not observable any more get 4.04.
function Server:refresh()
  observers.tell_of_all(self)
end

---Ends it at once: pending requests, observers, the socket.
function Server:stop()
  self.running = false
  self.coap:Shutdown()
end

---Its resources as /.well-known/core lists them.
---@return lunacoap.Link[]
function Server:links()
  return discovery.links(self)
end

---A URI of this server for a client on this machine.
---@param path? string "/" unless it is given, and query; percent-encoded where that is needed; ""
---leaves it out, for a URI to which paths are added.
---@return string
function Server:uri(path)
  path = path or "/"
  if path ~= "" and path:sub(1, 1) ~= "/" then
    error(("a path begins with \"/\", not as '%s'"):format(path), 2)
  end
  local coap = self.coap
  local host = coap.LocalHost
  if host == "" or host == "0.0.0.0" then
    host = "127.0.0.1"
  elseif host == "::" then
    host = "::1"
  end
  return ("%s://%s:%d%s"):format(coap.SSLEnabled and "coaps" or "coap",
    host:find(":", 1, true) and "[" .. host .. "]" or host, coap.LocalPort, path)
end

---@class lunacoap.server
---@overload fun(init?: lunacoap.ServerInit): lunacoap.Server
return setmetatable({}, { __call = new })
