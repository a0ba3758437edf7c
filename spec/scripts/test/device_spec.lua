-- What is tested: scripts on free ports and programs, by run_script and run_program.
local command = require "spec.support.command"
local process = require "spec.support.process"

local SERVER = [[
local lunacoap = require "lunacoap"
local coap = lunacoap.CoAP()
local count = 0
coap.OnRequest = function(c) count = count + 1 c.ResponseData = (arg[1] or "no argument") .. count end
coap.LocalPort = 5683
coap:StartListening()
lunacoap.server { LocalPort = 5683 }:start()
print("listening", coap.LocalPort ~= 5683)
]]

describe("in specs", function()
  local folder

  before_each(function() folder = assert(io.popen("mktemp -d")):read("l") end)
  after_each(function() os.execute("rm -r " .. folder) end)

  local function write(name, text)
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end

  -- Output of a spec with this body; it passes when status is 0.
  local function run(body)
    write("a_spec.lua", ("local lunacoap = require 'lunacoap' it('is so', function()\n%s\nend)\n"):format(body))
    local out, err, status = command.run("test", { env = "-C " .. folder })
    return out .. err, status
  end

  local function passes(body)
    local out, status = run(body)
    assert.are.equal(0, status, out)
  end

  local function fails(message, body)
    local out, status = run(body)
    assert.are.equal(1, status)
    assert.is_truthy(out:find(message, 1, true), out)
  end

  it("run_script runs a script on a free port, whatever port it names", function()
    write("server.lua", SERVER)
    passes [[
      local one, two = run_script("server.lua", {}, "one"), run_script("server.lua", "two")
      assert.are_not.equal(one.port, two.port)
      assert.are.equal("coap://127.0.0.1:" .. one.port, one.uri)
      assert.are.equal("one1", get(one.uri).payload)
      assert.are.equal("two1", get(two.uri).payload)
      assert.are.equal("listening\ttrue\n", one.output)
      assert.are.equal("three1", get(run_script("server.lua", nil, "three").uri).payload)]]
  end)

  it("a script starts again at the same port, and stops", function()
    write("server.lua", SERVER)
    passes [[
      local dut = run_script("server.lua", { MaxRetransmit = 0 })
      local port = dut.port
      get(dut.uri)
      assert.are.equal("no argument2", get(dut.uri).payload)
      dut:restart()
      assert.are.equal(port, dut.port)
      assert.are.equal("no argument1", get(dut.uri).payload)
      dut:stop()
      assert.is_false(dut.running)]]
  end)

  it("a script that is missing or wrong is told of", function()
    fails("a_spec.lua:2: cannot open missing.lua", [[run_script "missing.lua"]])
    write("wrong.lua", "local x = = 1")
    fails("wrong.lua:1: unexpected symbol near '='", [[run_script "wrong.lua"]])
    write("late.lua", "require 'lunacoap'.sleep(0.01)\nerror 'too bad'")
    fails("late.lua:2: too bad", [[run_script "late.lua"]])
  end)

  it("a script's components have the seed of the run, and its handlers fail the spec", function()
    write("wrong.lua", [[
      local lunacoap = require "lunacoap"
      local server = lunacoap.server()
      server:resource("/seed", { get = function() return server.coap:Config("FaultSeed") end })
      server:resource("/wrong", { get = function() error "too bad" end })
      server:start()]])
    passes [[
      local seed = lunacoap.CoAP():Config("FaultSeed")
      assert.response(get(run_script("wrong.lua").uri .. "/seed")).has_payload(seed)]]
    fails("is so\nwrong.lua:4: too bad\n", [[get(run_script("wrong.lua").uri .. "/wrong")]])
  end)

  it("a script may end by itself, without ending the run", function()
    write("short.lua", "require 'lunacoap'.stop(3)")
    passes [[
      local short = run_script "short.lua"
      eventually(5, function() assert.is_false(short.running) end)
      assert.are.equal(3, short.code)
      assert.is_nil(short.uri)]]
  end)

  it("a script may exit, or have stopped, and starts again at the same port", function()
    write("server.lua", SERVER .. "coap.OnRequest = function() os.exit(3) end\n")
    passes [[
      local dut = run_script("server.lua")
      local uri = dut.uri
      pcall(get, uri, { timeout = 0.2 })
      assert.is_false(dut.running)
      assert.are.equal(3, dut.code)
      dut:restart()
      assert.are.equal(uri, dut.uri)
      dut:stop()
      dut:stop()
      dut:restart()
      assert.are.equal(uri, dut.uri)]]
    write("exits.lua", "os.exit(true) error 'goes on'")
    passes [[
      local dut = run_script("exits.lua")
      assert.is_false(dut.running)
      assert.are.equal(0, dut.code)]]
  end)

  it("run_program waits for a line, or for an answer", function()
    local port = process.free_port()
    passes(([[
      local uri = "coap://127.0.0.1:%d"
      run_program { "coap-server-notls", "-A", "127.0.0.1", "-p", %d, ready = uri }
      assert.response(get(uri .. "/time")).has_code("2.05")
      assert.are.equal("up\n", run_program { "sh", "-c", "echo up; exec sleep 100", ready = "^up" }.output)]]):format(
      port, port))
  end)

  it("run_program refuses a URI at whose port somebody else is already", function()
    fails("a_spec.lua:3: sleep: 127.0.0.1, port ", [[
      local other = lunacoap.endpoint { LocalHost = "127.0.0.1" }
      run_program { "sleep", 100, ready = "coap://127.0.0.1:" .. other.LocalPort }]])
    fails(" is taken already: another program would answer in its place", [[
      local other = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
      run_program { "sleep", 100, ready = ("coap://localhost:%d/x"):format(other.LocalPort) }]])
  end)

  it("the questions whether a program is ready are not in the ladder", function()
    local port = process.free_port()
    local out = run(([[
      local uri = "coap://127.0.0.1:%d"
      run_program { "coap-server-notls", "-A", "127.0.0.1", "-p", %d, ready = uri }
      assert.response(get(uri .. "/time")).has_code("4.04")]]):format(port, port))
    assert.is_truthy(out:find("CON GET /time ", 1, true), out)
    assert.is_nil(out:find("CON GET / ", 1, true), out)
    out = run [[run_program { "sleep", 100, ready = "coap://127.0.0.1:9", within = 0.2 }]]
    assert.is_truthy(out:find("CON GET / ", 1, true), out)
  end)

  it("a program that crashes fails its spec, and a failure tells of one that has ended", function()
    fails("after the spec: sh: ended by SIGSEGV; it printed last:\nfrom a null pointer\n", [[
      run_program { "sh", "-c", "echo from a null pointer; kill -SEGV $$" }:wait()]])
    fails("program: sh: ended with status 3; it printed nothing\n", [[
      run_program { "sh", "-c", "exit 3" }:wait()
      error "anyway"]])
    passes [[run_program { "sleep", 100 }:stop()]]
    passes [[run_program { "sh", "-c", "exit 3" }:wait()]]
  end)

  it("run_program tells of a program that is not ready", function()
    fails("a_spec.lua:2: sh: it ended before it answered at coap://127.0.0.1:9; it printed:\nno device",
      [[run_program { "sh", "-c", "echo no device", ready = "coap://127.0.0.1:9" }]])
    fails("a_spec.lua:2: sleep: nobody answered at coap://127.0.0.1:9 within 0.2 s",
      [[run_program { "sleep", 100, ready = "coap://127.0.0.1:9", within = 0.2 }]])
  end)
end)
