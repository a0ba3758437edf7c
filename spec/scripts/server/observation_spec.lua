-- Observed resources of lunacoap.server: who is told what, and how often.
local lunacoap = require "lunacoap"

local OPTION = lunacoap.OptionNumber
local process = require "spec.support.process"

local server, clients

-- Observes a path and returns the list of what comes: "2.05 payload", the first answer too.
local function observe(path, options)
  local got = {}
  local client = lunacoap.CoAP { Timeout = 5, RequestOptions = options or {} }
  client.OnNotification = function(coap)
    got[#got + 1] = ("%s %s"):format(coap.ResponseCode, coap.ResponseData)
  end
  clients[#clients + 1] = client
  client:StartObserving(server:uri(path))
  return got, client
end

local function accept(number)
  return { { Number = OPTION["Accept"], Value = number } }
end

local function wait_for(list, count)
  assert.is_true(process.wait(function() return #list >= count end, 5),
    "only " .. table.concat(list, ", "))
end

describe("an observable resource", function()
  local errors

  before_each(function()
    clients, errors = {}, {}
    server = lunacoap.server { LocalHost = "127.0.0.1",
      OnError = function(_, e) table.insert(errors, e.Description) end }
  end)

  after_each(function()
    for _, client in ipairs(clients) do
      client:Shutdown()
    end
    server:stop()
  end)

  it("tells its observers after notify, with what get returns", function()
    local value = 1
    local resource = server:resource("/x", { observable = true, get = function() return value end })
    server:start()
    local got, other = observe("/x"), observe("/x")
    value = 2
    resource:notify()
    wait_for(got, 2)
    wait_for(other, 2)
    assert.are.same({ "2.05 1", "2.05 2" }, got)
    assert.are.same(got, other)
  end)

  it("calls get once for all the notify of a turn", function()
    local calls, value = 0, 0
    local resource = server:resource("/x", { observable = true, get = function()
      calls = calls + 1
      return value
    end })
    server:start()
    local got = observe("/x")
    for i = 1, 100 do
      value = i
      resource:notify()
    end
    wait_for(got, 2)
    lunacoap.sleep(0)
    assert.are.same({ "2.05 0", "2.05 100" }, got)
    assert.are.equal(2, calls)
  end)

  it("tells of a change that came while get was waiting", function()
    local value, entered = 0, 0
    local resource = server:resource("/x", { observable = true, get = function(req)
      local seen = value
      if req.notifying then
        entered = entered + 1
        lunacoap.sleep(0.05)
      end
      return seen
    end })
    server:start()
    local got = observe("/x")
    value = 1
    resource:notify()
    process.wait(function() return entered == 1 end)
    value = 2
    resource:notify()
    wait_for(got, 3)
    assert.are.same({ "2.05 0", "2.05 1", "2.05 2" }, got)
  end)

  it("gives each observer the format that it asked for", function()
    local value = "a"
    local resource = server:resource("/x", { observable = true, formats = { "text", "json" },
      get = function() return value end })
    server:start()
    local text, json = observe("/x"), observe("/x", accept(50))
    value = "b"
    resource:notify()
    wait_for(text, 2)
    wait_for(json, 2)
    assert.are.same({ "2.05 a", "2.05 b" }, text)
    assert.are.same({ '2.05 "a"', '2.05 "b"' }, json)
  end)

  it("gives each observer what its query asks for", function()
    local celsius = 20
    local resource = server:resource("/temp", { observable = true, get = function(req)
      return req.query.unit == "F" and celsius * 1.8 + 32 or celsius
    end })
    server:start()
    local c, f = observe("/temp"), observe("/temp?unit=F")
    celsius = 10
    resource:notify()
    wait_for(c, 2)
    wait_for(f, 2)
    assert.are.same({ "2.05 20", "2.05 10" }, c)
    assert.are.same({ "2.05 68.0", "2.05 50.0" }, f)
  end)

  it("may have a path and arguments of any characters", function()
    local value = 1
    local resource = server:resource("/{room}", { observable = true,
      get = function(req) return ("%s %s %d"):format(req.params.room, req.query.q, value) end })
    server:resource("/", { observable = true, get = function() return value end })
    server:start()
    local got, root = observe("/bath%20room%2F%C3%BC%25?q=a%26b%20c"), observe("/")
    value = 2
    resource:notify { room = "bath room/ü%" }
    wait_for(got, 2)
    value = 3
    resource:notify()
    server.resources[3]:notify()
    wait_for(got, 3)
    wait_for(root, 2)
    assert.are.same({ "2.05 bath room/ü% a&b c 1", "2.05 bath room/ü% a&b c 2",
      "2.05 bath room/ü% a&b c 3" }, got)
    assert.are.same({ "2.05 1", "2.05 3" }, root)
  end)

  it("of a pattern tells those of one path, or of all", function()
    local values = { a = 1, b = 1 }
    local resource = server:resource("/sensors/{id}", { observable = true,
      get = function(req) return values[req.params.id] end })
    server:resource("/sensors/other", { observable = true, get = function() return "other" end })
    server:start()
    local a, b, other = observe("/sensors/a"), observe("/sensors/b"), observe("/sensors/other")
    values.a, values.b = 2, 2
    resource:notify { id = "a" }
    wait_for(a, 2)
    assert.are.same({ "2.05 1" }, b)
    resource:notify()
    wait_for(a, 3)
    wait_for(b, 2)
    assert.are.same({ "2.05 1", "2.05 2", "2.05 2" }, a)
    assert.are.same({ "2.05 1", "2.05 2" }, b)
    assert.are.same({ "2.05 other" }, other)
  end)

  for _, path in ipairs { "/n/", "/n/a%3Fb", "/n/a%23b", "/n/%2541", "/n/q?a=1?2&b", "/n?a=%23" } do
    it("tells those of " .. path, function()
      local state = 1
      local init = { observable = true, get = function(req)
        return ("%s %s %d"):format(req.path, req.arguments[1], state)
      end }
      local all = { server:resource("/n", init), server:resource("/n/{path*}", init) }
      server:start()
      local got = observe(path)
      state = 2
      all[1]:notify()
      all[2]:notify()
      wait_for(got, 2)
      assert.are.equal(got[1]:gsub("1$", "2"), got[2])
    end)
  end

  it("lets others in while it tells of many paths", function()
    local order, told = {}, 0
    local resource = server:resource("/many/{id}", { observable = true, get = function(req)
      order[#order + 1] = req.notifying and "told" or nil
      return req.params.id
    end })
    server:start()
    local client = lunacoap.CoAP { Timeout = 5, OnNotification = function() told = told + 1 end }
    clients[1] = client
    for i = 1, 250 do
      client:StartObserving(server:uri("/many/" .. i))
    end
    resource:notify()
    lunacoap.sleep(0)
    lunacoap.spawn(function() order[#order + 1] = "other" end)
    assert.is_true(process.wait(function() return told == 500 end))
    assert.are.equal(251, #order)
    assert.are_not.equal("other", order[251])
  end)

  it("goes on telling after it could not", function()
    local resource = server:resource("/x", { observable = true, get = function() return "x" end })
    server:start()
    server.coap:Shutdown()
    resource:notify()
    assert.is_true(process.wait(function() return #errors > 0 end))
    assert.matches("ListObserved needs server mode", errors[1])
    server.coap:StartListening()
    local got = observe("/x")
    resource:notify()
    wait_for(got, 2)
  end)

  it("that is gone ends its observations with 4.04", function()
    local value = 1
    local resource = server:resource("/x", { observable = true, get = function() return value end })
    server:start()
    local got = observe("/x")
    value = nil
    resource:notify()
    wait_for(got, 2)
    assert.are.equal("4.04 ", got[2])
    assert.are.same({}, server.coap:ListObserved())
  end)

  it("keeps its observers when get fails, and reports the error", function()
    local broken = false
    local resource = server:resource("/x", { observable = true, get = function()
      return broken and error("sensor broken") or "fine"
    end })
    server:start()
    local got = observe("/x")
    broken = true
    resource:notify()
    assert.is_true(process.wait(function() return #errors > 0 end))
    assert.matches("observation_spec.lua:%d+: sensor broken", errors[1])
    broken = false
    resource:notify()
    wait_for(got, 2)
    assert.are.same({ "2.05 fine", "2.05 fine" }, got)
  end)

  it("does nothing after stop, or when nobody observes it", function()
    local calls = 0
    local resource = server:resource("/x", { observable = true, get = function()
      calls = calls + 1
      return ""
    end })
    resource:notify()
    server:start()
    resource:notify()
    lunacoap.sleep(0)
    server:stop()
    resource:notify()
    lunacoap.sleep(0.01)
    assert.are.equal(0, calls)
  end)

  it("goes through the layers, which see that it is a notification", function()
    local seen = {}
    server:use(function(req, go_on)
      seen[#seen + 1] = ("%s %s"):format(req.observing, req.notifying)
      return go_on()
    end)
    local resource = server:resource("/x", { observable = true, get = function() return "" end })
    server:start()
    local got = observe("/x")
    resource:notify()
    wait_for(got, 2)
    assert.are.same({ "true false", "false true" }, seen)
  end)

  it("goes on in blocks when its state is long", function()
    local text = ("a"):rep(3000)
    local resource = server:resource("/x", { observable = true, get = function() return text end })
    server:start()
    local got = observe("/x")
    text = ("b"):rep(5000)
    resource:notify()
    wait_for(got, 2)
    assert.are.equal("2.05 " .. text, got[2])
  end)

  it("is only one that says so: others answer an observer once", function()
    local resource = server:resource("/x", { get = function() return "once" end })
    server:start()
    local client = lunacoap.CoAP { Timeout = 5 }
    clients[1] = client
    local ok, err = pcall(client.StartObserving, client, server:uri("/x"))
    assert.is_false(ok)
    assert.are.equal(710, err.Code)
    assert.are.equal("once", client.ResponseData)
    local told, message = pcall(function() resource:notify() end)
    assert.is_false(told)
    assert.matches("observation_spec.lua:%d+: '/x' is not observable", message)
  end)

  it("refuses a registration as it would a GET", function()
    server:resource("/x", { observable = true, get = function() return nil end })
    server:start()
    local client = lunacoap.CoAP { Timeout = 5 }
    clients[1] = client
    local ok, err = pcall(client.StartObserving, client, server:uri("/x"))
    assert.is_false(ok)
    assert.are.equal(709, err.Code)
    assert.are.same({}, server.coap:ListObserved())
  end)

  it("names the capture that notify lacks", function()
    local resource = server:resource("/a/{x}/{y}", { observable = true, get = print })
    local ok, message = pcall(resource.notify, resource, { x = 1 })
    assert.is_false(ok)
    assert.matches("notify needs a value for {y} of '/a/{x}/{y}'", message)
    ok, message = pcall(resource.notify, resource, 3)
    assert.is_false(ok)
    assert.matches("notify takes a table of what the pattern '/a/{x}/{y}' captures, not 3", message)
  end)
end)
