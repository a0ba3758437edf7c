-- The DTLS filter with the real engines at both ends: lost, doubled and late datagrams, garbage,
-- replays, memory that runs out. In virtual time; for GnuTLS the clock of the machine is moved on.

local probe = require "lunacoap.probe"
local dtls_net = require "spec.support.dtls_net"
local pki = require "spec.support.pki"

local dtls, base = probe.dtls, probe.base
local CERTIFICATE, PSK = 1, 4
local MTU = 1232

local function own(name, chain)
  return pki.read(chain or name .. ".crt") .. pki.read(name .. ".key")
end

local PAIRS = {
  { "mbedTLS", "mbedTLS" }, { "GnuTLS", "GnuTLS" }, { "mbedTLS", "GnuTLS" }, { "GnuTLS", "mbedTLS" },
}

local net, server, client

after_each(function() net:free() end)

-- A server that listens and a client, with these options of both, of each.
local function open(engines, both, of_server, of_client)
  net = dtls_net.new()
  local options = { { server = true, engine = engines[1] }, { engine = engines[2] } }
  for i, special in ipairs { of_server or {}, of_client or {} } do
    for _, list in ipairs { both or { modes = PSK, psk_identity = "me", psk_key = ("k"):rep(16) },
      special } do
      for name, value in pairs(list) do
        options[i][name] = value
      end
    end
  end
  server, client = net:host("10.0.0.1", options[1].host), net:host("10.0.0.2", options[2].host)
  server.security, client.security = net:security(options[1]), net:security(options[2])
  server.filter:serve(server.security)
end

local CERTIFICATES = { modes = CERTIFICATE }

local function open_with_chains(engines)
  open(engines, CERTIFICATES,
    { own = own("server-chain", "server-chain.pem"), asks_client = true, ca = pki.read "root.crt" },
    { own = own("client-chain", "client-chain.pem"), ca = pki.read "root.crt" })
end

local function connect(seconds)
  client.session = client.filter:connect(client.security, server.address, "localhost")
  net:run(seconds or 5)
end

local function why(host)
  return host.closed[1] and host.closed[1][3] or "nothing was told"
end

