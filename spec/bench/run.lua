-- The bench: measures the CPU time per request of a Lua-scripted server beside that of a bare echo
-- and of a C server on libcoap, and the memory of idle components. Each round runs all servers one
-- after the other, and ratios are formed inside a round: a machine's speed drifts between rounds.
--   lua5.4 spec/bench/run.lua BUILD [ROUNDS] [PART OF A SCENARIO'S NAME]
local build = arg[1] or "build"
local rounds = tonumber(arg[2]) or 7
local only = arg[3] or ""

-- A loaded server must be the bottleneck, or its cost per request includes going to sleep.
local BUSY = 0.97
local LOST = 0.001

local commands = {
  echo = build .. "/bench/echo",
  libcoap = build .. "/bench/libcoap_server",
  lunacoap = build .. "/lunacoap spec/bench/server.lua",
}

-- targets: how many times the other server's requests per CPU second lunacoap has to reach.
local scenarios = {
  {
    name = "GET of 5 bytes, 1024 requests outstanding",
    load = "get sockets=32 window=32 seconds=0.7", unit = "request", busy = true,
    servers = { "echo", "libcoap", "lunacoap" }, targets = { echo = 0.70, libcoap = 3 },
  },
  {
    name = "GET of 5 bytes, one request outstanding",
    load = "get sockets=1 window=1 seconds=0.7", unit = "request",
    servers = { "echo", "libcoap", "lunacoap" }, targets = { echo = 0.65, libcoap = 1.3 },
  },
  {
    name = "PUT of 1 KiB, 1024 requests outstanding",
    load = "put sockets=32 window=32 seconds=0.7", unit = "request", busy = true,
    servers = { "echo", "libcoap", "lunacoap" }, targets = { echo = 0.65, libcoap = 2.8 },
  },
  {
    name = "block-wise GET of 1 MiB, 16 clients", load = "bget sockets=16 seconds=0.7",
    unit = "block", servers = { "libcoap", "lunacoap" }, targets = { libcoap = 1.6 },
  },
  {
    name = "block-wise PUT of 1 MiB, 16 clients", load = "bput sockets=16 seconds=0.7",
    unit = "block", servers = { "libcoap", "lunacoap" }, targets = { libcoap = 1.6 },
  },
  {
    name = "fan-out to 10 000 observers, non-confirmable",
    load = "observe observers=10000 rounds=5", unit = "notification",
    servers = { "echo", "libcoap", "lunacoap" }, targets = { libcoap = 1.6 },
  },
}

-- Lines to repeat at the end.
local missed, failed = {}, {}

local function fail(text)
  print("  " .. text)
  failed[#failed + 1] = text
end

local function verdict(subject, text, reached)
  print(("  %s: %s"):format(text, reached and "reached" or "MISSED"))
  if not reached then
    missed[#missed + 1] = subject .. ": " .. text
  end
end

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

local function median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local low, high = sorted[(#sorted + 1) // 2], sorted[#sorted // 2 + 1]
  return (low + high) / 2, sorted[1], sorted[#sorted]
end

local function with_range(format, values)
  local middle, low, high = median(values)
  return (format .. " (" .. format .. "–" .. format .. ")"):format(middle, low, high)
end

local function run(command)
  local pipe <close> = assert(io.popen(command))
  local line, result = pipe:read("l") or "", {}
  for name, value in line:gmatch("(%w+)=(-?[%d.]+)") do
    result[name] = tonumber(value)
  end
  return next(result) and result
end

-- One run of one server; `fault` says why it cannot be used.
local function measure(scenario, server)
  local result = run(("%s/bench/generator %s -- %s"):format(build, scenario.load, commands[server]))
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
  local servers, results = {}, {}
  for _, name in ipairs(scenario.servers) do
    if exists(commands[name]:match("^%S+")) then
      servers[#servers + 1], results[name] = name, {}
    end
  end
  for round = 1, rounds do
    for i = 1, #servers do
      local name = servers[(round + i) % #servers + 1]
      local last = results[name][round - 1]
      -- What failed once fails again, and each time may take seconds.
      results[name][round] = last and last.failed and last or measure(scenario, name)
    end
  end
  return servers, results
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
    return fail(("%s: no valid round of %s: %s"):format(scenario.name, name, fault))
  end
  local share = median((pick(list, "share")))
  print(("  %-9s %s us per %s, %.0f %% of a core%s"):format(name, with_range("%.2f", costs),
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
    fail(("%s: %s and %s have no valid round in common"):format(scenario.name, name, other))
  elseif target then
    verdict(scenario.name, ("%s, target %.2f"):format(what:format(with_range("%.2f", values)),
      target), median(values) >= target)
  else
    print("  " .. what:format(with_range("%.2f", values)))
  end
end

local function report(scenario)
  print("\n" .. scenario.name)
  local servers, results = measure_rounds(scenario)
  for _, name in ipairs(servers) do
    print_server(scenario, name, results[name])
  end
  for _, other in ipairs { "libcoap", "echo" } do
    if results.lunacoap and results[other] then
      compare(scenario, results, "lunacoap", other, scenario.targets[other])
    end
  end
  if results.echo and results.libcoap then
    compare(scenario, results, "echo", "libcoap")
  end
end

local function report_memory(count, state, target)
  local user, total = {}, {}
  for _ = 1, 3 do
    -- The hard limit of open files is often far above the soft one.
    local result = run(("ulimit -n $(ulimit -Hn); exec %s/lunacoap spec/bench/memory.lua %d %s")
      :format(build, count, state))
    if not result then
      break
    end
    user[#user + 1] = result.user
    total[#total + 1] = result.user + (state == "open" and result.kernel or 0)
  end
  if #total == 0 then
    return fail(("memory of %d %s: the run failed"):format(count, state))
  end
  local text = ("%5d %-6s %s bytes each"):format(count, state, with_range("%.0f", total))
  if state == "open" then
    text = text .. (", of these in user space %.0f"):format((median(user)))
  end
  verdict("memory", ("%s, target %d"):format(text, target), median(total) <= target)
end

local started = os.time()
print(("lunacoap bench, loopback: generator on cpu 0, server on cpu 1, %d rounds;"):format(rounds))
print("medians with their range; only ratios mean anything on another machine")
if not exists(build .. "/lunacoap") then
  print(build .. "/lunacoap is missing: only the others are measured")
end
for _, scenario in ipairs(scenarios) do
  if scenario.name:find(only, 1, true) then
    report(scenario)
  end
end
if exists(build .. "/lunacoap") and ("memory"):find(only, 1, true) then
  print("\nmemory of an idle component, without and with its open socket (kernel included)")
  for _, count in ipairs { 1000, 10000 } do
    report_memory(count, "closed", 1024)
    report_memory(count, "open", 6 * 1024)
  end
end
print(("\n%d s; %d targets missed, %d measurements failed"):format(os.time() - started, #missed,
  #failed))
for _, text in ipairs(missed) do
  print("  missed: " .. text)
end
for _, text in ipairs(failed) do
  print("  failed: " .. text)
end
os.exit(#failed == 0)
