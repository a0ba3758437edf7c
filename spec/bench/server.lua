-- The lunacoap side of the bench: the same resources as libcoap_server.c, written as a user would.
--   lunacoap spec/bench/server.lua PORT
local lunacoap = require "lunacoap"

local GET, PUT = 1, 3
local BIG = 1024 * 1024

local blocks = {}
for i = 0, 1023 do
  blocks[#blocks + 1] = string.char(97 + i % 26):rep(1024)
end
local big = table.concat(blocks)

local stored
local coap = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = tonumber(arg[1]) }

-- Only non-confirmable notifications are compared: a confirmable one costs its acknowledgement too.
coap.UseConfirmableMessages = false

local function put(path)
  if path == "/store" then
    stored = coap.RequestDataB
    coap.ResponseCode = "2.04"
  elseif path == "/big" then
    stored = coap.RequestDataB
    coap.ResponseCode = #stored == BIG and "2.04" or "4.00"
  elseif path == "/trigger" then
    coap.ResponseCode, coap.ResponseData = "2.05", "hello"
    coap:SendNotification("/obs")
    coap.ResponseCode, coap.ResponseData = "2.04", ""
  else
    coap.ResponseCode = "4.04"
  end
end

coap.OnRequest = function(_, e)
  local method, path = e.Method, e.URIPath
  if method == GET and path == "/hello" then
    coap.ResponseCode, coap.ResponseData = "2.05", "hello"
  elseif method == GET and path == "/big" then
    coap.ResponseCode, coap.ResponseDataB = "2.05", big
  elseif method == PUT then
    put(path)
  else
    coap.ResponseCode = "4.04"
  end
end

coap.OnRegister = function(_, e)
  e.Accept = true
  coap.ResponseCode, coap.ResponseData = "2.05", "hello"
end

coap:StartListening()
