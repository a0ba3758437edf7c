-- lunacoap.endpoint: a raw UDP endpoint.
local lunacoap = require "lunacoap"
local probe = require "lunacoap.probe"
local process = require "spec.support.process"
local scarcity = require "spec.support.scarcity"

local LUNACOAP = process.build_folder() .. "/lunacoap"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- Two that talk to each other.
local function pair()
  local a = lunacoap.endpoint { LocalHost = "127.0.0.1" }
  return a, lunacoap.endpoint { RemoteHost = a.LocalHost, RemotePort = a.LocalPort }
end

-- Runs a script as a program of its own; its output, the last line being the exit status.
local function run(code)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write('local lunacoap = require "lunacoap"\n', code)
  file:close()
  local child <close> = process.start(("sh -c '%s %s; echo status $?'"):format(LUNACOAP, path))
  local output = child:finish()
  os.remove(path)
  return output
end

describe("an endpoint", function()
  it("exchanges datagrams of any length as they are", function()
    local a <close>, b = pair()
    for _, data in ipairs { "", "\0", "hello\xff", ("x"):rep(65507) } do
      assert.are.equal(data, b:send(data))
      local got, host, port = a:receive(5)
      assert.is_true(got == data)
      assert.are.equal("127.0.0.1", host)
      assert.are.equal(b.LocalPort, port)
    end
    local err = raised(b.send, b, ("x"):rep(65508))
    assert.are.equal(10040, err.Code)
    assert.matches("at most 65507 bytes, not 65508", err.Message)
  end)

  it("answers whom it last heard from, and goes on with whom it last sent to", function()
    local a <close>, b = pair()
    local c <close> = lunacoap.endpoint()
    b:send "one"
    a:receive(5)
    assert.are.equal("127.0.0.1", a.RemoteHost)
    assert.are.equal(b.LocalPort, a.RemotePort)
    a:send "two"
    assert.are.equal("two", b:receive(5))
    a:send("three", "127.0.0.1", c.LocalPort)
    a:send "four"
    assert.are.equal("three", c:receive(5))
    assert.are.equal("four", c:receive(5))
  end)

  it("sends a table as the message that it describes", function()
    local a <close>, b = pair()
    local bytes = b:send { type = "NON", code = "GET", id = 7 }
    assert.are.equal("\x50\1\0\7", bytes)
    assert.are.equal(bytes, a:receive(5))
    assert.matches("a message has an 'id'", raised(b.send, b, {}).Message)
  end)

  it("takes where to send to as a host and a port, a URI, or an authority", function()
    local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    local port = a.LocalPort
    for _, where in ipairs { { "127.0.0.1", port }, { "127.0.0.1:" .. port }, { a:uri("/path?query") },
      { "coap://127.0.0.1/x", port }, { "localhost:" .. port }, { "LOCALHOST", port } } do
      local b <close> = lunacoap.endpoint()
      b:send("x", table.unpack(where))
      assert.are.equal("x", a:receive(5))
    end
    local b <close> = lunacoap.endpoint { RemoteHost = "127.0.0.1" }
    assert.are.equal(5683, b.RemotePort)
    b:send("", "[::1]")
    assert.are.equal("::1 5683", b.RemoteHost .. " " .. b.RemotePort)
  end)

  it("speaks IPv6 too, unless its LocalHost is of the other family", function()
    local a <close> = lunacoap.endpoint { LocalHost = "::1" }
    local b <close> = lunacoap.endpoint()
    assert.are.equal("coap://[::1]:" .. a.LocalPort .. "/", a:uri())
    b:send("x", a:uri())
    local data, host = a:receive(5)
    assert.are.equal("x ::1", data .. " " .. host)
    a:send "y"
    assert.are.equal("y", b:receive(5))
    for _, case in ipairs { { "::1", "127.0.0.1" }, { "127.0.0.1", "::1" } } do
      local c <close> = lunacoap.endpoint { LocalHost = case[1] }
      assert.are.equal(10047, raised(c.send, c, "x", case[2], 9).Code)
    end
  end)

  it("tells of what could not be delivered", function()
    local port = process.free_port("127.0.0.1")
    local a <close> = lunacoap.endpoint()
    a:send("x", "127.0.0.1", port)
    local data, err = a:receive(5)
    assert.is_nil(data)
    assert.are.equal(10061, err.Code)
    assert.matches("could not be delivered: 127.0.0.1:" .. port, err.Message)
  end)

  it("keeps 256 datagrams, and counts those that gave way", function()
    lunacoap.virtual(function()
      local a <close>, b = pair()
      for i = 1, 300 do
        b:send(tostring(i))
        lunacoap.sleep(0)
      end
      lunacoap.sleep(1)
      assert.are.equal(44, a.Dropped)
      for i = 45, 300 do
        assert.are.equal(tostring(i), a:receive(0))
      end
      assert.is_nil(a:receive(0))
      a:close()
      assert.are.equal(44, a.Dropped)
    end)
  end)

  it("raises for wrong arguments, and says what is right", function()
    local a <close> = lunacoap.endpoint()
    for why, f in pairs {
      ["endpoint takes a table such as { LocalPort = 5683 }, not 5"] = function() lunacoap.endpoint(5) end,
      ["endpoint has no field 'LocalPrt'; did you mean 'LocalPort'?"] = function() lunacoap.endpoint { LocalPrt = 1 } end,
      ["endpoint has no field 1"] = function() lunacoap.endpoint { "x" } end,
      ["LocalHost takes a string, not 5"] = function() lunacoap.endpoint { LocalHost = 5 } end,
      ["LocalPort takes a port from 0 to 65535, not 65536"] = function() lunacoap.endpoint { LocalPort = 65536 } end,
      ["send takes bytes, or a table as message.encode does, not nil"] = function() a:send() end,
      ["send needs a host and a port"] = function() a:send "x" end,
      ["send takes a host, or a URI, as second argument, not 5"] = function() a:send("x", 5) end,
      ["send takes a port from 0 to 65535, not '1'"] = function() a:send("x", "127.0.0.1", "1") end,
      ["receive takes seconds from 0 to 1e9 or nil, not -1"] = function() a:receive(-1) end,
      ["LocalHost takes a host without zero bytes"] = function() lunacoap.endpoint { LocalHost = "::1\0" } end,
      ["RemotePort needs a RemoteHost"] = function() lunacoap.endpoint { RemotePort = 5683 } end,
      ["write endpoint:__index(), with a colon"] = function() getmetatable(a).__index({}, "LocalPort") end,
      ["uri takes a path that begins with \"/\", or \"\", not 'x'"] = function() a:uri "x" end,
      ["write endpoint:send(), with a colon"] = function() a.send("x") end,
      ["endpoint has no field 'sned'; did you mean 'send'?"] = function() a:sned() end,
      ["endpoint.LocalPort is read-only"] = function() a.LocalPort = 5 end,
    } do
      local err = raised(f)
      assert.are.equal(1, err.Code)
      assert.is_truthy(err.Message:find(why, 1, true), err.Message)
    end
    assert.are.equal(700, raised(a.send, a, "x", "http://127.0.0.1").Code)
    assert.are.equal(10048, raised(lunacoap.endpoint, { LocalPort = a.LocalPort }).Code)
  end)
end)

