-- lunacoap init, and that what it writes runs at once and does what its comments say.
local command = require "spec.support.command"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

describe("lunacoap init", function()
  local folder, running

  before_each(function()
    folder, running = assert(io.popen("mktemp -d")):read("l"), {}
  end)

  after_each(function()
    for _, child in ipairs(running) do
      local _ <close> = child
    end
    os.execute("rm -r " .. folder)
  end)

  local function there(words)
    return command.run(words, { env = "-C " .. folder })
  end

  local function start(words)
    local child = command.start(words, { env = "-C " .. folder })
    running[#running + 1] = child
    return child
  end

  it("writes a script and says how it is started", function()
    for kind, file in pairs { device = "device.lua", server = "server.lua",
      simulation = "simulation.lua", test = "test_spec.lua" } do
      local command_line = { simulation = "lunacoap simulate", test = "lunacoap test" }
      assert.are.same({ ("wrote %s; try:  %s %s\n"):format(file, command_line[kind] or "lunacoap", file), "", 0 },
        { there("init " .. kind) })
      local script = read(("%s/%s"):format(folder, file))
      assert.are.equal(read(("scripts/lunacoap/starter/%s.lua"):format(kind)), script)
      assert.are.same({ script, "", 0 }, { there(("init %s -"):format(kind)) })
    end
    there "init device mine.lua"
    assert.are.equal(read(folder .. "/device.lua"), read(folder .. "/mine.lua"))
  end)

  it("replaces nothing, unless it has to", function()
    local file <close> = assert(io.open(folder .. "/device.lua", "w"))
    file:write("mine")
    file:close()
    assert.are.same({ "", "lunacoap init: device.lua exists already: --force replaces it\n", 1 },
      { there "init device" })
    assert.are.equal("mine", read(folder .. "/device.lua"))
    assert.are.equal(0, (select(3, there "init --force device")))
    assert.are_not.equal("mine", read(folder .. "/device.lua"))
  end)

  it("refuses other kinds with status 2", function()
    local _, errors, status = there "init toaster"
    assert.are.equal("lunacoap init: argument 'KIND' must be one of 'device', 'server', 'simulation', 'test'",
      errors:match("^[^\n]*"))
    assert.are.equal(2, status)
  end)

  it("writes a device that is discovered, read, set and observed, and that reports to the server", function()
    there "init device"
    there "init server"
    local store, port = process.free_port(), process.free_port()
    start(("server.lua %d"):format(store)):expect "listening"
    local device = start(("device.lua %d coap://127.0.0.1:%d/measurements"):format(port, store))
    device:expect(("try:  lunacoap observe coap://127.0.0.1:%d/temperature"):format(port))
    local out = there(("discover 127.0.0.1:%d rt=temp*"):format(port))
    assert.is_truthy(out:find("\n/temperature  temperature  yes  Temperature in degrees Celsius\n", 1, true), out)
    assert.are.same({ "21.0", "", 0 }, { there(("get -a text 127.0.0.1:%d/temperature"):format(port)) })
    assert.are.equal(4, (select(3, there(("put 127.0.0.1:%d/interval soon"):format(port)))))
    assert.are.same({ "", "", 0 }, { there(("put -f text 127.0.0.1:%d/interval 0.1"):format(port)) })
    out = there(("observe -n 3 127.0.0.1:%d/temperature"):format(port))
    assert.matches("^%d+%.%d\n%d+%.%d\n%d+%.%d\n$", out)
    out = there(("observe -n 2 127.0.0.1:%d/measurements/latest"):format(store))
    assert.matches("^%d+%.%d\n%d+%.%d\n$", out)
    assert.are.equal("", (select(2, device:output())))
  end)

  it("writes a server to which clients add and of which they read and delete", function()
    there "init server"
    local port = process.free_port()
    local server = start(("server.lua %d"):format(port))
    server:expect(("try:  lunacoap post coap://127.0.0.1:%d/measurements 21.5\n"):format(port))
    local base = ("127.0.0.1:%d/measurements"):format(port)
    assert.are.equal("[]", (there(("get -a json %s"):format(base))))
    assert.are.same({ "", "2.01 Created\n  Location-Path: measurements\n  Location-Path: 1\n", 0 },
      { there(("post -i %s 21.5"):format(base)) })
    assert.are.same({ "", "4.00 Bad Request: a measurement is a number\n", 4 }, { there(("post %s warm"):format(base)) })
    assert.are.equal(0, (select(3, there(("post -f cbor %s 22.5"):format(base)))))
    assert.are.equal("22.5", (there(("get -a text %s/latest"):format(base))))
    assert.is_truthy((there(("get %s"):format(base))):find("21.5", 1, true))
    assert.is_truthy((there(("get %s/1"):format(base))):find("21.5", 1, true))
    assert.are.equal(0, (select(3, there(("delete %s/1"):format(base)))))
    assert.are.equal(4, (select(3, there(("get %s/1"):format(base)))))
  end)

  it("writes devices that are read, set and observed, and that report until they are stopped", function()
    there "init simulation"
    local port, reports = process.free_port("127.0.0.1"), {}
    local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function(coap)
        table.insert(reports, coap.RequestData)
        coap.ResponseCode = "2.04"
      end }
    local child = start(("simulate simulation.lua %d --count 1 --server 127.0.0.1:%d"):format(port, server.LocalPort))
    assert.is_true(process.wait(function() return reports[1] end))
    local out = there(("observe -n 2 -a text 127.0.0.1:%d/temperature"):format(port))
    assert.matches("^%d+%.%d\n%d+%.%d\n$", out)
    assert.are.same({ "", "4.00 Bad Request: a target is a number from 5 to 30\n", 4 },
      { there(("put 127.0.0.1:%d/target 99"):format(port)) })
    assert.are.equal(0, (select(3, there(("put 127.0.0.1:%d/target 25"):format(port)))))
    assert.are.equal("25", (there(("get -a text 127.0.0.1:%d/target"):format(port))))
    child:signal("INT")
    local summary, _, status = child:finish()
    assert.are.same({ '{"is":"up","name":"thermostat-1"}', '{"is":"down","name":"thermostat-1"}', 130 },
      { reports[1], reports[#reports], status })
    assert.matches("simulation.lua: 1 device, seed 1, interrupted after", summary, 1, true)
  end)

  it("writes specs that pass with their own server, and fail with one that is wrong", function()
    there "init test"
    local out, errors, status = there "test"
    assert.are.same({ "", 0 }, { errors, status })
    assert.is_truthy(out:find("4 successes / 0 failures / 0 errors", 1, true), out)
    local wrong <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
    out, errors, status = command.run("test",
      { env = ("-C %s TARGET=coap://127.0.0.1:%d"):format(folder, wrong.LocalPort) })
    assert.are.same({ "", 1 }, { errors, status })
    assert.is_truthy(out:find("1 success / ", 1, true), out) -- what is not there is not found
    assert.is_truthy(out:find("a name can be set", 1, true), out)
  end)
end)
