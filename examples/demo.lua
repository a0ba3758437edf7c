-- A thermostat that is a CoAP server, and a client that reads it, changes its set point and watches
-- its temperature. Ends after ten seconds; DEMO_SECONDS=30 gives another length, 0 runs for ever.
local lunacoap = require "lunacoap"

local temperature, target = 19.0, 21.0
local seconds = tonumber(os.getenv("DEMO_SECONDS")) or 10

-- The server: one function answers every request, another every wish to be kept informed.
local thermostat = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = 5683 }

function thermostat.OnRequest(coap, e)
  if e.URIPath == "/temperature" and e.Method == lunacoap.Method.GET then
    coap.ResponseData = ("%.1f"):format(temperature)
  elseif e.URIPath == "/target" and e.Method == lunacoap.Method.GET then
    coap.ResponseData = ("%.1f"):format(target)
  elseif e.URIPath == "/target" and e.Method == lunacoap.Method.PUT then
    target = tonumber(coap.RequestData) or target
    coap.ResponseCode = "2.04" -- Changed
  else
    coap.ResponseCode = "4.04" -- Not Found
  end
end

function thermostat.OnRegister(coap, e)
  e.Accept = e.URIPath == "/temperature"
  coap.ResponseCode = e.Accept and "2.05" or "4.04"
  coap.ResponseData = ("%.1f"):format(temperature)
end

local ok, err = pcall(thermostat.StartListening, thermostat)
if not ok then
  if err.Code ~= 10048 then error(err) end
  print("port 5683 is in use; the thermostat takes a free one")
  thermostat.LocalPort = 0
  thermostat:StartListening()
end
local uri = ("coap://127.0.0.1:%d"):format(thermostat.LocalPort)
print(("thermostat at %s; try:  coap-client-notls -m get %s/temperature"):format(uri, uri))

-- The room warms or cools towards the target; observers are told.
lunacoap.timer(1, 1, function()
  temperature = temperature + (target - temperature) * 0.3
  thermostat.ResponseCode, thermostat.ResponseData = "2.05", ("%.1f"):format(temperature)
  thermostat:SendNotification("/temperature")
end)

local client = lunacoap.CoAP()

function client.OnNotification(coap)
  print(("NOTIFY /temperature  %s %s °C"):format(coap.ResponseCode, coap.ResponseData))
end

client:Get(uri .. "/temperature")
print(("GET    /temperature  %s %s °C"):format(client.ResponseCode, client.ResponseData))
client.RequestData = "24"
client:Put(uri .. "/target")
print(("PUT    /target 24    %s"):format(client.ResponseCode))
client:Get(uri .. "/target")
print(("GET    /target       %s %s °C"):format(client.ResponseCode, client.ResponseData))
client:StartObserving(uri .. "/temperature")

if seconds > 0 then
  lunacoap.timer(seconds, nil, function()
    client:StopObserving(uri .. "/temperature")
    print(("STOP   /temperature  %s"):format(client.ResponseCode))
    lunacoap.stop(0)
  end)
end
