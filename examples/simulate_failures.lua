-- Meters that fail as real ones do, on a bad line: what does a head end make of it?
--   lunacoap simulate examples/simulate_failures.lua --count 100 --for 5m
-- Yours is tried with HEAD_END=coap://192.0.2.1; without, there is one here that reads each meter
-- after its report.
local lunacoap = require "lunacoap"
local sensor = lunacoap.sensor

local function head_end()
  local server = lunacoap.server { LocalHost = "127.0.0.1" }
  local client = lunacoap.CoAP { LocalHost = "127.0.0.1", Timeout = 0 }
  server:resource("/reports/{meter}", { post = function(request)
    client:Get(("coap://%s:%d/energy"):format(request.peer.host, request.peer.port))
    return lunacoap.response "2.04"
  end })
  server:start()
  return server:uri "/"
end

return {
  name = "meter-{index:04}",
  count = 20,
  ramp = "10s",
  server = os.getenv "HEAD_END" or head_end(),
  settings = { LocalHost = "127.0.0.1", Timeout = 100 },

  state = { reports = 0 }, -- since the power came: a reboot begins again with a copy of this
  sensors = {
    energy = (sensor.ramp { from = { 0, 500 }, to = 10000, over = "8760h" }
      + sensor.noise { amplitude = 0.05 }):rounded(2),
  },
  resources = { ["/energy"] = { rt = "energy-kwh", observable = true, get = "energy" } },

  start = function(meter)
    meter:post("/reports/" .. meter.name, { starts = true })
  end,
  every = { { "15s", function(meter)
    meter.state.reports = meter.state.reports + 1
    meter:post("/reports/" .. meter.name,
      { number = meter.state.reports, energy = meter:read "energy" })
    meter:notify "/energy"
  end, jitter = 0.1 } },

  reboots = { every = "5m", down = "8s" },    -- new Message IDs, tokens, sessions and state
  offline = { every = "3m", down = "20s" },   -- requests are sent again, and come through or fail
  rebinds = { every = "2m" },                 -- a NAT gives it another source port
  slow = { rate = 0.1, by = { 0.5, "3s" } },  -- beyond what a piggybacked answer takes
  wrong = { rate = 0.02, code = "5.03" },
  faults = lunacoap.faults {
    sending = { loss = 0.05, delay = { 0.02, 0.2 } },
    receiving = { loss = 0.05, duplicate = 0.05, delay = { 0.02, 0.2 } },
  },
}
