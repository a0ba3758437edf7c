-- Measuring and telling, for run.lua and dtls.lua.
local M = {}

-- A loaded server must be the bottleneck, or its cost per request includes going to sleep.
local BUSY = 0.97
local LOST = 0.001

-- Lines to repeat at the end.
local missed, failed = {}, {}
local started = os.time()

-- How often everything is measured, and a part of the names to measure.
function M.start(rounds, only)
  M.rounds, M.only = rounds, only
end

function M.wants(name)
  return name:find(M.only, 1, true) ~= nil
end

function M.fail(text)
  print("  " .. text)
  failed[#failed + 1] = text
end

-- `subject` is what the line is told with once more at the end.
function M.verdict(subject, text, reached)
  print(("  %s: %s"):format(text, reached and "reached" or "MISSED"))
  if not reached then
    missed[#missed + 1] = subject .. ": " .. text
  end
end

function M.median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local low, high = sorted[(#sorted + 1) // 2], sorted[#sorted // 2 + 1]
  return (low + high) / 2, sorted[1], sorted[#sorted]
end

function M.with_range(format, values)
  local middle, low, high = M.median(values)
  return (format .. " (" .. format .. "–" .. format .. ")"):format(middle, low, high)
end

function M.run(command)
  local pipe <close> = assert(io.popen(command))
  local line, result = pipe:read("l") or "", {}
  for name, value in line:gmatch("(%w+)=(-?[%d.]+)") do
    result[name] = tonumber(value)
  end
  return next(result) and result
end

-- One run of one server; `fault` says why it cannot be used.
local function measure(scenario, server)
  local result = M.run(scenario.commands[server])
  if not result or result.answers == 0 then
    return { fault = "the run failed", failed = true }
  end
  result.cost = result.cpu / result.answers
  result.share = result.cpu / result.wall
  if result.bad > 0 then
    result.fault = ("%d wrong answers"):format(result.bad)
  elseif result.lost > LOST * result.answers then
    result.fault = ("%d of %d lost"):format(result.lost, result.answers)
  elseif scenario.busy and result.share < BUSY then
    result.fault = ("the server had only %.0f %% of its core"):format(result.share * 100)
  end
  return result
end

-- All servers once a round, each round beginning with another one.
local function measure_rounds(scenario)
  local servers, results = scenario.servers, {}
  for _, name in ipairs(servers) do
    results[name] = {}
  end
  for round = 1, M.rounds do
    for i = 1, #servers do
      local name = servers[(round + i) % #servers + 1]
      local last = results[name][round - 1]
      -- What failed once fails again, and each time may take seconds.
      results[name][round] = last and last.failed and last or measure(scenario, name)
    end
  end
  return results
end

local function pick(list, field)
  local values, fault = {}, nil
  for _, result in ipairs(list) do
    if result.fault then
      fault = result.fault
    else
      values[#values + 1] = result[field]
    end
  end
  return values, fault
end

local function print_server(scenario, name, list)
  local costs, fault = pick(list, "cost")
  local invalid = #list - #costs
  local note = fault and ("; %d of %d rounds invalid: %s"):format(invalid, #list, fault) or ""
  if #costs == 0 then
    return M.fail(("%s: no valid round of %s: %s"):format(scenario.name, name, fault))
  end
  local share = M.median((pick(list, "share")))
  print(("  %-15s %s us per %s, %.0f %% of a core%s"):format(name, M.with_range("%.2f", costs),
    scenario.unit, share * 100, note))
end

-- Requests per CPU second of `name` in multiples of `other`'s, from rounds where both are valid.
local function ratios(results, name, other)
  local values = {}
  for round, result in ipairs(results[name]) do
    local against = results[other][round]
    if not result.fault and not against.fault then
      values[#values + 1] = against.cost / result.cost
    end
  end
  return values
end

local function compare(scenario, results, name, other, target)
  local values = ratios(results, name, other)
  local what = name .. " does %s x the " .. scenario.unit .. "s per CPU second of " .. other
  if #values == 0 then
    M.fail(("%s: %s and %s have no valid round in common"):format(scenario.name, name, other))
  elseif target then
    M.verdict(scenario.name, ("%s, target %.2f"):format(what:format(M.with_range("%.2f", values)),
      target), M.median(values) >= target)
  else
    print("  " .. what:format(M.with_range("%.2f", values)))
  end
end

function M.scenario(scenario)
  if not M.wants(scenario.name) then
    return
  end
  print("\n" .. scenario.name)
  local servers, results = scenario.servers, measure_rounds(scenario)
  for _, name in ipairs(servers) do
    print_server(scenario, name, results[name])
  end
  for _, other in ipairs(servers) do
    if results.lunacoap and other ~= "lunacoap" then
      compare(scenario, results, "lunacoap", other, scenario.targets[other])
    end
  end
  if results.echo and results.libcoap then
    compare(scenario, results, "echo", "libcoap")
  end
end

-- What was missed, once more. Returns whether everything could be measured.
function M.finish()
  print(("\n%d s; %d targets missed, %d measurements failed"):format(os.time() - started, #missed,
    #failed))
  for _, text in ipairs(missed) do
    print("  missed: " .. text)
  end
  for _, text in ipairs(failed) do
    print("  failed: " .. text)
  end
  return #failed == 0
end

return M