local function assert_up()
  assert.are.equal(1, #client.ups, why(client))
  assert.are.equal(1, #server.ups, why(server))
end

local function say_hello(text)
  client.filter:write(text, server.address, client.ups[#client.ups])
  net:run(1)
  local got = server.received[#server.received]
  assert.are.same({ text, server.ups[#server.ups] }, { got[1], got[3] })
  server.filter:write(text .. " yourself", client.address, got[3])
  net:run(1)
  assert.are.equal(text .. " yourself", client.received[#client.received][1])
end

for _, engines in ipairs(PAIRS) do
  describe(("a %s server and a %s client"):format(engines[1], engines[2]), function()
    it("talk with a pre-shared key", function()
      open(engines)
      connect()
      assert_up()
      say_hello "hello"
      assert.are.equal("me", server.filter:look(server.ups[1]).identity)
      client.filter:close(client.session)
      net:run(1)
      assert.are.equal(10054, server.closed[1][2])
      assert.are.same({ 0, 0 }, { server.filter:count() })
    end)

    it("send no datagram longer than a link carries, with a chain of certificates", function()
      open_with_chains(engines)
      connect()
      assert_up()
      for _, host in ipairs { server, client } do
        for _, datagram in ipairs(host.sent) do
          assert.is_true(#datagram <= MTU)
        end
        assert.is_true(host.filter:look(host.ups[1]).has_certificate)
        assert.is_true(host.asked[1][3], host.asked[1][4])
      end
      say_hello "hello"
    end)

    it("wait for a decision that takes its time", function()
      open_with_chains(engines)
      client.on.authenticate = function() end
      server.on.authenticate = function() end
      connect(3)
      client.filter:decide(client.asked[1][1], true)
      net:run(2)
      server.filter:decide(server.asked[1][1], true)
      net:run(2)
      assert_up()
      say_hello "hello"
    end)

    it("end with the right alert when one of them is refused", function()
      open_with_chains(engines)
      server.on.authenticate = function(session) server.filter:decide(session, false) end
      connect()
      assert.is_truthy(why(client):find("alert 46", 1, true), why(client))
      assert.are.same({}, server.ups)
      assert.are.same({ 0, 0 }, { server.filter:count() })
      assert.are.same({ 0, 0 }, { client.filter:count() })
    end)

    it("find each other again when the cookie's secret was lost", function()
      open(engines)
      local other = net:host("10.0.0.7")
      other.filter:serve(server.security)
      net.wire = function(datagram, from)
        if from == client.address and #client.sent == 1 then
          other.filter:receive(datagram, from, server.address)
          net.queue[#net.queue].from = server.address
          return {}
        end
      end
      connect()
      assert_up()
      say_hello "hello"
    end)

    it("talk anew after the client began again from its port without a word", function()
      open(engines)
      connect()
      local old = server.ups[1]
      net:free_host(client)
      net.queue = {} -- its goodbye is lost
      server.received = {}
      client = net:host("10.0.0.2")
      client.security = net.securities[2]
      connect()
      assert.are.equal(2, #server.ups)
      assert.are.equal(old, server.closed[1][1])
      assert.are.same({ 1, 0 }, { server.filter:count() })
      say_hello "again"
    end)

    it("are not parted by a hello that is played again", function()
      open(engines)
      connect()
      local hellos = { client.sent[1], client.sent[2] }
      for _ = 1, 10 do
        for _, hello in ipairs(hellos) do
          net:inject(hello, client.address, server)
          net:run(0.5)
          say_hello "still there"
        end
      end
      assert.are.equal(1, #server.ups)
      net:run(100)
      say_hello "still there"
      assert.are.same({ 1, 0 }, { server.filter:count() })
    end)

    it("use a session again that the client keeps", function()
      open(engines, { modes = CERTIFICATE, resumes = true },
        { own = own("server-ec"), ca = pki.read "root.crt" },
        { ca = pki.read "root.crt", host = { saves = true } })
      connect()
      assert_up()
      assert.is_false(client.filter:look(client.session).resumed)
      client.filter:close(client.session)
      net:run(1)
      connect()
      assert.are.equal(2, #client.ups, why(client) .. "; " .. why(server))
      assert.is_true(client.filter:look(client.session).resumed)
      assert.is_true(client.filter:look(client.session).has_certificate)
      assert.are.equal(1, #client.asked)
      say_hello "again"
    end)
  end)
end

-- ---- A bad network ------------------------------------------------------------------------------

local function bad_wire(random)
  return function(datagram)
    local copies = {}
    for _ = 1, random:next(20) == 1 and 2 or 1 do
      if random:next(4) > 1 then
        copies[#copies + 1] = { random:next(4) == 1 and 10 + random:next(300) or 10, datagram }
      end
    end
    return copies
  end
end

-- Random numbers that are the same in every run.
local function generator(seed)
  return {
    next = function(self, limit)
      self.state = (self.state * 6364136223846793005 + 1442695040888963407)
      return (self.state >> 33) % limit + 1
    end,
    state = seed,
  }
end

for _, engines in ipairs(PAIRS) do
  describe(("with a quarter lost each way, some doubled, some late: %s and %s"):format(
    engines[1], engines[2]), function()
    for name, how in pairs { ["pre-shared keys"] = open, ["certificates"] = open_with_chains } do
      it("handshakes with " .. name .. " come to an end, and data goes through", function()
        local ups = 0
        local rounds = 8
        for seed = 1, rounds do
          how(engines)
          net.wire = bad_wire(generator(seed))
          connect(70)
          if #client.ups == 1 and #server.ups == 1 then
            ups = ups + 1
            for i = 1, 40 do
              client.filter:write("message " .. i, server.address, client.session)
            end
            net:run(2)
            assert.is_true(#server.received > 15)
            local seen = {}
            for _, entry in ipairs(server.received) do
              assert.is_nil(seen[entry[1]])
              seen[entry[1]] = true
            end
          end
          if seed < rounds then
            net:free()
          end
        end
        assert.is_true(ups >= rounds - 1, ups .. " of " .. rounds)
      end)
    end
  end)
end

-- ---- Garbage ------------------------------------------------------------------------------------

local function mutated(datagram, random)
  local bytes = { datagram:byte(1, -1) }
  for _ = 1, random:next(4) do
    bytes[random:next(#bytes)] = random:next(256) - 1
  end
  local text = string.char(table.unpack(bytes))
  return random:next(4) == 1 and text:sub(1, random:next(#text)) or text
end

local function noise(random)
  local bytes = {}
  for i = 1, random:next(60) do
    bytes[i] = random:next(256) - 1
  end
  bytes[1] = 19 + random:next(45)
  bytes[2] = 0xfe
  return string.char(table.unpack(bytes))
end

local function is_bare_hello(answer)
  return answer:byte(14) == 3 and answer:byte(1) == 22
end

for _, engine in ipairs { "mbedTLS", "GnuTLS" } do
  describe("60 000 datagrams of garbage into a session of " .. engine, function()
    for _, role in ipairs { "server", "client" } do
      it("lose no record and get no answer: the " .. role, function()
        open({ engine, engine })
        connect()
        assert_up()
        local random = generator(7)
        local victim, peer = server, client
        if role == "client" then
          victim, peer = client, server
        end
        local parts = { peer.sent[1] } -- the second has a right cookie: it begins another handshake
        if role == "server" then
          table.move(peer.sent, 3, #peer.sent, 2, parts)
        else
          table.move(peer.sent, 1, #peer.sent, 1, parts)
        end
        peer.filter:write("a record", victim.address, peer.ups[1])
        parts[#parts + 1] = peer.sent[#peer.sent]
        net:run(1)
        victim.received, victim.sent = {}, {}
        for i = 1, 60000 do
          local datagram = i % 3 == 0 and noise(random) or mutated(parts[random:next(#parts)], random)
          net:inject(datagram, peer.address, victim)
          if i % 1000 == 0 then
            net:run(0.01)
            peer.filter:write("real " .. i, victim.address, peer.ups[1])
            net:run(0.1)
            assert.are.equal("real " .. i, victim.received[#victim.received][1], why(victim))
          end
        end
        local of_session = 0
        for _, entry in ipairs(victim.received) do
          of_session = of_session + (entry[3] ~= 0 and 1 or 0) -- the others are plain messages
        end
        assert.are.equal(60, of_session)
        for _, answer in ipairs(victim.sent) do
          assert.is_true(is_bare_hello(answer)) -- of a hello that was still one
        end
        assert.are.same({}, victim.closed)
      end)
    end
  end)

  it("garbage during handshakes of " .. engine .. " crashes nothing", function()
    for seed = 1, 60 do
      open({ engine, engine })
      local random = generator(seed)
      net.wire = function(datagram)
        if random:next(8) == 1 then
          return { { 10, mutated(datagram, random) } }
        end
      end
      connect(70)
      net:free()
    end
    open({ engine, engine })
    connect()
    assert_up()
  end)
end

it("garbage leaves parked sessions of mbedTLS as small as they are", function()
  open({ "mbedTLS", "mbedTLS" })
  connect()
  say_hello "hello" -- until then the server may be asked for its last flight again
  net:run(10)
  local function heap()
    collectgarbage()
    return dtls.heap()
  end
  local before = heap()
  for _, host in ipairs { server, client } do
    local peer = host == server and client or server
    for _ = 1, 10 do
      net:inject(dtls_net.record(1, ("x"):rep(40)), peer.address, host)
    end
  end
  assert.is_true(heap() - before < 10000, heap() - before)
  say_hello "still there"
  local grown = heap() - before
  assert.is_true(grown > 50000 or heap() == 0, grown) -- sanitizers do not count
end)

-- ---- Memory -------------------------------------------------------------------------------------

local function open_to_save(engines)
  open(engines, nil, nil, { host = { saves = true } })
end

for _, engine in ipairs { "mbedTLS", "GnuTLS" } do
  for name, how in pairs { ["pre-shared keys"] = open_to_save, certificates = open_with_chains } do
    it(("a handshake of %s with %s in which memory runs out leaves nothing behind"):format(
      engine, name), function()
      local came_up
      local count = 0
      local blocks
      repeat
        how({ engine, engine })
        base.fail_after(count)
        client.session = client.filter:connect(client.security, server.address, "localhost")
        net:run(0.5)
        base.fail_after()
        net:run(80)
        came_up = #client.ups == 1 and #server.ups == 1 and #client.closed + #server.closed == 0
        for _, host in ipairs { server, client } do
          host.filter:close(host.ups[1] or 0)
        end
        net:run(1)
        net:free()
        blocks = blocks or base.blocks()
        assert.are.equal(blocks, base.blocks())
        count = count + 1
      until came_up and count > 60 or count > 300
      net = dtls_net.new()
      assert.is_true(came_up)
    end)
  end
end
