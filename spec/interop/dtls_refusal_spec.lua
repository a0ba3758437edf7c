-- Handshakes over DTLS that cannot succeed, with libcoap's programs and GnuTLS's server, which we did
-- not write: each ends with the number and the words that tell its user what to mend.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local PSK = { PSKIdentity = "dev", PSKKey = "736563726574" }
local X509 = "-n -c @server-ec.crt -j @server-ec.key"
local MUTUAL = "-c @server-ec.crt -j @server-ec.key -C @root.crt"

local function with(settings, more)
  local all = {}
  for _, list in ipairs { settings, more or {} } do
    for name, value in pairs(list) do
      all[name] = value
    end
  end
  return all
end

local function trusting(more)
  return with({ SSLServerCACerts = pki.read "root.crt" }, more)
end

-- Uses each row with each engine of ours and each library of theirs that it is for.
local function each(rows, use)
  for _, row in ipairs(rows) do
    for _, provider in ipairs(row.providers or { "mbedTLS", "GnuTLS" }) do
      for _, library in ipairs(row.libraries or { "openssl", "gnutls" }) do
        use(row, provider, library)
      end
    end
  end
end

describe("our client, refusing or refused over DTLS,", function()
  -- What libcoap's server is told, what our client is told, and how the call fails. Over GnuTLS that
  -- server says nothing of what it does not take: the call waits for its Timeout.
  local rows = {
    {
      name = "does not know the CA", server = X509,
      client = function() return { SSLServerCACerts = pki.read "stranger-root.crt" } end,
      code = 275, words = { "issuer (O=Specs, CN=root) is not known", "SSLServerCACerts" },
    },
    {
      name = "means another host", server = "-n -c @other-name.crt -j @other-name.key", client = trusting,
      code = 280, words = { "other.example", "not for 127.0.0.1" },
    },
    {
      name = "is shown a certificate that has expired", server = "-n -c @expired.crt -j @expired.key",
      client = trusting, code = 280, words = { "has expired", "2021-01-01" },
    },
    {
      name = "has no certificate where one is wanted", server = MUTUAL, client = trusting,
      code = 281, words = { "wants a certificate; set SSLCert" },
    },
    {
      name = "has a certificate of an authority that the server does not know", server = MUTUAL,
      client = function() return trusting { SSLCert = foreign.certificate "client-stranger" } end,
      code = 276, words = { "alert 48 (unknown_ca)", "does not know the CA of our certificate" },
    },
    {
      name = "has another pre-shared key", server = "-k secret",
      client = function() return with(PSK, { PSKKey = "00" }) end,
      code = 301, words = { "most likely PSKKey or PSKIdentity is wrong" },
    },
    {
      name = "has a pre-shared key, and the server a certificate", server = X509, libraries = { "openssl" },
      client = function() return PSK end,
      code = 276, words = { "alert 40", "takes no pre-shared key" },
    },
    {
      name = "has a pre-shared key, and the server a certificate", server = X509, libraries = { "gnutls" },
      client = function() return PSK end,
      code = 301, words = { "fell silent", "takes no pre-shared key" },
    },
    {
      name = "wants a certificate, and the server has a pre-shared key", server = "-k secret",
      libraries = { "openssl" }, client = trusting, code = 276, words = { "alert 40", "wants PSKKey or" },
    },
    {
      name = "wants a certificate, and the server has a pre-shared key", server = "-k secret",
      libraries = { "gnutls" }, client = trusting, code = 301, words = { "fell silent", "want PSKKey or" },
    },
    {
      name = "wants a raw public key, and the server has a certificate", server = X509,
      libraries = { "openssl" }, providers = { "GnuTLS" },
      client = function() return { UseRawPublicKey = true } end,
      code = 280, words = { "has shown a certificate, and UseRawPublicKey wants a raw public key" },
    },
    {
      name = "wants a raw public key, and the server has a certificate", server = X509,
      libraries = { "gnutls" }, providers = { "GnuTLS" },
      client = function() return { UseRawPublicKey = true } end,
      code = 301, words = { "fell silent", "may take no raw public key" },
    },
    {
      name = "wants a certificate, and the server has a raw public key", server = "-M @server-ec.sec1.key",
      libraries = { "gnutls" }, client = trusting, code = 276, words = { "alert 40", "UseRawPublicKey" },
    },
    {
      name = "is not told the server's raw public key", server = "-M @server-ec.sec1.key",
      libraries = { "gnutls" }, providers = { "GnuTLS" },
      client = function()
        return {
          UseRawPublicKey = true, SSLCert = foreign.key "client-ec",
          SSLAcceptServerCert = foreign.public_key "client-ec",
        }
      end,
      code = 280, words = { "raw public key is not known", "SSLAcceptServerCert" },
    },
    {
      name = "has no raw public key where one is wanted", server = "-M @server-ec.sec1.key",
      libraries = { "gnutls" }, providers = { "GnuTLS" },
      client = function()
        return { UseRawPublicKey = true, SSLAcceptServerCert = foreign.public_key "server-ec" }
      end,
      code = 281, words = { "wants a certificate; set SSLCert" },
    },
    {
      name = "has no cipher suite in common", server = "-n -c @server-rsa.crt -j @server-rsa.key",
      client = function() return trusting { SSLEnabledCipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" } end,
      code = 276, words = { "alert 40", "no cipher suite or group in common" },
    },
    {
      name = "has DTLS 1.0 alone, and the server 1.2", server = X509, libraries = { "openssl" },
      client = function() return trusting { SSLEnabledProtocols = 192 } end,
      code = 276, words = { "alert 70 (protocol_version)", "no protocol version in common" },
    },
  }

  local function fails(coap, uri, row)
    local ok, err = pcall(coap.Get, coap, uri)
    assert.is_false(ok)
    for _, word in ipairs(row.words) do
      assert.is_truthy(err.Message:find(word, 1, true), err.Message)
    end
    assert.are.equal(row.code, err.Code)
  end

  local function check(row, provider, library)
    local server <close>, base = foreign.serve("coap-server-" .. library, row.server, "127.0.0.1")
    local completed
    local client = with(row.client(), {
      SSLProvider = provider, Timeout = row.code == 301 and 0.6 or 5,
      OnRequestComplete = function(_, e) completed = e.ErrorCode end,
    })
    local coap <close> = lunacoap.CoAP(client)
    fails(coap, base .. "/", row)
    assert.are.equal(row.code, completed)
    assert.is_true(server:running())
  end

  each(rows, function(row, provider, library)
    it(("by %s, %s: coap-server-%s"):format(provider, row.name, library), function()
      check(row, provider, library)
    end)
  end)

  for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
    -- Instead of telling who exists GnuTLS goes on with a random key (RFC 4279 2 lets it).
    it("by " .. provider .. ", has a PSK identity that gnutls-serv does not know", function()
      foreign.with_file("dev:736563726574\n", function(path)
        local port = process.free_port("127.0.0.1")
        local server <close> = foreign.start(("gnutls-serv --udp --echo -p %d --pskpasswd %s --priority %s")
          :format(port, path, "NORMAL:-KX-ALL:+PSK"))
        server:expect("done")
        local coap <close> = lunacoap.CoAP(with(PSK, { PSKIdentity = "nobody", SSLProvider = provider, Timeout = 0.6 }))
        fails(coap, ("coaps://127.0.0.1:%d/"):format(port), {
          code = 301, words = { "most likely PSKKey or PSKIdentity is wrong" },
        })
        return true
      end)
    end)

    it("by " .. provider .. ", decides when coap-server-gnutls has given up", function()
      local server <close>, base = foreign.serve("coap-server-gnutls", X509, "127.0.0.1")
      local coap <close> = lunacoap.CoAP {
        SSLProvider = provider, Timeout = 5,
        OnSSLServerAuthentication = function(_, e)
          server:signal("INT")
          process.wait(function() return not server:running() end)
          e.Accept = true
        end,
      }
      fails(coap, base .. "/", {
        code = 276, words = { "closed the session in the middle of the handshake", "OnSSLServerAuthentication" },
      })
    end)

    it("by " .. provider .. ", asks where there is CoAP, and no DTLS", function()
      local server <close>, base = foreign.serve("coap-server-openssl", "-k secret", "127.0.0.1")
      local coap <close> = lunacoap.CoAP(with(PSK, { SSLProvider = provider, Timeout = 0.6 }))
      local port = base:match("%d+$") - 1
      fails(coap, ("coaps://127.0.0.1:%d/"):format(port), {
        code = 301, words = { "nothing answers the DTLS handshake", "no DTLS server" },
      })
      assert.is_true(server:running())
    end)
  end
end)

describe("our server, refusing or refused over DTLS,", function()
  local function demanding(more)
    return with({
      SSLCert = foreign.certificate "server-ec", SSLAuthenticateClients = true,
      SSLClientCACerts = pki.read "root.crt",
    }, more)
  end

  local function certified(more)
    return with({ SSLCert = foreign.certificate "server-ec" }, more)
  end

  -- What libcoap's client is told, what our server is told, what our server says, and what the client
  -- says: over OpenSSL, over GnuTLS.
  local rows = {
    {
      name = "has another pre-shared key", client = "-u dev -k wrong", server = function() return PSK end,
      words = { "Handshake error", "the client has another key", "compare PSKKey" },
      openssl = "bad record mac", gnutls = "Bad record MAC",
    },
    {
      name = "does not know a PSK identity", client = "-u nobody -k secret", server = function() return PSK end,
      words = { "Handshake error", "identity is not known", "OnPSKLookup" },
      openssl = "unknown PSK identity", gnutls = "username is missing or not known",
    },
    {
      name = "finds no key for a PSK identity", client = "-u nobody -k secret",
      server = function() return { OnPSKLookup = function() end } end,
      words = { "Handshake error", "identity is not known" },
      openssl = "unknown PSK identity", gnutls = "username is missing or not known",
    },
    {
      name = "wants a certificate and gets none", client = "-R @root.crt", server = demanding,
      words = { "No client certificate" }, openssl = "bad certificate", gnutls = "Certificate is bad",
    },
    {
      name = "does not know the CA of the client",
      client = "-R @root.crt -c @client-stranger.crt -j @client-stranger.key", server = demanding,
      words = { "Cannot verify certificate chain", "CN=stranger-root) is not known", "SSLClientCACerts" },
      openssl = "unknown CA", gnutls = "CA is unknown",
    },
    {
      name = "is shown a certificate that has expired",
      client = "-R @root.crt -c @client-expired.crt -j @client-expired.key", server = demanding,
      words = { "Error verifying certificate", "has expired", "2021-01-01" },
      openssl = "certificate expired", gnutls = "Certificate is expired",
    },
    {
      name = "is shown the certificate of a server", client = "-R @root.crt -c @other-name.crt -j @other-name.key",
      server = demanding, words = { "Error verifying certificate", "client" },
      openssl = "unsupported certificate", gnutls = "Certificate is not supported",
    },
    {
      name = "lets its handler refuse", client = "-R @root.crt -c @client-ec.crt -j @client-ec.key",
      server = function()
        return demanding { OnSSLClientAuthentication = function(_, e) e.Accept = false end }
      end,
      words = { "Error verifying certificate", "OnSSLClientAuthentication set Accept to False" },
      openssl = "certificate unknown", gnutls = "Unknown certificate",
    },
    {
      name = "has a certificate that the client does not trust", client = "-R @stranger-root.crt",
      server = certified,
      words = { "alert 48 (unknown_ca)", "does not know the CA of our certificate" },
      openssl = "unable to get local issuer certificate", gnutls = "CA is unknown",
    },
    {
      name = "has a certificate, and the client a pre-shared key", client = "-u dev -k secret",
      server = certified, words = { "Handshake error", "no cipher suite", "in common with the client" },
      openssl = "handshake failure", gnutls = "Handshake failed",
    },
    {
      name = "has a pre-shared key, and the client wants a certificate", client = "-R @root.crt",
      server = function() return PSK end,
      words = { "Handshake error", "no cipher suite", "in common with the client" },
      openssl = "handshake failure", gnutls = "Handshake failed",
    },
    {
      -- Over GnuTLS libcoap's client always takes raw public keys, whatever it is told.
      name = "has a raw public key, and the client wants a certificate", client = "-R @root.crt",
      libraries = { "openssl" }, providers = { "GnuTLS" },
      server = function() return certified { UseRawPublicKey = true } end,
      words = { "Handshake error", "kind of key in common with the client" }, openssl = "handshake failure",
    },
    {
      name = "has a certificate, and the client wants a raw public key", client = "-M @client-ec.sec1.key",
      libraries = { "gnutls" }, server = certified,
      words = { "alert 48 (unknown_ca)", "does not know the CA of our certificate" }, gnutls = "CA is unknown",
    },
    {
      name = "does not know a raw public key", client = "-M @client-ec.sec1.key", libraries = { "gnutls" },
      providers = { "GnuTLS" }, server = function() return demanding { UseRawPublicKey = true } end,
      words = { "Error verifying certificate", "raw public key is not known" }, gnutls = "Unknown certificate",
    },
    {
      name = "has DTLS 1.0 alone, and the client 1.2", client = "-R @root.crt", libraries = { "openssl" },
      server = function() return certified { SSLEnabledProtocols = 192 } end,
      words = { "Handshake error", "version" }, openssl = ":fatal:",
    },
  }

  local function check(row, provider, library)
    local ended, requests = nil, 0
    local server <close> = lunacoap.CoAP(with(row.server(), {
      LocalHost = "127.0.0.1", SSLEnabled = true, SSLProvider = provider, LogLevel = 1,
      OnLog = function(_, e) ended = ended or e.Message:match("DTLS session is over: (.*)") end,
      OnRequest = function() requests = requests + 1 end, Listening = true,
    }))
    local client <close> = foreign.start(("coap-client-%s -v 6 -B 3 %s coaps://127.0.0.1:%d/"):format(
      library, row.client, server.LocalPort))
    local said = client:finish()
    assert.is_true(process.wait(function() return ended end), said)
    for _, word in ipairs(row.words) do
      assert.is_truthy(ended:find(word, 1, true), ended)
    end
    assert.is_truthy(said:find(row[library], 1, true), said)
    assert.are.equal(0, requests)
  end

  each(rows, function(row, provider, library)
    it(("by %s, %s: coap-client-%s"):format(provider, row.name, library), function()
      check(row, provider, library)
    end)
  end)
end)
