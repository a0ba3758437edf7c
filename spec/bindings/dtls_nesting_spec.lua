-- Handlers that turn the loop or pull the ground away while DTLS is in the middle of something.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local pki = require "spec.support.pki"

local BOTH = { "mbedTLS", "GnuTLS" }

after_each(dtls.stop)

-- Runs `f` in a coroutine of the script's own, where calls run the loop nested.
local function nested(f)
  coroutine.wrap(f)()
end

-- A pair whose handler of an authentication event is `f`.
local function pair(provider, handler, f)
  local is_client = handler == "OnSSLServerAuthentication"
  local _, base = dtls.server {
    SSLProvider = provider, SSLAuthenticateClients = true, SSLClientCACerts = pki.read "root.crt",
    OnSSLClientAuthentication = not is_client and f or nil,
  }
  return dtls.client {
    SSLProvider = provider, SSLCert = dtls.certificate "client-ec", OnSSLServerAuthentication = is_client and f or nil,
  }, base
end

for _, handler in ipairs { "OnSSLServerAuthentication", "OnSSLClientAuthentication" } do
  for _, provider in ipairs(BOTH) do
    describe(("%s, with %s,"):format(handler, provider), function()
      it("may turn the loop nested, and ask others over DTLS in it", function()
        local _, other = dtls.server { SSLProvider = provider }
        local client, base = pair(provider, handler, function()
          nested(function()
            lunacoap.sleep(0.02)
            dtls.reaches(dtls.client { SSLProvider = provider }, other)
          end)
        end)
        dtls.reaches(client, base)
      end)

      it("may shut down in the nested loop", function()
        local client, base = pair(provider, handler, function(coap)
          nested(function()
            lunacoap.sleep(0.01)
            coap:Shutdown()
            lunacoap.sleep(0.01)
          end)
        end)
        client.Timeout = 1
        assert.is_false(pcall(client.Get, client, base))
      end)
    end)
  end
end

describe("a handler", function()
  it("of requests may turn the loop nested while its client goes away", function()
    for _, provider in ipairs(BOTH) do
      local done
      local client
      local _, base = dtls.server { SSLProvider = provider, OnRequest = function(coap)
        nested(function()
          client:Shutdown()
          lunacoap.sleep(0.05)
        end)
        coap.ResponseData = "nobody hears that"
        done = true
      end }
      client = dtls.client { SSLProvider = provider, Timeout = 0 }
      client:Get(base)
      dtls.until_true(function() return done end)
      lunacoap.sleep(0.02)
    end
  end)

  it("of RequestComplete may shut down and begin anew when its session ends", function()
    for _, provider in ipairs(BOTH) do
      local server, base = dtls.server { SSLProvider = provider, OnRequest = function(_, e) e.SendResponse = false end }
      local _, other = dtls.server { SSLProvider = provider }
      local client = dtls.client { SSLProvider = provider, Timeout = 0 }
      local codes = {}
      client.OnRequestComplete = function(coap, e)
        codes[#codes + 1] = e.ErrorCode
        if e.ErrorCode ~= 0 then
          coap:Shutdown()
          coap:Get(other .. "/again")
        end
      end
      for _ = 1, 3 do
        client:Get(base)
      end
      lunacoap.sleep(0.05)
      server:Shutdown()
      dtls.until_true(function() return codes[2] end)
      lunacoap.sleep(0.02)
      assert.are.same({ 10054, 0 }, codes)
    end
  end)

  for _, event in ipairs { "OnUnregistered", "OnResponseComplete" } do
    it(("of %s may shut the server down when a session ends"):format(event:sub(3)), function()
      for _, provider in ipairs(BOTH) do
        local asked = 0
        local server, base = dtls.server {
          SSLProvider = provider,
          OnRegister = function(coap, e) coap.ResponseData, e.Accept = "state", true end,
          OnRequest = function(_, e)
            asked, e.SendResponse = asked + 1, false
          end,
        }
        local client = dtls.client { SSLProvider = provider }
        client:StartObserving(base .. "/a")
        client:StartObserving(base .. "/b")
        client.Timeout = 0
        client:Get(base)
        dtls.until_true(function() return asked == 1 end)
        server[event] = function(coap) coap:Shutdown() end
        client:Shutdown()
        dtls.until_true(function() return not server.Listening end)
      end
    end)
  end

  it("of Notification may shut down, or reset", function()
    for _, method in ipairs { "Shutdown", "Reset" } do
      local server, base = dtls.server {
        OnRegister = function(coap, e) coap.ResponseData, e.Accept = "state", true end,
      }
      local client = dtls.client()
      client:StartObserving(base .. "/a")
      local gone
      client.OnNotification = function(coap)
        coap[method](coap)
        gone = true
      end
      server.ResponseCode, server.ResponseData = "2.05", "news"
      server:SendNotification("/a")
      dtls.until_true(function() return gone end)
    end
  end)
end)

describe("credentials that change", function()
  it("in the handler of an authentication event count for the next session", function()
    local server, base = dtls.server()
    local client = dtls.client()
    client.OnSSLServerAuthentication = function(coap)
      server.SSLCert = dtls.certificate "server-rsa"
      coap:Config "SSLEnabledCipherSuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
      lunacoap.sleep(0.01)
      coap.OnSSLServerAuthentication = nil
    end
    dtls.reaches(client, base)
    assert.are.equal("O=Specs, CN=server-ec", client.SSLServerCert.Subject)
    dtls.reaches(client, base)
    assert.are.equal("O=Specs, CN=server-rsa", client.SSLServerCert.Subject)
  end)

  it("while a handshake is under way leave it alone, and the request is answered", function()
    local _, base = dtls.server()
    local client = dtls.client { Timeout = 0 }
    local done = dtls.collect(client, "OnRequestComplete", "ErrorCode", "ErrorDescription")
    client:Get(base .. "/one")
    client:Config "SSLCipherStrength=1"
    dtls.until_true(function() return #done == 1 end)
    assert.are.same({ { ErrorCode = 0, ErrorDescription = "" } }, done)
  end)
end)
