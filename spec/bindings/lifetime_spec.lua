-- Components, tasks and lists that go while somebody still looks at them.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local FOLDER = process.build_folder()
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

local function finish(command, code)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(code)
  file:close()
  local child <close> = process.start(("sh -c '%s %s; echo status $?'"):format(command, path))
  local output = child:finish()
  os.remove(path)
  return output
end

-- Runs a script as a program of its own; its output, the last line being the exit status.
local function run(code)
  return finish(FOLDER .. "/lunacoap", 'local lunacoap = require "lunacoap"\n' .. code)
end

-- The same under the stock interpreter, without the line that asks for the module.
local function run_stock(code)
  local preload = os.getenv "SPEC_PRELOAD"
  local command = (preload and "LD_PRELOAD=" .. preload .. " " or "") .. "lua5.4"
  return finish(command, ("package.cpath = %q\n"):format(FOLDER .. "/?.so") .. code)
end

after_each(function()
  for _, coap in ipairs(open) do coap:Shutdown() end
  open = {}
end)

-- They run wherever a value is made, so also while a method looks at what they would take away.
describe("a finalizer", function()
  local function in_finalizer(f)
    local results
    setmetatable({}, { __gc = function() results = { pcall(f) } end })
    collectgarbage()
    return table.unpack(results)
  end

  it("may not send, listen or end anything, and says so", function()
    local coap = component { Timeout = 0, LocalHost = "127.0.0.1" }
    for name, argument in pairs { Get = "coap://127.0.0.1:1/", StopObserving = "coap://127.0.0.1:1/",
      CancelRequest = "1", SendResponse = "1", SendNotification = "/x", StartListening = false } do
      local ok, err = in_finalizer(function() return coap[name](coap, argument) end)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("a finalizer (__gc) may not call " .. name, 1, true), tostring(err))
    end
    local ok, err = in_finalizer(function() coap.Listening = true end)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("may not set Listening", 1, true))
    assert.is_false(coap.Listening)
  end)

  it("may put off the end of a component, and change its properties", function()
    local coap = server { Timeout = 5, RequestData = "x" }
    assert.is_true(in_finalizer(function() coap:Reset() coap.RequestData = "y" end))
    assert.are.same({ 5, "y", true }, { coap.Timeout, coap.RequestData, coap.Listening })
    lunacoap.sleep(0.01)
    assert.are.same({ 60, "", false }, { coap.Timeout, coap.RequestData, coap.Listening })
  end)
end)

