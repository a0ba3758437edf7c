-- `lunacoap --watch FILE`: what lives on when a script is loaded again, and what does not.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"

local folder, child, client, port

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "w"))
  file:write((text:gsub("PORT", port)))
end

-- Writes the script anew and waits until it runs, or until it says that it does not.
local function change(text, expected)
  local before = #child:output()
  write("script.lua", text)
  assert.is_true(process.wait(function()
    return child:output():find(expected or "was loaded again", before, true) ~= nil
  end, 10), child:output())
end

local function start(text)
  write("script.lua", text)
  child = process.start(("env LUA_PATH='%s/?.lua;;' %s --watch %s/script.lua first second"):format(
    folder, LUNACOAP, folder))
end

local function get(path, scheme)
  local ok, err = pcall(client.Get, client, ("%s://127.0.0.1:%d%s"):format(scheme or "coap", port, path))
  assert(ok or err.Code == 709, err)
  return client.ResponseCode .. " " .. client.ResponseData
end

-- A server with one resource, whose get is the code given.
local function server_of(code, more)
  return ([[
local lunacoap = require "lunacoap"
local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = PORT }
server:resource("/x", { observable = true, get = function(req) %s end })
server:start()
%s
print "ready"
]]):format(code, more or "")
end

describe("lunacoap --watch", function()
  before_each(function()
    local pipe <close> = assert(io.popen("mktemp -d"))
    folder = pipe:read("l")
    port = process.free_port("127.0.0.1")
    client = lunacoap.CoAP { Timeout = 10 }
  end)

  after_each(function()
    client:Shutdown()
    if child then
      child:__close()
      child = nil
    end
    os.execute("rm -r " .. folder)
  end)

  it("runs a changed script, with the same arguments", function()
    start(server_of("return 'one ' .. table.concat(arg, ',')"))
    child:expect("ready")
    assert.are.equal("2.05 one first,second", get("/x"))
    change(server_of("return 'two ' .. table.concat(arg, ',')"))
    assert.are.equal("2.05 two first,second", get("/x"))
  end)

  it("keeps observers, and tells them the new state", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    local got = {}
    client.OnNotification = function(coap) got[#got + 1] = coap.ResponseData end
    client:StartObserving(("coap://127.0.0.1:%d/x"):format(port))
    change(server_of("return 'two'"))
    assert.is_true(process.wait(function() return #got == 2 end))
    assert.are.same({ "one", "two" }, got)
  end)

  it("tells observers of a resource that is gone", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    local code
    client.OnNotification = function(coap) code = coap.ResponseCode end
    client:StartObserving(("coap://127.0.0.1:%d/x"):format(port))
    change((server_of("return 'two'"):gsub('"/x"', '"/y"')))
    assert.is_true(process.wait(function() return code == "4.04" end))
  end)

  it("lets a request that is under way end with the handler that has begun it", function()
    start(server_of("lunacoap.sleep(1) return 'one'"))
    child:expect("ready")
    local answer
    lunacoap.spawn(function() answer = get("/x") end)
    lunacoap.sleep(0.05)
    change(server_of("return 'two'"))
    assert.is_nil(answer)
    assert.is_true(process.wait(function() return answer ~= nil end))
    assert.are.equal("2.05 one", answer)
    assert.are.equal("2.05 two", get("/x"))
  end)

  it("keeps DTLS sessions", function()
    local function secured(word)
      return ([[
local lunacoap = require "lunacoap"
local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = PORT, SSLEnabled = true,
  OnPSKLookup = function(_, e) e.Key = "secret" end }
server:resource("/x", { get = function(req) return "%s " .. req.event.ConnectionId end })
server:start()
print "ready"
]]):format(word)
    end
    start(secured("one"))
    child:expect("ready")
    client:Configure { PSKIdentity = "me", PSKKey = "736563726574" }
    local first = get("/x", "coaps")
    assert.matches("^2.05 one .", first)
    change(secured("two"))
    assert.are.equal(first:gsub("one", "two"), get("/x", "coaps"))
  end)

  it("leaves the old script running when the new one cannot be read", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    change(server_of("return return"), "the old one goes on")
    assert.matches("script.lua:3: .*near 'return'", child:output())
    assert.are.equal("2.05 one", get("/x"))
    change(server_of("return 'three'"))
    assert.are.equal("2.05 three", get("/x"))
  end)

  it("loads the change that mends a script, also one that comes while the script fails", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    change(server_of("return 'two'", ([[
local file <close> = io.open("%s/script.lua", "w")
file:write((%q):format("three"))
error "bad"
]]):format(folder, server_of("return '%s'"):gsub("PORT", port))), "the old one goes on")
    child:expect("was loaded again")
    assert.are.equal("2.05 three", get("/x"))
  end)

  it("leaves the old script running while the file is away or empty", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    change("", "script.lua is empty")
    os.remove(folder .. "/script.lua")
    child:expect("cannot open")
    assert.are.equal("2.05 one", get("/x"))
    change(server_of("return 'two'"))
    assert.are.equal("2.05 two", get("/x"))
  end)

  it("leaves the old script running when the new one fails, also after its server has started", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    change(server_of("return 'two'", "error 'too late'"), "the old one goes on")
    assert.matches("script.lua:5: too late", child:output())
    assert.are.equal("2.05 one", get("/x"))
  end)

  it("waits for a first script that is wrong to be mended", function()
    start("local = 1")
    child:expect("waiting for a change")
    change(server_of("return 'mended'"))
    assert.are.equal("2.05 mended", get("/x"))
  end)

  it("ends timers, tasks and loops of the old script", function()
    local function ticking(word)
      return server_of("return ''", ([[
lunacoap.timer(0.02, 0.02, function() print "%s timer" end)
lunacoap.spawn(function() while true do lunacoap.sleep(0.02) print "%s task" end end)
print "ready"
while true do lunacoap.sleep(0.02) print "%s loop" end
]]):format(word, word, word))
    end
    start(ticking("one"))
    for _, what in ipairs { "timer", "task", "loop" } do
      child:expect("one " .. what)
    end
    change(ticking("two"))
    local before = #child:output()
    local function ticks(word)
      return select(2, child:output():sub(before):gsub("two " .. word, ""))
    end
    assert.is_true(process.wait(function()
      return ticks("timer") > 2 and ticks("task") > 2 and ticks("loop") > 2
    end))
    assert.is_nil(child:output():sub(before):match("two loop.*two loop.*(one [^\n]*)"))
  end)

  it("ends loops of the old script that catch every error", function()
    local function looping(word)
      return server_of("return ''", ([[
lunacoap.spawn(function()
  while true do pcall(function() print "%s turn" lunacoap.sleep(0.02) end) end
end)]]):format(word))
    end
    start(looping("one"))
    child:expect("one turn")
    change(looping("two"))
    child:expect("two turn")
    local before = #child:output()
    assert.is_true(process.wait(function()
      return select(2, child:output():sub(before):gsub("two turn", "")) > 5
    end))
    assert.is_nil(child:output():sub(before):match("two turn.*two turn.*(one turn)"))
  end)

  it("watches the script's own modules", function()
    write("mine.lua", "return 'one'")
    start(server_of("return require 'mine'"))
    child:expect("ready")
    assert.are.equal("2.05 one", get("/x"))
    local before = #child:output()
    write("mine.lua", "return 'two'")
    assert.is_true(process.wait(function()
      return child:output():find("was loaded again", before, true) ~= nil
    end))
    assert.are.equal("2.05 two", get("/x"))
  end)

  it("loads a script again when a module comes that it has missed", function()
    start("\nlocal word = require 'mine.word'\n" .. server_of("return word"))
    child:expect("waiting for a change")
    assert.is_truthy(child:output():find(folder .. "/script.lua:2: module 'mine.word' not found:", 1, true))
    os.execute("mkdir " .. folder .. "/mine")
    write("mine/word.lua", "return 'one'")
    child:expect("ready")
    assert.are.equal("2.05 one", get("/x"))
  end)

  it("tells what is wrong with a module as require does", function()
    write("mine.lua", "return {")
    start("\nrequire 'mine'")
    child:expect("waiting for a change")
    local path = folder .. "/mine.lua"
    local message = ("lunacoap: %s/script.lua:2: error loading module 'mine' from file '%s':\n\t%s:1: "):format(
      folder, path, path)
    assert.is_truthy(child:output():find(message, 1, true), child:output())
  end)

  it("opens a server that is new and closes one that is gone", function()
    start(server_of("return 'one'"))
    child:expect("ready")
    local first, second = port, process.free_port("127.0.0.1")
    port = second
    change(server_of("return 'two'"))
    assert.are.equal("2.05 two", get("/x"))
    port = first
    local ok = process.wait(function()
      return not pcall(client.Get, client, ("coap://127.0.0.1:%d/x"):format(first))
    end)
    assert.is_true(ok)
  end)

  it("takes new settings and handlers of the component, and drops old ones", function()
    local function with(fields)
      return ([[
local lunacoap = require "lunacoap"
local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = PORT, %s }
server:resource("/x", { get = function(req)
  local coap = server.coap
  return ("%%s %%s"):format(coap:Config("BlockSize"), coap.OnError ~= nil)
end })
server:start()
print "ready"
]]):format(fields)
    end
    start(with("BlockSize = 64, OnError = print"))
    child:expect("ready")
    assert.are.equal("2.05 64 true", get("/x"))
    change(with("NStart = 2"))
    assert.are.equal("2.05 1024 false", get("/x"))
  end)

  it("needs a file", function()
    local failed = process.start(LUNACOAP .. " --watch")
    assert.matches("%-%-watch needs a file to watch", failed:finish())
    assert.are.equal(2, failed.code)
  end)
end)
