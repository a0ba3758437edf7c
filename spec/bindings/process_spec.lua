-- lunacoap.process: programs that a script starts, awaits and ends.
local build = require "spec.support.build"
local lunacoap = require "lunacoap"

local start = lunacoap.process.start

local function sh(script, more)
  local wanted = { "sh", "-c", script }
  for name, value in pairs(more or {}) do
    wanted[name] = value
  end
  return start(wanted)
end

-- Whether there is such a process, which is no zombie either.
local function exists(pid)
  local file <close> = io.open(("/proc/%d/stat"):format(pid))
  return file ~= nil
end

local function wait_until(condition)
  local till = lunacoap.now() + 5
  while not condition() and lunacoap.now() < till do
    lunacoap.sleep(0.005)
  end
  return condition()
end

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("lunacoap.process", function()
  it("starts a program with its arguments, without a shell", function()
    local child = start { "printf", "%s|", "a b", "$HOME", 5683, "" }
    assert.are.equal(0, child:wait(10))
    assert.are.equal("a b|$HOME|5683||", child.output)
    assert.are.same({ false, 0 }, { child.running, child.code })
    assert.is_nil(child.killed_by)
  end)

  it("waits for the line that tells that it is ready", function()
    local child <close> = sh("echo starting; sleep 0.1; echo ready on 5683; exec sleep 100", { ready = "^ready" })
    assert.is_true(child.running)
    assert.are.equal("starting\nready on 5683\n", child.output)
  end)

  it("is waited for wherever the stack of its task ends", function()
    local function below(depth)
      if depth > 0 then
        return (below(depth - 1))
      end
      return sh("sleep 0.01; echo up; exec sleep 100", { ready = "up" })
    end
    local done = 0
    for depth = 1, 40 do
      lunacoap.spawn(function()
        local _ <close> = below(depth)
        done = done + 1
      end)
    end
    assert.is_true(wait_until(function() return done == 40 end))
  end)

  it("goes on with the loop while it waits", function()
    local turns = 0
    local timer = lunacoap.timer(0.01, 0.01, function() turns = turns + 1 end)
    local _ <close> = sh("sleep 0.2; echo up; exec sleep 100", { ready = "up" })
    timer:stop()
    assert.is_true(turns > 5)
  end)

  it("raises what a program that ended before printed last, at most ten lines of it", function()
    local message = message_of(sh, "seq 1 20; echo no such device >&2; exit 3", { ready = "up" })
    assert.are.equal("1: sh ended with status 3 before it printed 'up'; it printed last:\n"
      .. "12\n13\n14\n15\n16\n17\n18\n19\n20\nno such device", message)
    assert.are.equal("1: sh was ended by SIGHUP before it printed 'up'; it printed nothing",
      message_of(sh, "kill -HUP $$", { ready = "up" }))
  end)

  it("ends a program that is not ready in time", function()
    local message = message_of(sh, "echo $$; exec sleep 100", { ready = "up", within = 0.2 })
    local pid = message:match("^301: sh has not printed 'up' within 0%.2 s; it printed last:\n(%d+)$")
    assert.is_truthy(pid, message)
    assert.is_false(exists(pid))
  end)

  it("ends a program whose start was given up before it is ready", function()
    local function started(name)
      local found = io.popen("pgrep -xf 'sleep " .. name .. "'"):read("a")
      return found ~= ""
    end
    assert.matches("malformed pattern",
      message_of(sh, "echo up; exec sleep 1001", { ready = "[" }))
    assert.is_false(started "1001")
    message_of(lunacoap.limit, 0.1, start, { "sleep", 1002, ready = "up" })
    assert.is_false(started "1002")
    local program <close> = start { build.program, "-e", [[
      lunacoap.spawn(function()
        thread = coroutine.running()
        lunacoap.process.start { "sleep", 1003, ready = "up" }
      end)
      lunacoap.sleep(0.1)
      coroutine.close(thread)
      print "closed"
      io.stdout:flush()
      lunacoap.sleep(10)]] }
    program:expect "closed"
    assert.is_false(started "1003")
    assert.are.equal("1: process.start takes seconds as within, not 'soon'",
      message_of(start, { "true", within = "soon" }))
  end)

  it("says that a program, or its folder, is missing", function()
    assert.are.equal("1: cannot start coap-servr: No such file or directory", message_of(start, { "coap-servr" }))
    assert.are.equal("1: cannot start true in /nowhere: No such file or directory",
      message_of(start, { "true", cwd = "/nowhere" }))
    assert.are.equal("1: cannot start /etc/passwd: Permission denied", message_of(start, { "/etc/passwd" }))
  end)

  it("names what it does not take", function()
    assert.are.equal("1: process.start has no field 'redy'; did you mean 'ready'?",
      message_of(start, { "true", redy = "up" }))
    assert.matches("takes a table of a program and its arguments, not 'true'", message_of(start, "true"))
    assert.matches("takes a table of a program and its arguments, such as", message_of(start, {}))
    assert.matches("takes text as program and arguments, not true", message_of(start, { "echo", true }))
    assert.matches("takes text as program and arguments, not 'a'", message_of(start, { "echo", "a\0b" }))
    assert.matches("takes env as a table, not 1", message_of(start, { "true", env = 1 }))
    local child <close> = start { "true" }
    assert.are.equal("1: process has no field 'outpt'; did you mean 'output'?",
      message_of(function() return child.outpt end))
    assert.are.equal("1: process.pid is read-only", message_of(function() child.pid = 1 end))
    assert.are.equal("1: a method of a process was called on nil; write process:method(), with a colon",
      message_of(child.wait))
    assert.are.equal("1: lunacoap.process has no field 'strt'; did you mean 'start'?",
      message_of(function() return lunacoap.process.strt end))
    assert.matches('signal takes a name such as "SIGHUP" or "TERM", not \'HELLO\'',
      message_of(child.signal, child, "HELLO"))
  end)

  it("names what it does not take for seconds", function()
    local child <close> = start { "true" }
    for call, message in pairs {
      [function() start { "true", within = -1 } end] = "process.start's within takes seconds from 0 to 1e9 or nil, not -1.0",
      [function() child:expect("x", "1") end] = "expect's second argument takes seconds from 0 to 1e9 or nil, not '1'",
      [function() child:wait(-1) end] = "wait takes seconds from 0 to 1e9 or nil, not -1",
      [function() child:stop(true) end] = "stop takes seconds from 0 to 1e9 or nil, not true",
    } do
      assert.are.equal("1: " .. message, message_of(call))
    end
  end)

  it("changes its environment and folder", function()
    local child = sh("echo $A.$B.$HOME.$PWD",
      { env = { A = "bee", B = 2, HOME = false }, cwd = "/usr" })
    assert.are.equal("bee.2..", child:expect("^(.*)/usr$", 10))
  end)

  it("expects one line after the other, each once and as a whole", function()
    local child <close> = sh("printf 'port 56'; sleep 0.1; echo 83; echo a=1 b=2; echo a=3 b=4; exec sleep 100")
    assert.are.equal("5683", child:expect("port (%d+)"))
    assert.are.same({ "1", "2" }, { child:expect("a=(%d) b=(%d)") })
    assert.are.equal("a=3 b=4", child:expect("^a.*"))
    assert.matches("^301: sh has not printed 'a=' within 0.05 s", message_of(child.expect, child, "a=", 0.05))
  end)

  it("takes what a program printed last for a line, though no newline ends it", function()
    local child = sh("printf done")
    assert.are.equal("done", child:expect "done")
  end)

  it("wakes several tasks that wait for the same program", function()
    local seen = {}
    local child <close> = sh("sleep 0.1; echo up; exec sleep 100")
    for i = 1, 3 do
      lunacoap.spawn(function()
        pcall(child.wait, child, 10)
        seen[#seen + 1] = i
      end)
    end
    child:expect "up"
    child:stop()
    assert.is_true(wait_until(function() return #seen == 3 end))
  end)

  it("waits in a coroutine of the script too", function()
    local wait = coroutine.wrap(function()
      local child <close> = sh("sleep 0.05; echo up; exec sleep 100", { ready = "up" })
      return child.output
    end)
    assert.are.equal("up\n", wait())
  end)

  it("tells the status or the signal with which it ended", function()
    assert.are.equal(7, (sh("exit 7"):wait(10)))
    local child <close> = start { "sleep", 100 }
    child:signal "SIGUSR1"
    assert.are.same({ n = 2, nil, "SIGUSR1" }, table.pack(child:wait(10)))
    assert.are.equal("SIGUSR1", child.killed_by)
    assert.is_nil(child.code)
    assert.matches("^301: sleep has not ended within 0.05 s; it printed nothing$",
      message_of(function()
        local other <close> = start { "sleep", 100 }
        other:wait(0.05)
      end))
  end)

  it("stops it in good order, and by force when it does not end", function()
    local polite = sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done", { ready = "up" })
    assert.are.equal(0, (polite:stop()))
    assert.are.equal("bye", polite:expect "bye")
    local stubborn = sh("trap '' TERM; echo up; while :; do sleep 0.01; done", { ready = "up" })
    assert.are.same({ n = 2, nil, "SIGKILL" }, table.pack(stubborn:stop(0.1)))
    assert.are.equal("SIGKILL", select(2, stubborn:stop())) -- it has ended already
  end)

  it("ends with it all that it has started, and leaves no zombie", function()
    local child = sh("sleep 100 & echo $!; echo up; exec sleep 100")
    local grandchild = child:expect "%d+"
    child:expect "up"
    child:stop()
    assert.is_false(exists(child.pid))
    assert.is_true(wait_until(function() return not exists(grandchild) end))
    local leaving = sh("sleep 100 & echo $!; exit 0")
    grandchild = leaving:expect "%d+"
    leaving:wait(10)
    assert.is_true(wait_until(function() return not exists(grandchild) end))
  end)

  it("is ended by <close>, also when an error passes, and by the collector", function()
    local pid
    pcall(function()
      local child <close> = start { "sleep", 100 }
      pid = child.pid
      error "a failed assertion"
    end)
    assert.is_false(exists(pid))
    local function begin() return start({ "sleep", 100 }).pid end
    pid = begin()
    assert.is_true(exists(pid))
    collectgarbage()
    collectgarbage()
    assert.is_false(exists(pid))
  end)

  it("keeps the last output of a program that prints without end", function()
    local child <close> = start { "yes", ("x"):rep(99) }
    assert.is_true(wait_until(function() return #child.output > 300000 end))
    child:stop()
    assert.is_true(#child.output >= 256 * 1024 and #child.output <= 512 * 1024 + 65536)
  end)

  it("gives it none of our files, and an empty input", function()
    local file <close> = io.open("/etc/passwd")
    local child = start { "ls", "-l", "/proc/self/fd" }
    assert.are.equal(0, (child:wait(10)), file)
    local _, count = child.output:gsub("%->", "")
    assert.are.equal(4, count, child.output) -- 0, 1, 2 and the folder itself
    assert.are.equal(0, (start { "cat" }:wait(10)))
  end)
end)

describe("a program with children", function()
  local function run(code)
    local child = start { build.program, "-e", code }
    return child
  end

  it("is not kept alive by one that nobody waits for, and takes it along", function()
    local program = run "local c = lunacoap.process.start{ 'sleep', 100 } print(c.pid)"
    local pid = program:expect "%d+"
    assert.are.equal(0, (program:wait(10)))
    assert.is_false(exists(pid))
  end)

  it("takes it along when it is killed", function()
    local program <close> = run "c = lunacoap.process.start{ 'sleep', 100 } print(c.pid) io.stdout:flush() lunacoap.sleep(100)"
    local pid = program:expect "%d+"
    os.execute("kill -KILL " .. program.pid)
    program:wait(10)
    assert.is_true(wait_until(function() return not exists(pid) end))
  end)

  it("takes it along when it ends by Ctrl-C", function()
    local program <close> = run "c = lunacoap.process.start{ 'sleep', 100 } print(c.pid) io.stdout:flush() c:wait()"
    local pid = program:expect "%d+"
    program:signal "INT"
    assert.are.equal(130, (program:wait(10)))
    assert.is_false(exists(pid))
  end)
end)
