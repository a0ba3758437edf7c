-- Observing: a client is told whenever a resource changes, without asking again.
local lunacoap = require "lunacoap"

local count = 0
local server = lunacoap.CoAP { LocalHost = "127.0.0.1" } -- no LocalPort: any free one

-- Registering is a request too: it is answered, and accepted by Accept.
function server.OnRegister(coap, e)
  print("server: " .. e.RemoteHost .. " wants to observe " .. e.URIPath)
  e.Accept = true
  coap.ResponseCode, coap.ResponseData = "2.05", tostring(count)
end

function server.OnUnregistered(_, e)
  print("server: nobody observes " .. e.URIPath .. " any more")
  server:StopListening()
end

function server.OnRequest(coap)
  coap.ResponseData = tostring(count)
end

server:StartListening()
local uri = ("coap://127.0.0.1:%d/count"):format(server.LocalPort)

local client = lunacoap.CoAP()

function client.OnNotification(coap, e)
  print("client: the count is " .. coap.ResponseData)
  e.StopObserving = coap.ResponseData == "3"
end

client:StartObserving(uri)

-- Three changes; SendNotification sends what is in Response* to all who observe the path.
for _ = 1, 3 do
  lunacoap.sleep(0.1)
  count = count + 1
  server.ResponseCode, server.ResponseData = "2.05", tostring(count)
  server:SendNotification("/count")
end
