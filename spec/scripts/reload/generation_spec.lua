-- The loads of a script, one after the other: what each begins, and what is left of it.
local Generation = require "lunacoap.reload.generation"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"
local raw = require "spec.support.raw"

local path, generation, client

local function write(text)
  local file <close> = assert(io.open(path, "w"))
  file:write("local lunacoap, note = require 'lunacoap', require('spec.support.notes')\n", text)
end

-- Loads this text in place of what runs, if it can be loaded.
local function load_again(text)
  local old = generation
  write(text)
  local new = Generation.new(old and table.move(old.servers, 1, #old.servers, 1, {}) or {})
  local ok, err = new:run(path, {})
  if not ok then
    return ok, err, new:undo(old)
  end
  new:settle()
  if old then
    old:retire(new)
  end
  generation = new
  return ok
end

local function server_of(word, more)
  return ([[
local server = lunacoap.server { LocalHost = "127.0.0.1" }
server:resource("/x", { observable = true, get = function() return lunacoap.now() and "%s" end })
%s
server:start()
]]):format(word, more or "")
end

-- Devices that note how they are stopped.
local FLEET = [[
local fleet = lunacoap.fleet { count = 3, settings = { LocalHost = "127.0.0.1" },
  start = function(device) table.insert(note, device.name .. " is up") end,
  stop = function(device) table.insert(note, device.name .. " is down") end }
fleet:start()
assert(lunacoap.fleet.identities)
]]

local function uri()
  return generation.servers[1]:uri("/x")
end

-- Whether `list` comes to have so many entries.
local function comes_to(count, list)
  return process.wait(function() return #list == count end, 5)
end

describe("a load of a script", function()
  local notes

  before_each(function()
    path = os.tmpname()
    notes = {}
    package.loaded["spec.support.notes"] = notes
    client = lunacoap.CoAP { Timeout = 5 }
    client.OnNotification = function(coap) table.insert(notes, coap.ResponseData) end
  end)

  after_each(function()
    client:Shutdown()
    local last = Generation.new {}
    last.loading = false
    generation:retire(last)
    local running = generation.servers[1]
    process.wait(function() return not (running and running.running) end)
    generation = nil
    package.loaded["spec.support.notes"] = nil
    os.remove(path)
  end)

  it("stops the fleets of the one before", function()
    assert(load_again(FLEET .. server_of "first"))
    assert.is_true(comes_to(3, notes))
    assert(load_again(server_of "second"))
    assert.is_true(comes_to(6, notes))
    table.sort(notes)
    assert.are.equal("device-1 is down device-1 is up device-2 is down", table.concat(notes, " ", 1, 3))
  end)

  it("leaves nothing behind when the next one has taken its place", function()
    load_again(server_of("one", "local coap, kept = lunacoap.CoAP(), {} lunacoap.timer(100, 100, function() return kept end)"))
    local first = setmetatable({ generation }, { __mode = "v" })
    for _ = 1, 3 do
      assert.is_true(load_again(server_of("next")))
      lunacoap.sleep(0)
    end
    assert.is_true(process.wait(function()
      collectgarbage()
      return first[1] == nil
    end))
  end)

  it("closes endpoints and ends programs of the one before", function()
    load_again(server_of("one", [[
note.child = lunacoap.process.start { "sleep", 100 }
note.port = lunacoap.endpoint { LocalHost = "127.0.0.1" }.LocalPort]]))
    local child, port = notes.child, notes.port
    assert.is_true(load_again(server_of("two")))
    assert.is_true(process.wait(function() return not child.running end))
    lunacoap.endpoint({ LocalHost = "127.0.0.1", LocalPort = port }):close()
  end)

  it("has clients that may be garbage before it ends", function()
    load_again(server_of("one", [[
note.clients = setmetatable({}, { __mode = "v" })
for i = 1, 10 do note.clients[i] = lunacoap.CoAP() end]]))
    collectgarbage()
    assert.is_nil(next(notes.clients))
    assert.is_true(load_again(server_of("two")))
    lunacoap.sleep(0.01)
    client:Get(uri())
    assert.are.equal("two", client.ResponseData)
  end)

  it("may have something to do before it starts its server: the former one serves until then", function()
    load_again(server_of("one"))
    local where = uri()
    client:StartObserving(where)
    assert.is_true(load_again(server_of("two", "note.go_on = false while not note.go_on do lunacoap.sleep(0.01) end")))
    local other <close> = lunacoap.CoAP { Timeout = 5 }
    other:Get(where)
    assert.are.equal("one", other.ResponseData)
    notes.go_on = true
    assert.is_true(comes_to(2, notes))
    assert.are.same({ "one", "two" }, { notes[1], notes[2] })
    assert.are.equal(where, uri())
  end)

  it("ends with the loops of its timers and with what they wait for", function()
    local slow <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function() lunacoap.sleep(1) end }
    notes.uri = ("coap://127.0.0.1:%d/"):format(slow.LocalPort)
    load_again(server_of("one", [[
lunacoap.timer(0.001, nil, function()
  note[1] = "timer"
  while true do
    lunacoap.sleep(0.01)
    note.ticks = (note.ticks or 0) + 1
  end
end)
local coap = lunacoap.CoAP()
lunacoap.spawn(function()
  coap:Get(note.uri)
  note.waited = true
end)]]))
    assert.is_true(process.wait(function() return (notes.ticks or 0) > 1 end))
    assert.is_true(load_again(server_of("two")))
    lunacoap.sleep(0.05)
    local ticks = notes.ticks
    lunacoap.sleep(0.05)
    assert.are.equal(ticks, notes.ticks)
    assert.is_nil(notes.waited)
  end)

  it("gives back what it has taken when it fails, and says where", function()
    load_again(server_of("one"))
    local where = uri()
    client:StartObserving(where)
    local ok, err = load_again(server_of("two", "") .. "local other = lunacoap.server { LocalHost = '127.0.0.1' }:start()\n"
      .. "note.port = other.coap.LocalPort\nerror 'too late'")
    assert.is_nil(ok or nil)
    assert.are.same({ "too late", path .. ":8" }, { err.Message, err.Where })
    local other <close> = lunacoap.CoAP { Timeout = 5 }
    other:Get(where)
    assert.are.equal("one", other.ResponseData)
    local gone = pcall(other.Get, other, ("coap://127.0.0.1:%d/"):format(notes.port))
    assert.is_false(gone)
    assert.are.same({ "one" }, { notes[1] })
    generation.servers[1]:refresh()
    assert.is_true(comes_to(2, notes))
  end)

  it("has its server back when the next one stops it and fails", function()
    load_again(server_of("one"))
    local where = uri()
    for _, more in ipairs { "", "lunacoap.server { LocalHost = '127.0.0.1', LocalPort = port }:start()\n" } do
      assert.is_falsy((load_again(server_of("two", "") .. "local port = server.coap.LocalPort\nserver:stop()\n" .. more
        .. "error 'too late'")))
      assert.are.equal(where, uri())
      client:Get(where)
      assert.are.equal("one", client.ResponseData)
    end
    assert.is_true(load_again(server_of("three")))
    lunacoap.sleep(0.01)
    client:Get(where)
    assert.are.equal("three", client.ResponseData)
  end)

  it("says which server it does not have back, since something has its place", function()
    load_again(server_of("one"))
    local _, _, lost = load_again(server_of("two") .. "local port = server.coap.LocalPort\nserver:stop()\n"
      .. "note.other = lunacoap.CoAP { LocalHost = '127.0.0.1', LocalPort = port, Listening = true }\nerror 'too late'")
    assert.are.equal(1, #lost)
    assert.matches("^10048: ", tostring(lost[1]))
  end)

  it("starts no timers and takes no signals in handlers that outlive it", function()
    load_again((server_of("one"):gsub("return lunacoap.now%(%)", [[
      note.asked = true
      while not note.go_on do lunacoap.sleep(0.01) end
      note.timer = lunacoap.timer(0.001, 0.001, function() note.ticks = (note.ticks or 0) + 1 end)
      lunacoap.signal("USR2", function() note.signal = "one" end)
      return true]])))
    lunacoap.spawn(function()
      client:Get(uri())
      notes.answer = client.ResponseData
    end)
    assert.is_true(process.wait(function() return notes.asked end))
    assert.is_true(load_again(server_of("two", [[lunacoap.signal("USR2", function() note.signal = "two" end)]])))
    notes.go_on = true
    assert.is_true(process.wait(function() return notes.answer ~= nil end))
    assert.are.equal("one", notes.answer)
    os.execute("kill -USR2 $PPID")
    assert.is_true(process.wait(function() return notes.signal ~= nil end))
    assert.are.equal("two", notes.signal)
    assert.is_nil(notes.ticks)
    notes.timer:stop() -- as ever
  end)

  it("holds nobody up while it waits for many answers", function()
    local REQUESTS = 2000
    local blocking = server_of("%s"):gsub("return lunacoap.now%(%)", [[
      note.count = (note.count or 0) + 1
      while note.holds["%%s"] do lunacoap.sleep(0.1) end
      return true]])
    notes.holds = { one = true, two = true }
    raw.start()
    local socket, id = raw.open(), 0
    local function ask_many()
      for _ = 1, REQUESTS do
        id = id + 1
        raw.send(socket, "127.0.0.1", generation.servers[1].coap.LocalPort, { type = raw.NON,
          code = "0.01", id = id, token = raw.uint(id), options = { { raw.PATH, "x" } } })
        if id % 100 == 0 then
          assert.is_true(process.wait(function() return notes.count == id end))
        end
      end
    end
    load_again((blocking:gsub("%%s", "one")))
    ask_many()
    assert.is_true(load_again((blocking:gsub("%%s", "two"))))
    lunacoap.sleep(0.01)
    ask_many()
    notes.holds.one = nil
    local last, longest = lunacoap.now(), 0
    process.wait(function()
      longest, last = math.max(longest, lunacoap.now() - last), lunacoap.now()
      return not notes.holds.two
    end, 1)
    assert.is_true(longest < 2, longest) -- it was five seconds
    notes.holds.two = nil
    raw.stop()
  end)

  it("fails with whatever a script raises", function()
    load_again(server_of("one"))
    for _, raised in ipairs { "nil", "false", "{}" } do
      assert.is_falsy((load_again(server_of("two") .. "error(" .. raised .. ")")))
      client:Get(uri())
      assert.are.equal("one", client.ResponseData)
    end
  end)
end)
