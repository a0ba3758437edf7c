-- Settings and properties of DTLS, each by what it changes between two components.
local dtls = require "spec.support.dtls"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local raw = require "spec.support.raw"

local PLAIN = { SSLServerCACerts = false, Timeout = 0.3 }

local function plain(base)
  return (base:gsub("^coaps", "coap"))
end

describe("SSLEnabled", function()
  after_each(dtls.stop)

  it("lets a client speak DTLS with coap://, and coaps:// means it always", function()
    local _, base = dtls.server()
    dtls.reaches(dtls.client(), base)
    dtls.reaches(dtls.client { SSLEnabled = true }, plain(base))
  end)

  it("lets a server take nothing plain", function()
    local server, base = dtls.server()
    local asked = dtls.collect(server, "OnRequest", "URIPath")
    dtls.refuses(301, { plain(base) }, dtls.client(PLAIN), plain(base))
    assert.are.same({}, asked)
  end)

  it("when it is not set lets a server take no DTLS, and says what that looks like", function()
    local _, base = dtls.server { SSLEnabled = false }
    dtls.refuses(301, { "nothing answers the DTLS handshake" }, dtls.client { Timeout = 0.3 }, base)
    dtls.reaches(dtls.client(PLAIN), plain(base))
  end)

  it("of a client counts for the next request, coaps:// and plain in turn", function()
    local _, base = dtls.server()
    local _, other = dtls.server { SSLEnabled = false }
    local client = dtls.client()
    for _ = 1, 2 do
      client.SSLEnabled = true
      dtls.reaches(client, plain(base))
      client.SSLEnabled = false
      dtls.reaches(client, plain(other))
      dtls.reaches(client, base)
    end
  end)

  it("cannot change while the component listens, since it would seem safe and not be", function()
    for _, enabled in ipairs { true, false } do
      local server = dtls.server { SSLEnabled = enabled }
      dtls.raises(712, { "SSLEnabled", "StopListening" }, function() server.SSLEnabled = not enabled end)
      assert.are.equal(enabled, server.SSLEnabled)
      server.SSLEnabled = enabled
    end
  end)

  it("may change between two times of listening", function()
    local server, base = dtls.server()
    server:StopListening()
    server.SSLEnabled = false
    server:StartListening()
    dtls.reaches(dtls.client(PLAIN), plain(base))
    dtls.refuses(301, {}, dtls.client { Timeout = 0.3 }, base)
    server:StopListening()
    server.SSLEnabled = true
    server:StartListening()
    dtls.reaches(dtls.client(), base)
    dtls.refuses(301, {}, dtls.client(PLAIN), plain(base))
  end)

  it("set between lets nothing out that observers from before would get in plain", function()
    raw.start()
    local server, base = dtls.server { SSLEnabled = false, OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "public", true
    end }
    local observer, port = raw.open(), tonumber(base:match("%d+$"))
    local answer = raw.ask(observer, "127.0.0.1", port, { code = "0.01", id = 1, options = { { raw.OBSERVE, "" } } })
    assert.is_truthy(answer.option[raw.OBSERVE])
    server:StopListening()
    server.SSLEnabled = true
    server:StartListening()
    server.ResponseCode, server.ResponseData = "2.05", "secret"
    server:SendNotification("/")
    raw.run(0.05)
    assert.are.equal(1, #observer.got)
    raw.stop()
  end)

  it("unset lets a component that was a server ask in plain", function()
    local _, base = dtls.server { SSLEnabled = false }
    local was = dtls.server()
    was:StopListening()
    was.SSLEnabled, was.Timeout = false, 1
    dtls.reaches(was, plain(base))
  end)
end)

describe("SSLCert", function()
  after_each(dtls.stop)

  local function subject(base)
    local client = dtls.client()
    dtls.reaches(client, base)
    return client.SSLServerCert.Subject
  end

  it("is what the server shows", function()
    local _, base = dtls.server { SSLCert = dtls.certificate "server-rsa" }
    assert.are.equal("O=Specs, CN=server-rsa", subject(base))
  end)

  it("may be chosen in place by StoreType, Store, StorePassword and Subject", function()
    local server = dtls.server { SSLCert = false, Listening = false }
    server.SSLCert.StoreType, server.SSLCert.Store = 2, pki.path "server-rsa.pfx"
    server.SSLCert.StorePassword = pki.password
    server.SSLCert.Subject = "*"
    server:StartListening()
    assert.are.equal("O=Specs, CN=server-rsa", subject("coaps://127.0.0.1:" .. server.LocalPort))
  end)

  it("may be chosen in place by Encoded, its key in the Store", function()
    local server = dtls.server { SSLCert = false, Listening = false }
    server.SSLCert.StoreType, server.SSLCert.Store = 7, pki.read "server-ec.key"
    server.SSLCert.Encoded = pki.read "server-ec.crt"
    server:StartListening()
    assert.are.equal("O=Specs, CN=server-ec", subject("coaps://127.0.0.1:" .. server.LocalPort))
  end)

  it("of a client, changed in place, counts for its next session", function()
    local server, base = dtls.server { SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt" }
    local shown = dtls.collect(server, "OnRequest", "CertSubject")
    local client = dtls.client { SSLCert = dtls.certificate "client-ec" }
    client:Get(base)
    client.SSLCert.StoreType, client.SSLCert.Store = 7, pki.read "client-rsa.crt" .. pki.read "client-rsa.key"
    client.SSLCert.Subject = "*"
    client:Get(base)
    assert.are.same({ { CertSubject = "O=Specs, CN=client-ec" }, { CertSubject = "O=Specs, CN=client-rsa" } }, shown)
  end)

  it("of a server that listens counts for the sessions to come, and those that are up stay", function()
    local server, base = dtls.server()
    local client = dtls.client()
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    server.SSLCert = dtls.certificate "server-rsa"
    assert.are.equal("O=Specs, CN=server-rsa", subject(base))
    dtls.reaches(client, base)
    assert.are.equal(1, dtls.sessions(lines))
  end)

  it("of a server that listens stays in force when the next one has no key: OnError says so", function()
    local server, base = dtls.server()
    local errors = dtls.collect(server, "OnError", "ErrorCode", "Description")
    server.SSLCert = foreign.public_key "server-rsa"
    assert.are.equal("O=Specs, CN=server-ec", subject(base))
    assert.are.equal(1, #errors)
    assert.are.equal(273, errors[1].ErrorCode)
    assert.is_truthy(errors[1].Description:find("SSLCert has no private key", 1, true), errors[1].Description)
  end)

  it("takes a Certificate and nothing else", function()
    dtls.raises(1, { "SSLCert takes" }, function() dtls.client().SSLCert = "server.pem" end)
  end)

  it("without a private key is refused before the port is bound (273)", function()
    local server = dtls.server { SSLCert = dtls.public_key "server-ec", Listening = false }
    dtls.raises(273, { "no private key" }, server.StartListening, server)
    assert.are.equal(0, server.LocalPort)
  end)

  it("that is not for servers is refused with the reason (273)", function()
    local server = dtls.server { SSLCert = dtls.certificate "no-signature", Listening = false }
    dtls.raises(273, { "Digital Signature" }, server.StartListening, server)
    server = dtls.server { SSLCert = dtls.certificate "client-ec", Listening = false }
    dtls.raises(273, { "ExtendedKeyUsage lacks 1.3.6.1.5.5.7.3.1" }, server.StartListening, server)
    dtls.server { SSLCert = dtls.certificate "no-usage" }
  end)

  it("not set lets StartListening fail before the port is bound (273)", function()
    local server = dtls.server { SSLCert = false, Listening = false }
    dtls.raises(273, { "SSLCert", "PSKKey", "OnPSKLookup" }, server.StartListening, server)
    assert.are.equal(0, server.LocalPort)
    assert.is_false(server.Listening)
  end)
end)

describe("SSLServerCert", function()
  after_each(dtls.stop)

  it("is the server's of the last session, empty before it and as soon as another begins", function()
    local _, base = dtls.server()
    local client = dtls.client()
    assert.are.equal("", client.SSLServerCert.Subject)
    dtls.reaches(client, base)
    local kept = client.SSLServerCert
    assert.are.equal(pki.chain("server-ec.crt")[1], (pki.ders(kept.Encoded))[1])
    client.Timeout = 0
    local seen
    client.OnSSLStatus = function(_, e)
      if e.Message:find("begins") then seen = true end
    end
    local _, other = dtls.server { SSLCert = dtls.certificate "server-rsa" }
    client:Get(other)
    assert.is_true(seen)
    assert.are.same({ "", "O=Specs, CN=server-ec" }, { client.SSLServerCert.Subject, kept.Subject })
    dtls.until_true(function() return client.SSLServerCert.Subject == "O=Specs, CN=server-rsa" end)
  end)

  it("cannot be assigned", function()
    local client = dtls.client()
    dtls.raises(1, { "SSLServerCert is read-only" }, function() client.SSLServerCert = dtls.certificate "server-ec" end)
  end)

  it("tells of a server that was refused what it has shown", function()
    local _, base = dtls.server { SSLCert = dtls.certificate "expired" }
    local client = dtls.client()
    dtls.refuses(280, { "expired" }, client, base)
    assert.are.equal("O=Specs, CN=expired", client.SSLServerCert.Subject)
  end)
end)

describe("Reset", function()
  after_each(dtls.stop)

  it("forgets certificates, keys and settings", function()
    local _, base = dtls.server()
    local client = dtls.client { SSLCert = dtls.certificate "client-ec", SSLAcceptServerCert = dtls.certificate "server-ec",
      PSKIdentity = "a", PSKKey = "00", SSLEnabled = true, SSLProvider = "GnuTLS" }
    client:Config "PSKKey="
    dtls.reaches(client, base)
    client:Reset()
    assert.are.same({ "", "", "", false }, { client.SSLCert.Subject, client.SSLAcceptServerCert.Subject,
      client.SSLServerCert.Subject, client.SSLEnabled })
    for name, default in pairs { PSKIdentity = "", PSKKey = "", SSLProvider = "Automatic", SSLServerCACerts = "" } do
      assert.are.equal(default, client:Config(name))
    end
    client.Timeout = 5
    dtls.refuses(275, { "O=Specs, CN=root" }, client, base)
  end)
end)
