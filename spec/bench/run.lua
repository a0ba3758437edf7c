-- The bench: measures the CPU time per request of a Lua-scripted server beside that of a bare echo
-- and of a C server on libcoap, and the memory of idle components; and the same over DTLS (dtls.lua).
-- Each round runs all servers one after the other, and ratios are formed inside a round: a machine's
-- speed drifts between rounds.
--   lua5.4 spec/bench/run.lua BUILD [ROUNDS] [PART OF A SCENARIO'S NAME]
local report = require "spec.bench.report"

local build = arg[1] or "build"
report.start(tonumber(arg[2]) or 7, arg[3] or "")

local servers = {
  echo = build .. "/bench/echo",
  libcoap = build .. "/bench/libcoap_notls",
  lunacoap = build .. "/lunacoap spec/bench/server.lua",
}

-- The same handler without lunacoap.server, for what that costs.
local with_resources = {
  libcoap = servers.libcoap, handler = servers.lunacoap,
  lunacoap = build .. "/lunacoap spec/bench/resources.lua",
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
    name = "GET of 5 bytes of a resource of lunacoap.server",
    load = "get sockets=32 window=32 seconds=0.7", unit = "request", busy = true,
    commands = with_resources, servers = { "libcoap", "handler", "lunacoap" },
    targets = { libcoap = 0.65, handler = 0.4 },
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

local function commands(scenario)
  local list = {}
  for name, server in pairs(scenario.commands or servers) do
    list[name] = ("%s/bench/generator %s -- %s"):format(build, scenario.load, server)
  end
  return list
end

local function report_memory(count, state, target)
  local user, total = {}, {}
  for _ = 1, 3 do
    -- The hard limit of open files is often far above the soft one.
    local result = report.run(("ulimit -n $(ulimit -Hn); exec %s/lunacoap spec/bench/memory.lua %d %s")
      :format(build, count, state))
    if not result then
      break
    end
    user[#user + 1] = result.user
    total[#total + 1] = result.user + (state == "closed" and 0 or result.kernel)
  end
  if #total == 0 then
    return report.fail(("memory of %d %s: the run failed"):format(count, state))
  end
  local text = ("%5d %-6s %s bytes each"):format(count, state, report.with_range("%.0f", total))
  if state ~= "closed" then
    text = text .. (", of these in user space %.0f"):format((report.median(user)))
  end
  report.verdict("memory", ("%s, target %d"):format(text, target), report.median(total) <= target)
end

print(("lunacoap bench, loopback: generator on cpu 0, server on cpu 1, %d rounds;"):format(
  report.rounds))
print("medians with their range; only ratios mean anything on another machine")
for _, scenario in ipairs(scenarios) do
  scenario.commands = commands(scenario)
  report.scenario(scenario)
end
if report.wants("memory") then
  print("\nmemory of an idle component, closed, with a socket and with a shared one (kernel included)")
  for _, count in ipairs { 1000, 10000 } do
    report_memory(count, "closed", 1024)
    report_memory(count, "open", 6 * 1024)
  end
  report_memory(50000, "shared", 3 * 1024)
end
require "spec.bench.dtls" (build)
os.exit(report.finish(), true)
