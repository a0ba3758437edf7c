-- Pre-shared keys: a server that finds the key of each device by its identity, and a device. With a
-- port the server goes on, for other programs to try.
--   lunacoap examples/psk.lua [PORT]
local lunacoap = require "lunacoap"

local port = tonumber(arg[1])
local keys = { ["sensor-1"] = "correct horse", ["sensor-2"] = "battery staple" } -- raw bytes

local server = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = port or 0, SSLEnabled = true }

function server.OnPSKLookup(_, e)
  e.Key = keys[e.Identity] or "" -- an identity without a key is refused
end

function server.OnRequest(coap, e)
  coap.ResponseData = "Hello, " .. e.PSKIdentity
end

server:StartListening()
local uri = ("coaps://127.0.0.1:%d/hello"):format(server.LocalPort)

local device = lunacoap.CoAP { PSKIdentity = "sensor-1" }
device:Config("PSKKey=" .. keys["sensor-1"]:gsub(".", function(c)
  return ("%02x"):format(c:byte()) -- settings are text: two hexadecimal digits for each byte
end))
device:Get(uri)
print(device.ResponseData, device:Config("SSLNegotiatedCipherSuite"))

local stranger = lunacoap.CoAP { PSKIdentity = "sensor-9", PSKKey = "00010203" }
print(select(2, pcall(stranger.Get, stranger, uri)))

if port then
  print(("listening; try:  coap-client-openssl -u sensor-2 -k 'battery staple' %s"):format(uri))
else
  server:Shutdown()
end
