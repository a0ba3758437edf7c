-- One load of a script that is loaded again when it changes: all that it begins, so that it can be
-- ended when the next load has taken its place.

local lunacoap = require "lunacoap"
local surroundings = require "lunacoap.reload.surroundings"

local Generation = {}
Generation.__index = Generation

-- Values, since a key with a finalizer stays for a while after it has run.
local function weak_set()
  return setmetatable({}, { __mode = "v", __call = function(set, object)
    set[("%p"):format(object)] = object
    return object
  end })
end

---What a generation may do otherwise.
---@class lunacoap.reload.Ways
---@field fields? fun(init: table?): table? What the constructors of components and servers get.
---@field globals? table<string, any> Globals of the script.
---@field functions? table<string, any> Fields of its module `lunacoap`.
---@field components? lunacoap.CoAP[] Is filled with its components, in their order.
---@field report? fun(err: any) Hears of errors in its tasks that nothing has caught.

local function same(init)
  return init
end

local function raise(err)
  error(err, 0)
end

---A generation whose servers take the places of others.
---@param available lunacoap.Server[] Those that run now.
---@param ways? lunacoap.reload.Ways
function Generation.new(available, ways)
  ways = ways or {}
  return setmetatable({
    fields = ways.fields or same, globals = ways.globals or {}, functions = ways.functions or {},
    components = ways.components, report = ways.report or raise,
    over = false, loading = true, available = available, taken = {},
    files = {}, servers = {}, signals = {},
    timers = weak_set(), clients = weak_set(), closables = weak_set(),
    tasks = setmetatable({}, { __mode = "k" }),
  }, Generation)
end

-- ---- Its files ----------------------------------------------------------------------------------

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

-- ---- Life ---------------------------------------------------------------------------------------

---Runs the script until it has returned or waits for something.
---@param path string
---@param arguments table As `arg`.
---@return boolean? ok
---@return any err What is wrong with the script.
function Generation:run(path, arguments)
  self:watch(path)
  local environment = surroundings.of(self)
  environment.arg = arguments
  local chunk, err = loadfile(path, "bt", environment)
  if chunk and not (self.files[path] or ""):find("%S") then
    chunk, err = nil, path .. " is empty" -- as it is while somebody copies it here
  end
  if not chunk then
    return nil, err
  end
  local begun, failed
  surroundings.spawn(self, function()
    begun = true
    local ok, raised = xpcall(chunk, lunacoap.traceback, table.unpack(arguments))
    self.loading = false
    self.failure = not ok and raised or nil
    if not ok and not self.settled then
      failed, err = true, raised -- it is told by who loads it
    elseif not ok then
      error(raised, 0)
    end
  end)
  while not begun do
    lunacoap.sleep(0)
  end
  return not failed, err
end

local function running(servers)
  local list = {}
  for _, server in ipairs(servers) do
    if server.running then
      list[#list + 1] = server
    end
  end
  return list
end

local function stop_all(servers)
  for _, server in ipairs(running(servers)) do
    server:stop()
  end
end

-- The requests at which handlers of these servers are: sets of their Ids, by component.
local function pending_of(servers)
  local pending = {}
  for _, server in ipairs(servers) do
    local ids = {}
    for _, request in ipairs(server.coap.PendingRequests) do
      ids[request.RequestId] = true
    end
    pending[server.coap] = ids
  end
  return pending
end

-- There may be thousands: one look is for all of them.
local function is_any_pending(coap, ids)
  for _, request in ipairs(coap.PendingRequests) do
    if ids[request.RequestId] then
      return true
    end
  end
  return false
end

local function wait_for_answers(servers)
  for coap, ids in pairs(pending_of(servers)) do
    while is_any_pending(coap, ids) do
      lunacoap.sleep(0.1)
    end
  end
end

-- Seconds in which a script may come to start its servers, and those before it go on.
local PATIENCE = 10

-- The next script may have something to do before it starts its servers.
local function wait_for_successors(self, survivor)
  local till = lunacoap.now() + PATIENCE
  while survivor.loading and running(self.servers)[1] and lunacoap.now() < till do
    lunacoap.sleep(0.1)
  end
  survivor.available = {}
end

local function close_rest(self)
  for _, client in pairs(self.clients) do
    client:Shutdown()
  end
  for _, object in pairs(self.closables) do
    object:close()
  end
end

-- Handlers that wait still need the clients of their generation, and the socket for their answer.
local function finish(self, survivor)
  wait_for_successors(self, survivor)
  for _, server in ipairs(running(self.servers)) do
    server.coap:StopListening()
  end
  wait_for_answers(self.servers)
  wait_for_answers(survivor.servers)
  close_rest(self)
  stop_all(self.servers)
end

local function stop_timers(self)
  self.over = true
  for _, timer in pairs(self.timers) do
    timer:stop()
  end
end

---Ends what it began, at once.
function Generation:close()
  stop_timers(self)
  for name in pairs(self.signals) do
    lunacoap.signal(name)
  end
  stop_all(self.servers)
  close_rest(self)
end

---Ends what it began, but for requests at which its handlers still are.
---@param survivor table The generation that goes on.
function Generation:retire(survivor)
  stop_timers(self)
  for name in pairs(self.signals) do
    lunacoap.signal(name, survivor.signals[name])
  end
  lunacoap.spawn(finish, self, survivor)
end

-- Servers that the script stopped after it had taken their places begin anew. Returns the errors of
-- those that cannot.
local function start_again(taken)
  local lost = {}
  for _, pair in ipairs(taken) do
    if not pair.other.running then
      local ok, err = pcall(pair.other.start, pair.other)
      lost[#lost + 1] = not ok and err or nil
    end
  end
  return lost
end

---Gives the servers back that it took, since it is not to live.
---@param other table The generation that they are given back to.
---@return lunacoap.Error[] lost Why some of them do not run again.
function Generation:undo(other)
  for _, pair in ipairs(self.taken) do
    if pair.server.running then
      pair.other:take_over(pair.server)
    end
  end
  stop_all(self.servers)
  local lost = start_again(self.taken)
  self.taken, self.available = {}, {}
  self:retire(other)
  return lost
end

---It is to live: the observers of the servers that it took are told what their resources are now.
function Generation:settle()
  self.settled = true
  for _, pair in ipairs(self.taken) do
    surroundings.refresh(pair.server)
  end
  self.taken = {} -- which had kept all that came before
end

return Generation
