-- Registrations over time: refreshed, made anew, tried again, given up; in virtual time.
local Directory = require "spec.support.directory"
local lunacoap = require "lunacoap"

local directory = lunacoap.directory

local registrations

-- A spec whose registrations end with it, also when it fails.
local function in_virtual_time(name, f)
  it(name, function()
    registrations = {}
    local ok, raised = pcall(lunacoap.virtual, f)
    for _, registration in ipairs(registrations) do
      registration:stop()
    end
    if not ok then
      error(raised, 0)
    end
  end)
end

-- A directory at a port of its own, so that it can come back.
local function directory_at(port, prefix)
  return Directory.new({ LocalHost = "127.0.0.1", LocalPort = port }, prefix)
end

local function register(rd, init)
  local coap = lunacoap.CoAP()
  init.ep = "node-1"
  local registration = directory.register(coap, rd:uri(), init)
  registrations[#registrations + 1] = registration
  return registration, coap
end

describe("a registration over time", function()
  in_virtual_time("is refreshed before its lifetime ends, with nothing but a POST", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100, links = "</x>" })
    rd:take()
    lunacoap.sleep(230)
    assert.are.same({ "POST /reg/1 @75.0", "POST /reg/1 @150.0", "POST /reg/1 @225.0" }, rd:take())
    assert.are.equal("", rd.last.payload)
    assert.is_true(registration.registered)
  end)

  in_virtual_time("has 25 hours without a lifetime, and may have 136 years", function()
    local rd <close> = Directory.new()
    local registration = register(rd, {})
    assert.are.equal(90000, registration.lifetime)
    rd:take()
    lunacoap.sleep(67501)
    assert.are.same({ "POST /reg/1 @67500.0" }, rd:take())
    registration:update { lt = 4294967295 }
    lunacoap.sleep(1e9)
    lunacoap.sleep(1)
    assert.are.equal(2, #rd:take()) -- timers know no more than a thousand million seconds
  end)

  in_virtual_time("is refreshed at times that chance spreads", function()
    local rd <close> = Directory.new()
    local numbers, drawn = { 0.5, 0, 0.999 }, 0
    register(rd, { lt = 100, random = function()
      drawn = drawn + 1
      return numbers[drawn]
    end })
    rd:take()
    lunacoap.sleep(146)
    assert.are.same({ "POST /reg/1 @70.0", "POST /reg/1 @145.0" }, rd:take())
  end)

  in_virtual_time("is made anew when the directory has forgotten it", function()
    local rd = directory_at(5683)
    local registration = register(rd, { lt = 100, d = "x", links = "</x>" })
    rd:close()
    rd = directory_at(5683, "again")
    lunacoap.sleep(80)
    assert.are.same({ "POST /reg/1 @75.0", "POST /reg?ep=node-1&d=x&lt=100 @75.0" }, rd:take())
    assert.are.equal("</x>", rd.last.payload)
    assert.are.equal(rd:uri("/reg/again1"), registration.location)
    lunacoap.sleep(75)
    assert.are.same({ "POST /reg/again1 @150.0" }, rd:take())
    rd:close()
  end)

  in_virtual_time("is tried again with growing pauses while nobody answers", function()
    local rd = directory_at(5683)
    local tries = {}
    local registration, coap = register(rd, { lt = 4000, on_trouble = function(self, message)
      assert.are.equal(self.trouble, message)
      assert.matches("Connection refused", message)
      tries[#tries + 1] = ("%.0f"):format(lunacoap.now() - rd.began)
    end })
    rd:close()
    lunacoap.sleep(8000)
    -- 2, 4, 8 ... seconds, and then 15 minutes apart.
    assert.are.equal("3000 3002 3006 3014 3030 3062 3126 3254 3510 4022 4922 5822 6722 7622",
      table.concat(tries, " "))
    assert.is_false(registration.registered)
    rd = directory_at(5683)
    lunacoap.sleep(900)
    assert.are.same({ "POST /reg?ep=node-1&lt=4000 @522.0" }, rd:take())
    assert.are.same({ true, nil }, { registration.registered, registration.trouble })
    coap:Shutdown()
    rd:close()
  end)

  in_virtual_time("pauses no longer than half a short lifetime, and chance spreads the pauses", function()
    local rd = directory_at(5683)
    local tries = {}
    register(rd, { lt = 60, random = function() return 0.5 end,
      on_trouble = function() tries[#tries + 1] = ("%.1f"):format(lunacoap.now() - rd.began) end })
    rd:close()
    lunacoap.sleep(140)
    assert.are.equal("42.0 44.1 48.3 56.7 73.5 105.0 136.5", table.concat(tries, " "))
  end)

  in_virtual_time("outlives a directory that does not answer but is still there", function()
    local rd <close> = directory_at(5683)
    local registration, coap = register(rd, { lt = 1000 })
    rd:take()
    lunacoap.sleep(740)
    coap:Configure(lunacoap.faults { sending = { loss = 1 } })
    lunacoap.sleep(100)
    assert.are.same({}, rd:take())
    assert.matches("301", registration.trouble)
    coap:Configure(lunacoap.faults {})
    lunacoap.sleep(100)
    -- RFC 9176 5.3.1: after an update that failed in any way it is registered again.
    assert.matches("^POST /reg%?ep=node%-1&lt=1000 ", rd:take()[1])
    assert.are.equal(1, rd:count_places())
  end)

  in_virtual_time("has patience with a directory that is busy, unless the lifetime ends before", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100, links = "</x>" })
    rd:take()
    rd.refuses = { "5.03", "busy", max_age = 20 }
    lunacoap.sleep(80)
    assert.are.same({ "POST /reg/1 @75.0" }, rd:take())
    assert.matches("5.03 Service Unavailable: busy", registration.trouble)
    rd.refuses = { "5.03", "busy", max_age = 10 }
    lunacoap.sleep(18)
    assert.are.same({ "POST /reg/1 @95.0", "POST /reg?ep=node-1&lt=100 @95.0" }, rd:take())
    rd.refuses = nil
    lunacoap.sleep(10)
    assert.are.same({ "POST /reg?ep=node-1&lt=100 @105.0" }, rd:take())
  end)

  in_virtual_time("is made anew when the links of its server are others", function()
    local rd <close> = Directory.new()
    local server = lunacoap.server { LocalHost = "127.0.0.1" }
    server:start()
    register(rd, { lt = 100, links = server })
    rd:take()
    lunacoap.sleep(80)
    server:resource("/x", { get = function() return 1 end })
    lunacoap.sleep(75)
    assert.are.same({ "POST /reg/1 @75.0",
      "POST /reg?ep=node-1&lt=100&base=" .. server:uri("") .. " @150.0" }, rd:take())
    assert.are.equal("</x>", rd.last.payload)
    server:stop()
  end)
end)

describe("update", function()
  in_virtual_time("sends what has changed, and begins the lifetime anew", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100, attributes = { a = 1 }, links = "</x>" })
    lunacoap.sleep(50)
    rd:take()
    registration:update { lt = 1000, base = "coap://10.0.0.1", attributes = { b = 2 } }
    assert.are.same({ "POST /reg/1?lt=1000&base=coap://10.0.0.1&b=2 @50.0" }, rd:take())
    assert.are.equal(1000, registration.lifetime)
    lunacoap.sleep(751)
    assert.are.same({ "POST /reg/1 @800.0" }, rd:take())
    registration:update { links = "</y>" }
    assert.are.same({ "POST /reg?ep=node-1&lt=1000&base=coap://10.0.0.1&a=1&b=2 @801.0" }, rd:take())
    assert.are.equal("</y>", rd.last.payload)
  end)

  in_virtual_time("registers anew where that is needed, and raises when that fails, too", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd.entries = {}
    registration:update { lt = 200 }
    rd:take()
    rd.refuses = { "4.03", "not you" }
    local ok, message = pcall(function() registration:update { lt = 300 } end)
    assert.is_false(ok)
    assert.matches("^spec/scripts/directory/refresh_spec.lua:%d+: POST .*/reg: 4.03 Forbidden: not you",
      message)
    rd.refuses = nil
    lunacoap.sleep(3)
    assert.are.equal("POST /reg?ep=node-1&lt=300 @2.0", rd:take()[3])
  end)

  in_virtual_time("is not forgotten when the directory was busy", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd.refuses = { "5.03", max_age = 10 }
    assert.matches("5.03", tostring(select(2, pcall(registration.update, registration, { lt = 300 }))))
    rd.refuses = nil
    rd:take()
    lunacoap.sleep(11)
    assert.are.same({ "POST /reg?ep=node-1&lt=300 @10.0" }, rd:take())
  end)

  in_virtual_time("takes what can be changed", function()
    local rd <close> = Directory.new()
    local registration = register(rd, {})
    assert.matches("an update has no field 'ep'",
      tostring(select(2, pcall(registration.update, registration, { ep = "x" }))))
  end)
end)

