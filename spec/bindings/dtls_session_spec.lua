-- The life of DTLS sessions, as scripts at both ends meet it: shared, waited for, ended, begun anew.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"
local raw = require "spec.support.raw"

after_each(dtls.stop)

-- A client that does not wait, and the outcomes of its requests.
local function asynchronous(init)
  init = init or {}
  init.Timeout = 0
  local client = dtls.client(init)
  return client, dtls.collect(client, "OnRequestComplete", "ErrorCode", "ErrorDescription", "RequestId")
end

-- A server that answers nothing by itself; the ids of its requests.
local function holding(init)
  local ids = {}
  init = init or {}
  init.OnRequest = function(_, e)
    ids[#ids + 1], e.SendResponse = e.RequestId, false
  end
  local server, base = dtls.server(init)
  return server, base, ids
end

describe("a session", function()
  it("is waited for and shared by all requests to a server", function()
    local server, base = dtls.server()
    local client, done = asynchronous()
    local lines, its = dtls.status(client), dtls.status(server)
    for i = 1, 20 do
      client:Get(base .. "/" .. i)
    end
    dtls.until_true(function() return #done == 20 end)
    for _, outcome in ipairs(done) do
      assert.are.same({ 0, "" }, { outcome.ErrorCode, outcome.ErrorDescription })
    end
    assert.are.same({ 1, 1 }, { dtls.sessions(lines), dtls.sessions(its) })
  end)

  it("is one for each server and each host name", function()
    local _, base = dtls.server()
    local _, other = dtls.server()
    local client = dtls.client()
    local lines = dtls.status(client)
    for _, uri in ipairs { base, other, base, other } do
      dtls.reaches(client, uri)
    end
    assert.are.equal(2, dtls.sessions(lines))
    dtls.reaches(client, (base:gsub("127.0.0.1", "localhost")))
    assert.are.equal(3, dtls.sessions(lines))
  end)

  it("goes on when a setting is set to what it is, or to something else and back", function()
    local _, base = dtls.server()
    local client = dtls.client { SSLCert = dtls.certificate "client-ec" }
    local lines = dtls.status(client)
    dtls.reaches(client, base)
    client:Config("SSLServerCACerts=" .. pki.read "root.crt")
    client:Config "LogSSLPackets=True"
    client:Config "SSLEnabledCipherSuites=*"
    client.SSLCert = dtls.certificate "client-ec"
    dtls.reaches(client, base)
    client:Config "SSLCipherStrength=1"
    client:Config "SSLCipherStrength=0"
    dtls.reaches(client, base)
    assert.are.equal(1, dtls.sessions(lines))
  end)

  it("of two clients at once stay apart", function()
    local _, base = dtls.server { OnRequest = function(coap, e)
      lunacoap.sleep(0.02)
      coap.ResponseData = e.URIPath .. e.ConnectionId
    end }
    local seen, clients = {}, { dtls.client(), dtls.client() }
    for i, client in ipairs(clients) do
      lunacoap.spawn(function()
        for n = 1, 3 do
          client:Get(base .. "/" .. i .. n)
          seen[#seen + 1] = client.ResponseData
        end
      end)
    end
    dtls.until_true(function() return #seen == 6 end)
    table.sort(seen)
    local one, two = seen[1]:sub(4), seen[4]:sub(4)
    assert.are.same({ "/11" .. one, "/12" .. one, "/13" .. one, "/21" .. two, "/22" .. two, "/23" .. two }, seen)
    assert.are_not.equal(one, two)
  end)

  it("carries bodies of 100 KiB both ways, empty ones, separate responses and NONs, over IPv6 too", function()
    local large = foreign.text(100 * 1024)
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      for _, host in ipairs { "127.0.0.1", "::1" } do
        local _, base = dtls.server { LocalHost = host, SSLProvider = provider, OnRequest = function(coap, e)
          if e.URIPath == "/slow" then
            lunacoap.sleep(0.1)
          end
          coap.ResponseCode, coap.ResponseDataB = "2.04", coap.RequestDataB
        end }
        local client = dtls.client { SSLProvider = provider }
        local lines = dtls.status(client)
        for _, body in ipairs { large, "", "short" } do
          client.RequestDataB = body
          for _, path in ipairs { "/quick", "/slow" } do
            client:Post(base .. path)
            assert.are.equal(body, client.ResponseDataB)
          end
        end
        client.UseConfirmableMessages = false
        client:Post(base .. "/quick")
        assert.are.equal("short", client.ResponseDataB)
        assert.are.equal(1, dtls.sessions(lines))
      end
    end
  end)

  it("is not made with a multicast group (700)", function()
    local client = dtls.client()
    dtls.raises(700, { "224.0.1.187 is a multicast group, which DTLS cannot reach" },
      client.Get, client, "coaps://224.0.1.187/")
    client.SSLEnabled = true
    dtls.raises(700, { "DTLS" }, client.Get, client, "coap://[ff02::fd%25lo]/")
  end)
end)

describe("the time of a handshake", function()
  local socket, base

  before_each(function()
    raw.start()
    socket = raw.open()
    base = "coaps://127.0.0.1:" .. socket.port
  end)

  after_each(raw.stop)

  it("is a part of Timeout: 301, saying that nothing answered", function()
    local start = lunacoap.now()
    dtls.refuses(301, { "nothing answers the DTLS handshake", base }, dtls.client { Timeout = 0.3 }, base)
    local took = lunacoap.now() - start
    assert.is_true(took > 0.29 and took < 3, took)
  end)

  it("ends with CancelRequest, for that request alone", function()
    local client, done = asynchronous()
    local first, second = client:Get(base), client:Get(base)
    lunacoap.sleep(0.02)
    assert.are.equal(2, #client.PendingRequests)
    client:CancelRequest(first)
    lunacoap.sleep(0.02)
    assert.are.same({ { 711, first } }, { { done[1].ErrorCode, done[1].RequestId }, done[2] })
    assert.are.equal(1, #client.PendingRequests)
    client:CancelRequest(second)
  end)

  it("ends with Shutdown: who waits is told (711)", function()
    local client = dtls.client()
    lunacoap.timer(0.05, 0, function() client:Shutdown() end)
    dtls.refuses(711, {}, client, base)
  end)

  it("ends at once where nobody has the port (10061)", function()
    local port = process.free_port("127.0.0.1")
    local start = lunacoap.now()
    dtls.refuses(10061, { "DTLS server" }, dtls.client(), "coaps://127.0.0.1:" .. port)
    assert.is_true(lunacoap.now() - start < 3)
  end)
end)

describe("the end of a session", function()
  it("by the server ends the requests under way at once (10054), and the next one begins anew", function()
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      local server, base, ids = holding { SSLProvider = provider }
      local port = server.LocalPort
      local client = dtls.client { Timeout = 0 }
      local done = dtls.collect(client, "OnRequestComplete", "ErrorCode", "ErrorDescription")
      client:Get(base .. "/a")
      client:Get(base .. "/b")
      dtls.until_true(function() return #ids == 1 end) -- NSTART holds the other one back
      server:Shutdown()
      dtls.until_true(function() return #done == 2 end)
      for _, outcome in ipairs(done) do
        assert.are.equal(10054, outcome.ErrorCode)
        assert.is_truthy(outcome.ErrorDescription:find("The server closed the DTLS session: " .. base, 1, true),
          outcome.ErrorDescription)
      end
      local _, again = dtls.server { LocalPort = port }
      assert.are.equal(base, again)
      client.Timeout = 5
      dtls.reaches(client, base)
    end
  end)

  it("by the client removes its observations (Unregistered) and tells what was to be answered (10054)", function()
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      local server, base, ids = holding { SSLProvider = provider, OnRegister = function(coap, e)
        coap.ResponseData, e.Accept = "state", true
      end }
      local gone = dtls.collect(server, "OnUnregistered", "URIPath", "RemotePort")
      local told = dtls.collect(server, "OnResponseComplete", "ErrorCode", "RequestId")
      local client = dtls.client { SSLProvider = provider }
      client:StartObserving(base .. "/state")
      local port = client.LocalPort
      client.Timeout = 0
      client:Get(base .. "/slow")
      dtls.until_true(function() return #ids == 1 end)
      told[1] = nil -- of the registration
      client:Shutdown()
      dtls.until_true(function() return #gone == 1 and #told > 0 end)
      assert.are.same({ { URIPath = "/state", RemotePort = port } }, gone)
      assert.are.same({ { ErrorCode = 10054, RequestId = ids[1] } }, told)
      server.ResponseCode = "2.05"
      dtls.raises(706, {}, server.SendResponse, server, ids[1])
      server:SendNotification(base .. "/state")
    end
  end)

  it("is not an error of the server's handlers that still run", function()
    local ended
    local server, base = dtls.server { OnRequest = function(coap)
      lunacoap.sleep(0.1)
      coap.ResponseData = "late"
      ended = true
    end }
    local errors = dtls.collect(server, "OnError", "Description")
    local client = asynchronous()
    client:Get(base)
    lunacoap.sleep(0.05)
    client:Shutdown()
    dtls.until_true(function() return ended end)
    lunacoap.sleep(0.02)
    assert.are.same({}, errors)
  end)
end)

describe("a new session", function()
  -- A server's port that several servers have one after another.
  local function server_at(port, init)
    init = init or {}
    init.LocalPort = port
    return dtls.server(init)
  end

  it("takes an observation on after the server has restarted", function()
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      local init = { SSLProvider = provider, OnRegister = function(coap, e)
        coap.ResponseData, e.Accept = "registered", true
      end }
      local server, base = dtls.server(init)
      local port = server.LocalPort
      local client, last = dtls.client(), nil
      client.OnNotification = function(coap) last = coap.ResponseData end
      client:StartObserving(base .. "/state")
      last = nil
      server:Shutdown()
      server = server_at(port, init)
      dtls.until_true(function() return last == "registered" end)
      server.ResponseCode, server.ResponseData = "2.05", "news"
      server:SendNotification("/state")
      dtls.until_true(function() return last == "news" end)
    end
  end)

  it("is not made again and again for an observation whose server ends each", function()
    local server, base = server_at(process.free_port "127.0.0.1", { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "state", true
      lunacoap.timer(0.002, 0, function()
        coap:Shutdown()
        coap:StartListening()
      end)
    end })
    local client = dtls.client()
    local lines = dtls.status(client)
    client:StartObserving(base .. "/state")
    dtls.until_true(function() return dtls.count(lines, "closed the DTLS session") == 2 end)
    lunacoap.sleep(0.2)
    assert.are.equal(2, dtls.count(lines, "begins"))
    assert.is_true(server.Listening)
  end)

  it("of a client on the same port takes the place of the old one, also when that died", function()
    local server, base, ids = holding()
    local port = process.free_port "127.0.0.1"
    local told = dtls.collect(server, "OnResponseComplete", "ErrorCode")
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(([[
      local coap = require("lunacoap").CoAP { LocalHost = "127.0.0.1", LocalPort = %d, OpenSSLCAFile = "%s" }
      coap:Get "%s/held"
    ]]):format(port, pki.path "root.crt", base))
    file:close()
    local child <close> = process.start(process.build_folder() .. "/lunacoap " .. path)
    dtls.until_true(function() return #ids == 1 end)
    child:signal "KILL"
    dtls.until_true(function() return not child:running() end)
    os.remove(path)
    local client = dtls.client { LocalHost = "127.0.0.1", LocalPort = port, Timeout = 0 }
    client:Get(base .. "/held")
    dtls.until_true(function() return #ids == 2 end)
    assert.are.same({ { ErrorCode = 10054 } }, told)
  end)

  it("never gets an answer to a request of the old one", function()
    local server, base, ids = holding()
    local client, done = asynchronous()
    local old = client:Get(base .. "/old")
    dtls.until_true(function() return #ids == 1 end)
    client:Config "SSLCipherStrength=128" -- from now on by other settings: another session
    local new = client:Get(base .. "/new")
    dtls.until_true(function() return #ids == 2 end)
    assert.are.same({ 10054, old }, { done[1].ErrorCode, done[1].RequestId })
    assert.is_truthy(done[1].ErrorDescription:find("settings", 1, true), done[1].ErrorDescription)
    server.ResponseCode = "2.05"
    dtls.raises(706, {}, server.SendResponse, server, ids[1])
    server:SendResponse(ids[2])
    dtls.until_true(function() return #done == 2 end)
    assert.are.same({ 0, new }, { done[2].ErrorCode, done[2].RequestId })
  end)
end)

describe("a request that is not answered in time", function()
  it("leaves the session as it is when the server has acknowledged it", function()
    local server, base, ids = holding()
    local client = dtls.client { Timeout = 0.3 }
    local lines = dtls.status(client)
    dtls.refuses(301, {}, client, base)
    assert.are.equal(1, #ids)
    server.OnRequest = function(coap, e) coap.ResponseData = e.URIPath end
    client.Timeout = 5
    dtls.reaches(client, base)
    assert.are.equal(1, dtls.sessions(lines))
  end)
end)

describe("StopListening", function()
  it("keeps the sessions: held requests are answered, and new ones get 5.03", function()
    local server, base, ids = holding()
    local client, done = asynchronous()
    local lines = dtls.status(client)
    client:Get(base)
    dtls.until_true(function() return #ids == 1 end)
    server:StopListening()
    server.ResponseCode = "2.05"
    server:SendResponse(ids[1])
    dtls.until_true(function() return #done == 1 end)
    client:Get(base)
    dtls.until_true(function() return #done == 2 end)
    assert.are.same({ 0, 709 }, { done[1].ErrorCode, done[2].ErrorCode })
    assert.is_truthy(done[2].ErrorDescription:find("5.03", 1, true))
    server:StartListening()
    client:Get(base)
    dtls.until_true(function() return #ids == 2 end)
    assert.are.equal(1, dtls.sessions(lines))
  end)
end)

describe("a component with sessions", function()
  it("is garbage like any other, and says goodbye then", function()
    local server, base = dtls.server()
    local its = dtls.status(server)
    do
      local client = lunacoap.CoAP { SSLServerCACerts = pki.read "root.crt" }
      client:Get(base)
    end
    collectgarbage()
    collectgarbage()
    dtls.until_true(function() return dtls.count(its, "The client closed the DTLS session") == 1 end)
  end)

  it("does not keep the program from ending", function()
    local _, base = dtls.server()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(([[
      coap = require("lunacoap").CoAP { OpenSSLCAFile = "%s", Timeout = 5 }
      coap:Get "%s/hello"
      print(coap.ResponseData)
    ]]):format(pki.path "root.crt", base))
    file:close()
    local child <close> = process.start(process.build_folder() .. "/lunacoap " .. path)
    assert.are.equal("/hello\n", child:finish(5))
    assert.are.equal(0, child.code)
    os.remove(path)
  end)
end)
