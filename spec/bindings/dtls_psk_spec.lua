-- Pre-shared keys over DTLS, as a script sets and looks them up.
local dtls = require "spec.support.dtls"
local process = require "spec.support.process"

local BOTH = { "mbedTLS", "GnuTLS" }
local SECRET, HEX = "secret", "736563726574"

after_each(dtls.stop)

local function device(more)
  local settings = { SSLServerCACerts = false, PSKIdentity = "dev", PSKKey = HEX }
  for name, value in pairs(more or {}) do
    settings[name] = value
  end
  return dtls.client(settings)
end

-- A server that looks keys up with this handler.
local function looking(provider, handler)
  return dtls.server { SSLCert = false, SSLProvider = provider, OnPSKLookup = handler }
end

-- Calls `use` with each engine, as name.
local function with_both(use)
  for _, provider in ipairs(BOTH) do
    use(provider)
  end
end

-- Another key shows as an alert, or as silence where the ends have different engines.
local function is_refused(client, base)
  client.Timeout = 1.5
  local ok, err = pcall(client.Get, client, base)
  assert.is_false(ok)
  assert.is_true(err.Code == 276 or err.Code == 301, tostring(err))
  assert.is_truthy(err.Message:find("PSK", 1, true), err.Message)
end

describe("PSKIdentity and PSKKey", function()
  it("of both ends make a session without certificates, and requests tell the identity", function()
    with_both(function(provider)
      local server, base = dtls.server { SSLCert = false, SSLProvider = provider, PSKIdentity = "dev", PSKKey = HEX }
      local seen = dtls.collect(server, "OnRequest", "PSKIdentity", "CertSubject", "CertEncoded")
      with_both(function(other)
        local client = device { SSLProvider = other }
        dtls.reaches(client, base)
        assert.are.equal("TLS_PSK_WITH_AES_128_CCM_8", client:Config "SSLNegotiatedCipherSuite")
        assert.are.equal("", client.SSLServerCert.Subject)
      end)
      local one = { PSKIdentity = "dev", CertSubject = "", CertEncoded = "" }
      assert.are.same({ one, one }, seen)
    end)
  end)

  it("go beside a server's certificate, for clients of either kind", function()
    with_both(function(provider)
      local _, base = dtls.server { SSLProvider = provider, PSKIdentity = "dev", PSKKey = HEX }
      dtls.reaches(device(), base)
      dtls.reaches(dtls.client(), base)
    end)
  end)

  it("that are not the server's are refused, with words about the key", function()
    with_both(function(provider)
      local _, base = dtls.server { SSLCert = false, SSLProvider = provider, PSKIdentity = "dev", PSKKey = HEX }
      is_refused(device { SSLProvider = provider, PSKKey = "00" }, base)
      dtls.refuses(276, { "alert 115 (unknown_psk_identity)", "does not know our PSKIdentity" },
        device { SSLProvider = provider, PSKIdentity = "other" }, base)
    end)
  end)

  it("that a server does not want say so (276)", function()
    local _, base = dtls.server()
    with_both(function(provider)
      dtls.refuses(276, { "alert 40", "takes no pre-shared key" }, device { SSLProvider = provider }, base)
    end)
  end)

  it("that a server wants and the client does not have say so (276)", function()
    with_both(function(provider)
      local _, base = dtls.server { SSLCert = false, SSLProvider = provider, PSKIdentity = "dev", PSKKey = HEX }
      dtls.refuses(276, { "alert 40", "PSKKey" }, dtls.client(), base)
    end)
  end)

  it("go together (273)", function()
    dtls.refuses(273, { "PSKKey is set and PSKIdentity is not" }, device { PSKIdentity = "" }, "coaps://127.0.0.1:9")
    local server = dtls.server { SSLCert = false, PSKKey = "00", Listening = false }
    dtls.raises(273, { "PSKIdentity" }, server.StartListening, server)
  end)

  it("take what they can hold, and no message shows the key", function()
    local client = dtls.client()
    for _, key in ipairs { "5ec2e", "5ec2eg", "secret" } do
      local message = dtls.raises(1, { "hexadecimal digits" }, client.Config, client, "PSKKey=" .. key)
      assert.is_nil(message:find(key, 1, true), message)
    end
    client:Config "SSLProvider=mbedTLS"
    for _, bytes in ipairs { 34, 300, 10000 } do
      local message = dtls.raises(1, { ("has %d bytes; mbedTLS takes at most 32"):format(bytes) },
        client.Config, client, "PSKKey=" .. ("5ec2"):rep(bytes // 2))
      assert.is_nil(message:find("5ec2", 1, true), message)
    end
    dtls.raises(1, { "128 bytes" }, client.Config, client, "PSKIdentity=" .. ("x"):rep(129))
    client:Config("PSKIdentity=" .. ("x"):rep(128))
    assert.are.equal("", client:Config "PSKKey")
  end)

  it("may be of bytes that are not text, as long as the engine takes", function()
    for provider, longest in pairs { mbedTLS = 32, GnuTLS = 64 } do
      local key = "00ff0d0a" .. ("00"):rep(longest - 4)
      local server = { SSLCert = false, SSLProvider = provider, PSKIdentity = "é €\1", PSKKey = key }
      local _, base = dtls.server(server)
      dtls.reaches(device { SSLProvider = provider, PSKIdentity = "é €\1", PSKKey = key }, base)
    end
  end)
end)

describe("OnPSKLookup", function()
  it("gets the identity and the ConnectionId that requests have, and gives the key", function()
    with_both(function(provider)
      local id, identity, before
      local server, base = looking(provider, function(_, e)
        id, identity, before = e.ConnectionId, e.Identity, e.Key
        e.Key = SECRET
        assert(e.Key == SECRET)
      end)
      local seen = dtls.collect(server, "OnRequest", "ConnectionId", "PSKIdentity")
      dtls.reaches(device(), base)
      assert.are.same({ { ConnectionId = id, PSKIdentity = "dev" } }, seen)
      assert.are.same({ "dev", "" }, { identity, before })
    end)
  end)

  it("takes keys with zero bytes", function()
    with_both(function(provider)
      local _, base = looking(provider, function(_, e) e.Key = "\0a\0\0" end)
      dtls.reaches(device { PSKKey = "00610000" }, base)
    end)
  end)

  it("comes after PSKIdentity and PSKKey, which need no handler", function()
    with_both(function(provider)
      local asked = 0
      local _, base = dtls.server {
        SSLCert = false, SSLProvider = provider, PSKIdentity = "dev", PSKKey = HEX,
        OnPSKLookup = function(_, e)
          asked = asked + 1
          e.Key = "other"
        end,
      }
      dtls.reaches(device(), base)
      assert.are.equal(0, asked)
      dtls.reaches(device { PSKIdentity = "second", PSKKey = "6f74686572" }, base)
      assert.are.equal(1, asked)
    end)
  end)

  it("refuses an identity for which it sets no key", function()
    with_both(function(provider)
      for _, handler in ipairs { function() end, function(_, e) e.Key = "" end } do
        local server, base = looking(provider, handler)
        local lines = dtls.status(server)
        dtls.refuses(276, { "alert 115 (unknown_psk_identity)" }, device(), base)
        dtls.until_true(function() return dtls.count(lines, "PSK identity is not known") == 1 end)
      end
    end)
  end)

  it("that raises refuses, and OnError is told", function()
    with_both(function(provider)
      local server, base = looking(provider, function(_, e)
        e.Key = SECRET
        error "no directory"
      end)
      local errors = dtls.collect(server, "OnError", "Description")
      dtls.refuses(276, { "alert 115" }, device(), base)
      assert.are.equal(1, #errors)
      assert.is_truthy(errors[1].Description:find("no directory", 1, true))
      assert.is_nil(errors[1].Description:find(SECRET, 1, true))
    end)
  end)

  it("refuses with a word to OnError when Key is longer than the engine takes", function()
    with_both(function(provider)
      local server, base = looking(provider, function(_, e) e.Key = ("s"):rep(300) end)
      local errors = dtls.collect(server, "OnError", "ErrorCode", "Description")
      dtls.refuses(276, { "alert 115" }, device(), base)
      assert.are.equal(1, #errors)
      assert.is_truthy(errors[1].Description:find("longer than", 1, true), errors[1].Description)
    end)
  end)

  it("does not let OnError act, which is told in the middle of the handshake", function()
    with_both(function(provider)
      local mistakes = { function() error "no directory" end, function(_, e) e.Key = ("s"):rep(300) end }
      for _, mistake in ipairs(mistakes) do
        local server, base = looking(provider, mistake)
        local told
        server.OnError = function(coap)
          told = select(2, pcall(coap.StopListening, coap))
          coap:Shutdown() -- at the end of the turn
        end
        dtls.refuses(276, { "alert 115" }, device(), base)
        assert.is_truthy(tostring(told):find("OnPSKLookup may not call StopListening", 1, true), tostring(told))
        assert.is_false(server.Listening)
      end
    end)
  end)

  it("takes a string for Key, nothing for what is read-only, and both in time", function()
    local kept, problems = nil, {}
    local _, base = looking("mbedTLS", function(_, e)
      kept = e
      for i, bad in ipairs { 7, true, {} } do
        problems[i] = select(2, pcall(function() e.Key = bad end)).Message
      end
      problems[4] = select(2, pcall(function() e.Identity = "me" end)).Message
      e.Key = SECRET
    end)
    dtls.reaches(device(), base)
    for i = 1, 3 do
      assert.is_truthy(problems[i]:find("Key takes the raw bytes of a key as a string", 1, true), problems[i])
    end
    assert.is_truthy(problems[4]:find("Identity of the PSKLookup event is read-only", 1, true))
    dtls.raises(1, { "only until the handler" }, function() kept.Key = "late" end)
    assert.are.same({ "dev", "" }, { kept.Identity, kept.Key }) -- the key is not kept
  end)

  it("may not suspend nor act, and says what to do instead", function()
    local problem
    local server, base = looking("mbedTLS", function(coap, e)
      problem = select(2, pcall(coap.Get, coap, "coap://127.0.0.1:9")).Message
      e.Key = SECRET
    end)
    dtls.reaches(device(), base)
    assert.is_truthy(problem:find("lunacoap.spawn", 1, true), problem)
    server:Shutdown()
  end)

  it("may shut its server down: a moment later", function()
    with_both(function(provider)
      local server, base = looking(provider, function(coap, e)
        e.Key = SECRET
        coap:Shutdown()
      end)
      local client = device { Timeout = 1 }
      assert.is_false(pcall(client.Get, client, base))
      assert.is_false(server.Listening)
    end)
  end)

  it("is asked each time: a session of a pre-shared key is not resumed, beside a certificate neither", function()
    local path = os.tmpname()
    with_both(function(provider)
      local asked = 0
      local server = dtls.server { SSLProvider = provider, OnPSKLookup = function(_, e)
        asked, e.Key = asked + 1, SECRET
      end }
      for count, option in ipairs { "-sess_out", "-sess_in" } do
        local child <close> = process.start(([[sh -c 'sleep 0.5 | openssl s_client -dtls1_2 -psk_identity dev \
          -psk %s -cipher PSK-AES128-CCM8 -connect 127.0.0.1:%d %s %s']]):format(HEX, server.LocalPort, option, path))
        local output = child:finish()
        assert.is_truthy(output:find("New, TLSv1.2, Cipher is PSK-AES128-CCM8", 1, true), output)
        assert.are.equal(count, asked)
      end
    end)
    os.remove(path)
  end)

  it("counts from when it is set, also on a server that listens", function()
    local server, base = dtls.server()
    dtls.refuses(276, { "alert 40" }, device(), base)
    server.OnPSKLookup = function(_, e) e.Key = SECRET end
    dtls.reaches(device(), base)
    server.OnPSKLookup = nil
    dtls.refuses(276, { "alert" }, device(), base)
  end)
end)
