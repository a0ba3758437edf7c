-- Thermostats over DTLS, each with a pre-shared key of its own, and the server that they report to.
-- It reads each of them, too, in the session that the thermostat has begun.
--
--   lunacoap simulate examples/simulate_fleet_dtls.lua --count 1000 --ramp 30s --for 2m
local lunacoap = require "lunacoap"

-- Who device i is. Keys in a file, a row for each device, are read with
--   identity = lunacoap.fleet.identities "devices.csv"
-- of columns such as name, psk_identity, psk_key.
local function identity(index)
  return { PSKIdentity = "thermostat-" .. index, PSKKey = ("%032x"):format(0xC0FFEE + index) }
end

-- It answers and asks, as the devices of a fleet do.
local server = lunacoap.CoAP { LocalHost = "127.0.0.1", SSLEnabled = true, BothRoles = true }

function server.OnPSKLookup(_, e)
  local index = tonumber(e.Identity:match "^thermostat%-(%d+)$")
  e.Key = index and (">I8I8"):pack(0, 0xC0FFEE + index) or "" -- raw bytes; "" refuses
end

local function read(host, port)
  server:Get(("coaps://%s:%d/temperature"):format(host, port))
end

function server.OnRequest(coap, e)
  coap.ResponseCode = "2.04"
  lunacoap.spawn(read, e.RemoteHost, e.RemotePort) -- after the answer: a handler asks nobody
end

server:StartListening()

local function report(device)
  device:post("/reports", { name = device.name, temperature = device:read "temperature" })
end

return {
  name = "thermostat-{index}", count = 10, ramp = "2s", identity = identity,
  server = "coaps://127.0.0.1:" .. server.LocalPort,
  sensors = {
    temperature = lunacoap.sensor.sine { mean = { 18, 24 }, amplitude = 3, period = "24h" },
  },
  resources = { ["/temperature"] = { rt = "temperature", get = "temperature" } },
  start = report, -- a device that cannot begin a session has failed
  every = { { "10s", report, jitter = 0.1 } },
}
