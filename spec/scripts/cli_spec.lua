-- The program as a user starts it: what it prints, on which stream, and its exit status.
local build = require "spec.support.build"

-- Runs `lunacoap WORDS` in a shell, with the text `input` or the output of `command` as standard
-- input; returns standard output, standard error and the exit status.
local function lunacoap(words, input, command)
  local errors = os.tmpname()
  local pipe = assert(io.popen(("{ %s; } | %s %s 2>%s"):format(
    command or ("printf '%%s' '%s'"):format(input or ""), build.program, words, errors)))
  local output = pipe:read("a")
  local _, _, status = pipe:close()
  local file = assert(io.open(errors))
  local error_output = file:read("a")
  file:close()
  os.remove(errors)
  return output, error_output, status
end

local function with_script(text, use)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  local ok, err = pcall(use, name)
  os.remove(name)
  assert(ok, err)
end

describe("lunacoap", function()
  it("runs a script with the arguments that the stock interpreter would give it", function()
    with_script("print(arg[0], arg[1], arg[2], #arg, arg[-1], ...)", function(name)
      local output, errors, status = lunacoap(name .. " one 'two words'")
      assert.are.equal("", errors)
      assert.are.equal(0, status)
      assert.are.equal(
        ("%s\tone\ttwo words\t2\t%s\tone\ttwo words\n"):format(name, build.program), output)
    end)
  end)

  it("runs a script from standard input", function()
    local output, errors, status = lunacoap("- x", "print(arg[0], ...)")
    assert.are.same({ "-\tx\n", "", 0 }, { output, errors, status })
  end)

  it("runs every -e in order, before the file", function()
    with_script("print(x)", function(name)
      local output = lunacoap("-e 'x = 1' -e 'x = x + 1' " .. name)
      assert.are.equal("2\n", output)
    end)
  end)

  it("takes what follows -- as a file, whatever it is called", function()
    local _, errors, status = lunacoap("-- -e")
    assert.are.equal(1, status)
    assert.matches("cannot open %-e", errors)
  end)

  it("prints its version", function()
    local output, errors, status = lunacoap("-v")
    assert.matches("^lunacoap %d+%.%d+%.%d+, Lua 5%.4\n$", output)
    assert.are.same({ "", 0 }, { errors, status })
    assert.are.equal(output, (lunacoap("--version")))
  end)

  it("explains itself on standard output, in lines that fit a terminal", function()
    local output, errors, status = lunacoap("--help")
    assert.are.same({ "", 0 }, { errors, status })
    assert.are.equal(output, (lunacoap("-h")))
    for _, word in ipairs { "FILE", "-e CODE", "-i", "-v, --version", "-h, --help", "Example" } do
      assert.is_truthy(output:find(word, 1, true), word)
    end
    for line in output:gmatch("[^\n]+") do
      assert.is_true(#line <= 80, line)
    end
  end)

  for words, complaint in pairs {
    ["--frobnicate x.lua"] = "there is no option '--frobnicate'",
    ["-e"] = "the option -e needs Lua code after it",
    [""] = "nothing to run",
  } do
    it(("refuses '%s' with status 2"):format(words), function()
      local output, errors, status = lunacoap(words)
      assert.are.same({ "", 2 }, { output, status })
      assert.is_truthy(errors:find("lunacoap: " .. complaint, 1, true), errors)
      assert.is_truthy(errors:find("lunacoap --help", 1, true), errors)
    end)
  end

  it("says which file is missing, with status 1", function()
    local output, errors, status = lunacoap("no_such_script.lua")
    assert.are.same({ "", 1 }, { output, status })
    assert.matches("^lunacoap: cannot open no_such_script%.lua", errors)
  end)

  it("says where commands are listed, when a word is none", function()
    local output, errors, status = lunacoap("frobnicate coap://localhost/")
    assert.are.same({ "", 1 }, { output, status })
    assert.matches("^lunacoap: cannot open frobnicate.*; 'lunacoap %-%-help' lists the commands\n$", errors)
  end)

  it("asks whether a command was meant that is called nearly so", function()
    for word, meant in pairs { gett = "get", gte = "get", Observ = "observe", discovr = "discover" } do
      local output, errors, status = lunacoap(word .. " coap://localhost/")
      assert.are.same({ "", 1 }, { output, status })
      assert.matches(("^lunacoap: cannot open %s.*; did you mean 'lunacoap %s'%%?\n$"):format(word, meant), errors)
    end
    assert.is_nil(select(2, lunacoap("LICENSE")):find("commands", 1, true)) -- which is there, but no Lua
  end)

  it("says where a syntax error is, with status 1", function()
    local _, errors, status = lunacoap("-e 'x ='")
    assert.are.equal(1, status)
    assert.matches("^lunacoap: %(command line%):1: unexpected symbol", errors)
  end)

  it("prints an uncaught error with the traceback of the script alone, status 1", function()
    with_script("local function f()\n  error('boom')\nend\nf()\n", function(name)
      local output, errors, status = lunacoap(name)
      assert.are.same({ "", 1 }, { output, status })
      assert.matches("^lunacoap: " .. name .. ":2: .*boom\n", errors)
      assert.is_truthy(errors:find(("%s:4: in main chunk"):format(name), 1, true), errors)
      assert.is_nil(errors:find("cli.lua", 1, true), errors)
    end)
  end)

  it("reads Lua with -i: prints values, continues unfinished lines, survives errors", function()
    local output, errors, status = lunacoap("-i",
      "1 + 1, nil\nx = function(a)\nreturn a * 2 end\nx(21)\nerror(\"oops\")\n]\nx(4)\n")
    assert.matches("\n> 2\tnil\n> >> > 42\n> > > 8\n> \n$", output)
    assert.matches("^stdin:1: oops\nstack traceback:", errors)
    assert.matches("\nstdin:1: unexpected symbol near ']'\n$", errors)
    assert.are.equal(0, status)
  end)

  it("keeps the loop going while -i waits for a line", function()
    local output, errors, status = lunacoap("-i", nil, [[
      echo 'lunacoap.timer(0.01, nil, function() print("tick") end)'; sleep 0.2; echo '1 + 1']])
    assert.matches("tick\n2\n", output, errors)
    assert.are.equal(0, status)
  end)

  it("ends the console and what still listens at the end of the input", function()
    local _, errors, status = lunacoap([[
      -i -e 'c = lunacoap.CoAP{ LocalHost = "127.0.0.1", Listening = true }']])
    assert.are.same({ "", 0 }, { errors, status })
  end)

  it("ends with the status given to stop, also while the console waits", function()
    local _, errors, status = lunacoap(
      "-i -e 'lunacoap.timer(0.05, nil, function() lunacoap.stop(5) end)'", nil, "sleep 0.2")
    assert.are.same({ "", 5 }, { errors, status })
  end)

  for signal, expected in pairs({ INT = 130, TERM = 143, HUP = 129 }) do
    it(("ends in good order on SIG%s, status %d"):format(signal, expected), function()
      local output, errors, status = lunacoap(([[-e '
        setmetatable({}, { __gc = function() print("closed") end })
        lunacoap.timer(100, nil, print)
        io.popen("kill -%s $PPID"):close()']]):format(signal))
      assert.are.same({ "closed\n", "", expected }, { output, errors, status })
    end)
  end

  it("goes on after SIGHUP where that is ignored, as nohup has it", function()
    local pipe <close> = io.popen(([[trap "" HUP; %s -e '
      io.popen("kill -HUP $PPID"):close() lunacoap.sleep(0) print("on")']]):format(build.program))
    assert.are.equal("on\n", pipe:read("a"))
  end)

  it("ends at once on a second SIGINT, when the script keeps the loop waiting", function()
    local _, _, status = lunacoap([[-e '
      io.popen("kill -INT $PPID; sleep 0.05; kill -INT $PPID")
      while true do end']])
    assert.are.equal(130, status)
  end)

  it("ends at once on a second SIGINT that comes before the script could hear of the first", function()
    local output, _, status = lunacoap([[-e '
      lunacoap.signal("SIGINT", print)
      io.popen("kill -INT $PPID; sleep 0.05; kill -INT $PPID")
      local began = os.clock()
      while os.clock() < began + 2 do end
      print("went on")']])
    assert.are.same({ "", 130 }, { output, status })
  end)

  it("lets a script watch a signal itself", function()
    local output, errors, status = lunacoap([[-e '
      lunacoap.signal("SIGINT", function() print("mine") lunacoap.stop(3) end)
      lunacoap.timer(100, nil, print)
      io.popen("kill -INT $PPID"):close()']])
    assert.are.same({ "mine\n", "", 3 }, { output, errors, status })
  end)

  it("runs the other tasks after the main chunk has returned, and then ends", function()
    local output, errors, status = lunacoap([[-e '
      lunacoap.spawn(function() lunacoap.sleep(0.01) print("spawned") end) print("main")']])
    assert.are.same({ "main\nspawned\n", "", 0 }, { output, errors, status })
  end)

  it("ends with the status that the script gives to os.exit", function()
    local _, _, status = lunacoap("-e 'os.exit(7, true)'")
    assert.are.equal(7, status)
  end)
end)

describe("an embedded module", function()
  it("is found without any file, and shows its path in tracebacks", function()
    local output, errors = lunacoap([[-e '
      local path = package.searchers[2]("lunacoap.cli")
      print(type(path), select(2, package.searchers[2]("lunacoap.cli")))']])
    assert.are.equal("function\tscripts/lunacoap/cli.lua\n", output, errors)
  end)

  it("is replaced by a file of LUNACOAP_PATH", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir -p %s/lunacoap"):format(folder)))
    local file = assert(io.open(folder .. "/lunacoap/cli.lua", "w"))
    file:write("return function() print('mine') return 3 end")
    file:close()
    local pipe = assert(io.popen(("LUNACOAP_PATH=%s %s"):format(folder, build.program)))
    local output = pipe:read("a")
    local _, _, status = pipe:close()
    os.execute(("rm -r %s"):format(folder))
    assert.are.same({ "mine\n", 3 }, { output, status })
  end)
end)
