-- lunacoap bench, as a user starts it: what comes on which stream, in which file, and the exit status.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local json = require("lunacoap").json
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local KEY = "--psk-identity dev --psk-key secret"

local function read(path)
  local file <close> = assert(io.open(path))
  local text = file:read("a")
  os.remove(path)
  return text
end

describe("lunacoap bench", function()
  local server, seen

  local function answer(coap, e)
    seen.requests = (seen.requests or 0) + 1
    seen.method, seen.payload, seen.format = e.Method, coap.RequestData, coap.RequestContentFormat
    for _, option in ipairs(coap.RequestOptions) do
      seen[option.Number] = option.Value
    end
    if e.URIPath == "/silent" then
      e.SendResponse = false
    else
      coap.ResponseCode = e.URIPath == "/gone" and "4.04" or "2.05"
    end
  end

  before_each(function()
    seen = {}
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = answer, Listening = true }
  end)

  after_each(function() server:Shutdown() end)

  local function words(path, options)
    return ("bench %s 127.0.0.1:%d%s"):format(options, server.LocalPort, path)
  end

  local function bench(path, options)
    return command.run(words(path, options))
  end

  it("reports on standard output what came of the requests", function()
    local out, err, status = bench("/x", "-n 200 -c 4 -w 5")
    assert.are.same({ "", 0, 200 }, { err, status, seen.requests })
    assert.matches(("^GET coap://127%%.0%%.0%%.1:%d/x\nclosed model, 4 clients with 5 requests outstanding each\n")
      :format(server.LocalPort), out)
    assert.matches("\n  sent  200\n  2.xx  200  100 %%  200 x 2.05 Content\n  4.xx    0    0 %%\n", out)
    for _, label in ipairs { "min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max" } do
      assert.matches("\n  " .. label:gsub("%.", "%%.") .. " +%d+%.?%d* [um]?s\n", out)
    end
    assert.matches("\nrate +%d+ answers/s\nmessages +200 sent, 0 retransmissions, 200 received, 0 duplicates", out)
  end)

  it("keeps to a rate for as long as it is told", function()
    local out, _, status = bench("/x", "-r 200 -d 0.5s -c 3 --arrival even --warm-up 100ms")
    assert.are.same({ 0, 120 }, { status, seen.requests })
    assert.matches("open model, 200 requests/s for 0.5 s, evenly, over 3 clients, after 0.1 s of warm%-up\n", out)
    assert.matches("latency, from when a request was due to its answer:\n", out)
    assert.matches("\n  sent  100\n.*\nrate +%d+ answers/s of 200 asked\n.*\nlate by    %d+", out)
  end)

  it("follows stages", function()
    local out = bench("/x", "--model open --stage 200ms:100 --ramp 200ms:100..300")
    assert.are.equal(60, seen.requests)
    assert.matches("open model, 100 requests/s for 0.2 s, 100 to 300 requests/s for 0.2 s,", out, 1, true)
  end)

  it("ends with 1 when a threshold is missed, and shows each", function()
    local limits = "-n 50 --threshold 'p99<10s' --threshold 'errors<1%' --threshold 'rate>=1'"
    local out, err, status = bench("/x", limits)
    assert.are.same({ "", 0 }, { err, status })
    assert.matches("\nthresholds:\n  pass  p99<10s +[%d.]+ .?s\n  pass  errors<1%% +0 %%\n  pass  rate>=1 +%d+/s\n$", out)
    out, err, status = bench("/gone", limits)
    assert.are.same({ "", 1 }, { err, status })
    assert.matches("\n  pass  p99<10s .*\n  FAIL  errors<1%% +100 %%\n", out)
  end)

  it("ends with 0 when all answers are errors, unless that is asked about", function()
    local _, _, status = bench("/gone", "-n 10")
    assert.are.equal(0, status)
  end)

  it("ends with 3 when nothing is answered", function()
    local out, _, status = bench("/silent", "-n 4 -c 2 --timeout 0.1")
    assert.are.equal(3, status)
    assert.matches("\n  failed  4  100 %%  301: Operation timed out\n", out)
    assert.matches("\nno answers\n", out)
    out, _, status = command.run(("bench -n 4 127.0.0.1:%d"):format(process.free_port("127.0.0.1")))
    assert.are.equal(3, status)
    assert.matches("failed +4  100 %%  10061: Connection refused", out)
  end)

  it("writes JSON, alone on standard output for -", function()
    local out, err, status = bench("/x", "-n 20 --threshold 'max<10s' --json -")
    assert.are.equal(0, status)
    local plain = assert(json.decode(out))
    assert.are.same({ 20, 20, true }, { plain.sent, plain.classes["2.xx"], plain.thresholds[1].passed })
    assert.matches("\n  2.xx  20  100 %%", err)
  end)

  it("writes JSON and the buckets of the latencies to files", function()
    local json_path, csv_path = os.tmpname(), os.tmpname()
    local out = bench("/x", ("-n 20 --json %s --histogram %s"):format(json_path, csv_path))
    assert.matches("\n  2.xx  20  100 %%", out)
    assert.are.equal(20, json.decode(read(json_path)).answered)
    assert.matches("^from,to,count,percent\n0%.%d+,0%.%d+,%d+,[%d.]+\n.*,100%.0000\n$", read(csv_path))
  end)

  it("says that a file cannot be written before it sends anything", function()
    local _, err, status = bench("/x", "--json /nowhere/x")
    assert.are.same({ "lunacoap bench: cannot write /nowhere/x: No such file or directory\n", 1, nil },
      { err, status, seen.requests })
  end)

  it("says that a result cannot be written, with status 1", function()
    local function complaint(options, to)
      local _, err, status = command.run(words("/x", options), { to = to })
      assert.are.equal(1, status)
      return err:match("lunacoap bench: ([^\n]*)\n$")
    end
    assert.are.equal("cannot write the report: No space left on device", complaint("-n 2", "/dev/full"))
    assert.are.equal("cannot write /dev/full: No space left on device", complaint("-n 2 --json /dev/full"))
    assert.are.equal("cannot write /dev/full: No space left on device", complaint("-n 2 --histogram /dev/full"))
  end)

  it("sends any method, with payload, format and options", function()
    local _, err, status = bench("/x", "-n 3 -m post -f json -a cbor -O 65000,ab --non"
      .. " -F /dev/null")
    assert.are.same({ "", 0, 2, "", 50 }, { err, status, seen.method, seen.payload, seen.format })
    command.run(words("/x", "-n 3 -m iPATCH -f text") .. " 21.5")
    assert.are.same({ 7, "21.5", 0 }, { seen.method, seen.payload, seen.format })
    bench("/x", "-n 3 -a cbor -O 65000,0xab")
    assert.are.same({ "60", "ab" }, { tostring(seen[17]), seen[65000] })
  end)

  it("ends at Ctrl-C with what was measured until then, and 130", function()
    local child <close> = command.start(words("/x", "-r 100 --json -"))
    assert.is_true(process.wait(function() return (seen.requests or 0) > 20 end))
    child:signal("INT")
    local out, err, status = child:finish()
    assert.are.equal(130, status)
    local plain = json.decode(out)
    assert.is_true(plain.interrupted and plain.answered >= 20 and plain.answered < 900)
    assert.matches("open model, 100 requests/s for 10 s", err)
  end)

  it("shows its progress on a terminal each second", function()
    local out, status = command.on_terminal(words("/x", "-r 50 -d 2.1s"))
    assert.are.equal(0, status)
    assert.matches("   1 of 2.1 s  [%d.]+/s sent  [%d.]+/s answered  p99 [%d.]+ .?s  0 failed  %d open\n   2 of 2.1 s", out)
    assert.is_nil(command.on_terminal(words("/x", "-r 50 -d 1.1s -q")):find("of 1.1 s", 1, true))
  end)

  it("works over DTLS", function()
    local secure <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", SSLEnabled = true, PSKIdentity = "dev",
      PSKKey = "736563726574", OnRequest = answer, Listening = true }
    local uri = ("coaps://127.0.0.1:%d/x"):format(secure.LocalPort)
    local out, _, status = command.run(("bench -n 40 -c 2 %s %s"):format(KEY, uri))
    assert.are.equal(0, status)
    assert.matches("  2.xx  40  100 %%", out)
    out, _, status = command.run(("bench -n 4 -c 2 --psk-identity dev --psk-key wrong %s"):format(uri))
    assert.are.equal(3, status)
    assert.matches("  failed  4  100 %%  276: Handshake error: [^\n]*compare %-%-psk%-key\n", out)
  end)

  it("loads libcoap's server", function()
    local child, uri = foreign.serve("coap-server-notls", "", "127.0.0.1")
    local _ <close> = child
    local out, _, status = command.run(("bench -n 300 -c 3 --threshold 'errors<1%%' %s/"):format(uri))
    assert.are.equal(0, status)
    assert.matches("  2.xx  300  100 %%  300 x 2.05 Content", out)
  end)

  local wrong = {
    { "--threshold 'p99<50'", "option '--threshold': p99 is a time: write p99<50ms, or in us or s" },
    { "--stage 10", "option '--ramp': '10' is no stage: write it as 10s:100, or as 10s:100..2000" },
    { "--ramp 10:x", "'10:x' is no stage" },
    { "--clients 0", "option '--clients': takes a number from 1 on, not '0'" },
    { "--rate 0", "option '--rate': takes a number of requests per second, not '0'" },
    { "--duration 1y", "option '--duration': '1y' is no span of time" },
    { "--arrival late", "must be one of 'even', 'random'" },
    { "--rate 1 --window 2", "the open model has no window: its requests do not wait for answers" },
    { "--arrival random", "the closed model has no arrival" },
    { "--stage 1s:1 --duration 1s", "the stages tell the duration; leave it out" },
    { "-m FETHC", "there is no method 'FETHC': it takes GET, POST, PUT, DELETE, FETCH, PATCH, iPATCH" },
    { "-m delete -F /etc/hostname", "DELETE carries no payload; name another method with -m" },
    { "--speed 3", "unknown option '--speed'" },
  }
  for _, case in ipairs(wrong) do
    it(("names what is wrong: %s"):format(case[1]), function()
      local out, err, status = bench("/x", case[1])
      assert.are.same({ "", 2, nil }, { out, status, seen.requests })
      assert.matches(case[2], err, 1, true)
      assert.matches("\nTry 'lunacoap bench --help'.\n", err, 1, true)
    end)
  end

  it("names a group, which no load test can be about", function()
    local _, err, status = command.run("bench 224.0.1.187/x")
    assert.are.equal(2, status)
    assert.matches("a group gives several answers; name one server", err)
  end)
end)
