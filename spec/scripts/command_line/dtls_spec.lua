-- The options of DTLS, as a user gives them to lunacoap get.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"

describe("lunacoap get over DTLS", function()
  local server, seen

  local function serve(fields)
    fields.LocalHost, fields.SSLEnabled = "127.0.0.1", true
    function fields.OnRequest(coap, e)
      seen = { subject = e.CertSubject, identity = e.PSKIdentity }
      coap.ResponseData = "hello"
    end
    server = lunacoap.CoAP(fields)
    server:StartListening()
  end

  local function get(words, uri)
    seen = nil
    return command.run(("get %s %s"):format(words:gsub("@([%w.-]+)", pki.path),
      uri or ("127.0.0.1:%d/x"):format(server and server.LocalPort or 1)))
  end

  local function is_greeted(words)
    assert.are.same({ "hello", "", 0 }, { get(words) })
  end

  -- A mistake that is told before anything is sent.
  local function is_told(message, status, words, uri)
    local out, errors, got = get(words, uri)
    assert.are.same({ "", status }, { out, got }, errors)
    assert.are.equal("lunacoap get: " .. message, errors:match("^[^\n]*"))
    assert.is_nil(seen)
  end

  after_each(function()
    if server then
      server:Shutdown()
      server = nil
    end
  end)

  it("trusts the authorities of --ca", function()
    serve { SSLCert = foreign.certificate "server-ec" }
    is_greeted "--ca @root.crt"
    local _, errors, status = get "--ca @stranger-root.crt"
    assert.matches("^lunacoap get: Cannot verify certificate chain: ", errors)
    assert.are.equal(3, status)
  end)

  it("trusts everybody with --insecure, and nobody unknown without", function()
    serve { SSLCert = foreign.certificate "self-signed" }
    is_greeted "--insecure"
    local uri = ("coaps://127.0.0.1:%d/x"):format(server.LocalPort)
    assert.are.equal(3, (select(3, get("", uri))))
  end)

  it("shows its own certificate, with the key in the same file or in another", function()
    serve {
      SSLCert = foreign.certificate "server-ec", SSLAuthenticateClients = true,
      SSLClientCACerts = pki.read "root.crt",
    }
    is_greeted "--ca @root.crt --cert @client-ec.crt --key @client-ec.key"
    assert.are.equal("O=Specs, CN=client-ec", seen.subject)
    foreign.with_file(pki.read "client-rsa.crt" .. pki.read "client-rsa.key", function(path)
      is_greeted("--ca @root.crt --cert " .. path)
      assert.are.equal("O=Specs, CN=client-rsa", seen.subject)
    end)
  end)

  it("has a pre-shared key, as text or in hex", function()
    serve { OnPSKLookup = function(_, e) e.Key = e.Identity == "dev-1" and "secret" or "" end }
    is_greeted "--psk-identity dev-1 --psk-key secret"
    assert.are.equal("dev-1", seen.identity)
    is_greeted "--psk-identity dev-1 --psk-key 0x736563726574"
    assert.are.equal(3, (select(3, get "--timeout 2 --psk-identity dev-1 --psk-key guess")))
  end)

  it("has a raw public key, and knows the server's", function()
    serve {
      SSLCert = foreign.key "server-ec", UseRawPublicKey = true, SSLAuthenticateClients = true,
      OnSSLClientAuthentication = function(_, e)
        e.Accept = e.CertEncoded == foreign.key("client-ec").PublicKey
      end,
    }
    is_greeted "--rpk @client-ec.key --peer-key @server-ec.pub"
    is_greeted "--rpk @client-ec.key --peer-key @server-ec.crt"
    is_greeted "--rpk @client-ec.key --insecure"
    assert.are.equal(3, (select(3, get "--rpk @client-ec.key --peer-key @client-ec.pub")))
  end)

  -- What is said of a handshake that fails, which takes part of a second where an alert tells of it.
  local function is_advised(advice, words)
    local out, errors, status = get("--timeout 5 " .. words, ("coaps://127.0.0.1:%d/x"):format(server.LocalPort))
    assert.are.same({ "", 3 }, { out, status })
    assert.is_truthy(errors:find(advice, 1, true), errors)
  end

  it("names options, not settings, when there is no session", function()
    serve { OnPSKLookup = function(_, e) e.Key = e.Identity == "dev-1" and "secret" or "" end }
    is_advised("wants --psk-key or --rpk", "--insecure")
    is_advised("with PSK, compare --psk-key", "--psk-identity dev-1 --psk-key guess")
    is_advised("does not know our --psk-identity", "--psk-identity dev-2 --psk-key secret")
    server:Shutdown()
    serve { SSLCert = foreign.certificate "self-signed", SSLAuthenticateClients = true }
    is_advised("signed by itself and not known: --ca can name it", "")
    is_advised("wants a certificate; set --cert", "--insecure")
    is_advised("--rpk wants a raw public key", "--insecure --rpk @client-ec.key")
    server:Shutdown()
    serve { SSLCert = foreign.key "server-ec", UseRawPublicKey = true }
    is_advised("is not known: --peer-key or --insecure can accept it", "--rpk @client-ec.key --peer-key @client-ec.pub")
  end)

  it("shows the progress of the session with -v", function()
    serve { SSLCert = foreign.certificate "server-ec" }
    local _, errors = get "-v --ca @root.crt"
    assert.is_truthy(errors:find("is up: ", 1, true), errors)
    assert.is_truthy(errors:find("CON GET /x", 1, true), errors)
  end)

  it("tells which options do not fit together", function()
    is_told("--key needs --cert", 2, "--key @client-ec.key")
    is_told("--psk-key needs --psk-identity", 2, "--psk-key x")
    is_told("--psk-identity needs --psk-key", 2, "--psk-identity x")
    is_told("--psk-key does not go with --ca", 2, "--psk-identity x --psk-key y --ca z")
    is_told("option '--psk-key': takes pairs of hexadecimal digits behind 0x", 2, "--psk-identity x --psk-key 0xabc")
    is_told("--psk-key is empty", 2, "--psk-identity x --psk-key ''")
    is_told("--psk-identity is empty", 2, "--psk-identity '' --psk-key x")
    is_told("--ca is empty", 2, "--ca ''")
    is_told("--rpk does not go with --cert", 2, "--rpk x --cert y")
    is_told("--rpk needs --peer-key, the key of the other end, or --insecure", 2, "--rpk @client-ec.key")
    is_told("--peer-key needs --rpk", 2, "--peer-key x")
    is_told("--peer-key does not go with --insecure", 2, "--rpk x --peer-key y --insecure")
    is_told("options of DTLS need a coaps:// URI, and this is coap://127.0.0.1/", 2, "--insecure", "coap://127.0.0.1/")
  end)

  it("tells what a file lacks", function()
    is_told("cannot read /nowhere: No such file or directory", 1, "--cert /nowhere")
    is_told(pki.path "client-ec.crt" .. " has no private key: name one with --key", 1, "--cert @client-ec.crt")
    is_told(pki.path "client-ec.pub" .. " has no private key", 1, "--cert @client-ec.crt --key @client-ec.pub")
    is_told(pki.path "client-ec.key" .. " has no certificate", 1, "--cert @client-ec.key")
    is_told(pki.path "client-ec.key" .. " has no certificate", 1, "--cert @client-ec.key --key @client-ec.key")
    is_told(pki.path "server-ec.key" .. " is not the key of " .. pki.path "client-ec.crt", 1,
      "--cert @client-ec.crt --key @server-ec.key")
    is_told(pki.path "client-ec.key" .. " has no certificate in PEM format", 1, "--ca @client-ec.key")
    is_told(pki.path "client-ec.pub" .. " has no private key", 1, "--rpk @client-ec.pub --insecure")
    foreign.with_file("nothing", function(path)
      local _, errors, status = get("--cert " .. path)
      assert.are.equal(1, status)
      assert.is_truthy(errors:find(path .. ": no certificate and no key is ", 1, true), errors)
    end)
  end)
end)
