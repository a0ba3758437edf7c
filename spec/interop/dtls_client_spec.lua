-- Our client over DTLS, talking to libcoap's servers, which we did not write: over OpenSSL and over
-- GnuTLS.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local BOTH = { "coap-server-openssl", "coap-server-gnutls" }
local EC = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"

local function trusting(settings)
  settings.SSLServerCACerts = pki.read "root.crt"
  return settings
end

-- Each: what the server is told, what our client is told, and the suite.
local cases = {
  {
    name = "an EC certificate", arguments = "-n -c @server-ec.crt -j @server-ec.key -R @root.crt", suite = EC,
    subject = "O=Specs, CN=server-ec", settings = function() return trusting {} end,
  },
  {
    name = "an RSA certificate", arguments = "-n -c @server-rsa.crt -j @server-rsa.key -R @root.crt",
    suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", subject = "O=Specs, CN=server-rsa",
    settings = function() return trusting {} end,
  },
  {
    name = "certificates of both ends", arguments = "-c @server-ec.crt -j @server-ec.key -C @root.crt",
    suite = EC, subject = "O=Specs, CN=server-ec", shows = "client-ec",
    settings = function() return trusting { SSLCert = foreign.certificate "client-ec" } end,
  },
  {
    -- Over OpenSSL libcoap's server sends the first certificate of a file only.
    name = "a chain of the server and an RSA certificate of ours", servers = { "coap-server-gnutls" },
    arguments = "-c @server-chain.pem -j @server-chain.key -C @root.crt",
    suite = EC, subject = "O=Specs, CN=server-chain", shows = "client-rsa",
    settings = function() return trusting { SSLCert = foreign.certificate "client-rsa" } end,
  },
  {
    name = "a pre-shared key", arguments = "-k secret", suite = "TLS_PSK_WITH_AES_128_CCM_8",
    settings = function() return { PSKIdentity = "dev", PSKKey = "736563726574" } end,
  },
  {
    -- Its server over GnuTLS gives up where a client offers certificates too: ours does not.
    name = "a pre-shared key, though the server has a certificate too",
    arguments = "-k secret -c @server-ec.crt -j @server-ec.key", suite = "TLS_PSK_WITH_AES_128_CCM_8",
    settings = function() return { PSKIdentity = "dev", PSKKey = "736563726574" } end,
  },
  {
    name = "raw public keys of both ends", providers = { "GnuTLS" }, servers = { "coap-server-gnutls" },
    arguments = "-M @server-ec.sec1.key", suite = EC, shows = "RPK",
    settings = function()
      return {
        UseRawPublicKey = true, SSLCert = foreign.key "client-ec",
        SSLAcceptServerCert = foreign.public_key "server-ec",
      }
    end,
  },
}

describe("our client over DTLS,", function()
  local server, base, coap, sessions

  local function start(program, arguments, settings, host)
    server, base = foreign.serve(program, arguments, host or "127.0.0.1")
    sessions = 0
    settings.Timeout = settings.Timeout or 5
    settings.OnSSLStatus = function(_, e)
      if e.Message:find("^Session %d+ with .* is up:") then
        sessions = sessions + 1
      end
    end
    coap = lunacoap.CoAP(settings)
  end

  after_each(function()
    coap:Shutdown()
    local _ <close> = server
  end)

  local function put(body)
    coap.RequestDataB = body
    coap:Put(base .. "/example_data")
    coap.RequestDataB = ""
  end

  -- A GET, a body in blocks both ways and an observation, in one session.
  local function talk()
    coap:Get(base .. "/")
    assert.are.equal("2.05", coap.ResponseCode)
    assert.is_truthy(coap.ResponseData:find("libcoap", 1, true))
    local large = foreign.text(20 * 1024)
    put(large)
    coap:Get(base .. "/example_data")
    assert.are.equal(large, coap.ResponseDataB)
    local last
    coap.OnNotification = function() last = coap.ResponseDataB end
    coap:StartObserving(base .. "/example_data")
    for _, body in ipairs { "first", foreign.text(3000), "third" } do
      put(body)
      assert.is_true(process.wait(function() return last == body end, 5), last)
    end
    coap:StopObserving(base .. "/example_data")
    put("unseen")
    coap:Get(base .. "/example_data")
    assert.are.same({ "unseen", "third" }, { coap.ResponseData, last })
    assert.are.equal(1, sessions)
  end

  local function check(provider, case, program)
    local settings = case.settings()
    settings.SSLProvider = provider
    start(program, case.arguments, settings)
    talk()
    assert.are.equal(case.suite, coap:Config "SSLNegotiatedCipherSuite")
    assert.are.equal(case.subject or "", coap.SSLServerCert.Subject)
    if case.shows then
      local log = server:output()
      assert.is_truthy(log:find(("'%s' presented by client"):format(case.shows), 1, true), log)
    end
  end

  for _, case in ipairs(cases) do
    for _, provider in ipairs(case.providers or { "mbedTLS", "GnuTLS" }) do
      for _, program in ipairs(case.servers or BOTH) do
        it(("by %s, with %s, talks with %s"):format(provider, case.name, program), function()
          check(provider, case, program)
        end)
      end
    end
  end

  it("talks over IPv6", function()
    for _, program in ipairs(BOTH) do
      start(program, cases[1].arguments, trusting {}, "::1")
      talk()
      coap:Shutdown()
      local _ <close> = server
    end
  end)

  for _, program in ipairs(BOTH) do
    it(("may decide late whether it trusts %s"):format(program), function()
      local settings = {
        Timeout = 10, OnSSLServerAuthentication = function(_, e)
          lunacoap.sleep(3)
          e.Accept = true
        end,
      }
      start(program, "-n -c @self-signed.crt -j @self-signed.key", settings)
      talk()
    end)
  end
end)
