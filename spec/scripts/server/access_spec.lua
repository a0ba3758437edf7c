-- Who may use a resource: rules on the identity that DTLS has proven.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"

local server, seen

-- A resource under a rule, on a server with these fields; returns its URI.
local function guard(rule, fields, init)
  init = init or {}
  init.access = rule
  init.get = function(req)
    seen = req.identity
    return "in"
  end
  fields.LocalHost = "127.0.0.1"
  server = lunacoap.server(fields)
  server:resource("/x", init)
  server:start()
  return server:uri("/x")
end

local function ask(client, uri)
  local ok, err = pcall(client.Get, client, uri)
  assert(ok or err.Code == 709, err)
  return client.ResponseCode
end

local KEYS = { a = "first", b = "second" }

local function with_keys(more)
  local fields = { SSLEnabled = true, OnPSKLookup = function(_, e) e.Key = KEYS[e.Identity] end }
  for name, value in pairs(more or {}) do
    fields[name] = value
  end
  return fields
end

local function holder(identity)
  return dtls.client { SSLServerCACerts = false, PSKIdentity = identity,
    PSKKey = (KEYS[identity]:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) }
end

local function with_certificates()
  return { SSLEnabled = true, SSLCert = dtls.certificate "server-ec", SSLAuthenticateClients = true,
    SSLClientCACerts = pki.read "root.crt" }
end

describe("access", function()
  before_each(function() seen = nil end)

  after_each(function()
    server:stop()
    dtls.stop()
  end)

  it("names the pre-shared keys that are let in", function()
    local uri = guard({ psk = "a" }, with_keys())
    assert.are.equal("2.05", ask(holder "a", uri))
    assert.are.same({ kind = "psk", psk = "a" }, seen)
    assert.are.equal("4.03", ask(holder "b", uri))
    assert.are.same({ kind = "psk", psk = "a" }, seen) -- the handler was not called
  end)

  it("takes several names", function()
    local uri = guard({ psk = { "b", "a" } }, with_keys())
    assert.are.equal("2.05", ask(holder "a", uri))
    assert.are.equal("2.05", ask(holder "b", uri))
  end)

  it("names subjects and issuers of certificates", function()
    local client = dtls.client { SSLCert = dtls.certificate "client-ec" }
    local uri = guard({ subject = "O=Specs, CN=client-ec" }, with_certificates())
    assert.are.equal("2.05", ask(client, uri))
    assert.are.same({ "certificate", "O=Specs, CN=client-ec" }, { seen.kind, seen.subject })
    local issuer, fingerprint = seen.issuer, seen.fingerprint
    assert.are.equal(64, #fingerprint)
    server:stop()
    uri = guard({ issuer = issuer, fingerprint = fingerprint:upper():gsub("%x%x", "%0:", 31) },
      with_certificates())
    assert.are.equal("2.05", ask(client, uri))
    server:stop()
    uri = guard({ issuer = issuer, subject = "CN=other" }, with_certificates())
    assert.are.equal("4.03", ask(client, uri))
  end)

  it("names fingerprints of raw public keys", function()
    local client = dtls.client { UseRawPublicKey = true, SSLServerCACerts = false,
      SSLCert = dtls.key "client-ec", SSLAcceptServerCert = dtls.public_key "server-ec" }
    local fields = { SSLEnabled = true, UseRawPublicKey = true, SSLCert = dtls.key "server-ec",
      SSLAuthenticateClients = true, OnSSLClientAuthentication = function(_, e) e.Accept = true end }
    local uri = guard(true, fields)
    assert.are.equal("2.05", ask(client, uri))
    assert.are.equal("raw-key", seen.kind)
    local fingerprint = seen.fingerprint
    server:stop()
    uri = guard({ fingerprint = fingerprint }, fields)
    assert.are.equal("2.05", ask(client, uri))
    server:stop()
    uri = guard({ fingerprint = ("0"):rep(64) }, fields)
    assert.are.equal("4.03", ask(client, uri))
  end)

  it("of true lets in whoever has an identity, and 4.01 tells the others so", function()
    local uri = guard(true, with_keys())
    assert.are.equal("2.05", ask(holder "b", uri))
    server:stop()
    uri = guard(true, {})
    assert.are.equal("4.01", ask(dtls.client(), uri))
    server:stop()
    uri = guard({ psk = "a" }, { SSLEnabled = true, SSLCert = dtls.certificate "server-ec" })
    assert.are.equal("4.01", ask(dtls.client(), uri))
  end)

  it("may be a function of the request", function()
    local uri = guard(function(req) return req.query.pin == "1234" end, with_keys())
    assert.are.equal("2.05", ask(holder "a", uri .. "?pin=1234"))
    assert.are.equal("4.03", ask(holder "a", uri .. "?pin=1"))
  end)

  it("may be a function that returns or raises the response that refuses", function()
    local refusal = lunacoap.response("4.03", "at night")
    local uri = guard(function(req) return req.query.raise and error(refusal) or refusal end, with_keys())
    local client = holder "a"
    assert.are.equal("4.03", ask(client, uri))
    assert.are.equal("at night", client.ResponseData)
    assert.are.equal("4.03", ask(client, uri .. "?raise"))
    assert.is_nil(seen)
  end)

  it("of the server counts for all, also where there is nothing", function()
    local uri = guard(nil, with_keys { access = { psk = "a" } })
    assert.are.equal("2.05", ask(holder "a", uri))
    assert.are.equal("4.03", ask(holder "b", uri))
    assert.are.equal("4.03", ask(holder "b", server:uri("/nothing")))
    assert.are.equal("4.03", ask(holder "b", server:uri("/.well-known/core")))
  end)

  it("is asked when somebody registers, and not for each notification", function()
    local uri = guard({ psk = "a" }, with_keys(), { observable = true })
    local got = {}
    local client = holder "a"
    client.OnNotification = function(coap) got[#got + 1] = coap.ResponseCode end
    client:StartObserving(uri)
    server.resources[2]:notify()
    assert.is_true(require("spec.support.process").wait(function() return #got == 2 end))
    assert.are.same({ "2.05", "2.05" }, got)
    local other = holder "b"
    local ok, err = pcall(other.StartObserving, other, uri)
    assert.is_false(ok)
    assert.matches("4.03", err.Message)
  end)
end)
