-- A device that others read, observe and set over CoAP: a thermometer, with simulated values.
--
--   lunacoap device.lua [PORT [URI]]     PORT is 5683 unless it is given; each value is also sent
--                                        to URI by POST: coap://localhost:5700/measurements
--
-- While it runs, at another terminal:
--   lunacoap discover localhost
--   lunacoap observe localhost/temperature
--   lunacoap put localhost/interval 0.5

local lunacoap = require "lunacoap"

local port = tonumber(arg[1]) or 5683
local report_to = arg[2]

local temperature = 21.0
local interval = 2 -- seconds between two measurements

local device = lunacoap.server { LocalPort = port }

-- What `get` returns is the answer: a number, as text, JSON or CBOR, whichever the client asks for.
local thermometer = device:resource("/temperature", {
  title = "Temperature in degrees Celsius", rt = "temperature", observable = true,
  get = function() return temperature end,
})

device:resource("/interval", {
  title = "Seconds between two measurements", rt = "interval",
  get = function() return interval end,
  put = function(req)
    local seconds = tonumber(req.body)
    if not seconds or seconds < 0.1 or seconds > 3600 then
      error(lunacoap.response("4.00", "an interval is a number of seconds from 0.1 to 3600"))
    end
    interval = seconds
  end,
})

-- A measurement goes out as a client's request. It may take its time: only this task waits for it.
local client = lunacoap.CoAP { Timeout = 10 }

local function report()
  client.RequestData, client.RequestContentFormat = ("%.1f"):format(temperature), 0 -- text
  local ok, err = pcall(client.Post, client, report_to)
  if not ok then
    print("no report: " .. tostring(err))
  end
end

device:start()
print("listening; try:  lunacoap observe " .. device:uri("/temperature"))

while true do
  lunacoap.sleep(interval)
  temperature = math.floor((temperature + math.random(-5, 5) / 10) * 10 + 0.5) / 10
  thermometer:notify() -- observers get what `get` returns
  if report_to then
    lunacoap.spawn(report)
  end
end
