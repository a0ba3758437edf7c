-- One or several fleets, run for some time and counted together: what `lunacoap simulate` does.

local addresses = require "lunacoap.fleet.address"
local counting = require "lunacoap.fleet.counts"
local fleets = require "lunacoap.fleet"
local lunacoap = require "lunacoap"
local machine = require "lunacoap.machine"
local plans = require "lunacoap.fleet.plan"
local results = require "lunacoap.fleet.result"

---@class lunacoap.SimulationProgress How it goes; rates are those of the last second.
---@field elapsed number Seconds since it began.
---@field seconds? number How long it is to run.
---@field count integer How many devices there are.
---@field phases table<string, integer> How many are in each phase.
---@field sent number Requests of devices in a second.
---@field answered number
---@field served number Requests at devices in a second.
---@field failed integer Requests in all that got no answer.
---@field errors integer Answers in all that are not 2.xx.
---@field p50? number Seconds until the answer, of those of the last second.
---@field p95? number
---@field p99? number
---@field retransmissions integer In all.
---@field resident integer Bytes of memory.

---@class lunacoap.SimulationOptions
---@field count? integer How many devices; of several kinds as many as their own counts are to each
---other.
---@field seed? integer
---@field ramp? lunacoap.Span|table
---@field server? string That "/path" is of in the requests of all devices.
---@field seconds? number How long it is to run; for ever by default.
---@field ladders? boolean Whether failed exchanges are drawn, for which datagrams are kept.
---@field title? string
---@field command? string
---@field on_progress? fun(progress: lunacoap.SimulationProgress) Called every second.
---@field on_trouble? fun(trouble: table, err: any) Called for each new mistake of a script.
---@field on_failed? fun(device: lunacoap.Device, text: string) Called for each device that fails.
---@field on_unanswered? fun(device: lunacoap.Device, text: string) Called for each new reason why a
---request has no answer.
---@field on_stop? fun(interrupted: boolean) Called before the devices are stopped.

---@class lunacoap.Simulation
---@field fleets lunacoap.Fleet[]
---@field counts lunacoap.fleet.Counts
local Simulation = {}
Simulation.__index = Simulation

local M = {}

-- The series has about so many rows when it is known how long it is to run.
local ROWS = 300

-- Datagrams that are kept for the ladders of failed exchanges.
local KEPT = 100000

-- A device, or a list of devices.
local function list_of(definitions)
  if definitions == nil then
    error("it returns nothing: a simulation ends with return { ... }, which says what a device is, "
      .. "or a list of such", 0)
  elseif type(definitions) ~= "table" then
    error("a simulation is a table that says what a device is, or a list of such, not "
      .. tostring(definitions), 0)
  end
  return #definitions > 0 and definitions or { definitions }
end

-- Fields that the options have for all devices, in place of their own.
local OVERRIDES = { "seed", "ramp", "server" }

local function plan_of(init, options)
  local plan = plans.new(init)
  for _, name in ipairs(OVERRIDES) do
    if options[name] ~= nil then
      plan[name] = plans.field(name, options[name])
    end
  end
  return plan
end

