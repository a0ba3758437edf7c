local base = require("lunacoap.probe").base
local sockets = require("spec.support.sockets")
local open, closed_port, turn_until = sockets.open, sockets.closed_port, sockets.turn_until
local expect, payloads = sockets.expect, sockets.payloads

before_each(sockets.start)
after_each(sockets.stop)

describe("a refused datagram", function()
  for _, case in ipairs({
    { "127.0.0.1", "127.0.0.1" }, { "::1", "::1" }, { "0.0.0.0", "127.0.0.3" },
    { "::", "127.0.0.1" }, { "::", "::1" },
  }) do
    local host, dead = case[1], case[2]
    it(("is told by its path and bytes: %s to %s (ICMP)"):format(host, dead), function()
      local client = open({ host = host, dual_stack = true })
      local port = closed_port(dead)
      client.udp:send("is anybody there?", dead, port)
      turn_until(function() return #client.refused > 0 end)
      assert.are.same({ { data = "is anybody there?", host = dead, port = port, number = 111 } },
        client.refused)
      assert.are.equal(1, client.udp:stats().refused)
    end)
  end

  it("does no harm to those around it", function()
    local client, alive, port = open(), open(), closed_port("127.0.0.1")
    for i = 1, 90 do
      local dead = i % 3 == 0
      client.udp:send(tostring(i), "127.0.0.1", dead and port or alive.port)
    end
    expect(alive, 60)
    turn_until(function() return #client.refused == 30 end)
    sockets.loop:turn(0.01)
    assert.are.equal(30, #client.refused)
    for i, refusal in ipairs(client.refused) do
      assert.are.same({ data = tostring(3 * i), host = "127.0.0.1", port = port, number = 111 },
        refusal)
    end
  end)

  it("on a connected socket is told by its peer", function()
    local port = closed_port("127.0.0.1")
    local client = open({ connect = "127.0.0.1", connect_port = port })
    client.udp:send("x", "127.0.0.1", port)
    turn_until(function() return #client.refused > 0 end)
    assert.are.same({ data = "x", host = "127.0.0.1", port = port, number = 111 },
      client.refused[1])
  end)

  it("that the system does not take is told alone; the others go", function()
    local client, alive = open({ host = "0.0.0.0" }), open()
    client.udp:send("1", "127.0.0.1", alive.port)
    client.udp:send(("x"):rep(65535), "127.0.0.1", alive.port)
    client.udp:send("2", "127.0.0.1", alive.port)
    client.udp:send("broadcast", "255.255.255.255", alive.port)
    client.udp:send("port 0", "127.0.0.1", 0)
    client.udp:send("IPv6", "::1", alive.port)
    client.udp:send("3", "127.0.0.1", alive.port)
    assert.are.equal(0, #client.refused)
    expect(alive, 3)
    assert.are.same({ "1", "2", "3" }, payloads(alive))
    turn_until(function() return #client.refused == 4 end)
    local told = {}
    for _, refusal in ipairs(client.refused) do
      told[refusal.data:sub(1, 9)] = refusal.number
    end
    -- EMSGSIZE, EACCES, EINVAL, EAFNOSUPPORT
    assert.are.same({ xxxxxxxxx = 90, broadcast = 13, ["port 0"] = 22, IPv6 = 97 }, told)
  end)

  it("is told unless there are too many at once: those are counted alone", function()
    local client = open()
    for i = 1, 1500 do
      client.udp:send(tostring(i), "::1", 5683) -- not from a socket of IPv4
    end
    turn_until(function() return #client.refused > 0 end)
    assert.are.equal(1024, #client.refused)
    assert.are.equal(1500, client.udp:stats().refused)
    client.udp:send("and on", "::1", 5683)
    turn_until(function() return #client.refused > 1024 end)
    assert.are.equal("and on", client.refused[1025].data)
  end)

  it("that the system does not take is told at once, not when the next timer runs", function()
    local client = open({ host = "0.0.0.0" })
    client.udp:send("broadcast", "255.255.255.255", 5683)
    local start = sockets.loop:now()
    sockets.loop:turn(1)
    assert.are.equal(1, #client.refused)
    sockets.loop:turn(0)
    assert.is_true(sockets.loop:now() - start < 0.5)
  end)

  it("may make its socket close", function()
    local client, count, port = nil, 0, closed_port("127.0.0.1")
    client = open({ refused = function()
      count = count + 1
      client.udp:close()
    end })
    for _ = 1, 5 do
      client.udp:send("x", "127.0.0.1", port)
    end
    turn_until(function() return count > 0 end)
    sockets.loop:turn(0.01)
    assert.are.equal(1, count)
  end)

  it("whose upcall turns the loop lets the others be told in there", function()
    local client
    local told, port = {}, closed_port("127.0.0.1")
    client = open({ refused = function(data)
      told[#told + 1] = data
      if data == "1" then
        turn_until(function() return #told == 3 end)
        told[#told + 1] = "1 ends"
      end
    end })
    for i = 1, 3 do
      client.udp:send(tostring(i), "127.0.0.1", port)
    end
    turn_until(function() return #told == 4 end)
    assert.are.same({ "1", "2", "3", "1 ends" }, told)
  end)

  it("is counted when there is no memory to tell of it", function()
    local client, port = open(), closed_port("127.0.0.1")
    client.udp:send("x", "127.0.0.1", port)
    base.fail_after(0)
    for _ = 1, 3 do
      sockets.loop:turn(0.01)
    end
    base.fail_after()
    assert.are.same({ 1, 0 }, { client.udp:stats().refused, #client.refused })
  end)
end)
