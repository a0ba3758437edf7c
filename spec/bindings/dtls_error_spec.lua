-- How DTLS fails: with which number, in which words, by which ways; and that no secret is among them.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"
local raw = require "spec.support.raw"

local Type = lunacoap.StoreType
local CHACHA, GCM = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
local NOWHERE = "coaps://127.0.0.1:9"

after_each(dtls.stop)

describe("a certificate store", function()
  -- What is assigned in turn, the number, and words.
  local rows = {
    ["with another password"] = { { 2, "server-ec.pfx", "wrong" }, 271, { "StorePassword" } },
    ["without the password that it wants"] = { { 2, "server-ec.pfx", "" }, 271, { "StorePassword" } },
    ["with a key that wants another password"] = { { 6, "server-ec.encrypted.key", "wrong" }, 271, { "StorePassword" } },
    ["that is something else"] = { { 2, "server-ec.crt", "" }, 271, {} },
    ["that is not there"] = { { 6, "/nowhere/server.pem", "" }, 271, { "/nowhere/server.pem" } },
  }

  for name, row in pairs(rows) do
    it(("%s is refused when SSLCert.Subject is assigned (%d)"):format(name, row[2]), function()
      local type, store, password = table.unpack(row[1])
      local server = dtls.server { SSLCert = false, Listening = false }
      server.SSLCert.StoreType = type
      server.SSLCert.Store = store:find("^/") and store or pki.path(store)
      server.SSLCert.StorePassword = password
      local message = dtls.raises(row[2], row[3], function() server.SSLCert.Subject = "*" end)
      assert.is_nil(message:find("wrong:", 1, true) or message:find("'wrong'", 1, true), message)
      dtls.raises(273, { "SSLCert" }, server.StartListening, server)
    end)
  end

  it("has its say in the constructor, too (271, 272)", function()
    dtls.raises(271, { "StorePassword" }, lunacoap.Certificate, Type.cstPFXFile, pki.path "server-ec.pfx", "wrong", "*")
    dtls.raises(272, { "CN=nobody" }, lunacoap.Certificate, Type.cstPEMKeyFile, pki.path "server-ec.both.pem", "", "CN=nobody")
  end)
end)

-- Each failure of a session: both ends' settings, the number, and words in the user's terms.
local failures = {
  ["of an expired certificate"] = {
    server = function() return { SSLCert = dtls.certificate "expired" } end,
    code = 280, words = { "Error verifying certificate", "has expired", "2021-01-01" },
  },
  ["of one that is not valid yet"] = {
    server = function() return { SSLCert = dtls.certificate "future" } end, code = 280, words = { "2048-01-01" },
  },
  ["of a certificate for another name"] = {
    server = function() return { SSLCert = dtls.certificate "other-name" } end,
    code = 280, words = { "is for other.example", "192.0.2.1", "not for 127.0.0.1" },
  },
  ["of an unknown authority"] = {
    server = function() return { SSLCert = dtls.certificate "stranger" } end,
    code = 275, words = { "issuer (O=Specs, CN=stranger-root) is not known", "SSLServerCACerts" },
  },
  ["of a self-signed certificate"] = {
    server = function() return { SSLCert = dtls.certificate "self-signed" } end, code = 275, words = { "SSLServerCACerts" },
  },
  ["for want of a common suite"] = {
    server = function() return { SSLEnabledCipherSuites = GCM } end,
    client = function() return { SSLEnabledCipherSuites = CHACHA } end,
    code = 276, words = { "Handshake error", "the peer sent alert 40 (handshake_failure)", "cipher suite" },
  },
  ["for want of a client certificate"] = {
    server = function() return { SSLAuthenticateClients = true } end, code = 281, words = { "SSLCert" },
  },
  ["of a client certificate that is not trusted"] = {
    server = function() return { SSLAuthenticateClients = true } end,
    client = function() return { SSLCert = dtls.certificate "client-stranger" } end,
    code = 276, words = { "alert 48 (unknown_ca)", "does not know the CA of our certificate" },
  },
  ["of an unknown PSK identity"] = {
    server = function() return { PSKIdentity = "a", PSKKey = "00" } end,
    client = function() return { PSKIdentity = "b", PSKKey = "00" } end,
    code = 276, words = { "alert 115 (unknown_psk_identity)", "does not know our PSKIdentity" },
  },
}

