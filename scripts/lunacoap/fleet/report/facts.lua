-- What follows from the result of a simulation, for all forms of its report.

local phase_names = require "lunacoap.fleet.phases"
local printable = require "lunacoap.test.printable"
local quantity = require "lunacoap.load.quantity"
local summary = require "lunacoap.load.summary"
local terminal = require "lunacoap.command_line.terminal"

local M = {}

-- A process that has no time left is part of what the latencies tell of.
local BUSY = 0.95

local function add_phase(list, phases, name)
  if (phases[name] or 0) > 0 then
    list[#list + 1] = { name = name, count = phases[name] }
  end
end

---The phases that devices are in, in order.
---@param phases table<string, integer>
---@return { name: string, count: integer }[]
function M.phases(phases)
  local list, known = {}, {}
  for _, name in ipairs(phase_names.names) do
    known[name] = true
    add_phase(list, phases, name)
  end
  for _, name in ipairs(summary.sorted_keys(phases)) do
    if not known[name] then
      add_phase(list, phases, name)
    end
  end
  return list
end

---Those that any of the points has, in order.
---@param series table[]
---@return string[]
function M.phases_of(series)
  local all, names = {}, {}
  for _, point in ipairs(series) do
    for name, count in pairs(point.phases) do
      all[name] = math.max(all[name] or 0, count)
    end
  end
  for i, phase in ipairs(M.phases(all)) do
    names[i] = phase.name
  end
  return names
end

---Why devices have failed, the most frequent reason first, with those that it made fail.
---@param result lunacoap.SimulationResult
---@return { text: string, names: string[] }[]
function M.reasons(result)
  local list, by_text = {}, {}
  for _, device in ipairs(result.failed_devices) do
    local text = tostring(device.text)
    local reason = by_text[text]
    if not reason then
      reason = { text = text, names = {}, place = #list }
      by_text[text] = reason
      list[#list + 1] = reason
    end
    table.insert(reason.names, tostring(device.name))
  end
  table.sort(list, function(a, b)
    return #a.names > #b.names or #a.names == #b.names and a.place < b.place
  end)
  return list
end

---How many devices failed of which it is not told why.
---@param result lunacoap.SimulationResult
---@return integer
function M.untold(result)
  return math.max((result.phases.failed or 0) - #result.failed_devices, 0)
end

---How long the start took, and what of; nil when it is not known.
---@param result lunacoap.SimulationResult
---@return string? span
---@return string? text
function M.start_up(result)
  local waiting, span = result.phases.waiting or 0, result.started_in
  if not span then
    return nil
  elseif waiting > 0 then
    return M.span(span), ("for %d of %d"):format(result.count - waiting, result.count)
  end
  return M.span(span), "until the last one was started"
end

-- Of fewer devices the program's own memory would be the greater part.
local ENOUGH = 100

---Bytes of Lua for each device, or nil when they are too few to tell.
---@param result lunacoap.SimulationResult
---@return number?
function M.memory_per_device(result)
  return result.count >= ENOUGH and result.memory.lua_per_device or nil
end

---Answers that are not 2.xx.
---@param result lunacoap.SimulationResult
---@return integer
function M.errors(result)
  return result.answered - result:responses("2.xx")
end

---Requests that had no outcome at the end.
---@param result lunacoap.SimulationResult
---@return integer
function M.unanswered(result)
  return math.max(result.sent - result.answered - result.failed, 0)
end

---What makes the figures doubtful, each a sentence.
---@param result lunacoap.SimulationResult
---@return string[]
function M.warnings(result)
  if result.cpu + result.starved <= BUSY then
    return {}
  end
  return { ("this process had no time left: it %s. The latencies are its own as much as the "
    .. "server's."):format(summary.core(result)) }
end

local UNITS = { "KiB", "MiB", "GiB" }

---Bytes in three digits: "1.42 KiB".
---@param number number?
---@return string
function M.bytes(number)
  if not number or number < 1024 then
    return number and ("%.0f bytes"):format(number) or "-"
  end
  local i, value = 1, number / 1024
  while value >= 1023.95 and UNITS[i + 1] do
    i, value = i + 1, value / 1024
  end
  local decimals = value >= 99.95 and 0 or value >= 9.995 and 1 or 2
  return ("%." .. decimals .. "f %s"):format(value, UNITS[i])
end

---A span of time as people say it: "12.5 s", "5 min", "1 h 20 min".
---@param seconds number
---@return string
function M.span(seconds)
  if seconds < 119.95 then
    return quantity.number(seconds) .. " s"
  end
  local whole = math.floor(seconds + 0.5)
  local large, small = whole // 60, whole % 60
  local units = { "min", "s" }
  if whole >= 7200 then
    large, small, units = whole // 3600, whole % 3600 // 60, { "h", "min" }
  end
  return small == 0 and ("%d %s"):format(large, units[1])
    or ("%d %s %d %s"):format(large, units[1], small, units[2])
end

---Text of others without what acts on a terminal and without bytes that are no UTF-8.
---@param text any
---@return string
function M.safe(text)
  return printable.text(terminal.safe(tostring(text)))
end

---The same of its first line alone.
---@param text any
---@return string
function M.first_line(text)
  return (M.safe(text):match("^%s*([^\n]*)"):gsub("\t", " "))
end

return M