describe("the end of a registration", function()
  in_virtual_time("is a DELETE, and nothing afterwards", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd:take()
    registration:remove()
    lunacoap.sleep(500)
    assert.are.same({ "DELETE /reg/1 @0.0" }, rd:take())
    assert.are.same({ false, nil }, { registration.registered, registration.location })
    registration:remove()
    assert.are.same({}, rd:take())
  end)

  in_virtual_time("raises when the directory refuses, but not when it has forgotten", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd.entries = {}
    registration:remove()
    registration = register(rd, { lt = 100 })
    rd.refuses = { "4.01" }
    assert.matches("DELETE .*/reg/1: 4.01 Unauthorized$",
      select(2, pcall(registration.remove, registration)))
  end)

  in_virtual_time("comes by itself after stop", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd:take()
    registration:stop()
    lunacoap.sleep(99)
    assert.is_true(registration.registered)
    lunacoap.sleep(2)
    assert.is_false(registration.registered)
    assert.are.same({}, rd:take())
  end)

  in_virtual_time("holds while a refresh is on its way", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100 })
    rd.server:use(function(_, go_on)
      lunacoap.sleep(1)
      return go_on()
    end)
    rd.entries = {}
    lunacoap.sleep(76.5) -- the refresh was answered by 4.04, and what registers anew is on its way
    registration:remove()
    lunacoap.sleep(500)
    assert.are.same({}, rd.entries)
  end)
