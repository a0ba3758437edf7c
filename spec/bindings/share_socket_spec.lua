-- ShareSocket: components on one socket, told apart by LocalHost. See spec/net/shared_spec.lua for the
-- socket itself.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local process = require "spec.support.process"
local scarcity = require "spec.support.scarcity"
local sockopt = require("lunacoap.probe").sockopt

local component = dtls.component

after_each(dtls.stop)

-- The i-th device of a fleet; it answers with its own address and the port of its client.
local function device(i, init)
  local fields = { LocalHost = ("127.16.%d.%d"):format(i // 250, i % 250 + 1), ShareSocket = true, Timeout = 5,
    OnRequest = function(coap, e)
      coap.ResponseData = ("%s %d"):format(coap.LocalHost, e.RemotePort)
    end }
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  return component(fields)
end

local function server(i, port, init)
  local coap = device(i, init)
  coap.LocalPort = port or process.free_port()
  coap:StartListening()
  return coap
end

local function uri(coap, scheme)
  return ("%s://%s:%d/"):format(scheme or "coap", coap.LocalHost, coap.LocalPort)
end

local function fails(code, words, f, ...)
  dtls.raises(code, type(words) == "table" and words or { words }, f, ...)
end

describe("components with ShareSocket", function()
  it("answer for themselves, two thousand of them on one descriptor", function()
    local devices, answered, client = { server(1) }, 0, component { Timeout = 0 }
    client:Config "ProbingRate=0"
    for i = 2, 2000 do
      devices[i] = server(i, devices[1].LocalPort)
    end
    client.OnRequestComplete = function(coap, e)
      assert.are.equal(e.RemoteHost, coap.ResponseData:match "%S+")
      answered = answered + 1
    end
    for i = 1, 2000 do
      client:Get(uri(devices[i]))
      if i % 100 == 0 then lunacoap.sleep(0.01) end
    end
    assert.is_true(process.wait(function() return answered == 2000 end, 20))
    assert.matches("received=1 sent=1 dropped=0", devices[2000]:Config "Statistics")
  end)

  it("are clients too, of others on the same socket", function()
    local a = server(1)
    local b, client, neighbour = server(2, a.LocalPort), device(3), device(4, { LocalPort = a.LocalPort })
    for _, asking in ipairs { client, neighbour } do
      for _, target in ipairs { a, b } do
        asking:Get(uri(target))
        assert.are.equal(target.LocalHost .. " " .. asking.LocalPort, asking.ResponseData)
      end
    end
    assert.are.equal(a.LocalPort, neighbour.LocalPort)
  end)

  it("need an address of this machine, which nobody there has", function()
    local port = process.free_port()
    for _, host in ipairs { "", "localhost", "0.0.0.0", "::", "224.0.1.187" } do
      fails(10049, { "ShareSocket needs an address of this machine in LocalHost", "'" .. host .. "'" },
        server, 1, port, { LocalHost = host })
    end
    fails(10049, "cannot bind 203.0.113.1", server, 1, port, { LocalHost = "203.0.113.1" })
    server(1, port)
    fails(10048, "127.16.0.2:" .. port, server, 1, port)
  end)

  it("join no groups and are not connected: 712", function()
    fails(712, "MulticastGroups needs a socket of its own", server, 1, nil,
      { MulticastGroups = "224.0.1.187" })
    local coap = device(1, { UseConnection = true })
    fails(712, "UseConnection needs a socket of its own", coap.Get, coap, "coap://127.0.0.1/")
  end)

  it("are shared or not while closed only: 712", function()
    local coap = server(1)
    assert.are.equal("True", coap:Config "ShareSocket")
    fails(712, "ShareSocket", coap.Config, coap, "ShareSocket=False")
    coap:Shutdown()
    coap:Config "ShareSocket=False"
    coap:StartListening()
    assert.is_truthy(sockopt.of(coap.LocalPort))
  end)

  it("learn of a refusal each for itself", function()
    local a, b = device(1), device(2)
    local target = server(3)
    fails(10061, "refused", a.Get, a, ("coap://127.0.0.1:%d/"):format(process.free_port()))
    b:Get(uri(target))
    assert.matches("refused=1", a:Config "Statistics")
    assert.matches("refused=0", b:Config "Statistics")
  end)

  it("may open and close in handlers", function()
    local first, second = server(1), nil
    local port = first.LocalPort
    first.OnRequest = function(coap)
      second = server(2, port)
      coap.ResponseData = "opened"
    end
    local client = component { Timeout = 5 }
    client:Get(("coap://127.16.0.2:%d/"):format(port))
    assert.are.equal("opened", client.ResponseData)
    second.OnRequest = function(coap)
      first:Shutdown()
      coap.ResponseData = "closed"
    end
    client:Get(uri(second))
    assert.are.equal("closed", client.ResponseData)
    second.OnRequest = function() second:Shutdown() end
    client.Timeout = 0.2
    fails(301, "", client.Get, client, uri(second))
    assert.is_truthy(component { LocalHost = "127.0.0.1", LocalPort = port, Listening = true })
  end)

  it("keep their port and their socket with Restart", function()
    local a = server(1)
    local b, client = server(2, a.LocalPort), device(3)
    client:Get(uri(a))
    local port = client.LocalPort
    for _, coap in ipairs { a, client } do coap:Restart() end
    assert.is_true(a.Listening)
    client:Get(uri(a))
    assert.are.equal(a.LocalHost .. " " .. port, client.ResponseData)
    client:Get(uri(b))
    assert.are.equal(port, client.LocalPort)
  end)

  it("have another port after Rebind, all of them, with few sockets", function()
    local target, clients = server(0), {}
    local function count_ports()
      local ports, count = {}, 0
      for _, client in ipairs(clients) do
        count = count + (ports[client.LocalPort] and 0 or 1)
        ports[client.LocalPort] = true
      end
      return count
    end
    for i = 1, 50 do
      clients[i] = device(i)
    end
    for _ = 1, 4 do
      for _, client in ipairs(clients) do
        client:Get(uri(target))
        local port = client.LocalPort
        assert.are.equal(target.LocalHost .. " " .. port, client.ResponseData)
        client:Rebind()
        assert.are_not.equal(port, client.LocalPort)
      end
      assert.is_true(count_ports() <= 2)
    end
  end)

  it("go on with a request over which they were rebound: it is sent again from the new port", function()
    local asked = {}
    local target = server(1, nil, { OnRequest = function(coap, e)
      asked[#asked + 1] = e.RemotePort
      coap.ResponseData = "answer"
    end })
    local client = device(2, lunacoap.faults { receiving = { { "drop", number = 1 } } })
    client:Config "AckTimeout=0.1"
    local other = device(3)
    other:Get(uri(target))
    lunacoap.timer(0.05, nil, function() client:Rebind() end)
    client:Get(uri(target))
    assert.are.equal("answer", client.ResponseData)
    assert.are.equal(3, #asked)
    assert.are.equal(other.LocalPort, asked[2])
    assert.are.equal(client.LocalPort, asked[3])
    assert.are_not.equal(asked[2], asked[3])
  end)

  it("serve over DTLS, each with its own key", function()
    local psk = { SSLEnabled = true, PSKIdentity = "one", PSKKey = ("11"):rep(16), OnRequest = function(coap)
      coap.ResponseData = "one"
    end }
    local a = server(1, nil, psk)
    psk.PSKIdentity, psk.PSKKey = "two", ("22"):rep(16)
    psk.OnRequest = function(coap) coap.ResponseData = "two" end
    local b = server(2, a.LocalPort, psk)
    local function ask(target, client)
      client:Get(uri(target, "coaps"))
      return client.ResponseData
    end
    local of_a = device(3, { PSKIdentity = "one", PSKKey = ("11"):rep(16) })
    local of_b = device(4, { PSKIdentity = "two", PSKKey = ("22"):rep(16) })
    assert.are.same({ "one", "two" }, { ask(a, of_a), ask(b, of_b) })
    assert.are.equal(of_a.LocalPort, of_b.LocalPort)
    fails(276, "", ask, a, of_b)
    a:Shutdown()
    assert.are.equal("two", ask(b, of_b))
  end)

  it("have faults and captures of their own", function()
    local lost = server(1, nil, lunacoap.faults { sending = { { "drop", number = 1 } } })
    local good, client = server(2, lost.LocalPort), component { Timeout = 5 }
    client:Config "AckTimeout=0.05"
    local kept, mark = lunacoap.capture.keep(100), lunacoap.capture.mark()
    client:Get(uri(good))
    client:Get(uri(lost))
    local told = {}
    for _, record in ipairs(lunacoap.capture.list(mark)) do
      local is_client = record.local_address:match ":(%d+)$" == tostring(client.LocalPort)
      told[#told + 1] = not is_client
        and ("%s %s %s"):format(record.local_address, record.direction, record.comment or "") or nil
    end
    lunacoap.capture.keep(kept)
    local a, b = ("%s:%d"):format(good.LocalHost, good.LocalPort), ("%s:%d"):format(lost.LocalHost, lost.LocalPort)
    assert.are.same({ a .. " received ", a .. " sent ", b .. " received ", b .. " sent dropped",
      b .. " received ", b .. " sent " }, told)
    assert.matches("retransmissions=1", client:Config "Statistics")
  end)

  it("raise 10055 where they are opened or bound anew without memory, and leave nothing behind", function()
    local port = process.free_port()
    for _, step in ipairs { "StartListening", "Rebind" } do
      for _, alone in ipairs { true, false } do
        local neighbour = not alone and server(1, port)
        local refusals = scarcity.of_runtime(function(given)
          local coap <close> = given
          coap[step](coap)
        end, function()
          local coap = lunacoap.CoAP { LocalHost = "127.16.0.9", ShareSocket = true, LocalPort = port }
          if step == "Rebind" then coap:StartListening() end
          return coap
        end)
        assert.is_true(refusals > 1, refusals)
        if neighbour then neighbour:Shutdown() end
      end
    end
  end)

  it("share over IPv6", function()
    local six = server(1, nil, { LocalHost = "::1" })
    local four = server(1, six.LocalPort)
    local client = component { Timeout = 5, UseIPv6 = true }
    client:Get(("coap://[::1]:%d/"):format(six.LocalPort))
    assert.matches("^::1 ", client.ResponseData)
    client:Get(uri(four))
    assert.matches("^127.16.0.2 ", client.ResponseData)
    fails(10048, "[::1]:" .. six.LocalPort, server, 1, six.LocalPort, { LocalHost = "::1" })
  end)

  it("are sockets in memory like others in virtual time", function()
    lunacoap.virtual(function()
      local a = server(1, 5683)
      local b = server(2, 5683, { LocalHost = "192.0.2.7" })
      local client = device(3)
      for _, target in ipairs { a, b } do
        client:Get(uri(target))
        assert.are.equal(target.LocalHost .. " " .. client.LocalPort, client.ResponseData)
      end
      local port = client.LocalPort
      client:Rebind()
      assert.are_not.equal(port, client.LocalPort)
      fails(10048, "127.16.0.2:5683", server, 1, 5683)
      fails(10049, "ShareSocket needs an address", server, 4, 5683, { LocalHost = "" })
      dtls.stop()
    end)
  end)

  it("stay on their socket when it is bound anew in virtual time", function()
    local target = server(1)
    local client = device(2)
    client:Get(uri(target))
    local port = client.LocalPort
    lunacoap.virtual(function() client:Rebind() end)
    assert.are_not.equal(port, client.LocalPort)
    client:Get(uri(target))
    assert.are.equal(target.LocalHost .. " " .. client.LocalPort, client.ResponseData)
  end)
end)
