-- The options of DTLS that commands which serve have, and what they make of a server.

local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local lunacoap = require "lunacoap"
local values = require "lunacoap.command_line.values"

local M = {}

---@type lunacoap.command_line.Group
M.group = {
  title = "DTLS, at port 5684",
  options = {
    dtls.own.cert, dtls.own.key,
    { flags = "--ca", value = "FILE",
      help = "let in clients with a certificate that one of these authorities (PEM) has issued" },
    { flags = "--psk-identity", value = "NAME", help = "let in who has the key of this name" },
    { flags = "--psk-key", value = "KEY", convert = values.bytes,
      help = "that pre-shared key: text, or hexadecimal digits behind 0x" },
    dtls.own.rpk,
    { flags = "--peer-key", value = "FILE", help = "the raw public key of the client to let in" },
    { flags = "--insecure", help = "with --rpk: let in any client" },
  },
}

-- The subjects of the certificates in PEM text, as a set.
local function subjects_of(pem)
  local set = {}
  for block in pem:gmatch("%-%-%-%-%-BEGIN CERTIFICATE.-%-%-%-%-%-END CERTIFICATE%-%-%-%-%-") do
    set[lunacoap.Certificate(block).Subject] = true
  end
  return set
end

-- The authorities of the system vouch for certificates too, which are not meant here.
local function let_in_issued_by(fields, pem)
  local issuers = subjects_of(pem)
  fields.SSLClientCACerts, fields.SSLAuthenticateClients = pem, true
  function fields.OnSSLClientAuthentication(_, e)
    e.Accept = e.Accept and issuers[e.CertIssuer] == true
  end
end

local function let_in_key(fields, key)
  fields.SSLAuthenticateClients = true
  function fields.OnSSLClientAuthentication(_, e)
    e.Accept = e.CertEncoded == key
  end
end

---What the options make of a server: properties, settings and handlers of its component; empty
---without any option. Raises a failure when they do not fit together, or for a file.
---@param given table
---@return table
function M.server(given)
  if given.ca and not given.cert then
    failure.raise(failure.MISUSE, "--ca needs --cert")
  elseif given.insecure and not given.rpk then
    failure.raise(failure.MISUSE, "--insecure needs --rpk; without --ca any client is let in")
  end
  local fields = dtls.identity(given)
  fields.SSLEnabled = dtls.is_given(given) or nil
  if given.ca then
    let_in_issued_by(fields, dtls.authorities(given.ca))
  end
  if given.peer_key then
    let_in_key(fields, dtls.public_key(given.peer_key).PublicKey)
  end
  return fields
end

return M
