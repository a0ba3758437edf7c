-- One load of a script that is loaded again when it changes: the environment that it runs in, and
-- all that it began, so that it can be ended when the next load has taken its place.

local lunacoap = require "lunacoap"

local Generation = {}
Generation.__index = Generation

-- Ends a task of a generation that is over, and is no failure.
local OVER = setmetatable({}, { __tostring = function() return "the script was loaded again" end })

local WEAK = { __mode = "k" }

---A generation whose servers take the places of others.
---@param available lunacoap.Server[] Those that run now.
function Generation.new(available)
  local generation = setmetatable({
    over = false, available = available, taken = {},
    files = {}, servers = {}, signals = {}, modules = {}, timers = setmetatable({}, WEAK),
    clients = setmetatable({}, WEAK), tasks = setmetatable({}, WEAK),
  }, Generation)
  generation.module = generation:make_module()
  generation.environment = generation:make_environment()
  return generation
end

-- ---- Its own module `lunacoap` ------------------------------------------------------------------

local function with_place(err)
  return err == OVER and err or debug.traceback(tostring(err), 2)
end

-- Runs f as a task of this generation; what it raises is reported as ever.
function Generation:spawn(f, ...)
  lunacoap.spawn(function(...)
    local thread = coroutine.running()
    self.tasks[thread] = true
    local ok, err = xpcall(f, with_place, ...)
    self.tasks[thread] = nil -- it serves other tasks again
    if not ok and err ~= OVER then
      error(err, 0)
    end
  end, ...)
end

-- A loop such as `while true do sleep(1) ... end` would never end by itself.
function Generation:sleep(seconds)
  lunacoap.sleep(seconds)
  if self.over and self.tasks[coroutine.running()] then
    error(OVER, 0)
  end
end

function Generation:timer(after, again, f)
  local timer = lunacoap.timer(after, again, f)
  self.timers[timer] = true
  return timer
end

function Generation:signal(name, f)
  lunacoap.signal(name, f)
  self.signals[name] = f
end

function Generation:component(init)
  local coap = lunacoap.CoAP(init)
  self.clients[coap] = true
  return coap
end

-- Servers are the same when they were asked for with the same address; the first of them that is
-- free, for there may be several on port 0.
local function key_of(coap)
  return ("%s %d %s %s"):format(coap.LocalHost, coap.LocalPort, coap.SSLEnabled,
    coap:Config("UseIPv6"))
end

function Generation:predecessor_of(server)
  server.key = key_of(server.coap)
  table.insert(self.servers, server)
  for i, other in ipairs(self.available) do
    if other.running and other.key == server.key then
      table.remove(self.available, i)
      table.insert(self.taken, { server = server, other = other })
      return other
    end
  end
  return nil
end

function Generation:server(init)
  local server = lunacoap.server(init)
  server.predecessor = function() return self:predecessor_of(server) end
  return server
end

-- The script's functions that begin something are those above; all else is the module's.
function Generation:make_module()
  local own = {}
  own.server = setmetatable({}, { __call = function(_, init) return self:server(init) end })
  for _, name in ipairs { "spawn", "sleep", "timer", "signal" } do
    own[name] = function(...) return self[name](self, ...) end
  end
  own.CoAP = function(init) return self:component(init) end
  return setmetatable(own, { __index = lunacoap })
end

-- ---- Its own environment ------------------------------------------------------------------------

-- Modules of the script in Lua are the generation's own, so that a change in them counts.
function Generation:require(name)
  if name == "lunacoap" then
    return self.module
  elseif name == "lunacoap.server" then
    return self.module.server
  elseif self.modules[name] ~= nil then
    return self.modules[name]
  end
  local path = not name:find("^lunacoap%.") and package.searchpath(name, package.path)
  if not path then
    return require(name)
  end
  self:watch(path)
  local chunk = assert(loadfile(path, "bt", self.environment))
  self.modules[name] = true
  local result = chunk(name, path)
  if result ~= nil then
    self.modules[name] = result
  end
  return self.modules[name]
end

function Generation:make_environment()
  local environment = {}
  environment._G = environment
  environment.require = function(name) return self:require(name) end
  return setmetatable(environment, { __index = _G })
end

-- ---- Life ---------------------------------------------------------------------------------------

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

---Remembers what a file holds now.
function Generation:watch(path)
  self.files[path] = read(path) or false
end

---Whether one of its files holds something else now.
---@return boolean
function Generation:is_outdated()
  for path, text in pairs(self.files) do
    if (read(path) or false) ~= text then
      return true
    end
  end
  return false
end

---Runs the script until it has returned or waits for something.
---@param path string
---@param arguments table As `arg`.
---@return boolean? ok
---@return string? message What is wrong with the script.
function Generation:run(path, arguments)
  self:watch(path)
  self.environment.arg = arguments
  local chunk, wrong = loadfile(path, "bt", self.environment)
  if not chunk then
    return nil, wrong
  end
  local begun, message
  self:spawn(function()
    begun = true
    local ok, err = xpcall(chunk, with_place, table.unpack(arguments))
    if not ok and err ~= OVER and not self.settled then
      message = err -- it is told by who loads it
    elseif not ok then
      error(err, 0)
    end
  end)
  while not begun do
    lunacoap.sleep(0)
  end
  self.settled = true
  return message == nil, message
end

-- The requests at which handlers of these servers are.
local function pending_of(servers)
  local pending = {}
  for _, server in ipairs(servers) do
    for _, request in ipairs(server.coap.PendingRequests) do
      table.insert(pending, { coap = server.coap, id = request.RequestId })
    end
  end
  return pending
end

local function is_pending(entry)
  for _, request in ipairs(entry.coap.PendingRequests) do
    if request.RequestId == entry.id then
      return true
    end
  end
  return false
end

-- Handlers that wait still need the clients of their generation, and the socket for their answer.
local function end_when_answered(self, pending)
  while #pending > 0 do
    if is_pending(pending[#pending]) then
      lunacoap.sleep(0.1)
    else
      table.remove(pending)
    end
  end
  for client in pairs(self.clients) do
    client:Shutdown()
  end
  for _, server in ipairs(self.servers) do
    if server.running then
      server:stop()
    end
  end
end

---Ends what it began, but for requests at which its handlers still are.
---@param survivor table The generation that goes on.
function Generation:retire(survivor)
  self.over = true
  for timer in pairs(self.timers) do
    timer:stop()
  end
  for name in pairs(self.signals) do
    lunacoap.signal(name, survivor.signals[name])
  end
  local pending = pending_of(survivor.servers)
  for _, server in ipairs(self.servers) do
    if server.running then
      table.move(pending_of { server }, 1, #server.coap.PendingRequests, #pending + 1, pending)
      server.coap:StopListening()
    end
  end
  lunacoap.spawn(end_when_answered, self, pending)
end

---Gives the servers back that it took, since it is not to live.
---@param other table The generation that they are given back to.
function Generation:undo(other)
  for _, pair in ipairs(self.taken) do
    if pair.server.running then
      pair.other:take_over(pair.server)
    end
  end
  self:retire(other)
end

---Tells the observers of the servers that it took what their resources are now.
function Generation:refresh()
  for _, pair in ipairs(self.taken) do
    pair.server:refresh()
  end
end

return Generation
