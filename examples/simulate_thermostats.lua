-- Thermostats, each with a room that it heats: its temperature is observed, its target set, and
-- every ten seconds it reports both.
--
--   lunacoap simulate examples/simulate_thermostats.lua --count 100 --for 10s
--   lunacoap simulate examples/simulate_thermostats.lua --server coap://192.0.2.1 --ramp 30s
--
-- Without --server the reports go to the collector here, which runs in the same program.
local lunacoap = require "lunacoap"
local sensor = lunacoap.sensor

local collector = lunacoap.server { LocalPort = 0 }
collector:resource("/reports", { post = function() return lunacoap.response("2.04") end })
collector:start()

-- The room follows its target by a tenth of the difference, and what comes through the windows.
local function heat(device)
  local room = device.state
  room.temperature = room.temperature + 0.1 * (room.target - room.temperature)
    + 0.01 * (device:read("outside") - room.temperature)
  device:notify("/temperature")
end

return {
  name = "thermostat-{index:04}", count = 10, ramp = "2s", server = collector:uri(""),
  state = function(device) return { temperature = device:read("outside"), target = 21 } end,
  sensors = {
    outside = sensor.sine { mean = { 5, 15 }, amplitude = 5, period = "24h", phase = { 0, 0.1 } }
      + sensor.noise { deviation = 0.2, every = "1m" },
  },
  resources = {
    ["/temperature"] = { rt = "temperature", observable = true,
      get = function(device) return ("%.1f"):format(device.state.temperature) end },
    ["/target"] = { rt = "target",
      get = function(device) return device.state.target end,
      put = function(device, request)
        device.state.target = tonumber(request.body)
          or error(lunacoap.response("4.00", "a target is a number"))
      end },
  },
  every = {
    { "1s", heat },
    { "10s", function(device) device:post("/reports", device.state) end, jitter = 0.1 },
  },
  start = function(device) device:post("/reports", { name = device.name }) end,
}
