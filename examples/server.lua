-- A CoAP server with three resources: a greeting, the time, and a note that clients may write.
--   lunacoap examples/server.lua [PORT]
local lunacoap = require "lunacoap"

local GET, PUT, DELETE = lunacoap.Method.GET, lunacoap.Method.PUT, lunacoap.Method.DELETE
local note

-- One function for each path; it fills Response*, and the answer goes out when it returns.
local resources = {
  ["/hello"] = function(coap)
    coap.ResponseData, coap.ResponseContentFormat = "Hello from Lua", 0
  end,
  ["/time"] = function(coap)
    coap.ResponseData = os.date()
  end,
  ["/note"] = function(coap, e)
    if e.Method == PUT then
      coap.ResponseCode = note and "2.04" or "2.01" -- Changed, Created
      note = coap.RequestData
    elseif e.Method == DELETE then
      note, coap.ResponseCode = nil, "2.02"         -- Deleted
    elseif e.Method == GET and note then
      coap.ResponseData = note
    else
      coap.ResponseCode = e.Method == GET and "4.04" or "4.05"
    end
  end,
  -- What the server has, as a list of links (RFC 6690).
  ["/.well-known/core"] = function(coap)
    coap.ResponseData, coap.ResponseContentFormat = "</hello>,</time>,</note>", 40
  end,
}

local server = lunacoap.CoAP {
  LocalPort = tonumber(arg[1]) or 5683,
  OnRequest = function(coap, e)
    local resource = resources[e.URIPath]
    if resource then resource(coap, e) else coap.ResponseCode = "4.04" end
  end,
}
server:StartListening()
local uri = ("coap://127.0.0.1:%d"):format(server.LocalPort)
print("listening; try:  coap-client-notls -m get " .. uri .. "/hello")
io.stdout:flush()
