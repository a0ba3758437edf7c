-- DTLS sessions that are resumed, their secrets in a key log, and DTLS 1.0, with the programs of
-- OpenSSL, GnuTLS and libcoap, which we did not write.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local PROVIDERS = { "mbedTLS", "GnuTLS" }
local X509 = "-n -c @server-ec.crt -j @server-ec.key"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- The names of files that are not there yet, and go away.
local function fresh(count)
  local list = setmetatable({}, {
    __close = function(list)
      for _, path in ipairs(list) do
        os.remove(path)
      end
    end,
  })
  for i = 1, count do
    list[i] = os.tmpname()
    os.remove(list[i])
  end
  return list
end

-- The lines of secrets, sorted, without remarks.
local function secrets(path)
  local list = {}
  for line in read(path):gmatch("[^\n]+") do
    if line:sub(1, 1) ~= "#" then
      list[#list + 1] = line:lower()
    end
  end
  table.sort(list)
  return list
end

describe("our server over DTLS", function()
  local statuses

  local function serve(settings)
    statuses = {}
    settings.LocalHost, settings.SSLEnabled, settings.Listening = "127.0.0.1", true, true
    settings.SSLCert = settings.SSLCert or foreign.certificate "server-ec"
    settings.OnSSLStatus = function(_, e) statuses[#statuses + 1] = e.Message end
    settings.OnRequest = function(coap) coap.ResponseData = "hello" end
    return lunacoap.CoAP(settings)
  end

  -- How each session came up: "new" or "resumed".
  local function ways()
    local list = {}
    for _, status in ipairs(statuses) do
      list[#list + 1] = status:match(" is up: .*, (%a+)$")
    end
    return list
  end

  local function s_client(server, arguments)
    return foreign.run(("openssl s_client -dtls1_2 -CAfile @root.crt -connect 127.0.0.1:%d %s"):format(
      server.LocalPort, arguments))
  end

  for _, provider in ipairs(PROVIDERS) do
    it("resumes what openssl s_client kept, by " .. provider, function()
      local server <close> = serve { SSLProvider = provider }
      local files <close> = fresh(1)
      assert.is_truthy(s_client(server, "-sess_out " .. files[1]):find("New, TLSv1.2", 1, true))
      local again = s_client(server, "-sess_in " .. files[1])
      assert.is_truthy(again:find("Reused, TLSv1.2", 1, true), again)
      assert.are.same({ "new", "resumed" }, ways())
    end)

    it("resumes what gnutls-cli kept, by " .. provider, function()
      local server <close> = serve { SSLProvider = provider }
      local said = foreign.run(("gnutls-cli --udp -r --x509cafile @root.crt -p %d 127.0.0.1"):format(server.LocalPort))
      assert.is_truthy(said:find("This is a resumed session", 1, true), said)
      assert.are.same({ "new", "resumed" }, ways())
    end)

    it("has the lines of openssl s_client in its key log, by " .. provider, function()
      local files <close> = fresh(3)
      local ours, theirs, session = table.unpack(files)
      local settings = { SSLProvider = provider, SSLKeyLogFile = ours }
      do
        local server <close> = serve(settings)
        s_client(server, ("-keylogfile %s -sess_out %s"):format(theirs, session))
        s_client(server, ("-keylogfile %s -sess_in %s"):format(theirs, session))
        assert.are.same({ "new", "resumed" }, ways())
      end
      local before = read(ours)
      local server <close> = serve(settings)
      s_client(server, "-keylogfile " .. theirs)
      assert.are.equal(before, read(ours):sub(1, #before))
      assert.are.equal(3, #secrets(theirs))
      assert.are.same(secrets(theirs), secrets(ours))
      assert.are.equal("600\n", foreign.run("stat -c %a " .. ours))
    end)

    it("has the lines of coap-client-gnutls in its key log, with a pre-shared key, by " .. provider, function()
      local files <close> = fresh(2)
      local server <close> = serve {
        SSLProvider = provider, SSLKeyLogFile = files[1], PSKIdentity = "dev", PSKKey = "736563726574",
      }
      local said = foreign.run(("env SSLKEYLOGFILE=%s coap-client-gnutls -u dev -k secret coaps://127.0.0.1:%d/"):format(
        files[2], server.LocalPort))
      assert.are.equal("hello\n", said)
      assert.are.equal(1, #secrets(files[2]))
      assert.are.same(secrets(files[2]), secrets(files[1]))
    end)

    it("speaks DTLS 1.0 with gnutls-cli when it is told to, by " .. provider, function()
      local server <close> = serve { SSLProvider = provider, SSLEnabledProtocols = 192 }
      local said = foreign.run(("gnutls-cli --udp --x509cafile @root.crt --priority %s -p %d 127.0.0.1"):format(
        "NORMAL:+VERS-DTLS1.0", server.LocalPort))
      assert.is_truthy(said:find("Description: (DTLS1.0-X.509)", 1, true), said)
      assert.is_truthy(table.concat(statuses, "\n"):find("is up: DTLS 1.0, TLS_ECDHE_ECDSA_WITH_AES", 1, true))
    end)
  end

  it("has the lines of coap-client-gnutls in its key log, with raw public keys", function()
    local files <close> = fresh(2)
    local server <close> = serve { UseRawPublicKey = true, SSLKeyLogFile = files[1] }
    local said = foreign.run(("env SSLKEYLOGFILE=%s coap-client-gnutls -M @client-ec.sec1.key coaps://127.0.0.1:%d/")
      :format(files[2], server.LocalPort))
    assert.are.equal("hello\n", said)
    assert.are.equal(1, #secrets(files[2]))
    assert.are.same(secrets(files[2]), secrets(files[1]))
  end)

  it("resumes a session that it has parked meanwhile", function()
    local server <close> = serve { SSLProvider = "mbedTLS" }
    local files <close> = fresh(1)
    -- It stays where it is while its standard input does.
    local idle <close> = foreign.start(("sh -c 'sleep 30 | openssl s_client -dtls1_2 -CAfile @root.crt " ..
      "-connect 127.0.0.1:%d -sess_out %s'"):format(server.LocalPort, files[1]))
    idle:expect("New, TLSv1.2")
    lunacoap.sleep(5.5)
    local again = s_client(server, "-sess_in " .. files[1])
    assert.is_truthy(again:find("Reused, TLSv1.2", 1, true), again)
    assert.are.same({ "new", "resumed" }, ways())
  end)
end)

-- A server that was killed and started anew knows nothing of the sessions before.
describe("our client of a server that was started anew", function()
  local function start(port)
    local server = foreign.start(("%s/lunacoap examples/dtls_server.lua @server-ec.both.pem %d"):format(
      process.build_folder(), port))
    server:expect("listening")
    return server
  end

  for _, provider in ipairs(PROVIDERS) do
    it("begins a new session once a request was not answered, by " .. provider, function()
      for _, settings in ipairs { { Timeout = 0.5 }, { AckTimeout = 0.1, MaxRetransmit = 1 } } do
        local port = process.free_port("127.0.0.1")
        local uri = ("coaps://127.0.0.1:%d/hello"):format(port)
        settings.SSLProvider, settings.SSLAcceptServerCert = provider, foreign.certificate "server-ec"
        local coap <close> = lunacoap.CoAP(settings)
        do
          local first <close> = start(port)
          coap:Get(uri)
          first:signal "KILL"
          first:reap()
        end
        local second <close> = start(port)
        local ok, err = pcall(coap.Get, coap, uri)
        assert.is_false(ok)
        assert.are.equal(settings.Timeout and 301 or 704, err.Code)
        coap.Timeout = 5
        coap:Get(uri)
        assert.are.equal("Hello, stranger", coap.ResponseData)
        assert.is_true(second:running())
      end
    end)
  end
end)

-- A server for coaps:// in a process of its own, whose resource may be observed and is out of date at
-- once; its port, certificate and state are to be filled in.
local OBSERVED = [[local lunacoap = require "lunacoap"
  local server = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = %d, SSLEnabled = true,
    SSLCert = lunacoap.Certificate(lunacoap.StoreType.cstPEMKeyFile, "%s") }
  server.OnRegister = function(coap, e)
    coap.ResponseData, coap.ResponseOptions, e.Accept = "%s", { { Number = 14, Value = 0 } }, true
  end
  server:StartListening()
  print "listening"]]

describe("an observation over DTLS", function()
  it("goes on with a server that was killed and started anew, and knows nothing of it", function()
    local port = process.free_port("127.0.0.1")
    local function start(state)
      local server = process.start(("%s/lunacoap -e '%s'"):format(process.build_folder(),
        OBSERVED:format(port, pki.path("server-ec.both.pem"), state)))
      server:expect("listening")
      return server
    end
    local states = {}
    local coap <close> = lunacoap.CoAP { AckTimeout = 0.1, MaxRetransmit = 0,
      SSLAcceptServerCert = foreign.certificate "server-ec" }
    coap.OnNotification = function() states[#states + 1] = coap.ResponseData end
    local first <close> = start("first")
    coap:StartObserving(("coaps://127.0.0.1:%d/state"):format(port))
    first:signal "KILL"
    first:reap()
    local second <close> = start("second")
    -- It registers anew 5 to 15 s after Max-Age (RFC 7641 3.3.1); libev's clock cannot be moved on.
    assert.is_true(process.wait(function() return states[#states] == "second" end, 20))
    assert.are.equal("first", states[1])
    assert.is_true(second:running())
  end)
end)

describe("our client over DTLS", function()
  local statuses, asked

  local function client(settings)
    statuses, asked = {}, 0
    settings.Timeout = 5
    settings.OnSSLStatus = function(_, e) statuses[#statuses + 1] = e.Message:match(" is up: (.*)$") end
    settings.OnSSLServerAuthentication = function(_, e)
      asked, e.Accept = asked + 1, true
    end
    return lunacoap.CoAP(settings)
  end

  -- Two sessions, one behind the other; the second one is `way`.
  local function twice(program, settings, way)
    local server <close>, base = foreign.serve(program, X509, "127.0.0.1")
    local coap <close> = client(settings)
    for _ = 1, 2 do
      coap:Get(base .. "/")
      assert.are.equal("2.05", coap.ResponseCode)
      assert.are.equal("O=Specs, CN=server-ec", coap.SSLServerCert.Subject)
      coap:Shutdown()
    end
    local suite = "DTLS 1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, "
    assert.are.same({ suite .. "new", suite .. way }, statuses)
    assert.are.equal(way == "new" and 2 or 1, asked)
    return server:output()
  end

  local function count(text, piece)
    local _, found = text:gsub(piece, "")
    return found
  end

  for _, provider in ipairs(PROVIDERS) do
    it("resumes its session with coap-server-openssl, by " .. provider, function()
      local log = twice("coap-server-openssl", { SSLProvider = provider, ReuseSSLSession = true }, "resumed")
      assert.are.equal(1, count(log, "write certificate\n"), log)
    end)

    it("begins anew without ReuseSSLSession, by " .. provider, function()
      local log = twice("coap-server-openssl", { SSLProvider = provider }, "new")
      assert.are.equal(2, count(log, "write certificate\n"), log)
    end)

    it("begins anew with coap-server-gnutls, which resumes nothing, by " .. provider, function()
      twice("coap-server-gnutls", { SSLProvider = provider, ReuseSSLSession = true }, "new")
    end)

    it("speaks DTLS 1.0 with coap-server-gnutls when it is told to, by " .. provider, function()
      local server <close>, base = foreign.serve("coap-server-gnutls", X509, "127.0.0.1")
      local coap <close> = client { SSLProvider = provider, SSLEnabledProtocols = 192 }
      coap:Get(base .. "/")
      assert.are.equal("2.05", coap.ResponseCode)
      assert.are.equal("DTLS1.0", coap:Config "SSLNegotiatedVersion")
      assert.is_true(server:running())
    end)

    it("speaks DTLS 1.0 with gnutls-serv, by " .. provider, function()
      local port = process.free_port("127.0.0.1")
      local server <close> = foreign.start("gnutls-serv --udp --echo --x509certfile @server-ec.crt " ..
        "--x509keyfile @server-ec.key --priority NORMAL:-VERS-ALL:+VERS-DTLS1.0 -p " .. port)
      server:expect("done")
      local coap <close> = client { SSLProvider = provider, SSLEnabledProtocols = 192 }
      -- What comes back is our own request: no response, but it came through the session.
      pcall(coap.Get, coap, ("coaps://127.0.0.1:%d/"):format(port))
      assert.is_truthy(statuses[1] and statuses[1]:find("^DTLS 1.0, TLS_ECDHE_ECDSA_WITH_AES"), statuses[1])
    end)
  end
end)
