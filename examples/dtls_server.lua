-- A server for coaps:// alone. It shows the certificate of a PEM file that holds its private key
-- too; given a second file, it wants to see certificates of its clients, issued by who is in there.
--   lunacoap examples/dtls_server.lua SERVER.pem [PORT [CLIENT-CA.pem]]
local lunacoap = require "lunacoap"

local file, port, client_ca = arg[1], tonumber(arg[2]) or 5684, arg[3]
if not file then
  print("usage: lunacoap examples/dtls_server.lua SERVER.pem [PORT [CLIENT-CA.pem]]")
  os.exit(2, true)
end

local server = lunacoap.CoAP { LocalPort = port, SSLEnabled = true }
server.SSLCert = lunacoap.Certificate(lunacoap.StoreType.cstPEMKeyFile, file)
if client_ca then
  server.SSLAuthenticateClients = true
  server:Config("OpenSSLCAFile=" .. client_ca)
end

-- Status is "OK" or says what is wrong; e.Accept may be set otherwise, also after asking somebody.
function server.OnSSLClientAuthentication(_, e)
  print(("client %d shows %s: %s"):format(e.ConnectionId, e.CertSubject, e.Status))
end

function server.OnRequest(coap, e)
  if e.URIPath == "/hello" then
    coap.ResponseData = e.CertSubject ~= "" and "Hello, " .. e.CertSubject or "Hello, stranger"
  else
    coap.ResponseCode = "4.04"
  end
end

server:StartListening()
print(("listening; try:  coap-client-openssl -n coaps://127.0.0.1:%d/hello"):format(
  server.LocalPort))
