-- What devices ask of others, and observe.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"

local function it_leaps(name, f)
  it(name, function() fleets.virtual(f) end)
end

-- The answer to what a device does once it is up: its function's result, or "error: text".
local function outcome(fleet, init, f)
  local result
  init.start = function(device)
    device:sleep(0)
    local ok, value = pcall(f, device)
    result = ok and value or "error: " .. tostring(value)
  end
  local one = fleet(init)
  one:start()
  lunacoap.sleep(300)
  return result, one
end

describe("a request of a device", function()
  it_leaps("has any method, payload and options, and an answer of any code", function(central, fleet)
    local seen = {}
    central.answer = function(coap, e)
      seen[#seen + 1] = ("%d %s %s %d"):format(e.Method, e.URIPath, coap.RequestData, coap.RequestContentFormat)
      coap.ResponseCode = e.URIPath == "/no" and "4.04" or "2.05"
    end
    local codes = outcome(fleet, {}, function(device)
      return table.concat({
        device:get("/a").code, device:post("/b", "b").code, device:put("/c", { n = 1 }).code,
        device:delete("/d").code, device:fetch("/e", "e", { format = "text" }).code,
        device:patch("/f", "f").code, device:ipatch("/g", "g").code, device:get("/no").code,
        device:get("/h", { accept = "json", timeout = 3 }).code,
      }, " ")
    end)
    assert.are.equal("2.05 2.05 2.05 2.05 2.05 2.05 2.05 4.04 2.05", codes)
    assert.are.same({ "1 /a  -1", "2 /b b -1", "3 /c {\"n\":1} 50", "4 /d  -1", "5 /e e 0", "6 /f f -1",
      "7 /g g -1", "1 /no  -1", "1 /h  -1" }, seen)
  end)

  it_leaps("is counted with its outcome", function(central, fleet)
    central.answer = function(coap, e)
      lunacoap.sleep(0.5)
      coap.ResponseCode = e.URIPath == "/no" and "4.04" or "2.05"
      e.SendResponse = e.URIPath ~= "/never"
    end
    local result, one = outcome(fleet, {}, function(device)
      device:get "/a"
      device:get "/no"
      device:get("/never", { timeout = 2 })
    end)
    assert.matches("^error: 301: ", result)
    local row = one.counts.interval
    assert.are.same({ 3, 2, 1, 1, 1, 0 }, { row.sent, row.answered, row.failed, row:responses "2.xx",
      row:responses "4.xx", one.counts.outstanding })
    assert.is_true(math.abs(row.latency:percentile(50) - 0.5) < 0.05)
    assert.are.same({}, fleets.troubles(one))
  end)

  it_leaps("for which an error has no answer is told nowhere, but for what a script makes of it", function(central, fleet)
    central.coap:Shutdown()
    local many = fleet { count = 100, every = { { 10, function(device) device:get "/x" end },
      { 10, function(device)
        if not pcall(device.get, device, "/y") then
          error("cannot report", 0)
        end
      end } } }
    many:start()
    lunacoap.sleep(10)
    assert.are.equal(1, #fleets.troubles(many))
    assert.matches("^100 x spec/scripts/fleet/client_spec.lua:%d+: cannot report$", fleets.troubles(many)[1])
    assert.are.equal(200, many.counts.interval.failed)
  end)

  it_leaps("that is wrong is told with its line, and not counted", function(_, fleet)
    for text, f in pairs {
      ["get takes a URI such as coap://localhost/time, not nil"] = function(device) device:get() end,
      ["a request takes accept, .* but not 'acept'"] = function(device) device:get("/x", { acept = 0 }) end,
      ["700: Invalid or malformed URI: "] = function(device) device:get "coap://[::" end,
    } do
      local one = fleet { every = { { 100, f, after = 1 } } }
      one:start()
      lunacoap.sleep(2)
      local told = fleets.troubles(one)
      assert.are.equal(1, #told)
      assert.matches(text, told[1])
      assert.matches("^1 x spec/scripts/fleet/client_spec%.lua:%d+: ", told[1])
      assert.are.same({ 0, 0 }, { one.counts.interval.sent, one.counts.outstanding })
    end
  end)

  it_leaps("to \"/path\" needs a server", function(_, fleet)
    local one = fleet { server = "coap://h", every = { { 100, function(device) device:get "/x" end, after = 1 } } }
    one.plan.server = nil
    one:start()
    lunacoap.sleep(2)
    assert.matches("client_spec%.lua:%d+: '/x' is of no server: give the device one, or write a whole URI$",
      fleets.troubles(one)[1])
  end)

  it_leaps("is sent by none that has no power", function(_, fleet)
    local three = fleet { count = 3, ramp = { over = 100 } , name = "d{index}" }
    local function said(i)
      local _, err = pcall(function() three.devices[i]:get "/x" end)
      assert.matches("^spec/scripts/fleet/client_spec.lua:%d+: ", err)
      return (err:gsub("^.-: ", ""))
    end
    assert.are.equal("d1 is waiting, and sends nothing", said(1))
    three:start()
    lunacoap.sleep(1)
    three.devices[1]:reboot(10)
    assert.are.equal("d1 is rebooting, and sends nothing", said(1))
    lunacoap.sleep(20)
    assert.are.equal("2.05", three.devices[1]:get("/x").code)
    three:stop()
    assert.are.equal("d1 is stopped, and sends nothing", said(1))
    assert.are.equal("d3 is waiting, and sends nothing", said(3))
    local _, err = pcall(function() three.devices[3]:uri() end)
    assert.matches("client_spec.lua:%d+: d3 is not started, and has no address yet$", err)
  end)

  it_leaps("waits for the one before to the same peer (NSTART 1), and each task has its own answer", function(central, fleet)
    local at_once, most = 0, 0
    central.answer = function(coap, e)
      at_once = at_once + 1
      most = math.max(most, at_once)
      e.SendResponse = true
      coap.ResponseData = coap.RequestData
      at_once = at_once - 1
    end
    local answers = {}
    local rows = {}
    for i = 1, 5 do
      rows[i] = { 1000, function(device) answers[i] = device:post("/x", "payload " .. i).payload end, after = 1 }
    end
    fleet { every = rows, settings = lunacoap.faults { sending = { delay = 1 } } }:start()
    lunacoap.sleep(2.5)
    assert.are.equal(1, #central.log)
    lunacoap.sleep(10)
    assert.are.same({ "payload 1", "payload 2", "payload 3", "payload 4", "payload 5" }, answers)
    local last = 0
    for _, entry in ipairs(central.log) do
      assert.is_true(entry.at - last >= 1)
      last = entry.at
    end
    assert.are.equal(1, most)
  end)

  it_leaps("keeps the time and type of its own from the next one", function(central, fleet)
    central.answer = function(_, e) e.SendResponse = e.URIPath ~= "/never" end
    local seconds = {}
    outcome(fleet, { settings = { Timeout = 20 } }, function(device)
      for _, timeout in ipairs { 2, false, 3 } do
        local began = lunacoap.now()
        pcall(device.get, device, "/never", { timeout = timeout or nil, non = timeout == 2 or nil })
        seconds[#seconds + 1] = math.floor(lunacoap.now() - began + 0.5)
      end
      seconds[#seconds + 1] = device.coap.UseConfirmableMessages
    end)
    assert.are.same({ 2, 20, 3, true }, seconds)
  end)

  it_leaps("in a handler is sent by a task beside it, and its failure is the handler's", function(central, fleet)
    local one = fleet { resources = {
      ["/relay"] = { get = function(device) return device:get("/x").payload end },
      ["/fails"] = { get = function(device) return device:get("/never", { timeout = 1 }).payload end },
      ["/asks"] = { get = function(device)
        local a, b = device:get("/a"), device:get("/b")
        return a.payload .. b.payload
      end },
    } }
    central.answer = function(coap, e)
      e.SendResponse = e.URIPath ~= "/never"
      coap.ResponseData = e.URIPath
    end
    one:start()
    lunacoap.sleep(1)
    local client, device = fleets.client(), one.devices[1]
    assert.are.same({ "2.05", "/x" }, { client.get(device:uri "/relay") })
    assert.are.same({ "2.05", "/a/b" }, { client.get(device:uri "/asks") })
    assert.are.same({ "5.00", "" }, { client.get(device:uri "/fails") })
    assert.are.same({}, fleets.troubles(one))
    assert.are.same({ ["2.05"] = 2, ["5.00"] = 1 }, one.counts.served_codes)
    assert.are.equal(1, one.counts.interval.failed)
  end)
end)

describe("an observation of a device", function()
  it_leaps("calls its function for each state, the first too, and ends when that returns false", function(central, fleet)
    local seen = {}
    local one = fleet { start = function(device)
      device:observe("/observed/a", function(self, answer)
        seen[#seen + 1] = self.name .. " " .. answer.payload
        return answer.payload ~= "stop"
      end)
      seen[#seen + 1] = "began"
    end }
    one:start()
    lunacoap.sleep(1)
    for _, state in ipairs { "one", "stop", "two" } do
      central.tell("/observed/a", state)
      lunacoap.sleep(1)
    end
    assert.are.same({ "device-1 /observed/a", "began", "device-1 one", "device-1 stop" }, seen)
    assert.are.equal(0, #central.coap:ListObserved())
    assert.are.equal(3, one.counts.notifications)
  end)

  it_leaps("of two resources at once keeps them apart, whoever is told first", function(central, fleet)
    central.answer = function(coap, e)
      lunacoap.sleep(e.URIPath == "/observed/a" and 3 or 0.1)
      coap.ResponseData = "first of " .. e.URIPath
    end
    local seen = { a = {}, b = {} }
    local function observe(name)
      return { 1000, function(device)
        device:observe("/observed/" .. name, function(_, answer) table.insert(seen[name], answer.payload) end)
      end, after = 1 }
    end
    fleet { every = { observe "a", observe "b" } }:start()
    lunacoap.sleep(10)
    central.tell("/observed/b", "news of b")
    central.tell("/observed/a", "news of a")
    lunacoap.sleep(1)
    assert.are.same({ a = { "first of /observed/a", "news of a" }, b = { "first of /observed/b", "news of b" } }, seen)
  end)

  it_leaps("may be begun anew, with another function in place of the first", function(central, fleet)
    local seen = {}
    local one = fleet { start = function(device)
      for i = 1, 2 do
        device:observe("/observed", function(_, answer) table.insert(seen, i .. answer.payload) end)
      end
    end }
    one:start()
    lunacoap.sleep(1)
    central.tell("/observed", "news")
    lunacoap.sleep(1)
    assert.are.same({ "1/observed", "2/observed", "2news" }, seen)
    assert.are.equal(1, #central.coap:ListObserved())
    assert.are.same({}, fleets.troubles(one))
  end)

  it_leaps("ended by false may be begun anew", function(central, fleet)
    local seen = {}
    fleet { every = { { 10, function(device)
      device:observe("/observed", function(_, answer)
        seen[#seen + 1] = answer.payload
        return answer.payload ~= "stop"
      end)
    end, after = 1 } } }:start()
    lunacoap.sleep(2)
    central.tell("/observed", "stop")
    lunacoap.sleep(10)
    central.tell("/observed", "news")
    lunacoap.sleep(1)
    assert.are.same({ "/observed", "stop", "/observed", "news" }, seen)
  end)

  it_leaps("that is refused raises with its line: of nothing, and of what is not observable", function(central, fleet)
    central.answer = function(coap, e) coap.ResponseCode = e.URIPath == "/none" and "4.04" or "2.05" end
    for path, text in pairs {
      ["/none"] = "client_spec%.lua:%d+: /none was refused: 4%.04 Not Found$",
      ["/fixed"] = "710: .*/fixed",
    } do
      local one = fleet { start = function(device) device:observe(path, function() end) end }
      one:start()
      lunacoap.sleep(1)
      assert.matches(text, one.counts.failed_devices[1].text)
    end
    local one = fleet { start = function(device) device:observe "/x" end }
    one:start()
    lunacoap.sleep(1)
    assert.matches("client_spec%.lua:%d+: observe takes a function", one.counts.failed_devices[1].text)
  end)

  it_leaps("is not ended by an error of its function, which is told once", function(central, fleet)
    local count = 0
    local one = fleet { start = function(device)
      device:observe("/observed", function()
        count = count + 1
        error "in vain"
      end)
    end }
    one:start()
    lunacoap.sleep(1)
    central.tell("/observed", "a")
    lunacoap.sleep(1)
    central.tell("/observed", "b")
    lunacoap.sleep(1)
    assert.are.equal(3, count)
    assert.matches("^3 x spec.*: in vain$", fleets.troubles(one)[1])
  end)

  it_leaps("may ask the server in its function, and observe more", function(central, fleet)
    local seen = {}
    local one = fleet { start = function(device)
      device:observe("/observed/a", function(self, answer)
        seen[#seen + 1] = answer.payload
        seen[#seen + 1] = self:get("/x").payload
        if #seen == 2 then
          lunacoap.spawn(function()
            self:observe("/observed/b", function(_, more) seen[#seen + 1] = more.payload end)
          end)
        end
      end)
    end }
    one:start()
    lunacoap.sleep(5)
    central.tell("/observed/a", "news")
    lunacoap.sleep(5)
    assert.are.same({ "/observed/a", "/x", "/observed/b", "news", "/x" }, seen)
  end)

  it_leaps("in a handler works as anywhere", function(central, fleet)
    local seen = {}
    local one = fleet { resources = { ["/go"] = { post = function(device)
      device:observe("/observed", function(_, answer) seen[#seen + 1] = answer.payload end)
      return "observing"
    end } } }
    one:start()
    lunacoap.sleep(1)
    local client <close> = lunacoap.CoAP { Timeout = 10 }
    client:Post(one.devices[1]:uri "/go")
    assert.are.equal("observing", client.ResponseData)
    central.tell("/observed", "news")
    lunacoap.sleep(1)
    assert.are.same({ "/observed", "news" }, seen)
  end)
end)
