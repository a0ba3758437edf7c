local base = require("lunacoap.probe").base
local sockets = require("spec.support.sockets")
local open, expect, payloads = sockets.open, sockets.expect, sockets.payloads
local numbers = sockets.numbers

before_each(sockets.start)
after_each(sockets.stop)

describe("a system that does not take datagrams", function()
  local EAGAIN, ENOBUFS, ECONNREFUSED, EHOSTUNREACH = 11, 105, 111, 113
  local a, b

  before_each(function()
    a, b = open(), open()
  end)

  local function send(from, to)
    for i = from, to do
      assert.is_true(a.udp:send(tostring(i), b.host, b.port))
    end
  end

  for name, number in pairs({ EAGAIN = EAGAIN, ENOBUFS = ENOBUFS }) do
    it("now gets them later, in order: " .. name, function()
      sockets.loop:send_fails(number, 3)
      send(1, 100)
      sockets.loop:turn(0)
      send(101, 110)
      expect(b, 110)
      assert.are.same(numbers(1, 110), payloads(b))
      assert.are.equal(0, a.udp:stats().dropped)
    end)
  end

  it("holds up no other socket", function()
    local c = open()
    send(1, 1)
    c.udp:send("other", b.host, b.port)
    sockets.loop:send_fails(ENOBUFS, 1)
    sockets.loop:turn(0)
    sockets.loop:turn(0)
    assert.are.same({ "other" }, payloads(b))
    expect(b, 2)
  end)

  it("or takes a part gets the rest at once", function()
    sockets.loop:send_fails(0, 0, 3)
    send(1, 64)
    sockets.loop:turn(0)
    assert.are.equal(64, a.udp:stats().sent)
    expect(b, 64)
    assert.are.same(numbers(1, 64), payloads(b))
  end)

  it("for long loses the oldest beyond a bound, and counts them", function()
    sockets.loop:send_fails(ENOBUFS, math.maxinteger >> 33)
    for i = 1, 1500 do
      a.udp:send(("%04d"):format(i) .. ("x"):rep(1020), b.host, b.port)
    end
    sockets.loop:turn(0)
    local dropped = a.udp:stats().dropped
    assert.is_true(dropped > 400 and dropped < 700, dropped)
    sockets.loop:send_fails()
    expect(b, 1500 - dropped)
    assert.are.equal(dropped + 1, tonumber(b.got[1].data:sub(1, 4)))
    assert.are.equal("1500", b.got[#b.got].data:sub(1, 4))
  end)

  it("is waited for at the end, for a while", function()
    send(1, 10)
    sockets.loop:send_fails(EAGAIN, 20)
    sockets.loop:flush()
    assert.are.equal(10, a.udp:stats().sent)
    sockets.loop:send_fails(EAGAIN, math.maxinteger >> 33)
    send(1, 1)
    local start = sockets.loop:now(true)
    sockets.loop:flush()
    local took = sockets.loop:now(true) - start
    assert.is_true(took >= 0.9 and took < 5, took)
  end)

  it("gives an old ICMP error instead: nobody is blamed for it", function()
    for _, number in ipairs({ ECONNREFUSED, EHOSTUNREACH }) do
      send(1, 3)
      sockets.loop:send_fails(number, 1)
      sockets.loop:turn(0.01)
    end
    expect(b, 6)
    assert.are.same({ {}, 0 }, { a.refused, a.udp:stats().refused })
  end)

  it("says why it never will: that datagram is refused, the others go", function()
    send(1, 3)
    sockets.loop:send_fails(EHOSTUNREACH, 2)
    expect(b, 2)
    assert.are.same({ "2", "3" }, payloads(b))
    assert.are.same({ { data = "1", host = b.host, port = b.port, number = EHOSTUNREACH } },
      a.refused)
  end)

  it("loses what waits when there is no memory to keep it, and counts it", function()
    send(1, 5)
    sockets.loop:send_fails(EAGAIN, 1)
    base.fail_after(2)
    sockets.loop:turn(0)
    base.fail_after()
    assert.are.equal(4, a.udp:stats().dropped)
    expect(b, 1)
  end)

  it("gets what waits when the socket closes, if it takes it by then", function()
    sockets.loop:send_fails(ENOBUFS, 1) -- tried again after 5 ms
    send(1, 5)
    sockets.loop:turn(0)
    send(6, 7)
    a.udp:close()
    expect(b, 7)
    assert.are.same(numbers(1, 7), payloads(b))
  end)

  it("leaves nothing behind when the socket closes", function()
    sockets.loop:turn(0)
    local blocks = base.blocks()
    send(1, 5)
    sockets.loop:send_fails(EAGAIN, 10)
    sockets.loop:turn(0)
    a.udp:close()
    sockets.loop:send_fails()
    -- The socket is gone, the send batch came.
    assert.are.equal(blocks, base.blocks())
  end)
end)
