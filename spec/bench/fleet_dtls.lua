-- What a fleet over DTLS costs, each device with a pre-shared key of its own: as spec/bench/fleet.lua
-- measures one without. After that, how fast all devices have their sessions when they are started
-- at once.
--   build/lunacoap spec/bench/fleet_dtls.lua COUNT own|shared [SECONDS [RAMP [PROVIDER]]]
local lunacoap = require "lunacoap"
local machine = require "lunacoap.machine"
local simulation = require "lunacoap.fleet.simulation"

local count, sockets = tonumber(arg[1]), arg[2]
local seconds, ramp, provider = tonumber(arg[3]) or 120, arg[4] or "30s", arg[5] or "Automatic"

local function start_server()
  return lunacoap.process.start { "/proc/self/exe", "spec/bench/fleet_dtls_server.lua",
    ready = "^ready (.*)$" }
end

local function report(device)
  device:post("/report", { name = device.name, temperature = device:read "temperature" })
end

local function device_of(server)
  return {
    name = "thermostat-{index:05}", server = server.output:match "ready (%S+)", sockets = sockets,
    identity = function(index)
      return { PSKIdentity = "thermostat-" .. index, PSKKey = ("%032x"):format(index) }
    end,
    settings = { LocalHost = sockets == "own" and "127.0.0.1" or nil, SSLProvider = provider },
    sensors = {
      temperature = (lunacoap.sensor.sine { mean = { 18, 24 }, amplitude = 3, period = "24h" }
        + lunacoap.sensor.noise { deviation = 0.1 }):rounded(1),
    },
    resources = {
      ["/temperature"] = { rt = "temperature-c", ["if"] = "core.s", get = "temperature" },
    },
    start = report,
    every = { { "10s", report, jitter = 0.1 } },
  }
end

local function line(name, text, ...)
  print(("%-28s " .. text):format(name, ...))
end

-- Until each of all devices, started at once, has had an answer in a session of its own.
local function start_at_once()
  local server <close> = start_server()
  local init = device_of(server)
  init.count, init.every = count, nil
  local began, cpu = lunacoap.now(), machine.cpu()
  local fleet = lunacoap.fleet(init):start()
  local phases = fleet.counts.phases
  repeat
    lunacoap.sleep(0.005)
  until (phases.up or 0) + (phases.failed or 0) == count
  local took = lunacoap.now() - began
  line("all at once", "%d sessions in %.2f s: %.0f/s, %.0f us of the processor each; %d failed",
    phases.up, took, phases.up / took, (machine.cpu() - cpu) / count * 1e6, phases.failed or 0)
  fleet:stop()
end

local function run_with_ramp()
  local server <close> = start_server()
  local resident = machine.resident()
  local run = simulation.new(device_of(server),
    { count = count, seconds = seconds, ramp = ramp, seed = 42 })
  local result = run:run()
  local latency, memory = result.latency, result.memory
  line("started in", "%.1f s", result.started_in)
  line("reports", "%d in %.0f s, %d answered, %d failed", result.sent, result.seconds,
    result.answered, result.failed)
  line("reads answered", "%d", result.served)
  line("latency of reports", "%.2f ms (p50), %.2f ms (p95), %.1f ms (p99)",
    latency:percentile(50) * 1e3, latency:percentile(95) * 1e3, latency:percentile(99) * 1e3)
  line("retransmissions", "%d", result.statistics.retransmissions)
  line("processor", "%.0f %% of a core, and waited for one %.0f %% of the time", result.cpu * 100,
    result.starved * 100)
  line("Lua memory of a device", "%.0f bytes", memory.lua_per_device)
  line("all memory of a device", "%.1f KiB", (memory.resident - resident) / count / 1024)
  line("memory of the process", "%.0f MiB", memory.resident / 2 ^ 20)
end

line("devices", "%d, on %s", count, sockets == "own" and "sockets of their own" or "one socket")
run_with_ramp()
start_at_once()
