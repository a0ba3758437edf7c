-- What the GnuTLS engine does beyond the others, and how it gets on with them; what all engines do
-- is in engine_spec.lua.

local probe = require "lunacoap.probe"
local dtls_pair = require "spec.support.dtls_pair"
local build = require "spec.support.build"
local pki = require "spec.support.pki"

local engine = probe.engine

local CERTIFICATE, RAW_KEY, PSK = 1, 2, 4
local GROUPS = { 23, 24, 29 }
local ECDSA_CCM_8, PSK_CCM_8, PSK_GCM, PSK_CBC, DHE_PSK_CBC = 0xc0ae, 0xc0a8, 0x00a8, 0x008c, 0x0090
local ED25519, ECDSA_SHA384, RSA_SHA256 = 0x0807, 0x0503, 0x0401
local DTLS_1_0, DTLS_1_2 = 0xfeff, 0xfefd

local to_free

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

local function context(options)
  local all = { engine = "GnuTLS", suites = probe.suite.suites("*"), groups = GROUPS }
  for name, value in pairs(options) do
    all[name] = value
  end
  local made, code, text = engine.context(all)
  to_free[#to_free + 1] = made
  return made, code, text
end

-- Starts a handshake between contexts made of these options.
local function start(client, server, options)
  options = options or {}
  options.keys = options.keys or { device = "a secret" }
  server.server = true
  options.client, options.server = assert(context(client)), assert(context(server))
  local pair = assert(dtls_pair.new(options))
  to_free[#to_free + 1] = pair
  pair.client:start()
  pair:run(5)
  return pair
end

local function assert_works(pair)
  assert.is_true(pair.client.is_up and pair.server.is_up)
  local up, down = pair:exchange("over")
  assert.are.same({ "over up", "over down" }, { up, down })
end

-- What both ends say of a handshake that failed: { reason, alert } each.
local function assert_ended(client, server, pair)
  assert.is_false(pair.client.is_up or pair.server.is_up)
  assert.are.same({ client, server }, {
    { pair.client.closed.reason, pair.client.closed.alert },
    { pair.server.closed.reason, pair.server.closed.alert },
  })
end

local function raw_key(name, options)
  local all = { modes = RAW_KEY, own = name and dtls_pair.own(name) }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return all
end

local function psk(suites)
  return { modes = PSK, suites = suites, psk_identity = "device", psk_key = "a secret" }
end

describe("the GnuTLS engine", function()
  before_each(function() to_free = {} end)
  after_each(function()
    for i = #to_free, 1, -1 do
      to_free[i]:free()
    end
  end)

  describe("with raw public keys (RFC 7250)", function()
    for _, kind in ipairs { "ec", "p384", "rsa", "ed25519" } do
      it("takes both sides' keys: " .. kind, function()
        local pair = start(raw_key("client-" .. kind),
          raw_key("server-" .. kind, { asks_client = true }))
        assert_works(pair)
        local of_client = { is_raw_key = true, pki.spki("client-" .. kind) }
        local of_server = { is_raw_key = true, pki.spki("server-" .. kind) }
        assert.are.same({ { of_server }, { of_client } }, { pair.client.asked, pair.server.asked })
        assert.are.same({ of_server, of_client }, { pair.client:shown(), pair.server:shown() })
      end)
    end

    it("negotiates what RFC 7252 asks for", function()
      local pair = start(raw_key("client-ec"), raw_key("server-ec"))
      assert.are.same({ DTLS_1_2, ECDSA_CCM_8, 23, false }, { pair.client:info() })
    end)

    it("needs no certificate around the key", function()
      local own = dtls_pair.own("server-ec")
      own.chain = {}
      assert_works(start(raw_key(), raw_key(nil, { own = own })))
      local _, code, text = context{ server = true, modes = CERTIFICATE, own = own }
      assert.are.equal(273, code)
      assert.matches("raw public key only", text)
    end)

    it("tells a server that asks of a client that shows nothing", function()
      local pair = start(raw_key(), raw_key("server-ec", { asks_client = true }))
      assert.are.equal(1, #pair.server.asked)
      assert.are.equal(0, #pair.server.asked[1])
    end)

    it("refuses with the alert that is asked for", function()
      assert_ended({ "refused", 0 }, { "alert", 46 },
        start(raw_key("client-ec"), raw_key("server-ec"), { client_does = { decide = 46 } }))
      assert_ended({ "alert", 44 }, { "refused", 0 }, start(raw_key("client-ec"),
        raw_key("server-ec", { asks_client = true }), { server_does = { decide = 44 } }))
    end)

    it("resumes without asking, and knows what was shown", function()
      local client, server = raw_key("client-ec", { resumes = true }),
        raw_key("server-ec", { resumes = true, asks_client = true })
      local first = start(client, server)
      local second = assert(dtls_pair.new{
        client = to_free[1], server = to_free[2], saved = assert(first.client:save()),
      })
      to_free[#to_free + 1] = second
      second:connect()
      assert.is_true((select(4, second.server:info())))
      assert.are.same({ {}, {} }, { second.client.asked, second.server.asked })
      assert.are.same(first.server:shown(), second.server:shown())
      assert.are.same(first.client:shown(), second.client:shown())
    end)

    for _, name in ipairs { "GnuTLS", "mbedTLS" } do
      -- Such a server ignores the extension and sends its certificate.
      it("never takes a certificate in place of a key, from a server with " .. name, function()
        assert_ended({ "wrong type", 0 }, { "alert", 43 }, start(raw_key("client-ec"),
          { engine = name, modes = CERTIFICATE, own = dtls_pair.own("server-ec") }))
      end)

      it("has nothing for a client that knows certificates alone, with " .. name, function()
        assert_ended({ "alert", 40 }, { "no suite", 0 }, start(
          { engine = name, modes = CERTIFICATE, own = dtls_pair.own("client-ec") },
          raw_key("server-ec", { asks_client = true })))
      end)
    end
  end)

  it("takes Ed25519 certificates of both sides", function()
    local pair = start({ own = dtls_pair.own("client-ed25519") },
      { own = dtls_pair.own("server-ed25519"), asks_client = true })
    assert_works(pair)
    assert.are.equal(pki.chain("client-ed25519.crt")[1], pair.server.asked[1][1])
    assert.are.equal(pki.chain("server-ed25519.crt")[1], pair.client.asked[1][1])
  end)

  it("speaks DTLS 1.0 where that is allowed", function()
    local server = { own = dtls_pair.own("server-ec"), min_version = DTLS_1_0, max_version = DTLS_1_0 }
    local pair = start({ min_version = DTLS_1_0 }, server)
    assert_works(pair)
    assert.are.equal(DTLS_1_0, (pair.client:info()))
    assert_ended({ "alert", 70 }, { "no suite", 0 },
      start({ min_version = DTLS_1_0, max_version = DTLS_1_0 }, { own = dtls_pair.own("server-ec") }))
  end)

  it("tells of secure renegotiation when that is asked for (RFC 5746)", function()
    for _, wanted in ipairs { true, false } do
      local pair = start({ renegotiation_info = wanted }, { own = dtls_pair.own("server-ec") })
      assert_works(pair)
      local extension = pair.client.sent[1]:find("\xff\x01\0\1\0", 1, true)
      assert.are.equal(wanted, extension ~= nil)
    end
  end)

  -- In a process of its own: where SoftHSM's tokens are is read from the environment, once.
  it("signs with a key that stays in its token", function()
    local folder = os.tmpname()
    local output = run(([[
      set -e; exec 2>&1; rm %s; mkdir %s
      echo 'directories.tokendir = %s' >%s/conf
      export SOFTHSM2_CONF=%s/conf
      softhsm2-util --init-token --free --label specs --pin 1234 --so-pin 5678
      softhsm2-util --import @KEY@ --token specs --label mine --id a1 --pin 1234
      @PROGRAM@ spec/support/dtls_token.lua @DER@ 1234
      @PROGRAM@ spec/support/dtls_token.lua @DER@ 4321
      rm -r %s
    ]]):gsub("%%s", folder):gsub("@(%u+)@", {
      KEY = pki.path("server-ec.key"), DER = pki.path("server-ec.der"), PROGRAM = build.folder .. "/lunacoap-spec",
    }))
    assert.matches("PIN 1234: up\n", output)
    assert.matches("PIN 4321: 273: Cannot acquire credentials: the private key in the token .*PIN",
      output)
    assert.is_nil(output:match("Cannot.*4321"))
  end)

  describe("with signature algorithms", function()
    local function between(client, server, own)
      return start({ signatures = client }, { signatures = server, own = dtls_pair.own(own) })
    end

    it("agrees on one of both lists", function()
      assert_works(between({ RSA_SHA256, ECDSA_SHA384 }, {}, "server-ec"))
      assert_ended({ "alert", 40 }, { "no suite", 0 }, between({ RSA_SHA256 }, {}, "server-ec"))
    end)

    it("can sign with its own Ed25519 key, listed or not", function()
      assert_works(between({ ED25519 }, { RSA_SHA256 }, "server-ed25519"))
      assert_ended({ "alert", 40 }, { "no suite", 0 },
        between({ ECDSA_SHA384 }, { ED25519 }, "server-ed25519"))
    end)
  end)

  -- A client of {PSK, DHE_PSK} x {GCM, CBC} offers all four suites, whichever were asked for.
  it("ends a handshake that comes to a suite that was not asked for", function()
    assert_ended({ "no suite", 0 }, { "alert", 40 },
      start(psk{ PSK_GCM, DHE_PSK_CBC }, psk{ PSK_CBC }))
    assert_ended({ "alert", 40 }, { "no suite", 0 },
      start(psk{ PSK_CBC }, psk{ PSK_GCM, DHE_PSK_CBC }))
  end)

  describe("with a pre-shared key", function()
    it("takes identities with zero bytes and keys of 256 bytes", function()
      local client = psk{ PSK_CCM_8 }
      client.psk_identity, client.psk_key = "a\0b", ("k"):rep(256)
      assert_works(start(client, { modes = PSK }, { keys = {
        ["a\0b"] = client.psk_key, a = "another",
      } }))
    end)

    it("says what is too long", function()
      local long = psk{ PSK_CCM_8 }
      long.psk_identity = ("i"):rep(129)
      local _, code, text = context(long)
      assert.are.equal(273, code)
      assert.matches("at most 256 bytes with GnuTLS, its identity at most 128", text)
    end)
  end)

  it("has no suite without peer or secret, nor those that no credentials fit", function()
    for _, name in ipairs {
      "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_DES_CBC_SHA", "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256",
      "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256",
      "TLS_AES_128_GCM_SHA256",
    } do
      assert.is_false(engine.has_suite("GnuTLS", probe.suite.named(name).number))
    end
    for _, row in ipairs(probe.suite.all()) do
      if row.by_default then
        assert.is_true(engine.has_suite("GnuTLS", row.number), row.name)
      end
    end
  end)

  it("can use each suite that it has", function()
    local encipherment = dtls_pair.encipherment()
    for _, row in ipairs(probe.suite.all()) do
      if engine.has_suite("GnuTLS", row.number) then
        local own = not row.psk and (row.exchange == "RSA" and encipherment
          or dtls_pair.own(row.exchange:match("ECDSA") and "server-ec" or "server-rsa")) or nil
        local client, server = psk{ row.number }, psk{ row.number }
        server.own = own
        client.modes = row.psk and PSK or CERTIFICATE
        server.modes = client.modes
        local pair = start(client, server)
        assert_works(pair)
        assert.are.equal(row.number, (select(2, pair.client:info())), row.name)
      end
    end
  end)

  describe("and mbed TLS", function()
    for _, roles in ipairs { { "GnuTLS", "mbedTLS" }, { "mbedTLS", "GnuTLS" } } do
      local client_name, server_name = table.unpack(roles)
      describe(("as %s client and %s server"):format(client_name, server_name), function()
        local function between(client, server, options)
          client.engine, server.engine = client_name, server_name
          return start(client, server, options)
        end

        it("understand each other with certificates", function()
          for _, kind in ipairs { "ec", "rsa", "p384" } do
            local pair = between({ own = dtls_pair.own("client-" .. kind) },
              { own = dtls_pair.own("server-" .. kind), asks_client = true })
            assert_works(pair)
            assert.are.equal(pki.chain("client-" .. kind .. ".crt")[1], pair.server.asked[1][1])
          end
        end)

        it("understand each other with a pre-shared key", function()
          assert_works(between(psk{ PSK_CCM_8 }, psk{ PSK_CCM_8 }))
        end)

        it("end with the same words when the keys differ", function()
          local wrong = psk{ PSK_CCM_8 }
          wrong.psk_key = "another secret"
          assert_ended({ "alert", 20 }, { "wrong key", 0 }, between(wrong, psk{ PSK_CCM_8 }))
        end)

        it("wait for each other's decisions", function()
          for _, side in ipairs { "client", "server" } do
            local pair = between({ own = dtls_pair.own("client-ec") },
              { own = dtls_pair.own("server-ec"), asks_client = true },
              { [side .. "_does"] = { decide = "later" } })
            assert.is_false(pair.client.is_up or pair.server.is_up)
            pair:decide(pair[side], 0)
            pair:run(5)
            assert_works(pair)
          end
        end)

        it("resume", function()
          local first = between({ resumes = true }, { own = dtls_pair.own("server-ec"), resumes = true })
          local second = assert(dtls_pair.new{
            client = to_free[1], server = to_free[2], saved = assert(first.client:save()),
          })
          to_free[#to_free + 1] = second
          second:connect()
          assert.is_true((select(4, second.client:info())))
          assert_works(second)
        end)

        -- GnuTLS does not begin with a certificate and another's key.
        local without_key = client_name == "mbedTLS" and "client" or "server"
        it("find out a " .. without_key .. " without the key of its certificate", function()
          local client, server = dtls_pair.own("client-ec"), dtls_pair.own("server-ec")
          if without_key == "client" then
            client.key = dtls_pair.own("server-ec").key
          else
            server.key = dtls_pair.own("client-ec").key
          end
          local pair = between({ own = client }, { own = server, asks_client = true })
          assert.is_false(pair.client.is_up or pair.server.is_up)
          assert.are.equal("protocol", pair:other(pair[without_key]).closed.reason)
          assert.are.equal("alert", pair[without_key].closed.reason)
        end)
      end)
    end
  end)
end)
