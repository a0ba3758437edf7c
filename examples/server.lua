-- A CoAP server with three resources: a greeting, the time, and a note that clients may write.
--   lunacoap examples/server.lua [PORT]
local lunacoap = require "lunacoap"

local GET, POST = lunacoap.Method.GET, lunacoap.Method.POST
local PUT, DELETE = lunacoap.Method.PUT, lunacoap.Method.DELETE
local note

local function write(coap, text)
  coap.ResponseCode = note and "2.04" or "2.01" -- Changed, Created
  note = text
end

-- One function for each path and method: it fills Response*, which go out when it returns.
local resources = {
  ["/hello"] = { [GET] = function(coap) coap.ResponseData = "Hello from Lua" end },
  ["/time"] = { [GET] = function(coap) coap.ResponseData = os.date() end },
  ["/note"] = {
    [GET] = function(coap)
      if note then coap.ResponseData = note else coap.ResponseCode = "4.04" end
    end,
    [PUT] = function(coap) write(coap, coap.RequestData) end,
    [POST] = function(coap) write(coap, (note or "") .. coap.RequestData) end, -- adds to it
    [DELETE] = function(coap) note, coap.ResponseCode = nil, "2.02" end,       -- Deleted
  },
  -- What the server has, as a list of links (RFC 6690); 40 says that it is one.
  ["/.well-known/core"] = { [GET] = function(coap)
    coap.ResponseData, coap.ResponseContentFormat = "</hello>,</time>,</note>", 40
  end },
}

local server = lunacoap.CoAP { LocalPort = tonumber(arg[1]) or 5683 }

function server.OnRequest(coap, e)
  local resource = resources[e.URIPath]
  local answer = resource and resource[e.Method]
  if answer then
    answer(coap)
  else
    coap.ResponseCode = resource and "4.05" or "4.04" -- Method Not Allowed, Not Found
  end
end

server:StartListening()
local uri = ("coap://127.0.0.1:%d/hello"):format(server.LocalPort)
print("listening; try:  coap-client-notls -m get " .. uri)
