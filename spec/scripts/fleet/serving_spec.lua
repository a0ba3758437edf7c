-- What devices answer, in time and rightly or not, and what bad scripts do to them.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"

local function it_leaps(name, f)
  it(name, function() fleets.virtual(f) end)
end

-- Asks a device n times; how many answers there were of each code, and how many took a while.
local function ask(device, n, path)
  local codes, slow, shortest, longest = {}, 0, math.huge, 0
  local client = fleets.client()
  for _ = 1, n do
    local began = lunacoap.now()
    local code = client.get(device:uri(path or "/x"))
    local seconds = lunacoap.now() - began
    codes[code] = (codes[code] or 0) + 1
    if seconds > 0 then
      slow, shortest, longest = slow + 1, math.min(shortest, seconds), math.max(longest, seconds)
    end
  end
  return codes, slow, shortest, longest
end

local function started(fleet, init)
  init.resources = init.resources or { ["/x"] = { get = function() return "here" end } }
  local one = fleet(init)
  one:start()
  lunacoap.sleep(1)
  return one, one.devices[1]
end

describe("the resources of a device", function()
  it_leaps("are handlers with the device first, sensors by name, and attributes of links", function(_, fleet)
    local one, device = started(fleet, { count = 2, sensors = { t = function(t) return t end },
      state = { target = 20 }, resources = {
        ["/target"] = { rt = "temp", ["if"] = "core.p", ct = "text", title = "wanted",
          get = function(d) return d.state.target end,
          put = function(d, request) d.state.target = tonumber(request.payload) end },
        ["/now"] = { get = "t", observable = true, ct = { 0, 50 } },
        ["/by/{name}"] = { get = function(d, request) return d.name .. request.params.name end },
      } })
    local client <close> = lunacoap.CoAP { Timeout = 5, RequestData = "23" }
    client:Put(device:uri "/target")
    assert.are.equal("2.04", client.ResponseCode)
    local get = fleets.client().get
    assert.are.same({ "2.05", "23" }, { get(device:uri "/target") })
    assert.are.same({ "2.05", "20" }, { get(one.devices[2]:uri "/target") })
    assert.are.same({ "2.05", "device-2x" }, { get(one.devices[2]:uri "/by/x") })
    assert.are.equal(1, tonumber(select(2, get(device:uri "/now"))))
    assert.are.equal("4.04", (get(device:uri "/none")))
    local _, links = get(device:uri "/.well-known/core")
    assert.are.equal(links, lunacoap.linkformat.format(device:links()))
    for _, piece in ipairs { "</target>;", 'if="core.p"', 'rt="temp"', 'title="wanted"', "ct=0" } do
      assert.is_truthy(links:find(piece, 1, true), links)
    end
    assert.is_truthy(links:find('ct="0 50"', 1, true) and links:find("obs", 1, true), links)
    assert.are.same({ ["2.04"] = 1, ["2.05"] = 5, ["4.04"] = 1 }, one.counts.served_codes)
  end)

  it_leaps("may be slow at about their rate", function(_, fleet)
    local _, device = started(fleet, { slow = { rate = 0.2, by = { 0.5, 2 } } })
    local codes, slow, shortest, longest = ask(device, 1000)
    assert.are.same({ ["2.05"] = 1000 }, codes)
    assert.is_true(slow > 150 and slow < 250, slow)
    assert.is_true(shortest >= 0.5 and shortest < 0.6 and longest > 1.9 and longest <= 2.001)
  end)

  it_leaps("may be wrong at about their rate, with a code or as a function has it", function(_, fleet)
    local _, device = started(fleet, { wrong = { rate = 0.1, code = "5.03" } })
    local codes = ask(device, 1000)
    assert.is_true(codes["5.03"] > 60 and codes["5.03"] < 140, codes["5.03"])
    assert.are.equal(1000, codes["5.03"] + codes["2.05"])
    local one, other = started(fleet, { wrong = { rate = 1, code = function(d, request)
      return lunacoap.response("4.29", d.name .. request.path)
    end } })
    assert.are.same({ "4.29", "device-1/x" }, { fleets.client().get(other:uri "/x") })
    assert.are.same({ ["4.29"] = 1 }, one.counts.served_codes)
  end)

  it_leaps("may be both, and neither concerns notifications", function(_, fleet)
    local _, device = started(fleet, { slow = { rate = 1, by = 1 }, wrong = { rate = 0.5 },
      resources = { ["/x"] = { observable = true, get = function() return "here" end } } })
    local codes, slow = ask(device, 100)
    assert.are.equal(100, slow)
    assert.is_true(codes["5.00"] > 30 and codes["2.05"] > 30)
    local told = 0
    local client <close> = lunacoap.CoAP { Timeout = 100, OnNotification = function() told = told + 1 end }
    repeat until pcall(client.StartObserving, client, device:uri "/x")
    for _ = 1, 20 do
      local before = told
      device:notify "/x"
      lunacoap.sleep(0.1)
      assert.are.equal(before + 1, told)
    end
  end)

  it_leaps("have faults of their own for each device, the same for the same seed", function(_, fleet)
    local function arrived(seed)
      local some = fleet { count = 3, seed = seed, faults = lunacoap.faults { receiving = { loss = 0.5 } },
        resources = { ["/x"] = { get = function() return "here" end } } }
      some:start()
      lunacoap.sleep(1)
      local results = {}
      for i, device in ipairs(some.devices) do
        local client <close> = lunacoap.CoAP { Timeout = 1, UseConfirmableMessages = false }
        client:Config "ProbingRate=0"
        local text = ""
        for _ = 1, 30 do
          text = text .. (pcall(client.Get, client, device:uri "/x") and "+" or "-")
        end
        results[i] = text
      end
      return results
    end
    local first = arrived(1)
    assert.are.same(first, arrived(1))
    assert.are_not.same(first, arrived(2))
    assert.are_not.equal(first[1], first[2])
    assert.are_not.equal(first[2], first[3])
  end)
end)

