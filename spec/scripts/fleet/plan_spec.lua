-- What a script says of a device: every field is checked, and says what it takes.
local lunacoap = require "lunacoap"
local plans = require "lunacoap.fleet.plan"

local function message(init)
  local ok, err = pcall(plans.new, init)
  assert.is_false(ok)
  assert.are.equal("string", type(err))
  return err
end

local function nothing() end

-- A field, values that it does not take, and what is said of each of them.
local WRONG = {
  { "name", { 3, "the device's name takes a string, not 3" },
    { "x-{id}", "the device's name knows {index} and {index:05}, not what is in 'x-{id}'" },
    { "x-{index:5}", "knows {index} and {index:05}" }, { "x-{index:}", "knows {index}" },
    { "{index:0100}", "knows {index}" }, { "}{", "knows {index}" } },
  { "count", { 0, "the device's count takes a whole number from 1 to 10000000, not 0" }, { 2.5, "not 2.5" },
    { "3", "not '3'" } },
  { "seed", { 1.5, "the device's seed takes a whole number" }, { "x", "not 'x'" } },
  { "server", { 3, "the device's server takes the URI of a server such as" }, { "192.0.2.1", "not '192.0.2.1'" },
    { "coap://h:70000", "not 'coap://h:70000'" }, { "coap://h:", "not 'coap://h:'" }, { "coap://[::1]:x", "not" },
    { "coap://h/path", "not 'coap://h/path'" }, { "http://h", "not 'http://h'" }, { "coap://", "not 'coap://'" } },
  { "state", { 3, "the device's state takes a table, not 3" }, { "x", "not 'x'" } },
  { "sensors", { 3, "the device's sensors takes a table" },
    { { t = "x" }, "the device's sensors.t: a signal is made of a function, a number or a range" },
    { { 21 }, "the device's sensors takes a table such as { temperature = lunacoap.sensor.sine { ... } }" } },
  { "resources", { 3, "the device's resources takes a table" } },
  { "every", { 3, "the device's every takes a table, not 3" },
    { { "10s", nothing }, "the device's every takes a list: { { \"10s\", function(device) ... end }, ... }" },
    { { 3 }, "the device's every[1] takes a table with the fields 1, 2, after, jitter, not 3" },
    { { { "10s" } }, "the device's every[1] needs the field '2'" },
    { { { "10s", nothing }, { "0s", nothing } }, "the device's every[2].1 takes 1 ms or more, not '0s'" },
    { { { "ten", nothing } }, "the device's every[1].1 takes seconds, or a text such as \"10s\" or \"5m\", not 'ten' "
      .. "('ten' is no span of time" },
    { { { 1, nothing, jiter = 0 } }, "the device's every[1] has no field 'jiter'; did you mean 'jitter'?" },
    { { { 1, nothing, jitter = 0.6 } }, "every[1].jitter takes a number from 0 to 0.5, not 0.6" },
    { { { 1, nothing, jitter = -1 } }, "every[1].jitter takes a number from 0 to 0.5, not -1" },
    { { { 1, nothing, after = -1 } }, "every[1].after takes seconds" },
    { { { 1, nothing, after = 0 / 0 } }, "every[1].after takes seconds" },
    { { { 1 / 0, nothing } }, "every[1].1 takes seconds" } },
  { "start", { 3, "the device's start takes a function, not 3" } },
  { "stop", { "x", "the device's stop takes a function, not 'x'" } },
  { "ramp", { "x", "'x' is no ramp: write it as 30s" }, { -1, "not -1" },
    { {}, "the device's ramp needs the field 'over'" },
    { { over = 1, shape = "linaer" }, "the device's ramp.shape is one of linear, once, poisson, steps, not 'linaer'" },
    { { over = 1, step = 2 }, "the device's ramp has no field 'step'; did you mean 'steps'?" },
    { { over = 1, steps = 0 }, "the device's ramp.steps takes a whole number from 1 to 1000000, not 0" } },
  { "sockets", { "one", "the device's sockets is one of own, shared, not 'one'" } },
  { "address", { "::1", "the device's address takes an IPv4 address such as \"127.16.0.1\", not '::1'" } },
  { "port", { 65536, "the device's port takes a whole number from 0 to 65535, not 65536" } },
  { "settings", { 3, "the device's settings takes a table, not 3" },
    { { OnRequest = nothing }, "the device's settings cannot have OnRequest, which the fleet sets itself" },
    { { Listening = true }, "cannot have Listening" },
    { { Timeout = 0 }, "the device's settings cannot have Timeout 0: a device waits for its answers" } },
  { "identity", { 3, "the device's identity takes a function of the index, or lunacoap.fleet.identities" } },
  { "faults", { 3, "the device's faults takes a table, not 3" } },
  { "sleeps", { 3, "the device's sleeps takes a table with the fields asleep, awake, jitter, not 3" },
    { { awake = 1 }, "the device's sleeps needs the field 'asleep'" },
    { { awake = 0, asleep = 1 }, "the device's sleeps.awake takes 1 ms or more, not 0" } },
  { "reboots", { {}, "the device's reboots needs the field 'every'" },
    { { every = 0 }, "the device's reboots.every takes 1 ms or more, not 0" } },
  { "offline", { { every = 1 }, "the device's offline needs the field 'down'" } },
  { "rebinds", { { evry = 1 }, "the device's rebinds has no field 'evry'; did you mean 'every'?" } },
  { "slow", { { rate = 2, by = 1 }, "the device's slow.rate takes a number from 0 to 1, not 2" },
    { { rate = 1 }, "the device's slow needs the field 'by'" },
    { { rate = 1, by = { 2, 1 } }, "the device's slow.by goes from less to more" },
    { { rate = 1, by = { 2 } }, "the device's slow.by takes seconds, or a text such as \"10s\" or \"5m\", not nil" } },
  { "wrong", { { rate = 0.5, code = "9.99" }, "the device's wrong.code takes a code such as \"5.00\", or a function" },
    { { code = "5.00" }, "the device's wrong needs the field 'rate'" } },
}

