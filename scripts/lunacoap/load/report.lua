-- The result of a load test: as a text for people, as a table for JSON, as lines of CSV.

local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"

local M = {}

local PERCENTILES = { 50, 90, 95, 99, 99.9 }
local CLASSES = { "2.xx", "4.xx", "5.xx" }

-- A generator that is late by a millisecond, and by a part of the latency that cannot be
-- overlooked, is what the latencies tell of; so is one that has no time left.
local LATE, LATE_PART, BUSY = 0.001, 0.25, 0.95

local time, number = quantity.time, quantity.number

-- ---- What there is to say -----------------------------------------------------------------------

local function is_open(result)
  return result.options.model == "open"
end

local function describe_core(result)
  local text = ("had %.0f %% of a core"):format(100 * result.cpu)
  return result.starved < 0.005 and text
    or ("%s, and waited for one %.0f %% of the time"):format(text, 100 * result.starved)
end

---What makes the figures doubtful, each a sentence.
---@param result lunacoap.LoadResult
---@return string[]
function M.warnings(result)
  local list, lag, p99 = {}, result.lag:percentile(99), result.latency:percentile(99)
  if (result.unsent or 0) > 0 then
    list[#list + 1] = ("this generator could not keep up with the rate: %d requests that were due "
      .. "were not sent. The figures are the generator's, not the server's."):format(result.unsent)
  elseif is_open(result) and p99 and lag > LATE and lag > LATE_PART * p99 then
    list[#list + 1] = ("this generator sent 1 %% of the requests %s late or more. The latencies "
      .. "count that, and are in part the generator's."):format(time(lag))
  elseif not is_open(result) and result.cpu + result.starved > BUSY then
    list[#list + 1] = ("this generator had no time left: it %s. The figures are the generator's as "
      .. "much as the server's."):format(describe_core(result))
  end
  return list
end

