-- Faults in the life of a component: set and taken away at any moment, sockets that close and open
-- while datagrams are held back, restarts and rebinds.
local lunacoap = require "lunacoap"
local line = require "spec.support.line"
local probe = require "lunacoap.probe"
local scarcity = require "spec.support.scarcity"

local function uri(server)
  return ("coap://%s:%d/"):format(server.LocalHost, server.LocalPort)
end

-- A server that answers each request with how many it has had.
local function counter(plan, init)
  local count = 0
  init = init or {}
  init.LocalHost, init.Listening = init.LocalHost or "127.0.0.1", true
  init.OnRequest = init.OnRequest or function(coap)
    count = count + 1
    coap.ResponseData = tostring(count)
  end
  return line.component(plan, init)
end

local function client_of(plan, init)
  init = init or {}
  init.Timeout = init.Timeout or 1000
  return line.component(plan, init)
end

-- Seconds that a request takes, or the error.
local function get(client, server)
  local began = lunacoap.now()
  local ok, err = pcall(client.Get, client, uri(server))
  return ok and client.ResponseData or err, lunacoap.now() - began
end

-- A spec in virtual time.
local function leaps(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

describe("faults that are set while the socket is open", function()
  leaps("strike from then on, and count from then on", function()
    local server <close>, arrived = line.sink()
    local client <close> = line.source()
    line.send(client, server, 2, 0.1)
    client:Config "SendFaults=drop number=2"
    line.send(client, server, 3, 0.1)
    client:Config "SendFaults=drop at=0.05-"
    line.send(client, server, 2, 0.1)
    client:Config "SendFaults="
    line.send(client, server, 1, 0.1)
    assert.are.equal("1@0.000 2@0.100 1@0.200 3@0.400 1@0.500 1@0.700", table.concat(arrived, " "))
  end)

  leaps("of one direction leave the other as it is", function()
    local server <close>, arrived = line.sink { receiving = { { "drop", number = 3 } } }
    local client <close> = line.source()
    line.send(client, server, 2)
    lunacoap.sleep(1)
    server:Config "SendFaults=drop"
    line.send(client, server, 2)
    lunacoap.sleep(1)
    assert.are.equal("1@0.000 2@0.000 2@1.000", table.concat(arrived, " "))
  end)

  leaps("begin anew with a new seed", function()
    local server <close>, arrived = line.sink()
    local client <close> = line.source { sending = { loss = 0.5 } }
    local runs = {}
    for i, seed in ipairs { 1, 1, 2 } do
      client:Config("FaultSeed=" .. seed)
      line.send(client, server, 40)
      lunacoap.sleep(1)
      runs[i] = table.concat(arrived, " "):gsub("@%S+", "")
      for n in pairs(arrived) do arrived[n] = nil end
    end
    assert.are.equal(runs[1], runs[2])
    assert.are_not.equal(runs[1], runs[3])
  end)

  leaps("do not lose what is held back, when they are taken away or changed", function()
    local server <close>, arrived = line.sink()
    local client <close> = line.source { sending = { delay = 1 } }
    line.send(client, server, 1)
    client:Config "SendFaults="
    line.send(client, server, 1)
    client:Config "SendFaults=reorder by=5"
    line.send(client, server, 1)
    client:Config "SendFaults=drop"
    client:Config "SendFaults="
    line.send(client, server, 1)
    lunacoap.sleep(10)
    assert.are.equal("1@0.000 1@0.000 1@1.000 1@5.000", table.concat(arrived, " "))
  end)

  leaps("number peers anew: who was held back to be overtaken waits for no other peer", function()
    local a <close>, of_a = line.sink()
    local b <close>, of_b = line.sink()
    local client <close> = line.source { sending = { { "reorder", by = 5 } } }
    line.send(client, a, 1)
    client:Config "SendFaults=drop number=99"
    line.send(client, b, 1)
    lunacoap.sleep(10)
    assert.are.same({ { "1@5.000" }, { "1@0.000" } }, { of_a, of_b })
  end)

  leaps("work in the midst of an exchange", function()
    local server <close> = counter {}
    server.OnRequest = function(coap)
      server:Config "SendFaults=drop number=1"
      lunacoap.sleep(10)
      coap.ResponseData = "late"
    end
    local client <close> = client_of()
    local answer, seconds = get(client, server)
    -- The empty ACK is lost, so that the request is sent again; the response comes by itself.
    assert.are.equal("late", answer)
    assert.are.equal("10.000", ("%.3f"):format(seconds))
    assert.matches("retransmissions=1 ", client:Config "Statistics")
  end)

  leaps("work from a handler that a datagram under faults has called", function()
    local seen, server = 0, nil
    server = counter({ receiving = { { "duplicate" }, { "delay", by = 0.1 } } }, {
      OnRequest = function(coap)
        seen = seen + 1
        server:Config("ReceiveFaults=" .. (seen % 2 == 0 and "duplicate" or ""))
        coap.ResponseData = "x"
      end })
    local client <close> = client_of()
    for _ = 1, 6 do
      assert.are.equal("x", (get(client, server)))
    end
    assert.are.equal(6, seen)
    server:Shutdown()
  end)
end)

-- Each way to end a component, with datagrams of both directions held back, from each place.
describe("a component that ends while datagrams are held back", function()
  local PLAN = { sending = { delay = 5 }, receiving = { delay = 5, reorder = 0.5 } }
  local WAYS = {
    Shutdown = function(coap) coap:Shutdown() end,
    Reset = function(coap) coap:Reset() end,
    close = function(coap) (function() local gone <close> = coap return gone end)() end,
    Restart = function(coap) coap:Restart() end,
  }

  for name, finish in pairs(WAYS) do
    leaps(name .. " from outside leaves nothing behind", function()
      local blocks = probe.base.blocks()
      do
        local server <close> = counter(PLAN)
        local client <close> = line.source(PLAN)
        line.send(client, server, 10, 1)
        finish(client)
        finish(server)
        lunacoap.sleep(20)
      end
      collectgarbage()
      collectgarbage()
      assert.are.equal(blocks, probe.base.blocks())
    end)

    for verb, fault in pairs {
      delayed = { "delay", by = 0.1 }, dropped = { "drop" }, duplicated = { "duplicate" },
      corrupted = { "corrupt" }, rebind = { "rebind" }, restart = { "restart" }
    } do
      for _, direction in ipairs { "sending", "receiving" } do
        leaps(("%s in OnLog, which is told of '%s' in %s"):format(name, verb, direction), function()
          local server <close> = line.sink()
          server.OnRequest = function(coap) coap.ResponseData = "x" end
          local client <close> = line.source { [direction] = { fault } }
          client:Config "LogLevel=2"
          local finished = false
          client.OnLog = function(_, e)
            if not finished and e.Message:find(verb, 1, true) then
              finished = true
              finish(client)
            end
          end
          pcall(line.send, client, server, 2, 0.3)
          lunacoap.sleep(20)
          assert.is_true(finished)
        end)
      end
    end
  end

  leaps("is collected with them", function()
    local server <close> = line.sink()
    local blocks = probe.base.blocks();
    (function()
      local client = line.source { sending = { delay = 3600 } }
      line.send(client, server, 5)
      for _ = 1, #client.PendingRequests do
        client:CancelRequest(client.PendingRequests[1].RequestId)
      end
      lunacoap.sleep(1)
      assert.is_true(probe.base.blocks() > blocks)
    end)()
    collectgarbage()
    collectgarbage()
    assert.are.equal(blocks, probe.base.blocks())
    lunacoap.sleep(4000)
  end)

  leaps("for another socket, which cannot be opened, forgets them", function()
    local holder <close> = lunacoap.CoAP { LocalHost = "::1", LocalPort = 7000, Listening = true }
    local server <close> = line.sink()
    local client <close> = line.source({ sending = { delay = 5 } }, { LocalPort = 7000 })
    line.send(client, server, 1)
    client:CancelRequest(client.PendingRequests[1].RequestId)
    lunacoap.sleep(1)
    local ok, err = pcall(client.Get, client, "coap://[::1]:9/")
    assert.is_false(ok)
    assert.are.equal(10048, err.Code)
    lunacoap.sleep(20)
    assert.is_true(holder.Listening)
  end)
end)

describe("Restart", function()
  it("needs an open socket, as Rebind does", function()
    local coap = lunacoap.CoAP()
    for _, name in ipairs { "Restart", "Rebind" } do
      local _, err = pcall(coap[name], coap)
      assert.are.equal(712, err.Code)
      assert.matches(name .. " needs an open socket: there is none yet", err.Message)
      _, err = pcall(coap[name], coap, 1)
      assert.are.equal(1, err.Code)
    end
  end)

  leaps("opens the same port again and forgets exchanges: a request runs anew", function()
    local server <close> = counter {}
    local port = server.LocalPort
    local client <close> = client_of { receiving = { { "drop", number = 1 } } }
    lunacoap.timer(1, nil, function() server:Restart() end)
    local answer, seconds = get(client, server)
    -- One that remembers answers the duplicate from memory, with 1 (RFC 7252 4.5).
    assert.are.equal("2", answer)
    assert.is_true(seconds >= 2 and seconds <= 3)
    assert.is_true(server.Listening)
    assert.are.equal(port, server.LocalPort)
  end)

  leaps("of a port that nobody chose leaves it unchosen", function()
    local server <close> = counter {}
    server:Restart()
    server:Shutdown()
    assert.are.equal(0, server.LocalPort)
  end)

  leaps("is as often as a rule says", function()
    local server <close> = counter { receiving = { { "restart", number = 2 } } }
    local client <close> = client_of()
    local answers = {}
    for i = 1, 5 do
      local answer, seconds = get(client, server)
      answers[i] = ("%s after %d s"):format(answer, seconds // 1)
    end
    -- A device that restarts when a message comes has not read it: it is sent again.
    local second = table.remove(answers, 2)
    assert.matches("^2 after [23] s$", second)
    assert.are.same({ "1 after 0 s", "3 after 0 s", "4 after 0 s", "5 after 0 s" }, answers)
  end)

  leaps("after a datagram lets it out first", function()
    local server <close> = counter { sending = { { "restart", number = 1 } } }
    local client <close> = client_of()
    assert.are.equal("1", (get(client, server)))
    assert.are.equal("2", (get(client, server)))
  end)

  leaps("raises 711 in calls that wait, and fires no more for them", function()
    local fired = {}
    local server <close> = line.sink()
    local client <close> = client_of({}, { OnRequestComplete = function(_, e)
      fired[#fired + 1] = e.ErrorCode
    end })
    lunacoap.timer(1, nil, function() client:Restart() end)
    local err, seconds = get(client, server)
    assert.are.equal(711, err.Code)
    assert.are.equal("1.000", ("%.3f"):format(seconds))
    lunacoap.sleep(300)
    assert.are.same({}, fired)
  end)

  leaps("of a client keeps its port, of its family and to its one peer", function()
    for _, host in ipairs { "127.0.0.1", "::1" } do
      for _, connected in ipairs { true, false } do
        local server <close> = counter({}, { LocalHost = host })
        local client <close> = client_of({}, { UseConnection = connected })
        local target = ("coap://%s:%d/"):format(host == "::1" and "[::1]" or host, server.LocalPort)
        client:Get(target)
        local port = client.LocalPort
        client:Restart()
        client:Get(target)
        assert.are.equal("2", client.ResponseData)
        assert.are.equal(port, client.LocalPort)
      end
    end
  end)

  leaps("tells nobody: observers hear nothing until they register again", function()
    local unregistered = 0
    local server = counter({}, { OnUnregistered = function() unregistered = unregistered + 1 end,
      OnRegister = function(coap, e)
        coap.ResponseData, e.Accept = "state", true
        coap:Config "LogLevel=0"
      end })
    local heard = {}
    local client <close> = client_of({}, { OnNotification = function(coap)
      heard[#heard + 1] = coap.ResponseData
    end })
    client:StartObserving(uri(server))
    local function notify(text)
      server.ResponseCode, server.ResponseData = "2.05", text
      server:SendNotification("/")
      lunacoap.sleep(1)
    end
    notify "one"
    local wire = line.watch(client)
    server:Restart()
    assert.are.same({}, server:ListObserved())
    notify "two"
    assert.are.same({}, wire)
    -- Max-Age, 60 s, has passed: the client registers again (RFC 7641 3.3.1).
    lunacoap.sleep(100)
    assert.are.equal(1, #server:ListObserved())
    notify "three"
    assert.are.same({ "state", "one", "state", "three" }, heard)
    assert.are.equal(0, unregistered)
    server:Shutdown()
  end)

  leaps("in a handler, suspended or not, lets its response go nowhere", function()
    for _, pause in ipairs { 0, 0.01 } do
      local count = 0
      local server
      server = counter({}, { OnRequest = function(coap)
        count = count + 1
        if count == 1 then
          if pause > 0 then lunacoap.sleep(pause) end
          server:Restart()
        end
        coap.ResponseData = "try " .. count
      end })
      local client <close> = client_of()
      assert.are.equal("try 2", (get(client, server)))
      server:Shutdown()
    end
  end)

  leaps("of a client forgets what it observes", function()
    local server <close> = counter({}, { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "state", true
    end })
    local heard = 0
    local client <close> = client_of({}, { OnNotification = function() heard = heard + 1 end })
    client:StartObserving(uri(server))
    client:Restart()
    local before = heard
    server.ResponseCode, server.ResponseData = "2.05", "news"
    server:SendNotification("/")
    lunacoap.sleep(300)
    assert.are.equal(before, heard)
    -- The server learns from the RST that nobody listens (RFC 7641 3.6).
    assert.are.same({}, server:ListObserved())
  end)
end)

describe("Rebind", function()
  leaps("goes on from another port: the peer sees a stranger", function()
    local ports = {}
    local server <close> = counter({}, { OnRequest = function(coap, e)
      ports[#ports + 1] = e.RemotePort
      coap.ResponseData = "x"
    end })
    local client <close> = client_of { sending = { { "rebind", number = 2 } } }
    local first
    for i = 1, 3 do
      assert.are.equal("x", (get(client, server)))
      first = first or client.LocalPort
      assert.are.equal(ports[i], client.LocalPort)
    end
    assert.are.equal(first, ports[1])
    assert.are_not.equal(ports[1], ports[2])
    assert.are.equal(ports[2], ports[3])
  end)

  leaps("in the midst of an exchange loses the response to the old port", function()
    local server <close> = counter({}, { OnRequest = function(coap)
      lunacoap.sleep(1)
      coap.ResponseData = "x"
    end })
    local client <close> = client_of({}, { PiggybackDelay = 5 })
    server:Config "PiggybackDelay=5"
    lunacoap.timer(0.5, nil, function() client:Rebind() end)
    local answer, seconds = get(client, server)
    -- It is sent again from the new port, and is a new request there.
    assert.are.equal("x", answer)
    assert.is_true(seconds >= 3 and seconds <= 4, seconds)
  end)

  leaps("of an observer: it is silent until it registers again", function()
    local server <close> = counter({}, { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "state", true
    end })
    local client <close> = client_of()
    client:StartObserving(uri(server))
    client:Rebind()
    lunacoap.sleep(100)
    local found = server:ListObserved()
    assert.are.equal(1, #found)
  end)
end)

describe("a server of resources that restarts", function()
  leaps("serves on, with no observers", function()
    local value = 1
    local server = lunacoap.server(lunacoap.faults { receiving = { { "restart", number = 4 } } })
    server.coap.LocalHost = "127.0.0.1"
    local temperature = server:resource("/temp", { observable = true,
      get = function() return tostring(value) end })
    server:resource("/slow", { get = function() lunacoap.sleep(5) return "slow" end })
    server:start()
    local heard = {}
    local client <close> = client_of({}, { OnNotification = function(coap)
      heard[#heard + 1] = coap.ResponseData
    end })
    client:StartObserving(server:uri "/temp")
    local function change()
      value = value + 1
      temperature:notify()
      lunacoap.sleep(1)
    end
    change() -- its ACK is the second datagram
    client:Get(server:uri "/temp")
    assert.are.equal("2", client.ResponseData)
    client:Get(server:uri "/temp") -- the fourth: a restart
    assert.are.equal("2", client.ResponseData)
    assert.is_true(server.running and server.coap.Listening)
    assert.are.same({}, server.coap:ListObserved())
    local before = #heard
    change()
    assert.are.equal(before, #heard)
    lunacoap.sleep(100)
    assert.are.equal(1, #server.coap:ListObserved())
    change()
    assert.are.equal("4", heard[#heard])
    server:stop()
  end)

  leaps("in the midst of a handler and of a round of notifications", function()
    local value, waits = 1, 0
    local server = lunacoap.server { LocalHost = "127.0.0.1" }
    local slow = server:resource("/slow", { observable = true, get = function()
      lunacoap.sleep(waits)
      return tostring(value)
    end })
    server:start()
    local heard = {}
    local client <close> = client_of({}, { OnNotification = function(coap)
      heard[#heard + 1] = coap.ResponseData
    end })
    client:StartObserving(server:uri "/slow")
    waits, value = 5, 2
    slow:notify()
    lunacoap.timer(1, nil, function() server.coap:Restart() end)
    local answer
    lunacoap.spawn(function()
      local other <close> = client_of({}, { Timeout = 20 })
      answer = select(2, pcall(other.Get, other, server:uri "/slow"))
    end)
    lunacoap.sleep(30)
    -- It had its empty ACK before the restart; nobody knows of it any more.
    assert.are.equal(301, answer.Code)
    lunacoap.sleep(100)
    value = 3
    slow:notify()
    lunacoap.sleep(30)
    assert.are.equal("3", heard[#heard])
    server:stop()
  end)
end)

describe("what is held back", function()
  leaps("is 8 MiB at most; more is lost, and said so", function()
    local server <close>, arrived = line.sink({}, { MaxPendingRequests = 100000,
      PendingTimeout = 0 })
    local client <close> = line.source({ sending = { delay = 5 } }, { NStart = 65535 })
    local told = 0
    client:Config "LogLevel=2"
    client.OnLog = function(_, e)
      told = told + (e.Message:find("dropped since too much is held back", 1, true) and 1 or 0)
    end
    client.RequestData = ("x"):rep(1000)
    for _ = 1, 9000 do
      client:Post(uri(server))
    end
    lunacoap.sleep(10)
    assert.is_true(#arrived > 5500 and #arrived < 7000, #arrived)
    assert.are.equal(9000, #arrived + told)
    -- There is room again.
    line.send(client, server, 1)
    lunacoap.sleep(10)
    assert.are.equal(9001, #arrived + told)
  end)
end)

describe("memory that runs out", function()
  leaps("raises 10055 where faults are set on an open socket", function()
    local refusals = scarcity.of_runtime(function(given)
      local coap <close> = given
      coap:Config "SendFaults=drop retransmission=1"
    end, function()
      return lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
    end)
    assert.is_true(refusals > 2, refusals)
  end)

  leaps("raises 10055 where a socket is opened, which is never open without its faults", function()
    local came = 0
    local refusals = scarcity.of_runtime(function(given)
      local server <close> = given
      local ok, err = pcall(server.StartListening, server)
      probe.base.fail_after()
      server:StartListening()
      local client <close> = line.source()
      line.send(client, server, 1)
      lunacoap.sleep(1)
      assert.are.equal(0, came)
      if not ok then
        error(err, 0)
      end
    end, function()
      return line.component({ receiving = { { "drop", retransmission = { 0 } } } },
        { LocalHost = "127.0.0.1", OnRequest = function() came = came + 1 end })
    end)
    assert.is_true(refusals > 4, refusals)
  end)

  leaps("raises 10055 in Restart, after which it is closed or as before", function()
    local refusals = scarcity.of_runtime(function(given)
      local coap <close> = given
      coap:Restart()
    end, function()
      return line.component({ sending = { loss = 1 } },
        { LocalHost = "127.0.0.1", Listening = true })
    end)
    assert.is_true(refusals > 4, refusals)
  end)

  leaps("loses datagrams and nothing else", function()
    for n = 0, 60, 3 do
      local server <close> = counter { receiving = { delay = 0.1 }, sending = { duplicate = 1 } }
      local client <close> = client_of { sending = { duplicate = 1, delay = 0.1 },
        receiving = { corrupt = 0, reorder = 1 } }
      get(client, server)
      lunacoap.timer(0.01, nil, function()
        probe.base.fail_after(n)
        lunacoap.timer(0.3, nil, function() probe.base.fail_after() end)
      end)
      local answer = get(client, server)
      probe.base.fail_after()
      assert.is_truthy(type(answer) == "string" or answer.Code == 10055, tostring(answer))
    end
  end)
end)
