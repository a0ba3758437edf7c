-- The DTLS filter by itself: which datagram goes where, what begins and ends sessions, what is told
-- above. The engine is a fake one; real ones are in dtls_wire_spec.lua, upcalls that end things in
-- dtls_end_spec.lua.

local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"
local dtls_net = require "spec.support.dtls_net"
local fake = require "spec.support.dtls_fake"

local dtls, base = probe.dtls, probe.base
local record, hello = dtls_net.record, dtls_net.hello
local CLIENT, OTHER = fake.CLIENT, fake.OTHER
local ECONNREFUSED, TIMED_OUT, HANDSHAKE, RESET = 111, 301, 276, 10054
local proven = fake.proven
local get, begin, open, turns, counts = fake.get, fake.begin, fake.open, fake.turns, fake.counts
local data, last = fake.data, fake.last

local net, host

before_each(function()
  fake.start()
  net, host = fake.net, fake.host
end)
after_each(fake.stop)

describe("a filter that serves", function()
  it("tells of a session once it is up, and carries data both ways", function()
    local session = open()
    assert.are.same({ session }, host.ups)
    assert.are.same({ 1, 0 }, counts())
    get(1, "data:in")
    assert.are.same({ { "in", CLIENT, session, host.address } }, host.received)
    assert.is_true(host.filter:write("out", CLIENT, session))
    assert.are.equal(record(1, "out"), last(host.sent))
  end)

  it("drops what is plain, and passes it as long as it serves nobody", function()
    local plain = coap.datagram(coap.CON, coap.GET, 1)
    host.filter:receive(plain, CLIENT, host.address)
    host.filter:truncated(plain, CLIENT)
    assert.are.same({}, host.received)
    assert.are.same({}, host.truncated)
    host.filter:serve(nil)
    host.filter:receive(plain, CLIENT, host.address)
    host.filter:truncated(plain, CLIENT)
    assert.are.same({ { plain, CLIENT, 0, host.address } }, host.received)
    assert.are.same({ { plain, CLIENT } }, host.truncated)
    host.filter:write(plain, CLIENT, 0)
    assert.are.equal(plain, last(host.sent))
  end)

  it("answers no hello when it serves nobody", function()
    local second = proven("a")
    host.filter:serve(nil)
    host.sent = {}
    host.filter:receive(hello("a"), CLIENT, host.address)
    host.filter:receive(second, CLIENT, host.address)
    assert.are.same({}, host.sent)
    assert.are.same({ 0, 0 }, counts())
  end)

  it("drops DTLS that came to a group", function()
    host.filter:receive(hello("a"), CLIENT, coap.address("224.0.1.187"))
    assert.are.same({}, host.sent)
    open()
    host.filter:receive(record(1, "data:x"), CLIENT, coap.address("224.0.1.187"))
    assert.are.same({}, host.received)
  end)

  it("drops a record that was cut", function()
    open()
    host.filter:truncated(record(1, "data:x"), CLIENT)
    host.filter:receive(record(1, "data:x"):sub(1, -2), CLIENT, host.address)
    assert.are.same({}, host.received)
    assert.are.same({}, host.truncated)
    assert.are.equal("a DTLS record longer than MaxPacketSize is dropped", last(host.log))
  end)

  it("drops what is written to a session that is not there", function()
    local session = open()
    host.sent = {}
    host.filter:write("x", CLIENT, session + 1)
    host.filter:write("x", CLIENT, session - 1)
    assert.are.same({}, host.sent)
    assert.is_false(host.filter:write(("x"):rep(16385), CLIENT, session))
  end)

  it("says when a message is too long for a record, and the session goes on", function()
    local session = open()
    host.filter:write(("x"):rep(1001), CLIENT, session)
    assert.is_truthy(last(host.log):find("1001 bytes is dropped", 1, true))
    host.filter:write("x", CLIENT, session)
    assert.are.equal(record(1, "x"), last(host.sent))
  end)
end)

