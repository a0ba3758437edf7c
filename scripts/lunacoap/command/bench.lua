-- lunacoap bench: loads a server, and tells how long its answers take.

local asking = require "lunacoap.command_line.asking"
local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local load_test = require "lunacoap.load"
local lunacoap = require "lunacoap"
local payloads = require "lunacoap.command_line.payload"
local plan = require "lunacoap.load.plan"
local quantity = require "lunacoap.load.quantity"
local report = require "lunacoap.load.report"
local request = require "lunacoap.command_line.request"
local schedule = require "lunacoap.load.schedule"
local threshold = require "lunacoap.load.threshold"
local uris = require "lunacoap.command_line.uri"
local values = require "lunacoap.command_line.values"

local INTERRUPTED = 130

-- ---- The words of the command line --------------------------------------------------------------

local function rate(text)
  local number = tonumber(text:match("^%d*%.?%d+$"))
  if not number or number == 0 then
    return nil, ("takes a number of requests per second, not '%s'"):format(text)
  end
  return number
end

local METHODS = { "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH" }

-- A method's number by its name, in capitals or not.
local function method(text)
  for _, name in ipairs(METHODS) do
    if name:lower() == text:lower() then
      return lunacoap.Method[name]
    end
  end
  return nil, ("there is no method '%s': it takes %s"):format(text, table.concat(METHODS, ", "))
end

local options = {
  { flags = "-m --method", value = "METHOD", convert = method, suggest = METHODS,
    help = "GET, POST, PUT, DELETE, FETCH, PATCH or iPATCH (default: GET)" },
  { flags = "-c --clients", value = "N", convert = values.count,
    help = "clients, each with a socket of its own (default: 10)" },
  { flags = "-w --window", value = "N", convert = values.count,
    help = "requests that each client of the closed model has outstanding (default: 1)" },
  { flags = "-r --rate", value = "N", convert = rate,
    help = "send N requests per second, whatever the answers do: the open model" },
  { flags = "--arrival", value = "HOW", choices = { "even", "random" },
    help = "how the requests of the open model follow each other (default: even)" },
  { flags = "--stage --ramp", value = "STAGE", name = "stages", many = true,
    convert = schedule.stage,
    help = "10s:100 keeps a level for ten seconds, 10s:100..2000 goes from one to another; "
      .. "repeated, they follow each other. A level is a rate in the open model, a number of "
      .. "clients in the closed one" },
  { flags = "--model", value = "MODEL", choices = { "closed", "open" },
    help = "which model the stages are for (default: closed, open with a rate)" },
  { flags = "-d --duration", value = "TIME", convert = quantity.seconds,
    help = "how long to send: 10s, 2m (default: 10s, or until all requests are sent)" },
  { flags = "-n --requests", value = "N", convert = values.count,
    help = "how many requests to send" },
  { flags = "--warm-up", value = "TIME", convert = quantity.seconds,
    help = "send as long before, without counting it; with DTLS, handshakes fall into it" },
  { flags = "--threshold", value = "LIMIT", name = "thresholds", many = true,
    convert = threshold.parse,
    help = "what is to be reached: 'p99<50ms', 'max<2s', 'mean<10ms', 'rate>1000', 'errors<1%', "
      .. "'failures<1', '4.xx<0.1%'; may be repeated. Times are those of answers: what was not "
      .. "answered is in errors and failures alone" },
  { flags = "--json", value = "FILE",
    help = "write the report as JSON, times in seconds; - is standard output" },
  { flags = "--histogram", value = "FILE", help = "write the buckets of the latencies as CSV" },
  { flags = "-q --quiet", help = "show no progress" },
  payloads.group, asking.group, dtls.group,
}

-- ---- Progress -----------------------------------------------------------------------------------

