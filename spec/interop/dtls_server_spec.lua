-- Our server over DTLS, asked by libcoap's clients, which we did not write: over OpenSSL and over
-- GnuTLS, both at once.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local BOTH = { "coap-client-openssl", "coap-client-gnutls" }
local EC = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"

-- Each: what the clients are told, what the server is told, and who the server sees with what suite.
local cases = {
  {
    name = "an EC certificate", arguments = "-R @root.crt", suite = EC,
    settings = function() return { SSLCert = foreign.certificate "server-ec" } end,
  },
  {
    name = "an RSA certificate", arguments = "-R @root.crt", suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    settings = function() return { SSLCert = foreign.certificate "server-rsa" } end,
  },
  {
    name = "certificates of both ends", arguments = "-R @root.crt -c @client-ec.crt -j @client-ec.key",
    suite = EC, subject = "O=Specs, CN=client-ec",
    settings = function()
      return {
        SSLCert = foreign.certificate "server-ec", SSLAuthenticateClients = true,
        SSLClientCACerts = pki.read "root.crt",
      }
    end,
  },
  {
    name = "a chain and an RSA certificate of the client",
    arguments = "-R @root.crt -c @client-rsa.crt -j @client-rsa.key",
    suite = EC, subject = "O=Specs, CN=client-rsa",
    settings = function()
      return {
        SSLCert = foreign.certificate "server-chain", SSLCACerts = pki.read "intermediate.crt",
        SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt",
      }
    end,
  },
  {
    name = "the key of PSKKey", arguments = "-u dev -k secret",
    suite = "TLS_PSK_WITH_AES_128_CCM_8", identity = "dev",
    settings = function() return { PSKIdentity = "dev", PSKKey = "736563726574" } end,
  },
  {
    name = "a key that OnPSKLookup finds", arguments = "-u other -k its-own",
    suite = "TLS_PSK_WITH_AES_128_CCM_8", identity = "other",
    settings = function()
      return {
        PSKIdentity = "dev", PSKKey = "736563726574",
        OnPSKLookup = function(_, e) e.Key = e.Identity == "other" and "its-own" or "" end,
      }
    end,
  },
  {
    name = "a raw public key", providers = { "GnuTLS" }, programs = { "coap-client-gnutls" },
    arguments = "-M @client-ec.sec1.key", suite = EC,
    settings = function()
      return { SSLCert = foreign.key "server-ec", UseRawPublicKey = true }
    end,
  },
  {
    name = "raw public keys of both ends", providers = { "GnuTLS" }, programs = { "coap-client-gnutls" },
    arguments = "-M @client-ec.sec1.key", suite = EC, key = "client-ec",
    settings = function()
      return {
        SSLCert = foreign.certificate "server-ec", UseRawPublicKey = true, SSLAuthenticateClients = true,
        OnSSLClientAuthentication = function(_, e) e.Accept = e.CertEncoded == pki.read "client-ec.pub" end,
      }
    end,
  },
}

describe("our server over DTLS,", function()
  local server, seen, stored, gone

  local function on_request(coap, e)
    seen[#seen + 1] = {
      subject = e.CertSubject, key = e.CertEncoded, identity = e.PSKIdentity,
      suite = coap:Config(("SSLNegotiatedCipherSuite[%d]"):format(e.ConnectionId)),
    }
    if e.URIPath == "/store" then
      coap.ResponseCode, stored = "2.04", coap.RequestDataB
    else
      coap.ResponseData = "hello"
    end
  end

  local function start(settings, host)
    seen, gone = {}, 0
    settings.LocalHost, settings.SSLEnabled = host or "127.0.0.1", true
    settings.OnRequest = on_request
    settings.OnRegister = function(coap, e)
      e.Accept, coap.ResponseCode, coap.ResponseData = true, "2.05", "count 0"
    end
    settings.OnUnregistered = function() gone = gone + 1 end
    settings.Listening = true
    server = lunacoap.CoAP(settings)
    return ("coaps://%s:%d"):format(host and "[" .. host .. "]" or "127.0.0.1", server.LocalPort)
  end

  after_each(function() server:Shutdown() end)

  local function get_and_put(command, base)
    assert.are.equal("hello\n", foreign.run(("%s -m get %s/hello"):format(command, base)))
    stored = nil
    foreign.with_file(foreign.text(20 * 1024), function(path)
      return foreign.run(("%s -m put -f %s %s/store"):format(command, path, base))
    end)
    assert.are.equal(foreign.text(20 * 1024), stored)
  end

  local function notify(i, observers)
    server.ResponseCode, server.ResponseData = "2.05", "count " .. i
    server:SendNotification("/count")
    for _, observer in ipairs(observers) do
      observer:expect("count " .. i)
    end
  end

  local function check_seen(case)
    for _, request in ipairs(seen) do
      assert.are.equal(case.suite, request.suite)
      assert.are.equal(case.subject or "", request.subject)
      assert.are.equal(case.identity or "", request.identity)
      if case.key then
        assert.are.equal(pki.read(case.key .. ".pub"), request.key)
      end
    end
  end

  -- A GET, a PUT in blocks and an observation, by each of the clients.
  local function serve(case, settings)
    local base = start(settings)
    local observers = setmetatable({}, {
      __close = function(list)
        for _, observer in ipairs(list) do
          local _ <close> = observer
        end
      end,
    })
    local _ <close> = observers
    local programs = case.programs or BOTH
    for i, program in ipairs(programs) do
      observers[i] = foreign.start(("%s %s -s 1 -m get %s/count"):format(program, case.arguments, base))
      observers[i]:expect("count 0")
    end
    notify(1, observers)
    for _, program in ipairs(programs) do
      get_and_put(program .. " " .. case.arguments, base)
    end
    notify(2, observers)
    for _, observer in ipairs(observers) do
      assert.are.equal("count 0count 1count 2\n", observer:finish())
    end
    assert.is_true(process.wait(function() return gone == #programs end), "they have not unregistered")
    check_seen(case)
  end

  for _, case in ipairs(cases) do
    local programs = table.concat(case.programs or BOTH, " and ")
    for _, provider in ipairs(case.providers or { "mbedTLS", "GnuTLS" }) do
      it(("by %s, with %s, talks with %s"):format(provider, case.name, programs), function()
        local settings = case.settings()
        settings.SSLProvider = provider
        serve(case, settings)
      end)
    end
  end

  it("answers over IPv6", function()
    local base = start({ SSLCert = foreign.certificate "server-ec" }, "::1")
    for _, program in ipairs(BOTH) do
      get_and_put(program .. " -R @root.crt", base)
    end
  end)
end)
