-- What a device does again and again, and what happens to it now and then. All of it follows from
-- the device's random streams, and stands on the fleet's agenda.

local lunacoap = require "lunacoap"
local random = require "lunacoap.fleet.random"
local tasks = require "lunacoap.fleet.tasks"

local M = {}

-- ---- Periods ------------------------------------------------------------------------------------

-- When a row of `every` is due for the first time since the device is up.
local function first(device, row)
  return row.after or row.period * random.number(row.key(device), 0)
end

-- The n-th time: on a grid, but for what is random, so that periods hold and n can be told.
local function time_of(device, row, n)
  local off = n == 0 and 0 or row.jitter * (2 * random.number(row.key(device), n) - 1)
  return device.up_at + first(device, row) + (n + off) * row.period
end

local function number_at(device, row, time)
  return math.floor((time - device.up_at - first(device, row)) / row.period + 0.5)
end

-- A task for it, unless the device is not done with the last one.
local function perform(device, row)
  if device.busy & row.bit == 0 then
    tasks.spawn(device, row.act, row.options)
  end
end

-- What the agenda calls for a row; the same for all devices of the fleet.
local function ticker(agenda, row)
  local function tick(device, time)
    local n = number_at(device, row, time)
    local now = lunacoap.now()
    repeat
      n = n + 1
      time = time_of(device, row, n)
    until time > now -- what was missed is left out
    agenda:at(time, tick, device)
    if device.phase == "asleep" then
      device.postponed = (device.postponed or 0) | row.bit
    else
      perform(device, row)
    end
  end
  return tick
end

-- ---- Now and then -------------------------------------------------------------------------------

-- The time until the next of events, `mean` apart on average.
local function pause(device, what, mean)
  device.events = device.events or {}
  local n = (device.events[what] or 0) + 1
  device.events[what] = n
  return random.exponential(random.key(device.key, what), n, mean)
end

-- Has `happen` called again and again.
local function now_and_then(agenda, what, mean, happen)
  local function tick(device)
    agenda:at(lunacoap.now() + pause(device, what, mean), tick, device)
    happen(device)
  end
  return function(device)
    agenda:at(lunacoap.now() + pause(device, what, mean), tick, device)
  end
end

local function try(device, f)
  local ok, err = xpcall(f, lunacoap.traceback, device)
  if not ok then
    tasks.tell(device, err)
  end
end

-- A device that is busy is asked again so many seconds later.
local RETRY = 0.1

-- Awake, asleep, awake ...
local function sleeping(agenda, life, wanted)
  local function span(device, what)
    device.events = device.events or {}
    local n = (device.events.sleeps or 0) + 1
    device.events.sleeps = n
    local number = random.number(random.key(device.key, "sleeps"), n)
    return wanted[what] * (1 + wanted.jitter * (2 * number - 1))
  end
  local function fall_asleep(device)
    local seconds = span(device, "asleep")
    if life.fall_asleep(device, seconds) then
      agenda:at(lunacoap.now() + seconds + span(device, "awake"), fall_asleep, device)
    else
      agenda:at(lunacoap.now() + RETRY, fall_asleep, device)
    end
  end
  return function(device)
    agenda:at(lunacoap.now() + span(device, "awake"), fall_asleep, device)
  end
end

-- ---- Of a fleet ---------------------------------------------------------------------------------

local function prepare_row(agenda, given, i)
  local stream = "every " .. i
  local row = { period = given[1], act = given[2], jitter = given.jitter, after = given.after,
    bit = 1 << (i - 1), key = function(device) return random.key(device.key, stream) end }
  row.options = { bit = row.bit }
  row.tick = ticker(agenda, row)
  return row
end

---What the devices of a fleet do and suffer: functions that begin it for a device.
---@param fleet lunacoap.Fleet
---@param life table What happens to devices: fall_asleep, go_offline, reboot.
---@return table
function M.prepare(fleet, life)
  local plan, agenda = fleet.plan, fleet.agenda
  local prepared = { rows = {}, others = {} }
  for i, given in ipairs(plan.every) do
    prepared.rows[i] = prepare_row(agenda, given, i)
  end
  local function add(begin)
    table.insert(prepared.others, begin)
  end
  if plan.sleeps then
    add(sleeping(agenda, life, plan.sleeps))
  end
  if plan.offline then
    add(now_and_then(agenda, "offline", plan.offline.every, function(device)
      life.go_offline(device, plan.offline.down)
    end))
  end
  if plan.rebinds then
    add(now_and_then(agenda, "rebinds", plan.rebinds.every, function(device)
      try(device, device.rebind)
    end))
  end
  if plan.reboots then
    add(now_and_then(agenda, "reboots", plan.reboots.every, function(device)
      try(device, function() life.reboot(device, plan.reboots.down) end)
    end))
  end
  return prepared
end

---The device is up.
---@param device lunacoap.Device
function M.begin(device)
  local prepared, agenda = device.fleet.habits, device.fleet.agenda
  for _, row in ipairs(prepared.rows) do
    agenda:at(time_of(device, row, 0), row.tick, device)
  end
  for _, begin in ipairs(prepared.others) do
    begin(device)
  end
end

---The device is awake, and does what was due meanwhile.
---@param device lunacoap.Device
function M.catch_up(device)
  local postponed = device.postponed or 0
  device.postponed = nil
  for _, row in ipairs(device.fleet.habits.rows) do
    if postponed & row.bit ~= 0 then
      perform(device, row)
    end
  end
end

return M
