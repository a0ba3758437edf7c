-- Settings and properties that say whom DTLS trusts, as scripts of clients and servers use them.
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"

local BOTH = { "mbedTLS", "GnuTLS" }

after_each(dtls.stop)

-- Calls `use` with both engines.
local function with_both(use)
  for _, provider in ipairs(BOTH) do
    use(provider)
  end
end

describe("SSLServerCACerts", function()
  it("names whom a client trusts; it trusts nobody else (275)", function()
    local _, base = dtls.server()
    with_both(function(provider)
      dtls.reaches(dtls.client { SSLProvider = provider }, base)
      dtls.reaches(dtls.client {
        SSLProvider = provider,
        SSLServerCACerts = pki.read "stranger-root.crt" .. "\r\n" .. pki.read "root.crt",
      }, base)
      for _, list in ipairs { "", pki.read "stranger-root.crt" } do
        dtls.refuses(275, { "issuer (O=Specs, CN=root) is not known", "SSLServerCACerts" },
          dtls.client { SSLProvider = provider, SSLServerCACerts = list }, base)
      end
    end)
  end)

  it("takes certificates alone, each of these lists", function()
    local client = dtls.client()
    for _, name in ipairs { "SSLServerCACerts", "SSLClientCACerts", "SSLCACerts" } do
      dtls.raises(1, { name }, client.Config, client, name .. "=trust me")
    end
    assert.are.equal(pki.read "root.crt", client:Config "SSLServerCACerts")
  end)

  it("is nothing to a server, and SSLClientCACerts nothing to a client", function()
    local _, base = dtls.server { SSLAuthenticateClients = true, SSLServerCACerts = pki.read "root.crt" }
    dtls.refuses(276, { "alert 48 (unknown_ca)" }, dtls.client { SSLCert = dtls.certificate "client-ec" }, base)
    dtls.refuses(275, {}, dtls.client { SSLServerCACerts = false, SSLClientCACerts = pki.read "root.crt" }, base)
  end)
end)

describe("OpenSSLCAFile", function()
  it("names a file of whom either end trusts, with text around", function()
    local _, base = dtls.server { SSLAuthenticateClients = true, OpenSSLCAFile = pki.path "authorities.pem" }
    with_both(function(provider)
      dtls.reaches(dtls.client {
        SSLProvider = provider, SSLServerCACerts = false, OpenSSLCAFile = pki.path "authorities.pem",
        SSLCert = dtls.certificate "client-chain",
      }, base)
    end)
  end)

  it("that is not there is told when the session is made (275)", function()
    local client = dtls.client { OpenSSLCAFile = "/nowhere/ca.pem" }
    dtls.refuses(275, { "/nowhere/ca.pem", "No such file" }, client, "coaps://127.0.0.1:9")
    local server = dtls.server { OpenSSLCAFile = "/nowhere/ca.pem", Listening = false }
    dtls.raises(275, { "/nowhere/ca.pem" }, server.StartListening, server)
    assert.are.equal(0, server.LocalPort)
  end)
end)

describe("OpenSSLCADir", function()
  it("names a folder of whom a client trusts", function()
    local _, base = dtls.server()
    local folder = os.tmpname()
    os.remove(folder)
    os.execute(("mkdir %s && cp %s %s/any-name.pem"):format(folder, pki.path "root.crt", folder))
    with_both(function(provider)
      dtls.reaches(dtls.client { SSLProvider = provider, SSLServerCACerts = false, OpenSSLCADir = folder }, base)
    end)
    os.execute("rm -r " .. folder)
    dtls.refuses(275, { folder }, dtls.client { OpenSSLCADir = folder }, base)
  end)
end)

