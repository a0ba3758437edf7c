-- DTLS engines: established, resumed and parked sessions; and no memory.

local probe = require "lunacoap.probe"
local dtls_engines = require "spec.support.dtls_engines"
local dtls_pair = require "spec.support.dtls_pair"
local pki = require "spec.support.pki"

local CERTIFICATE, PSK = dtls_engines.CERTIFICATE, dtls_engines.PSK
local SECP256R1 = dtls_engines.SECP256R1
local ECDSA_CCM_8 = dtls_engines.ECDSA_CCM_8
local PSK_CCM_8, ECDHE_PSK_CBC = dtls_engines.PSK_CCM_8, dtls_engines.ECDHE_PSK_CBC
local IDENTITY, KEY = dtls_engines.IDENTITY, dtls_engines.KEY

local function tests_of(E)
  local t = dtls_engines.fixture(E)
  local context, server, client, psk_server, psk_client, fail, assert_works, new_pair =
    t.context, t.server, t.client, t.psk_server, t.psk_client, t.fail, t.assert_works, t.pair

  after_each(t.free)

  describe("a session", function()
    it("takes as much at once as max_data() says, which is no matter of the MTU", function()
      local pair = new_pair{ mtu = 600 }:connect()
      for _, e in ipairs { pair.client, pair.server } do
        local most = e:max_data()
        assert.is_true(most > 16000)
        assert.is_true(e:write(("x"):rep(most)))
        assert.is_false(e:write(("x"):rep(most + 1)))
      end
      assert_works(pair)
    end)

    it("writes nothing before it is up", function()
      local pair = new_pair{}
      assert.is_false(pair.client:write("too early"))
      assert.are.equal(0, pair.client:max_data())
      pair.client:start()
      assert.is_false(pair.client:write("too early"))
      assert.are.equal(1, #pair.client.sent)
    end)

    it("may write in data()", function()
      local pair = new_pair{
        server_does = { data = function(e, text) assert(e:write("echo of " .. text)) end },
      }:connect()
      pair.client:write("a")
      pair:run(1)
      assert.are.same({ "echo of a" }, pair.client.received)
    end)

    it("needs no deadline once it is up", function()
      local pair = new_pair{}:connect()
      assert.is_false(pair.client.deadline)
      assert.is_false(pair.server.deadline)
      pair.client:expire()
      assert_works(pair)
    end)

    it("that is closed tells the peer", function()
      local pair = new_pair{}:connect()
      pair.client:close()
      pair:run(1)
      assert.are.equal("closed", pair.server.closed.reason)
      assert.is_false(pair.client:write("too late"))
      assert.is_false(pair.server:write("too late"))
      assert.is_false(pair.client.deadline)
      pair.client:close()
      pair.server:close()
    end)

    it("that is closed in the handshake tells the peer", function()
      local pair = new_pair{ client_does = { decide = "later" } }
      pair.client:start()
      pair:run(0.5)
      pair.client:close()
      pair:run(1)
      assert.are.same({ "alert", 90 }, { pair.server.closed.reason, pair.server.closed.alert })
      assert.is_false(pair.client.deadline)
    end)

    it("that never began tells nobody", function()
      local pair = new_pair{}
      pair.client:close()
      pair.server:close()
      assert.are.same({}, pair.client.sent)
      assert.are.same({}, pair.server.sent)
    end)

    it("leaves its secrets in the key log of both sides", function()
      local paths = { os.tmpname(), os.tmpname() }
      local pair = new_pair{
        server = server{ keylog = paths[1] }, client = client{ keylog = paths[2] },
      }:connect()
      assert_works(pair)
      pair.server:park()
      assert_works(pair)
      local lines = {}
      for i, path in ipairs(paths) do
        local file <close> = assert(io.open(path))
        lines[i] = file:read("a")
        os.remove(path)
      end
      assert.are.equal(lines[1], lines[2])
      local random, secret = lines[1]:match("^CLIENT_RANDOM (%x+) (%x+)\n$")
      assert.are.equal(96, #secret)
      assert.are.equal(random, (pair.client.sent[1]:sub(28, 59):gsub(".", function(c)
        return ("%02x"):format(c:byte())
      end)))
    end)
  end)

  describe("resumption", function()
    for _, case in ipairs {
      { "a certificate", function(o) return server(o), client(o) end },
      { "a pre-shared key", function(o) return psk_server(o), psk_client(o) end },
    } do
      local name, contexts = table.unpack(case)
      it(("saves the exchange of keys, with %s"):format(name), function()
        local at_server, at_client = contexts{ resumes = true }
        local first = new_pair{ server = at_server, client = at_client }:connect()
        local saved = assert(first.client:save())
        local second = new_pair{ server = at_server, client = at_client, saved = saved }:connect()
        assert.are.equal(true, (select(4, second.client:info())))
        assert.are.equal(true, (select(4, second.server:info())))
        assert.are.same({}, second.client.asked)
        assert.is_true(#second.client.sent < #first.client.sent)
        assert.are.same(first.client:shown(), second.client:shown())
        assert_works(second)
      end)
    end

    it("that lost flights on its way carries long data all the same", function()
      local at_server, at_client = server{ resumes = true }, client{ resumes = true }
      local first = new_pair{ server = at_server, client = at_client }:connect()
      local lost = 0
      local second = new_pair{
        server = at_server, client = at_client, saved = first.client:save(),
        wire = function(_, _, from)
          if from == "client" and lost < 3 then
            lost = lost + 1
            return {}
          end
        end,
      }:connect(60)
      assert.are.equal(true, (select(4, second.client:info())))
      assert.are.equal(3, lost)
      local data = ("x"):rep(1200)
      assert.is_true(second.client:write(data))
      second:run(1)
      assert.are.same({ data }, second.server.received)
    end)

    it("keeps what a client has shown", function()
      local at_server = server{ resumes = true, asks_client = true }
      local at_client = client{ resumes = true, own = dtls_pair.own("client-ec") }
      local first = new_pair{ server = at_server, client = at_client }:connect()
      local second = new_pair{
        server = at_server, client = at_client, saved = first.client:save(),
      }:connect()
      assert.are.equal(true, (select(4, second.server:info())))
      assert.are.same({}, second.server.asked)
      assert.are.same(pki.chain("client-ec.crt")[1], second.server:shown()[1])
    end)

    it("never brings back a session that was refused", function()
      local at_server, at_client = server{ resumes = true }, client{ resumes = true }
      local _, _, pair = fail{
        server = at_server, client = at_client, client_does = { decide = 42 },
      }
      assert.is_nil(pair.client:save())
    end)

    it("falls back to a full handshake when the server has forgotten", function()
      local at_client = client{ resumes = true }
      local first = new_pair{ server = server{ resumes = true }, client = at_client }:connect()
      local saved = first.client:save()
      for _, offered in ipairs { saved, saved:sub(1, -2), "nonsense" } do
        local second = new_pair{
          server = server{ resumes = true }, client = at_client, saved = offered,
        }:connect()
        assert.are.equal(false, (select(4, second.client:info())))
        assert.are.equal(1, #second.client.asked)
      end
    end)

    it("is left alone when the contexts do not want it", function()
      local first = new_pair{}:connect()
      assert.is_nil(first.client:save())
      assert.is_nil(first.server:save())
    end)
  end)

  if E.parks then
    describe("a parked session", function()
      for _, side in ipairs { "client", "server" } do
        it(("comes back by itself at the %s"):format(side), function()
          local pair = new_pair{
            server = server{ asks_client = true }, client = client{ own = dtls_pair.own("client-ec") },
          }:connect()
          assert_works(pair)
          local e = pair[side]
          local info, most, shown = { e:info() }, e:max_data(), e:shown()
          for _ = 1, 2 do
            assert.is_true(e:park())
            assert.is_false(e:park())
            assert.are.same(info, { e:info() })
            assert.are.equal(most, e:max_data())
            e:expire()
            assert_works(pair)
          end
          assert.is_true(e:park())
          assert.are.same(shown, e:shown())
          -- What was seen before is known as such still.
          assert.is_true(e:park())
          local other = pair:other(e)
          local count = #e.received
          e:input(other.sent[#other.sent])
          assert.are.equal(count, #e.received)
          assert.is_true(e:park())
          e:close()
          pair:run(1)
          assert.are.equal("closed", other.closed.reason)
        end)
      end

      it("is not made of a handshake, nor of a suite that cannot be", function()
        local pair = new_pair{ client_does = { decide = "later" } }
        assert.is_false(pair.client:park())
        pair.client:start()
        pair:run(0.5)
        assert.is_false(pair.client:park())
        local cbc = { suites = { ECDHE_PSK_CBC } }
        local other = new_pair{ server = psk_server(cbc), client = psk_client(cbc) }:connect()
        assert_works(other)
        assert.is_false(other.client:park())
        assert_works(other)
      end)

      it("keeps the last flight until the client has it", function()
        local pair = new_pair{}:connect()
        assert.is_false(pair.server:park())
        assert_works(pair)
        assert.is_true(pair.server:park())
      end)

      it("is over when there is no memory to bring it back", function()
        local pair = new_pair{}:connect()
        assert_works(pair)
        assert.is_true(pair.server:park())
        probe.base.fail_after(0)
        local written = pair.server:write("x")
        probe.base.fail_after()
        assert.is_false(written)
        assert.are.equal("memory", pair.server.closed.reason)
      end)
    end)
  end

  it("survives when memory runs out anywhere", function()
    local own = dtls_pair.own("server-ec")
    local before = probe.base.blocks()
    local function attempt(count)
      local options = {
        engine = E.name, groups = { SECP256R1 }, suites = { ECDSA_CCM_8, PSK_CCM_8 },
        modes = CERTIFICATE | PSK, psk_identity = IDENTITY, psk_key = KEY, resumes = true,
      }
      probe.base.fail_after(count)
      local made = { client = context(options) }
      options.server, options.asks_client = true, true
      options.own = own
      made.server = context(options)
      local pair = made.server and made.client and dtls_pair.new(made)
      if pair then
        pair.client:start()
        pair:run(10)
        pair.client:save()
        pair.client:park()
        pair.client:write("x")
        pair:run(1)
      end
      probe.base.fail_after()
      local done = pair and pair.server.received[1] == "x"
      if pair then
        pair:free()
      end
      t.free()
      assert.are.equal(before, probe.base.blocks())
      return done
    end
    local count = 0
    while not attempt(count) do
      count = count + 1
      assert.is_true(count < 100)
    end
    assert.is_true(count > 5)
  end)
end

for _, E in ipairs(dtls_engines) do
  describe("the engine " .. E.name, function() tests_of(E) end)
end
