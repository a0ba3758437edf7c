-- Results of simulations that never ran: what the contract of lunacoap.fleet.result says, with
-- figures that follow from what a spec asks for.

local captured = require "spec.support.captured"
local ladder = require "lunacoap.ladder"
local random = require "lunacoap.fleet.random"
local tally = require "lunacoap.load.tally"

local M = {}

local CLIENT, SERVER = "127.0.0.1:40123", "127.0.0.1:5683"
local TIMED_OUT = "Message transmission timed out"

local function percentile(list, percent)
  table.sort(list)
  return list[math.max(1, math.ceil(percent / 100 * #list))]
end

-- The devices by phase at a time: a linear ramp, then what the outage does.
local function phases_at(wanted, at, out)
  local count = wanted.count
  local begun = wanted.ramp > 0 and math.min(count, math.ceil(count * at / wanted.ramp)) or count
  local failed = wanted.all_fail and begun or begun // 50
  local rest = begun - failed
  local asleep, offline = rest // 5, out and rest // 4 or 0
  local phases = { failed = failed, asleep = asleep, offline = offline,
    up = rest - asleep - offline, waiting = count - begun }
  for name, number in pairs(phases) do
    phases[name] = number > 0 and number or nil
  end
  return phases, begun
end

-- What the requests of one interval come to, which is added to the result.
local function add_requests(result, point, wanted, n, out)
  local key, latencies = random.key(wanted.seed, "requests", #result.series), {}
  for i = 1, n do
    local chance = random.number(key, 2 * i)
    point.sent = point.sent + 1
    if wanted.all_fail or (out and chance < 0.7) then
      result:fail(704, TIMED_OUT)
      point.failed = point.failed + 1
    else
      local seconds = 0.002 + random.exponential(key, 2 * i + 1, out and 0.4 or 0.006)
      local code = chance > 0.99 and "5.03" or chance > 0.98 and "4.04" or "2.04"
      result:answer(code, seconds)
      latencies[#latencies + 1] = seconds
      point.errors = point.errors + (code ~= "2.04" and 1 or 0)
    end
  end
  point.answered = #latencies
  point.p50, point.p95, point.p99 = percentile(latencies, 50), percentile(latencies, 95),
    percentile(latencies, 99)
  result.sent = result.sent + point.sent
end

local function add_series(result, wanted)
  local length = wanted.seconds / wanted.points
  for i = 0, wanted.points - 1 do
    local at = i * length
    local out = wanted.outage and at >= wanted.outage[1] and at < wanted.outage[2]
    local phases, begun = phases_at(wanted, at + length, out)
    local point = { at = at, seconds = length, sent = 0, answered = 0, failed = 0, errors = 0,
      served = math.floor(begun * length * 0.1 + 0.5), phases = phases }
    local jitter = 0.9 + 0.2 * random.number(random.key(wanted.seed, "rate"), i)
    add_requests(result, point, wanted,
      math.floor(begun * wanted.rate * length * jitter + 0.5), out)
    result.served = result.served + point.served
    result.series[#result.series + 1] = point
  end
end

---A ladder of a request that was not answered.
---@return string
function M.ladder()
  local capture = captured.new()
  local request = { "CON", "0.02", id = 6719, token = "\x7f\x01",
    options = { { 11, "report" }, { 12, "\60" } }, payload = '{"t":21.5}' }
  for _, wait in ipairs { 0, 2.3, 4.6, 9.2, 18.4 } do
    capture:sent(wait, CLIENT, SERVER, request)
  end
  return ladder.draw(capture.list, { names = { [CLIENT] = "thermostat-7", [SERVER] = "server" } })
end

local function add_failures(result, wanted)
  for i = 1, math.min(100, result.phases.failed or 0) do
    result.failed_devices[i] = { name = ("thermostat-%d"):format(i * 50),
      text = "simulate_thermostats.lua:23: 704: " .. TIMED_OUT .. ": coap://127.0.0.1/rd" }
  end
  for i = 1, wanted.ladders do
    result.ladders[i] = { device = ("thermostat-%d"):format(i), at = wanted.seconds * i / 11,
      what = "POST coap://127.0.0.1/report: 704: " .. TIMED_OUT, text = M.ladder() }
  end
end

local DEFAULTS = { count = 100, seconds = 60, points = 60, ramp = 10, rate = 0.5, seed = 42, ladders = 0 }

---A result.
---@param wanted? { count?: integer, seconds?: number, points?: integer, ramp?: number, rate?: number,
---seed?: integer, ladders?: integer, outage?: number[], all_fail?: boolean } With rate, the requests
---per second of a device; outage, from when to when most requests fail.
---@return lunacoap.SimulationResult
function M.result(wanted)
  wanted = setmetatable(wanted or {}, { __index = DEFAULTS })
  local result = tally.new()
  local more = {
    title = "simulate_thermostats.lua", seed = wanted.seed, count = wanted.count,
    seconds = wanted.seconds, began = 1764088330, interrupted = false, started_in = wanted.ramp,
    command = ("lunacoap simulate simulate_thermostats.lua --count %d --ramp %ds --for %ds --seed %d"):format(
      wanted.count, wanted.ramp, wanted.seconds, wanted.seed),
    served = 0, notifications = 12, notified = 3 * wanted.count, series = {}, failed_devices = {},
    troubles = {}, ladders = {}, cpu = 0.35, starved = 0.01,
    memory = { resident = 40e6 + 12000 * wanted.count, lua = 4e6 + 1500 * wanted.count, lua_per_device = 1500 },
  }
  for name, value in pairs(more) do
    result[name] = value
  end
  add_series(result, wanted)
  local last = result.series[#result.series]
  result.phases = last and last.phases or { waiting = wanted.count }
  result.rate = wanted.seconds > 0 and result.answered / wanted.seconds or 0
  result.served_codes = result.served > 0 and { ["2.05"] = result.served } or {}
  result.statistics = { sent = 2 * result.sent + 4 * result.failed, received = 2 * result.answered, retransmissions = 4 * result.failed,
    duplicates = 3, malformed = 0, dropped = 0 }
  add_failures(result, wanted)
  return result
end

---A result whose texts are all one: what others may put into them.
---@param text string
---@return lunacoap.SimulationResult
function M.hostile(text)
  local result = M.result { ladders = 1 }
  result.title, result.command = text, text
  result.failed_devices = { { name = text, text = text } }
  result.troubles = { { text = text, count = 3, first = text } }
  result.ladders = { { device = text, at = 1, what = text, text = text } }
  result.codes[text], result.phases[text], result.served_codes[text] = 1, 1, 1
  result.failures[704] = { count = 1, text = text }
  result.series[1].phases[text] = 1
  return result
end

return M