describe("a list of options that resets the component while it is read", function()
  it("is assigned to what is there afterwards", function()
    local coap = component { RequestOptions = { { Number = 15, Value = "old" } }, Timeout = 5 }
    coap.RequestOptions = setmetatable({}, { __len = function() return 1 end, __index = function()
      coap:Reset()
      return { Number = 15, Value = "new" }
    end })
    assert.are.same({ 60, 1, "new" }, { coap.Timeout, #coap.RequestOptions, coap.RequestOptions[1].Value })
  end)
end)

describe("a component that its own handler shuts down and forgets", function()
  local CHURN = "coap:Shutdown() coap = nil collectgarbage() collectgarbage() "

  it("is let go of when the handler ends", function()
    assert.are.equal("status 0\n", run(([[
      local server = lunacoap.CoAP{ LocalHost = "127.0.0.1", Listening = true }
      local base = "coap://127.0.0.1:" .. server.LocalPort
      for _, ending in ipairs { "", "lunacoap.sleep(0) collectgarbage()" } do
        local handler = load("local lunacoap = ... return function(coap) %s" .. ending .. " end")
        do lunacoap.CoAP{ Timeout = 0, OnRequestComplete = handler(lunacoap) }:Get(base) end
        lunacoap.sleep(0.05)
      end
      server:Shutdown()
    ]]):format(CHURN)))
  end)

  it("gives no answer to the request that the handler had", function()
    local base
    do
      local _
      _, base = server { OnRequest = load("local coap = ... " .. CHURN) }
      open = {}
    end
    local ok, failure = pcall(component { Timeout = 0.1 }.Get, open[1], base)
    assert.is_false(ok)
    assert.are.equal(301, failure.Code)
  end)

  it("is shut down at the end of the turn when OnLog closes it", function()
    local coap, base = server { OnRequest = function(coap) coap.ResponseData = "hi" end }
    coap:Config "LogLevel=3"
    coap.OnLog = function(me) local _ <close> = me end
    component():Get(base)
    lunacoap.sleep(0)
    assert.is_false(coap.Listening)
  end)
end)

describe("an observation whose handler ends it", function()
  local function observed(handler)
    local resource, base = server { OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "0", true
    end }
    local observer = component { LocalHost = "127.0.0.1", OnNotification = handler }
    observer:StartObserving(base .. "/x")
    for i = 1, 3 do
      resource.ResponseCode, resource.ResponseData = "2.05", tostring(i)
      resource:SendNotification "/x"
      lunacoap.sleep(0.03)
    end
    lunacoap.sleep(0.2)
  end

  it("bears a Shutdown in OnError while notifications wait for their turn", function()
    local count, reported = 0, nil
    observed(function(coap, e)
      count = count + 1
      if count == 2 then
        coap.OnError = function(me, failure)
          reported = failure.ErrorCode
          me:Shutdown()
        end
        coap:StartListening()
        lunacoap.sleep(0.15)
        e.StopObserving = true
      end
    end)
    assert.are.same({ 2, 712 }, { count, reported })
  end)

  it("bears a Shutdown after others have come in a nested loop", function()
    local count = 0
    observed(function(coap)
      count = count + 1
      if count == 2 then
        coroutine.wrap(function() lunacoap.sleep(0.1) end)()
        coap:Shutdown()
      end
    end)
    assert.are.equal(2, count)
  end)
end)

describe("what a script keeps", function()
  it("of the options of a request stays as it was received", function()
    local kept
    local coap, base = server { OnRequest = function(coap) kept = kept or coap.RequestOptions end }
    local client = component()
    pcall(client.Get, client, base .. "/some/path?query=1")
    pcall(client.Get, client, base .. "/other")
    coap:Shutdown()
    local values = {}
    for _, option in ipairs(kept) do values[#values + 1] = option.Value end
    assert.are.same({ "some", "path", "query=1" }, values)
  end)

  it("of the walk through an event's fields needs nothing from the script", function()
    local event
    local client = component { Timeout = 1, OnRequestComplete = function(_, e) event = e end }
    pcall(client.Get, client, "coap://127.0.0.1:" .. process.free_port())
    local next_field = pairs(event)
    assert.are.equal("Method", (next_field()))
    assert.are.equal("URI", (next_field(io.stdout)))
  end)
end)

describe("timer:stop()", function()
  it("keeps a timer from running that is due in the same turn", function()
    local ran, second = false, nil
    lunacoap.timer(0.01, nil, function() second:stop() end)
    second = lunacoap.timer(0.01, nil, function() ran = true end)
    lunacoap.sleep(0.05)
    assert.is_false(ran)
  end)
end)

describe("DoEvents in a task", function()
  it("waits when there is nothing to do", function()
    local coap, count, from = component(), 0, lunacoap.now()
    while lunacoap.now() - from < 0.2 do
      coap:DoEvents()
      count = count + 1
    end
    assert.is_true(count <= 10, count .. " times in 0.2 s")
    assert.is_true(lunacoap.now() - from < 1.2, "it waits for longer than 50 ms")
  end)

  it("returns as soon as something has happened", function()
    local coap, count, from = component(), 0, lunacoap.now()
    for i = 1, 20 do
      lunacoap.timer(0.001, nil, function() count = count + 1 end)
      repeat coap:DoEvents() until count == i
    end
    assert.is_true(lunacoap.now() - from < 20 * 0.05)
  end)
end)

describe("under the stock interpreter", function()
  it("what stop() has closed is not resumed when the loop runs again", function()
    assert.are.equal("4 again 0\nstatus 0\n", run_stock [[
      local lunacoap = require "lunacoap"
      lunacoap.spawn(function() lunacoap.sleep(0.3) print "closed tasks do not go on" end)
      lunacoap.timer(0.01, nil, function() lunacoap.stop(4) end)
      io.write(lunacoap.run(), " ")
      lunacoap.sleep(0.4)
      lunacoap.timer(0, nil, function() io.write "again " end)
      print(lunacoap.run())
    ]])
  end)

  it("run() in a handler leaves the loop to the one who waits", function()
    assert.are.equal("in out\nstatus 0\n", run_stock [[
      local lunacoap = require "lunacoap"
      lunacoap.timer(0, nil, function() lunacoap.run() io.write "in " end)
      lunacoap.sleep(0.05)
      print "out"
    ]])
  end)

  it("the module may be asked for first in a coroutine", function()
    assert.are.equal("10061\nstatus 0\n", run_stock(([[
      coroutine.wrap(function() require "lunacoap" end)()
      collectgarbage()
      local lunacoap = require "lunacoap"
      local coap = lunacoap.CoAP{ Timeout = 0 }
      coap.OnRequestComplete = function(_, e) print(e.ErrorCode) end
      coap:Get "coap://127.0.0.1:%d"
      lunacoap.run()
    ]]):format(process.free_port())))
  end)

  it("finalizers of older objects find nothing left to use, and say so", function()
    assert.are.equal("false false false false false true\nstatus 0\n", run_stock [[
      local old = setmetatable({}, { __gc = function(o)
        local function try(f) io.write(tostring(pcall(f)), " ") end
        try(o.lunacoap.now)
        try(o.lunacoap.CoAP)
        try(function() o.coap:StartListening() end)
        try(function() return #o.options end)
        try(function() o.timer:again(1) end)
        print(pcall(o.timer.stop, o.timer))
      end })
      old.lunacoap = require "lunacoap"
      old.coap = old.lunacoap.CoAP()
      old.options = old.coap.RequestOptions
      old.timer = old.lunacoap.timer(5, nil, print)
      os.exit(0, true)
    ]])
  end)
end)

describe("Reset", function()
  it("puts LogLevel back, and a MessageId that was not used yet", function()
    local lines = 0
    local _, base = server { OnRequest = function(coap) coap.ResponseData = "hi" end }
    local coap = component { OnLog = function() lines = lines + 1 end, LogLevel = 3, MessageId = 77 }
    local loud = component { OnLog = coap.OnLog, LogLevel = 3 }
    coap:Reset()
    assert.are.same({ "1", false }, { coap:Config "LogLevel", coap:Config "MessageId" == "77" })
    coap:Get(base)
    assert.are.equal(0, lines)
    loud:Get(base)
    assert.is_true(lines > 0)
  end)
end)

describe("a server that has stopped listening", function()
  it("lives on until what is pending has ended", function()
    assert.are.equal("301\nstatus 0\n", run [[
      do
        local server = lunacoap.CoAP{ LocalHost = "127.0.0.1", Listening = true, PendingTimeout = 0.2,
          OnRequest = function(_, e) e.SendResponse = false end,
          OnResponseComplete = function(_, e) print(e.ErrorCode) end }
        local client = lunacoap.CoAP{ Timeout = 0.1 }
        pcall(client.Get, client, "coap://127.0.0.1:" .. server.LocalPort)
        server:StopListening()
      end
      collectgarbage()
      collectgarbage()
    ]])
  end)
end)
