-- lunacoap.statistics: the sums over all components.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local line = require "spec.support.line"
local process = require "spec.support.process"
local raw = require "spec.support.raw"

after_each(dtls.stop)

-- What has been counted since `before`.
local function since(before)
  local now, list = lunacoap.statistics(), {}
  for name, count in pairs(before) do
    list[name] = now[name] - count
  end
  return list
end

local function server(init)
  init = init or {}
  init.LocalHost, init.Listening = init.LocalHost or "127.0.0.1", true
  init.OnRequest = function(coap) coap.ResponseData = "x" end
  return dtls.component(init)
end

local function uri(coap)
  return ("coap://%s:%d/"):format(coap.LocalHost, coap.LocalPort)
end

local function counted(fields)
  local all = { sent = 0, received = 0, retransmissions = 0, duplicates = 0, malformed = 0, dropped = 0,
    refused = 0, open = 0 }
  for name, count in pairs(fields) do
    all[name] = count
  end
  return all
end

describe("the statistics of the process", function()
  it("have every field from the beginning", function()
    assert.are.same(counted {}, since(lunacoap.statistics()))
  end)

  it("are the sums over components, those that are closed too", function()
    local before = lunacoap.statistics()
    local a, b = server(), server()
    for _ = 1, 2 do
      local client <close> = lunacoap.CoAP { Timeout = 5 }
      for _, target in ipairs { a, b } do
        client:Get(uri(target))
      end
      assert.are.equal(3, since(before).open)
    end
    assert.are.same(counted { sent = 8, received = 8, open = 2 }, since(before))
    a:Shutdown()
    b:Reset()
    assert.are.same(counted { sent = 8, received = 8 }, since(before))
  end)

  it("hold what is sent last, in the closing", function()
    local psk = { SSLCert = false, PSKIdentity = "one", PSKKey = ("11"):rep(16), SSLServerCACerts = false }
    local _, base = dtls.server(psk)
    local client = dtls.client(psk)
    dtls.reaches(client, base)
    local before = lunacoap.statistics()
    client:Shutdown() -- with an alert
    assert.are.same(counted { sent = 1, open = -1 }, since(before))
  end)

  it("tell what went wrong", function()
    local before = lunacoap.statistics()
    lunacoap.virtual(function()
      local target <close> = line.component({ sending = { { "drop", number = 1 } } },
        { LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap) coap.ResponseData = "x" end })
      local client <close> = lunacoap.CoAP { Timeout = 100 }
      client:Get(uri(target))
      pcall(client.Get, client, "coap://127.0.0.1:9/")
    end)
    assert.are.same(counted { sent = 4, received = 3, retransmissions = 1, duplicates = 1, refused = 1 },
      since(before))
  end)

  it("count what is malformed, and what came to a shared socket for nobody", function()
    local before = lunacoap.statistics()
    local target = server { LocalHost = "127.16.0.1", ShareSocket = true, LocalPort = process.free_port() }
    raw.start()
    local peer = raw.open()
    peer.udp:send("\81\1\0\1", "127.16.0.1", target.LocalPort)
    peer.udp:send("x", "127.16.0.2", target.LocalPort)
    assert.is_true(raw.wait(function()
      local now = since(before)
      return now.malformed > 0 and now.dropped > 0
    end))
    raw.stop()
    target:Shutdown()
    assert.are.same(counted { received = 1, malformed = 1, dropped = 1 }, since(before))
  end)

  it("cost little with many components", function()
    for i = 1, 5000 do
      server { LocalHost = ("127.17.%d.%d"):format(i // 250, i % 250), ShareSocket = true, LocalPort = 0 }
    end
    local began = os.clock()
    for _ = 1, 10 do
      lunacoap.statistics()
    end
    local seconds = (os.clock() - began) / 10
    assert.is_true(seconds < 0.01, seconds)
  end)
end)
