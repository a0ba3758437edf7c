-- The option --capture, as a user gives it.
local lunacoap = require "lunacoap"
local build = require "spec.support.build"
local command = require "spec.support.command"
local command_line = require "lunacoap.command_line"
local pcapng = require "spec.support.pcapng"
local process = require "spec.support.process"
local rows = require "lunacoap.command_line.rows"

local server, uri, file

before_each(function()
  file = os.tmpname()
  server = lunacoap.CoAP { OnRequest = function(coap) coap.ResponseData = "hi" end,
    LocalHost = "127.0.0.1", Listening = true }
  uri = ("coap://127.0.0.1:%d/x"):format(server.LocalPort)
end)

after_each(function()
  server:Shutdown()
  os.remove(file)
end)

local function count()
  return #pcapng.of_kind(pcapng.read(file), "packet")
end

local function script(text)
  local path = os.tmpname()
  local it <close> = assert(io.open(path, "wb"))
  it:write(text)
  return path
end

describe("--capture", function()
  it("is an option of every command that talks to somebody", function()
    for _, row in ipairs(rows) do
      local found = false
      for _, item in ipairs(command_line.load(row).options) do
        for _, option in ipairs(item.options or {}) do
          found = found or option.flags == "--capture"
        end
      end
      assert.are.equal(not row.offline, found, row.name)
    end
    assert.is_truthy(command_line.help():find("--capture FILE.pcapng", 1, true))
  end)

  it("writes the datagrams of a command", function()
    local out, err, status = command.run(("get --capture %s %s"):format(file, uri))
    assert.are.same({ "hi", "", 0 }, { out:gsub("\n", ""), err, status })
    assert.are.equal(2, count())
  end)

  it("writes those of a script", function()
    local path = script(('require("lunacoap").CoAP():Get("%s")'):format(uri))
    local _, err, status = command.run(("--capture %s %s"):format(file, path))
    os.remove(path)
    assert.are.same({ "", 0 }, { err, status })
    assert.are.equal(2, count())
  end)

  it("writes them though the program ends by an error, by os.exit, or is killed", function()
    for i, ending in ipairs { "error('oops')", "os.exit(3)", "os.execute('kill -KILL $PPID')" } do
      local path = script(('require("lunacoap").CoAP():Get("%s") %s'):format(uri, ending))
      local _, _, status = command.run(("--capture %s %s"):format(file, path))
      os.remove(path)
      assert.are_not.equal(0, status)
      assert.are.equal(2, count(), i)
    end
  end)

  it("writes them when Ctrl-C ends a server", function()
    local child <close> = command.start("serve --port 0 --host 127.0.0.1 --capture " .. file .. " .")
    child:expect("serving")
    local there = child:output():match("coap://[%d.:]+")
    local client <close> = lunacoap.CoAP { Timeout = 5 }
    client:Get(there .. "/")
    child:signal("INT")
    local _, _, status = child:finish()
    assert.are.equal(130, status)
    assert.are.equal(2, count())
  end)

  it("says which file cannot be written, and why", function()
    for words, status in pairs {
      ["get --capture /nonexistent/x " .. uri] = 1, ["--capture /nonexistent/x -e 'os.exit(9)'"] = 1,
    } do
      local _, err, code = command.run(words)
      assert.are.equal(status, code)
      assert.is_truthy(err:find("No such file or directory: cannot write the capture /nonexistent/x",
        1, true), err)
    end
    local _, err, code = command.run("--capture")
    assert.are.equal(2, code)
    assert.is_truthy(err:find("--capture needs the name of a file", 1, true))
  end)
end)

describe("a reader of a pipe", function()
  it("may go before the program ends", function()
    local flag = os.tmpname()
    local path = script(([[
      local client = require("lunacoap").CoAP()
      repeat client:Get(%q) until not io.open(%q)
      client:Get(%q)
      print("done")]]):format(uri, flag, uri))
    os.remove(file)
    assert(os.execute("mkfifo " .. file))
    local child <close> = command.start(("--capture %s %s"):format(file, path))
    local reader <close> = process.start("head -c 100 " .. file)
    reader:finish()
    os.remove(flag)
    local out, err, status = child:finish()
    os.remove(path)
    assert.are.same({ "done\n", 0 }, { out, status })
    assert.is_truthy(err:find("Broken pipe", 1, true), err)
  end)
end)

describe("a full disk", function()
  it("ends the capture alone, which says so once", function()
    local path = script(([[
      local lunacoap = require "lunacoap"
      local client = lunacoap.CoAP { CaptureFile = %q, OnLog = function(_, e) print(e.Message) end }
      for _ = 1, 200 do client:Get(%q) end
      print("done")]]):format(file, uri))
    local child <close> = process.start(("sh -c 'ulimit -f 8; exec %s %s'"):format(build.program, path))
    local out = child:finish()
    os.remove(path)
    assert.are.equal(0, child.code)
    local first, last = out:find("the capture " .. file .. " cannot be written, and ends here", 1, true)
    assert.is_truthy(first, out)
    assert.is_nil(out:find("the capture", last, true))
    assert.is_truthy(out:find("done", last, true))
    assert.is_true(count() > 10 and count() < 400)
  end)

  it("is told by a component that goes on with the file after --capture", function()
    local path = script(([[
      local lunacoap = require "lunacoap"
      local client = lunacoap.CoAP { CaptureFile = %q, OnLog = function(_, e) print(e.Message) end }
      lunacoap.capture.file(nil)
      for _ = 1, 200 do client:Get(%q) end]]):format(file, uri))
    local child <close> = process.start(("sh -c 'ulimit -f 8; exec %s --capture %s %s'"):format(
      build.program, file, path))
    local out = child:finish()
    os.remove(path)
    assert.is_truthy(out:find("cannot be written, and ends here", 1, true), out)
  end)

  it("ends the capture of a raw endpoint, and not the program", function()
    local path = script([[
      local lunacoap = require "lunacoap"
      local raw = lunacoap.endpoint {}
      for _ = 1, 100 do raw:send(("x"):rep(500), "127.0.0.1", 9) lunacoap.sleep(0) end
      print("done")]])
    local child <close> = process.start(("sh -c 'ulimit -f 8; exec %s --capture %s %s'"):format(
      build.program, file, path))
    local out = child:finish()
    os.remove(path)
    assert.is_truthy(out:find("done\n", 1, true), out)
    assert.is_truthy(out:find("File too large: the capture", 1, true), out)
  end)

  it("is told by a command", function()
    local child <close> = process.start(("sh -c 'ulimit -f 8; exec %s bench -q -n 200 --capture %s %s'")
      :format(build.program, file, uri))
    local out = child:finish()
    assert.is_truthy(out:find("lunacoap bench: File too large: the capture", 1, true), out)
  end)
end)