describe("a request fails because", function()
  for name, row in pairs(failures) do
    it(("%s: %d, raised and told by RequestComplete alike"):format(name, row.code), function()
      local _, base = dtls.server(row.server())
      for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
        local settings = row.client and row.client() or {}
        settings.SSLProvider = provider
        local client = dtls.client(settings)
        local done = dtls.collect(client, "OnRequestComplete", "ErrorCode", "ErrorDescription", "URI")
        local message = dtls.refuses(row.code, row.words, client, base)
        assert.is_truthy(message:find(": " .. base .. "/hello", 1, true), message)
        local expected = { ErrorCode = row.code, ErrorDescription = message, URI = base .. "/hello" }
        assert.are.same({ expected }, done)
        client.Timeout = 0
        client:Get(base .. "/hello")
        dtls.until_true(function() return #done == 2 end)
        assert.are.same(expected, done[2])
        assert.are.same({ "", "" }, { client.ResponseCode, client.ResponseData })
      end
    end)
  end

  it("the settings make no session: raised by the call itself, with Timeout 0 too", function()
    for settings, row in pairs {
      [{ PSKKey = "00" }] = { 273, "PSKIdentity" },
      [{ SSLKeyLogFile = "/nowhere/log" }] = { 10002, "/nowhere/log" },
      [{ OpenSSLCAFile = "/nowhere/ca" }] = { 275, "/nowhere/ca" },
      [{ SSLCert = dtls.public_key "client-ec" }] = { 273, "no private key" },
      [{ SSLCert = dtls.key "client-ec" }] = { 273, "UseRawPublicKey=True" },
    } do
      for _, timeout in ipairs { 1, 0 } do
        settings.Timeout = timeout
        local client = dtls.client(settings)
        local done = dtls.collect(client, "OnRequestComplete", "ErrorCode")
        dtls.refuses(row[1], { row[2] }, client, NOWHERE)
        assert.are.same({}, done)
        assert.are.equal(0, #client.PendingRequests)
      end
    end
  end)

  it("the server's datagrams are no DTLS, or broken: it goes on waiting for better ones", function()
    raw.start()
    local socket = raw.open()
    local client = dtls.client { Timeout = 1 }
    -- Not CoAP, no DTLS, less than a record, one that is cut, one of an epoch to come.
    local answers = { "\96\0\0\1", "hello", "\22\254\253", "\22\254\253" .. ("\0"):rep(8) .. "\0\9abc",
      "\22\254\253\0\1" .. ("\0"):rep(6) .. "\0\4abcd" }
    local failure
    lunacoap.spawn(function() failure = select(2, pcall(client.Get, client, "coaps://127.0.0.1:" .. socket.port)) end)
    raw.wait(function() return #socket.got > 0 end)
    for _, datagram in ipairs(answers) do
      raw.send(socket, socket.got[1].host, socket.got[1].port, datagram)
      raw.run(0.02)
    end
    assert.is_nil(failure)
    assert.is_true(raw.wait(function() return failure end))
    assert.are.equal(301, failure.Code)
    raw.stop()
  end)

  it("the peer sends an alert: its number and name", function()
    raw.start()
    local socket = raw.open()
    for number, name in pairs { [40] = "handshake_failure", [80] = "internal_error", [86] = "inappropriate_fallback" } do
      local client, seen = dtls.client(), #socket.got
      local failure
      lunacoap.spawn(function() failure = select(2, pcall(client.Get, client, "coaps://127.0.0.1:" .. socket.port)) end)
      raw.wait(function() return #socket.got > seen end)
      local from = socket.got[seen + 1]
      raw.send(socket, from.host, from.port, "\21\254\253" .. ("\0"):rep(8) .. "\0\2\2" .. string.char(number))
      raw.wait(function() return failure end)
      assert.are.equal(276, failure.Code)
      assert.is_truthy(failure.Message:find(("alert %d (%s)"):format(number, name), 1, true), failure.Message)
    end
    raw.stop()
  end)
end)

describe("no secret", function()
  it("is in any message, log line, status line or error", function()
    local SECRET, KEY = "5ec2e7", "5ec2e75ec2e75ec2e7"
    local PASSWORD = "pa55w0rd-" .. SECRET
    local heard = {}
    local function listen(init)
      init.LogLevel, init.LogSSLPackets = 3, true
      init.OnLog = function(_, e) heard[#heard + 1] = e.Message end
      init.OnSSLStatus = init.OnLog
      init.OnError = function(_, e) heard[#heard + 1] = e.Description end
      return init
    end
    local function try(f, ...)
      heard[#heard + 1] = tostring(select(2, pcall(f, ...)))
    end
    local raw_key = KEY:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      local server, base = dtls.server(listen {
        SSLProvider = provider, PSKIdentity = "dev", PSKKey = KEY, OnPSKLookup = function(_, e)
          e.Key = raw_key:rep(e.Identity == "long" and 100 or 1)
          if e.Identity == "raises" then
            error "lookup failed"
          end
        end,
      })
      for _, identity in ipairs { "dev", "second", "raises", "long", "" } do
        for _, key in ipairs { KEY, KEY .. "00" } do
          local client = dtls.client(listen { SSLProvider = provider, Timeout = 0.5, PSKIdentity = identity, PSKKey = key })
          try(client.Get, client, base)
        end
      end
      for _, bad in ipairs { KEY .. "0", KEY .. "x", KEY:rep(1000) } do
        try(server.Config, server, "PSKKey=" .. bad)
      end
      try(lunacoap.Certificate, Type.cstPFXFile, pki.path "server-ec.pfx", PASSWORD, "*")
      try(lunacoap.Certificate, Type.cstPEMKeyFile, pki.path "server-ec.encrypted.key", PASSWORD, "*")
      server.SSLCert.StorePassword = PASSWORD
      server.SSLCert.StoreType, server.SSLCert.Store = Type.cstPFXFile, pki.path "server-rsa.pfx"
      try(function() server.SSLCert.Subject = "*" end)
      heard[#heard + 1] = tostring(server.SSLCert)
      server:Shutdown()
    end
    local all = table.concat(heard, "\n")
    assert.is_true(#heard > 100)
    assert.is_nil(all:find(SECRET, 1, true), all)
    assert.is_nil(all:find(SECRET:upper(), 1, true))
    assert.is_nil(all:find(raw_key, 1, true))
  end)
end)
