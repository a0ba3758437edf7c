-- DTLS engines on a wire that loses, doubles, mixes up and forges datagrams.

local dtls_engines = require "spec.support.dtls_engines"
local dtls_pair = require "spec.support.dtls_pair"

-- Record types and handshake types.
local CHANGE_CIPHER_SPEC, ALERT, APPLICATION_DATA = 20, 21, 23
local CLIENT_HELLO = 1

local function tests_of(E)
  local t = dtls_engines.fixture(E)
  local server, client, fail, assert_works, new_pair =
    t.server, t.client, t.fail, t.assert_works, t.pair

  after_each(t.free)

  -- RFC 6347 4.2.4.1: 1 s, doubled each time up to 60 s.
  it("sends the first flight again with doubled pauses, and gives up", function()
    local times = {}
    local at_client, _, pair = fail{ wire = function(pair)
      times[#times + 1] = pair.now // 1000000
      return {}
    end }
    assert.are.same({ 0, 1, 3, 7, 15, 31, 63 }, times)
    assert.are.equal("timed out", at_client.reason)
    assert.is_false(pair.client.deadline)
  end)

  it("takes what comes at the very moment of its deadline for the answer", function()
    local pair = new_pair{ wire = function(pair, datagram, from)
      return from == "server" and pair.now < 1000000 and { { 990, datagram } } or nil
    end }
    pair.client:start()
    pair:run(1.5)
    assert.is_true(pair.client.is_up and pair.server.is_up)
    local hellos = 0
    for _, datagram in ipairs(pair.client.sent) do
      local _, type = dtls_pair.kind(datagram)
      hellos = hellos + (type == CLIENT_HELLO and 1 or 0)
    end
    assert.are.equal(1, hellos)
  end)

  describe("the wire", function()
    local random

    -- Numbers that are the same in each run.
    before_each(function()
      local state = 1
      random = function(n)
        state = (state * 1103515245 + 12345) & 0x7fffffff
        return state // 65536 % n
      end
    end)

    local function mutual(options)
      options.server = server{
        own = dtls_pair.own("server-chain", "server-chain.pem"), asks_client = true,
      }
      options.client = client{ own = dtls_pair.own("client-chain", "client-chain.pem") }
      return new_pair(options)
    end

    it("may have a small MTU, which the handshake keeps to", function()
      local pair = mutual{ mtu = 600 }:connect()
      for _, e in ipairs { pair.client, pair.server } do
        assert.is_true(#e.sent > 0)
        for _, datagram in ipairs(e.sent) do
          assert.is_true(#datagram <= 600)
        end
      end
      assert_works(pair)
    end)

    it("has one record in each datagram, which some peers need", function()
      local pair = mutual{}:connect()
      for _, e in ipairs { pair.client, pair.server } do
        for _, datagram in ipairs(e.sent) do
          assert.are.equal(#datagram, 13 + string.unpack(">I2", datagram, 12))
        end
      end
    end)

    it("may lose a quarter of the datagrams, both ways", function()
      for _ = 1, 5 do
        local pair = mutual{ mtu = 600, wire = function()
          return random(4) == 0 and {} or nil
        end }:connect(150)
        pair.wire = nil
        assert_works(pair)
      end
    end)

    it("may lose the server's last flight, which the client asks for again", function()
      local lost = 0
      local pair = new_pair{ wire = function(_, datagram, from)
        local is_last = dtls_pair.kind(datagram) == CHANGE_CIPHER_SPEC or datagram:byte(5) == 1
        if from == "server" and is_last and lost < 2 then
          lost = lost + 1
          return {}
        end
      end }:connect(20)
      assert.are.equal(2, lost)
      assert_works(pair)
    end)

    it("may bring everything twice", function()
      local pair = mutual{ wire = function(_, datagram)
        return { { 10, datagram }, { 10, datagram } }
      end }:connect()
      assert.are.equal(1, #pair.client.asked)
      assert.are.equal(1, #pair.server.asked)
      assert_works(pair)
      assert.are.equal(1, #pair.client.received)
      assert.are.equal(1, #pair.server.received)
    end)

    it("may mix up the order", function()
      for _ = 1, 5 do
        local pair = mutual{ mtu = 600, wire = function(_, datagram)
          return { { 1 + random(100), datagram } }
        end }:connect(60)
        pair.wire = nil
        assert_works(pair)
      end
    end)

    it("may bring anything to an established session, which goes on", function()
      local pair = new_pair{}:connect()
      local hello = pair.client.sent[1]
      for _, e in ipairs { pair.client, pair.server } do
        local sent = #e.sent
        for i = 1, 400 do
          local body = {}
          for j = 1, random(60) do
            body[j] = string.char(random(256))
          end
          local type, epoch = ({ 20, 21, 22, 23, 24, 255 })[1 + random(6)], random(3)
          e:input(dtls_pair.record(type, epoch, i, table.concat(body)))
        end
        e:input(hello)
        e:input(dtls_pair.handshake(CLIENT_HELLO, 0, 9, "\xfe\xfd"))
        e:input(dtls_pair.record(ALERT, 0, 10, "\2\40"))
        e:input(dtls_pair.record(APPLICATION_DATA, 0, 11, "plain"))
        e:input("")
        assert.is_false(e.closed)
        assert.are.equal(sent, #e.sent)
      end
      assert_works(pair)
      assert.are.equal(1, #pair.server.received)
    end)

    it("may bring an old record again, which is dropped", function()
      local pair = new_pair{}:connect()
      assert_works(pair)
      pair.server:input(pair.client.sent[#pair.client.sent])
      assert.are.same({ "over up" }, pair.server.received)
    end)
  end)
end

for _, E in ipairs(dtls_engines) do
  describe("the engine " .. E.name, function() tests_of(E) end)
end
