-- What is told of a DTLS session, which engine makes it, and how long it and what it leaves live.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local BOTH = { "mbedTLS", "GnuTLS" }
local PSK = { SSLServerCACerts = false, PSKIdentity = "dev", PSKKey = "736563726574" }

after_each(dtls.stop)

describe("SSLNegotiated settings", function()
  it("tell all of a session, at the server by its ConnectionId", function()
    for _, provider in ipairs(BOTH) do
      local id
      local server = { SSLProvider = provider, OnRequest = function(coap, e)
        id, coap.ResponseData = e.ConnectionId, e.URIPath
      end }
      local listening, base = dtls.server(server)
      local client = dtls.client()
      dtls.reaches(client, base)
      for name, value in pairs {
        Cipher = "AES_128_CCM_8", CipherStrength = "128", CipherSuite = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
        KeyExchange = "ECDHE_ECDSA", KeyExchangeStrength = "256", Version = "DTLS1.2",
      } do
        assert.are.equal(value, client:Config("SSLNegotiated" .. name))
        assert.are.equal(value, listening:Config(("SSLNegotiated%s[%d]"):format(name, id)))
        assert.are.equal(value, listening:Config("SSLNegotiated" .. name))
      end
    end
  end)

  it("tell each session of a server apart, and nothing of those that are not or no longer there", function()
    local ids = {}
    local server, base = dtls.server { OnRequest = function(coap, e)
      ids[#ids + 1], coap.ResponseData = e.ConnectionId, e.URIPath
    end }
    local one = dtls.client { SSLEnabledCipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" }
    dtls.reaches(one, base)
    dtls.reaches(dtls.client(), base)
    assert.are.equal("256", server:Config(("SSLNegotiatedCipherStrength[%d]"):format(ids[1])))
    assert.are.equal("128", server:Config(("SSLNegotiatedCipherStrength[%d]"):format(ids[2])))
    assert.are.equal("", server:Config(("SSLNegotiatedCipherStrength[%d]"):format(ids[2] + 1000)))
    one:Shutdown()
    dtls.until_true(function() return server:Config(("SSLNegotiatedVersion[%d]"):format(ids[1])) == "" end)
  end)

  it("are empty before any session, cannot be set, and take numbers of sessions alone", function()
    local client = dtls.client()
    assert.are.equal("", client:Config "SSLNegotiatedVersion")
    dtls.raises(1, { "SSLNegotiatedVersion" }, client.Config, client, "SSLNegotiatedVersion=DTLS1.2")
    for _, id in ipairs { "", "x", "-1", "0", "1.5", "99999999999" } do
      dtls.raises(1, { "ConnectionId in brackets" }, client.Config, client, "SSLNegotiatedVersion[" .. id .. "]")
    end
    for _, text in ipairs { "SSLNegotiatedVersion[7", "SSLNegotiatedVersion[7]x", "LogSSLPackets[7]" } do
      assert.is_false(pcall(client.Config, client, text), text)
    end
  end)

  it("tell of a session with a pre-shared key that no key was exchanged", function()
    local server = { SSLCert = false, PSKIdentity = PSK.PSKIdentity, PSKKey = PSK.PSKKey }
    local told = dtls.negotiated(server, PSK)
    assert.are.same({ "PSK", "0" }, { told "KeyExchange", told "KeyExchangeStrength" })
  end)
end)

describe("SSLProvider", function()
  it("reads which engine was taken once there was a session, before that what was set", function()
    for settings, provider in pairs {
      [{}] = "mbedTLS", [{ SSLProvider = "gnutls" }] = "GnuTLS",
      [{ UseRawPublicKey = true, SSLAcceptServerCert = dtls.public_key "server-ec" }] = "GnuTLS",
      [{ SSLCert = dtls.certificate "client-ed25519" }] = "GnuTLS",
    } do
      local _, base = dtls.server { UseRawPublicKey = settings.UseRawPublicKey }
      local client = dtls.client(settings)
      assert.are.equal(settings.SSLProvider or "Automatic", client:Config "SSLProvider")
      dtls.reaches(client, base)
      assert.are.equal(provider, client:Config "SSLProvider")
    end
  end)

  it("that cannot do what the credentials want is refused with the reason, when the session is made (1)", function()
    local client = dtls.client { SSLProvider = "mbedTLS", UseRawPublicKey = true }
    dtls.refuses(1, { "mbedTLS does no raw public keys", "Automatic" }, client, "coaps://127.0.0.1:9")
    local server = dtls.server { SSLProvider = "mbedTLS", SSLCert = dtls.certificate "server-ed25519", Listening = false }
    dtls.raises(1, { "mbedTLS does no Ed25519 keys" }, server.StartListening, server)
    assert.are.equal(0, server.LocalPort)
  end)

  it("takes the names of the engines alone", function()
    local client = dtls.client()
    dtls.raises(1, { "Automatic, mbedTLS or GnuTLS, not 'OpenSSL'" }, client.Config, client, "SSLProvider=OpenSSL")
  end)
end)

describe("OpenSSLPrngSeedData", function()
  it("is mixed in, and sessions are made as before", function()
    for _, provider in ipairs(BOTH) do
      dtls.negotiated({ SSLProvider = provider, OpenSSLPrngSeedData = "one" }, { OpenSSLPrngSeedData = ("two"):rep(1000) })
    end
  end)
end)

describe("ReuseSSLSession", function()
  local function resumes(client, base)
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    client:Shutdown()
    local resumed = dtls.count(lines, " is up: .*, resumed$")
    assert.are.equal(1 - resumed, dtls.count(lines, "shown its certificate"))
    return resumed == 1
  end

  it("makes a later session with less, also after Shutdown, and keeps who is there", function()
    for _, provider in ipairs(BOTH) do
      local server, base = dtls.server {
        SSLProvider = provider, SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt",
      }
      local shown = dtls.collect(server, "OnRequest", "CertSubject")
      local client = dtls.client {
        SSLProvider = provider, ReuseSSLSession = true, SSLCert = dtls.certificate "client-ec",
      }
      assert.is_false(resumes(client, base))
      assert.is_true(resumes(client, base))
      assert.are.equal("O=Specs, CN=server-ec", client.SSLServerCert.Subject)
      assert.are.same({ { CertSubject = "O=Specs, CN=client-ec" }, { CertSubject = "O=Specs, CN=client-ec" } }, shown)
    end
  end)

  it("is off by default, and may be turned on and off while the socket is open", function()
    local server, base = dtls.server()
    local client = dtls.client()
    assert.is_false(resumes(client, base))
    assert.is_false(resumes(client, base))
    dtls.reaches(client, base)
    client:Config "ReuseSSLSession=True"
    dtls.reaches(client, base)
    client:Shutdown()
    assert.is_true(resumes(client, base))
    client:Config "ReuseSSLSession=False"
    assert.is_false(resumes(client, base))
    server:Shutdown()
  end)

  it("is as if a client kept sessions where power does not matter; a server keeps none", function()
    for _, provider in ipairs(BOTH) do
      for _, reuses in ipairs { true, false } do
        local server, base = dtls.server { SSLProvider = provider }
        local client = dtls.client { SSLProvider = provider, ReuseSSLSession = reuses }
        local lines = dtls.status(client)
        dtls.reaches(client, base)
        client:Restart()
        dtls.reaches(client, base)
        assert.are.equal(2, dtls.sessions(lines))
        assert.are.equal(reuses and 1 or 0, dtls.count(lines, "resumed$"))
        client:Shutdown()
        server:Restart()
        assert.is_false(resumes(client, base))
      end
    end
  end)

  it("resumes nothing that was made by other settings, and nothing after Reset", function()
    local _, base = dtls.server()
    local client = dtls.client { ReuseSSLSession = true }
    resumes(client, base)
    client:Config "SSLServerCACerts="
    dtls.refuses(275, {}, client, base)
    client:Reset()
    client.Timeout = 5
    client:Config "ReuseSSLSession=True"
    client:Config("SSLServerCACerts=" .. pki.read "root.crt")
    assert.is_false(resumes(client, base))
  end)
end)

describe("a session that was let in by a handler", function()
  local function saved_at(provider, init)
    init.SSLProvider, init.SSLAuthenticateClients = provider, true
    local server, base = dtls.server(init)
    local client = dtls.client { SSLProvider = provider, ReuseSSLSession = true }
    dtls.reaches(client, base)
    client:Shutdown()
    return client, base, server
  end

  local function accept(_, e) e.Accept = true end
  local function refuse(_, e) e.Accept = false end

  it("is not resumed at another server, which has its own handler", function()
    for _, provider in ipairs(BOTH) do
      local alike = { SSLProvider = provider, SSLAuthenticateClients = true, OnSSLClientAuthentication = refuse }
      dtls.server(alike) -- set like the others, it keeps alive what they might share
      local client, base, server = saved_at(provider, { OnSSLClientAuthentication = accept })
      alike.LocalPort = server.LocalPort
      server:Shutdown()
      dtls.server(alike)
      dtls.refuses(281, {}, client, base)
    end
  end)

  it("is not resumed when the server's handler is another one now", function()
    for _, provider in ipairs(BOTH) do
      local client, base, server = saved_at(provider, { OnSSLClientAuthentication = accept })
      server.OnSSLClientAuthentication = refuse
      dtls.refuses(281, {}, client, base)
    end
  end)

  it("is not resumed when the client's handler is another one now", function()
    for _, provider in ipairs(BOTH) do
      for _, handler in ipairs { refuse, false } do
        local _, base = dtls.server { SSLProvider = provider, SSLCert = dtls.certificate "self-signed" }
        local client = dtls.client { SSLProvider = provider, ReuseSSLSession = true, OnSSLServerAuthentication = accept }
        dtls.reaches(client, base)
        client:Shutdown()
        client.OnSSLServerAuthentication = handler or nil
        dtls.refuses(275, {}, client, base)
      end
    end
  end)
end)

describe("SSLKeyLogFile", function()
  it("gets one line for each session, of its own and of a server's, behind what is there", function()
    for _, provider in ipairs(BOTH) do
      dtls.with_file("# mine\n", function(path)
        local _, base = dtls.server { SSLProvider = provider, SSLKeyLogFile = path }
        local client = dtls.client { SSLKeyLogFile = path }
        dtls.reaches(client, base)
        dtls.reaches(client, base)
        local file <close> = assert(io.open(path))
        local lines = {}
        for line in file:lines() do
          lines[#lines + 1] = line
        end
        assert.are.same({ "# mine", lines[2], lines[2] }, lines)
        assert.is_truthy(lines[2]:find("^CLIENT_RANDOM " .. ("%x"):rep(64) .. " " .. ("%x"):rep(96) .. "$"), lines[2])
      end)
    end
  end)

  it("may be changed, and left empty again", function()
    local _, base = dtls.server()
    local client = dtls.client()
    dtls.with_file("", function(one)
      dtls.with_file("", function(other)
        for _, path in ipairs { one, other, "" } do
          client:Config("SSLKeyLogFile=" .. path)
          dtls.reaches(client, base)
        end
        for _, path in ipairs { one, other } do
          local file <close> = assert(io.open(path))
          assert.are.equal(1, select(2, file:read("a"):gsub("\n", "")))
        end
      end)
    end)
  end)

  it("that cannot be opened is told with its name when the session is made", function()
    local client = dtls.client { SSLKeyLogFile = "/nowhere/keys" }
    dtls.refuses(10002, { "cannot open the key log file /nowhere/keys" }, client, "coaps://127.0.0.1:9")
    local server = dtls.server { SSLKeyLogFile = "/nowhere/keys", Listening = false }
    dtls.raises(10002, { "/nowhere/keys" }, server.StartListening, server)
  end)
end)

describe("LogSSLPackets", function()
  it("lets SSLStatus tell of every record, both ways, and only then", function()
    local _, base = dtls.server()
    local client = dtls.client()
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    assert.are.equal(0, dtls.count(lines, "^Record"))
    client:Config "LogSSLPackets=True"
    dtls.reaches(client, base)
    local address = base:match("//(.*)$"):gsub("%p", "%%%0")
    assert.are.equal(1, dtls.count(lines, "^Record sent to " .. address .. ": .*application"))
    assert.are.equal(1, dtls.count(lines, "^Record received from " .. address .. ": .*application"))
    assert.are.equal(1, dtls.sessions(lines)) -- it needs no new session
    client:Config "LogSSLPackets=False"
    local before = #lines
    dtls.reaches(client, base)
    assert.are.equal(before, #lines)
  end)

  it("names the messages of a handshake", function()
    local _, base = dtls.server()
    local client = dtls.client { LogSSLPackets = true }
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    for _, name in ipairs { "client_hello", "hello_verify_request", "server_hello", "certificate", "change_cipher_spec" } do
      assert.is_true(dtls.count(lines, name) > 0, name)
    end
  end)
end)

describe("SSLSessionTimeout", function()
  it("closes an idle session with close_notify, and says so", function()
    local ended
    local server, base = dtls.server { SSLSessionTimeout = 1 }
    server.OnSSLStatus = function(_, e) ended = ended or e.Message:match("ended: (.*)") end
    local client = dtls.client()
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    local start = lunacoap.now()
    assert.is_true(process.wait(function() return dtls.count(lines, "closed the DTLS session") == 1 end, 3))
    assert.is_true(lunacoap.now() - start > 0.9)
    assert.is_truthy(ended:find("the DTLS session was idle for SSLSessionTimeout", 1, true), ended)
    dtls.reaches(client, base)
    assert.are.equal(2, dtls.sessions(lines))
  end)

  it("counts at once for sessions that are up, and takes a second or more", function()
    local server, base = dtls.server()
    local client = dtls.client()
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    server:Config "SSLSessionTimeout=1"
    assert.is_true(process.wait(function() return dtls.count(lines, "closed the DTLS session") == 1 end, 3))
    dtls.raises(1, { "1 or more seconds" }, client.Config, client, "SSLSessionTimeout=0.5")
  end)
end)
