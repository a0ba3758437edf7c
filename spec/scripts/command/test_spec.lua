-- lunacoap test: outputs, exit statuses, evidence of failures, and that nothing is left behind.
local command = require "spec.support.command"
local lunacoap = require "lunacoap"

describe("lunacoap test", function()
  local folder

  before_each(function() folder = assert(io.popen("mktemp -d")):read("l") end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function write(name, text)
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end

  local function read(name)
    local file <close> = assert(io.open(folder .. "/" .. name, "rb"))
    return file:read("a")
  end

  local function run(words)
    return command.run("test " .. words, { env = "-C " .. folder })
  end

  -- Output and status of these specs.
  local function run_specs(text, words)
    write("a_spec.lua", text)
    local out, err, status = run(words or "")
    return out .. err, status
  end

  local function has(part, text)
    assert.is_truthy(text:find(part, 1, true), ("there is no %q in:\n%s"):format(part, text))
  end

  local MIXED = [[
    describe("some", function()
      it("pass", function() end)
      it("fail #slow", function() assert.are.equal(1, 2) end)
      it("raise", function() error("oops") end)
      pending("come later")
    end)]]

  it("ends with status 0 when all pass, 1 when one fails or nothing runs", function()
    assert.are.equal(0, select(2, run_specs("it('a', function() end)")))
    local out, status = run_specs(MIXED)
    has("1 success / 1 failure / 1 error / 1 pending", out)
    assert.are.equal(1, status)
    out, status = run_specs("describe('a', function() end)")
    has("lunacoap test: no spec ran\n", out)
    assert.are.equal(1, status)
  end)

  it("takes the files of this folder, or the folder spec if there is one", function()
    local _, err, status = run ""
    has("there is no folder 'spec' and no file *_spec.lua here; 'lunacoap init test' writes one", err)
    assert.are.equal(2, status)
    write("b_spec.lua", "it('b', function() end)")
    write("c.lua", "it('c', function() end)")
    assert.are.equal("b\n", (run "--list"))
    os.execute("mkdir " .. folder .. "/spec")
    write("spec/d_spec.lua", "it('d', function() end)")
    assert.are.equal("d\n", (run "--list"))
    assert.are.equal("b\nc\n", (run "--list b_spec.lua c.lua"))
  end)

  it("refuses what makes no sense, with status 2", function()
    write("a_spec.lua", "it('a', function() end)")
    for words, message in pairs {
      ["nowhere"] = "there is no file or folder 'nowhere'",
      ["-o xml"] = "argument for option '-o' must be one of 'terminal', 'TAP', 'junit', 'json'",
      ["--seed soon"] = "option '--seed': takes a number from 1 to 2147483647, not 'soon'",
      ["--repeat 0"] = "option '--repeat': takes a number from 1 on, not '0'",
      ["--filter '['"] = "option '--filter': takes a Lua pattern, not '['",
      ["--limit never"] = "option '--limit': takes a number of seconds, such as 2.5, not 'never'",
    } do
      local _, err, status = run(words)
      has("lunacoap test: " .. message, err)
      assert.are.equal(2, status)
    end
    assert.are.equal(1, (select(3, run "--junit /nowhere/report.xml")))
  end)

  it("tells of a file with a syntax error as of a failure, and runs the others", function()
    write("b_spec.lua", "it('b', function() end)")
    local out, status = run_specs("it('a', function(")
    has("a_spec.lua:1: <name> or '...' expected near <eof>", out)
    has("1 success / 0 failures / 1 error", out)
    assert.is_nil(out:find("stack traceback", 1, true))
    assert.are.equal(1, status)
    for output, report in pairs {
      TAP = "not ok 1 - suite a_spec.lua\n# a_spec.lua @ 1\n# Failure message: a_spec.lua:1: <name>",
      junit = "<error>a_spec.lua:1: &lt;name&gt;",
      json = [["file":"a_spec.lua","line":1,"message":"a_spec.lua:1: <name>]],
    } do
      out, status = run_specs("it('a', function(", "-o " .. output)
      has(report, out)
      assert.is_truthy(out:find("ok 2 - b", 1, true) or out:find([[name=.b.]])
        or out:find([["name":"b"]], 1, true), out)
      assert.are.equal(1, status)
    end
  end)

  it("writes TAP", function()
    local out = run_specs(MIXED, "-o TAP")
    has("ok 1 - some pass\nnot ok 2 - some fail #slow\n# a_spec.lua @ 3\n", out)
    has("\nnot ok 3 - some raise\n", out)
    has("\nok 4 - # SKIP some come later\n1..4\n", out)
  end)

  it("writes JSON", function()
    local report = assert(lunacoap.json.decode((run_specs(MIXED, "-o json"))))
    assert.are.same({ 1, 1, 1, 1 },
      { #report.successes, #report.failures, #report.errors, #report.pendings })
    assert.are.equal("some fail #slow", report.failures[1].name)
  end)

  it("writes JUnit's XML, also besides another output", function()
    local out, status = run_specs(MIXED, "-o junit")
    assert.are.equal(1, status)
    local function check(xml)
      local attributes = xml:match("^<testsuites ([^>]*)>")
      for _, part in ipairs { "tests='4'", "failures='1'", "errors='1'", "skip='1'" } do
        has(part, attributes)
      end
      assert.are.equal(4, (select(2, xml:gsub("<testcase ", ""))))
      has("</testsuites>", xml)
    end
    check((out:gsub("^%s+", "")))
    has("1 success", (run_specs(MIXED, "--junit report.xml")))
    check((read "report.xml":gsub("^%s+", "")))
  end)

  it("writes reports that can be read whatever names and messages hold", function()
    local odd = [=[
      describe("one\0\27[31m <&'\"> ]]> \255", function()
        it("two\nlines # SKIP", function() assert.are.equal("\0\xff\xc3(\u{FFFE}\r", 1) end)
        it("ends \xe2\x82", function() error { ["\1\xfe"] = "\r" } end)
        pending("later \xff")
      end)]=]
    local name = [[one\x00\x1b[31m <&'"> ]].."]]"..[[> \xff two lines # SKIP]]
    local report = assert(lunacoap.json.decode((run_specs(odd, "-o json --junit report.xml"))))
    assert.are.equal(name, report.failures[1].name)
    has([[(string) '\x00\xff\xc3(\xef\xbf\xbe\x0d']], report.failures[1].message)
    local xml = read "report.xml"
    has([[name='one\x00\x1b[31m &lt;&amp;&apos;&quot;&gt; ]].."]]"..[[&gt; \xff two lines # SKIP']], xml)
    assert.is_truthy(utf8.len(xml))
    assert.is_nil(xml:find("[\0-\8\11-\31]"))
    -- What TAP takes for a directive would make the failure none.
    has("not ok 1 - " .. name:gsub("#", "\\#") .. "\n", (run_specs(odd, "-o TAP")))
  end)

  it("selects specs by their names and tags", function()
    local function names(words)
      return (run_specs(MIXED, "--list " .. words):gsub("a_spec.lua:%d+: some ([%w]+)[^\n]*\n", "%1 "))
    end
    assert.are.equal("pass fail raise come ", names "")
    assert.are.equal("fail raise ", names "--filter fail --filter 'r.ise'")
    assert.are.equal("pass come ", names "--filter-out fail --filter-out raise")
    assert.are.equal("fail ", names "--tags slow,other")
    assert.are.equal("pass raise come ", names "--exclude-tags '#slow'")
    has("1 success / 1 failure / 0 errors", (run_specs(MIXED, "--no-keep-going")))
  end)

  it("repeats all, each time with the next seed, and tells the seed of a failure", function()
    local out = run_specs([[it("draws", function() error(math.random(1 << 30)) end)]], "--repeat 2 --seed 7")
    has("seed:    7, again with: lunacoap test --seed 7\n", out)
    has("seed:    8, again with: lunacoap test --seed 8\n", out)
    local second = out:match(".*a_spec.lua:1: (%d+)")
    has(second, (run_specs([[it("draws", function() error(math.random(1 << 30)) end)]], "--seed 8")))
    local function order(seed)
      return (run_specs([[for i = 1, 20 do it("s" .. i, function() end) end]], "-o TAP --shuffle --seed " .. seed))
    end
    assert.are.equal(order(3), order(3))
    assert.are_not.equal(order(3), order(4))
  end)

  it("gives components, virtual time and math.random the seed of the run", function()
    assert.are.equal(0, select(2, run_specs([[
      local lunacoap = require "lunacoap"
      it("has it", function()
        assert.are.equal("5", lunacoap.CoAP():Config("FaultSeed"))
        assert.are.equal("6", lunacoap.CoAP{ FaultSeed = 6 }:Config("FaultSeed"))
        local drawn = math.random(1 << 30)
        math.randomseed(5)
        assert.are.equal(drawn, math.random(1 << 30))
      end)]], "--seed 5")))
  end)

  it("lets specs wait while their servers and timers go on", function()
    assert.are.same({ "", 0 }, { run_specs([[
      local lunacoap = require "lunacoap"
      it("asks", function()
        local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
        server.OnRequest = function(coap) sleep(0.01) coap.ResponseData = "late" end
        assert.response(get("coap://127.0.0.1:" .. server.LocalPort)).has_code("2.05").has_payload("late")
      end)]]):gsub("^.*1 success.*$", ""), 0 })
  end)

  it("ends what a spec began with the spec, and what a block began with the block", function()
    local out, status = run_specs([[
      local lunacoap = require "lunacoap"
      local made, ticks = {}, 0
      describe("a block", function()
        local server
        setup(function() server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true } end)
        it("begins", function()
          made = {
            coap = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true },
            server = lunacoap.server { LocalHost = "127.0.0.1" }:start(),
            program = run_program { "sleep", 100 },
            endpoint = lunacoap.endpoint(),
          }
          lunacoap.timer(0.001, 0.001, function() ticks = ticks + 1 end)
          lunacoap.spawn(function() while true do sleep(0.001) ticks = ticks + 1 end end)
          made.block = server
          error "in the midst of it"
        end)
        it("finds nothing of it", function()
          assert.are.same({ false, false, false }, { made.coap.Listening, made.server.running, made.program.running })
          assert.is_false((pcall(made.endpoint.receive, made.endpoint, 0)))
          assert.is_true(server.Listening)
          sleep(0.01)
          local before = ticks
          sleep(0.02)
          assert.are.equal(before, ticks)
        end)
      end)
      it("finds nothing of the block", function() assert.is_false(made.block.Listening) end)]])
    has("2 successes / 0 failures / 1 error", out)
    assert.are.equal(1, status)
  end)

  it("has the words configure, at_end and free_port", function()
    local out, status = run_specs([[
      local lunacoap = require "lunacoap"
      describe("a block", function()
        setup(function() at_end(function() print "block over" end) end)
        it("ends", function()
          at_end(function() print "spec over" end)
          configure { Timeout = 0.1 }
          local quiet = lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = free_port() }
          get("coap://127.0.0.1:" .. quiet.LocalPort)
        end)
        it("follows", function() end)
      end)]])
    has("no answer to GET coap://127.0.0.1:", out)
    has(" within 0.1 s\n", out)
    assert.is_truthy(out:find("spec over\n.*block over\n"), out)
    assert.are.equal(1, status)
  end)

  it("ends a spec that hangs, and says where it did", function()
    local out, status = run_specs([[
      it("waits", function()
        sleep(1000)
      end)
      it("computes", function()
        while true do end
      end)
      it("has a task that computes", function()
        require "lunacoap".spawn(function()
          while true do end
        end)
        sleep(1000)
      end)
      it("catches it", function() assert.has_error(function() sleep(1000) end) end)
      it("goes on", function() end)]], "--limit 0.2")
    has("a_spec.lua:2: 301: Operation timed out: not done within 0.2 s", out)
    has("a_spec.lua:5: 301: Operation timed out: not done within 0.2 s", out)
    has("a_spec.lua:11: 301: Operation timed out: not done within 0.2 s", out)
    has("a_spec.lua:9: Operation timed out: held up what was to be done within 0.2 s", out)
    has("a_spec.lua @ 13\ncatches it\nnot done within 0.2 s\n", out)
    assert.are.equal(1, status)
  end)

  it("fails a spec that would end the run, and runs the others", function()
    local out, status = run_specs([[
      local lunacoap = require "lunacoap"
      it("stops", function() lunacoap.stop() sleep(1) end)
      it("stops later", function()
        lunacoap.spawn(lunacoap.stop, 0)
        sleep(0.01)
      end)
      it("exits", function() os.exit(0) end)
      it("yields", function() coroutine.yield() end)
      it("yields in a coroutine", function() coroutine.wrap(function() coroutine.yield() end)() end)]])
    has("a_spec.lua:2: lunacoap.stop would end the run of all specs", out)
    has("a_spec.lua:7: os.exit would end the run of all specs", out)
    has("a_spec.lua:8: attempt to yield from outside a coroutine", out)
    has("1 success / 0 failures / 4 errors", out)
    assert.are.equal(1, status)
  end)

  it("ends endpoints and programs that a spec began by itself", function()
    local out = run_specs([[
      local lunacoap = require "lunacoap"
      local child, port
      it("begins", function()
        child = lunacoap.process.start { "sleep", 100 }
        port = lunacoap.endpoint { LocalHost = "127.0.0.1" }.LocalPort
      end)
      it("finds nothing of it", function()
        assert.is_false(child.running)
        lunacoap.endpoint { LocalHost = "127.0.0.1", LocalPort = port }
      end)
      it("has its time over", function() run_program { "sleep", "4321", ready = "x" } end)
      it("finds no such program", function()
        assert.is_falsy(os.execute "pgrep -xf 'sleep 4321'")
      end)]], "--limit 0.3")
    has("3 successes / 0 failures / 1 error", out)
  end)

  it("fails a spec by an error in one of its tasks", function()
    local out = run_specs([[
      local lunacoap = require "lunacoap"
      it("spawns", function()
        lunacoap.spawn(function() error "in a task" end)
        sleep(0.01)
      end)]])
    has("a_spec.lua:3: in a task", out)
    has("0 successes / 0 failures / 1 error", out)
  end)

  it("fails a spec by an error in a handler, unless the component has an OnError", function()
    local out, status = run_specs([[
      local lunacoap = require "lunacoap"
      local function ask(on_error)
        local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnError = on_error }
        server.OnRequest = function(_, e)
          assert.are.equal("/there", e.URIPath)
        end
        assert.response(get("coap://127.0.0.1:" .. server.LocalPort)).has_code("5.00")
      end
      it("is told", function() ask() end)
      it("does not care", function() ask(function() end) end)]])
    has("is told\na_spec.lua:5: Expected objects to be equal.\nPassed in:\n(string) '/'\n", out)
    has("1 success / 0 failures / 1 error", out)
    assert.is_nil(out:find("stack traceback", 1, true), out)
    assert.are.equal(1, status)
  end)

  it("names the line of the spec for mistakes in a call of ours", function()
    local out = run_specs([[
      local lunacoap = require "lunacoap"
      it("is wrong", function()
        lunacoap.CoAP { LocalPor = 1 }
      end)
      it("has no program", function()
        run_program { "coap-servr" }
      end)]])
    has("a_spec.lua:3: CoAP has no property or setting 'LocalPor'; did you mean 'LocalPort'?", out)
    has("a_spec.lua:6: cannot start coap-servr: No such file or directory", out)
  end)

  it("shows the exchange of a failed spec and writes its datagrams", function()
    local out = run_specs([[
      local lunacoap = require "lunacoap"
      it("is not / there", function()
        local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
        assert.are.equal("2.05", get(("coap://127.0.0.1:%d/some/thing"):format(server.LocalPort)).code)
      end)
      it("asks nobody", function() error "anyway" end)]], "--failures kept/here")
    has("GET /some/thing", out)
    has("4.04 Not Found", out)
    has("capture: kept/here/is_not_there.pcapng\n", out)
    assert.are.equal(0x0A0D0D0A, (string.unpack("<I4", read "kept/here/is_not_there.pcapng")))
    assert.are.equal(1, (select(2, out:gsub("capture: ", ""))))
  end)

  it("keeps what the end of a spec sends out of the next one's ladder", function()
    local out = run_specs([[
      local lunacoap = require "lunacoap"
      local scenario = require "lunacoap.scenario"
      describe("a session", function()
        local uri
        setup(function()
          local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, SSLEnabled = true,
            OnPSKLookup = function(_, e) e.Key = "key" end,
            OnRequest = function(coap) coap.ResponseData = "here" end }
          uri = ("coaps://127.0.0.1:%d"):format(server.LocalPort)
        end)
        local function ask()
          return scenario.client { PSKIdentity = "me", PSKKey = "6b6579" }:get(uri)
        end
        it("ends", function() assert.response(ask()).has_code("2.05") end)
        it("begins", function() assert.response(ask()).has_code("4.04") end)
      end)]])
    has("DTLS handshake", out)
    assert.is_nil(out:find("DTLS alert", 1, true), out)
  end)

  it("keeps a capture of each round that fails", function()
    local spec = [[it("asks nobody", function() get "coap://127.0.0.1:1" end)]]
    local out = run_specs(spec, "--repeat 2 --seed 7")
    has("capture: failures/asks_nobody_seed_7.pcapng\n", out)
    has("capture: failures/asks_nobody_seed_8.pcapng\n", out)
  end)

  it("ends programs with it when it is interrupted", function()
    write("a_spec.lua", [[it("hangs", function()
      local child = run_program { "sleep", 100 }
      io.stderr:write("child ", child.pid, "\n")
      sleep(100)
    end)]])
    local child <close> = command.start("test", { env = "-C " .. folder })
    child:expect "child "
    local pid = select(2, child:output()):match("child (%d+)")
    child:signal "INT"
    assert.are.equal(130, (select(3, child:finish())))
    assert.is_nil(io.open(("/proc/%s/stat"):format(pid)))
  end)
end)
