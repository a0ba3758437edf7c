-- Reads a resource over DTLS. The server's certificate must come from an authority that the system
-- trusts, or that is in the file CA.pem; CLIENT.pem is what the client shows when it is asked.
--   lunacoap examples/dtls_client.lua URI [CA.pem [CLIENT.pem]]
local lunacoap = require "lunacoap"

local uri, ca, own = arg[1] or "coaps://127.0.0.1/hello", arg[2], arg[3]
local client = lunacoap.CoAP { Timeout = 10 } -- seconds, the handshake included
if ca then
  client:Config("OpenSSLCAFile=" .. ca)
end
if own then
  client.SSLCert = lunacoap.Certificate(lunacoap.StoreType.cstPEMKeyFile, own)
end

function client.OnSSLServerAuthentication(_, e)
  print(("the server shows %s: %s"):format(e.CertSubject, e.Status))
end

local ok, err = pcall(client.Get, client, uri)
if ok then
  print(client.ResponseCode, client.ResponseData)
  print(("%s, %s"):format(client:Config("SSLNegotiatedVersion"),
    client:Config("SSLNegotiatedCipherSuite")))
else
  print(err) -- such as "280: Error verifying certificate: ..."
end
