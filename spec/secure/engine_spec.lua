-- DTLS engines: handshakes, the decisions in them, and how they fail. Two sessions are joined by a
-- wire in virtual time.

local engine = require("lunacoap.probe").engine
local dtls_engines = require "spec.support.dtls_engines"
local dtls_pair = require "spec.support.dtls_pair"
local pki = require "spec.support.pki"

local CERTIFICATE, RAW_KEY, PSK = dtls_engines.CERTIFICATE, dtls_engines.RAW_KEY, dtls_engines.PSK
local SECP256R1, SECP384R1 = dtls_engines.SECP256R1, dtls_engines.SECP384R1
local ECDSA_CCM_8, ECDSA_GCM, RSA_GCM = dtls_engines.ECDSA_CCM_8, dtls_engines.ECDSA_GCM, dtls_engines.RSA_GCM
local DHE_RSA_GCM, STATIC_RSA_GCM = dtls_engines.DHE_RSA_GCM, dtls_engines.STATIC_RSA_GCM
local PSK_CCM_8, PSK_GCM, ECDHE_PSK_CBC = dtls_engines.PSK_CCM_8, dtls_engines.PSK_GCM, dtls_engines.ECDHE_PSK_CBC
local IDENTITY, KEY = dtls_engines.IDENTITY, dtls_engines.KEY

-- Handshake types.
local CLIENT_HELLO, HELLO_VERIFY_REQUEST, CERTIFICATE_MESSAGE, SERVER_HELLO_DONE = 1, 3, 11, 14

