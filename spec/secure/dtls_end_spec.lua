-- The DTLS filter by itself: upcalls in which a session is closed or the whole filter freed, and what
-- SSLStatus is told.

local dtls_net = require "spec.support.dtls_net"
local fake = require "spec.support.dtls_fake"

local record, hello = dtls_net.record, dtls_net.hello
local CLIENT, OTHER = fake.CLIENT, fake.OTHER
local ECONNREFUSED = 111
local get, begin, open, turns, counts = fake.get, fake.begin, fake.open, fake.turns, fake.counts
local data, last = fake.data, fake.last

local net, host

before_each(function()
  fake.start()
  net, host = fake.net, fake.host
end)
after_each(fake.stop)

describe("closing a session", function()
  it("is safe in its data, its up() and its authenticate()", function()
    host.on.receive = function(_, _, session) host.filter:close(session) end
    open("a")
    host.filter:receive(record(1, "data:1") .. record(1, "data:2"), CLIENT, host.address)
    assert.are.same({ "1" }, data())
    assert.are.same({ 0, 0 }, counts())
    host.on.up = function(session) host.filter:close(session) end
    open("b")
    assert.are.same({ 0, 0 }, counts())
    host.on.authenticate = function(session) host.filter:close(session) end
    begin("c")
    get(0, "ask")
    turns()
    assert.are.same({ 0, 0 }, counts())
    assert.are.same({}, host.closed)
  end)

  it("is safe in the status of its own end", function()
    host = fake.serve{ idle_timeout = 10000000, tells = 3 }
    local session
    host.on.status = function()
      if session then
        host.filter:close(session)
      end
    end
    session = open()
    net:run(20)
    assert.are.same({ 0, 0 }, counts())
    session = open("b")
    get(1, "bye")
    assert.are.same({ 0, 0 }, counts())
  end)
end)

describe("freeing the filter", function()
  local function free()
    net:free_host(host)
  end

  local WAYS = {
    authenticate = function()
      begin("a")
      get(0, "ask")
    end,
    up = function() open("a") end,
    closed = function()
      open("a")
      get(1, "bye")
    end,
    receive = function()
      open("a")
      host.filter:receive(record(1, "data:1") .. record(1, "say:x") .. record(1, "data:2"), CLIENT,
        host.address)
    end,
  }
  for name, act in pairs(WAYS) do
    it("is safe in " .. name .. "()", function()
      open("z", OTHER)
      host.on[name] = free
      act()
      turns()
      assert.is_true(host.is_free)
      assert.are.equal("goodbye", last(host.sent):sub(14))
    end)
  end

  it("is safe in the end of a session that another one replaces", function()
    open("a")
    host.on.closed = free
    begin("b")
    get(0, "up")
    turns()
    assert.are.equal(1, #host.ups)
  end)

  it("is safe in the end of a handshake that makes room, and in idle ones", function()
    begin("a")
    host.on.closed = free
    begin("b")
    assert.is_true(host.is_free)
    host = fake.serve{ idle_timeout = 6000000 }
    open("a")
    open("a", OTHER)
    host.on.closed = free
    net:run(20)
    assert.is_true(host.is_free)
    assert.are.equal(1, #host.closed)
  end)

  it("is safe in a plain datagram, and in a refusal", function()
    host.filter:serve(nil)
    host.on.receive = free
    host.filter:receive("\x40\1\0\1", CLIENT, host.address)
    assert.is_true(host.is_free)
    host = fake.serve()
    host.on.refused = free
    host.filter:refused("", CLIENT, ECONNREFUSED)
    assert.is_true(host.is_free)
  end)

  it("says goodbye in all sessions and tells nobody", function()
    open("a")
    open("a", OTHER)
    begin("a", OTHER + 1)
    host.sent = {}
    local sent = host.sent
    free()
    assert.are.equal(3, #sent)
    assert.are.same({}, host.closed)
  end)
end)

describe("what SSLStatus is told", function()
  it("is where a session stands, and with LogSSLPackets every record", function()
    host = fake.serve{ tells = 1 }
    local session = open()
    get(1, "bye")
    local at = ("Session %d with 10.0.0.2:5683 "):format(session)
    assert.are.same({ at .. "begins", at .. "is up: DTLS 1.2, TLS_PSK_WITH_AES_128_CCM_8, new",
      at .. "ended: The client closed the DTLS session" }, host.status)
    host = fake.serve{ tells = 3 }
    host.filter:receive(hello("a"), CLIENT, host.address)
    assert.are.same({
      "Record received from 10.0.0.2:5683: handshake client_hello, DTLS 1.0, epoch 0, sequence 0, "
        .. #hello("a") - 13 .. " bytes",
      "Record sent to 10.0.0.2:5683: handshake hello_verify_request, DTLS 1.0, epoch 0, sequence 0, 35 bytes",
    }, host.status)
  end)
end)
