-- The life of a device: how it starts, what happens to it, and how it ends.

local address = require "lunacoap.fleet.address"
local habits = require "lunacoap.fleet.habits"
local handlers = require "lunacoap.fleet.handlers"
local lunacoap = require "lunacoap"
local phases = require "lunacoap.fleet.phases"
local plans = require "lunacoap.fleet.plan"
local random = require "lunacoap.fleet.random"
local registration = require "lunacoap.fleet.registration"
local tasks = require "lunacoap.fleet.tasks"

local enter = phases.enter

local M = {}

-- What a device does when it is stopped may take so many seconds.
local STOP_TIME = 10

-- ---- How it starts ------------------------------------------------------------------------------

-- What is wrong with a device's table, not with a line of a script.
local function refuse(text, ...)
  error({ Message = text:format(...) }, 0)
end

-- A copy of its own, with what it has several times in it, itself too, several times in the copy.
local function copy(value, copies)
  if type(value) ~= "table" then
    return value
  elseif copies[value] then
    return copies[value]
  end
  local new = setmetatable({}, getmetatable(value))
  copies[value] = new
  for key, field in pairs(value) do
    new[copy(key, copies)] = copy(field, copies)
  end
  return new
end

local function state_of(device)
  local state = device.plan.state
  if type(state) ~= "function" then
    return state and copy(state, {}) or {}
  end
  local made = state(device)
  if type(made) ~= "table" then
    refuse("the device's state is a function that returns a table, not %s", tostring(made))
  end
  return made
end

local function add(fields, more)
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
end

local function checked(fields, what)
  local ok, made = pcall(plans.settings, fields, what)
  return ok and made or refuse("%s", made)
end

local function component(device)
  local plan, fields = device.plan, { BothRoles = true }
  add(fields, handlers.fields)
  address.bind(plan, device.index, fields)
  local settings = plan.settings
  if type(settings) == "function" then
    settings = checked(settings(device), "what the device's settings return")
  end
  add(fields, settings)
  if plan.identity then
    add(fields, checked(plan.identity(device.index), "what the device's identity returns"))
  end
  if plan.faults then
    add(fields, plan.faults)
    -- The setting takes 31 bits.
    fields.FaultSeed = random.key(device.key, "faults") & 0x7FFFFFFF
  end
  local ok, coap = pcall(lunacoap.CoAP, fields)
  return ok and coap or refuse("the device's settings: %s", coap.Message or tostring(coap))
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

-- A life from its beginning, in a task: all that a script says of it may wait.
local function live(device)
  local state = state_of(device)
  tasks.check(device)
  device.state = state
  if not device.coap then
    local coap = component(device)
    tasks.check(device) -- settings, too, may be a function that waits
    device.coap = coap
    handlers.own(device)
    device.coap:StartListening()
  end
  device.running = true
  phases.settle(device)
  registration.begin(device)
  if device.plan.start then
    device.plan.start(device)
  end
  M.up(device)
end

local AT_START = { on_error = fail }

---Starts a device that waits for it.
---@param device lunacoap.Device
function M.start(device)
  enter(device, "starting")
  device.tasks, device.began = {}, lunacoap.now()
  tasks.spawn(device, live, AT_START)
end

---Its start is over: it does from now on what it does again and again.
---@param device lunacoap.Device
function M.up(device)
  if device.running and not device.up_at then
    device.up_at = lunacoap.now()
    phases.settle(device)
    habits.begin(device)
  end
end

-- ---- What happens to it -------------------------------------------------------------------------

local function come_back(device, time)
  if time < device.online_at then -- which has become later
    return device.fleet.agenda:at(device.online_at, come_back, device)
  end
  device.online_at = nil
  if device.running then
    phases.settle(device)
  end
end

---It is out of reach for a while, or for longer than it is already.
---@param device lunacoap.Device
---@param seconds number
function M.go_offline(device, seconds)
  if not device.running then
    return
  end
  local before, time = device.online_at, lunacoap.now() + seconds
  device.online_at = math.max(time, before or time)
  if not before then
    phases.settle(device)
    device.fleet.agenda:at(time, come_back, device)
  end
end

local function wake(device)
  device.wakes_at = nil
  phases.settle(device)
  habits.catch_up(device)
end

---It sleeps for a while, unless it waits for an answer, or sleeps.
---@param device lunacoap.Device
---@param seconds number
---@return boolean
function M.fall_asleep(device, seconds)
  if device.asking > 0 or device.wakes_at then
    return false
  end
  device.wakes_at = lunacoap.now() + seconds
  phases.settle(device)
  device.fleet.agenda:at(device.wakes_at, wake, device)
  return true
end

local function power_up(device)
  enter(device, "starting")
  if device.online_at then -- the network knows nothing of reboots
    device.fleet.agenda:at(device.online_at, come_back, device)
  end
  tasks.spawn(device, live, AT_START)
end

-- What goes with the power. Streams of random numbers go on, or all lives would be the same.
local function forget(device)
  device.life, device.running = device.life + 1, false
  device.up_at, device.wakes_at, device.postponed, device.tired = nil, nil, nil, nil
  device.observing = nil
  tasks.cancel(device)
  registration.forget(device)
end

---Its power fails for a while: it forgets all, sessions and Message IDs too, and nobody is told.
---@param device lunacoap.Device
---@param down number Seconds.
function M.reboot(device, down)
  if device.running then
    forget(device)
    enter(device, "rebooting")
    phases.set_offline(device, true)
    if not pcall(device.coap.Restart, device.coap) then -- a script has closed it
      close(device)
      device.coap = nil
    end
    device.fleet.agenda:at(lunacoap.now() + down, power_up, device)
  end
end

---It goes on from another port, if it has power. What is wrong with that is told.
---@param device lunacoap.Device
function M.rebind(device)
  if device.running then
    local ok, err = xpcall(device.coap.Rebind, lunacoap.traceback, device.coap)
    if not ok then
      tasks.tell(device, err)
    end
  end
end

-- ---- How it ends --------------------------------------------------------------------------------

local function say_goodbye(device)
  if device.plan.stop then
    device.plan.stop(device)
  end
  registration.remove(device)
end

-- What it does before it ends is done awake, online and in no more than some seconds.
local function end_well(device, seconds)
  device.wakes_at, device.online_at, device.tired = nil, nil, nil
  device.up_at = device.up_at or lunacoap.now()
  phases.settle(device)
  if not tasks.spawn(device, say_goodbye):wait(seconds) then
    tasks.tell(device, "what devices do when they are stopped takes too long")
  end
end

---Stops it: it does what it has to do then, and is gone.
---@param device lunacoap.Device
---@param till number When all has to be over, as lunacoap.now().
function M.stop(device, till)
  if device.phase == "waiting" or device.phase == "failed" then
    return
  end
  device.life = device.life + 1
  tasks.cancel(device)
  if device.running then
    end_well(device, math.max(0, math.min(STOP_TIME, till - lunacoap.now())))
  end
  forget(device)
  close(device)
  enter(device, "stopped")
end

return M
