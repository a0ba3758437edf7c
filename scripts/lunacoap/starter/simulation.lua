-- Thermostats: each measures, is read, observed and set over CoAP, and reports to a server.
--
--   lunacoap simulate simulation.lua --count 200 --ramp 10s --for 1m
--   lunacoap simulate simulation.lua 5700     the first device at port 5700, the next at 5701 ...
--
-- While it runs, at another terminal:
--   lunacoap observe localhost:5700/temperature
--   lunacoap put localhost:5700/target 25
--
-- The reports go to the collector below, or with --server to a server of yours.

local lunacoap = require "lunacoap"
local sensor = lunacoap.sensor

local collector = lunacoap.server { LocalPort = 0 } -- any port that is free
collector:resource("/reports", { post = function() return lunacoap.response("2.04") end })
collector:start()

return {
  name = "thermostat-{index}", count = 100, ramp = "5s", -- all are started after five seconds
  server = collector:uri(""), -- what "/reports" is of, below
  port = tonumber(arg[1]),

  state = { target = 21 }, -- each device has one of its own: device.state
  sensors = { -- a number { from, to } is drawn by each device
    temperature = (sensor.sine { mean = { 18, 22 }, amplitude = 2, period = "10m" }
      + sensor.noise { deviation = 0.1 }):rounded(1),
  },

  resources = {
    ["/temperature"] = { rt = "temperature", observable = true, get = "temperature" },
    ["/target"] = {
      rt = "temperature-target",
      get = function(device) return device.state.target end,
      put = function(device, request)
        local target = tonumber(request.body)
        if not target or target < 5 or target > 30 then
          error(lunacoap.response("4.00", "a target is a number from 5 to 30"))
        end
        device.state.target = target
      end,
    },
  },

  every = {
    { "2s", function(device) device:notify("/temperature") end },
    { "10s", function(device)
      device:post("/reports", { name = device.name, temperature = device:read("temperature") })
    end, jitter = 0.1 }, -- each period is up to 10 % longer or shorter
  },

  -- Step by step, with get, put, post, observe and sleep. A device whose start fails has failed.
  start = function(device)
    device:post("/reports", { name = device.name, is = "up" })
  end,
  stop = function(device)
    device:post("/reports", { name = device.name, is = "down" })
  end,
}
