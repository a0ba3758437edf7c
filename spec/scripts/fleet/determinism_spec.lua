-- The same seed gives each device the same actions, values and faults, whatever else goes on.
local fleets = require "spec.support.fleet"
local lunacoap = require "lunacoap"

-- A fleet in virtual time whose devices do all that they can: what each did, and when, in lists.
local function traces_of(options)
  return fleets.virtual(function(central, fleet)
    local traces = {}
    local function note(device, text, ...)
      local trace = traces[device.index] or {}
      traces[device.index] = trace
      trace[#trace + 1] = { at = lunacoap.now() - central.began, text = text:format(...) }
    end
    function central.answer(coap)
      -- When it is over, a client asks anew at a time that no seed of ours knows (RFC 7641 3.3.1).
      coap.ResponseOptions:Add { Number = 14, Value = 100000 }
      coap.ResponseData = "x"
    end
    local some = fleet {
      count = options.count or 5, seed = options.seed or 42, ramp = { over = 5, shape = "once" },
      sensors = { t = lunacoap.sensor.noise { amplitude = 1, every = "5m" }
        + lunacoap.sensor.walk { start = 20, step = 1, every = "1m" } },
      start = function(device)
        note(device, "starts")
        device:post("/hello", "x")
        device:observe("/observed", function(self) note(self, "is told") end)
        device:sleep(device:random(1, 5))
        note(device, "is started")
      end,
      every = {
        { "10s", function(device)
          note(device, "reports %.6f in %s", device:read "t", device.phase)
          local answer = device:post("/report", "x")
          note(device, "has %s", answer.code)
        end, jitter = 0.3 },
        { "25s", function(device)
          note(device, "draws %.6f", device:random())
          device:sleep(5)
          note(device, "goes on")
        end },
      },
      sleeps = { awake = 40, asleep = 10, jitter = 0.2 }, reboots = { every = "5m", down = "5s" },
      rebinds = { every = "2m" }, slow = { rate = 0.3, by = { 0.1, 0.5 } }, wrong = { rate = 0.3 },
      resources = { ["/x"] = { get = function(device)
        return tostring(device.state.reads)
      end } },
    }
    some:start()
    for i = 1, options.readers or 0 do
      lunacoap.spawn(function()
        local client = fleets.client { Timeout = 2 }
        while not some.stopping do
          lunacoap.sleep(0.37 * i)
          client.get(some.devices[i % #some.devices + 1]:uri "/x")
        end
      end)
    end
    lunacoap.sleep(900)
    some:stop()
    lunacoap.sleep(10)
    return traces
  end, options.dice)
end

-- Whether two traces are the same, but for what the clock's microseconds make of long times.
local function is_same(a, b)
  for i, entry in ipairs(a) do
    local other = b[i] or { at = 0 }
    if entry.text ~= other.text or math.abs(entry.at - other.at) > 1e-4 then
      return false
    end
  end
  return #a == #b
end

local function assert_same(all, others)
  for i, trace in ipairs(all) do
    assert.is_true(#trace > 150)
    assert.is_true(is_same(trace, others[i]), "device " .. i)
  end
end

describe("the same seed", function()
  local first = traces_of {}

  it("makes the same devices again, whatever the Message IDs", function()
    assert_same(first, traces_of {})
    assert_same(first, traces_of { dice = 7 })
  end)

  it("makes the same devices with readers in between", function()
    assert_same(first, traces_of { readers = 1 })
    assert_same(first, traces_of { readers = 20 })
  end)

  it("makes the same devices beside more of them", function()
    assert_same(first, traces_of { count = 8 })
  end)

  it("makes each device another, and with another seed another one still", function()
    local others = traces_of { seed = 43 }
    for i = 1, 5 do
      assert.is_false(is_same(first[i], first[i % 5 + 1]))
      assert.is_false(is_same(first[i], others[i]))
    end
  end)
end)

describe("on a bad line the same seed", function()
  -- What becomes of each report: which of its datagrams are lost hangs on the device alone.
  local function outcomes(seed, readers)
    return fleets.virtual(function(_, fleet)
      local lists = { {}, {}, {} }
      local some = fleet { count = 3, seed = seed, faults = lunacoap.faults { sending = { loss = 0.3 } },
        settings = { Timeout = 100, MaxRetransmit = 0, AckTimeout = 1 },
        resources = { ["/x"] = { get = function() return "x" end } },
        every = { { 10, function(device)
          local ok = pcall(device.get, device, "/y")
          table.insert(lists[device.index], ok and "+" or "-")
        end } } }
      some:start()
      for i = 1, readers do
        lunacoap.spawn(function()
          local client = fleets.client { Timeout = 1, UseConfirmableMessages = false }
          lunacoap.sleep(11) -- a line of the device's own counts from the first datagram on it
          while not some.stopping do
            lunacoap.sleep(1.3)
            client.get(some.devices[i % 3 + 1]:uri "/x")
          end
        end)
      end
      lunacoap.sleep(501)
      for i, list in ipairs(lists) do
        assert.is_true(#list >= 49)
        lists[i] = table.concat(list)
      end
      some:stop()
      lunacoap.sleep(5)
      return lists
    end)
  end

  it("loses the same datagrams, whoever reads the devices", function()
    local first = outcomes(1, 0)
    assert.are.same(first, outcomes(1, 7))
    assert.are_not.same(first, outcomes(2, 0))
    assert.is_truthy(first[1]:find("-", 1, true) and first[1]:find("+", 1, true))
    assert.are_not.equal(first[1], first[2])
  end)
end)
