-- lunacoap.virtual: time that leaps, and sockets that reach each other only.
local lunacoap = require "lunacoap"

local function fails(ok, err, pattern)
  assert.is_false(ok)
  assert.matches(pattern or "", tostring(err))
end

-- A server that answers after some seconds, and how long its client waited.
local function ask(delay, settings)
  local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
    OnRequest = function(coap)
      lunacoap.sleep(delay)
      coap.ResponseData = "done"
    end }
  local client <close> = lunacoap.CoAP { Timeout = 1000 }
  client:Configure(settings or {})
  local began = lunacoap.now()
  client:Get(("coap://127.0.0.1:%d/"):format(server.LocalPort))
  return client.ResponseData, lunacoap.now() - began
end

describe("virtual time", function()
  it("leaps to the next thing that is due", function()
    local clock = os.clock()
    lunacoap.virtual(function()
      local began, rung = lunacoap.now(), {}
      for _, after in ipairs { 3600, 1, 60 } do
        lunacoap.timer(after, nil, function()
          rung[#rung + 1] = ("%.3f"):format(lunacoap.now() - began)
        end)
      end
      lunacoap.sleep(5000)
      assert.are.same({ "1.000", "60.000", "3600.000" }, rung)
      assert.are.equal("5000.000", ("%.3f"):format(lunacoap.now() - began))
    end)
    assert.is_true(os.clock() - clock < 2)
  end)

  it("stands still while anything is to be done", function()
    lunacoap.virtual(function()
      local data, seconds = ask(0)
      assert.are.equal("done", data)
      assert.are.equal(0, seconds)
      data, seconds = ask(20)
      assert.are.equal("done", data)
      assert.are.equal("20.000", ("%.3f"):format(seconds))
    end)
  end)

  it("lets nobody wait for a host that is dead", function()
    lunacoap.virtual(function()
      local client <close> = lunacoap.CoAP { Timeout = 1000 }
      local began = lunacoap.now()
      pcall(client.Get, client, "coap://192.0.2.1/")
      local _, err = pcall(client.Get, client, "coap://192.0.2.1/")
      assert.are.equal(704, err.Code)
      -- RFC 7252 4.8.2: MAX_TRANSMIT_WAIT is 93 s, and 62 s is the shortest.
      local each = (lunacoap.now() - began) / 2
      assert.is_true(each >= 62 and each <= 93)
    end)
  end)

  it("refuses a port of this machine that nobody has", function()
    lunacoap.virtual(function()
      local client <close> = lunacoap.CoAP()
      local _, err = pcall(client.Get, client, "coap://127.0.0.1:9/")
      assert.are.equal(10061, err.Code)
      _, err = pcall(client.Get, client, "coap://[::1]:9/")
      assert.are.equal(10061, err.Code)
    end)
  end)

  it("binds every address, to one socket each", function()
    lunacoap.virtual(function()
      local function name(coap) coap.ResponseData = coap.LocalHost end
      local a <close> = lunacoap.CoAP { LocalHost = "192.0.2.7", LocalPort = 5683, OnRequest = name,
        Listening = true }
      local b <close> = lunacoap.CoAP { LocalHost = "2001:db8::7", LocalPort = 5683,
        OnRequest = name, Listening = true }
      local client <close> = lunacoap.CoAP()
      client:Get("coap://192.0.2.7/")
      assert.are.equal("192.0.2.7", client.ResponseData)
      local other <close> = lunacoap.CoAP()
      other:Get("coap://[2001:db8::7]/")
      assert.are.equal("2001:db8::7", other.ResponseData)
      local third = lunacoap.CoAP { LocalHost = "192.0.2.7", LocalPort = 5683 }
      local _, err = pcall(third.StartListening, third)
      assert.are.equal(10048, err.Code)
      a:Shutdown()
      third:StartListening()
      third:Shutdown()
      assert.is_true(b.Listening)
    end)
  end)

  it("has ports of IPv4 and of IPv6 apart, as the system has", function()
    local function open(host, ipv6)
      local coap = lunacoap.CoAP { LocalHost = host, LocalPort = 7000, UseIPv6 = ipv6 or false }
      local ok, err = pcall(coap.StartListening, coap)
      return ok and coap or err.Code
    end
    local function is_refused(first, second)
      local a, b = open(table.unpack(first)), open(table.unpack(second))
      a:Shutdown()
      if b == 10048 then
        return true
      end
      b:Shutdown()
      return false
    end
    local function both()
      local found = {}
      for i, pair in ipairs {
        { { "0.0.0.0" }, { "::1" } }, { { "127.0.0.1" }, { "::1" } },
        { { "0.0.0.0" }, { "127.0.0.1" } }, { { "::", true }, { "::1" } },
        { { "::", true }, { "0.0.0.0" } }, { { "::", true }, { "127.0.0.1" } },
      } do
        found[i] = tostring(is_refused(pair[1], pair[2])) .. " "
          .. tostring(is_refused(pair[2], pair[1]))
      end
      return found
    end
    local there = both()
    assert.are.same(there, lunacoap.virtual(both))
    assert.are.equal("false false", there[1])
  end)

  it("brings what is sent to an address to the socket that is bound to it, and was first", function()
    lunacoap.virtual(function()
      local function open(name, host)
        local coap = lunacoap.CoAP { LocalHost = host or "", LocalPort = 5683, ShareLocalPort = true,
          OnRequest = function(coap) coap.ResponseData = name end }
        coap:StartListening()
        return coap
      end
      local client <close> = lunacoap.CoAP()
      local function asked()
        client:Get("coap://127.0.0.7/")
        return client.ResponseData
      end
      local all, first, second = open "all", open("first", "127.0.0.7"), open("second", "127.0.0.7")
      local found = { asked() }
      first:Shutdown()
      found[2] = asked()
      second:Shutdown()
      found[3] = asked()
      all:Shutdown()
      assert.are.same({ "first", "second", "all" }, found)
    end)
  end)

  it("knows who has a port, whoever leaves it first", function()
    lunacoap.virtual(function()
      local function open(host)
        local coap = lunacoap.CoAP { LocalHost = host, LocalPort = 5683 }
        return pcall(coap.StartListening, coap) and coap
      end
      for _, order in ipairs { { 1, 2, 3 }, { 3, 2, 1 }, { 2, 1, 3 } } do
        local list = { open "127.0.0.1", open "127.0.0.2", open "192.0.2.1" }
        for _, i in ipairs(order) do
          assert.is_false(open "")
          list[i]:Shutdown()
        end
        local all = open ""
        assert.is_false(open "127.0.0.2")
        all:Shutdown()
      end
    end)
  end)

  it("is as quick with thousands of sockets as with hundreds", function()
    -- Seconds of an exchange, with so many servers and clients.
    local function cost(count)
      return lunacoap.virtual(function()
        local open, answered = {}, 0
        local began = os.clock()
        for i = 1, count do
          local host = ("127.16.%d.%d"):format(i // 250, i % 250)
          open[2 * i - 1] = lunacoap.CoAP { LocalHost = host, LocalPort = 5683, Listening = true,
            OnRequest = function(coap) coap.ResponseData = "x" end }
          open[2 * i] = lunacoap.CoAP { Timeout = 0,
            OnRequestComplete = function() answered = answered + 1 end }
          open[2 * i]:Get("coap://" .. host)
        end
        lunacoap.sleep(1)
        for _, coap in ipairs(open) do coap:Shutdown() end
        assert.are.equal(count, answered)
        return (os.clock() - began) / count
      end)
    end
    cost(400)
    local few, many = cost(400), cost(4000)
    assert.is_true(many < 5 * few, ("%g, %g"):format(few, many))
  end)

  it("brings what is sent to a group to all who joined it", function()
    lunacoap.virtual(function()
      local servers, hosts = {}, {}
      for i = 1, 3 do
        servers[i] = lunacoap.CoAP { LocalPort = 5683, OnRequest = function(coap)
          coap.ResponseData = "it is " .. i
        end }
        servers[i]:Config("ShareLocalPort=True")
        servers[i]:Config("MulticastGroups=" .. (i < 3 and "224.0.1.187" or "224.0.1.99"))
        servers[i]:StartListening()
      end
      local client <close> = lunacoap.CoAP { OnRequestComplete = function(coap)
        hosts[#hosts + 1] = coap.ResponseData
      end }
      client:Get("coap://224.0.1.187/")
      table.sort(hosts)
      assert.are.same({ "it is 1", "it is 2" }, hosts)
      for _, server in ipairs(servers) do
        server:Shutdown()
      end
    end)
  end)

  it("does a DTLS handshake", function()
    lunacoap.virtual(function()
      local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", SSLEnabled = true,
        OnRequest = function(coap) coap.ResponseData = "secret" end }
      local client <close> = lunacoap.CoAP()
      for _, coap in ipairs { server, client } do
        coap:Config("PSKIdentity=me")
        coap:Config("PSKKey=0102030405")
      end
      server.Listening = true
      client:Get(("coaps://127.0.0.1:%d/"):format(server.LocalPort))
      assert.are.equal("secret", client.ResponseData)
    end)
  end)

  it("gives the same run for the same seed, and another for another", function()
    local function waits(seed)
      return lunacoap.virtual(seed, function()
        local times = {}
        for i = 1, 3 do
          local client <close> = lunacoap.CoAP { Timeout = 1000 }
          local began = lunacoap.now()
          pcall(client.Get, client, "coap://192.0.2.1/")
          times[i] = ("%.6f"):format(lunacoap.now() - began)
        end
        return table.concat(times, " ")
      end)
    end
    assert.are.equal(waits(5), waits(5))
    assert.are_not.equal(waits(5), waits(6))
  end)

  it("is over when its function ends, however it ends", function()
    local function is_real()
      local began = os.time()
      local at = lunacoap.now()
      lunacoap.sleep(0.05)
      local seconds = lunacoap.now() - at
      assert.is_true(seconds >= 0.05 and seconds < 10)
      assert.is_true(os.time() - began < 10)
      -- A socket of the system: a program of its own finds it.
      local coap <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
      local ports <close> = assert(io.open("/proc/net/udp"))
      assert.matches((":%04X"):format(coap.LocalPort), ports:read("a"))
    end
    assert.are.same({ 1, nil, 3 }, { lunacoap.virtual(function(...) return ... end, 1, nil, 3) })
    is_real()
    local ok, err = pcall(lunacoap.virtual, function() error({ "mine" }) end)
    assert.is_false(ok)
    assert.are.same({ "mine" }, err)
    is_real()
    lunacoap.virtual(function() lunacoap.virtual(9, function() lunacoap.sleep(5) end) end)
    is_real()
    local thread = coroutine.create(lunacoap.virtual)
    coroutine.resume(thread, coroutine.yield)
    coroutine.close(thread)
    is_real()
  end)

  it("never turns the clock back", function()
    local before = lunacoap.now()
    lunacoap.virtual(function() lunacoap.sleep(1000) end)
    assert.is_true(lunacoap.now() >= before + 1000)
  end)

  it("keeps timers and sockets of before and after", function()
    local rung, server = false, nil
    lunacoap.timer(100, nil, function() rung = true end)
    lunacoap.virtual(function()
      server = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = 5683, Listening = true,
        OnRequest = function(coap) coap.ResponseData = "still here" end }
      lunacoap.sleep(99)
      assert.is_false(rung)
      lunacoap.sleep(2)
      assert.is_true(rung)
    end)
    -- In memory still, though the time is real now: only a client in memory finds it.
    lunacoap.virtual(function()
      local client <close> = lunacoap.CoAP()
      client:Get("coap://127.0.0.1/")
      assert.are.equal("still here", client.ResponseData)
    end)
    server:Shutdown()
  end)

  it("has the same address in captures as the peer sees, whatever addresses the machine has", function()
    local capture = lunacoap.capture
    local kept = capture.keep(100)
    lunacoap.virtual(function()
      local server <close> = lunacoap.endpoint { LocalHost = "10.0.0.1", LocalPort = 5683 }
      local mark, client <close> = capture.mark(), lunacoap.endpoint()
      client:send("\x40\0\0\1", "10.0.0.1")
      local _, host, port = server:receive(1)
      local sent, received = table.unpack(capture.list(mark))
      assert.are.equal(("%s:%d"):format(host, port), sent.local_address)
      assert.are.equal(sent.local_address, received.remote)
    end)
    capture.keep(kept)
  end)

  it("goes on by the shortest time that somebody waits", function()
    lunacoap.virtual(function()
      local began = lunacoap.now()
      for _ = 1, 3 do
        lunacoap.sleep(1e-9)
      end
      assert.are.equal("0.000003", ("%.6f"):format(lunacoap.now() - began))
    end)
  end)

  it("loses what is on its way when everybody has left", function()
    for i = 1, 2 do
      lunacoap.virtual(function()
        local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
        if i == 1 then
          a:send("of another run", a:uri())
        else
          assert.is_nil((a:receive(1)))
        end
      end)
    end
  end)

  it("says what it takes", function()
    fails(pcall(lunacoap.virtual, 0, print))
    local _, err = pcall(lunacoap.virtual, 0, print)
    assert.matches("virtual takes a seed from 1, or none, before its function, not 0", tostring(err), 1, true)
    _, err = pcall(lunacoap.virtual, "x")
    assert.matches("virtual takes a function, or a seed and a function, not 'x'", tostring(err))
  end)
end)
