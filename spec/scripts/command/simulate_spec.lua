-- lunacoap simulate, as a user starts it: what comes on which stream, in which file, and the exit status.
local command = require "spec.support.command"
local json = require("lunacoap").json
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

-- Meters that report ten times a second, to who asks for it at /report.
local METERS = [[
local count = tonumber(arg[1])
return {
  name = "meter-{index}", count = count or 3, settings = { LocalHost = "127.0.0.1" },
  every = { { "100ms", function(device) device:post("/report", device.name) end } },
  start = function(device) device:post("/report", device.name .. " is up") end,
  stop = function(device) device:post("/report", device.name .. " is down") end,
}
]]

describe("lunacoap simulate", function()
  local folder, server, told

  local function answer(coap, e)
    table.insert(told, coap.RequestData)
    coap.ResponseCode = e.URIPath == "/report" and "2.04" or "4.04"
  end

  local function write(name, text)
    local path = ("%s/%s"):format(folder, name)
    local file <close> = assert(io.open(path, "w"))
    file:write(text)
    return path
  end

  local function read(name)
    local file <close> = assert(io.open(("%s/%s"):format(folder, name)))
    return file:read("a")
  end

  before_each(function()
    folder, told = assert(io.popen("mktemp -d")):read("l"), {}
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = answer, Listening = true }
  end)

  after_each(function()
    server:Shutdown()
    os.execute("rm -r " .. folder)
  end)

  local function uri()
    return ("127.0.0.1:%d"):format(server.LocalPort)
  end

  -- The command line for a file of this text.
  local function words(text, options)
    return ("simulate %s %s"):format(write("meters.lua", text), options or "")
  end

  local function simulate(text, options)
    return command.run(words(text, options))
  end

  local function count(text)
    local n = 0
    for _, each in ipairs(told) do
      n = n + (each == text and 1 or 0)
    end
    return n
  end

  it("runs the devices of a file for a time, each from start to stop, and sums up", function()
    local out, err, status = simulate(METERS, ("--server %s --for 1s -q"):format(uri()))
    assert.are.same({ "", 0 }, { err, status })
    assert.matches("^meters.lua: 3 devices, seed 1, ran for 1[%d.]* s\n", out)
    assert.matches(("\n  sent +%d\n"):format(#told - 3), out) -- but for what was said at the stop
    assert.matches("\ndevices +3 up\n", out)
    for i = 1, 3 do
      assert.are.equal(1, count(("meter-%d is up"):format(i)))
      assert.are.equal(1, count(("meter-%d is down"):format(i)))
      assert.is_true(count("meter-" .. i) >= 8 and count("meter-" .. i) <= 10, count("meter-" .. i))
    end
  end)

  it("takes number, seed and ramp, and tells how the run is repeated", function()
    local out, err, status = simulate(METERS, ("--count 6 --seed 42 --ramp 200ms:steps:2 --for 500ms --server %s")
      :format(uri()))
    assert.are.equal(0, status)
    assert.are.equal("meters.lua: 6 devices, seed 42\n", err)
    assert.matches("^meters.lua: 6 devices, seed 42, ran for 0%.5%d* s\n", out)
    local again = out:match("\nagain: (.*)$"):gsub(" \\\n +", " ")
    assert.are.equal(("lunacoap simulate %s/meters.lua --count 6 --seed 42 --ramp 200ms:steps:2 --for 500ms "
      .. "--server coap://%s\n"):format(folder, uri()), again)
    assert.are.equal(1, count("meter-6 is up"))
  end)

  it("says where a seed comes from that nobody gave", function()
    local _, err = simulate("return {}", "--for 10ms")
    assert.are.equal("meters.lua: 1 device, seed 1 (by default: --seed N gives another run)\n", err)
    _, err = simulate("return { count = 2, seed = 7 }", "--for 10ms")
    assert.are.equal(("meters.lua: 2 devices, seed 7 (of %s/meters.lua)\n"):format(folder), err)
  end)

  it("gives the file what stands behind it, as to a script, and takes its server", function()
    local text = ([[
      local lunacoap = require "lunacoap"
      local first = ...
      local collector = lunacoap.server { LocalPort = 0 }
      collector:resource("/report", { post = function(req)
        io.stderr:write(("%%s %%s %%s\n"):format(arg[0]:match "[^/]+$", first, req.body))
      end })
      collector:start()
      local device = (function(...) %s end)(...)
      device.server = collector:uri()
      return device]]):format(METERS)
    local _, err, status = simulate(text, "--for 50ms -q 1")
    assert.are.equal(0, status, err)
    assert.matches("^meters.lua 1 meter%-1 is up\n", err)
    assert.matches("meters.lua 1 meter%-1 is down\n$", err)
  end)

  it("runs hours in virtual time, with the server of the file, and nobody else", function()
    local output, _, status = simulate([[
      local lunacoap = require "lunacoap"
      local collector = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = 5683 }
      collector:resource("/report", { post = function() end })
      collector:start()
      return { count = 3, server = arg[1], every = { { "1m", function(device) device:post "/report" end } } }
    ]], "coap://127.0.0.1 --virtual --for 4h")
    assert.are.equal(0, status)
    assert.matches("ran for 4 h", output)
    assert.matches("2.xx  720  100 %%", output)
    assert.matches("%-%-for 4h[ \\\n]+%-%-virtual", output)
    output, _, status = simulate(METERS, ("--virtual --for 10m --seed=-2 --server %s"):format(uri()))
    assert.are.equal(3, status)
    assert.matches("3 failed", output)
    assert.are.same({}, told)
  end)

  it("runs several kinds of devices, which share a count", function()
    local text = [[return { { name = "a{index}", count = 1 }, { name = "b{index}", count = 3 } }]]
    local out = simulate(text, "--for 10ms -q --count 8")
    assert.matches("^meters.lua: 8 devices, ", out)
    local _, err, status = simulate(text, "--for 10ms --count 1")
    assert.are.equal(2, status)
    assert.matches("simulate: --count 1 is too few for the 2 kinds of devices in ", err, 1, true)
  end)

  -- ---- The report ---------------------------------------------------------------------------------

  it("writes JSON, alone on standard output for -, and a page", function()
    local out, err, status = simulate(METERS, ("--server %s --for 1200ms --threshold 'errors<1%%' --json - --html %s/x.html")
      :format(uri(), folder))
    assert.are.equal(0, status)
    local plain = assert(json.decode(out))
    assert.are.same({ 3, 1, 3, false, true },
      { plain.count, plain.seed, plain.phases.up, plain.interrupted, plain.thresholds[1].passed })
    assert.are.same({ plain.sent, plain.sent }, { plain.answered, plain.classes["2.xx"] })
    assert.matches("^lunacoap simulate .* %-%-for 1200ms ", plain.command)
    assert.is_true(#plain.series >= 1 and plain.series[1].sent > 0)
    assert.matches("\nthresholds:\n  pass  errors<1%% ", err)
    assert.matches("^<!DOCTYPE html>.*meters.lua", read "x.html")
  end)

  it("draws failed exchanges for the page and for programs", function()
    local text = METERS:gsub("/report", "/nothing")
    local _, _, status = simulate(text, ("--server %s --for 300ms -q --json %s/x.json"):format(uri(), folder))
    assert.are.equal(0, status)
    local ladder = assert(json.decode(read "x.json")).ladders[1]
    assert.are.equal(("POST coap://%s/nothing: 4.04 Not Found"):format(uri()), ladder.what)
    assert.matches("POST /nothing", ladder.text)
  end)

  it("says that a file cannot be written before any device is started", function()
    local _, err, status = simulate(METERS, "--json /nowhere/x --server " .. uri())
    assert.are.same({ "lunacoap simulate: cannot write /nowhere/x: No such file or directory\n", 1, 0 },
      { err, status, #told })
    _, err, status = simulate(METERS, "--json - --html -")
    assert.are.equal(2, status)
    assert.matches("--json and --html cannot both go to standard output", err, 1, true)
    _, err, status = simulate(METERS, "-q --for 10ms --html /dev/full --server " .. uri())
    assert.are.same({ "lunacoap simulate: cannot write /dev/full: No space left on device\n", 1 }, { err, status })
  end)

  it("captures what goes over the wire", function()
    assert.are.equal(0, (select(3, simulate(METERS, ("--server %s --for 200ms -q --capture %s/x.pcapng"):format(uri(), folder)))))
    assert.matches("^\x0a\x0d\x0d\x0a.*meter%-3 is down", read "x.pcapng")
  end)

  -- ---- The exit status ----------------------------------------------------------------------------

  it("ends with 1 when a threshold is missed", function()
    local out, _, status = simulate(METERS, ("--server %s --for 300ms -q --threshold 'rate>1e6' --threshold 'max<10s'")
      :format(uri()):gsub("1e6", "1000000"))
    assert.are.equal(1, status)
    assert.matches("\nthresholds:\n  FAIL  rate>1000000 .*\n  pass  max<10s ", out)
  end)

  it("ends with 1 when all devices have failed, and with 3 when nobody answered them", function()
    local function status_of(start)
      return (select(3, simulate(("return { count = 2, start = function(device) %s end }"):format(start),
        "--for 200ms -q --server " .. uri())))
    end
    assert.are.equal(1, status_of "error 'no'")
    assert.are.equal(0, status_of "if device.index == 1 then error 'no' end")
    assert.are.equal(3, status_of(("pcall(device.get, device, 'coap://127.0.0.1:%d/x')"):format(process.free_port())))
  end)

  it("stops the devices in order at Ctrl-C and SIGTERM, and reports", function()
    for name, status in pairs { INT = 130, TERM = 143 } do
      told = {}
      local child <close> = command.start(words(METERS, "-q --server " .. uri()))
      assert.is_true(process.wait(function() return count "meter-2" > 1 end))
      child:signal(name)
      local out, err, ended = child:finish()
      assert.are.same({ "", status }, { err, ended })
      assert.matches("^meters.lua: 3 devices, seed 1, interrupted after ", out)
      assert.are.same({ 1, 1, 1 }, { count "meter-1 is down", count "meter-2 is down", count "meter-3 is down" })
    end
  end)

  it("ends at once at a second Ctrl-C", function()
    local child <close> = command.start(words([[return { count = 2,
      start = function() print "up" io.stdout:flush() end,
      stop = function(device) print "down" io.stdout:flush() device:sleep(9) end }]], "-q"))
    child:expect("up\nup\n")
    child:signal("INT")
    child:expect("down\ndown\n")
    child:signal("INT")
    local began = lunacoap.now()
    local out = child:finish()
    assert.are.equal("up\nup\ndown\ndown\n", out)
    assert.is_true(lunacoap.now() - began < 5)
  end)

  -- ---- While it runs ------------------------------------------------------------------------------

  it("tells mistakes of scripts and why devices fail, each once, with their places", function()
    local _, err, status = simulate([[return { count = 4,
      start = function(device) if device.index > 2 then
        error "no start" end end,
      every = { { "20ms", function(device)
        local x = device.nothing.field end } } }]], "--for 300ms")
    assert.are.equal(0, status)
    local lines = {}
    for line in err:gmatch("([^\n]*)\n") do
      lines[#lines + 1] = line:gsub(folder, "")
    end
    assert.are.same({
      "meters.lua: 4 devices, seed 1 (by default: --seed N gives another run)",
      "meter-3 failed: /meters.lua:3: no start",
    }, { lines[1], (lines[2]:gsub("device", "meter")) })
    assert.matches("^error in device%-[12]: /meters.lua:5: attempt to index a nil value %(field 'nothing'%)$", lines[3])
    assert.are.equal(3, #lines)
  end)

  it("tells once why requests get no answer", function()
    local _, err, status = simulate(([[return { count = 3, server = "coap://127.0.0.1:%d",
      every = { { "50ms", function(device) device:post("/report") end } } }]]):format(process.free_port()), "--for 300ms")
    assert.are.equal(3, status)
    assert.matches("^[^\n]*\ndevice%-[123] got no answer: 10061: Connection refused: [^\n]*"
      .. ": coap://127.0.0.1:%d+/report\n$", err)
  end)

  it("shows a status in its place on a terminal, and takes it away at the end", function()
    local out, status = command.on_terminal(words(METERS, ("--count 2 --for 2300ms --server %s"):format(uri())))
    assert.are.equal(0, status)
    assert.matches("\n0:01 of 0:02  2 up, 0 failed\n2%d%.?%d*/s sent  [%d.]+/s answered  0/s served  0 errors  "
      .. "0 unanswered\np50 [%d.]+ .?s  p95 [%d.]+ .?s  p99 [%d.]+ .?s  0 retransmissions  [%d.]+ MiB\n"
      .. "\27%[3A\27%[J0:02 of 0:02", out)
    assert.matches("\n\27%[3A\27%[Jstopping the devices\n\27%[1A\27%[Jmeters.lua: 2 devices, seed 1, ran for", out)
    assert.is_nil(command.on_terminal(words(METERS, ("-q --for 1100ms --server %s"):format(uri()))):find("\27", 1, true))
  end)

  it("takes away what a terminal has broken that became narrow, and breaks it there itself", function()
    local path = write("meters.lua", METERS:gsub("count or 3,", [[count or 3,
      state = function(device)
        require "lunacoap".timer(1.5, nil, function() os.execute "stty columns 30" print "and this" end)
        return {}
      end,]]))
    local out = command.on_terminal(("simulate %s --count 1 --for 2300ms --server %s"):format(path, uri()))
    assert.matches("\n\27%[[67]A\27%[Jand this\n0:02 of 0:02  1 up, 0 failed\n[^\n]*\n0/s served  0 errors\n0 unanswered\n",
      out)
    for line in out:match("0:02 of.-\27"):gmatch("[^\n\27]+") do
      assert.is_true(#line < 30, line)
    end
  end)

  -- ---- What is wrong ------------------------------------------------------------------------------

  -- A file, what is said of it behind its path.
  local MISTAKES = {
    { "return {", ":1: unexpected symbol near <eof>" },
    { "\nerror 'oh'", ":2: oh" },
    { "\nlocal x = nil + 1 return x", ":2: attempt to perform arithmetic on a nil value" },
    { "local x", ": it returns nothing: a simulation ends with return { ... }, which says what a device is" },
    { "return 5", ": a simulation is a table that says what a device is, or a list of such, not 5" },
    { "return {\n count = 1,\n resorces = {} }", ":3: a device has no field 'resorces'; did you mean 'resources'?" },
    { "local count = 0\nreturn {\n -- count = 3\n  start = print, server = 'example.com' }",
      [[:4: the device's server takes the URI of a server such as "coap://192.0.2.1:5683", not 'example.com']] },
    { "return { {},\n { resources = {\n ['/t'] = 5 } } }", ":3: the device's '/t' takes a table with its handlers" },
    { "return { resources = { ['/t'] = {\n gett = print } } }",
      ":2: the device's resource '/t': a resource has no field 'gett'; did you mean 'get'?" },
    { "return { { count = 0 },\n{ count = 2 } }", ": the device's count takes a whole number from 1 to 10000000, not 0" },
  }
  for _, case in ipairs(MISTAKES) do
    it(("says where a file is wrong: %s"):format(case[1]:gsub("\n", " ")), function()
      local out, err, status = simulate(case[1], "-q --for 10ms")
      assert.are.same({ "", 1 }, { out, status })
      assert.matches(("lunacoap simulate: %s/meters.lua%s"):format(folder, case[2]), err, 1, true)
    end)
  end

  local MISUSES = {
    { "--ramp 5s:x", "option '--ramp': '5s:x' is no ramp: write it as 30s, 30s:poisson, 30s:steps:5 or once" },
    { "--for 0", "option '--for': takes a time above 0" },
    { "--for soon", "option '--for': 'soon' is no span of time" },
    { "--seed x", "option '--seed': takes a whole number, not 'x'" },
    { "--count 0", "option '--count': takes a number from 1 on, not '0'" },
    { "--server coap://a/b", "option '--server': takes a server such as coap://192.0.2.1:5683, not 'coap://a/b'" },
    { "--server http://a", "option '--server': takes a server such as" },
    { "--threshold p99", "option '--threshold': 'p99' is no threshold" },
  }
  for _, case in ipairs(MISUSES) do
    it(("says what is wrong with %s"):format(case[1]), function()
      local out, err, status = simulate(METERS, case[1])
      assert.are.same({ "", 2, 0 }, { out, status, #told })
      assert.matches("lunacoap simulate: " .. case[2], err, 1, true)
      assert.matches("\nTry 'lunacoap simulate --help'.\n", err, 1, true)
    end)
  end

  it("says that there is no such file", function()
    local _, err, status = command.run "simulate /nowhere/x.lua"
    assert.are.equal(2, status)
    assert.matches("lunacoap simulate: there is no file '/nowhere/x.lua'\n", err, 1, true)
  end)
end)