local function show_progress(progress)
  local whole = progress.seconds < math.huge
    and (" of %s s"):format(quantity.number(progress.seconds)) or " s"
  io.stderr:write(("%4.0f%s  %s/s sent  %s/s answered  p99 %s  %d failed  %d open%s\n"):format(
    progress.elapsed, whole, quantity.number(progress.sent), quantity.number(progress.answered),
    quantity.time(progress.p99), progress.failed, progress.outstanding,
    progress.warming_up and "  (warm-up)" or ""))
end

-- ---- The command --------------------------------------------------------------------------------

local CARRY_NOTHING = { [lunacoap.Method.GET] = "GET", [lunacoap.Method.DELETE] = "DELETE" }

-- What sets a client up. Files are read once, however many clients there are.
local function preparation(given)
  local fields, security = asking.client(given), dtls.client(given)
  local payload = payloads.read(given)
  local deaf = CARRY_NOTHING[given.method or lunacoap.Method.GET]
  if payload ~= "" and deaf then
    failure.raise(failure.MISUSE, "%s carries no payload; name another method with -m", deaf)
  end
  return function(coap)
    coap:Configure(fields)
    coap:Configure(security)
    coap.RequestDataB, coap.RequestContentFormat = payload, given.format or -1
    asking.add_options(coap, given)
  end
end

local function plan_of(given)
  local wanted = {
    uri = uris.complete(given.uri, dtls.is_given(given)), method = given.method,
    prepare = preparation(given), model = given.model, clients = given.clients,
    window = given.window, rate = given.rate, arrival = given.arrival, duration = given.duration,
    requests = given.requests, warm_up = given.warm_up, timeout = given.timeout,
    stages = #given.stages > 0 and given.stages or nil,
  }
  if uris.is_multicast(wanted.uri) then
    failure.raise(failure.MISUSE, "a group gives several answers; name one server")
  elseif not given.quiet and lunacoap.isatty(io.stderr) then
    wanted.on_progress = show_progress
  end
  local ok, message = plan.check(wanted)
  return ok and wanted or failure.raise(failure.MISUSE, message)
end

-- Runs the test, which Ctrl-C ends early, and a second one at once.
local function measure(wanted)
  local test = load_test.new(wanted)
  lunacoap.signal("SIGINT", function()
    lunacoap.signal("SIGINT")
    test:stop()
  end)
  local ok, result = pcall(test.run, test)
  lunacoap.signal("SIGINT")
  return ok and result or asking.fail(result)
end

local function run(given)
  local wanted = plan_of(given)
  local json_file, histogram_file = files.create(given.json), files.create(given.histogram)
  local result = measure(wanted)
  local judged, all_reached = report.judge(given.thresholds, result)
  local people = json_file == io.stdout and io.stderr or io.stdout
  files.put(people, "the report", dtls.in_options(report.text(result, judged)))
  if json_file then
    files.put(json_file, given.json, lunacoap.json.encode(report.plain(result, judged)), "\n")
  end
  if histogram_file then
    files.put(histogram_file, given.histogram, report.csv(result.latency))
  end
  if result.interrupted then
    return INTERRUPTED
  elseif result.answered == 0 then
    return failure.NO_ANSWER
  end
  return all_reached and 0 or failure.HERE
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Sends many requests to one resource, and tells how many were answered and how
long that took.

In the closed model, each client sends its next request when an answer came. In
the open model, with --rate, requests are sent at their intended times whatever
the answers do, and latency counts from these times: a server that stalls for a
second shows in the percentiles. In the closed model the same stall holds the
requests back, and shows as one slow answer for each client.

The exit status is 1 when a threshold was missed, and 3 when nothing was
answered.]],
  arguments = { request.URI, payloads.argument },
  options = options,
  examples = {
    { command = "lunacoap bench localhost/hello",
      text = "what ten clients get out of a server in ten seconds" },
    { command = "lunacoap bench --rate 500 --threshold 'p99<50ms' localhost/hello",
      text = "whether a server answers 500 requests per second in time" },
    { command = "lunacoap bench --model open --ramp 30s:100..5000 --json - localhost/hello",
      text = "a rate that grows, and a report for programs" },
  },
  run = run,
}
