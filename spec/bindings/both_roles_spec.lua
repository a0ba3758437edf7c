-- BothRoles: a component that listens and sends requests of its own, from one socket (RFC 7252 1.2
-- has an endpoint act in both roles), as devices do.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local open = {}

local function device(init)
  local fields = { LocalHost = "127.0.0.1", Listening = true, BothRoles = true, Timeout = 5 }
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  local coap = lunacoap.CoAP(fields)
  open[#open + 1] = coap
  return coap, ("%s://127.0.0.1:%d"):format(coap.SSLEnabled and "coaps" or "coap", coap.LocalPort)
end

local function name_of(name)
  return function(coap, e)
    coap.ResponseData = ("%s, port %d"):format(name, e.RemotePort)
  end
end

after_each(function()
  for _, coap in ipairs(open) do coap:Shutdown() end
  open = {}
end)

describe("a component with BothRoles", function()
  it("asks and is asked from the same port", function()
    local a, uri_a = device { OnRequest = name_of "a" }
    local b, uri_b = device { OnRequest = name_of "b" }
    a:Get(uri_b .. "/x")
    b:Get(uri_a .. "/x")
    assert.are.equal("b, port " .. a.LocalPort, a.ResponseData)
    assert.are.equal("a, port " .. b.LocalPort, b.ResponseData)
    a:Get(uri_a .. "/itself")
    assert.are.equal("a, port " .. a.LocalPort, a.ResponseData)
  end)

  it("is refused without the setting, which cannot change while the socket is open", function()
    local a, uri = device { BothRoles = false }
    local message = tostring(select(2, pcall(a.Get, a, uri)))
    assert.is_truthy(message:find("712: .*set BothRoles=True"), message)
    assert.is_falsy(pcall(a.Config, a, "BothRoles=True"))
    assert.are.equal("False", a:Config "BothRoles")
  end)

  it("has ListeningPort also when it asks before it listens", function()
    local _, uri = device { OnRequest = name_of "other" }
    local port = process.free_port "127.0.0.1"
    local a = device { Listening = false, ListeningPort = port }
    a:Get(uri)
    assert.are.equal("other, port " .. port, a.ResponseData)
    a:StartListening()
    assert.are.equal(port, a.LocalPort)
  end)

  it("sends no request in a handler of a request to itself, but in a task that this spawns", function()
    local other, uri_other = device { OnRequest = name_of "other" }
    local refusal
    local a, uri = device()
    a.OnRequest = function(coap)
      refusal = tostring(select(2, pcall(coap.Get, coap, uri_other)))
      local answer
      local task = lunacoap.spawn(function()
        coap:Get(uri_other .. "/x")
        answer = coap.ResponseData
      end)
      task:wait()
      coap.ResponseData = "it says " .. answer
    end
    local client = device { Listening = false }
    client:Get(uri .. "/y")
    assert.are.equal("it says other, port " .. a.LocalPort, client.ResponseData)
    assert.is_truthy(refusal:find("712: .*Get sends no request in a handler"), refusal)
    assert.is_truthy(other)
  end)

  it("keeps the answers of its requests apart from what it answers", function()
    local _, uri_slow = device { OnRequest = function(coap)
      lunacoap.sleep(0.05)
      coap.ResponseData = "slow"
    end }
    local a, uri = device { OnRequest = function(coap, e) coap.ResponseData = e.URIPath end }
    local client = device { Listening = false }
    local got
    local task = lunacoap.spawn(function()
      a.RequestData = "mine"
      a:Post(uri_slow)
      got = a.ResponseData
    end)
    for i = 1, 5 do
      client:Get(("%s/%d"):format(uri, i))
      assert.are.equal("/" .. i, client.ResponseData)
    end
    task:wait()
    assert.are.equal("slow", got)
  end)

  it("tells its pending requests and its peers' by their Ids", function()
    local asked
    local a, uri = device { Timeout = 0 }
    a.OnRequest = function(_, e)
      asked, e.SendResponse = e.RequestId, false
    end
    local outcome = {}
    a.OnRequestComplete = function(_, e) outcome[e.RequestId] = e.ErrorCode end
    local client = device { Listening = false, Timeout = 0 }
    client:Get(uri .. "/peer")
    local silent <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    local own = a:Get(("coap://127.0.0.1:%d/own"):format(silent.LocalPort))
    assert.is_true(process.wait(function() return asked end, 5))
    assert.are_not.equal(own, asked)
    assert.are.equal(2, #a.PendingRequests)
    a.ResponseCode = "2.05"
    a:SendResponse(asked)
    a:CancelRequest(own)
    assert.is_true(process.wait(function() return outcome[own] end, 5))
    assert.are.equal(711, outcome[own])
    assert.are.equal(0, #a.PendingRequests)
  end)

  it("observes, and is observed", function()
    local told = {}
    local a, uri_a = device { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "first", true
    end }
    local b, uri_b = device { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "first", true
    end }
    a.OnNotification = function(coap) told.a = coap.ResponseData end
    b.OnNotification = function(coap) told.b = coap.ResponseData end
    a:StartObserving(uri_b .. "/o")
    b:StartObserving(uri_a .. "/o")
    a.ResponseCode, a.ResponseData = "2.05", "from a"
    a:SendNotification("/o")
    b.ResponseCode, b.ResponseData = "2.05", "from b"
    b:SendNotification("/o")
    assert.is_true(process.wait(function() return told.a == "from b" and told.b == "from a" end, 5))
  end)

  for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
    it("does so over DTLS in one session, whoever began it, with " .. provider, function()
      local fields = { SSLEnabled = true, PSKIdentity = "me", PSKKey = "0011",
        SSLProvider = provider }
      local function with(handler)
        local copy = { OnRequest = handler }
        for name, value in pairs(fields) do copy[name] = value end
        return copy
      end
      local a, uri_a = device(with(name_of "a"))
      local b, uri_b = device(with(name_of "b"))
      local lines = dtls.status(a)
      for _ = 1, 2 do
        a:Get(uri_b .. "/x")
        assert.are.equal("b, port " .. a.LocalPort, a.ResponseData)
        b:Get(uri_a .. "/x")
        assert.are.equal("a, port " .. b.LocalPort, b.ResponseData)
      end
      assert.are.equal(1, dtls.sessions(lines))
    end)
  end

  -- A device that serves nobody over DTLS answers its server in the session that it has begun.
  local function meet(init_server, init_device)
    local here
    init_server.SSLEnabled, init_server.Timeout = true, 0.5
    function init_server.OnRequest(coap, e)
      coap.ResponseCode, here = "2.04", ("coaps://127.0.0.1:%d/x"):format(e.RemotePort)
    end
    local server, uri = device(init_server)
    init_device.OnRequest = name_of "the device"
    local client = device(init_device)
    client.SSLEnabled = false
    client:Post(uri)
    return server, here, client
  end

  local function answers(server, uri)
    return pcall(server.Get, server, uri) and server.ResponseData:find("^the device") ~= nil
  end

  it("asks a client of its own in its session, whom it knows by key or certificate", function()
    local function find_key(_, e) e.Key = "\0\17" end
    assert.is_true(answers(meet({ OnPSKLookup = find_key }, { PSKIdentity = "me", PSKKey = "0011" })))
    local root = pki.read "root.crt"
    local shown = { SSLCert = dtls.certificate "no-usage", SSLServerCACerts = root }
    local server = { SSLCert = dtls.certificate "server-ec", SSLAuthenticateClients = true,
      SSLClientCACerts = root, SSLServerCACerts = root }
    assert.is_true(answers(meet(server, shown)))
  end)

  it("asks there neither one who has shown nothing, nor another one than it means", function()
    local server = { SSLCert = dtls.certificate "server-ec" }
    assert.is_false(answers(meet(server, { SSLServerCACerts = pki.read "root.crt" })))
    local function find_key(_, e) e.Key = "\0\17" end
    local function asks_as(identity)
      return answers(meet({ OnPSKLookup = find_key, PSKIdentity = identity, PSKKey = "0011" },
        { PSKIdentity = "me", PSKKey = "0011" }))
    end
    assert.is_false(asks_as "you")
    assert.is_true(asks_as "me")
  end)

  it("asks there nobody whom other settings, or a handler, would have to accept as a server", function()
    local shown = { SSLCert = dtls.certificate "client-ec", SSLServerCACerts = pki.read "root.crt" }
    for name, value in pairs { SSLServerCACerts = pki.read "stranger-root.crt",
      SSLAcceptServerCert = dtls.certificate "server-p384",
      OnSSLServerAuthentication = function(_, e) e.Accept = false end } do
      local server = { SSLCert = dtls.certificate "server-ec", SSLAuthenticateClients = true,
        SSLClientCACerts = pki.read "root.crt", [name] = value }
      assert.is_false(answers(meet(server, shown)), name)
    end
  end)
end)
