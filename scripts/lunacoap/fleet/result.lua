-- What a simulation has come to, for its reports.

local lunacoap = require "lunacoap"
local machine = require "lunacoap.machine"

---@class lunacoap.SimulationResult: lunacoap.load.Tally
---@field title string
---@field command? string How to run it again.
---@field seed integer
---@field count integer How many devices there were.
---@field began integer As os.time().
---@field seconds number How long it ran.
---@field interrupted boolean
---@field rate number Answers per second.
---@field started_in number Seconds until the last device was started.
---@field phases table<string, integer> How many devices were in each phase at the end.
---@field served integer Requests that devices have answered.
---@field served_codes table<string, integer>
---@field notifications integer Notifications that devices have received.
---@field notified integer Changes that devices had observers of.
---@field series table[] What was counted in each span of time.
---@field failed_devices { name: string, text: string }[]
---@field troubles { text: string, count: integer, first: string }[] Mistakes of scripts.
---@field ladders { device: string, at: number, what: string, text: string }[]
---@field statistics table<string, integer> Datagrams of the whole program.
---@field cpu number The part of a core that it has had.
---@field starved number The part of the time that it was ready and had to wait for a core.
---@field memory { resident: integer, lua: integer, lua_per_device: number }

local M = {}

---How things stand now, for a difference later.
---@return table
function M.snapshot()
  local had, waited = machine.cpu()
  return { time = lunacoap.now(), had = had, waited = waited, statistics = lunacoap.statistics() }
end

local function difference(after, before)
  local counters = {}
  for name, value in pairs(after) do
    counters[name] = name == "open" and value or value - (before[name] or 0)
  end
  return counters
end

---The result of what was counted since a snapshot; counts:finish() was called.
---@param counts lunacoap.fleet.Counts
---@param before table
---@param about table title, command, seed, count, began, interrupted, phases, memory
---@return lunacoap.SimulationResult
function M.of(counts, before, about)
  local now = M.snapshot()
  local seconds = math.max(now.time - before.time, 1e-6)
  local result = counts.total
  for name, value in pairs(about) do
    result[name] = value
  end
  result.seconds, result.rate = seconds, result.answered / seconds
  result.started_in = counts.started_in
  result.served, result.served_codes = counts.all_served, counts.served_codes
  result.notifications, result.notified = counts.notifications, counts.all_notified
  result.series, result.failed_devices = counts.series, counts.failed_devices
  result.troubles, result.ladders = counts.trouble_list, counts.ladders or {}
  result.statistics = difference(now.statistics, before.statistics)
  result.cpu = (now.had - before.had) / seconds
  result.starved = (now.waited - before.waited) / seconds
  return result
end

return M