local function tests_of(E)
  local t = dtls_engines.fixture(E)
  local context, server, client, psk_server, psk_client, fail, assert_works, new_pair =
    t.context, t.server, t.client, t.psk_server, t.psk_client, t.fail, t.assert_works, t.pair

  after_each(t.free)

  describe("a handshake", function()
    local cases = {
      { "an EC certificate, CCM_8", "server-ec", ECDSA_CCM_8, SECP256R1 },
      { "an EC certificate, GCM", "server-ec", ECDSA_GCM, SECP256R1 },
      { "an RSA certificate, ECDHE", "server-rsa", RSA_GCM, SECP256R1 },
      { "an RSA certificate, DHE", "server-rsa", DHE_RSA_GCM, 0 },
      { "another group", "server-p384", ECDSA_GCM, SECP384R1 },
      { "PSK, CCM_8", nil, PSK_CCM_8, 0 },
      { "PSK, GCM", nil, PSK_GCM, 0 },
      { "ECDHE_PSK", nil, ECDHE_PSK_CBC, SECP256R1 },
    }
    for _, case in ipairs(cases) do
      local name, own, suite, group = table.unpack(case)
      local try = engine.has_suite(E.name, suite) and it or function() end
      try("succeeds with " .. name, function()
        local options = {
          suites = { suite }, groups = { group > 0 and group or SECP256R1 },
          own = own and dtls_pair.own(own),
        }
        local pair = new_pair{
          server = own and server(options) or psk_server(options),
          client = own and client{ suites = options.suites, groups = options.groups }
            or psk_client{ suites = options.suites, groups = options.groups },
        }:connect()
        assert_works(pair)
        for _, e in ipairs { pair.client, pair.server } do
          local version, negotiated, curve, resumed = e:info()
          assert.are.same({ 0xfefd, suite, group, false }, { version, negotiated, curve, resumed })
        end
        assert.are.same(own and { { is_raw_key = false, table.unpack(pki.chain(own .. ".crt")) } }
          or {}, pair.client.asked)
        assert.are.same({}, pair.server.asked)
      end)
    end

    it("shows both sides the whole chain", function()
      local pair = new_pair{
        server = server{ own = dtls_pair.own("server-chain", "server-chain.pem"), asks_client = true },
        client = client{ own = dtls_pair.own("client-chain"), extra = pki.chain("intermediate.crt") },
      }:connect()
      assert_works(pair)
      local shown_by_client = pki.chain("client-chain.pem")
      local shown_by_server = pki.chain("server-chain.pem")
      shown_by_client.is_raw_key, shown_by_server.is_raw_key = false, false
      assert.are.same({ shown_by_client }, pair.server.asked)
      assert.are.same({ shown_by_server }, pair.client.asked)
      assert.are.same(shown_by_client, pair.server:shown())
      assert.are.same(shown_by_server, pair.client:shown())
    end)

    it("tells a server that asks of a client that shows nothing", function()
      local pair = new_pair{ server = server{ asks_client = true } }:connect()
      assert.are.same({ { is_raw_key = false } }, pair.server.asked)
      assert.are.same({ is_raw_key = false }, pair.server:shown())
    end)

    it("does not ask for a client's certificate with a pre-shared key", function()
      local pair = new_pair{
        server = server{
          modes = CERTIFICATE | PSK, suites = { ECDSA_CCM_8, PSK_CCM_8 }, asks_client = true,
          psk_identity = IDENTITY, psk_key = KEY,
        },
        client = psk_client(),
      }:connect()
      assert.are.same({}, pair.server.asked)
    end)

    it("gives each client of a server with certificate and PSK its own", function()
      local both = server{
        modes = CERTIFICATE | PSK, suites = { ECDSA_CCM_8, PSK_CCM_8 }, psk_identity = IDENTITY,
        psk_key = KEY,
      }
      local by_key = new_pair{ server = both, client = psk_client() }:connect()
      local by_certificate = new_pair{ server = both }:connect()
      assert.are.equal(PSK_CCM_8, (select(2, by_key.client:info())))
      assert.are.equal(ECDSA_CCM_8, (select(2, by_certificate.client:info())))
    end)

    it("takes a hello with the cookie of the front end", function()
      local hellos = {}
      local pair = new_pair{ wire = function(pair, datagram, from)
        if from == "client" and select(2, dtls_pair.kind(datagram)) == CLIENT_HELLO then
          hellos[#hellos + 1] = datagram
          if #hellos == 1 then
            pair:deliver(pair.client, 10, dtls_pair.handshake(HELLO_VERIFY_REQUEST, 0, 0,
              "\xfe\xff" .. string.pack("s1", "a cookie of the front end")))
            return {}
          end
        end
      end }:connect()
      assert_works(pair)
      assert.is_truthy(hellos[2]:find("a cookie of the front end", 1, true))
    end)

    it("sends the server's name, but none when there is none", function()
      local named = new_pair{ server_name = "coap.example.org" }:connect()
      assert.is_truthy(named.client.sent[1]:find("coap.example.org", 1, true))
      local nameless = new_pair{}:connect()
      -- extension 0, server_name, with a list in it
      assert.is_nil(nameless.client.sent[1]:find("\0\0\0.\0.\0\0", 60))
    end)

    it("lets both sides write as soon as they are up", function()
      local pair = new_pair{
        client_does = { up = function(e) assert(e:write("from the client")) end },
        server_does = { up = function(e) assert(e:write("from the server")) end },
      }:connect()
      assert.are.same({ "from the server" }, pair.client.received)
      assert.are.same({ "from the client" }, pair.server.received)
    end)
  end)

  describe("a pre-shared key", function()
    it("is found by its identity", function()
      local pair = new_pair{
        server = psk_server(), client = psk_client(), keys = { other = "key", [IDENTITY] = KEY },
      }:connect()
      assert_works(pair)
    end)

    it("that is wrong ends the handshake on both sides", function()
      local at_client, at_server = fail{
        server = psk_server(), client = psk_client{ psk_key = ("x"):rep(16) },
      }
      assert.are.equal("wrong key", at_server.reason)
      assert.are.same({ "alert", 20 }, { at_client.reason, at_client.alert })
    end)

    it("of an identity that nobody knows ends the handshake on both sides", function()
      local at_client, at_server = fail{
        server = psk_server(), client = psk_client{ psk_identity = "a stranger" },
      }
      assert.are.equal("unknown psk", at_server.reason)
      assert.are.same({ "alert", 115 }, { at_client.reason, at_client.alert })
    end)
  end)

  describe("a decision", function()
    for _, side in ipairs { "client", "server" } do
      it(("against the %s's peer is told by an alert"):format(side), function()
        local other = side == "client" and "server" or "client"
        local _, _, pair = fail{
          server = server{ asks_client = true }, client = client{ own = dtls_pair.own("client-ec") },
          [side .. "_does"] = { decide = 48 },
        }
        assert.are.equal("refused", pair[side].closed.reason)
        assert.are.same({ "alert", 48 }, { pair[other].closed.reason, pair[other].closed.alert })
        assert.is_false(pair[side].is_up)
        assert.is_false(pair[other].is_up)
      end)

      it(("that the %s takes its time for holds the handshake"):format(side), function()
        local pair = new_pair{
          server = server{ asks_client = true }, client = client{ own = dtls_pair.own("client-ec") },
          [side .. "_does"] = { decide = "later" },
        }
        local e = pair[side]
        pair.client:start()
        pair:run(0.5)
        assert.are.equal(1, #e.asked)
        local sent, flight = #e.sent, {}
        for _, datagram in ipairs(e.sent) do
          flight[datagram:sub(14)] = true
        end
        pair:run(20)
        assert.is_true(#e.held > 0)
        assert.is_false(e.deadline)
        assert.are.equal(sent, #e.sent)
        pair:decide(e, 0)
        assert.is_true(e.is_up or e.deadline and e.deadline > pair.now)
        -- The flight that came before is not sent again.
        for i = sent + 1, #e.sent do
          assert.is_nil(flight[e.sent[i]:sub(14)])
        end
        pair:run(5)
        assert.is_true(pair.client.is_up and pair.server.is_up)
        assert.are.equal(1, #e.asked)
        assert_works(pair)
      end)
    end

    it("starts the deadline of the flight anew, when the rest of the answer is lost", function()
      local pair = new_pair{
        client_does = { decide = "later" },
        wire = function(_, datagram)
          return select(2, dtls_pair.kind(datagram)) == SERVER_HELLO_DONE and {} or nil
        end,
      }
      pair.client:start()
      pair:run(0.5)
      assert.is_false(pair.client.deadline)
      pair:decide(pair.client, 0)
      assert.is_true(pair.client.deadline > pair.now)
    end)

    local proves = E.proves and it or function() end
    proves("comes after the proof that the server has the key of its certificate", function()
      local own = dtls_pair.own("server-ec")
      own.key = dtls_pair.own("client-ec").key
      local at_client, at_server, pair = fail{ server = server{ own = own } }
      assert.are.same({}, pair.client.asked)
      assert.are.equal("protocol", at_client.reason)
      assert.are.equal("alert", at_server.reason)
    end)

    proves("comes after the proof that the client has the key of its certificate", function()
      local own = dtls_pair.own("client-ec")
      own.key = dtls_pair.own("server-ec").key
      local _, at_server, pair = fail{ server = server{ asks_client = true }, client = client{ own = own } }
      assert.are.same({}, pair.server.asked)
      assert.are.equal("protocol", at_server.reason)
      assert.is_false(pair.client.is_up)
    end)

    local try = engine.has_suite(E.name, STATIC_RSA_GCM) and it or function() end
    try("is asked for, too, when the key exchange has no signature", function()
      local static_rsa = { suites = { STATIC_RSA_GCM }, own = dtls_pair.encipherment() }
      local pair = new_pair{ server = server(static_rsa), client = client{ suites = { STATIC_RSA_GCM } } }
      pair:connect()
      assert.are.equal(1, #pair.client.asked)
      local at_client, at_server = fail{
        server = server(static_rsa), client = client{ suites = { STATIC_RSA_GCM } },
        client_does = { decide = 42 },
      }
      assert.are.equal("refused", at_client.reason)
      assert.are.same({ "alert", 42 }, { at_server.reason, at_server.alert })
    end)
  end)

  it("ends when a server shows no certificate", function()
    local at_client = fail{ wire = function(_, datagram, from)
      local _, type = dtls_pair.kind(datagram)
      if from == "server" and type == CERTIFICATE_MESSAGE then
        local sequence, message = string.unpack(">I6", datagram, 6), string.unpack(">I2", datagram, 18)
        return { { 10, dtls_pair.handshake(CERTIFICATE_MESSAGE, message, sequence, "\0\0\0") } }
      end
    end }
    assert.are.equal("no certificate", at_client.reason)
  end)

  it("ends on both sides when no suite is in common", function()
    local at_client, at_server = fail{ client = client{ suites = { RSA_GCM } } }
    assert.are.equal("no suite", at_server.reason)
    assert.are.same({ "alert", 40 }, { at_client.reason, at_client.alert })
  end)

  it("ends on both sides when no group is in common", function()
    local at_client, at_server = fail{ client = client{ groups = { SECP384R1 } } }
    assert.are.equal("no suite", at_server.reason)
    assert.are.same({ "alert", 40 }, { at_client.reason, at_client.alert })
  end)

  describe("a context", function()
    local function refusal(options)
      local made, code, text = context(options)
      assert.is_nil(made)
      return code, text
    end

    it("of a server needs credentials", function()
      assert.are.equal(273, (refusal{ server = true }))
      assert.are.equal(273, (refusal{ modes = PSK, suites = { PSK_CCM_8 } }))
    end)

    it("needs a suite that works with them", function()
      assert.are.equal(276, (refusal{ suites = { PSK_CCM_8 } }))
      assert.are.equal(276, (refusal{ modes = PSK, psk_identity = "i", psk_key = "k" }))
      assert.are.equal(276, (refusal{ server = true, own = dtls_pair.own("server-rsa") }))
      assert.are.equal(276, (refusal{ suites = { 0x1301 } }))
    end)

    local refused = {
      ["ed25519"] = { 273, "Ed25519", function() return { own = dtls_pair.own("server-ed25519") } end },
      ["token"] = { 273, "token", function()
        local own = dtls_pair.own("server-ec")
        own.key, own.key_url = nil, "pkcs11:object=x"
        return { own = own }
      end },
      ["raw key"] = { 273, "RFC 7250", function() return { modes = RAW_KEY } end },
      ["long psk"] = { 273, "bytes", function()
        return { modes = PSK, suites = { PSK_CCM_8 }, psk_identity = "i", psk_key = ("k"):rep(65) }
      end },
      ["longer psk"] = { 273, "bytes", function()
        return { modes = PSK, suites = { PSK_CCM_8 }, psk_identity = "i", psk_key = ("k"):rep(257) }
      end },
      ["another's key"] = { 273, "private key", function()
        local own = dtls_pair.own("server-ec")
        own.key = dtls_pair.own("client-ec").key
        return { own = own }
      end },
    }
    for _, name in ipairs(E.refused) do
      it("says that the engine cannot use: " .. name, function()
        local expected, word, options = table.unpack(refused[name])
        local code, text = refusal(options())
        assert.are.equal(expected, code)
        assert.is_truthy(text:find(word, 1, true))
      end)
    end

    it("needs a key that can be read, and says nothing of it", function()
      local own = dtls_pair.own("server-ec")
      own.key = own.key:sub(1, -10)
      local code, text = refusal{ server = true, own = own }
      assert.are.equal(273, code)
      assert.is_nil(text:find(own.key, 1, true))
    end)

    it("takes a seed of any length", function()
      new_pair{ server = server{ seed = "x" }, client = client{ seed = ("seed"):rep(1000) } }:connect()
    end)
  end)
end

for _, E in ipairs(dtls_engines) do
  describe("the engine " .. E.name, function() tests_of(E) end)
end
