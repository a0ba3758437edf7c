-- PKCS #11 tokens as certificate stores, with the token in software that SoftHSM is. Where its
-- tokens are it reads from the environment, so a program of its own opens them.

local build = require "spec.support.build"
local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local MODULE = "/usr/lib/softhsm/libsofthsm2.so"

-- Prints one line for each expression after the name in it, or the error.
local SCRIPT = [[
local Certificate = require("lunacoap").Certificate
local MODULE = "]] .. MODULE .. [["
local function show(f)
  local ok, c = pcall(f)
  print(ok and ("%s|%s|%s"):format(c.Subject, c.PrivateKeyAvailable, c.PublicKeyLength) or tostring(c))
  return ok and c
end
]]

local function run(lines)
  local script = { SCRIPT }
  for i, line in ipairs(lines) do
    script[i + 1] = ("show(function() return %s end)\n"):format(line)
  end
  local path = selected.write("token.lua", table.concat(script))
  local pipe <close> = assert(io.popen(("SOFTHSM2_CONF=%s/softhsm.conf %s %s 2>&1"):format(
    pki.folder(), build.program, path)))
  local results = {}
  for line in pipe:lines() do
    results[#results + 1] = line:gsub("^271: Cannot open certificate store: ", "")
  end
  return results
end

local function prepare()
  selected.write("softhsm.conf", ("directories.tokendir = %s/tokens\nobjectstore.backend = file\n"):format(pki.folder()))
  selected.run([[
    export SOFTHSM2_CONF=$PWD/softhsm.conf GNUTLS_PIN=1234
    rm -rf tokens; mkdir tokens
    softhsm2-util --init-token --free --label specs --pin 1234 --so-pin 4321
    import() {
      softhsm2-util --import $1.key --token specs --label "$2" --id $3 --pin 1234
      [ -z "$4" ] || p11tool --provider ]] .. MODULE .. [[ --login --write --load-certificate $1.crt \
        --label "$4" --id $3 'pkcs11:token=specs'
    }
    import server-ec 'key of ec' 01 'ec'
    import server-rsa rsa 02 rsa
    import server-p384 'alone' 03
    p11tool --provider ]] .. MODULE .. [[ --login --write --load-certificate root.crt --label root \
      'pkcs11:token=specs'
  ]])
end

describe("a token", function()
  setup(prepare)

  local EC, RSA = "O=Specs, CN=server-ec|true|256", "O=Specs, CN=server-rsa|true|2048"

  it("is opened by its module's path or a URL, with the PIN", function()
    assert.are.same({ EC, EC, EC, RSA, "O=Specs, CN=root|false|256", EC, EC, RSA }, run {
      'Certificate(23, MODULE, "1234", "CN=server-ec")',
      'Certificate(23, "pkcs11:token=specs", "1234", "server-ec")',
      'Certificate(23, "pkcs11:token=specs;object=ec;type=cert", "1234")',
      'Certificate(23, "pkcs11:token=specs;id=%02", "1234")',
      'Certificate(23, MODULE, "1234", "root")',
      'Certificate(99, "pkcs11:token=specs;id=%01;type=private", "1234")',
      'Certificate(99, "pkcs11:object=ec;token=specs", "1234")',
      'Certificate(23, MODULE, "1234", "RSA")',
    })
  end)

  it("has keys without a certificate, chosen by their label", function()
    assert.are.same({ "|true|384", "|true|384" }, run {
      'Certificate(23, MODULE, "1234", "alone")',
      'Certificate(23, "pkcs11:token=specs;object=alone", "1234")',
    })
  end)

  it("keeps its private keys to itself", function()
    assert.are.same({ "true|", "true|" }, (function()
      local results = run {
        '(function() local c = Certificate(23, MODULE, "1234", "server-ec"); '
          .. 'print(tostring(c.PrivateKeyAvailable) .. "|" .. c.PrivateKey); return c end)()',
        '(function() local c = Certificate(23, MODULE, "1234", "alone"); '
          .. 'print(tostring(c.PrivateKeyAvailable) .. "|" .. c.PrivateKey); return c end)()',
      }
      return { results[1], results[3] }
    end)())
  end)

  it("signs the handshakes of a server, by GnuTLS and no other engine", function()
    local lines = run {
      ([[(function()
        local lunacoap = require "lunacoap"
        local c = Certificate(23, MODULE, "1234", "server-ec")
        local server = lunacoap.CoAP { LocalHost = "127.0.0.1", SSLEnabled = true, SSLCert = c,
          OnRequest = function(coap) coap.ResponseData = "signed" end, Listening = true }
        local client = lunacoap.CoAP { Timeout = 10, OpenSSLCAFile = "%s" }
        client:Get("coaps://127.0.0.1:" .. server.LocalPort .. "/")
        print(client.ResponseData, server:Config "SSLProvider")
        server:Shutdown()
        server:Config "SSLProvider=mbedTLS"
        print(select(2, pcall(server.StartListening, server)))
        return c
      end)()]]):format(pki.path "root.crt"),
    }
    assert.are.equal("signed\tGnuTLS", lines[1])
    assert.are.equal("1: mbedTLS does no keys in PKCS #11 tokens; leave SSLProvider at Automatic, which takes "
      .. "an engine that does", lines[2])
  end)

  it("shows its certificates without the PIN, and no private key", function()
    assert.are.same({ "O=Specs, CN=server-ec|false|256" }, run { 'Certificate(23, MODULE, "", "server-ec")' })
  end)

  it("finds the key of a certificate that is assigned", function()
    assert.are.same({ "O=Specs, CN=server-ec|true|256" }, run {
      ([[(function() local c = Certificate(); c.StoreType, c.Store, c.StorePassword = 23, MODULE, "1234"
        local file <close> = io.open("%s"); c.Encoded = file:read("a"); return c end)()]]):format(pki.path "server-ec.crt"),
    })
  end)

  it("says what is wrong", function()
    local wrong = "the token refuses StorePassword as its PIN: Error in provided PIN."
    assert.are.same({
      wrong, wrong,
      "no token with a certificate or a key is found for it; private keys are seen only when StorePassword is the PIN",
      "nowhere/module.so cannot be loaded as a PKCS #11 module; a URL (pkcs11:token=...) or the path of "
        .. "a module is wanted: PKCS #11 initialization error.",
      "272: Cannot find certificate: nothing in the store has the subject 'nobody': it holds 4 certificates or keys",
      EC,
    }, run {
      'Certificate(23, MODULE, "4321", "server-ec")',
      'Certificate(23, "pkcs11:token=specs", "99")',
      'Certificate(23, "pkcs11:token=other", "1234")',
      'Certificate(23, "nowhere/module.so", "1234")',
      'Certificate(23, MODULE, "1234", "nobody")',
      'Certificate(23, MODULE, "1234", "server-ec")',
    })
  end)
end)