describe("a bad script", function()
  it_leaps("raises in handlers what is no text, and the device answers 5.00", function(_, fleet)
    local values = { {}, 3, true, setmetatable({}, { __tostring = function() error "worse" end }),
      setmetatable({}, { __tostring = function() return "fine words" end }), "at its line" }
    local one, device = started(fleet, { resources = { ["/x"] = { get = function(d)
      d.state.n = (d.state.n or 0) + 1
      error(values[d.state.n])
    end } } })
    local client = fleets.client()
    for _ = 1, 7 do -- the last one is error(nil)
      assert.are.same({ "5.00", "" }, { client.get(device:uri "/x") })
    end
    local told = fleets.troubles(one)
    assert.are.same({ "2 x an error that is no text, but a table", "1 x an error that is no text, but a number",
      "1 x an error that is no text, but a boolean" }, { told[1], told[2], told[3] })
    assert.are.equal(7, one.counts.served_codes["5.00"])
    local all = table.concat(told, "\n")
    assert.matches("fine words", all)
    assert.matches("serving_spec%.lua:%d+: at its line", all)
    assert.matches("a nil", all)
    assert.are.same({ up = 1 }, fleets.phases(one))
  end)

  it("names resources badly, and is told which", function()
    for text, resources in pairs {
      ["the device's resource 'temperature': .*"] = { temperature = { get = print } },
      ["the device's resource '1': "] = { { get = print } },
      ["the device's '/t' takes a table with its handlers"] = { ["/t"] = print },
      ["the device's resource '/t': a resource has no field 'gett'"] = { ["/t"] = { gett = print } },
      ["the device's resource '/t': the resource's 'put' takes a function, not a number"] = { ["/t"] = { put = 3 } },
      ["the device's '/t' has no sensor 'temp' to get"] = { ["/t"] = { get = "temp" } },
      ["two resources for '/{b}'"] = { ["/{a}"] = { get = print }, ["/{b}"] = { get = print } },
      ["the device's resource '/{a': "] = { ["/{a"] = { get = print } },
      ["the device's resource '/t': a resource that is observable needs a get handler"] = { ["/t"] = { observable = true } },
      ["the device's resource '/t': .*content.format"] = { ["/t"] = { ct = "nonsense", get = print } },
    } do
      local ok, err = pcall(function() return lunacoap.fleet { resources = resources }, 1 end)
      assert.is_false(ok)
      assert.matches("^spec/scripts/fleet/serving_spec%.lua:%d+: ", err)
      assert.matches(text, err)
    end
  end)

  it_leaps("reads sensors and notifies resources that are not there, or not observable", function(_, fleet)
    local _, device = started(fleet, { resources = { ["/x"] = { get = function() return "" end } } })
    for text, f in pairs {
      ["the device has no sensor 'temp'"] = function() device:read "temp" end,
      ["the device has no sensor 'nil'"] = function() device:read() end,
      ["the device has no resource '/y'"] = function() device:notify "/y" end,
      ["the device has no resource 'nil'"] = function() device:notify() end,
      ["'/x' is not observable"] = function() device:notify "/x" end,
      ["sleep takes seconds, or a text such as .* not 'long'"] = function() device:sleep "long" end,
      ["sleep takes seconds, .* not nil"] = function() device:sleep() end,
      ["reboot takes seconds, .* not %-1"] = function() device:reboot(-1) end,
      ["offline takes seconds, .* not nil"] = function() device:offline() end,
      ["random takes no argument, or one or two whole numbers"] = function() device:random(3, 2) end,
    } do
      local ok, err = pcall(f)
      assert.is_false(ok)
      assert.matches("^spec/scripts/fleet/serving_spec%.lua:%d+: " .. text, err)
    end
    device:rebind()
    assert.are.equal("up", device.phase)
  end)

  it_leaps("has sensors that raise: 5.00, told once for all", function(_, fleet)
    local many = fleet { count = 20, sensors = { t = function() error "burnt" end },
      resources = { ["/t"] = { get = "t" } } }
    many:start()
    lunacoap.sleep(1)
    for _, device in ipairs(many.devices) do
      assert.are.equal("5.00", (fleets.client().get(device:uri "/t")))
    end
    assert.matches("^20 x spec.*: burnt$", fleets.troubles(many)[1])
    assert.are.equal(1, #many.counts.trouble_list)
  end)

  it_leaps("has notifications that raise, and keeps the observers", function(_, fleet)
    local one, device = started(fleet, { resources = { ["/x"] = { observable = true, get = function(d)
      if d.state.broken then
        error "no state"
      end
      return "fine"
    end } } })
    local told = {}
    local client <close> = lunacoap.CoAP { Timeout = 5, OnNotification = function(coap) told[#told + 1] = coap.ResponseData end }
    client:StartObserving(device:uri "/x")
    for _, broken in ipairs { true, false } do
      device.state.broken = broken
      device:notify "/x"
      lunacoap.sleep(1)
    end
    assert.are.same({ "fine", "fine" }, told)
    assert.matches("^1 x .*no state$", fleets.troubles(one)[1])
  end)
end)
