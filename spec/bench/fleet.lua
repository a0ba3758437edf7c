-- What a fleet of simulated devices costs: each reports every 10 s to a server in another process,
-- which reads it after each report. Prints the memory of a device, the requests, the latency and
-- the processor's share. Both processes want a core; beside others, latencies tell of those.
--   build/lunacoap spec/bench/fleet.lua COUNT own|shared [SECONDS [RAMP]]
local lunacoap = require "lunacoap"
local machine = require "lunacoap.machine"
local simulation = require "lunacoap.fleet.simulation"

local count, sockets = tonumber(arg[1]), arg[2]
local seconds, ramp = tonumber(arg[3]) or 120, arg[4] or "30s"

local collector <close> = lunacoap.process.start { "/proc/self/exe", "spec/bench/fleet_server.lua",
  ready = "^ready (.*)$" }

local device = {
  name = "thermostat-{index:05}",
  server = collector.output:match "ready (%S+)",
  sockets = sockets,
  settings = sockets == "own" and { LocalHost = "127.0.0.1" } or nil,
  state = { target = 21.0 },
  sensors = {
    temperature = (lunacoap.sensor.sine { mean = { 18, 24 }, amplitude = 3, period = "24h" }
      + lunacoap.sensor.noise { deviation = 0.1 }):rounded(1),
  },
  resources = {
    ["/temperature"] = { rt = "temperature-c", ["if"] = "core.s", observable = true,
      get = "temperature" },
    ["/target"] = { rt = "temperature-c", ["if"] = "core.a",
      get = function(self) return self.state.target end,
      put = function(self, request) self.state.target = request.body end },
  },
  every = { { "10s", function(self)
    self:post("/report", { name = self.name, temperature = self:read "temperature" })
  end, jitter = 0.1 } },
}

-- Lua's bytes for a component with handlers, which is none of the fleet's.
local function component_alone()
  local made = {}
  collectgarbage()
  local before = collectgarbage "count"
  for i = 1, 1000 do
    made[i] = lunacoap.CoAP { BothRoles = true, OnRequest = print, OnError = print }
  end
  collectgarbage()
  local bytes = (collectgarbage "count" - before) * 1024 / #made
  return bytes - 16 -- the place in the table
end

local alone, resident = component_alone(), machine.resident()
local run = simulation.new(device, { count = count, seconds = seconds, ramp = ramp, seed = 42 })
local result = run:run()
local latency = result.latency

local function line(name, text, ...)
  print(("%-28s " .. text):format(name, ...))
end

line("devices", "%d, on %s", count, sockets == "own" and "sockets of their own" or "one socket")
line("started in", "%.1f s", result.started_in)
line("reports", "%d in %.0f s, %d answered, %d failed", result.sent, result.seconds, result.answered,
  result.failed)
line("reads answered", "%d", result.served)
line("latency of reports", "%.2f ms (p50), %.2f ms (p95), %.1f ms (p99)", latency:percentile(50) * 1e3,
  latency:percentile(95) * 1e3, latency:percentile(99) * 1e3)
line("retransmissions", "%d", result.statistics.retransmissions)
line("processor", "%.0f %% of a core, and waited for one %.0f %% of the time", result.cpu * 100,
  result.starved * 100)
line("Lua memory of a device", "%.0f bytes, of which %.0f are the component's", result.memory.lua_per_device,
  alone)
line("all memory of a device", "%.1f KiB", (result.memory.resident - resident) / count / 1024)
line("memory of the process", "%.0f MiB", result.memory.resident / 2 ^ 20)
