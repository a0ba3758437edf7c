-- The result of a load test: as a text for people, as a table for JSON, as lines of CSV.

local columns = require "lunacoap.load.columns"
local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"
local summary = require "lunacoap.load.summary"

local M = {}

-- A generator that is late by a millisecond, and by a part of the latency that cannot be
-- overlooked, is what the latencies tell of; so is one that has no time left.
local LATE, LATE_PART, BUSY = 0.001, 0.25, 0.95

local time, number = quantity.time, quantity.number

-- ---- What there is to say -----------------------------------------------------------------------

local function is_open(result)
  return result.options.model == "open"
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
      .. "much as the server's."):format(summary.core(result))
  end
  return list
end

-- ---- For people ---------------------------------------------------------------------------------

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

local function describe_rate(result)
  local text = ("%s answers/s"):format(number(result.rate))
  return result.asked and ("%s of %s asked"):format(text, number(result.asked)) or text
end

local function figures(result)
  local rows, lag = {
    { "rate", describe_rate(result) },
    { "messages", summary.messages(result.statistics) },
    { "generator", summary.core(result) },
  }, result.lag
  if is_open(result) and lag:count() > 0 then
    rows[4] = { "late by", ("%s (p50), %s (p99), %s (max)"):format(time(lag:percentile(50)),
      time(lag:percentile(99)), time(lag:max())) }
  end
  return columns.aligned(rows, "ll", "")
end

local function latency_text(result)
  if result.answered == 0 then
    return "no answers\n"
  end
  local kind = is_open(result)
    and "latency, from when a request was due to its answer:"
    or "service time, from sending to the answer; it tells nothing of what a stall holds back:"
  return kind .. "\n" .. summary.latency_lines(result.latency)
end

---The whole report.
---@param result lunacoap.LoadResult
---@param judged table[] Thresholds with their outcome; see M.judge.
---@return string
function M.text(result, judged)
  local options = result.options
  local method = lunacoap.MethodName[options.method] or ("method %d"):format(options.method)
  local outcomes = summary.outcomes(result, result.unanswered)
  local parts = {
    ("%s %s\n%s\n"):format(method, options.uri, describe_load(options)),
    ("requests, in %s s:\n%s"):format(number(result.seconds),
      columns.aligned(outcomes, "lrrl", "  ")),
    latency_text(result),
    figures(result),
  }
  if #judged > 0 then
    parts[#parts + 1] = summary.thresholds(judged)
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

---A table of plain values. Times are in seconds; what there is nothing of is left out.
---@param result lunacoap.LoadResult
---@param judged table[]
---@return table
function M.plain(result, judged)
  local options, stages, plain = result.options, {}, summary.plain(result, judged)
  for i, stage in ipairs(options.plan) do
    local seconds = stage.seconds < math.huge and stage.seconds or nil
    stages[i] = { seconds = seconds, from = stage.from, to = stage.to }
  end
  plain.uri, plain.method, plain.model = options.uri, options.method, options.model
  plain.clients, plain.window = options.clients, not is_open(result) and options.window or nil
  plain.arrival = is_open(result) and options.arrival or nil
  plain.stages, plain.warm_up, plain.timeout = stages, options.warm_up, options.timeout
  plain.unanswered, plain.unsent, plain.asked = result.unanswered, result.unsent, result.asked
  plain.lag = is_open(result) and summary.named(result.lag) or nil
  plain.warnings = summary.list_or_nothing(M.warnings(result))
  return plain
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
