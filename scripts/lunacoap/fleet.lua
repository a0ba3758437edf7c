-- lunacoap.fleet { name = "meter-{index}", count = 1000, ... }: simulated devices that behave like
-- devices. What a device is stands in a table; each has its own socket or address, state, random
-- streams and identity.
--
-- The files: fleet/plan.lua checks the table, fleet/life.lua starts, reboots and stops a device,
-- fleet/habits.lua is what it does again and again, on fleet/agenda.lua; fleet/client.lua sends its
-- requests, fleet/serving.lua answers those of others, fleet/counts.lua counts.

local address = require "lunacoap.fleet.address"
local agendas = require "lunacoap.fleet.agenda"
local counting = require "lunacoap.fleet.counts"
local devices = require "lunacoap.fleet.device"
local habits = require "lunacoap.fleet.habits"
local identity = require "lunacoap.fleet.identity"
local life = require "lunacoap.fleet.life"
local lunacoap = require "lunacoap"
local mistake = require "lunacoap.fleet.mistake"
local plans = require "lunacoap.fleet.plan"
local ramps = require "lunacoap.fleet.ramp"
local random = require "lunacoap.fleet.random"

---@class lunacoap.Fleet
---@field plan lunacoap.fleet.Plan
---@field seed integer
---@field devices lunacoap.Device[]
---@field counts lunacoap.fleet.Counts
---@field agenda lunacoap.fleet.Agenda
---@field habits table
local Fleet = { __name = "lunacoap.Fleet" }
Fleet.__index = Fleet

local M = { identities = identity.identities }

---A fleet of a plan that says where its devices have their sockets. Of several in one simulation,
---each has a number of its own.
---@param plan lunacoap.fleet.Plan
---@param shared? { counts: lunacoap.fleet.Counts, number: integer }
---@return lunacoap.Fleet
function M.of(plan, shared)
  identity.prepare(plan)
  plan.name = plans.numbered(plan.name, plan.count)
  local fleet = setmetatable({
    plan = plan, agenda = agendas.new(), counts = shared and shared.counts or counting.new(),
    seed = random.key(plan.seed, shared and shared.number or 1), devices = {}, life = 0,
    is_started = false,
  }, Fleet)
  fleet.habits = habits.prepare(fleet, life)
  local class = devices.class(fleet)
  for i = 1, plan.count do
    fleet.devices[i] = devices.new(class, i)
    fleet.counts:move(nil, "waiting")
  end
  return fleet
end

-- Starts the next device when its time has come.
local function start_next(self)
  self.started = self.started + 1
  life.start(self.devices[self.started])
  if self.started < #self.devices then
    self.agenda:at(self.began + self.times(self.started + 1), start_next, self)
  end
end

---Starts its devices, each when the ramp has it; returns at once.
---@return lunacoap.Fleet self
function Fleet:start()
  if self.is_started or self.stopping then
    mistake.raise("the fleet was %s already", self.stopping and "stopped" or "started")
  end
  self.is_started, self.started, self.began = true, 0, lunacoap.now()
  self.times = ramps.times(self.plan.ramp, self.plan.count, self.seed)
  self.agenda:at(self.began + self.times(1), start_next, self)
  return self
end

-- So many devices are being stopped at a time, and all together may take so many seconds.
local AT_A_TIME, STOP_TIME = 256, 30

local function stop_all(self)
  self.life = self.life + 1 -- no device is started any more
  local till, last, tasks = lunacoap.now() + STOP_TIME, 0, {}
  local function stop_some()
    while last < #self.devices do
      last = last + 1
      life.stop(self.devices[last], till)
    end
  end
  for i = 1, math.min(AT_A_TIME, #self.devices) do
    tasks[i] = lunacoap.spawn(stop_some)
  end
  for _, task in ipairs(tasks) do
    task:wait()
  end
  self.agenda:clear()
end

---Stops its devices: each does what it has to do then, and is gone. Returns when all are.
function Fleet:stop()
  self.stopping = self.stopping or lunacoap.spawn(stop_all, self)
  self.stopping:wait()
end

---Stops its devices, and returns at once.
function Fleet:close()
  lunacoap.spawn(self.stop, self)
end

---A fleet of what a script says of a device.
---@param init lunacoap.DeviceInit
---@return lunacoap.Fleet
local function new(_, init)
  local ok, result = pcall(function()
    local plan = plans.new(init)
    address.assign { plan }
    return M.of(plan)
  end)
  if not ok then
    mistake.raise("%s", tostring(result))
  end
  return result
end

return setmetatable(M, { __call = new })