-- Shares `total` out as the counts of the plans are to each other, but one to each at least.
local function share_out(list, total)
  if total < #list then
    error(("%d devices are too few for %d kinds"):format(total, #list), 0)
  end
  local sum, before, given = 0, 0, 0
  for _, plan in ipairs(list) do
    sum = sum + plan.count
  end
  for i, plan in ipairs(list) do
    before = before + plan.count
    local till = math.min(math.max(total * before // sum, given + 1), total - (#list - i))
    plan.count, given = till - given, till
  end
end

---Makes a simulation. Raises what is wrong, without a place.
---@param definitions lunacoap.DeviceInit|lunacoap.DeviceInit[]
---@param options? lunacoap.SimulationOptions
---@return lunacoap.Simulation
function M.new(definitions, options)
  options = options or {}
  collectgarbage()
  local list, lua_before = {}, collectgarbage("count") * 1024
  for i, init in ipairs(list_of(definitions)) do
    list[i] = plan_of(init, options)
  end
  if options.count then
    share_out(list, options.count)
  end
  addresses.assign(list)
  local counts = counting.new { ladders = options.ladders,
    interval = math.max(1, (options.seconds or 0) / ROWS) }
  counts.on_trouble, counts.on_failed = options.on_trouble, options.on_failed
  counts.on_unanswered = options.on_unanswered
  local simulation = setmetatable({ options = options, counts = counts, fleets = {}, count = 0,
    seed = list[1].seed, lua_before = lua_before }, Simulation)
  for i, plan in ipairs(list) do
    simulation.count = simulation.count + plan.count
    simulation.fleets[i] = fleets.of(plan, { counts = counts, number = i })
  end
  return simulation
end

---Ends it early.
function Simulation:stop()
  self.stopped = true
  if self.nap then
    self.nap:cancel()
  end
end

-- `last`: what was counted in the last second.
local function tell_progress(self, last)
  local counts, total = self.counts, self.counts.total
  local retransmissions = lunacoap.statistics().retransmissions
  self.options.on_progress {
    elapsed = lunacoap.now() - counts.began, seconds = self.options.seconds, count = self.count,
    phases = counts.phases, sent = last.sent / last.seconds,
    answered = last.answered / last.seconds, served = last.served / last.seconds,
    failed = total.failed, errors = total.answered - total:responses("2.xx"),
    p50 = last.p50, p95 = last.p95, p99 = last.p99,
    retransmissions = retransmissions - self.before.statistics.retransmissions,
    resident = machine.resident(),
  }
end

-- Waits until a time, or until stop().
local function nap(self, till)
  self.nap = lunacoap.spawn(lunacoap.sleep, math.max(0, till - lunacoap.now()))
  self.nap:wait()
end

-- Times are looked at a little late, or a little early.
local ALMOST = 1e-6

local function run_for_its_time(self)
  local counts = self.counts
  local till = counts.began + (self.options.seconds or math.huge)
  while not self.stopped and lunacoap.now() < till - ALMOST do
    nap(self, math.min(counts:next_tick(), till))
    local last = counts:tick()
    if last and self.options.on_progress then
      tell_progress(self, last)
    end
  end
end

-- Lua's memory with all devices started, without garbage.
local function memory_of(self)
  collectgarbage()
  local lua = math.floor(collectgarbage("count") * 1024)
  return { resident = machine.resident(), lua = lua,
    lua_per_device = (lua - self.lua_before) / self.count }
end

-- What it has come to when its time is over, with all devices still there.
local function outcome(self, about)
  run_for_its_time(self)
  about.interrupted, about.memory, about.phases = self.stopped == true, memory_of(self), {}
  for phase, n in pairs(self.counts.phases) do
    about.phases[phase] = n > 0 and n or nil
  end
  self.counts:finish()
  local result = results.of(self.counts, self.before, about)
  if self.options.on_stop then
    self.options.on_stop(about.interrupted)
  end
  return result
end

---Runs it to its end: the time is over, or stop() was called. Its devices are stopped then, or when
---a function of its options raises.
---@return lunacoap.SimulationResult
function Simulation:run()
  local kept = self.options.ladders and lunacoap.capture.keep(KEPT)
  self.before, self.counts.began = results.snapshot(), lunacoap.now()
  local about = { title = self.options.title or "", command = self.options.command,
    seed = self.seed, count = self.count, began = os.time() }
  for _, fleet in ipairs(self.fleets) do
    fleet:start()
  end
  local ok, result = xpcall(outcome, lunacoap.traceback, self, about)
  for _, fleet in ipairs(self.fleets) do
    fleet:stop()
  end
  if kept then
    lunacoap.capture.keep(kept)
  end
  return ok and result or error(result, 0)
end

return M