describe("receive", function()
  it("suspends its task, and the others go on", function()
    local a <close>, b = pair()
    local order = {}
    lunacoap.spawn(function()
      local data = a:receive()
      order[#order + 1] = data
    end)
    lunacoap.spawn(function()
      order[#order + 1] = "meanwhile"
      b:send "came"
    end)
    assert.is_true(process.wait(function() return #order == 2 end, 5))
    assert.are.same({ "meanwhile", "came" }, order)
  end)

  it("gives up when its time is over", function()
    lunacoap.virtual(function()
      local a <close> = lunacoap.endpoint()
      local began = lunacoap.now()
      assert.are.equal(1, select("#", a:receive(1.5)))
      assert.are.equal("1.500", ("%.3f"):format(lunacoap.now() - began))
      assert.is_nil(a:receive(0))
      assert.are.equal("1.500", ("%.3f"):format(lunacoap.now() - began))
    end)
  end)

  it("serves first who waited first", function()
    lunacoap.virtual(function()
      local a <close>, b = pair()
      local got = {}
      for i = 1, 4 do
        lunacoap.spawn(function() got[i] = a:receive(i == 2 and 1 or nil) or "nothing" end)
      end
      lunacoap.sleep(2)
      for i = 1, 3 do
        b:send(tostring(i))
      end
      lunacoap.sleep(1)
      assert.are.same({ "1", "nothing", "2", "3" }, got)
    end)
  end)

  it("waits in coroutines and callbacks of a script too", function()
    local a <close>, b = pair()
    b:send "one"
    assert.are.equal("one", coroutine.wrap(function() return a:receive(5) end)())
    b:send "two"
    local list = { 2, 1 }
    table.sort(list, function(x, y)
      list.got = list.got or a:receive(5)
      return x < y
    end)
    assert.are.equal("two", list.got)
    assert.is_nil(coroutine.wrap(function() return a:receive(0.01) end)())
  end)

  it("lets tasks go on that were ready when another one began to wait in a coroutine", function()
    local a <close>, b = pair()
    local got = {}
    for i = 1, 3 do
      lunacoap.spawn(function()
        coroutine.wrap(function() got[i] = a:receive(5) end)()
      end)
    end
    lunacoap.spawn(function()
      for i = 1, 3 do
        b:send(tostring(i))
      end
    end)
    assert.is_true(process.wait(function() return #got == 3 end, 2))
    assert.are.same({ "1", "2", "3" }, got)
  end)

  it("raises in those who wait when the endpoint is closed, and afterwards", function()
    local a = pair()
    local errors = {}
    for i = 1, 2 do
      lunacoap.spawn(function() errors[i] = raised(a.receive, a) end)
    end
    lunacoap.sleep(0)
    a:close()
    a:close()
    assert.is_true(process.wait(function() return #errors == 2 end, 5))
    for _, err in ipairs(errors) do
      assert.are.equal(711, err.Code)
      assert.matches("the endpoint was closed", err.Message)
    end
    for _, name in ipairs { "receive", "send" } do
      assert.are.equal(name .. ": the endpoint is closed", raised(a[name], a, "x").Message)
    end
    assert.matches("closed, was 127.0.0.1:%d+", tostring(a))
    assert.is_true(a.LocalPort > 0)
  end)

  it("gives nothing to a task whose coroutine was closed", function()
    -- In a program of its own, since such a task is told of on standard error.
    assert.matches("\nfor the next one\nstatus 1\n$", run [[
      local a, thread = lunacoap.endpoint(), nil
      lunacoap.spawn(function()
        thread = coroutine.running()
        a:receive()
      end)
      lunacoap.sleep(0)
      coroutine.close(thread)
      a:send("for the next one", a:uri())
      print((a:receive(5)))
    ]])
  end)

  it("may not be called where nothing may wait", function()
    local a <close> = lunacoap.endpoint()
    local told = {}
    local coap <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", LogLevel = 3, OnLog = function()
      told[1] = told[1] or { raised(a.receive, a, 1).Message, raised(a.send, a, "x", "127.0.0.1", 9).Message }
    end }
    coap:StartListening()
    a:send({ type = "CON", id = 1 }, "127.0.0.1", coap.LocalPort)
    a:expect { type = "RST", id = 1 } -- a ping (RFC 7252 4.3)
    assert.matches("may not wait", told[1][1])
    assert.matches("may not send", told[1][2])
  end)

  it("keeps the program alive, and nothing else of an endpoint does", function()
    assert.are.equal("status 0\n", run [[
      local a = lunacoap.endpoint()
      a:send("x", "127.0.0.1", a.LocalPort)
    ]])
    assert.are.equal("came\nstatus 0\n", run [[
      local a = lunacoap.endpoint()
      lunacoap.spawn(function() print(a:receive()) end)
      lunacoap.spawn(function() lunacoap.sleep(0.05) lunacoap.endpoint():send("came", a:uri()) end)
    ]]:gsub("\t[^\n]*", ""))
    -- A handler whose component is shut down has nothing else to live for.
    local port, sender = process.free_port("127.0.0.1"), lunacoap.endpoint()
    local child <close> = process.start(("%s -e '%s'"):format(LUNACOAP, ([[
      local a = lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = PORT }
      local client = lunacoap.CoAP { Timeout = 0 }
      client.OnRequestComplete = function()
        client:Shutdown()
        print "waits"
        print("got " .. a:receive())
      end
      client:Get "coap://127.0.0.1:1/"
    ]]):gsub("PORT", tostring(port))))
    child:expect "waits"
    sender:send("it", "127.0.0.1", port)
    assert.are.equal("waits\ngot it\n", child:finish())
    assert.matches("status 3\n$", run [[
      lunacoap.timer(0.05, nil, function() lunacoap.stop(3) end)
      local a <close> = lunacoap.endpoint()
      a:receive()
    ]])
  end)
end)

describe("the socket of an endpoint", function()
  it("is closed by <close>, by the collector, and with what it keeps", function()
    local before = probe.base.blocks()
    local port
    do
      local a <close>, b = pair()
      port = a.LocalPort
      b:send "kept"
      lunacoap.sleep(0.01)
    end
    lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = port }
    collectgarbage()
    collectgarbage()
    lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = port }:close()
    collectgarbage()
    assert.are.equal(before, probe.base.blocks())
  end)

  it("sends what is queued when it is closed", function()
    local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
    do
      local b <close> = lunacoap.endpoint()
      b:send("last words", a:uri())
    end
    assert.are.equal("last words", a:receive(5))
  end)

  it("raises, and leaks nothing, when there is no memory", function()
    local function work()
      local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
      a:send({ code = "PUT", id = 1, payload = ("x"):rep(100) }, a:uri())
      a:receive(1)
    end
    local function without_receiving()
      local a <close> = lunacoap.endpoint { LocalHost = "127.0.0.1" }
      a:send("x", a:uri())
    end
    work()
    assert.is_true(scarcity.of_lua(work) >= 5)
    assert.is_true(scarcity.of_runtime(without_receiving) >= 3)
  end)
end)
