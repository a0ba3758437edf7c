-- The life of a device: how it starts, what happens to it, and how it ends.

local address = require "lunacoap.fleet.address"
local habits = require "lunacoap.fleet.habits"
local handlers = require "lunacoap.fleet.handlers"
local lunacoap = require "lunacoap"
local phases = require "lunacoap.fleet.phases"
local random = require "lunacoap.fleet.random"
local registration = require "lunacoap.fleet.registration"
local tasks = require "lunacoap.fleet.tasks"

local enter = phases.enter

local M = {}

-- What a device does when it is stopped may take so many seconds.
local STOP_TIME = 10

-- ---- How it starts ------------------------------------------------------------------------------

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local new = {}
  for key, field in pairs(value) do
    new[key] = copy(field)
  end
  return new
end

local function state_of(device)
  local state = device.plan.state
  if type(state) == "function" then
    return state(device)
  end
  return copy(state or {})
end

local function add(fields, more)
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
end

local function component(device)
  local plan, fields = device.plan, { BothRoles = true }
  add(fields, handlers.fields)
  address.bind(plan, device.index, fields)
  local settings = plan.settings
  add(fields, type(settings) == "function" and settings(device) or settings)
  add(fields, plan.identity and plan.identity(device.index))
  if plan.faults then
    add(fields, plan.faults)
    -- The setting takes 31 bits.
    fields.FaultSeed = random.key(device.key, "faults") & 0x7FFFFFFF
  end
  if fields.Timeout == 0 then
    error("a device waits for answers: its Timeout is above 0", 0)
  end
  return lunacoap.CoAP(fields)
end

local function begin(device)
  registration.begin(device)
  if device.plan.start then
    device.plan.start(device)
  end
  M.up(device)
end

local function close(device)
  if device.coap then
    device.coap:Shutdown()
    handlers.disown(device)
  end
end

-- It is over, by a mistake or by an answer that it cannot do without.
local function fail(device, err)
  if err == tasks.ENDED then
    return
  end
  device.life, device.running = device.life + 1, false
  tasks.cancel(device)
  registration.forget(device)
  close(device)
  enter(device, "failed")
  device.fleet.counts:failed(device, err)
end

local AT_START = { on_error = fail }

local function begin_life(device)
  device.tasks, device.busy, device.asking = {}, 0, 0
  device.state, device.up_at = state_of(device), nil
  device.running = true
  tasks.spawn(device, begin, AT_START)
end

local function open(device)
  device.coap = component(device)
  handlers.own(device)
  device.began = lunacoap.now()
  device.coap:StartListening()
  begin_life(device)
end

---Starts a device that waits for it.
---@param device lunacoap.Device
function M.start(device)
  enter(device, "starting")
  local ok, err = xpcall(open, lunacoap.traceback, device)
  if not ok then
    fail(device, err)
  end
end

---Its start is over: it does from now on what it does again and again.
---@param device lunacoap.Device
function M.up(device)
  if device.phase == "starting" then
    enter(device, "up")
    device.up_at = lunacoap.now()
    habits.begin(device)
  end
end

-- ---- What happens to it -------------------------------------------------------------------------

local function set_offline(device, is_offline)
  device.coap:Config("Offline=" .. (is_offline and "True" or "False"))
end

local function come_back(device)
  if device.phase == "offline" then
    set_offline(device, false)
    enter(device, device.up_at and "up" or "starting")
  end
end

---It is out of reach for a while, if it is not already.
---@param device lunacoap.Device
---@param seconds number
function M.go_offline(device, seconds)
  if device.phase == "up" or device.phase == "starting" then
    set_offline(device, true)
    enter(device, "offline")
    device.fleet.agenda:at(lunacoap.now() + seconds, come_back, device)
  end
end

local function wake(device)
  if device.phase == "asleep" then
    set_offline(device, false)
    enter(device, "up")
    device.wakes_at = nil
    habits.catch_up(device)
  end
end

---It sleeps for a while, unless it waits for an answer or is not up.
---@param device lunacoap.Device
---@param seconds number
---@return boolean
function M.fall_asleep(device, seconds)
  if device.phase ~= "up" or device.asking > 0 then
    return false
  end
  set_offline(device, true)
  enter(device, "asleep")
  device.wakes_at = lunacoap.now() + seconds
  device.fleet.agenda:at(device.wakes_at, wake, device)
  return true
end

local function power_up(device)
  if device.phase == "rebooting" then
    set_offline(device, false)
    enter(device, "starting")
    begin_life(device)
  end
end

---Its power fails for a while: it forgets all, sessions and Message IDs too, and nobody is told.
---@param device lunacoap.Device
---@param down number Seconds.
function M.reboot(device, down)
  if not phases.is_alive(device) then
    return
  end
  device.life, device.running = device.life + 1, false
  device.observing = nil
  enter(device, "rebooting")
  tasks.cancel(device)
  registration.forget(device)
  set_offline(device, true)
  device.coap:Restart()
  device.fleet.agenda:at(lunacoap.now() + down, power_up, device)
end

-- ---- How it ends --------------------------------------------------------------------------------

local function say_goodbye(device)
  if device.plan.stop then
    device.plan.stop(device)
  end
  registration.remove(device)
end

---Stops it: it does what it has to do then, and is gone.
---@param device lunacoap.Device
function M.stop(device)
  local was_alive, waited = phases.is_alive(device), device.phase == "waiting"
  device.life = device.life + 1
  tasks.cancel(device)
  if was_alive then
    if device.phase == "asleep" or device.phase == "offline" then
      set_offline(device, false)
      enter(device, "up")
    end
    local ok, err = xpcall(lunacoap.limit, lunacoap.traceback, STOP_TIME, say_goodbye, device)
    if not ok then
      tasks.tell(device, err)
    end
  end
  device.running = false
  registration.forget(device)
  close(device)
  if not waited and device.phase ~= "failed" then
    enter(device, "stopped")
  end
end

return M
