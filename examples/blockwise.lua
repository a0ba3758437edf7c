-- Bodies larger than a datagram: they travel in blocks (RFC 7959), which no script needs to know.
local lunacoap = require "lunacoap"

local stored = ""
local server = lunacoap.CoAP { LocalHost = "127.0.0.1" }

function server.OnRequest(coap, e)
  if e.Method == lunacoap.Method.PUT then
    stored = coap.RequestDataB -- the whole body, put together from its blocks
    coap.ResponseCode = "2.04"
  else
    coap.ResponseDataB = stored
  end
end

server:StartListening()
local uri = ("coap://127.0.0.1:%d/firmware"):format(server.LocalPort)

local firmware = {}
for i = 1, 100 * 1024 do
  firmware[i] = string.char(i % 251)
end
firmware = table.concat(firmware)

local client = lunacoap.CoAP { BlockSize = 512 } -- 1024 if nothing is said
client.RequestDataB = firmware
client:Put(uri)
print(("sent %d bytes: %s"):format(#firmware, client.ResponseCode))
client:Get(uri)
print(("got %d bytes back, %s"):format(#client.ResponseDataB,
  client.ResponseDataB == firmware and "the same" or "but others"))
server:Shutdown()