describe("SSLCACerts", function()
  it("are sent along with SSLCert, so that who knows the root alone trusts it", function()
    with_both(function(provider)
      local server = { SSLCert = dtls.certificate "server-chain", SSLProvider = provider }
      local _, base = dtls.server(server)
      dtls.refuses(275, { "O=Specs, CN=intermediate" }, dtls.client(), base)
      server.SSLCACerts = pki.read "intermediate.crt"
      _, base = dtls.server(server)
      dtls.reaches(dtls.client(), base)
    end)
  end)

  it("are sent along by a client, too", function()
    local _, base = dtls.server { SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt" }
    with_both(function(provider)
      local client = { SSLCert = dtls.certificate "client-chain", SSLProvider = provider }
      dtls.refuses(276, { "alert 48 (unknown_ca)" }, dtls.client(client), base)
      client.SSLCACerts = pki.read "intermediate.crt"
      dtls.reaches(dtls.client(client), base)
    end)
  end)
end)

describe("SSLAcceptServerCert", function()
  it("accepts that certificate whatever is wrong with it, and no other one", function()
    for _, name in ipairs { "self-signed", "expired", "other-name", "sha1", "stranger" } do
      local _, base = dtls.server { SSLCert = dtls.certificate(name) }
      with_both(function(provider)
        local client = dtls.client {
          SSLProvider = provider, SSLServerCACerts = false, SSLAcceptServerCert = dtls.certificate(name),
        }
        local seen = dtls.collect(client, "OnSSLServerAuthentication", "Status", "Accept")
        dtls.reaches(client, base)
        assert.are.same({ { Status = "OK", Accept = true } }, seen)
        client.SSLAcceptServerCert = dtls.certificate "server-ec"
        assert.is_false(pcall(client.Get, client, base))
      end)
    end
  end)

  it("adds to whom a client trusts, and may be changed in place", function()
    local _, base = dtls.server()
    local _, other = dtls.server { SSLCert = dtls.certificate "self-signed" }
    local client = dtls.client { SSLAcceptServerCert = dtls.certificate "stranger" }
    dtls.reaches(client, base)
    dtls.refuses(275, {}, client, other)
    client.SSLAcceptServerCert.Encoded = pki.read "self-signed.crt"
    dtls.reaches(client, other)
  end)
end)

describe("SSLAuthenticateClients", function()
  local function mutual(init)
    init.SSLAuthenticateClients, init.SSLClientCACerts = true, pki.read "root.crt"
    return dtls.server(init)
  end

  it("takes clients with a certificate of SSLClientCACerts", function()
    with_both(function(provider)
      local server, base = mutual { SSLProvider = provider }
      local seen = dtls.collect(server, "OnRequest", "CertSubject", "CertIssuer")
      for _, name in ipairs { "client-ec", "client-p384", "client-rsa", "client-ed25519" } do
        if provider == "GnuTLS" or name ~= "client-ed25519" then
          dtls.reaches(dtls.client { SSLCert = dtls.certificate(name) }, base)
          assert.are.same({ CertSubject = "O=Specs, CN=" .. name, CertIssuer = "O=Specs, CN=root" }, seen[#seen])
        end
      end
    end)
  end)

  it("refuses clients without one: 281 at both ends", function()
    with_both(function(provider)
      local server, base = mutual { SSLProvider = provider }
      local lines = dtls.status(server)
      dtls.refuses(281, { "wants a certificate; set SSLCert" }, dtls.client(), base)
      dtls.until_true(function() return dtls.count(lines, "no certificate") > 0 end)
    end)
  end)

  it("refuses strangers, expired ones and certificates of servers (276), naming the alert", function()
    with_both(function(provider)
      local _, base = mutual { SSLProvider = provider }
      for name, words in pairs {
        ["client-stranger"] = "alert 48 (unknown_ca)", ["client-expired"] = "alert 45 (certificate_expired)",
        ["server-ec"] = "alert 43 (unsupported_certificate)",
      } do
        dtls.refuses(276, { words }, dtls.client { SSLCert = dtls.certificate(name) }, base)
      end
    end)
  end)

  it("unset asks for none, and a client's certificate stays at home", function()
    local server, base = dtls.server()
    local seen = dtls.collect(server, "OnRequest", "CertSubject", "CertEncoded")
    dtls.reaches(dtls.client { SSLCert = dtls.certificate "client-ec" }, base)
    assert.are.same({ { CertSubject = "", CertEncoded = "" } }, seen)
  end)
end)

describe("SSLIncludeCertChain", function()
  it("puts the whole chain into CertEncoded, the leaf alone without it", function()
    local _, base = dtls.server { SSLCert = dtls.certificate "server-chain", SSLCACerts = pki.read "intermediate.crt" }
    with_both(function(provider)
      for include, count in pairs { [false] = 1, [true] = 2 } do
        local client = dtls.client { SSLProvider = provider, SSLIncludeCertChain = include }
        local seen = dtls.collect(client, "OnSSLServerAuthentication", "CertEncoded", "CertSubject")
        dtls.reaches(client, base)
        local chain = pki.ders(seen[1].CertEncoded)
        assert.are.equal("O=Specs, CN=server-chain", seen[1].CertSubject)
        assert.are.same({ table.unpack(pki.chain "server-chain.pem", 1, count) }, { table.unpack(chain, 1, 2) })
        assert.is_true(#chain >= count)
      end
    end)
  end)
end)

describe("SSLSecurityFlags", function()
  local TIME, NESTING, UNKNOWN_CA, USAGE, NAME = 0x1, 0x4, 0x10, 0x20, 0x80000000

  it("overlook what they stand for, and nothing else", function()
    for name, row in pairs {
      expired = { TIME, 280 }, future = { TIME, 280 }, stranger = { UNKNOWN_CA, 275 },
      ["self-signed"] = { UNKNOWN_CA, 275 }, ["client-ec"] = { USAGE | NAME, 280 },
      ["other-name"] = { NAME, 280 },
    } do
      -- mbed TLS shows no certificate that is not for servers.
      local _, base = dtls.server { SSLCert = dtls.certificate(name), SSLProvider = "GnuTLS" }
      with_both(function(provider)
        local all = TIME | NESTING | UNKNOWN_CA | USAGE | NAME
        dtls.refuses(row[2], {}, dtls.client { SSLProvider = provider, SSLSecurityFlags = all & ~row[1] }, base)
        dtls.reaches(dtls.client { SSLProvider = provider, SSLSecurityFlags = row[1] }, base)
      end)
    end
  end)

  it("count for a server's clients, too", function()
    local _, base = dtls.server {
      SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt", SSLSecurityFlags = TIME,
    }
    dtls.reaches(dtls.client { SSLCert = dtls.certificate "client-expired" }, base)
    dtls.refuses(276, {}, dtls.client { SSLCert = dtls.certificate "client-stranger" }, base)
  end)

  it("take 32 bits, decimal or hexadecimal", function()
    local client = dtls.client()
    client:Config "SSLSecurityFlags=0x80000010"
    assert.are.equal("2147483664", client:Config "SSLSecurityFlags")
    dtls.raises(1, { "0 to 0xFFFFFFFF" }, client.Config, client, "SSLSecurityFlags=0x100000000")
  end)
end)

describe("UseRawPublicKey", function()
  local function pinned(more)
    local settings = {
      UseRawPublicKey = true, SSLServerCACerts = false, SSLAcceptServerCert = dtls.public_key "server-ec",
    }
    for name, value in pairs(more or {}) do
      settings[name] = value
    end
    return dtls.client(settings)
  end

  it("lets a client know a server by its key alone, of a key or of a certificate", function()
    for _, own in ipairs { dtls.key "server-ec", dtls.certificate "server-ec" } do
      local _, base = dtls.server { UseRawPublicKey = true, SSLCert = own }
      local client = pinned()
      local seen = dtls.collect(client, "OnSSLServerAuthentication", "CertEncoded", "CertSubject", "CertIssuer", "Status", "Accept")
      dtls.reaches(client, base)
      assert.are.same({ {
        CertEncoded = pki.read "server-ec.pub", CertSubject = "", CertIssuer = "", Status = "OK", Accept = true,
      } }, seen)
      assert.are.equal(pki.read "server-ec.pub", client.SSLServerCert.PublicKey)
    end
  end)

  it("refuses every other key (280), unless the handler accepts it", function()
    local _, base = dtls.server { UseRawPublicKey = true, SSLCert = dtls.key "server-p384" }
    dtls.refuses(280, { "SSLAcceptServerCert" }, pinned(), base)
    dtls.reaches(pinned { OnSSLServerAuthentication = function(_, e) e.Accept = true end }, base)
  end)

  it("lets both ends know each other; a server's handler decides who is let in", function()
    local friend = pki.read "client-ec.pub"
    local server, base = dtls.server {
      UseRawPublicKey = true, SSLAuthenticateClients = true,
      OnSSLClientAuthentication = function(_, e) e.Accept = e.CertEncoded == friend end,
    }
    local seen = dtls.collect(server, "OnRequest", "CertEncoded")
    dtls.reaches(pinned { SSLCert = dtls.key "client-ec" }, base)
    assert.are.same({ { CertEncoded = friend } }, seen)
    dtls.refuses(276, { "alert" }, pinned { SSLCert = dtls.key "client-p384" }, base)
    dtls.refuses(281, { "SSLCert" }, pinned(), base)
  end)

  it("takes no certificate in its place, nor the reverse", function()
    local _, base = dtls.server()
    dtls.refuses(280, { "has shown a certificate, and UseRawPublicKey wants a raw public key" }, pinned(), base)
    _, base = dtls.server { UseRawPublicKey = true }
    with_both(function(provider)
      dtls.refuses(276, { "alert" }, dtls.client { SSLProvider = provider }, base)
    end)
  end)

  it("is what a bare key in SSLCert needs (273)", function()
    local server = dtls.server { SSLCert = dtls.key "server-ec", Listening = false }
    dtls.raises(273, { "a bare key", "UseRawPublicKey=True" }, server.StartListening, server)
  end)
end)