end)

describe("a registration in the background", function()
  in_virtual_time("begins when the directory is there", function()
    local troubles = {}
    local registration = directory.register(lunacoap.CoAP(), "coap://127.0.0.1:5683", {
      ep = "node-1", wait = false, on_trouble = function(_, text) troubles[#troubles + 1] = text end,
    })
    assert.is_false(registration.registered)
    lunacoap.sleep(5)
    assert.are.equal(2, #troubles)
    local _ <close> = directory_at(5683)
    lunacoap.sleep(5)
    assert.is_true(registration.registered)
    registration:remove()
  end)

  in_virtual_time("is not refreshed by itself when nobody wants it", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100, refresh = false })
    rd:take()
    lunacoap.sleep(90)
    registration:update()
    assert.are.same({ "POST /reg/1 @90.0" }, rd:take())
    lunacoap.sleep(500)
    assert.are.same({}, rd:take())
  end)
end)

describe("a simple registration", function()
  in_virtual_time("asks the directory to fetch the links, again and again", function()
    local rd <close> = Directory.new()
    local registration = register(rd, { lt = 100, d = "x", simple = true })
    lunacoap.sleep(80)
    assert.are.same({ "POST /.well-known/rd?ep=node-1&d=x&lt=100 @0.0",
      "POST /.well-known/rd?ep=node-1&d=x&lt=100 @75.0" }, rd:take())
    assert.are.same({ "", nil }, { rd.last.payload, registration.location })
    registration:remove()
    lunacoap.sleep(100)
    assert.are.same({}, rd:take())
  end)

  in_virtual_time("may be refused", function()
    local rd <close> = Directory.new()
    rd.refuses = { "4.00", "cannot reach you" }
    assert.matches("POST .*/.well%-known/rd: 4.00 Bad Request: cannot reach you$",
      select(2, pcall(register, rd, { simple = true })))
  end)
end)

describe("ten thousand registrations", function()
  in_virtual_time("take little memory each", function()
    local answer = { code = "2.01", name = "Created", options = {},
      values = function() return { "reg", "1" } end }
    local function post() return answer end
    local client = { get = post, post = post, delete = post }
    local list = {}
    local function fill(from, to)
      for i = from, to do
        list[i] = directory.register(client, "coap://10.0.0.1/rd", { ep = "node-" .. i, lt = 60,
          links = "</temperature>;rt=\"temperature\"" })
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage("count") * 1024
    end
    local before = fill(1, 1000)
    local each = (fill(1001, 3000) - before) / 2000
    assert.is_true(each < 1000, ("%.0f bytes"):format(each))
    for _, registration in ipairs(list) do
      registration:stop()
    end
  end)
end)
