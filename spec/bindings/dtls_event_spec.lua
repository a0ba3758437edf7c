-- The events of DTLS: what they show, and what handlers may do with a session that is being made.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"

local BOTH = { "mbedTLS", "GnuTLS" }
local CERTIFICATE = { "CertEncoded", "CertEncodedB", "CertSubject", "CertIssuer", "Status", "Accept" }

after_each(dtls.stop)

local function mutual(init)
  init.SSLAuthenticateClients = true
  if init.SSLClientCACerts == nil then
    init.SSLClientCACerts = pki.read "root.crt"
  end
  return dtls.server(init)
end

local function with_certificate(init)
  init = init or {}
  init.SSLCert = dtls.certificate "client-ec"
  return dtls.client(init)
end

-- What both kinds of authentication events show; `coap` is who gets them.
local function shown(name, issuer, status, accept)
  return {
    CertEncoded = pki.read(name .. ".crt"), CertEncodedB = pki.read(name .. ".crt"),
    CertSubject = "O=Specs, CN=" .. name, CertIssuer = "O=Specs, CN=" .. issuer, Status = status, Accept = accept,
  }
end

describe("SSLServerAuthentication", function()
  it("shows the server's certificate and OK, or what is wrong with it, and recommends", function()
    for _, provider in ipairs(BOTH) do
      local client = dtls.client { SSLProvider = provider }
      local seen = dtls.collect(client, "OnSSLServerAuthentication", table.unpack(CERTIFICATE))
      local _, base = dtls.server()
      dtls.reaches(client, base)
      assert.are.same(shown("server-ec", "root", "OK", true), seen[1])
      _, base = dtls.server { SSLCert = dtls.certificate "stranger" }
      dtls.refuses(275, {}, client, base)
      assert.is_truthy(seen[2].Status:find("issuer (O=Specs, CN=stranger-root) is not known", 1, true), seen[2].Status)
      assert.are.same(shown("stranger", "stranger-root", seen[2].Status, false), seen[2])
    end
  end)

  it("comes to a server that has stopped and has become a client, too", function()
    for _, provider in ipairs(BOTH) do
      local asked, base = dtls.server { SSLProvider = provider }
      asked.OnRequest = function(_, e) e.SendResponse = false end
      local wrong = dtls.collect(asked, "OnSSLClientAuthentication", "Status")
      asked.OnSSLServerAuthentication = function(_, e) e.Accept = false end
      dtls.client({ Timeout = 0 }):Get(base)
      dtls.until_true(function() return #asked.PendingRequests == 1 end)
      asked:StopListening()
      local _, other = dtls.server()
      asked:Config("SSLServerCACerts=" .. pki.read "root.crt")
      dtls.refuses(280, { "OnSSLServerAuthentication set Accept to False" }, asked, other)
      assert.are.equal("O=Specs, CN=server-ec", asked.SSLServerCert.Subject)
      assert.are.same({}, wrong)
    end
  end)
end)

describe("SSLClientAuthentication", function()
  it("shows the client's certificate, and the ConnectionId of its requests to come", function()
    for _, provider in ipairs(BOTH) do
      local server, base = mutual { SSLProvider = provider }
      local seen = dtls.collect(server, "OnSSLClientAuthentication", "ConnectionId", table.unpack(CERTIFICATE))
      local asked = dtls.collect(server, "OnRequest", "ConnectionId")
      dtls.reaches(with_certificate(), base)
      local expected = shown("client-ec", "root", "OK", true)
      expected.ConnectionId = asked[1].ConnectionId
      assert.are.same({ expected }, seen)
      assert.is_true(asked[1].ConnectionId > 0)
    end
  end)

  it("comes for clients without a certificate, too, who may be let in", function()
    for _, provider in ipairs(BOTH) do
      local server, base = mutual { SSLProvider = provider, OnSSLClientAuthentication = function(_, e) e.Accept = true end }
      local seen = dtls.collect(server, "OnSSLClientAuthentication", table.unpack(CERTIFICATE))
      local asked = dtls.collect(server, "OnRequest", "CertSubject", "CertIssuer", "CertEncoded")
      dtls.reaches(dtls.client(), base)
      assert.is_truthy(seen[1].Status:find("no certificate", 1, true), seen[1].Status)
      assert.are.same({ {
        CertEncoded = "", CertEncodedB = "", CertSubject = "", CertIssuer = "", Status = seen[1].Status, Accept = false,
      } }, seen)
      assert.are.same({ { CertSubject = "", CertIssuer = "", CertEncoded = "" } }, asked)
    end
  end)
end)

-- Each of the two events: a pair of which the one who decides has these settings.
local sides = {
  OnSSLServerAuthentication = function(good, init)
    local server, base = dtls.server { SSLCert = dtls.certificate(good and "server-ec" or "stranger") }
    local client = dtls.client(init)
    return client, client, base, server
  end,
  OnSSLClientAuthentication = function(good, init)
    init.SSLClientCACerts = not good and pki.read "stranger-root.crt" or nil
    local server, base = mutual(init)
    return server, with_certificate(), base, server
  end,
}

for handler, make in pairs(sides) do
  for _, provider in ipairs(BOTH) do
    describe(("%s, with %s,"):format(handler, provider), function()
      -- Runs `f` as the handler.
      local function pair(good, f)
        return make(good, { SSLProvider = provider, [handler] = f })
      end

      it("accepts what was not trusted", function()
        local _, client, base = pair(false, function(_, e) e.Accept = true end)
        dtls.reaches(client, base)
      end)

      it("refuses what was trusted", function()
        local _, client, base = pair(true, function(_, e) e.Accept = false end)
        local is_client = handler == "OnSSLServerAuthentication"
        dtls.refuses(is_client and 280 or 276, { is_client and handler or "alert 46 (certificate_unknown)" }, client, base)
      end)

      it("may sleep first, and then decide either way", function()
        for _, accept in ipairs { true, false } do
          local _, client, base = pair(not accept, function(_, e)
            lunacoap.sleep(0.1)
            e.Accept = accept
          end)
          if accept then
            dtls.reaches(client, base)
          else
            assert.is_false(pcall(client.Get, client, base))
          end
        end
      end)

      it("may ask another component first, over DTLS too", function()
        local _, directory = dtls.server()
        local answer
        local _, client, base = pair(false, function(_, e)
          local asker = dtls.client()
          dtls.reaches(asker, directory)
          answer = asker.ResponseData
          e.Accept = answer == "/hello"
        end)
        dtls.reaches(client, base)
        assert.are.equal("/hello", answer)
      end)

      it("that raises refuses, even what was trusted, and OnError is told", function()
        local decider, client, base = pair(true, function(_, e)
          e.Accept = true
          error "no idea"
        end)
        local errors = dtls.collect(decider, "OnError", "Description")
        assert.is_false(pcall(client.Get, client, base))
        assert.are.equal(1, #errors)
        assert.is_truthy(errors[1].Description:find("no idea", 1, true))
      end)

      it("may call Shutdown, at once or after it was suspended, and so may others meanwhile", function()
        for _, how in ipairs { "at once", "later", "meanwhile" } do
          local done
          local _, client, base = pair(true, function(coap)
            if how == "meanwhile" then
              lunacoap.timer(0.02, 0, function() coap:Shutdown() end)
            end
            if how ~= "at once" then
              lunacoap.sleep(0.05)
            end
            if how ~= "meanwhile" then
              coap:Shutdown()
            end
            done = true
          end)
          client.Timeout = 2
          local ok, err = pcall(client.Get, client, base)
          assert.is_false(ok)
          local code = handler == "OnSSLServerAuthentication" and 711 or 276
          assert.are.equal(code, err.Code, tostring(err))
          dtls.until_true(function() return done end)
          collectgarbage()
        end
      end)

      it("leaves its event to be read, but no more to be decided", function()
        local kept
        local decider, client, base = pair(true, function(_, e) kept = e end)
        dtls.reaches(client, base)
        decider:Shutdown()
        collectgarbage()
        assert.are.equal("OK", kept.Status)
        assert.is_truthy(kept.CertSubject:find("^O=Specs, CN="))
        assert.is_truthy(kept.CertEncoded:find("BEGIN CERTIFICATE", 1, true))
        dtls.raises(1, { "Accept counts only until the handler" }, function() kept.Accept = false end)
        dtls.raises(1, { "read-only" }, function() kept.Status = "OK" end)
      end)

      it("suspended for too long lets the call time out, and the client wait for nothing else (301)", function()
        local _, client, base = pair(true, function() lunacoap.sleep(1.2) end)
        client.Timeout = 0.8
        local words = handler == "OnSSLServerAuthentication" and handler .. " has not decided in time" or "handshake"
        dtls.refuses(301, { words }, client, base)
        client.Timeout = 5
        dtls.reaches(client, base)
      end)
    end)
  end
end

describe("SSLStatus", function()
  it("tells the progress of a session at both ends, and why it ended", function()
    local server, base = dtls.server()
    local client = dtls.client()
    local lines, its = dtls.status(client), dtls.status(server)
    dtls.reaches(client, base)
    client:Shutdown()
    dtls.until_true(function() return dtls.count(its, "ended") == 1 end)
    local address = base:match("//(.*)$"):gsub("%p", "%%%0")
    assert.is_truthy(lines[1]:find("^Session %d+ with " .. address .. " begins$"), lines[1])
    assert.are.equal("OK", lines[2]:match("has shown its certificate: (.*)"))
    assert.is_truthy(lines[3]:find("^Session %d+ with " .. address .. " is up: DTLS 1.2, TLS_%S+, new$"),
      lines[3])
    assert.is_truthy(its[#its]:find("ended: The client closed the DTLS session", 1, true), its[#its])
  end)

  it("may be used to shut down, a moment later, at any point", function()
    for _, point in ipairs { "begins", "has shown", "is up", "^Record sent", "^Record received" } do
      local _, base = dtls.server()
      local client = dtls.client { LogSSLPackets = true, Timeout = 1 }
      local problem
      client.OnSSLStatus = function(coap, e)
        if e.Message:find(point) then
          problem = problem or not pcall(coap.Shutdown, coap)
        end
      end
      dtls.raises(711, {}, client.Get, client, base)
      assert.is_false(problem)
    end
  end)

  it("whose handler raises or suspends hurts nothing", function()
    local _, base = dtls.server()
    local client = dtls.client()
    local problem
    client.OnSSLStatus = function() problem = select(2, pcall(lunacoap.sleep, 1)) end
    dtls.reaches(client, base)
    assert.is_truthy(tostring(problem):find("OnSSLStatus", 1, true), tostring(problem))
  end)
end)

describe("Request and Register events", function()
  it("tell who asks", function()
    for _, provider in ipairs(BOTH) do
      local fields = { "ConnectionId", "CertSubject", "CertIssuer", "CertEncoded", "CertEncodedB", "PSKIdentity" }
      local server, base = mutual { SSLProvider = provider, OnRegister = function(coap, e)
        coap.ResponseData, e.Accept = "state", true
      end }
      local registered = dtls.collect(server, "OnRegister", table.unpack(fields))
      local asked = dtls.collect(server, "OnRequest", table.unpack(fields))
      local client = with_certificate()
      client:StartObserving(base .. "/state")
      dtls.reaches(client, base)
      assert.are.same({
        ConnectionId = asked[1].ConnectionId, CertSubject = "O=Specs, CN=client-ec", CertIssuer = "O=Specs, CN=root",
        CertEncoded = pki.read "client-ec.crt", CertEncodedB = pki.read "client-ec.crt", PSKIdentity = "",
      }, registered[1])
      assert.are.same(registered, asked)
    end
  end)

  it("still tell it when they are read after the session is gone", function()
    local kept
    local _, base = mutual { OnRequest = function(_, e) kept = e end }
    local client = with_certificate { Timeout = 1 }
    pcall(client.Get, client, base)
    client:Shutdown()
    lunacoap.sleep(0.02)
    assert.are.equal("O=Specs, CN=client-ec", kept.CertSubject)
    assert.is_true(kept.ConnectionId > 0)
  end)

  it("tell nothing of plain requests", function()
    local server, base = dtls.server { SSLEnabled = false }
    local asked = dtls.collect(server, "OnRequest", "ConnectionId", "CertSubject", "PSKIdentity")
    dtls.reaches(dtls.client { SSLServerCACerts = false }, (base:gsub("coaps", "coap")))
    assert.are.same({ { ConnectionId = 0, CertSubject = "", PSKIdentity = "" } }, asked)
  end)
end)
