-- Raw public keys (RFC 7250): two ends that know each other's key, without any certificate. Given a
-- port the server goes on, for other programs to try.
--   lunacoap examples/raw_public_key.lua SERVER-KEY.pem CLIENT-KEY.pem [PORT]
local lunacoap = require "lunacoap"

local Type = lunacoap.StoreType
local server_key = lunacoap.Certificate(Type.cstPEMKeyFile, arg[1] or "server.key")
local client_key = lunacoap.Certificate(Type.cstPEMKeyFile, arg[2] or "client.key")
local port = tonumber(arg[3])

local server = lunacoap.CoAP {
  LocalHost = "127.0.0.1", LocalPort = port or 0, UseRawPublicKey = true,
  SSLEnabled = true, SSLCert = server_key, SSLAuthenticateClients = true,
}

-- Nobody vouches for a bare key: the server has a list of those it lets in.
function server.OnSSLClientAuthentication(_, e)
  e.Accept = e.CertEncoded == client_key.PublicKey
  print(e.Accept and "server: a client that we know" or "server: a stranger")
end

function server.OnRequest(coap)
  coap.ResponseData = "Hello, whose key we know"
end

server:StartListening()
local uri = ("coaps://127.0.0.1:%d/hello"):format(server.LocalPort)

local client = lunacoap.CoAP { UseRawPublicKey = true, SSLCert = client_key }
client.SSLAcceptServerCert = lunacoap.Certificate(Type.cstPublicKeyBlob, server_key.PublicKey)
client:Get(uri)
print("client:", client.ResponseData)
client:Shutdown()

if port then
  print(("listening; try:  coap-client-gnutls -M CLIENT-KEY.pem %s"):format(uri))
else
  server:Shutdown()
end
