-- What the reports of a load test and of a simulation have in common: what became of the requests,
-- how long the answers took, what this program had, and the thresholds.

local columns = require "lunacoap.load.columns"
local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"

local M = {}

local PERCENTILES = { 50, 90, 95, 99, 99.9 }
local CLASSES = { "2.xx", "4.xx", "5.xx" }

local time, number = quantity.time, quantity.number

-- ---- Figures ------------------------------------------------------------------------------------

---Names and seconds, in ascending order; without seconds while nothing was recorded.
---@param histogram lunacoap.Histogram
---@return table[] rows Each { name, seconds }.
function M.latencies(histogram)
  local rows = { { "min", histogram:min() }, { "mean", histogram:mean() } }
  for _, percent in ipairs(PERCENTILES) do
    rows[#rows + 1] = { ("p%g"):format(percent), histogram:percentile(percent) }
  end
  rows[#rows + 1] = { "max", histogram:max() }
  return rows
end

---@param t table
---@return any[]
function M.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

---A count's part of all, "12.5 %"; "" of nothing.
---@param count number
---@param all number
---@return string
function M.share(count, all)
  return all > 0 and number(100 * count / all) .. " %" or ""
end

-- ---- For people ---------------------------------------------------------------------------------

---Codes with how many there are of each: "12 x 2.05 Content, 3 x 4.04 Not Found".
---@param codes table<string, integer>
---@param class? string Only those that begin with it.
---@return string
function M.codes(codes, class)
  local list = {}
  for _, code in ipairs(M.sorted_keys(codes)) do
    if code:sub(1, 1) == (class or code):sub(1, 1) then
      list[#list + 1] = ("%d x %s %s"):format(codes[code], code, lunacoap.CodeName[code] or "")
    end
  end
  return table.concat(list, ", ")
end

---What became of the requests, as rows of four columns.
---@param tally lunacoap.load.Tally
---@param unanswered integer Requests that had no outcome at the end.
---@return string[][]
function M.outcomes(tally, unanswered)
  local all, rows = tally.answered + tally.failed, { { "sent", ("%d"):format(tally.sent) } }
  local function add(name, count, text)
    rows[#rows + 1] = { name, ("%d"):format(count), M.share(count, all), text }
  end
  for _, class in ipairs(CLASSES) do
    add(class, tally:responses(class), M.codes(tally.codes, class))
  end
  for _, code in ipairs(M.sorted_keys(tally.failures)) do
    local failure = tally.failures[code]
    add("failed", failure.count, ("%d: %s"):format(code, failure.text))
  end
  if unanswered > 0 then
    rows[#rows + 1] = { "open", ("%d"):format(unanswered), "", "not answered when it ended" }
  end
  return rows
end

---The latencies below each other.
---@param histogram lunacoap.Histogram
---@return string
function M.latency_lines(histogram)
  local rows = {}
  for i, row in ipairs(M.latencies(histogram)) do
    rows[i] = { row[1], time(row[2]) }
  end
  return columns.aligned(rows, "lr", "  ")
end

---How much of a core this program had: "had 35 % of a core".
---@param result { cpu: number, starved: number }
---@return string
function M.core(result)
  local text = ("had %.0f %% of a core"):format(100 * result.cpu)
  return result.starved < 0.005 and text
    or ("%s, and waited for one %.0f %% of the time"):format(text, 100 * result.starved)
end

---The counters of datagrams.
---@param counters table<string, integer>
---@return string
function M.messages(counters)
  local function count(name)
    return counters[name] or 0
  end
  return ("%d sent, %d retransmissions, %d received, %d duplicates, %d dropped"):format(
    count("sent"), count("retransmissions"), count("received"), count("duplicates"),
    count("dropped"))
end

---The thresholds with what was measured.
---@param judged table[] See lunacoap.load.report.judge.
---@return string
function M.thresholds(judged)
  local rows = {}
  for i, row in ipairs(judged) do
    rows[i] = { row.passed and "pass" or "FAIL", row.text, row.shown }
  end
  return "thresholds:\n" .. columns.aligned(rows, "llr", "  ")
end

-- ---- For programs -------------------------------------------------------------------------------

---The latencies by name.
---@param histogram lunacoap.Histogram
---@return table<string, number>
function M.named(histogram)
  local fields = {}
  for _, row in ipairs(M.latencies(histogram)) do
    fields[row[1]] = row[2]
  end
  return fields
end

---@param list any[]
---@return any[]? list Nothing when it is empty.
function M.list_or_nothing(list)
  return #list > 0 and list or nil
end

---Plain values of what both results have. Times are in seconds.
---@param result lunacoap.load.Tally
---@param judged table[]
---@return table
function M.plain(result, judged)
  local classes, failures, thresholds = {}, {}, {}
  for _, class in ipairs(CLASSES) do
    classes[class] = result:responses(class)
  end
  for code, failure in pairs(result.failures) do
    failures[tostring(code)] = failure
  end
  for i, row in ipairs(judged) do
    thresholds[i] = { threshold = row.text, passed = row.passed, measured = row.measured }
  end
  return {
    seconds = result.seconds, interrupted = result.interrupted, sent = result.sent,
    answered = result.answered, failed = result.failed, classes = classes, codes = result.codes,
    failures = failures, rate = result.rate, latency = M.named(result.latency), cpu = result.cpu,
    starved = result.starved, messages = result.statistics,
    thresholds = M.list_or_nothing(thresholds),
  }
end

return M
