-- Devices whose power fails: all that they know is gone, and they begin anew.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local process = require "spec.support.process"

local function it_leaps(name, f)
  it(name, function() fleets.virtual(f) end)
end

-- The messages that a component has sent to a port meanwhile, decoded.
local function sent_meanwhile(port, f)
  local kept, mark = lunacoap.capture.keep(1000), lunacoap.capture.mark()
  f()
  local list = {}
  for _, item in ipairs(lunacoap.capture.list(mark)) do
    if item.direction == "sent" and item.remote:find(":" .. port .. "$") then
      list[#list + 1] = lunacoap.message.decode(item.data)
    end
  end
  lunacoap.capture.keep(kept)
  return list
end

describe("a device that reboots", function()
  for _, way in ipairs { "start", "every", "a resource", "outside", "reboots" } do
    it_leaps("by " .. way .. " begins anew, and nothing of its life before goes on", function(central, fleet)
      local lives, went_on = {}, nil
      local function reboot(device)
        if #lives == 1 then
          device:reboot "5s"
          went_on = true
        end
      end
      local one = fleet {
        state = { n = 0 }, reboots = way == "reboots" and { every = 20, down = "5s" } or nil,
        start = function(device)
          device.state.n = device.state.n + 1
          table.insert(lives, device.state)
          local life = #lives
          device:sleep(10)
          if way == "start" then
            reboot(device)
          end
          while true do
            device:post("/loop", tostring(life))
            device:sleep(1)
          end
        end,
        every = { { 10, function(device)
          if way == "every" then
            reboot(device)
          end
        end, after = 10 } },
        resources = { ["/off"] = { post = function(device)
          reboot(device)
          return "not reached"
        end } },
      }
      one:start()
      lunacoap.sleep(10.5)
      local device = one.devices[1]
      if way == "a resource" then
        local client = lunacoap.CoAP { Timeout = 3 }
        local _, err = pcall(client.Post, client, device:uri "/off")
        assert.are.equal(301, err.Code)
      elseif way == "outside" then
        device:reboot "5s"
        assert.are.equal("rebooting", device.phase)
      elseif way == "reboots" then
        while #lives == 1 do
          lunacoap.sleep(1)
        end
      end
      lunacoap.sleep(way == "reboots" and 0 or 30)
      assert.is_nil(went_on)
      assert.are.equal(2, #lives)
      assert.are_not.equal(lives[1], lives[2])
      assert.are.equal(1, device.state.n)
      local loops, was_second = 0, false
      for _, entry in ipairs(central.log) do
        was_second = was_second or entry.payload == "2"
        assert.is_false(was_second and entry.payload == "1")
        loops = loops + (entry.payload == "2" and 1 or 0)
      end
      assert.is_true(way == "reboots" or loops > 5)
      assert.are.same({}, fleets.troubles(one))
    end)
  end

  it_leaps("has a component again, should a script have closed it", function(_, fleet)
    local one = fleet { reboots = { every = "100s" }, start = function(device) device.coap:Shutdown() end }
    one:start()
    lunacoap.sleep(0.1)
    local first = one.devices[1].coap
    one.devices[1]:reboot "1s"
    lunacoap.sleep(1000)
    assert.are_not.equal(first, one.devices[1].coap)
    assert.are.same({}, fleets.troubles(one))
    assert.are.equal("up", one.devices[1].phase)
  end)

  it_leaps("sends nothing that waited until it is awake, in whatever task", function(central, fleet)
    local one = fleet {}
    one:start()
    lunacoap.sleep(0.1)
    local device = one.devices[1]
    require("lunacoap.fleet.life").fall_asleep(device, 10)
    local ok, err
    lunacoap.spawn(function() ok, err = pcall(device.get, device, "/late") end)
    lunacoap.sleep(1)
    device:reboot "1s"
    lunacoap.sleep(20)
    assert.are.same({ false, "the device has ended" }, { ok, tostring(err) })
    assert.are.same({}, fleets.lines(central))
  end)

  it_leaps("is rebooting for as long as it is off, then starting, then up", function(_, fleet)
    local one = fleet { start = function(device)
      lunacoap.sleep(2)
      device:sleep(0)
    end }
    one:start()
    lunacoap.sleep(3)
    one.devices[1]:reboot(5)
    local seen = {}
    for i = 1, 4 do
      seen[i] = one.devices[1].phase
      lunacoap.sleep(2.3)
    end
    assert.are.same({ "rebooting", "rebooting", "rebooting", "starting" }, seen)
    assert.are.same({ up = 1 }, fleets.phases(one))
    one.devices[1]:reboot()
    lunacoap.sleep(0.9)
    assert.are.same({ rebooting = 1 }, fleets.phases(one))
    lunacoap.sleep(0.2)
    assert.are.same({ starting = 1 }, fleets.phases(one))
  end)

  it_leaps("answers nothing while it is off, and then again on the same port", function(_, fleet)
    local one = fleet { resources = { ["/x"] = { get = function() return "here" end } } }
    one:start()
    lunacoap.sleep(1)
    local uri = one.devices[1]:uri "/x"
    one.devices[1]:reboot(20)
    assert.are.equal(301, select(2, fleets.client { Timeout = 10 }.get(uri)))
    assert.are.equal("2.05", (fleets.client().get(uri)))
    assert.are.equal(uri, one.devices[1]:uri "/x")
    assert.are.same({ ["2.05"] = 1 }, one.counts.served_codes)
  end)

  it_leaps("sends no answer that it was at, and does not go on with it", function(_, fleet)
    local went_on = {}
    local one = fleet { slow = { rate = 1, by = 3 }, resources = { ["/x"] = { get = function(device)
      table.insert(went_on, "get")
      device:sleep(3)
      table.insert(went_on, "slept")
      return "late"
    end } } }
    one:start()
    lunacoap.sleep(1)
    local device, client = one.devices[1], fleets.client { Timeout = 20, UseConfirmableMessages = false }
    lunacoap.timer(1, nil, function() device:reboot(1) end)
    assert.are.equal(301, select(2, client.get(device:uri "/x")))
    assert.are.same({}, went_on)
    lunacoap.timer(4, nil, function() device:reboot(1) end)
    assert.are.equal(301, select(2, client.get(device:uri "/x")))
    assert.are.same({ "get" }, went_on)
    assert.are.same({}, fleets.troubles(one))
    assert.are.equal(0, one.counts.served_in_row)
  end)

  it_leaps("has other Message IDs and tokens", function(central, fleet)
    local one = fleet { start = function(device) device:get "/x" end }
    local list = sent_meanwhile(central.coap.LocalPort, function()
      one:start()
      for _ = 1, 5 do
        lunacoap.sleep(2)
        one.devices[1]:reboot(1)
      end
      lunacoap.sleep(2)
    end)
    assert.are.equal(6, #list)
    local tokens, in_row = {}, 0
    for i, message in ipairs(list) do
      assert.is_nil(tokens[message.token])
      tokens[message.token] = true
      local before = list[i - 1]
      in_row = in_row + (before and message.id == (before.id + 1) & 0xFFFF and 1 or 0)
    end
    assert.are.equal(0, in_row)
  end)

  it("makes a new DTLS session", function()
    local server, uri = dtls.server { SSLCert = false, PSKIdentity = "one", PSKKey = ("11"):rep(16) }
    local sessions, done = 0, 0
    server.OnSSLStatus = function(_, e)
      sessions = sessions + (e.Message:find "is up: .* new" and 1 or 0)
    end
    local one = lunacoap.fleet { server = uri, start = function(device)
      device:get "/x"
      device:get "/x"
      done = done + 1
    end, identity = function() return { PSKIdentity = "one", PSKKey = ("11"):rep(16) } end }
    one:start()
    assert.is_true(process.wait(function() return done == 1 end, 5))
    assert.are.equal(1, sessions)
    one.devices[1]:reboot(0.01)
    assert.is_true(process.wait(function() return done == 2 end, 5))
    assert.are.equal(2, sessions)
    one:stop()
    dtls.stop()
  end)

  it_leaps("has no observers and observes nothing", function(central, fleet)
    local notes, values = {}, 0
    local one = fleet { start = function(device)
      if device.life == 0 then
        device:observe("/observed", function(_, answer) notes[#notes + 1] = answer.payload end)
      end
    end, resources = { ["/v"] = { observable = true, get = function()
      values = values + 1
      return tostring(values)
    end } } }
    one:start()
    lunacoap.sleep(1)
    local told, device = {}, one.devices[1]
    local client <close> = lunacoap.CoAP { Timeout = 10, OnNotification = function(coap) told[#told + 1] = coap.ResponseData end }
    client:StartObserving(device:uri "/v")
    device:notify "/v"
    central.tell("/observed", "one")
    lunacoap.sleep(1)
    assert.are.same({ "1", "2" }, told)
    assert.are.same({ "/observed", "one" }, notes)
    device:reboot(1)
    lunacoap.sleep(2)
    device:notify "/v"
    central.tell("/observed", "two")
    lunacoap.sleep(30)
    assert.are.same({ "1", "2" }, told)
    assert.are.same({ "/observed", "one" }, notes)
    assert.are.equal(0, #central.coap:ListObserved())
    assert.are.equal(1, one.counts.all_notified)
  end)

  it_leaps("observes again when its start says so, also when it was about to", function(central, fleet)
    local notes = {}
    central.answer = function(coap)
      lunacoap.sleep(2)
      coap.ResponseData = "first"
    end
    local one = fleet { start = function(device)
      device:observe("/observed", function(d, answer) notes[#notes + 1] = d.life .. answer.payload end)
    end }
    one:start()
    lunacoap.sleep(1) -- in the middle of its registration
    one.devices[1]:reboot(1)
    lunacoap.sleep(5)
    assert.are.same({ "1first" }, notes)
    one.devices[1]:reboot(1)
    lunacoap.sleep(5)
    central.tell("/observed", "news")
    lunacoap.sleep(1)
    assert.are.same({ "1first", "2first", "2news" }, notes)
  end)

  it_leaps("ends its own task alone, not that of another device or of the script", function(_, fleet)
    local reached = {}
    local two
    two = fleet { count = 2, every = { { 100, function(device)
      if device.index == 1 then
        two.devices[2]:reboot(1)
        reached[#reached + 1] = "neighbour"
        device:reboot(1)
        reached[#reached + 1] = "self"
      end
    end, after = 5 } } }
    two:start()
    lunacoap.sleep(10)
    assert.are.same({ "neighbour" }, reached)
    two.devices[1]:reboot(1) -- on a thread that has been a device's
    two.devices[2]:reboot(1)
  end)

  it_leaps("does not live on in what catches all errors", function(central, fleet)
    local one = fleet { every = { { 100, function(device)
      while device.life == 0 or device.state.zombie do
        pcall(function()
          device.state.zombie = true
          device:reboot(1)
        end)
        pcall(device.rebind, device)
        pcall(device.reboot, device, 100)
        device:post "/zombie"
      end
    end, after = 1 } } }
    one:start()
    lunacoap.sleep(50)
    assert.are.same({}, central.log)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it_leaps("does so ten thousand times at random, with what it takes from its lives", function(_, fleet)
    local began, starts = lunacoap.now(), 0
    local some = fleet { count = 10, reboots = { every = 100, down = 0 }, start = function() starts = starts + 1 end }
    some:start()
    lunacoap.sleep(10000)
    assert.is_true(math.abs(starts - 1010) < 100, starts)
    assert.is_true(some.agenda.n < 100)
    assert.are.equal(10000, math.floor(lunacoap.now() - began + 0.5))
  end)
end)

describe("when several things happen to a device at once", function()
  local function asleep_at(seconds)
    return { awake = seconds, asleep = 100 }
  end

  it_leaps("a reboot ends its sleep, and what was postponed is gone", function(_, fleet)
    local acts = 0
    local one = fleet { sleeps = asleep_at(10), every = { { 50, function() acts = acts + 1 end, after = 20 } } }
    one:start()
    lunacoap.sleep(30)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    one.devices[1]:reboot(5)
    lunacoap.sleep(9)
    assert.are.same({ up = 1 }, fleets.phases(one))
    lunacoap.sleep(7)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    assert.are.equal(0, acts)
    lunacoap.sleep(100) -- 146; it has slept from 45 to 145
    assert.are.equal(1, acts)
  end)

  it_leaps("it is still offline after a reboot, for the network knows nothing of that", function(_, fleet)
    local one = fleet {}
    one:start()
    lunacoap.sleep(1)
    one.devices[1]:offline(20)
    one.devices[1]:reboot(5)
    one.devices[1]:offline(100) -- without power it has no network to lose
    lunacoap.sleep(4)
    assert.are.same({ rebooting = 1 }, fleets.phases(one))
    lunacoap.sleep(5)
    assert.are.same({ offline = 1 }, fleets.phases(one))
    lunacoap.sleep(12)
    assert.are.same({ up = 1 }, fleets.phases(one))
    one.devices[1]:offline(2)
    one.devices[1]:reboot(5)
    lunacoap.sleep(6)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it_leaps("it is offline when it wakes up and the spell is not over, and sleeps in a spell", function(_, fleet)
    local one = fleet { sleeps = { awake = 10, asleep = 10 }, resources = { ["/x"] = { get = function() return "" end } } }
    one:start()
    lunacoap.sleep(5)
    one.devices[1]:offline(17)
    lunacoap.sleep(10) -- 15
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    lunacoap.sleep(6) -- 21
    assert.are.same({ offline = 1 }, fleets.phases(one))
    lunacoap.sleep(2) -- 23
    assert.are.same({ up = 1 }, fleets.phases(one))
    lunacoap.sleep(8) -- 31
    one.devices[1]:offline(2)
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    lunacoap.sleep(4) -- 35: the spell is over, the sleep is not
    assert.are.same({ asleep = 1 }, fleets.phases(one))
    assert.is_nil((fleets.client { Timeout = 1 }.get(one.devices[1]:uri "/x")))
  end)

  it_leaps("it ignores a reboot while it is off", function(_, fleet)
    local one = fleet {}
    one:start()
    lunacoap.sleep(1)
    one.devices[1]:reboot(5)
    lunacoap.sleep(1)
    one.devices[1]:reboot(100)
    lunacoap.sleep(4.5)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  for phase, make in pairs {
    rebooting = function(device) device:reboot(1000) end,
    offline = function(device) device:offline(1000) end,
    asleep = function(device) lunacoap.sleep(15) assert(device.phase == "asleep") end,
    waiting = function(device) pcall(device.get, device, "/never", { timeout = 0.1 }) end,
  } do
    it_leaps("it can be stopped: " .. phase, function(central, fleet)
      central.answer = function(_, e) e.SendResponse = e.URIPath ~= "/never" end
      local one = fleet { sleeps = asleep_at(10), stop = function(device) device:post "/bye" end }
      one:start()
      lunacoap.sleep(1)
      make(one.devices[1])
      local began = lunacoap.now()
      one:stop()
      assert.is_true(lunacoap.now() - began < 1)
      assert.are.same({ stopped = 1 }, fleets.phases(one))
      local last = central.log[#central.log]
      assert.are.equal(phase ~= "rebooting", last ~= nil and last.path == "/bye")
      lunacoap.sleep(2000)
      assert.are.same({ stopped = 1 }, fleets.phases(one))
    end)
  end

  it_leaps("it can be stopped when all happens ever so often", function(_, fleet)
    local many = fleet { count = 50, ramp = 10, every = { { 1, function(device) device:get "/x" end, jitter = 0.5 } },
      sleeps = { awake = 3, asleep = 3, jitter = 0.5 }, reboots = { every = 10, down = 2 },
      offline = { every = 10, down = 3 }, rebinds = { every = 10 }, settings = { Timeout = 10 },
      stop = function(device) device:get "/bye" end }
    many:start()
    local sums = {}
    for _ = 1, 200 do
      lunacoap.sleep(1)
      local sum = 0
      for _, n in pairs(many.counts.phases) do
        assert.is_true(n >= 0)
        sum = sum + n
      end
      sums[sum] = true
      for phase, n in pairs(many.counts.phases) do
        local counted = 0
        for _, device in ipairs(many.devices) do
          counted = counted + (device.phase == phase and 1 or 0)
        end
        assert.are.equal(n, counted)
      end
    end
    assert.are.same({ [50] = true }, sums)
    assert.are.same({}, fleets.troubles(many))
    many:stop()
    assert.are.same({ stopped = 50 }, fleets.phases(many))
    assert.are.equal(0, many.counts.outstanding)
  end)
end)