describe("the plan of a device", function()
  for _, row in ipairs(WRONG) do
    it("says what " .. row[1] .. " takes", function()
      for i = 2, #row do
        local text = message { [row[1]] = row[i][1] }
        assert.is_truthy(text:find(row[i][2], 1, true), text)
      end
    end)
  end

  it("has no other fields, and says which was meant", function()
    assert.matches("^a device has no field 'resorces'; did you mean 'resources'%?$", message { resorces = {} })
    assert.matches("^a device has no field 'zzzzzz'; it takes address, count, .*wrong$", message { zzzzzz = 1 })
    assert.matches("^a device has no field '1'; it takes", message { "x" })
    assert.matches("^a device is a table such as .*, not 'x'$", message "x")
    assert.matches("^a device is a table such as .*, not nil$", message(nil))
  end)

  it("names the line of the script that made the fleet", function()
    local _, err = pcall(function() return lunacoap.fleet { count = 0 }, 1 end)
    assert.matches("^spec/scripts/fleet/plan_spec%.lua:%d+: the device's count takes a whole number", err)
  end)

  it("of nothing is one device", function()
    local plan = plans.new {}
    assert.are.same({ "device-{index}", 1, 1, { over = 0, shape = "linear", steps = 10 }, {}, {}, {} },
      { plan.name, plan.count, plan.seed, plan.ramp, plan.every, plan.sensors, plan.resources })
  end)

  it("has spans in seconds, and the values by default", function()
    local plan = plans.new {
      server = "coap://h:5683/", ramp = { over = "1m", shape = "steps" }, every = { { "250ms", nothing } },
      sleeps = { awake = "10s", asleep = "1h" }, reboots = { every = "2h" }, offline = { every = "10m", down = 30 },
      slow = { rate = 0.5, by = "2s" }, wrong = { rate = 0.5 },
    }
    assert.are.equal("coap://h:5683", plan.server)
    assert.are.same({ over = 60, shape = "steps", steps = 10 }, plan.ramp)
    assert.are.same({ { 0.25, nothing, jitter = 0, after = false } }, plan.every)
    assert.are.same({ awake = 10, asleep = 3600, jitter = 0 }, plan.sleeps)
    assert.are.same({ every = 7200, down = 1 }, plan.reboots)
    assert.are.same({ every = 600, down = 30 }, plan.offline)
    assert.are.same({ rate = 0.5, by = { 2, 2 } }, plan.slow)
    assert.are.same({ rate = 0.5, code = "5.00" }, plan.wrong)
  end)

  it("does not touch the script's table", function()
    local init = { ramp = "1s", slow = { rate = 1, by = "1s" } }
    plans.new(init)
    assert.are.same({ ramp = "1s", slow = { rate = 1, by = "1s" } }, init)
  end)

  it("has signals, made of functions and numbers, too", function()
    local plan = plans.new { sensors = { a = lunacoap.sensor.constant(1), b = 2, c = function(t) return t end,
      d = { 4, 4 } } }
    for name, value in pairs { a = 1, b = 2, c = 3, d = 4 } do
      assert.are.equal(value, plan.sensors[name]:value(3, 1))
    end
  end)

  it("takes 62 rows of every at most", function()
    local rows = {}
    for i = 1, 62 do
      rows[i] = { 1, nothing }
    end
    assert.are.equal(62, #plans.new { every = rows }.every)
    rows[63] = { 1, nothing }
    assert.matches("takes at most 62 rows, not 63", message { every = rows })
  end)
end)

describe("a device's name", function()
  it("follows from the pattern and the index", function()
    assert.are.equal("meter-7", plans.name("meter-{index}", 7))
    assert.are.equal("meter-00007.x-7", plans.name("meter-{index:05}.x-{index}", 7))
    assert.are.equal("123456", plans.name("{index:05}", 123456))
    assert.are.equal("same", plans.name("same", 7))
  end)

  it("has the number behind it where the pattern has none and there are several", function()
    local function names(name, count)
      local told = {}
      for i, device in ipairs(lunacoap.fleet { name = name, count = count }.devices) do
        told[i] = device.name
      end
      return told
    end
    assert.are.same({ "lamp" }, names("lamp", 1))
    assert.are.same({ "lamp-1", "lamp-2" }, names("lamp", 2))
    assert.are.same({ "01.lamp", "02.lamp" }, names("{index:02}.lamp", 2))
  end)

  it("may have characters that patterns and formats have for themselves", function()
    assert.are.equal("100%d-%7%%1", plans.name("100%d-%{index}%%1", 7))
    assert.are.equal("100%-{index}", plans.new { name = "100%-{index}" }.name)
  end)
end)
