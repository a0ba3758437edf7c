-- lunacoap simulate: runs the devices of a Lua file, and tells how they fared; see lunacoap.fleet.

local definition = require "lunacoap.command_line.definition"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local live = require "lunacoap.command_line.live"
local lunacoap = require "lunacoap"
local plans = require "lunacoap.fleet.plan"
local quantity = require "lunacoap.load.quantity"
local ramps = require "lunacoap.fleet.ramp"
local repetition = require "lunacoap.command_line.repetition"
local simulations = require "lunacoap.fleet.simulation"
local threshold = require "lunacoap.load.threshold"
local uris = require "lunacoap.command_line.uri"
local values = require "lunacoap.command_line.values"

local SIGNALS = { SIGINT = 130, SIGTERM = 143 }

-- ---- The words of the command line --------------------------------------------------------------

-- The word itself: it is told in the command that repeats the run.
local function ramp(text)
  local parsed, message = ramps.parse(text)
  return parsed and text, message
end

local function span(text)
  local seconds, message = quantity.seconds(text)
  if seconds == 0 then
    return nil, "takes a time above 0"
  end
  return seconds and text, message
end

local function seed(text)
  local number = math.tointeger(tonumber(text))
  return number, ("takes a whole number, not '%s'"):format(text)
end

local function server(text)
  local ok, uri = pcall(function() return plans.field("server", uris.complete(text, false)) end)
  return ok and uri or nil, ("takes a server such as coap://192.0.2.1:5683, not '%s'"):format(text)
end

local options = {
  { flags = "-n --count", value = "N", convert = values.count,
    help = "how many devices, if not as many as FILE says; several kinds share them as their own "
      .. "counts are to each other" },
  { flags = "--seed", value = "N", convert = seed,
    help = "what everything random follows from (default: FILE's, or 1)" },
  { flags = "--ramp", value = "RAMP", convert = ramp,
    help = "how the devices are started: 30s (evenly), 30s:poisson (as they come), 30s:steps:5 (in "
      .. "five groups), once" },
  { flags = "--for", value = "TIME", name = "time", convert = span,
    help = "how long to run: 90s, 5m, 1h; until Ctrl-C by default" },
  { flags = "--virtual",
    help = "in virtual time, where a day takes seconds; the devices reach only what FILE brings, "
      .. "such as its server" },
  { flags = "--server", value = "URI", convert = server,
    help = "the server of all devices' \"/path\", in place of FILE's" },
  { flags = "--threshold", value = "LIMIT", name = "thresholds", many = true,
    convert = threshold.parse,
    help = "what the devices' requests have to reach: 'p99<50ms', 'errors<1%', 'rate>1000' and "
      .. "others, see lunacoap bench; may be repeated" },
  { flags = "--json", value = "FILE",
    help = "write the report as JSON, times in seconds; - is standard output" },
  { flags = "--html", value = "FILE",
    help = "write it as a page with curves, and ladders of failed exchanges" },
  { flags = "-q --quiet", help = "show nothing until the report" },
}

-- ---- The run ------------------------------------------------------------------------------------

local function name_of(path)
  return path:match("[^/]+$")
end

local function simulation_of(given, shown)
  local definitions = definition.run(given.file, given.arguments)
  if type(definitions) == "table" and given.count and given.count < #definitions then
    failure.raise(failure.MISUSE, "--count %d is too few for the %d kinds of devices in %s",
      given.count, #definitions, given.file)
  end
  local wanted = {
    count = given.count, seed = given.seed, ramp = given.ramp, server = given.server,
    seconds = given.time and quantity.seconds(given.time), title = name_of(given.file),
    ladders = given.html ~= nil or given.json ~= nil,
  }
  shown:listen(wanted)
  local ok, result = pcall(simulations.new, definitions, wanted)
  if not ok then
    failure.raise(failure.HERE, "%s", definition.locate(given.file, tostring(result)))
  end
  result.options.command = repetition.of(given, result)
  shown:begin(result, repetition.origin_of_seed(given, definitions))
  return result
end

-- Runs it until its time is over, or a signal comes; a second one ends the program at once.
local function run_through(simulation)
  local status
  local function forget()
    for name in pairs(SIGNALS) do
      lunacoap.signal(name)
    end
  end
  for name, number in pairs(SIGNALS) do
    lunacoap.signal(name, function()
      forget()
      status = number
      simulation:stop()
    end)
  end
  local result = simulation:run()
  forget()
  return result, result.interrupted and status
end

local function simulate(given)
  local shown <close> = live.new(given.quiet, given.virtual)
  return run_through(simulation_of(given, shown))
end

-- The file, too, is run there, with what it brings. A seed chooses also what the devices' does not:
-- Message IDs, random timeouts.
local function in_virtual_time(given)
  return lunacoap.virtual(math.max(1, given.seed or 1), simulate, given)
end

-- ---- The report ---------------------------------------------------------------------------------

local function write(given, outputs, result, judged)
  local json, html = outputs.json, outputs.html
  local people = (json == io.stdout or html == io.stdout) and io.stderr or io.stdout
  files.put(people, "the report", require "lunacoap.fleet.report.text".of(result, judged))
  if json then
    local plain = require "lunacoap.fleet.report.plain".of(result, judged)
    files.put(json, given.json, lunacoap.json.encode(plain), "\n")
  end
  if html then
    files.put(html, given.html, require "lunacoap.fleet.report.html".of(result, judged))
  end
end

local function status_of(result, all_reached)
  if result.sent > 0 and result.answered == 0 then
    return failure.NO_ANSWER
  end
  return all_reached and result.phases.failed ~= result.count and 0 or failure.HERE
end

local function run(given)
  if given.json == "-" and given.html == "-" then
    failure.raise(failure.MISUSE, "--json and --html cannot both go to standard output")
  end
  local outputs = { json = files.create(given.json), html = files.create(given.html) }
  local result, interrupted = (given.virtual and in_virtual_time or simulate)(given)
  local judged, all_reached = require "lunacoap.load.report".judge(given.thresholds, result)
  write(given, outputs, result, judged)
  return interrupted or status_of(result, all_reached)
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Runs simulated devices, each with a socket, state and random numbers of its own,
as the Lua file says that returns a device or a list of them:

  local sensor = require "lunacoap".sensor
  return {
    name = "meter-{index}", count = 100, server = "coap://192.0.2.1",
    sensors = { power = sensor.walk { start = 500, step = 20, min = 0 } },
    every = { { "10s", function(device)
      device:post("/report", device:read "power")
    end, jitter = 0.1 } },
  }

The file is run as a script is; it may start servers, too. With the same seed the
devices do the same. Ctrl-C stops them in order, each with its `stop`, and
reports; a second Ctrl-C ends at once.

The exit status is 1 when a threshold was missed or all devices have failed, and
3 when nothing was answered that they asked.]],
  arguments = {
    { name = "file", value = "FILE", help = "the Lua file" },
    { name = "arguments", value = "ARG", optional = true, many = true,
      help = "what FILE finds in the table `arg`" },
  },
  options = options,
  examples = {
    { command = "lunacoap simulate simulation.lua --virtual --for 24h",
      text = "a day of devices in some seconds" },
    { command = "lunacoap init simulation && lunacoap simulate simulation.lua",
      text = "devices that run, until Ctrl-C" },
    { command = "lunacoap simulate meters.lua --count 10000 --ramp 30s --for 5m --html out.html",
      text = "ten thousand, and a page about them" },
    { command = "lunacoap simulate meters.lua --server :5700 --for 1m --threshold 'errors<1%'",
      text = "whether a server copes with them" },
  },
  run = run,
}