describe("20 000 hellos of made-up addresses", function()
  it("cost no memory, and no session", function()
    local session = open()
    host.sent = {}
    local function flood(from, count)
      for i = from, from + count - 1 do
        host.filter:receive(hello("spoofed"), coap.address("10.1.0.1") + (i << 16), host.address)
        host.sent[1] = nil
        net.queue = {}
      end
      turns()
      collectgarbage()
    end
    flood(0, 1000)
    local blocks, heap = base.blocks(), dtls.heap()
    flood(1000, 20000)
    assert.are.equal(blocks, base.blocks())
    assert.is_true(math.abs(dtls.heap() - heap) < 20000)
    assert.are.same({ 1, 0 }, counts())
    get(1, "data:alive")
    assert.are.same({ { "alive", CLIENT, session, host.address } }, host.received)
  end)
end)

describe("the 65 537th session", function()
  it("ends the one that was unused for longest", function()
    for i = 0, 65536 do
      host.filter:receive(proven("a", CLIENT + i), CLIENT + i, host.address)
      get(0, "up", CLIENT + i)
      host.sent, net.queue = {}, {}
      dtls.turn(dtls.now() + 1)
      dtls.turn(dtls.now() + 1)
      if i == 65535 then
        get(1, "data:x") -- of the first one, so that the second is the one
        assert.are.same({ 65536, 0 }, counts())
      end
    end
    assert.are.equal(65537, #host.ups)
    assert.are.equal(1, #host.closed)
    assert.are.same({ host.ups[2], HANDSHAKE }, { host.closed[1][1], host.closed[1][2] })
    assert.is_truthy(host.closed[1][3]:find("too many DTLS sessions", 1, true))
  end)
end)

describe("a client that begins anew from its port", function()
  it("has its session until the new one is up (RFC 6347 4.2.8)", function()
    local old = open("a")
    begin("b")
    assert.are.same({ 1, 1 }, counts())
    get(1, "data:still")
    host.filter:write("answer", CLIENT, old)
    assert.are.same({ "still" }, data())
    assert.are.equal(record(1, "answer"), last(host.sent))
    assert.are.same({}, host.closed)
    get(0, "up")
    turns()
    local new = last(host.ups)
    assert.is_true(new ~= old)
    assert.are.same({ 1, 0 }, counts())
    assert.are.same({ { old, 10054, "The client began a new DTLS session", CLIENT } }, host.closed)
    get(1, "data:new")
    assert.are.equal(new, last(host.received)[3])
  end)

  it("that is somebody who plays a hello again ends nothing", function()
    local second = proven("a")
    host.filter:receive(second, CLIENT, host.address)
    turns()
    get(0, "up")
    turns()
    for _ = 1, 20 do
      host.filter:receive(second, CLIENT, host.address)
      turns()
      get(1, "data:x")
    end
    assert.are.same({ 1, 1 }, counts())
    assert.are.same({}, host.closed)
    assert.are.equal(20, #host.received)
    net:run(70)
    assert.are.same({ 1, 0 }, counts())
    assert.are.equal(1, #host.closed)
    assert.is_true(host.closed[1][1] ~= host.ups[1])
    get(1, "data:x")
    assert.are.equal(host.ups[1], last(host.received)[3])
  end)

  it("gives the new session what the old one does not know", function()
    open("a")
    begin("b")
    get(1, "up") -- which means nothing to the old one
    turns()
    assert.are.equal(2, #host.ups)
  end)

  it("gives the new session all that is plain", function()
    open("a")
    begin("b")
    get(0, "data:x")
    turns()
    assert.are.same({}, host.received)
    get(0, "up")
    turns()
    assert.are.equal(host.ups[2], host.received[1][3])
  end)

  it("and once more before that is up: the last hello counts", function()
    open("a")
    begin("b")
    begin("c")
    assert.are.same({ 1, 1 }, counts())
    assert.are.equal(1, #host.closed)
    get(0, "up")
    turns()
    assert.are.same({ 1, 0 }, counts())
  end)
end)

describe("datagrams that look like hellos", function()
  it("never reach a session", function()
    open()
    dtls.fake_calls()
    local whole = hello("z")
    for len = 14, #whole do
      host.filter:receive(whole:sub(1, 11) .. string.pack(">s2", whole:sub(14, len)), CLIENT,
        host.address)
      host.filter:receive(record(0, "\2") .. whole:sub(1, 11)
        .. string.pack(">s2", whole:sub(14, len)), CLIENT, host.address)
    end
    assert.are.equal("", dtls.fake_calls())
  end)
end)

describe("a handshake", function()
  it("ends after 64 seconds", function()
    begin("a")
    net:run(63)
    assert.are.same({ 0, 1 }, counts())
    net:run(2)
    assert.are.same({ 0, 0 }, counts())
    assert.are.equal(TIMED_OUT, host.closed[1][2])
    assert.are.equal(host.closed[1][1], math.tointeger(host.closed[1][1]))
  end)

  it("keeps at most 8 datagrams while somebody decides", function()
    host.on.authenticate = function() end
    begin("a")
    get(0, "ask")
    turns()
    for i = 1, 20 do
      get(0, "say:" .. i)
    end
    turns()
    host.sent = {}
    host.filter:decide(host.asked[1][1], true)
    turns()
    local said = {}
    for i, datagram in ipairs(host.sent) do
      said[i] = datagram:sub(14)
    end
    assert.are.same({ "1", "2", "3", "4", "5", "6", "7", "8" }, said)
    get(0, "up")
    turns()
    assert.are.equal(1, #host.ups)
  end)

  it("is refused with the alert of the finding, and told with its words", function()
    host.on.authenticate = function(session) host.filter:decide(session, false) end
    begin("a")
    get(0, "ask")
    turns()
    local session, has_certificate, trusted, status = table.unpack(host.asked[1])
    assert.is_false(has_certificate or trusted)
    assert.are.equal(session, host.closed[1][1])
    assert.is_truthy(host.closed[1][3]:find(status:gsub("%.$", ""), 1, true))
    assert.is_truthy(last(host.sent):find("decide:4%d"))
    assert.are.same({}, host.ups)
    host.filter:decide(session, true) -- too late
    turns()
    assert.are.same({}, host.ups)
  end)

  it("asks for the key of an identity", function()
    host.on.find_key = function(_, identity) return identity == "me" and "the key" or nil end
    begin("a")
    get(0, "key:me")
    turns()
    assert.are.equal(record(0, "the key"), last(host.sent))
    get(0, "up")
    turns()
    assert.are.equal("me", host.filter:look(host.ups[1]).identity)
  end)

  it("makes no step within a step that turns the loop", function()
    host.on.find_key = function()
      get(0, "say:second")
      turns()
      return "first"
    end
    begin("a")
    get(0, "key:me")
    turns()
    turns()
    local sent = host.sent
    assert.are.same({ record(0, "first"), record(0, "second") }, { sent[#sent - 1], sent[#sent] })
  end)

  it("that ends with an alert is told with its number", function()
    begin("a")
    get(0, "alert:40")
    turns()
    assert.are.equal(HANDSHAKE, host.closed[1][2])
    assert.is_truthy(host.closed[1][3]:find("alert 40", 1, true))
    assert.are.same({ 0, 0 }, counts())
  end)

  it("calls the engine when its time has come", function()
    begin("a")
    get(0, "later")
    turns()
    dtls.fake_calls()
    net:run(0.8)
    assert.are.equal("", dtls.fake_calls())
    net:run(0.3)
    assert.are.equal("expire ", dtls.fake_calls())
  end)

  it("tells up() before the data that came with its end", function()
    local order = {}
    host.on.up = function() order[#order + 1] = "up" end
    host.on.receive = function(text) order[#order + 1] = text end
    begin("a")
    host.filter:receive(record(0, "up") .. record(1, "data:1") .. record(1, "data:2"), CLIENT,
      host.address)
    get(1, "data:3")
    turns()
    assert.are.same({ "up", "1", "2", "3" }, order)
  end)
end)

describe("a session", function()
  it("that the peer closes is told", function()
    local session = open()
    get(1, "bye")
    assert.are.same({ { session, RESET, "The client closed the DTLS session", CLIENT } }, host.closed)
    assert.are.same({ 0, 0 }, counts())
    get(1, "data:x")
    assert.are.same({}, host.received)
  end)

  it("that is closed says so to the peer, and nobody else is told", function()
    local session = open()
    host.filter:close(session)
    assert.are.equal("goodbye", last(host.sent):sub(14))
    assert.are.same({}, host.closed)
    assert.are.same({ 0, 0 }, counts())
    host.filter:close(session)
  end)

  it("whose engine breaks while it writes is over in the next turn", function()
    local session = open()
    host.filter:write("fail", CLIENT, session)
    assert.are.same({}, host.closed)
    dtls.fake_calls()
    get(1, "data:x")
    host.filter:write("x", CLIENT, session)
    assert.are.equal("", dtls.fake_calls())
    turns()
    assert.are.equal(session, host.closed[1][1])
    assert.is_truthy(host.closed[1][3]:find("it broke", 1, true))
    assert.are.equal(1, #host.closed)
  end)

  it("is answered from where its last authentic datagram came to", function()
    local session = open()
    local second = coap.address("10.0.0.9")
    host.filter:receive(record(1, "garbage"), CLIENT, second)
    host.filter:write("x", CLIENT, session)
    assert.are.equal(host.address, host.sent_from)
    host.filter:receive(record(1, "data:x"), CLIENT, second)
    host.filter:write("x", CLIENT, session)
    assert.are.equal(second, host.sent_from)
    assert.are.equal(second, host.received[1][4])
  end)

  it("is parked after some seconds: garbage leaves it so, data and writing wake it", function()
    local session = open()
    dtls.fake_calls()
    net:run(4)
    assert.are.equal("", dtls.fake_calls())
    net:run(2)
    assert.are.equal("park ", dtls.fake_calls())
    get(1, "garbage")
    assert.are.equal("wake park ", dtls.fake_calls())
    get(1, "data:x")
    assert.are.same({ "x" }, data())
    assert.are.equal("wake ", dtls.fake_calls())
    net:run(6)
    assert.are.equal("park ", dtls.fake_calls())
    host.filter:write("x", CLIENT, session)
    get(1, "garbage")
    assert.are.equal("input ", dtls.fake_calls())
  end)

  it("is not parked while a datagram of its own turns the loop", function()
    open()
    host.on.receive = function(text)
      if text == "outer" then
        dtls.turn(dtls.now() + 30000000)
        get(1, "garbage")
        get(1, "data:inner")
      end
    end
    for _, first in ipairs { "input", "wake" } do -- not parked, and parked
      local calls = first .. " input input "
      net:run(first == "wake" and 8 or 3)
      dtls.fake_calls()
      host.received = {}
      get(1, "data:outer")
      assert.are.equal(calls, dtls.fake_calls())
      assert.are.same({ "outer", "inner" }, data())
    end
    net:run(6)
    assert.are.equal("park ", dtls.fake_calls())
  end)
end)

describe("a session that is idle", function()
  for _, limit in ipairs { 2, 5, 30, 3600 } do
    it(("for %d seconds is closed"):format(limit), function()
      host = fake.serve{ idle_timeout = limit * 1000000 }
      local session = open()
      net:run(limit * 0.9)
      get(1, "garbage")
      assert.are.same({}, host.closed)
      get(1, "data:x")
      net:run(limit * 0.9)
      assert.are.same({}, host.closed)
      host.filter:write("x", CLIENT, session)
      net:run(limit * 0.9)
      assert.are.same({}, host.closed)
      net:run(limit * 0.2)
      assert.are.equal("goodbye", last(host.sent):sub(14))
      assert.are.equal(TIMED_OUT, host.closed[1][2])
      assert.are.equal(1, #host.closed)
    end)
  end
end)

describe("a client's session", function()
  local client, server

  before_each(function()
    host.filter:serve(nil)
    client = net:security{ engine = "fake" }
    server = CLIENT
  end)

  it("is shared by those with the same security and host", function()
    local session, is_up = host.filter:connect(client, server, "a")
    assert.is_false(is_up)
    assert.are.equal(session, (host.filter:connect(client, server, "a")))
    turns()
    assert.are.equal("start ", dtls.fake_calls())
    get(0, "up")
    turns()
    assert.are.same({ session }, host.ups)
    local same, up = host.filter:connect(client, server, "a")
    assert.are.same({ session, true }, { same, up })
    local other = host.filter:connect(client, server, "b")
    assert.is_true(other ~= session)
    assert.is_true((host.filter:connect(client, OTHER, "a")) ~= session)
    assert.are.same({ 1, 2 }, counts())
  end)

  it("to another host at the same address takes the place of a handshake", function()
    local first = host.filter:connect(client, server, "a")
    turns()
    local second = host.filter:connect(client, server, "b")
    assert.are.same({}, host.closed)
    assert.are.equal(second, (host.filter:connect(client, server, "b")))
    turns()
    assert.are.equal(first, host.closed[1][1])
    assert.is_truthy(host.closed[1][3]:find("another handshake with the same address", 1, true))
    get(0, "up")
    turns()
    assert.are.same({ second }, host.ups)
    -- also of one that has sent nothing yet
    dtls.fake_calls()
    host.filter:connect(client, OTHER, "a")
    host.filter:connect(client, OTHER, "b")
    turns()
    assert.are.equal("start ", dtls.fake_calls())
    assert.are.equal(2, #host.closed)
  end)

  it("ends when nobody listens there", function()
    local session = host.filter:connect(client, server, "a")
    turns()
    host.filter:refused(last(host.sent), server, ECONNREFUSED)
    assert.are.equal(session, host.closed[1][1])
    assert.is_truthy(host.closed[1][3]:find("cannot be reached", 1, true))
    assert.are.same({}, host.refused)
    -- and one that is up
    session = host.filter:connect(client, server, "a")
    turns()
    get(0, "up")
    turns()
    host.filter:refused("", server, ECONNREFUSED)
    assert.are.equal(session, host.closed[2][1])
    assert.are.same({ 0, 0 }, counts())
  end)

  it("does not keep refusals of plain messages from those above", function()
    host.filter:connect(client, server, "a")
    turns()
    local plain = coap.datagram(coap.CON, coap.GET, 1)
    host.filter:refused(plain, server, ECONNREFUSED)
    assert.are.same({ { plain, server, ECONNREFUSED } }, host.refused)
    assert.are.same({}, host.closed)
    host.filter:refused("", OTHER, ECONNREFUSED)
    assert.are.equal(2, #host.refused)
  end)

  it("wakes from being parked by what it writes and what it gets", function()
    local session = host.filter:connect(client, server, "a")
    turns()
    get(0, "up")
    turns()
    net:run(6)
    dtls.fake_calls()
    get(1, "garbage")
    get(1, "data:x")
    assert.are.equal("wake park wake ", dtls.fake_calls())
    assert.are.equal(session, host.received[1][3])
  end)
end)

describe("a client of ours", function()
  it("that cannot be reached any more keeps its session", function()
    open()
    host.filter:refused(record(1, "x"), CLIENT, ECONNREFUSED)
    assert.are.same({ 1, 0 }, counts())
    assert.are.same({}, host.closed)
  end)
end)

