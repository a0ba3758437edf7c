-- A handshake of a GnuTLS server with a certificate (DER) whose key is "mine" in the token "specs":
--   lunacoap-spec spec/support/dtls_token.lua CERTIFICATE PIN
-- Prints "PIN 1234: up", or the error.

package.path = "./?.lua;" .. package.path

local probe = require "lunacoap.probe"
local dtls_pair = require "spec.support.dtls_pair"

local path, pin = arg[1], arg[2]
local file <close> = assert(io.open(path, "rb"))
local own = { chain = { file:read("a") }, pin = pin,
  key_url = "pkcs11:token=specs;object=mine;type=private" }

local options = { engine = "GnuTLS", suites = { 0xc0ae }, groups = { 23 } }
local client = assert(probe.engine.context(options))
options.server, options.own = true, own
local server, code, text = probe.engine.context(options)
if not server then
  print(("PIN %s: %d: %s"):format(pin, code, text))
  return
end
local pair = dtls_pair.new{ client = client, server = server }:connect()
print(("PIN %s: %s"):format(pin, pair.server.is_up and "up" or "down"))
