local probe = require("lunacoap.probe")
local net, base, sockopt = probe.net, probe.base, probe.sockopt
local sockets = require("spec.support.sockets")
local open, open_echo, turn_until = sockets.open, sockets.open_echo, sockets.turn_until
local expect, payloads, numbers = sockets.expect, sockets.payloads, sockets.numbers

before_each(sockets.start)
after_each(sockets.stop)

describe("a UDP socket", function()
  for _, host in ipairs({ "127.0.0.1", "::1" }) do
    it("exchanges datagrams over " .. host, function()
      local echo, client = open_echo({ host = host }), open({ host = host })
      client.udp:send("hello", host, echo.port)
      expect(client, 1)
      assert.are.same({ data = "hello", host = host, port = echo.port, to = host }, client.got[1])
    end)
  end

  it("sends nothing before the turn", function()
    local a, b = open(), open()
    a.udp:send("x", b.host, b.port)
    assert.are.equal(0, a.udp:stats().sent)
    expect(b, 1)
    assert.are.equal(1, a.udp:stats().sent)
  end)

  it("carries empty datagrams", function()
    local a, b = open(), open()
    a.udp:send("", b.host, b.port)
    a.udp:send("x", b.host, b.port)
    expect(b, 2)
    assert.are.same({ "", "x" }, payloads(b))
  end)

  it("carries more than a batch in order, with a system call for each batch", function()
    local a, b = open(), open()
    for i = 1, 200 do
      a.udp:send(tostring(i), b.host, b.port)
    end
    expect(b, 200)
    assert.are.same(numbers(1, 200), payloads(b))
    local sent, received = a.udp:stats(), b.udp:stats()
    assert.are.same({ 200, 4 }, { sent.sent, sent.send_calls })
    assert.are.equal(200, received.received)
    assert.is_true(received.receive_calls <= 6)
  end)

  it("costs one system call each way for one datagram", function()
    local a, b = open(), open()
    a.udp:send("x", b.host, b.port)
    sockets.loop:turn(1)
    assert.are.same({ 1, 1 }, { a.udp:stats().send_calls, b.udp:stats().receive_calls })
  end)

  it("keeps the order among sockets that send in turns", function()
    local a, b, c = open(), open(), open()
    for i = 1, 100 do
      (i % 2 == 0 and a or b).udp:send(tostring(i), c.host, c.port)
    end
    expect(c, 100)
    assert.are.same(numbers(1, 100), payloads(c))
  end)

  it("takes datagrams up to max_packet and tells of the beginning of longer ones", function()
    local a, b = open(), open({ max_packet = 1200 })
    a.udp:send(("a"):rep(1200), b.host, b.port)
    a.udp:send(("b"):rep(1201), b.host, b.port)
    a.udp:send("c", b.host, b.port)
    expect(b, 2)
    assert.are.same({ ("a"):rep(1200), "c" }, payloads(b))
    assert.are.same({ ("b"):rep(1200) }, b.truncated)
  end)

  it("carries the longest datagram there is", function()
    local a, b = open(), open({ max_packet = 65535 })
    for i = 1, 20 do
      a.udp:send(("x"):rep(65506) .. string.char(i), b.host, b.port)
    end
    expect(b, 20)
    assert.are.equal(("x"):rep(65506) .. "\20", b.got[20].data)
  end)

  it("has no room for what no datagram can hold", function()
    local a = open()
    assert.is_false(a.udp:send(("x"):rep(65536), "127.0.0.1", 9))
  end)

  it("lets sockets with other limits share the loop", function()
    local small, large, a = open({ max_packet = 100 }), open({ max_packet = 9000 }), open()
    for _ = 1, 3 do
      a.udp:send(("s"):rep(100), small.host, small.port)
      a.udp:send(("l"):rep(9000), large.host, large.port)
      turn_until(function() return #small.got > 0 and #large.got > 0 end)
      assert.are.equal(("s"):rep(100), table.remove(small.got).data)
      assert.are.equal(("l"):rep(9000), table.remove(large.got).data)
    end
  end)

  it("answers from the address that was asked, though bound to all", function()
    local echo, client = open_echo({ host = "0.0.0.0" }), open()
    for i = 1, 3 do
      client.udp:send("hello", "127.0.0.2", echo.port)
      expect(client, i)
      assert.are.equal("127.0.0.2", client.got[i].host)
    end
  end)

  it("serves both families at once when asked, each in its own form", function()
    local echo = open_echo({ host = "::", dual_stack = true })
    local four, six = open(), open({ host = "::1" })
    four.udp:send("4", "127.0.0.2", echo.port)
    six.udp:send("6", "::1", echo.port)
    expect(four, 1)
    expect(six, 1)
    assert.are.equal("127.0.0.2", four.got[1].host)
    assert.are.equal("::1", six.got[1].host)
  end)

  it("bound to :: alone leaves IPv4 to others", function()
    local six = open({ host = "::" })
    assert.is_truthy(open({ host = "0.0.0.0", port = six.port }))
  end)

  it("shares its port only when both say so", function()
    local first = open()
    local none, code, text = open({ port = first.port })
    assert.are.same({ nil, 10048 }, { none, code })
    assert.is_truthy(text:find("127.0.0.1:" .. first.port, 1, true))
    local shared = open({ share_port = true })
    assert.is_truthy(open({ port = shared.port, share_port = true }))
  end)

  it("reports an address that is not here", function()
    local none, code, text = open({ host = "203.0.113.1" })
    assert.are.same({ nil, 10049 }, { none, code })
    assert.is_truthy(text:find("203.0.113.1", 1, true))
  end)

  it("exchanges datagrams with one peer alone when connected", function()
    local peer, stranger = open(), open()
    local client = open({ connect = peer.host, connect_port = peer.port })
    client.udp:send("to peer", peer.host, peer.port)
    stranger.udp:send("no", client.host, client.port)
    peer.udp:send("yes", client.host, client.port)
    expect(client, 1)
    assert.are.equal("yes", client.got[1].data)
    expect(peer, 1)
  end)

  it("takes DSCP, buffers and the DF bit, and refuses a DSCP beyond 63", function()
    local DISCOVER = 2 -- IP_PMTUDISC_DO, and the same for IPv6
    for _, host in ipairs({ "127.0.0.1", "::" }) do
      local socket = open({
        host = host, dual_stack = true, dscp = 46, receive_buffer = 8192, send_buffer = 16384,
        dont_fragment = true, packet_info = true,
      })
      local options = sockopt.of(socket.port)
      assert.are.same({ 46 << 2, DISCOVER }, { options.tos, options.mtu_discover })
      assert.are.same({ 2 * 8192, 2 * 16384 }, { options.receive_buffer, options.send_buffer }) -- Linux doubles them
      if host == "::" then
        assert.are.same({ 46 << 2, DISCOVER }, { options.traffic_class, options.mtu_discover6 })
      end
    end
    local none, code = open({ dscp = 300 })
    assert.are.same({ nil, 10022 }, { none, code })
  end)

  it("takes at most 300 bytes while idle", function()
    local before = base.blocks()
    open()
    assert.are.equal(before + 1, base.blocks())
    assert.is_true(net.socket_size <= 300, net.socket_size)
  end)

  it("reports missing memory when opened, and keeps nothing", function()
    local blocks = base.blocks()
    base.fail_after(0)
    local none, code = open()
    base.fail_after()
    assert.are.same({ nil, 10055 }, { none, code })
    assert.are.equal(blocks, base.blocks())
  end)

  it("drops what it has no memory for, counts it, and goes on", function()
    local a, b = open(), open()
    a.udp:send("lost", b.host, b.port)
    base.fail_after(0)
    sockets.loop:turn(1)
    base.fail_after()
    assert.are.same({ {}, 1 }, { b.got, b.udp:stats().dropped })
    a.udp:send("here", b.host, b.port)
    expect(b, 1)
    base.fail_after(0)
    assert.is_true(a.udp:send("no memory needed", b.host, b.port))
    sockets.loop:turn(1)
    base.fail_after()
    assert.are.equal(2, #b.got)
  end)
end)

describe("an upcall", function()
  it("may close its socket: the rest of the batch is dropped", function()
    local b, blocks
    local seen, a = 0, open()
    b = open({ receive = function()
      seen = seen + 1
      b.udp:close()
    end })
    blocks = base.blocks()
    for i = 1, 10 do
      a.udp:send(tostring(i), b.host, b.port)
    end
    turn_until(function() return seen > 0 end)
    sockets.loop:turn(0.01)
    assert.are.equal(1, seen)
    -- The socket is gone; the two batches that the loop made on first use stay.
    assert.are.equal(blocks - 1 + 3, base.blocks())
  end)

  it("may close another socket that has datagrams", function()
    local a, b, c = open(), nil, nil
    local seen = 0
    local function close_both()
      seen = seen + 1
      b.udp:close()
      c.udp:close()
    end
    b, c = open({ receive = close_both }), open({ receive = close_both })
    a.udp:send("x", b.host, b.port)
    a.udp:send("x", c.host, c.port)
    for _ = 1, 3 do
      sockets.loop:turn(0.01)
    end
    assert.are.equal(1, seen)
  end)

  it("may answer and close: the answer is sent", function()
    local a, b = open(), nil
    b = open({ receive = function(data, host, port)
      b.udp:send(data, host, port)
      b.udp:close()
    end })
    a.udp:send("x", b.host, b.port)
    expect(a, 1)
  end)

  it("that turns the loop finds the rest of its own batch there, in order", function()
    local order, a = {}, open()
    local b
    b = open({ receive = function(data)
      order[#order + 1] = data
      if data == "1" then
        sockets.loop:turn(0)
        order[#order + 1] = "1 ends"
      end
    end })
    for i = 1, 5 do
      a.udp:send(tostring(i), b.host, b.port)
    end
    turn_until(function() return #order == 6 end)
    assert.are.same({ "1", "2", "3", "4", "5", "1 ends" }, order)
  end)

  it("that turns the loop keeps its own datagram unharmed", function()
    local a, b = open(), nil
    local after = {}
    b = open({
      receive = function(data)
        if data == "first" then
          for i = 1, 70 do
            a.udp:send(("z"):rep(20) .. i, b.host, b.port)
          end
          sockets.loop:turn(1)
          sockets.loop:turn(0.01)
        end
      end,
      after = function(data) after[#after + 1] = data end,
    })
    a.udp:send("first", b.host, b.port)
    turn_until(function() return #after == 71 end)
    assert.are.equal("first", after[71])
  end)

  it("may close its socket from within an inner turn", function()
    local seen, a, b = {}, open(), nil
    b = open({ receive = function(data)
      seen[#seen + 1] = data
      if data == "1" then
        sockets.loop:turn(0)
      elseif data == "2" then
        b.udp:close()
      end
    end })
    for i = 1, 5 do
      a.udp:send(tostring(i), b.host, b.port)
    end
    turn_until(function() return #seen >= 2 end)
    sockets.loop:turn(0.01)
    assert.are.same({ "1", "2" }, seen)
  end)
end)

describe("a multicast group", function()
  -- Node-local, so that nothing leaves the machine: IPv6 groups need an interface with a route.
  local function ipv6_interface()
    for line in io.lines("/proc/net/if_inet6") do
      local name = line:match("^fe80%x+ .* (%S+)$")
      if name then
        return name
      end
    end
  end

  local function open_member(group, any)
    local member
    member = open({ host = any, group = group, receive = function(data, host, port, to)
      member.heard_at = to
      member.udp:send(data, host, port, to)
    end })
    return member
  end

  it("of IPv4 is joined on an interface, sent to by it, answered from a host address", function()
    local member, client = open_member("224.0.1.187%lo", "0.0.0.0"), open()
    client.udp:send("who is there?", "224.0.1.187%lo", member.port)
    expect(client, 1)
    assert.are.equal("224.0.1.187", member.heard_at)
    assert.are.equal("127.0.0.1", client.got[1].host)
  end)

  it("of IPv4 is heard by a socket of both families", function()
    local dual = open({ host = "::", dual_stack = true, group = "224.0.1.187%lo" })
    local client = open()
    client.udp:send("x", "224.0.1.187%lo", dual.port)
    expect(dual, 1)
    assert.are.equal("224.0.1.187", dual.got[1].to)
  end)

  it("of IPv6 is joined on an interface, sent to by it, answered from a host address", function()
    local interface = ipv6_interface()
    local group = "ff01::fd%" .. (interface or "lo")
    local member, client = open_member(group, "::"), open({ host = "::" })
    client.udp:send("who is there?", group, member.port)
    if interface then
      expect(client, 1)
      assert.is_truthy(member.heard_at:find("^ff01::fd%%%d+$"))
      assert.is_nil(client.got[1].host:find("^ff"))
    else -- no route for groups: the sender is told
      turn_until(function() return #client.refused == 1 end)
    end
  end)

  it("that others on the machine joined is not heard", function()
    open({ host = "0.0.0.0", group = "224.0.1.187%lo" })
    local outsider, client = open({ host = "0.0.0.0" }), open({ host = "0.0.0.0" })
    client.udp:send("x", "224.0.1.187%lo", outsider.port)
    sockets.loop:turn(0.01)
    sockets.loop:turn(0.01)
    assert.are.same({}, outsider.got)
  end)

  it("needs a socket that is bound to all addresses", function()
    local none, code = open({ host = "127.0.0.1", group = "224.0.1.187%lo" })
    assert.are.same({ nil, 10022 }, { none, code })
  end)

  it("that is none is refused with its name", function()
    local none, code, text = open({ host = "0.0.0.0", group = "192.0.2.1" })
    assert.are.same({ nil, 10022 }, { none, code })
    assert.is_truthy(text:find("192.0.2.1", 1, true))
  end)
end)
