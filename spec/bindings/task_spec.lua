-- Tasks, views, observation and the life of components and of the program, as a script meets them.
local lunacoap = require "lunacoap"
local net = require("lunacoap.probe").net
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"
local open = {}

local function component(init)
  local coap = lunacoap.CoAP(init)
  open[#open + 1] = coap
  return coap
end

local function server(init)
  init.LocalHost, init.Listening = "127.0.0.1", true
  local coap = component(init)
  return coap, "coap://127.0.0.1:" .. coap.LocalPort
end

local function until_true(f)
  assert.is_true(process.wait(f, 5))
end

-- Runs a script as a program of its own; its output, the last line being the exit status.
local function run(code, limits)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write('local lunacoap = require "lunacoap"\n', code)
  file:close()
  local child <close> = process.start(("sh -c '%s %s %s; echo status $?'"):format(limits or "", LUNACOAP, path))
  local output = child:finish()
  os.remove(path)
  return output
end

after_each(function()
  for _, coap in ipairs(open) do coap:Shutdown() end
  open = {}
end)

describe("a task whose coroutine a script takes away", function()
  local TAKEN = "the coroutine of this task was closed or resumed by the script"

  it("while it is suspended ends with an error: its request gets 5.00", function()
    for _, take in ipairs { "close", "resume" } do
      local thread, told
      local coap, base = server { OnRequest = function()
        thread = coroutine.running()
        lunacoap.sleep(1000)
      end, OnError = function(_, e) told = e.Description end }
      local client, done = component { Timeout = 0 }, nil
      client.OnRequestComplete = function(_, e) done = e.ErrorDescription end
      client:Get(base)
      until_true(function() return thread end)
      local ok, err = coroutine[take](thread)
      assert.are.equal(take == "close", ok)
      if take == "resume" then
        assert.is_truthy(tostring(err):find("by the loop, not by coroutine.resume", 1, true))
      end
      collectgarbage()
      until_true(function() return done end)
      assert.are.equal("5.00 Internal Server Error", done)
      assert.is_truthy(told:find(TAKEN, 1, true), told)
      assert.are.equal(0, #coap.PendingRequests)
    end
  end)

  it("lets the program end, with status 1", function()
    local output = run [[
      local threads = {}
      for i = 1, 2 do
        lunacoap.spawn(function() threads[i] = coroutine.running() lunacoap.sleep(1000) end)
      end
      lunacoap.sleep(0)
      coroutine.close(threads[1])
      coroutine.resume(threads[2])
      threads = nil
      collectgarbage()
    ]]
    assert.is_truthy(output:find("status 1\n", 1, true), output)
    assert.are.equal(2, select(2, output:gsub(TAKEN, "")))
  end)

  it("before it began is not run twice, nor with what is not its own", function()
    local output = run [[
      for _, take in ipairs { "resume", "close" } do
        local thread
        lunacoap.spawn(function() thread = coroutine.running() end)
        lunacoap.sleep(0)
        lunacoap.spawn(function() print "ran" end)
        coroutine[take](thread)
        lunacoap.sleep(0)
      end
    ]]
    assert.are.equal(1, select(2, output:gsub("ran\n", "")), output)
    assert.are.equal(2, select(2, output:gsub(TAKEN, "")), output)
    assert.is_truthy(output:find("status 1\n", 1, true), output)
  end)

  it("between the end of its wait and its turn ends with an error too", function()
    for _, take in ipairs { "close", "resume" } do
      local output = run([[
        local thread
        lunacoap.spawn(function()
          lunacoap.sleep(0.01)
          print(coroutine.]] .. take .. [[(thread))
          lunacoap.sleep(0.02)
          print "taker ended"
        end)
        lunacoap.spawn(function()
          thread = coroutine.running()
          lunacoap.sleep(0.02)
          print "ran on"
          lunacoap.sleep(0.05)
        end)
        lunacoap.spawn(function() lunacoap.sleep(0.04) end)
        lunacoap.sleep(0)
        local till = lunacoap.now() + 0.03
        repeat until lunacoap.now() >= till
      ]])
      assert.are.equal(1, select(2, output:gsub(TAKEN, "")), output)
      assert.is_nil(output:find("ran on", 1, true), output)
      assert.is_truthy(output:find("taker ended\n", 1, true), output)
      assert.is_truthy(output:find("status 1\n", 1, true), output)
    end
  end)
end)

describe("time", function()
  -- The loop's clock stands still while a script computes. Another loop's tells the time.
  local clock
  before_each(function() clock = net.loop() end)
  after_each(function() clock:free() end)

  local function compute(seconds)
    local till = clock:now(true) + seconds
    repeat until clock:now(true) >= till
  end

  it("runs from the call on, however long the script was busy before it", function()
    local _, base = server { OnRequest = function(coap)
      lunacoap.sleep(0.01)
      coap.ResponseData = "in time"
    end }
    local coap = component { Timeout = 0.3 }
    compute(0.4)
    coap:Get(base .. "/")
    assert.are.equal("in time", coap.ResponseData)
  end)

  it("is slept in full after long work, and a timer waits for it in full", function()
    local fired
    compute(0.1)
    local start = clock:now(true)
    lunacoap.sleep(0.05)
    assert.is_true(clock:now(true) - start >= 0.05 - 2e-6) -- a clock of whole microseconds
    compute(0.1)
    start = clock:now(true)
    lunacoap.timer(0.05, 0, function() fired = clock:now(true) end)
    until_true(function() return fired end)
    assert.is_true(fired - start >= 0.05 - 2e-6)
  end)
end)

describe("a handler that is suspended", function()
  it("sees its own request and response, whatever others do meanwhile", function()
    local _, base = server { OnRequest = function(coap, e)
      local mine = coap.RequestData
      coap.ResponseData = "started " .. mine
      lunacoap.sleep(tonumber(mine))
      coap.ResponseData = coap.ResponseData .. ", ended " .. coap.RequestData .. " " .. e.URIPath
    end }
    local answers = {}
    for _, delay in ipairs { "0.08", "0.02" } do
      lunacoap.spawn(function()
        local coap = component()
        coap.RequestData = delay
        coap:Post(base .. "/x")
        answers[#answers + 1] = coap.ResponseData
      end)
    end
    until_true(function() return #answers == 2 end)
    assert.are.same({ "started 0.02, ended 0.02 /x", "started 0.08, ended 0.08 /x" }, answers)
  end)

  it("may ask another server, and answers when it has its answer", function()
    local _, inner = server { OnRequest = function(coap) coap.ResponseData = "21.5" end }
    local _, base = server { OnRequest = function(coap)
      local asker = component()
      asker:Get(inner .. "/t")
      coap.ResponseData = "inner said " .. asker.ResponseData
    end }
    local coap = component()
    coap:Get(base .. "/")
    assert.are.equal("inner said 21.5", coap.ResponseData)
  end)

  it("may be shut down, and goes on without harm", function()
    local reached
    local coap, base = server { OnRequest = function(self, e)
      lunacoap.sleep(0.02)
      reached = self.RequestData .. e.URIPath
    end }
    local asker = component { AckTimeout = 0.02, MaxRetransmit = 0 }
    asker.RequestData, asker.Timeout = "data", 0
    asker:Post(base .. "/p")
    lunacoap.sleep(0.01)
    coap:Shutdown()
    until_true(function() return reached end)
    assert.are.equal("data/p", reached)
  end)

  it("runs the loop nested in a coroutine of its own", function()
    local _, base = server { OnRequest = function(coap)
      coap.ResponseData = coroutine.wrap(function()
        lunacoap.sleep(0.02)
        return "nested " .. coap.RequestData
      end)()
    end }
    local coap = component()
    coap.RequestData = "x"
    coap:Post(base .. "/")
    assert.are.equal("nested x", coap.ResponseData)
  end)
end)

describe("an event object", function()
  it("stays readable after the handler, its var fields count until then", function()
    local kept
    local _, base = server { OnRequest = function(_, e) kept = e end }
    local coap = component()
    pcall(coap.Get, coap, base .. "/kept?a=1")
    assert.are.equal("/kept", kept.URIPath)
    assert.are.equal("a=1", kept.URIQuery)
    assert.is_false((pcall(function() kept.SendResponse = false end)))
    assert.is_false((pcall(function() kept.URIPath = "/" end)))
    local _, err = pcall(function() return kept.URIPth end)
    assert.is_truthy(err.Message:find("did you mean 'URIPath'", 1, true))
  end)
end)

describe("a component", function()
  it("may shut itself down in any handler, which sends no answer, and be used again", function()
    local coap, base = server { OnRequest = function(self)
      self.ResponseCode = "2.05"
      self:Shutdown()
    end }
    local asker = component()
    asker.Timeout = 0.1
    local _, err = pcall(asker.Get, asker, base .. "/")
    assert.is_true(err.Code == 301 or err.Code == 10061, tostring(err))
    coap:StartListening()
    assert.is_true(coap.Listening)
  end)

  it("raises 711 in tasks that wait when it is shut down", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, code = component(), nil
    lunacoap.spawn(function() code = select(2, pcall(coap.Get, coap, base .. "/")).Code end)
    lunacoap.sleep(0.02)
    coap:Shutdown()
    until_true(function() return code end)
    assert.are.equal(711, code)
  end)

  it("is closed at the end of its block, and collected when nothing needs it", function()
    local port
    do
      local coap <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
      port = coap.LocalPort
    end
    local again = component { LocalHost = "127.0.0.1", LocalPort = port }
    again:StartListening()
    local weak = setmetatable({ lunacoap.CoAP() }, { __mode = "v" })
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
    local busy = setmetatable({ (server {}) }, { __mode = "v" })
    open = { again }
    collectgarbage()
    collectgarbage()
    assert.is_truthy(busy[1])
    busy[1]:Shutdown()
  end)

  it("takes properties, handlers and settings in its constructor, Listening last", function()
    local coap = component { Listening = true, LocalHost = "127.0.0.1", AckTimeout = 1.5, UseIPv6 = false,
      OnRequest = function() end }
    assert.are.equal("1.5", coap:Config("AckTimeout"))
    assert.are.equal("False", coap:Config("useipv6"))
    assert.are.equal("function", type(coap.OnRequest))
    assert.is_true(coap.Listening)
    local _, err = pcall(lunacoap.CoAP, { LocalPrt = 1 })
    assert.is_truthy(err.Message:find("did you mean 'LocalPort'", 1, true))
  end)

  it("adds the script's options to its own, and shows all that came", function()
    local seen
    local _, base = server { OnRequest = function(coap)
      seen = {}
      for _, option in ipairs(coap.RequestOptions) do seen[option.Number] = option.Value end
      coap.ResponseOptions = { { Number = 14, Value = 5 } }
      coap.ResponseData, coap.ResponseETag = "x", "tag"
    end }
    local coap = component()
    coap.RequestOptions:Add(lunacoap.CoAPOption(17, 50))
    coap.RequestOptions:Add(lunacoap.CoAPOption(15, "extra=1"))
    coap:Get(base .. "/o?first=1")
    assert.are.equal("50", seen[17])
    assert.are.equal("extra=1", seen[15])
    assert.are.equal("tag", coap.ResponseETag)
    coap.RequestOptions = { { Number = 23, Value = 1 } }
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal(701, err.Code)
  end)
end)

describe("observation", function()
  it("goes to OnRequest without OnRegister, to OnRegister alone with it", function()
    local calls = {}
    local coap, base = server { OnRequest = function(self)
      calls[#calls + 1] = "request"
      self.ResponseData = "plain"
    end }
    local observer = component()
    local _, err = pcall(observer.StartObserving, observer, base .. "/x")
    assert.are.equal(710, err.Code)
    coap.OnRegister = function(self, e)
      calls[#calls + 1] = "register " .. e.URI
      e.Accept = true
      self.ResponseCode, self.ResponseData = "2.05", "0"
    end
    observer:StartObserving(base .. "/x")
    assert.are.equal("0", observer.ResponseData)
    assert.are.same({ "request", "register " .. base .. "/x" }, calls)
  end)

  it("notifies by full URI or path, ends by an error, and tells Unregistered", function()
    local gone, seen = {}, {}
    local coap, base = server { OnRegister = function(self, e)
      e.Accept = true
      self.ResponseCode, self.ResponseData = "2.05", "0"
    end, OnUnregistered = function(_, e) gone[#gone + 1] = e.URIPath end }
    local observer = component()
    observer.OnNotification = function(self, e)
      seen[#seen + 1] = self.ResponseCode .. self.ResponseData .. tostring(e.StopObserving)
    end
    observer:StartObserving(base .. "/x")
    for i, uri in ipairs { "/x", base .. "/x", base:upper():gsub("COAP", "coap") .. "/x" } do
      coap.ResponseCode, coap.ResponseData = "2.05", tostring(i)
      coap:SendNotification(uri)
      until_true(function() return #seen == i + 1 end)
    end
    coap.ResponseCode, coap.ResponseData = "4.04", "gone"
    coap:SendNotification("/x")
    until_true(function() return #seen == 5 and #gone == 1 end)
    assert.are.same({ "2.050false", "2.051false", "2.052false", "2.053false", "4.04gonetrue" }, seen)
    assert.are.same({ "/x" }, gone)
    coap:SendNotification("/x") -- nobody is no error
  end)
end)

describe("a multicast request", function()
  it("completes for each answer and returns when its time is over; 301 without any", function()
    local servers = {}
    for i = 1, 2 do
      servers[i] = component { MulticastGroups = "224.0.1.187%lo", ShareLocalPort = true, MulticastLeisure = 0.05,
        LocalPort = i == 1 and 0 or servers[1].LocalPort,
        OnRequest = function(coap) coap.ResponseCode, coap.ResponseData = "2.05", "server " .. i end,
        Listening = true }
    end
    local coap, seen = component { MulticastLeisure = 0.1, AckTimeout = 0.1 }, {}
    coap.OnRequestComplete = function(self, e) seen[#seen + 1] = self.ResponseData .. " " .. e.ErrorCode end
    coap:Get(("coap://224.0.1.187%%25lo:%d/x"):format(servers[1].LocalPort))
    table.sort(seen)
    assert.are.same({ "server 1 0", "server 2 0" }, seen)
    assert.are.equal(0, #coap.PendingRequests)
    servers[1]:Shutdown()
    servers[2]:Shutdown()
    local _, err = pcall(coap.Get, coap, ("coap://224.0.1.187%%25lo:%d/x"):format(process.free_port()))
    assert.are.equal(301, err.Code)
  end)
end)

describe("the program", function()
  it("does not let a task suspend for nobody", function()
    local output = run [[
      lunacoap.spawn(function() coroutine.yield() end)
      lunacoap.timer(0.05, nil, function() lunacoap.stop() end)
    ]]
    assert.is_truthy(output:find("a task may only suspend in lunacoap.sleep", 1, true), output)
  end)

  it("ends nested waits when it is stopped", function()
    local output = run [[
      lunacoap.timer(0.01, nil, function() lunacoap.stop(3) end)
      coroutine.wrap(function() print(pcall(lunacoap.sleep, 2)) end)()
    ]]
    assert.are.equal("false\t711: the loop was stopped\nstatus 3\n", (output:gsub("711: .-: ", "711: ")))
  end)

  it("tells the error of a handler on standard error when there is no OnError, and goes on", function()
    local output = run [[
      local server = lunacoap.CoAP{ LocalHost = "127.0.0.1", Listening = true, OnRequest = function() error "boom" end }
      local client = lunacoap.CoAP()
      print(select(2, pcall(client.Get, client, "coap://127.0.0.1:" .. server.LocalPort)))
      server:Shutdown()
    ]]
    assert.is_truthy(output:find("lunacoap: %S+:2: boom\nstack traceback:"), output)
    assert.is_truthy(output:find("709: 5.00 Internal Server Error\nstatus 0\n", 1, true), output)
  end)

  it("ends when nothing can happen any more", function()
    assert.are.equal("status 0\n", run "lunacoap.timer(0.01, nil, function() end)")
  end)

  it("ends when the last observation has gone with a StopObserving that could not be sent", function()
    local output = run [[
      local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
      server.OnRegister = function(coap, e) e.Accept, coap.ResponseCode = true, "2.05" end
      local client, uri = lunacoap.CoAP(), "coap://127.0.0.1:" .. server.LocalPort
      client:Config("MessageId=100")
      client:StartObserving(uri)
      client:Config("MessageId=100")
      print(select(2, pcall(client.StopObserving, client, uri)).Code)
      server:Shutdown()
    ]]
    assert.are.equal("701\nstatus 0\n", output)
  end)

  it("prints an uncaught error with its line and traceback, and ends with 1", function()
    local output = run "local coap = lunacoap.CoAP()\ncoap.Timeout = 'x'\n"
    assert.is_truthy(output:find(":3: Timeout takes", 1, true), output)
    assert.is_truthy(output:find("stack traceback", 1, true), output)
    assert.is_truthy(output:find("status 1\n", 1, true), output)
  end)

  it("prints the number of an uncaught error that has one of its own", function()
    assert.is_truthy(run([[error("plain")]]):find(":2: plain", 1, true))
    assert.is_truthy(run([[lunacoap.CoAP():Get("x")]]):find(":2: 700: ", 1, true))
  end)

  it("says what to do when it has too many sockets", function()
    local output = run([=[
for _ = 1, 100 do lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true } end
]=], "ulimit -n 50;")
    assert.is_truthy(output:find("10024: .* ulimit %-n"), output)
  end)

  it("goes on after an error in a spawned function or timer, and ends with 1", function()
    local output = run [[
lunacoap.spawn(function() error("in spawn") end)
lunacoap.timer(0.01, nil, function() error("in timer") end)
lunacoap.timer(0.02, nil, function() print("still here") end)
]]
    for _, text in ipairs { "in spawn", "in timer", "still here", "status 1\n" } do
      assert.is_truthy(output:find(text, 1, true), output)
    end
  end)

  it("ends with what stop says, and closes tasks that are suspended", function()
    local output = run [[
lunacoap.spawn(function()
  local closed <close> = setmetatable({}, { __close = function() print("closed") end })
  lunacoap.sleep(60)
end)
lunacoap.timer(0.01, nil, function() lunacoap.stop(7) print("stop returns") end)
]]
    assert.are.equal("stop returns\nclosed\nstatus 7\n", output)
  end)

  it("sends what is queued at os.exit", function()
    local got
    local coap = server { OnRequest = function(_, e) got = e.URIPath end }
    run(([[
local coap = lunacoap.CoAP()
coap.Timeout, coap.UseConfirmableMessages = 0, false
coap:Get("coap://127.0.0.1:%d/last-words")
os.exit(0)
]]):format(coap.LocalPort))
    until_true(function() return got end)
    assert.are.equal("/last-words", got)
  end)

  it("may not wait in OnLog for what is closed when it fails, in the middle of the protocol", function()
    local output = run [[
local coap <close> = lunacoap.CoAP { Timeout = 0, LogLevel = 3 }
coap.OnLog = function()
  coap.OnLog = nil
  local _ <close> = setmetatable({}, { __close = function() print(pcall(lunacoap.sleep, 0)) end })
  error "fails"
end
coap:Get "coap://127.0.0.1:9/"
]]
    assert.matches("false\t1: OnLog, OnError and OnSSLStatus may not wait", output)
  end)

  it("may not wait in a finalizer, nor nest too deep", function()
    local output = run [[
do local x <const> = setmetatable({}, { __gc = function() print(pcall(lunacoap.sleep, 0)) end }) end
collectgarbage()
local function deeper(n)
  coroutine.wrap(function()
    if n < 18 then lunacoap.timer(0, nil, function() deeper(n + 1) end) end
    lunacoap.sleep(0.1)
  end)()
end
print(pcall(deeper, 1))
]]
    assert.is_truthy(output:find("false\t1: a finalizer (__gc) may not wait", 1, true), output)
    assert.is_truthy(output:find("nested too deep", 1, true), output)
  end)

  it("leaves no garbage behind when it waits, which a collector would have to come for", function()
    local endpoint <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    local ways = {
      function() lunacoap.sleep(0) end,
      function() endpoint:receive(0) end,
      coroutine.wrap(function() -- where only a nested loop can wait
        while true do
          lunacoap.sleep(0)
          coroutine.yield()
        end
      end),
    }
    for i, wait in ipairs(ways) do
      wait()
      collectgarbage()
      collectgarbage("stop")
      local before = collectgarbage("count")
      for _ = 1, 1000 do
        wait()
      end
      local kilobytes = collectgarbage("count") - before
      collectgarbage("restart")
      assert.is_true(kilobytes < 50, ("way %d: %.0f KB"):format(i, kilobytes))
    end
  end)
end)
