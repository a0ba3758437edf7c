-- Sockets that share one of the system and are told apart by their addresses.
local sockopt = require("lunacoap.probe").sockopt
local sockets = require "spec.support.sockets"

local open, expect, payloads = sockets.open, sockets.expect, sockets.payloads

before_each(sockets.start)
after_each(sockets.stop)

-- The i-th of some sockets on one.
local function member(i, options)
  options = options or {}
  options.host, options.share_socket = options.host or "127.16.0." .. i, true
  return open(options)
end

-- Some on one port of their own.
local function members(count)
  local list = { member(1) }
  for i = 2, count do
    list[i] = member(i, { port = list[1].port })
  end
  return list
end

describe("sockets on a shared one", function()
  it("are bound to the address that they asked for, and to one port", function()
    local list = members(3)
    for i, each in ipairs(list) do
      assert.are.same({ "127.16.0." .. i, list[1].port }, { each.host, each.port })
    end
    assert.is_truthy(sockopt.of(list[1].port))
  end)

  it("get what is sent to their address, and send from there", function()
    local list, peer = members(3), open()
    for i, each in ipairs(list) do
      peer.udp:send("to " .. i, each.host, each.port)
      each.udp:send("from " .. i, peer.host, peer.port)
    end
    expect(peer, 3)
    for i, each in ipairs(list) do
      expect(each, 1)
      assert.are.same({ data = "to " .. i, host = peer.host, port = peer.port, to = each.host }, each.got[1])
      assert.are.same({ "from " .. i, each.host, each.port },
        { peer.got[i].data, peer.got[i].host, peer.got[i].port })
    end
  end)

  it("reach each other", function()
    local list = members(2)
    list[1].udp:send("x", list[2].host, list[2].port)
    expect(list[2], 1)
    assert.are.equal(list[1].host, list[2].got[1].host)
  end)

  it("send all that a turn has queued with one system call", function()
    local list, peer = members(40), open()
    sockets.loop:send_fails()
    for _, each in ipairs(list) do
      each.udp:send("x", peer.host, peer.port)
    end
    expect(peer, 40)
    assert.are.equal(1, sockets.loop:send_fails())
  end)

  it("count what is theirs, each", function()
    local list, peer = members(2), open()
    list[1].udp:send("x", peer.host, peer.port)
    peer.udp:send("y", list[2].host, list[2].port)
    peer.udp:send("y", list[2].host, list[2].port)
    expect(list[2], 2)
    local first, second = list[1].udp:stats(), list[2].udp:stats()
    assert.are.same({ 1, 0, 0, 2 }, { first.sent, first.received, second.sent, second.received })
  end)

  it("drop and count what is for an address that nobody has", function()
    local list, peer = members(2), open()
    list[2].udp:close()
    for host = 2, 4 do
      peer.udp:send("x", "127.16.0." .. host, list[1].port)
    end
    peer.udp:send("y", list[1].host, list[1].port)
    expect(list[1], 1)
    assert.are.equal(3, sockets.loop:shared_dropped())
    list[1].udp:close()
    assert.are.equal(3, sockets.loop:shared_dropped())
  end)

  it("get an address once: 10048", function()
    local list = members(2)
    local none, code, text = member(2, { port = list[1].port })
    assert.are.same({ nil, 10048 }, { none, code })
    assert.is_truthy(text:find("127.16.0.2:" .. list[1].port, 1, true))
    list[2].udp:close()
    assert.is_truthy(member(2, { port = list[1].port }))
  end)

  it("get no address that is not here: 10049", function()
    local none, code, text = open { host = "203.0.113.1", share_socket = true }
    assert.are.same({ nil, 10049 }, { none, code })
    assert.is_truthy(text:find("203.0.113.1", 1, true))
  end)

  it("share a port that nobody asked for, as long as the address is free there", function()
    local first, second, third = member(1), member(2), member(1)
    assert.are.equal(first.port, second.port)
    assert.are_not.equal(first.port, third.port)
    local fixed = member(3, { port = sockets.closed_port() })
    assert.are.equal(first.port, member(3).port)
    assert.are_not.equal(fixed.port, member(1).port)
  end)

  it("take no port that a socket of another kind has", function()
    local other = open { host = "127.16.0.9" }
    local none, code = member(1, { port = other.port })
    assert.are.same({ nil, 10048 }, { none, code })
  end)

  it("of IPv6 share another one", function()
    local four = member(1)
    local six = member(1, { host = "::1", port = four.port })
    local peer = open { host = "::1" }
    six.udp:send("six", "::1", peer.port)
    expect(peer, 1)
    assert.are.same({ "six", "::1", four.port }, { peer.got[1].data, peer.got[1].host, peer.got[1].port })
    peer.udp:send("back", "::1", six.port)
    expect(six, 1)
    assert.are.equal(0, #four.got)
  end)

  it("do not reach the other family, and are told", function()
    local four = member(1)
    four.udp:send("x", "::1", 9)
    sockets.turn_until(function() return #four.refused > 0 end)
    assert.are.equal(1, four.udp:stats().refused)
  end)

  it("are told each of what the network refused of theirs", function()
    local list, port = members(3), sockets.closed_port()
    list[1].udp:send("one", "127.0.0.1", port)
    list[3].udp:send("three", "127.0.0.1", port)
    sockets.turn_until(function() return #list[1].refused > 0 and #list[3].refused > 0 end)
    assert.are.same({ { "one" }, {}, { "three" } }, { { list[1].refused[1].data }, list[2].refused,
      { list[3].refused[1].data } })
    assert.are.same({ 1, 0, 1 }, { list[1].udp:stats().refused, list[2].udp:stats().refused,
      list[3].udp:stats().refused })
  end)

  it("take datagrams up to their own max_packet", function()
    local small = member(1, { max_packet = 100 })
    local large, peer = member(2, { max_packet = 3000, port = small.port }), open()
    for _, each in ipairs { small, large } do
      peer.udp:send(("x"):rep(100), each.host, each.port)
      peer.udp:send(("y"):rep(3001), each.host, each.port)
    end
    expect(small, 1)
    expect(large, 1)
    sockets.turn_until(function() return #small.truncated > 0 and #large.truncated > 0 end)
    assert.are.same({ { ("y"):rep(100) }, { ("y"):rep(3000) } }, { small.truncated, large.truncated })
  end)

  it("close with what is queued sent, and the shared one with the last of them", function()
    local list, peer = members(2), open()
    local port = list[1].port
    list[1].udp:send("last", peer.host, peer.port)
    list[1].udp:close()
    expect(peer, 1)
    assert.is_truthy(sockopt.of(port))
    list[2].udp:close()
    assert.is_truthy(open { host = "127.0.0.1", port = port })
  end)

  it("may all close in a function of one of them, with more on the way", function()
    local list, peer = nil, open()
    list = { member(1, { receive = function()
      for _, each in ipairs(list) do each.udp:close() end
    end }) }
    list[2] = member(2, { port = list[1].port })
    for _ = 1, 5 do
      peer.udp:send("x", list[1].host, list[1].port)
      peer.udp:send("x", list[2].host, list[2].port)
    end
    for _ = 1, 5 do sockets.loop:turn(0.01) end
    assert.are.equal(0, #list[2].got)
    assert.is_truthy(open { host = "127.0.0.1", port = list[1].port })
  end)

  it("may open and close others in a function, which then get the rest", function()
    local peer, first, third = open(), nil, nil
    local second = member(2)
    first = member(1, { port = second.port, receive = function()
      if not third then
        second.udp:close()
        third = member(3, { port = first.port })
      end
    end })
    for host = 1, 3 do
      peer.udp:send("x", "127.16.0." .. host, first.port)
    end
    sockets.turn_until(function() return third and #third.got > 0 end)
    assert.are.same({ {}, { "x" } }, { payloads(second), payloads(third) })
  end)

  it("may turn the loop in a function: the rest is handed on in there", function()
    local list, peer, inner = nil, open(), nil
    list = { member(1, { receive = function()
      inner = inner or sockets.loop:turn(0.01)
      inner = #list[2].got
    end }) }
    list[2] = member(2, { port = list[1].port })
    peer.udp:send("x", list[1].host, list[1].port)
    peer.udp:send("y", list[2].host, list[2].port)
    sockets.turn_until(function() return inner end)
    assert.are.equal(1, inner)
  end)
end)
