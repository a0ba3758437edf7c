-- A server that cannot answer at once: the client is told that its request arrived, and gets the
-- response later. Two ways to write it.
local lunacoap = require "lunacoap"

local server = lunacoap.CoAP { LocalHost = "127.0.0.1" }

function server.OnRequest(coap, e)
  if e.URIPath == "/slow" then
    -- The handler may just take its time: others are served meanwhile.
    lunacoap.sleep(0.3)
    coap.ResponseData = "worth the wait"
  else
    -- Or the answer is left to somebody else, who names the request by its Id.
    e.SendResponse = false
    local id = e.RequestId
    lunacoap.timer(0.3, nil, function()
      coap.ResponseCode, coap.ResponseData = "2.05", "from a timer"
      coap:SendResponse(id)
    end)
  end
end

server:StartListening()
local base = ("coap://127.0.0.1:%d"):format(server.LocalPort)

local client = lunacoap.CoAP()
for _, path in ipairs { "/slow", "/later" } do
  local start = lunacoap.now()
  client:Get(base .. path)
  print(("%s after %.1f s: %s"):format(path, lunacoap.now() - start, client.ResponseData))
end
server:Shutdown() -- nothing listens any more, so the program ends
