-- CertFingerprint: who is at the other end, as OpenSSL and sha256sum tell it.
local dtls = require "spec.support.dtls"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"

local BOTH = { "mbedTLS", "GnuTLS" }

after_each(dtls.stop)

local function sum(command)
  local pipe <close> = assert(io.popen(command .. " | sha256sum"))
  return pipe:read("a"):match("^%x+")
end

local function of_certificate(name)
  return sum(("openssl x509 -in %s -outform DER"):format(pki.path(name .. ".crt")))
end

local function of_key(name)
  return sum(("openssl pkey -pubin -in %s -outform DER"):format(pki.path(name .. ".pub")))
end

-- Collects the fingerprints that a handler of a component sees.
local function collect(coap, handler)
  return dtls.collect(coap, handler, "CertFingerprint")
end

local function one(fingerprint)
  return { { CertFingerprint = fingerprint } }
end

describe("CertFingerprint", function()
  it("is the SHA-256 of the certificate that a client shows, on each event about it", function()
    for _, provider in ipairs(BOTH) do
      local server, base = dtls.server { SSLProvider = provider, SSLAuthenticateClients = true,
        SSLClientCACerts = pki.read "root.crt",
        OnRegister = function(coap, e) coap.ResponseData, e.Accept = "first", true end }
      local shown, asked, registered = collect(server, "OnSSLClientAuthentication"), collect(server, "OnRequest"),
        collect(server, "OnRegister")
      local client = dtls.client { SSLCert = dtls.certificate "client-ec" }
      dtls.reaches(client, base)
      client:StartObserving(base .. "/obs")
      local expected = one(of_certificate "client-ec")
      assert.are.same({ expected, expected, expected }, { shown, asked, registered })
      assert.are.equal(64, #expected[1].CertFingerprint)
    end
  end)

  it("is that of the certificate that a server shows, and not of its chain", function()
    for _, include in ipairs { "False", "True" } do
      local _, base = dtls.server { SSLCert = dtls.certificate "server-chain",
        SSLCACerts = pki.read "intermediate.crt" }
      local client = dtls.client { SSLIncludeCertChain = include }
      local shown = collect(client, "OnSSLServerAuthentication")
      dtls.reaches(client, base)
      assert.are.same(one(of_certificate "server-chain"), shown)
      assert.are.equal(client.SSLServerCert.ThumbprintSHA256, shown[1].CertFingerprint)
    end
  end)

  it("is the SHA-256 of a raw public key, of its SubjectPublicKeyInfo (RFC 7250 3)", function()
    local server, base = dtls.server { UseRawPublicKey = true, SSLAuthenticateClients = true,
      OnSSLClientAuthentication = function(_, e) e.Accept = true end }
    local judged, asked = collect(server, "OnSSLClientAuthentication"), collect(server, "OnRequest")
    local expected = {}
    for i, name in ipairs { "client-ec", "client-p384" } do
      local client = dtls.client { UseRawPublicKey = true, SSLServerCACerts = false, SSLCert = dtls.key(name),
        SSLAcceptServerCert = dtls.public_key "server-ec" }
      local shown = collect(client, "OnSSLServerAuthentication")
      dtls.reaches(client, base)
      assert.are.same(one(of_key "server-ec"), shown)
      expected[i] = { CertFingerprint = of_key(name) }
    end
    assert.are.same({ expected, expected }, { judged, asked })
  end)

  it("is the same for a raw key, whoever the client is and whenever it comes", function()
    local server, base = dtls.server { UseRawPublicKey = true, SSLAuthenticateClients = true,
      OnSSLClientAuthentication = function(_, e) e.Accept = e.CertFingerprint == of_key "client-ec" end }
    local asked = collect(server, "OnRequest")
    assert.is_truthy(foreign.run("coap-client-gnutls -M @client-ec.sec1.key " .. base .. "/hello")
      :find("/hello", 1, true))
    assert.are.same(one(of_key "client-ec"), asked)
  end)

  it("stays with a session that is resumed", function()
    for _, provider in ipairs(BOTH) do
      local server, base = dtls.server { SSLProvider = provider, SSLAuthenticateClients = true,
        SSLClientCACerts = pki.read "root.crt" }
      local asked = collect(server, "OnRequest")
      local client = dtls.client { SSLCert = dtls.certificate "client-ec", ReuseSSLSession = true }
      for _ = 1, 2 do
        dtls.reaches(client, base)
        client:Shutdown()
      end
      local expected = of_certificate "client-ec"
      assert.are.same({ { CertFingerprint = expected }, { CertFingerprint = expected } }, asked)
    end
  end)

  it("is empty where nobody has shown anything", function()
    local server, base = dtls.server { PSKIdentity = "dev", PSKKey = "0102" }
    local asked = collect(server, "OnRequest")
    dtls.reaches(dtls.client(), base)
    dtls.reaches(dtls.client { SSLServerCACerts = false, PSKIdentity = "dev", PSKKey = "0102" }, base)
    local plain = dtls.server { SSLEnabled = false, SSLCert = false }
    local seen = collect(plain, "OnRequest")
    dtls.client():Get(("coap://127.0.0.1:%d/"):format(plain.LocalPort))
    assert.are.same({ { CertFingerprint = "" }, { CertFingerprint = "" } }, asked)
    assert.are.same(one "", seen)
  end)
end)
