-- What a device does again and again, and what happens to it now and then. All of it follows from
-- the device's random streams, and stands on the fleet's agenda.

local lunacoap = require "lunacoap"
local random = require "lunacoap.fleet.random"
local tasks = require "lunacoap.fleet.tasks"

local M = {}

-- ---- Periods ------------------------------------------------------------------------------------

-- When a row of `every` is due for the first time.
local function first_time(device, row)
  local key = random.key(device.key, row.stream)
  return device.up_at + (row.after or row.period * random.number(key, 0))
end

-- The next time after one: on a grid, but for what is random, so that periods hold and the number
-- of a time, which the random part hangs on, can be told from it. What was missed is left out.
local function next_time(device, row, time)
  local key, now = random.key(device.key, row.stream), lunacoap.now()
  local first = first_time(device, row)
  local last = math.floor((time - first) / row.period + 0.5)
  local n = math.max(last, math.floor((now - first) / row.period - row.jitter))
  repeat
    n = n + 1
    time = first + (n + row.jitter * (2 * random.number(key, n) - 1)) * row.period
  until time > now
  return time
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
    agenda:at(next_time(device, row, time), tick, device)
    if device.wakes_at then
      device.postponed = (device.postponed or 0) | row.bit
    else
      perform(device, row)
    end
  end
  return tick
end

-- ---- Now and then -------------------------------------------------------------------------------

-- How often each kind of event has happened to a device: the place in its stream.
local function count(device, kind)
  local events = device.events or { 0, 0, 0, 0 }
  device.events = events
  events[kind] = events[kind] + 1
  return events[kind]
end

-- Has `happen` called again and again, `mean` apart on average. What a stall has held up happens at
-- once, one after the other.
local function now_and_then(agenda, kind, stream, mean, happen)
  local function pause(device)
    return random.exponential(random.key(device.key, stream), count(device, kind), mean)
  end
  local function tick(device, time)
    agenda:at(time + pause(device), tick, device)
    happen(device)
  end
  return function(device)
    agenda:at(device.up_at + pause(device), tick, device)
  end
end

-- ---- Awake, asleep, awake -----------------------------------------------------------------------

local SLEEPS = 4

-- A device that has waited for an answer when it should have fallen asleep has so many seconds for
-- what it does then.
local REST = 0.1

local function sleeping(agenda, life, wanted)
  local function span(device, what, place)
    local number = random.number(random.key(device.key, "sleeps"), place)
    return wanted[what] * (1 + wanted.jitter * (2 * number - 1))
  end
  local function fall_asleep(device)
    local n = device.events[SLEEPS]
    local asleep = span(device, "asleep", 2 * n)
    if life.fall_asleep(device, asleep) then
      count(device, SLEEPS)
      agenda:at(device.wakes_at + span(device, "awake", 2 * n + 1), fall_asleep, device)
    else
      device.tired = fall_asleep
    end
  end
  return function(device)
    local n = count(device, SLEEPS)
    agenda:at(device.up_at + span(device, "awake", 2 * n - 1), fall_asleep, device)
  end
end

---A device has the last answer that it waited for, and falls asleep soon if it should have.
---@param device lunacoap.Device
function M.rest(device)
  local fall_asleep = device.tired
  if fall_asleep then
    device.tired = nil
    device.fleet.agenda:at(lunacoap.now() + REST, fall_asleep, device)
  end
end

-- ---- Of a fleet ---------------------------------------------------------------------------------

local function prepare_row(agenda, given, i)
  local row = { period = given[1], act = given[2], jitter = given.jitter, after = given.after,
    bit = 1 << (i - 1), stream = random.key(0, "every", i) }
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
  local function add(kind, name, happen)
    local wanted = plan[name]
    if wanted then
      table.insert(prepared.others, now_and_then(agenda, kind, name, wanted.every,
        function(device) happen(device, wanted.down) end))
    end
  end
  if plan.sleeps then
    table.insert(prepared.others, sleeping(agenda, life, plan.sleeps))
  end
  add(1, "offline", life.go_offline)
  add(2, "rebinds", life.rebind)
  add(3, "reboots", life.reboot)
  return prepared
end

---The device is up.
---@param device lunacoap.Device
function M.begin(device)
  local prepared, agenda = device.fleet.habits, device.fleet.agenda
  for _, row in ipairs(prepared.rows) do
    agenda:at(first_time(device, row), row.tick, device)
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
