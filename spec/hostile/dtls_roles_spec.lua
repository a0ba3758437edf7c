-- BothRoles over DTLS among peers that are honest in one role and lie in the other: a client of ours
-- at the address where we look for a server, a server of ours that asks what only clients may.
local dtls = require "spec.support.dtls"
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"

after_each(dtls.stop)

local KEYS = { mallory = "\1\2\3\4", device = "\5\6\7\8" }

local function find_key(_, e)
  e.Key = KEYS[e.Identity] or ""
end

local function merged(init, more)
  for name, value in pairs(more) do
    init[name] = value
  end
  return init
end

-- A server in both roles; its URI.
local function gateway(init)
  return dtls.server(merged({ BothRoles = true, SSLCert = false }, init))
end

-- A client that has asked the gateway, and serves nobody over DTLS itself; where it is, and what it
-- was asked in the session that it has begun.
local function peer_of(base, init)
  local asked = {}
  local peer = dtls.component(merged({ LocalHost = "127.0.0.1", BothRoles = true, Timeout = 5,
    SSLServerCACerts = pki.read "root.crt", OnRequest = function(coap, e)
      asked[#asked + 1] = e.URIPath
      coap.ResponseData = "from the peer"
    end, Listening = true }, init))
  peer:Get(base .. "/hello")
  return ("127.0.0.1:%d"):format(peer.LocalPort), asked, peer
end

local MALLORY = { PSKIdentity = "mallory", PSKKey = "01020304" }

-- Whether the gateway asks the peer in its session; else it begins one of its own.
local function reaches(coap, host, asked)
  local before, lines = #asked, dtls.status(coap)
  local function has_begun() return dtls.count(lines, "begins$") > 0 end
  coap.Timeout = 0
  coap:Put(("coaps://%s/secret"):format(host))
  dtls.until_true(function() return #asked > before or has_begun() end)
  assert.are.equal(#asked == before, has_begun())
  return #asked > before
end

describe("a client with a key of its own, where a server was,", function()
  local function asks(init)
    local coap, base = gateway(merged({ OnPSKLookup = find_key }, init))
    local host, asked = peer_of(base, MALLORY)
    return reaches(coap, host, asked)
  end

  it("is asked by its address when nothing says who servers are", function()
    assert.is_true(asks {})
  end)

  it("is not asked in the place of one with a certificate", function()
    assert.is_false(asks { SSLServerCACerts = pki.read "root.crt" })
    assert.is_false(asks { SSLAcceptServerCert = dtls.certificate "server-ec" })
    assert.is_false(asks { OpenSSLCAFile = pki.path "root.crt" })
    assert.is_false(asks { OpenSSLCADir = pki.folder() })
    assert.is_false(asks { OnSSLServerAuthentication = function() end })
  end)

  it("is not asked in the place of one with another key", function()
    assert.is_false(asks { PSKIdentity = "gateway", PSKKey = "0506" })
    assert.is_false(asks { PSKIdentity = "gateway", PSKKey = "01020304" })
  end)

  it("is not asked by a name", function()
    local coap, base = gateway { OnPSKLookup = find_key }
    local host, asked = peer_of(base, MALLORY)
    assert.is_false(reaches(coap, host:gsub("127.0.0.1", "localhost"), asked))
  end)

  it("does not keep the server itself from being asked once it is there again", function()
    local coap, base = gateway { OnPSKLookup = find_key, SSLServerCACerts = pki.read "root.crt" }
    local host, asked, mallory = peer_of(base, MALLORY)
    mallory:Shutdown()
    dtls.server { LocalPort = tonumber(host:match "%d+$") }
    dtls.reaches(coap, "coaps://" .. host)
    assert.are.same({}, asked)
  end)
end)

describe("a client with our own key", function()
  local OURS = { PSKIdentity = "device", PSKKey = "05060708" }

  it("is asked, and no longer when the key, or what else makes a session, is another one", function()
    for _, change in ipairs { "PSKKey=0506070809", "SSLEnabledCipherSuites=TLS_PSK_WITH_AES_128_CCM_8",
      "PSKIdentity=another" } do
      local coap, base = gateway(merged({}, OURS))
      local host, asked = peer_of(base, OURS)
      assert.is_true(reaches(coap, host, asked))
      coap:Config(change)
      assert.is_false(reaches(coap, host, asked), change)
    end
  end)

  it("is asked under any name, since keys are not of names", function()
    local coap, base = gateway(merged({}, OURS))
    local host, asked = peer_of(base, OURS)
    assert.is_true(reaches(coap, host:gsub("127.0.0.1", "localhost"), asked))
  end)

  it("is not asked when the key was another one's under that name", function()
    local coap, base = gateway { OnPSKLookup = find_key }
    local host, asked = peer_of(base, OURS)
    coap:Config "PSKKey=0102"
    coap:Config "PSKIdentity=device"
    lunacoap.sleep(0.01)
    assert.is_false(reaches(coap, host, asked))
  end)
end)

describe("a client with a certificate", function()
  local function asks(name, init, host_name)
    local coap, base = gateway(merged({ SSLCert = dtls.certificate "server-ec",
      SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt",
      SSLServerCACerts = pki.read "root.crt" }, init or {}))
    local host, asked = peer_of(base, { SSLCert = dtls.certificate(name) })
    return reaches(coap, host:gsub("127.0.0.1", host_name or "127.0.0.1"), asked)
  end

  local function accept(_, e)
    e.Accept = true
  end

  it("is asked when it would have been trusted as the server, too", function()
    assert.is_true(asks "no-usage")
    assert.is_true(asks("no-usage", nil, "localhost"))
    assert.is_true(asks("client-ec", { SSLAcceptServerCert = dtls.certificate "client-ec" }))
    assert.is_true(asks("client-ec", { SSLSecurityFlags = 0x80000020 }))
  end)

  it("is not asked when it is only one for clients, or for another name", function()
    assert.is_false(asks "client-ec")
    assert.is_false(asks("client-ec", { SSLSecurityFlags = 0x80000000 }))
    assert.is_false(asks("client-ec", { SSLSecurityFlags = 0x20 }))
    assert.is_false(asks("client-ec", { SSLServerCACerts = "" }))
    assert.is_false(asks("other-name", { OnSSLClientAuthentication = accept }))
    assert.is_false(asks("no-usage", { SSLAcceptServerCert = dtls.certificate "server-ec",
      SSLServerCACerts = "" }))
  end)

  it("is not asked when another authority is for servers", function()
    assert.is_false(asks("no-usage", { SSLServerCACerts = pki.read "stranger-root.crt" }))
    assert.is_false(asks("stranger", { OnSSLClientAuthentication = accept }))
    assert.is_false(asks("expired", { OnSSLClientAuthentication = accept }))
  end)

  it("is not asked when a handler is to judge servers", function()
    assert.is_false(asks("no-usage", { OnSSLServerAuthentication = accept }))
  end)

  it("is asked for no other name than its own, in one session after another", function()
    local coap, base = gateway { SSLCert = dtls.certificate "server-ec",
      SSLAuthenticateClients = true, SSLServerCACerts = pki.read "root.crt",
      OnSSLClientAuthentication = accept }
    local host, asked = peer_of(base, { SSLCert = dtls.certificate "server-ec" })
    local other = host:gsub("127.0.0.1", "localhost")
    for _ = 1, 2 do
      assert.is_true(reaches(coap, host, asked))
      assert.is_true(reaches(coap, other, asked))
    end
  end)
end)

describe("a client with a raw public key", function()
  it("is asked when that is the server's", function()
    local function asks(known)
      local coap, base = gateway { SSLCert = dtls.key "server-ec", UseRawPublicKey = true,
        SSLAuthenticateClients = true, OnSSLClientAuthentication = function(_, e) e.Accept = true end,
        SSLAcceptServerCert = known and dtls.public_key(known) }
      local host, asked = peer_of(base, { SSLCert = dtls.key "client-ec", UseRawPublicKey = true,
        SSLAcceptServerCert = dtls.public_key "server-ec" })
      return reaches(coap, host, asked)
    end
    assert.is_true(asks "client-ec")
    assert.is_false(asks "client-p384")
    assert.is_false(asks(nil))
  end)
end)

describe("a server that we have asked and that asks back in that session", function()
  -- The code of our answer.
  local function answer(init, name)
    local root, back, code = pki.read "root.crt", nil, nil
    local server, base = gateway { SSLCert = dtls.certificate(name), SSLAuthenticateClients = true,
      SSLClientCACerts = root, SSLServerCACerts = root,
      OnRequest = function(coap, e)
        coap.ResponseCode, back = "2.04", ("coaps://127.0.0.1:%d/secret"):format(e.RemotePort)
      end,
      OnRequestComplete = function(coap) code = coap.ResponseCode end }
    local coap = gateway(merged({ SSLCert = dtls.certificate "no-usage", SSLServerCACerts = root,
      OnRequest = function(self) self.ResponseCode = "2.04" end }, init))
    local lines = dtls.status(coap)
    coap:Put(base .. "/hello")
    server.Timeout = 0
    server:Put(back)
    dtls.until_true(function() return code end)
    assert.are.equal(1, dtls.count(lines, "begins$"))
    return code
  end

  it("may do what everybody may", function()
    assert.are.equal("2.04", answer({}, "server-ec"))
    assert.are.equal("2.04", answer({ OnPSKLookup = find_key }, "server-ec"))
  end)

  it("may do what only clients with certificates may if its own is good for that", function()
    local only = { SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt" }
    assert.are.equal("2.04", answer(only, "no-usage"))
    assert.are.equal("4.01", answer(only, "server-ec"))
    only.SSLClientCACerts = pki.read "stranger-root.crt"
    assert.are.equal("4.01", answer(only, "no-usage"))
  end)

  it("may not do what is for a handler to allow", function()
    assert.are.equal("4.01", answer({ SSLAuthenticateClients = true,
      SSLClientCACerts = pki.read "root.crt",
      OnSSLClientAuthentication = function(_, e) e.Accept = true end }, "no-usage"))
  end)

  it("may do nothing without SSLEnabled that others may not", function()
    assert.are.equal("2.04", answer({ SSLEnabled = false, SSLAuthenticateClients = true }, "server-ec"))
  end)
end)
