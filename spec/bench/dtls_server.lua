-- The lunacoap side of the bench over DTLS, written as a user would; plain CoAP beside it at
-- 127.0.0.2, to see how long it waits for handshakes.
--   lunacoap spec/bench/dtls_server.lua certificate|psk|rawkey|resumed FOLDER PROVIDER PORT
local lunacoap = require "lunacoap"

local kind, folder, provider, port = arg[1], arg[2], arg[3], tonumber(arg[4])

local function answer(coap, e)
  if e.URIPath == "/hello" then
    coap.ResponseCode, coap.ResponseData = "2.05", "hello"
  elseif e.URIPath == "/record" then
    coap.ResponseCode, coap.ResponseDataB = "2.05", ("r"):rep(64)
  else
    coap.ResponseCode = "4.04"
  end
end

local coap = lunacoap.CoAP {
  LocalHost = "127.0.0.1", LocalPort = port, SSLEnabled = true,
  OnRequest = answer,
}
coap:Config("SSLProvider=" .. provider)
if kind == "psk" then
  coap:Config("PSKIdentity=bench")
  coap:Config("PSKKey=7369787465656e2062797465732e2e2e") -- "sixteen bytes..."
else
  coap.SSLCert = lunacoap.Certificate(lunacoap.StoreType.cstPEMKeyFile, folder .. "/own.pem")
  coap:Config("UseRawPublicKey=" .. tostring(kind == "rawkey"))
end
coap:StartListening()

local plain = lunacoap.CoAP { LocalHost = "127.0.0.2", LocalPort = port, OnRequest = answer }
plain:StartListening()
