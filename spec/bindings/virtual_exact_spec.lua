-- A run in virtual time is exact: the same in every process, datagram by datagram, to the
-- microsecond. Only a process of its own has hash keys, seeds and ETags of its own.
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"

-- A server of several observed resources, observers, block-wise transfers, devices that come and
-- go, losses and delays: prints each datagram with its time and its bytes.
local SCENARIO = [[
local lunacoap = require "lunacoap"

local began
local function watch(name, plan, init)
  local fields = lunacoap.faults(plan)
  for field, value in pairs(init or {}) do
    fields[field] = value
  end
  fields.LogLevel = 3
  fields.OnLog = function(_, e)
    local hex = e.Message:match("%S+: %x+$") or e.Message:match("%S+: %x+%.%.%.$")
    if hex then
      print(("%.6f %s %s"):format(lunacoap.now() - began, name, e.Message))
    end
  end
  return fields
end

local function scenario()
  began = lunacoap.now()
  local bad = { loss = 0.15, duplicate = 0.1, delay = { 0.01, 0.2 }, corrupt = 0.02, reorder = 0.1 }
  local server = lunacoap.server(watch("server", { seed = 3, sending = bad, receiving = bad },
    { LocalHost = "127.0.0.1", LocalPort = 5683 }))
  local values, resources = {}, {}
  for i = 1, 8 do
    local path = ("/sensors/%d"):format(i)
    values[i] = i
    resources[i] = server:resource(path, { observable = true,
      get = function() return path .. (" is %d "):format(values[i]):rep(i > 6 and 300 or 1) end })
  end
  local room = server:resource("/rooms/{name}", { observable = true,
    get = function(request) return request.params.name end })
  server:resource("/firmware", { put = function(request)
    return lunacoap.response("2.04", #request.payload)
  end, get = function() return ("f"):rep(5000) end })
  server:start()

  local clients = {}
  for i = 1, 12 do
    clients[i] = lunacoap.CoAP(watch("client " .. i, { seed = i, sending = { loss = 0.1 } },
      { Timeout = 0, OnNotification = function() end }))
    local n = (i - 1) % 8 + 1
    clients[i]:StartObserving(server:uri("/sensors/" .. n))
    clients[i]:StartObserving(server:uri("/rooms/r" .. i))
  end
  lunacoap.sleep(20)
  for round = 1, 4 do
    for i = 8, 1, -1 do
      values[i] = values[i] + round
      resources[i]:notify()
    end
    for _, name in ipairs { "r5", "r3", "r9", "r1", "r12" } do
      room:notify { name = name }
    end
    lunacoap.sleep(7)
  end
  server:refresh()
  for i = 1, 3 do
    clients[i].RequestData = ("p"):rep(4000)
    clients[i]:Put(server:uri "/firmware")
    clients[i + 3]:Get(server:uri "/firmware")
    clients[i + 6]:Get(server:uri "/.well-known/core")
  end
  lunacoap.sleep(100)
  server.coap:Restart()
  lunacoap.sleep(200)
  for _, client in ipairs(clients) do
    client:Shutdown()
  end
  server:stop()
end
]]

-- The lines that a process prints.
local function run(tail)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(SCENARIO, tail)
  file:close()
  local child <close> = process.start(LUNACOAP .. " " .. path)
  local output = child:finish(60)
  os.remove(path)
  return output
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

-- Where two texts part, for a failure that can be read.
local function first_difference(a, b)
  local of_b = b:gmatch("[^\n]*")
  for line in a:gmatch("[^\n]*") do
    local other = of_b()
    if line ~= other then
      return ("%s\n%s"):format(line, other)
    end
  end
end

describe("a scenario in virtual time", function()
  local ONCE = "lunacoap.virtual(7, scenario)\n"
  local first

  setup(function() first = run(ONCE) end)

  it("has of everything", function()
    assert.is_true(count(first, "\n") > 1000, first:sub(-2000))
    for _, piece in ipairs { "server sent to", "client 12 received from", "server dropped",
      "server delayed", "client 1 dropped", "server [^\n]*corrupted", "server [^\n]*held back" } do
      assert.is_true(count(first, piece) > 0, piece)
    end
  end)

  it("is the same in another process", function()
    local second = run(ONCE)
    assert.is_nil(first_difference(first, second))
    assert.are.equal(#first, #second)
  end)

  it("is the same whatever the process has done before, and when it is run again", function()
    local before = run([[
      for i = 1, 100 do
        local coap <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
      end
      lunacoap.sleep(0.01)
      local write = print
      print = function() end
      lunacoap.virtual(9, scenario)
      print = write
    ]] .. ONCE)
    assert.is_nil(first_difference(first, before))
  end)

  it("is another with another seed", function()
    assert.is_not_nil(first_difference(first, run "lunacoap.virtual(8, scenario)\n"))
  end)
end)
