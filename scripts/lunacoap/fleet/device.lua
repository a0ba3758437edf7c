-- What scripts do with a simulated device.

local client = require "lunacoap.fleet.client"
local discovery = require "lunacoap.server.discovery"
local identity = require "lunacoap.fleet.identity"
local life = require "lunacoap.fleet.life"
local lunacoap = require "lunacoap"
local mistake = require "lunacoap.fleet.mistake"
local observers = require "lunacoap.server.observers"
local phases = require "lunacoap.fleet.phases"
local plans = require "lunacoap.fleet.plan"
local random = require "lunacoap.fleet.random"
local Router = require "lunacoap.server.router"
local serving = require "lunacoap.fleet.serving"
local tasks = require "lunacoap.fleet.tasks"

---@class lunacoap.Device
---@field index integer 1, 2, 3 ...
---@field name string
---@field state table What the script keeps of it; new after a reboot.
---@field phase string "waiting", "starting", "up", "asleep", "offline", "rebooting", "failed" or
---"stopped".
---@field coap lunacoap.CoAP Its component.
---@field fleet lunacoap.Fleet
---@field plan lunacoap.fleet.Plan
---@field row? table<string, string> Its row in the table of identities, by the columns' names.
---@field key integer Of its random streams.
local Device = {}

local M = {}

-- ---- Requests -----------------------------------------------------------------------------------

for _, method in ipairs { "PUT", "POST", "FETCH", "PATCH", "iPATCH" } do
  Device[method:lower()] = function(device, uri, payload, options)
    return client.ask(device, method, uri, payload, options)
  end
end

for _, method in ipairs { "GET", "DELETE" } do
  Device[method:lower()] = function(device, uri, options)
    return client.ask(device, method, uri, nil, options)
  end
end

---Observes a resource: f is called with the device and each notification, and ends it by returning
---false. Returns when it has begun; raises when it was refused.
---@param uri string Or "/path" of the device's server.
---@param f fun(device: lunacoap.Device, answer: lunacoap.Answer): any
---@param options? lunacoap.AskOptions
function Device:observe(uri, f, options)
  if type(f) ~= "function" then
    mistake.raise("observe takes a function of the device and the notification")
  end
  client.observe(self, uri, f, options)
end

-- ---- Time and values ----------------------------------------------------------------------------

-- Spans are checked where a script says them.
local function seconds_of(span, what)
  local ok, seconds = pcall(plans.span, span, what)
  return ok and seconds or mistake.raise("%s", seconds)
end

---Waits. A device that sleeps is up: its start is over, as far as counts go.
---@param span lunacoap.Span
function Device:sleep(span)
  local seconds = seconds_of(span, "sleep")
  tasks.check(self)
  if not tasks.is_handling() then
    life.up(self)
  end
  lunacoap.sleep(seconds)
  phases.wait_while_asleep(self)
  tasks.check(self)
end

---Seconds since the device was started for the first time.
---@return number
function Device:age()
  return self.began and lunacoap.now() - self.began or 0
end

---What a sensor shows now.
---@param name string
---@return any
function Device:read(name)
  local signal = self.plan.sensors[name]
  if not signal then
    mistake.raise("the device has no sensor '%s'", tostring(name))
  end
  return signal:value(self:age(), random.key(self.key, name))
end

---A number from the device's own stream: as math.random, from 0 to below 1, from 1 to m, or from m
---to n.
---@param m? integer
---@param n? integer
---@return number
function Device:random(m, n)
  self.drawn = (self.drawn or 0) + 1
  local number = random.number(random.key(self.key, "script"), self.drawn)
  if not m then
    return number
  elseif not n then
    m, n = 1, m
  end
  if math.type(m) ~= "integer" or math.type(n) ~= "integer" or m > n then
    mistake.raise("random takes no argument, or one or two whole numbers, the lower first")
  end
  return m + math.floor(number * (n - m + 1))
end

-- ---- Resources ----------------------------------------------------------------------------------

---Tells the observers of a resource that it has changed.
---@param path string
function Device:notify(path)
  local resource = serving.find(self.class, path)
  if not resource.observable then
    mistake.raise("'%s' is not observable", path)
  end
  path = Router.normal(path)
  if self.running and #self.coap:ListObserved(path) > 0 then
    self.fleet.counts:notified()
    observers.tell(self, resource, path)
  end
end

---A URI of the device for a client on this machine.
---@param path? string
---@return string
function Device:uri(path)
  local coap = self.coap
  if not coap then
    mistake.raise("%s is not started, and has no address yet", self.name)
  end
  local host = coap.LocalHost
  if host == "" or host == "0.0.0.0" then
    host = "127.0.0.1"
  elseif host == "::" then
    host = "::1"
  end
  return ("%s://%s:%d%s"):format(coap.SSLEnabled and "coaps" or "coap",
    host:find(":", 1, true) and "[" .. host .. "]" or host, coap.LocalPort, path or "/")
end

---What it shows of its resources, as for /.well-known/core.
---@return lunacoap.Link[]
function Device:links()
  return discovery.links(self.class)
end

-- ---- What happens to devices --------------------------------------------------------------------

---Its power fails: it forgets all, and starts again after a while. Its own task ends here.
---@param down? lunacoap.Span How long it is off; 1 s by default.
function Device:reboot(down)
  local seconds = seconds_of(down or 1, "reboot")
  tasks.check(self)
  life.reboot(self, seconds)
  tasks.check(self)
end

---It is out of reach for a while from now on, and does not know: nothing that it sends arrives.
---@param span lunacoap.Span
function Device:offline(span)
  life.go_offline(self, seconds_of(span, "offline"))
end

---It goes on from another port, as behind a NAT that has forgotten the old one.
function Device:rebind()
  life.rebind(self)
end

function Device:__tostring()
  return ("%s (%s)"):format(self.name, self.phase)
end

---The class of a fleet's devices.
---@param fleet lunacoap.Fleet
---@return table
function M.class(fleet)
  local class = setmetatable({ fleet = fleet, plan = fleet.plan, __tostring = Device.__tostring,
    __name = "lunacoap.Device" }, { __index = Device })
  class.__index, class.class = class, class
  serving.prepare(class, fleet.plan)
  return class
end

---A device that is not started yet.
---@param class table
---@param index integer
---@return lunacoap.Device
function M.new(class, index)
  local row, name = identity.row(class.plan, index)
  -- All fields at once: a table that grows has room for twice as many.
  return setmetatable({
    index = index, name = name or plans.name(class.plan.name, index), row = row,
    key = random.key(class.fleet.seed, index), phase = "waiting", life = 0, asking = 0, answers = 0,
    state = nil, coap = nil, tasks = nil, busy = 0, running = false, began = nil, up_at = nil,
  }, class)
end

return M
