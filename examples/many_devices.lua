-- A thousand devices in one process, each a CoAP server on a port of its own, and a collector that
-- reads them all, eight at a time.
--   lunacoap examples/many_devices.lua [NUMBER]
-- Each device has a socket; for more than about 1000, let the shell allow them: ulimit -n 20000
local lunacoap = require "lunacoap"

local number = tonumber(arg[1]) or 1000
local devices = {}

-- What one device does when asked; every device shares this function.
local function answer(coap, e)
  coap.ResponseCode = e.URIPath == "/temperature" and "2.05" or "4.04"
  coap.ResponseData = ("%.1f"):format(20 + coap.LocalPort % 100 / 10)
end

for i = 1, number do
  devices[i] = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = answer, Listening = true }
end
print(number .. " devices are listening")

local start, sum, next_device, working = lunacoap.now(), 0, 1, 8

local function collect()
  local coap = lunacoap.CoAP()
  while next_device <= number do
    local device = devices[next_device]
    next_device = next_device + 1
    coap:Get(("coap://127.0.0.1:%d/temperature"):format(device.LocalPort))
    sum = sum + tonumber(coap.ResponseData)
  end
  working = working - 1
  if working == 0 then
    print(("all read in %.2f s, %.1f °C on average"):format(lunacoap.now() - start, sum / number))
    lunacoap.stop()
  end
end

for _ = 1, working do
  lunacoap.spawn(collect) -- each is a task: when one waits for an answer, the others go on
end
