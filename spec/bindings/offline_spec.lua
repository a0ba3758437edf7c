-- Offline: a component whose cable is out.
local lunacoap = require "lunacoap"
local line = require "spec.support.line"
local dtls = require "spec.support.dtls"
local process = require "spec.support.process"

local function uri(server)
  return ("coap://%s:%d/"):format(server.LocalHost, server.LocalPort)
end

local function echo(plan, init)
  init = init or {}
  init.LocalHost, init.Listening = "127.0.0.1", true
  init.OnRequest = function(coap) coap.ResponseData = "here" end
  return line.component(plan, init)
end

-- A spec in virtual time.
local function leaps(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

local function after(seconds, coap, setting)
  lunacoap.timer(seconds, nil, function() coap:Config("Offline=" .. setting) end)
end

describe("a component that is offline", function()
  leaps("sends nothing and hears nothing, until it is online again", function()
    local server <close>, arrived = line.sink()
    local client <close> = line.source()
    assert.are.equal("False", client:Config "Offline")
    line.send(client, server, 1)
    client:Config "Offline=True"
    assert.are.equal("True", client:Config "Offline")
    line.send(client, server, 2, 0.1)
    client:Config "Offline=False"
    line.send(client, server, 1, 0.1)
    server:Config "Offline=True"
    line.send(client, server, 1, 0.1)
    server:Config "Offline=False"
    line.send(client, server, 1, 0.1)
    assert.are.equal("1@0.000 1@0.200 1@0.400", table.concat(arrived, " "))
    assert.matches("sent=4", client:Config "Statistics")
  end)

  leaps("goes on sending again what must be confirmed", function()
    local server <close> = echo()
    local client <close> = line.component({}, { Timeout = 100, Offline = true })
    local began = lunacoap.now()
    after(5, client, "False")
    client:Get(uri(server))
    local seconds = lunacoap.now() - began
    -- The second retransmission, after 2 to 3 and twice as many seconds (RFC 7252 4.2).
    assert.is_true(seconds >= 6 and seconds <= 9, seconds)
    assert.are.equal("here", client.ResponseData)
    assert.matches("retransmissions=2", client:Config "Statistics")
    assert.matches("received=1 sent=1 ", server:Config "Statistics")
  end)

  leaps("gives up as if nobody were there: 704", function()
    local server <close> = echo({}, { Offline = true })
    local client <close> = line.component({}, { Timeout = 100 })
    local began = lunacoap.now()
    local _, err = pcall(client.Get, client, uri(server))
    assert.are.equal(704, err.Code)
    assert.is_true(lunacoap.now() - began >= 62)
  end)

  leaps("learns of no refusal", function()
    local client <close> = line.component({}, { Timeout = 100, LocalHost = "127.0.0.1" })
    lunacoap.timer(0, nil, function() client:Config "Offline=True" end)
    local _, err = pcall(client.Get, client, "coap://127.0.0.1:9/")
    assert.are.equal(10061, err.Code)
    _, err = pcall(client.Get, client, "coap://127.0.0.1:9/")
    assert.are.equal(704, err.Code)
  end)

  it("learns of no refusal of what it has sent before", function()
    local client <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Timeout = 0.3 }
    client.Timeout = 0
    client:Get(("coap://127.0.0.1:%d/"):format(process.free_port()))
    client.OnRequestComplete = function(_, e) client.RequestData = tostring(e.ErrorCode) end
    client:Config "Offline=True"
    lunacoap.sleep(0.1)
    assert.are.same({ "", 1 }, { client.RequestData, #client.PendingRequests })
  end)

  leaps("has the same faults afterwards as if it had not been", function()
    local function arrive(offline)
      local server <close>, arrived = line.sink()
      local client <close> = line.source { sending = { { "drop", number = 5 }, loss = 0.4 } }
      line.send(client, server, 10)
      if offline then
        client:Config "Offline=True"
        line.send(client, server, 10)
        client:Config "Offline=False"
      end
      line.send(client, server, 20)
      lunacoap.sleep(1)
      return table.concat(arrived, " ")
    end
    assert.are.equal(arrive(false), arrive(true))
  end)

  leaps("loses what was delayed and would come or go meanwhile", function()
    for _, direction in ipairs { "sending", "receiving" } do
      local plan = { [direction] = { delay = 1 } }
      local sends = direction == "sending"
      local server <close>, arrived = line.sink(not sends and plan or nil)
      local client <close> = line.source(sends and plan or nil)
      local held = sends and client or server
      line.send(client, server, 2, 0.5)
      after(0.4, held, "True")
      after(0.8, held, "False")
      lunacoap.sleep(3)
      assert.are.equal("1@1.000", table.concat(arrived, " "))
    end
  end)

  leaps("is so still after Restart, Rebind and with another socket", function()
    local server <close>, arrived = line.sink()
    local client <close> = line.source()
    line.send(client, server, 1)
    lunacoap.sleep(1)
    client:Config "Offline=True"
    for _, step in ipairs { client.Restart, client.Rebind, client.Shutdown } do
      step(client)
      line.send(client, server, 1, 0.1)
    end
    server:Config "Offline=True"
    client:Config "Offline=False"
    server:Restart()
    line.send(client, server, 1, 0.1)
    server:Config "Offline=False"
    line.send(client, server, 1, 0.1)
    assert.are.equal(2, #arrived)
  end)

  leaps("may become it in a handler, whose answer then is lost", function()
    local server <close> = echo()
    server.OnRequest = function(coap)
      server:Config "Offline=True"
      coap.ResponseData = "here"
    end
    after(1, server, "False")
    local client <close> = line.component({}, { Timeout = 100 })
    local began = lunacoap.now()
    client:Get(uri(server)) -- from what the server remembers (RFC 7252 4.5)
    assert.is_true(lunacoap.now() - began >= 2)
  end)

  leaps("may end in the Log that tells of what is lost", function()
    for _, direction in ipairs { "to", "from" } do
      local server <close> = echo()
      server.OnRequest = function(coap)
        lunacoap.sleep(1)
        coap.ResponseData = "here"
      end
      local client <close> = line.component({}, { Timeout = 0 })
      client:Config "LogLevel=2"
      local told
      client.OnLog = function(_, e)
        if e.Message:find("^offline, on its way " .. direction) then
          told = true
          client:Shutdown()
        end
      end
      after(direction == "to" and 0 or 0.5, client, "True")
      lunacoap.sleep(0.1)
      client:Get(uri(server))
      lunacoap.sleep(10)
      assert.is_true(told, direction)
    end
  end)

  it("shows in captures what was lost, and why", function()
    local kept, mark = lunacoap.capture.keep(100), lunacoap.capture.mark()
    lunacoap.virtual(function()
      local server <close>, _ = line.sink()
      local client <close> = line.source()
      client:Config "Offline=True"
      line.send(client, server, 1, 0.1)
      client:Config "Offline=False"
      server:Config "Offline=True"
      line.send(client, server, 1, 0.1)
    end)
    local told = {}
    for _, item in ipairs(lunacoap.capture.list(mark)) do
      told[#told + 1] = ("%s %s %s"):format(item.direction, item.fate, item.comment)
    end
    lunacoap.capture.keep(kept)
    assert.are.same({ "sent dropped offline", "sent nil nil", "received dropped offline" }, told)
  end)

  it("goes on with its DTLS session afterwards", function()
    local server, base = dtls.server { SSLCert = false, PSKIdentity = "one", PSKKey = ("11"):rep(16) }
    local client = dtls.client { SSLServerCACerts = false, PSKIdentity = "one", PSKKey = ("11"):rep(16) }
    client:Config "AckTimeout=0.1"
    dtls.reaches(client, base)
    client:Config "Offline=True"
    after(0.15, client, "False")
    dtls.reaches(client, base)
    assert.matches("retransmissions=[12]", client:Config "Statistics")
    local handshakes = 0
    server.OnSSLStatus = function() handshakes = handshakes + 1 end
    dtls.reaches(client, base)
    assert.are.equal(0, handshakes)
    dtls.stop()
  end)
end)
