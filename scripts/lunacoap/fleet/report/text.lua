-- The result of a simulation for people: what `lunacoap simulate` shows at the end, in 80 columns.

local columns = require "lunacoap.load.columns"
local facts = require "lunacoap.fleet.report.facts"
local quantity = require "lunacoap.load.quantity"
local summary = require "lunacoap.load.summary"

local M = {}

local WIDTH, MOST_ROWS, MOST_NAMES, WIDEST_NAME = 80, 10, 3, 24

local number = quantity.number

-- Rows whose last column goes on below where it is too long. What others have put into them acts on
-- no terminal.
local function lines(rows, sides, indent, width)
  local safe = {}
  for i, row in ipairs(rows) do
    safe[i] = {}
    for k = 1, #sides do
      safe[i][k] = facts.first_line(row[k] or "")
    end
  end
  return columns.aligned(safe, sides, indent, width or WIDTH)
end

local function paragraph(text, width)
  return lines({ { text } }, "l", "", width)
end

local function name_of(text)
  local name = facts.first_line(text)
  local cut = utf8.offset(name, WIDEST_NAME + 1)
  return cut and cut <= #name and name:sub(1, utf8.offset(name, WIDEST_NAME - 2) - 1) .. "..."
    or name
end

-- ---- The parts ----------------------------------------------------------------------------------

local function head(result)
  local devices = result.count == 1 and "1 device" or ("%d devices"):format(result.count)
  local text = ("%s: %s, seed %d, "):format(result.title, devices, result.seed)
  return paragraph(text .. (result.interrupted and "interrupted after " or "ran for ")
    .. facts.span(result.seconds))
end

local function outcomes(result)
  if result.sent == 0 then
    return "the devices have sent no requests\n"
  end
  return ("requests of the devices, in %s s:\n"):format(number(result.seconds))
    .. lines(summary.outcomes(result, facts.unanswered(result)), "lrrl", "  ")
end

local function latency(result)
  return result.answered == 0 and "no answers\n"
    or "latency, from a request to its answer:\n" .. summary.latency_lines(result.latency)
end

local function phases(result)
  local list = {}
  for i, phase in ipairs(facts.phases(result.phases)) do
    list[i] = ("%d %s"):format(phase.count, phase.name)
  end
  return #list > 0 and table.concat(list, ", ") or "none"
end

local function served(result)
  return ("%d requests by the devices%s"):format(result.served,
    result.served > 0 and ": " .. summary.codes(result.served_codes) or "")
end

local function memory(result)
  local each = facts.memory_per_device(result)
  return facts.bytes(result.memory.resident)
    .. (each and (", %s of Lua for each device"):format(facts.bytes(each)) or "")
end

local function figures(result)
  local rows = { { "devices", phases(result) } }
  local span, text = facts.start_up(result)
  rows[2] = span and { "start-up", span .. " " .. text }
  rows[#rows + 1] = { "rate", ("%s answers/s"):format(number(result.rate)) }
  rows[#rows + 1] = { "served", served(result) }
  if result.notifications + result.notified > 0 then
    rows[#rows + 1] = { "observe", ("%d notifications received, %d sent"):format(
      result.notifications, result.notified) }
  end
  rows[#rows + 1] = { "messages", summary.messages(result.statistics) }
  rows[#rows + 1] = { "process", summary.core(result) }
  rows[#rows + 1] = { "memory", memory(result) }
  return lines(rows, "ll", "")
end

local function failed_devices(result)
  local rows, reasons, others = {}, facts.reasons(result), facts.untold(result)
  for i, reason in ipairs(reasons) do
    local names = table.move(reason.names, 1, MOST_NAMES, 1, {})
    for k, name in ipairs(names) do
      names[k] = name_of(name)
    end
    names[#names + 1] = #reason.names > #names and "..." or nil
    if i <= MOST_ROWS then
      rows[i] = { ("%d x"):format(#reason.names), ("%s (%s)"):format(
        facts.first_line(reason.text), table.concat(names, ", ")) }
    else
      others = others + #reason.names
    end
  end
  if others > 0 then
    rows[#rows + 1] = { "", ("and %d more"):format(others) }
  end
  return #reasons > 0 and "devices that failed:\n" .. lines(rows, "rl", "  ") or nil
end

local function troubles(result)
  local rows = {}
  for i = 1, math.min(#result.troubles, MOST_ROWS) do
    local trouble = result.troubles[i]
    rows[i] = { ("%d x"):format(trouble.count), ("%s (first in %s)"):format(
      facts.first_line(trouble.text), name_of(trouble.first)) }
  end
  if #result.troubles > #rows then
    rows[#rows + 1] = { "", ("and %d other kinds"):format(#result.troubles - #rows) }
  end
  return #rows > 0 and "errors of devices:\n" .. lines(rows, "rl", "  ") or nil
end

-- The command on lines that a shell joins again; where quotes are, on one.
local function again(command)
  local text = facts.first_line(command)
  if not text:find("[\"'\\]") then
    text = paragraph("again: " .. text, WIDTH - 4):gsub("\n(.)", " \\\n  %1")
    return text
  end
  return "again: " .. text .. "\n"
end

---The whole summary.
---@param result lunacoap.SimulationResult
---@param judged table[] Thresholds with their outcome; see lunacoap.load.report.judge.
---@return string
function M.of(result, judged)
  local parts = { head(result), outcomes(result) }
  parts[#parts + 1] = result.sent > 0 and latency(result) or nil
  parts[#parts + 1] = figures(result)
  parts[#parts + 1] = failed_devices(result)
  parts[#parts + 1] = troubles(result)
  parts[#parts + 1] = #judged > 0 and summary.thresholds(judged) or nil
  for _, warning in ipairs(facts.warnings(result)) do
    parts[#parts + 1] = paragraph("WARNING: " .. warning)
  end
  parts[#parts + 1] = result.command and again(result.command) or nil
  return table.concat(parts, "\n")
end

return M
