-- lunacoap.fleet.report.text: what people read at the end of a simulation.

local load_report = require "lunacoap.load.report"
local simulation = require "spec.support.simulation"
local text = require "lunacoap.fleet.report.text"
local threshold = require "lunacoap.load.threshold"

local function shows(result, ...)
  local shown = text.of(result, {})
  for _, piece in ipairs { ... } do
    assert.matches(piece, shown, 1, true)
  end
end

-- Nothing is wider than 80 characters but a command that cannot be broken.
local function assert_narrow(shown)
  for line in shown:gmatch("[^\n]+") do
    assert.is_true(utf8.len(line) <= 80, line)
  end
end

local HOSTILE = "\27[2J\xff\u{85}<script>alert(1)</script>\n" .. ("long"):rep(50)

describe("the text of a simulation", function()
  it("shows what ran, what became of the requests, and what it took", function()
    local result = simulation.result { count = 100, seconds = 60 }
    local shown = text.of(result, {})
    assert.matches("^simulate_thermostats.lua: 100 devices, seed 42, ran for 60 s\n\n"
      .. "requests of the devices, in 60 s:\n  sent  2774\n  2.xx  2710  97.7 %%  2710 x 2.04 Changed\n", shown)
    shows(result, "  4.xx    31  1.12 %  31 x 4.04 Not Found\n",
      "\nlatency, from a request to its answer:\n  min    2.00 ms\n", "\ndevices   79 up, 19 asleep, 2 failed\n",
      "\nstart-up  10 s until the last one was started\n", "\nrate      46.2 answers/s\n",
      "\nserved    555 requests by the devices: 555 x 2.05 Content\n",
      "\nobserve   12 notifications received, 300 sent\n",
      "\nmessages  5548 sent, 0 retransmissions, 5548 received, 3 duplicates, 0 dropped\n",
      "\nprocess   had 35 % of a core, and waited for one 1 % of the time\n",
      "\nmemory    39.3 MiB, 1.46 KiB of Lua for each device\n")
  end)

  it("ends with the command that runs it again, broken where a shell joins it", function()
    local result = simulation.result()
    shows(result, "\nagain: lunacoap simulate simulate_thermostats.lua --count 100 --ramp 10s \\\n  --for 60s --seed 42\n")
    result.command = "lunacoap simulate 'a b.lua' " .. ("--seed 1 "):rep(10) .. "--seed 2"
    shows(result, "\nagain: " .. result.command .. "\n")
    result.command = nil
    assert.is_nil(text.of(result, {}):find("again", 1, true))
  end)

  it("tells once why devices failed, the most frequent reason first", function()
    local result = simulation.result { count = 200, all_fail = true }
    table.insert(result.failed_devices, 1, { name = "odd", text = "another reason" })
    shows(result, "devices that failed:\n  100 x  simulate_thermostats.lua:23: 704: Message transmission timed out:\n",
      "(thermostat-50, thermostat-100, thermostat-150,\n         ...)\n    1 x  another reason (odd)\n",
      "\n         and 99 more\n", "\nno answers\n", "  failed  5548  100 %  704: Message transmission timed out\n")
  end)

  it("tells the errors of devices, by their first line", function()
    local result = simulation.result()
    result.troubles = { { text = "a.lua:3: no such thing\nstack traceback:\n...", count = 17, first = "thermostat-3" } }
    shows(result, "\nerrors of devices:\n  17 x  a.lua:3: no such thing (first in thermostat-3)\n")
    for i = 2, 13 do
      result.troubles[i] = { text = "e" .. i, count = 1, first = "x" }
    end
    shows(result, "and 3 other kinds")
  end)

  it("shows thresholds, an early end, one device, what was open, and that the process was too busy", function()
    local result = simulation.result { count = 1, seconds = 5, points = 5, ramp = 0 }
    result.interrupted, result.cpu, result.sent = true, 0.96, result.sent + 2
    local judged = load_report.judge({ assert(threshold.parse "p99<1us") }, result)
    local shown = text.of(result, judged)
    for _, piece in ipairs { ": 1 device, seed 42, interrupted after 5 s\n", "\nthresholds:\n  FAIL  p99<1us  ",
      "\n  open  2         not answered when it ended\n",
      "\nWARNING: this process had no time left: it had 96 % of a core" } do
      assert.matches(piece, shown, 1, true)
    end
  end)

  it("has 80 columns, and nothing in it acts on a terminal", function()
    assert_narrow(text.of(simulation.result { count = 50000, all_fail = true, rate = 0.01 }, {}))
    local shown = text.of(simulation.hostile(HOSTILE), {})
    assert_narrow(shown:gsub("\nagain: .*", ""))
    assert.is_nil(shown:find("[%c]", 1) and shown:find("[^%C\n]"))
    assert.is_truthy(utf8.len(shown))
  end)

  it("is there when nothing happened at all", function()
    local result = simulation.result { rate = 0, seconds = 0, points = 0 }
    result.started_in = nil
    shows(result, "\n\nthe devices have sent no requests\n\n", "\ndevices   100 waiting\n")
    assert.is_nil(text.of(result, {}):find("no answers", 1, true))
  end)

  it("tells how many devices were started when it ended before all were", function()
    local result = simulation.result { count = 100 }
    result.phases = { up = 60, waiting = 40 }
    shows(result, "\nstart-up  10 s for 60 of 100\n")
  end)

  it("tells no memory for each device of a few: it would be the program's own", function()
    local result = simulation.result { count = 99 }
    shows(result, "\nmemory    ")
    assert.is_nil(text.of(result, {}):find("for each device", 1, true))
  end)
end)
