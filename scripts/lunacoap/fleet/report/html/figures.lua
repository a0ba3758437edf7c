-- The key figures, a tile each.

local facts = require "lunacoap.fleet.report.facts"
local h = require "lunacoap.fleet.report.html.element"
local numbers = require "lunacoap.fleet.report.html.numbers"
local summary = require "lunacoap.load.summary"

local M = {}

local count, rate = numbers.grouped, numbers.rate

local function tile(label, value, note, class)
  return h("div", { class = class and "tile " .. class or "tile" }, h("dt", nil, label),
    h("dd", { class = "value" }, value), note and note ~= "" and h("dd", { class = "more" }, note))
end

local function devices(result)
  local others = {}
  for _, phase in ipairs(facts.phases(result.phases)) do
    if phase.name ~= "up" then
      others[#others + 1] = ("%s %s"):format(count(phase.count), phase.name)
    end
  end
  return tile("Devices up", count(result.phases.up or 0), ("of %s%s"):format(count(result.count),
    #others > 0 and ": " .. table.concat(others, ", ") or ""),
    (result.phases.failed or 0) > 0 and "bad")
end

local function requests(result)
  local open = facts.unanswered(result)
  return tile("Requests sent", count(result.sent), ("%s answered%s"):format(count(result.answered),
    open > 0 and (", %s open at the end"):format(count(open)) or ""))
end

local function errors(result)
  local answers, all = facts.errors(result), result.answered + result.failed
  local sum = answers + result.failed
  local note = sum > 0 and ("%s: %s error answers, %s without answer"):format(
    summary.share(sum, all), count(answers), count(result.failed)) or "all answers were 2.xx"
  return tile("Errors", count(sum), all > 0 and note, sum > 0 and "bad")
end

local function latencies(result)
  local values, histogram = {}, result.latency
  for i, percent in ipairs { 50, 95, 99 } do
    values[i] = h("span", nil, h("span", { class = "more" }, ("p%d"):format(percent)), " ",
      numbers.time(histogram:percentile(percent)))
  end
  if histogram:count() == 0 then
    return tile("Latency", "–", "no answers", "wide")
  end
  return tile("Latency", values, ("from a request to its answer; at most %s"):format(
    numbers.time(histogram:max())), "wide")
end

local function retransmissions(result)
  local counters = result.statistics
  local sent, again = counters.sent or 0, counters.retransmissions or 0
  return tile("Retransmissions", count(again),
    sent > 0 and ("%s of %s datagrams"):format(summary.share(again, sent), count(sent)))
end

local function start_up(result)
  local span, text = facts.start_up(result)
  return span and tile("Start-up", span, text)
end

local function memory(result)
  local each, all = facts.memory_per_device(result), facts.bytes(result.memory.resident)
  return each and tile("Lua memory per device", facts.bytes(each),
    ("%s in the whole process"):format(all)) or tile("Memory", all, "of the whole process")
end

local function cpu(result)
  return tile("CPU", ("%.0f %%"):format(100 * result.cpu), result.starved < 0.005 and "of a core"
    or ("of a core; waited for one %.0f %% of the time"):format(100 * result.starved))
end

local function served(result)
  return result.served > 0 and tile("Served by devices", count(result.served),
    ("requests, %s/s"):format(rate(result.served / math.max(result.seconds, 1e-3))))
end

local function notifications(result)
  return result.notifications + result.notified > 0 and tile("Notifications",
    count(result.notified + result.notifications),
    ("%s sent, %s received"):format(count(result.notified), count(result.notifications)))
end

---All tiles.
---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup
function M.tiles(result)
  return h("dl", { class = "tiles" }, devices(result), requests(result),
    tile("Answers per second", rate(result.rate)), errors(result), latencies(result),
    retransmissions(result), served(result) or nil, notifications(result), start_up(result),
    memory(result), cpu(result))
end

return M