local function latency_rows(histogram)
  local rows = { { "min", histogram:min() }, { "mean", histogram:mean() } }
  for _, percent in ipairs(PERCENTILES) do
    rows[#rows + 1] = { ("p%g"):format(percent), histogram:percentile(percent) }
  end
  rows[#rows + 1] = { "max", histogram:max() }
  return rows
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

-- ---- For people ---------------------------------------------------------------------------------

-- The cells of a count: it, and its share.
local function share(count, all)
  return ("%d"):format(count), all > 0 and number(100 * count / all) .. " %" or ""
end

local function level(stage, unit)
  local levels = stage.from == stage.to and number(stage.from)
    or number(stage.from) .. " to " .. number(stage.to)
  return stage.seconds < math.huge and ("%s for %s s"):format(levels .. unit, number(stage.seconds))
    or levels .. unit
end

local function describe_load(options)
  local unit = options.model == "open" and " requests/s" or " clients"
  local stages = {}
  for i, stage in ipairs(options.plan) do
    stages[i] = level(stage, unit)
  end
  local text = options.model .. " model, " .. table.concat(stages, ", ")
  if options.model == "open" then
    text = ("%s, %s, over %d clients"):format(text,
      options.arrival == "even" and "evenly" or "at random times", options.clients)
  elseif options.window > 1 then
    text = ("%s with %d requests outstanding each"):format(text, options.window)
  end
  return options.warm_up > 0 and ("%s, after %s s of warm-up"):format(text, number(options.warm_up))
    or text
end

local function add_outcomes(rows, result)
  local all = result.answered + result.failed
  for _, class in ipairs(CLASSES) do
    local codes = {}
    for _, code in ipairs(sorted_keys(result.codes)) do
      if code:sub(1, 1) == class:sub(1, 1) then
        codes[#codes + 1] = ("%d x %s %s"):format(result.codes[code], code,
          lunacoap.CodeName[code] or "")
      end
    end
    local count, percent = share(result:responses(class), all)
    rows[#rows + 1] = { class, count, percent, table.concat(codes, ", ") }
  end
  for _, code in ipairs(sorted_keys(result.failures)) do
    local failure = result.failures[code]
    local count, percent = share(failure.count, all)
    rows[#rows + 1] = { "failed", count, percent, ("%d: %s"):format(code, failure.text) }
  end
  if result.unanswered > 0 then
    rows[#rows + 1] = { "open", ("%d"):format(result.unanswered), "", "not answered when it ended" }
  end
end

-- Columns that are as wide as they must be. `sides` has a letter for each: l or r.
local function aligned(rows, sides, indent)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i = 1, #sides do
      widths[i] = math.max(widths[i] or 0, #(row[i] or ""))
    end
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for k = 1, #sides do
      local cell = row[k] or ""
      local space = (" "):rep(widths[k] - #cell)
      cells[k] = sides:sub(k, k) == "r" and space .. cell or cell .. space
    end
    lines[i] = (indent .. table.concat(cells, "  ")):gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

local function describe_rate(result)
  local text = ("%s answers/s"):format(number(result.rate))
  return result.asked and ("%s of %s asked"):format(text, number(result.asked)) or text
end

local function describe_messages(counters)
  local function count(name)
    return counters[name] or 0
  end
  return ("%d sent, %d retransmissions, %d received, %d duplicates, %d dropped"):format(
    count("sent"), count("retransmissions"), count("received"), count("duplicates"),
    count("dropped"))
end

local function figures(result)
  local rows, lag = {
    { "rate", describe_rate(result) },
    { "messages", describe_messages(result.statistics) },
    { "generator", describe_core(result) },
  }, result.lag
  if is_open(result) and lag:count() > 0 then
    rows[4] = { "late by", ("%s (p50), %s (p99), %s (max)"):format(time(lag:percentile(50)),
      time(lag:percentile(99)), time(lag:max())) }
  end
  return aligned(rows, "ll", "")
end

local function latency_text(result)
  if result.answered == 0 then
    return "no answers\n"
  end
  local rows = {}
  for i, row in ipairs(latency_rows(result.latency)) do
    rows[i] = { row[1], time(row[2]) }
  end
  local kind = is_open(result)
    and "latency, from when a request was due to its answer:"
    or "service time, from sending to the answer; it tells nothing of what a stall holds back:"
  return kind .. "\n" .. aligned(rows, "lr", "  ")
end

local function thresholds_text(judged)
  local rows = {}
  for i, row in ipairs(judged) do
    rows[i] = { row.passed and "pass" or "FAIL", row.text, row.shown }
  end
  return "thresholds:\n" .. aligned(rows, "llr", "  ")
end

---The whole report.
---@param result lunacoap.LoadResult
---@param judged table[] Thresholds with their outcome; see M.judge.
---@return string
function M.text(result, judged)
  local options = result.options
  local method = lunacoap.MethodName[options.method] or ("method %d"):format(options.method)
  local outcomes = { { "sent", ("%d"):format(result.sent) } }
  add_outcomes(outcomes, result)
  local parts = {
    ("%s %s\n%s\n"):format(method, options.uri, describe_load(options)),
    ("requests, in %s s:\n%s"):format(number(result.seconds), aligned(outcomes, "lrrl", "  ")),
    latency_text(result),
    figures(result),
  }
  if #judged > 0 then
    parts[#parts + 1] = thresholds_text(judged)
  end
  for _, warning in ipairs(M.warnings(result)) do
    parts[#parts + 1] = "WARNING: " .. warning .. "\n"
  end
  return table.concat(parts, "\n")
end

---Each threshold with what was measured: { text =, passed =, measured =, shown = }; and whether all
---were reached.
---@param thresholds lunacoap.load.Threshold[]
---@param result lunacoap.LoadResult
---@return table[] judged
---@return boolean all
function M.judge(thresholds, result)
  local judged, all = {}, true
  for i, threshold in ipairs(thresholds) do
    local passed, measured, shown = threshold:judge(result)
    judged[i] = { text = threshold.text, passed = passed, measured = measured, shown = shown }
    all = all and passed
  end
  return judged, all
end

-- ---- For programs -------------------------------------------------------------------------------

local function named(rows)
  local fields = {}
  for _, row in ipairs(rows) do
    fields[row[1]] = row[2]
  end
  return fields
end

local function list_or_nothing(list)
  return #list > 0 and list or nil
end

---A table of plain values. Times are in seconds; what there is nothing of is left out.
---@param result lunacoap.LoadResult
---@param judged table[]
---@return table
function M.plain(result, judged)
  local options, classes, failures, thresholds = result.options, {}, {}, {}
  for _, class in ipairs(CLASSES) do
    classes[class] = result:responses(class)
  end
  for code, failure in pairs(result.failures) do
    failures[tostring(code)] = failure
  end
  for i, row in ipairs(judged) do
    thresholds[i] = { threshold = row.text, passed = row.passed, measured = row.measured }
  end
  local stages = {}
  for i, stage in ipairs(options.plan) do
    local seconds = stage.seconds < math.huge and stage.seconds or nil
    stages[i] = { seconds = seconds, from = stage.from, to = stage.to }
  end
  return {
    uri = options.uri, method = options.method, model = options.model, clients = options.clients,
    window = not is_open(result) and options.window or nil,
    arrival = is_open(result) and options.arrival or nil,
    stages = stages, warm_up = options.warm_up, timeout = options.timeout,
    seconds = result.seconds, interrupted = result.interrupted,
    sent = result.sent, answered = result.answered, failed = result.failed,
    unanswered = result.unanswered, unsent = result.unsent,
    classes = classes, codes = result.codes, failures = failures,
    rate = result.rate, asked = result.asked, latency = named(latency_rows(result.latency)),
    lag = is_open(result) and named(latency_rows(result.lag)) or nil,
    cpu = result.cpu, starved = result.starved, messages = result.statistics,
    thresholds = list_or_nothing(thresholds), warnings = list_or_nothing(M.warnings(result)),
  }
end

---Lines of CSV: the buckets of the latencies, in seconds.
---@param histogram lunacoap.Histogram
---@return string
function M.csv(histogram)
  local lines, seen = { "from,to,count,percent" }, 0
  for low, high, count in histogram:buckets() do
    seen = seen + count
    lines[#lines + 1] = ("%.6f,%.6f,%d,%.4f"):format(low, high, count,
      100 * seen / histogram:count())
  end
  return table.concat(lines, "\n") .. "\n"
end

return M
