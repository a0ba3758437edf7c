-- lunacoap.capture and CaptureFile: what is kept of the datagrams, and what files hold.
local lunacoap = require "lunacoap"
local build = require "spec.support.build"
local pcapng = require "spec.support.pcapng"
local process = require "spec.support.process"

local capture = lunacoap.capture

local open, paths = {}, {}

local function path()
  paths[#paths + 1] = os.tmpname()
  return paths[#paths]
end

local function coap(fields)
  open[#open + 1] = lunacoap.CoAP(fields)
  return open[#open]
end

local function server(fields)
  local made = coap(fields or {})
  made.OnRequest = function(it) it.ResponseData = "hi" end
  made:StartListening()
  return made
end

local function ask(client, of, scheme, host)
  client:Get(("%s://%s:%d/x"):format(scheme or "coap", host or "127.0.0.1", of.LocalPort))
end

local function psk(fields)
  fields = fields or {}
  fields.PSKIdentity, fields.PSKKey = "me", "0011223344556677"
  return fields
end

local function packets(file)
  return pcapng.of_kind(pcapng.read(file), "packet")
end

local function column(list, name)
  local values = {}
  for i, item in ipairs(list) do
    values[i] = item[name] or "-"
  end
  return values
end

before_each(function() open, paths = {}, {} end)

after_each(function()
  for _, component in ipairs(open) do
    component:Shutdown()
  end
  open = {}
  capture.file(nil)
  capture.keep(0)
  collectgarbage()
  for _, file in ipairs(paths) do
    os.remove(file)
  end
end)

describe("datagrams that are kept", function()
  it("are none until somebody asks, and then no tap sees any", function()
    local here = server()
    local mark = capture.mark()
    ask(coap(), here)
    assert.are.equal(mark, capture.mark())
    assert.are.same({}, capture.list())
  end)

  it("are told with both ends, on sockets that were open before", function()
    local here, client = server(), coap()
    ask(client, here)
    assert.are.equal(0, capture.keep(10))
    local mark = capture.mark()
    ask(client, here)
    local list = capture.list(mark)
    local ours = "127.0.0.1:" .. client.LocalPort
    local theirs = "127.0.0.1:" .. here.LocalPort
    assert.are.same({ "sent", "received", "sent", "received" }, column(list, "direction"))
    assert.are.same({ ours, theirs, theirs, ours }, column(list, "local_address"))
    assert.are.same({ theirs, ours, ours, theirs }, column(list, "remote"))
    for i, item in ipairs(list) do
      assert.are.equal(mark + i - 1, item.number)
      assert.is_true(math.abs(lunacoap.now() - item.time) < 5)
      assert.is_nil(item.secure or item.fate or item.comment)
    end
    assert.are.equal(list[1].data, list[2].data)
    assert.are.same({ list[3], list[4] }, capture.list(mark + 2))
    assert.are.equal(10, capture.keep())
  end)

  it("are the last ones", function()
    local here, client = server(), coap()
    capture.keep(3)
    ask(client, here)
    ask(client, here)
    local last = capture.mark() - 1
    assert.are.same({ last - 2, last - 1, last }, column(capture.list(), "number"))
    assert.are.equal(3, capture.keep(1))
    assert.are.same({ last }, column(capture.list(), "number"))
    capture.keep(0)
    assert.are.same({}, capture.list())
  end)

  it("are told of one component, with sockets of all kinds, wherever it has moved", function()
    local any = server { LocalHost = "" }
    local shared = server { LocalHost = "127.16.0.1", ShareSocket = true }
    local neighbour = server { LocalHost = "127.16.0.2", ShareSocket = true }
    local client, other = coap(), coap()
    capture.keep(100)
    for _, here in ipairs { any, shared, neighbour } do
      local host = here.LocalHost:gsub("0.0.0.0", "127.0.0.1")
      ask(client, here, nil, host)
      ask(other, here, nil, host)
    end
    assert.are.equal(24, #capture.list())
    assert.are.equal(6, #capture.list(nil, client))
    for _, here in ipairs { any, shared, neighbour } do
      assert.are.equal(4, #capture.list(0, here))
    end
    local mark = capture.mark()
    ask(client, shared, nil, "127.16.0.1")
    assert.are.same({ 2, 0 }, { #capture.list(mark, shared), #capture.list(mark, neighbour) })
    client:Rebind()
    ask(client, shared, nil, "127.16.0.1")
    assert.are.same({ 4, 4 }, { #capture.list(mark, shared), #capture.list(mark, client) })
    assert.are.equal(0, #capture.list(0, lunacoap.CoAP()))
    assert.are.equal("1: capture.list takes a component second, not '127.0.0.1'",
      tostring(select(2, pcall(capture.list, 0, "127.0.0.1"))))
  end)

  for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
    it("show what DTLS protects in clear, over " .. provider, function()
      local here = server(psk { SSLEnabled = true, SSLProvider = provider })
      capture.keep(100)
      ask(coap(psk { SSLProvider = provider }), here, "coaps")
      local clear = {}
      for _, item in ipairs(capture.list()) do
        if item.secure then
          clear[#clear + 1] = item
          assert.are.equal(1, item.data:byte() >> 6)
        else
          assert.is_true(item.data:byte() >= 20 and item.data:byte() <= 23)
        end
      end
      assert.are.same({ "sent", "received", "sent", "received" }, column(clear, "direction"))
      assert.are.equal(clear[1].data, clear[2].data)
      assert.are.equal("hi", clear[4].data:sub(-2))
    end)
  end

  it("tell what faults did to them", function()
    capture.keep(100)
    lunacoap.virtual(function()
      local here = server()
      here:Configure(lunacoap.faults { receiving = { { "drop", retransmission = 0 } } })
      local client = coap(lunacoap.faults { sending = { { "delay", by = 0.25 } },
        receiving = { { "duplicate" } } })
      ask(client, here)
    end)
    local list = capture.list()
    assert.are.same({ "sent", "received", "sent", "received", "sent", "received" },
      column(list, "direction"))
    assert.are.same({ "-", "dropped", "-", "-", "-", "-" }, column(list, "fate"))
    assert.are.same({ "delayed 0.250 s", "dropped", "delayed 0.250 s", "-", "-", "duplicated" },
      column(list, "comment"))
    assert.is_true(list[3].time - list[1].time >= 2)
  end)

  it("that were never sent are told too", function()
    capture.keep(100)
    lunacoap.virtual(function()
      local client = coap(lunacoap.faults { sending = { { "drop", retransmission = 0 } } })
      ask(client, server())
    end)
    local list, file = capture.list(), path()
    assert.are.same({ "sent", "sent", "received", "sent", "received" }, column(list, "direction"))
    assert.are.same({ "dropped", "-", "-", "-", "-" }, column(list, "fate"))
    capture.write(file)
    assert.are.same({ 4, 3, 3 }, column(packets(file), "interface"))
  end)

  for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
    it("may begin and end in any handler, over " .. provider, function()
      local told, file = 0, path()
      local function toggle(component)
        told = told + 1
        capture.keep(told % 2 * 100)
        component:Config("CaptureFile=" .. (told % 3 == 0 and file or ""))
      end
      local function fields(more)
        more.SSLProvider, more.LogSSLPackets, more.LogLevel = provider, true, 3
        more.OnSSLStatus, more.OnLog = toggle, toggle
        return psk(more)
      end
      local here = server(fields { SSLEnabled = true })
      for _, fault in ipairs { "", "duplicate", "delay by=0.01" } do
        local client = coap(fields { SendFaults = fault, ReceiveFaults = fault })
        ask(client, here, "coaps")
        assert.are.equal("hi", client.ResponseData)
        client:Shutdown()
      end
      assert.is_true(told > 50)
    end)
  end

  it("are listed as they are, though the collector changes what is kept meanwhile", function()
    local here, client = server(), coap()
    capture.keep(1000)
    for _ = 1, 100 do
      ask(client, here)
    end
    local before = collectgarbage("setpause", 0)
    for _ = 1, 50 do
      setmetatable({}, { __gc = function() capture.keep(0) end })
    end
    local list = capture.list()
    collectgarbage("setpause", before)
    assert.are.equal(400, #list)
    assert.are.equal(400, list[400].number - list[1].number + 1)
    assert.is_true(collectgarbage("isrunning"))
  end)

  it("follow a component that moves to another port", function()
    local here, client = server(), coap()
    capture.keep(100)
    ask(client, here)
    local before = client.LocalPort
    client:Rebind()
    ask(client, here)
    local addresses = column(capture.list(), "local_address")
    assert.are_not.equal(before, client.LocalPort)
    assert.are.equal("127.0.0.1:" .. before, addresses[1])
    assert.are.equal("127.0.0.1:" .. client.LocalPort, addresses[5])
  end)

  it("are written to a file for its owner alone, each once", function()
    local here, client, file = server { UseIPv6 = true }, coap(), path()
    os.remove(file)
    capture.keep(100)
    ask(client, here)
    ask(coap(), here, "coap", "[::1]")
    capture.write(file)
    assert.are.equal(4, #packets(file))
    local pipe <close> = assert(io.popen("stat -c %a " .. file))
    assert.are.equal("600", pipe:read("l"))
    capture.write(file) -- in the place of the other
    assert.are.equal(4, #packets(file))
    assert.are.equal(1, #pcapng.of_kind(pcapng.read(file), "section"))
  end)
end)

describe("a capture file", function()
  it("has the datagrams of its component, as they come", function()
    local file = path()
    local here, client = server(), coap { CaptureFile = file }
    ask(client, here)
    lunacoap.sleep(0) -- the end of the turn
    local list = packets(file)
    assert.are.same({ "\2\0\0\0", "\1\0\0\0" }, { list[1].options[2], list[2].options[2] })
    assert.is_true(math.abs(list[1].micros / 1e6 - os.time()) < 5)
    ask(coap(), here)
    lunacoap.sleep(0)
    assert.are.equal(2, #packets(file))
  end)

  it("is shared by components that name it, where each datagram stands once", function()
    local file = path()
    local here = server { CaptureFile = file }
    ask(coap { CaptureFile = file:gsub("^/tmp/", "/tmp/./") }, here)
    ask(coap(), here)
    lunacoap.sleep(0)
    local directions = {}
    for i, packet in ipairs(packets(file)) do
      directions[i] = packet.options[2]:byte()
    end
    assert.are.same({ 2, 2, 1, 2 }, directions)
    assert.are.equal(1, #pcapng.of_kind(pcapng.read(file), "section"))
  end)

  it("knows a sender that is gone when its datagram is read", function()
    local file = path()
    local here, client = server { CaptureFile = file }, coap { CaptureFile = file, Timeout = 0 }
    ask(client, here)
    client:Shutdown()
    lunacoap.sleep(0.05)
    assert.are.equal(2, packets(file)[1].options[2]:byte())
    assert.are_not.equal(packets(file)[1].data, packets(file)[2].data)
  end)

  it("has what another program sends from a port that was ours", function()
    local file, here = path(), server { LocalHost = "127.0.0.1" }
    local port = here.LocalPort
    here:Config("CaptureFile=" .. file)
    local client = coap { CaptureFile = file }
    ask(client, here)
    here:Shutdown()
    local other <close> = process.start(([[%s -e 'local s = lunacoap.CoAP { LocalPort = %d,
      LocalHost = "127.0.0.1", Listening = true, OnRequest = function(c) c.ResponseData = "ho" end }
      print("ready") lunacoap.sleep(60)']]):format(build.program, port))
    other:expect("ready")
    client:Get(("coap://127.0.0.1:%d/x"):format(port))
    lunacoap.sleep(0)
    assert.are.equal(4, #packets(file))
    assert.are.equal("ho", packets(file)[4].data:sub(-2))
  end)

  it("begins anew when something else was written to it meanwhile", function()
    local file, here = path(), server()
    capture.keep(100)
    capture.file(file)
    ask(coap(), here)
    local ok, err = pcall(capture.write, file)
    assert.is_false(ok)
    assert.is_truthy(err.Message:find("another capture of this one", 1, true), err.Message)
    capture.file(nil)
    ask(coap(), here)
    capture.write(file)
    assert.are.equal(4, #packets(file))
    capture.file(file)
    ask(coap(), here)
    capture.file(nil)
    assert.are.equal(2, #packets(file))
  end)

  it("goes on when it is opened again, and begins anew in the next process", function()
    local file, here = path(), server()
    for _ = 1, 2 do
      local client <close> = coap { CaptureFile = file }
      ask(client, here)
      client:Reset()
      assert.are.equal("", client:Config "CaptureFile")
    end
    assert.are.equal(4, #packets(file))
    assert.are.equal(1, #pcapng.of_kind(pcapng.read(file), "section"))
  end)

  it("of all components is another one, and ends with nil", function()
    local file, own, here = path(), path(), server()
    local client = coap { CaptureFile = own }
    capture.file(file)
    ask(client, here)
    capture.file(nil)
    ask(client, here)
    lunacoap.sleep(0)
    assert.are.equal(2, #packets(file))
    assert.are.equal(4, #packets(own))
  end)

  it("is named with the reason when it cannot be written", function()
    for _, attempt in ipairs {
      function() coap { CaptureFile = "/nonexistent/x.pcapng" } end,
      function() capture.file("/nonexistent/x.pcapng") end,
      function() capture.write("/nonexistent/x.pcapng") end,
      function() coap():Config "CaptureFile=/nonexistent/x.pcapng" end,
    } do
      local ok, err = pcall(attempt)
      assert.is_false(ok)
      assert.is_truthy(err.Message:find("No such file or directory: cannot write the capture "
        .. "/nonexistent/x.pcapng", 1, true), err.Message)
    end
    local ok, err = pcall(capture.file, "/dev/full")
    assert.is_false(ok)
    assert.is_truthy(err.Message:find("No space left on device", 1, true), err.Message)
  end)

  it("is not written by two programs at a time", function()
    local file = path()
    local other <close> = process.start(("%s --capture %s -e 'print(1) lunacoap.sleep(60)'"):format(
      build.program, file))
    other:expect("1")
    local ok, err = pcall(capture.file, file)
    assert.is_false(ok)
    assert.is_truthy(err.Message:find("another program", 1, true), err.Message)
  end)

  it("may be one that takes what many write", function()
    local other <close> = process.start(("%s --capture /dev/null -e 'print(1) lunacoap.sleep(60)'")
      :format(build.program))
    other:expect("1")
    capture.file("/dev/null")
  end)

  it("takes the names of files and numbers alone", function()
    for _, attempt in ipairs {
      function() capture.file(7) end, function() capture.file("") end,
      function() capture.write() end, function() capture.keep(-1) end,
      function() capture.keep("3") end, function() capture.list(1.5) end,
      function() return capture.lists end,
    } do
      local ok, err = pcall(attempt)
      assert.is_false(ok)
      assert.are.equal(1, err.Code)
    end
  end)

  it("has the secrets of a session in front of what they open", function()
    local file = path()
    local here = server(psk { SSLEnabled = true, CaptureFile = file })
    ask(coap(psk()), here, "coaps")
    lunacoap.sleep(0)
    local kinds, opened = {}, 0
    for _, block in ipairs(pcapng.read(file)) do
      kinds[#kinds + 1] = block.kind
      if block.kind == "secrets" then
        opened = #kinds
        assert.is_truthy(block.lines:find("^CLIENT_RANDOM %x+ %x+\n$"))
      elseif block.kind == "packet" and block.interface == 0 then
        local type = block.data:byte(29)
        assert.is_true(type ~= 23 or opened > 0)
      end
    end
    assert.is_true(opened > 0)
  end)

  it("has no secret of components that do not capture", function()
    local file = path()
    local here = server(psk { SSLEnabled = true })
    coap { CaptureFile = file }
    ask(coap(psk()), here, "coaps")
    lunacoap.sleep(0)
    assert.are.same({}, pcapng.of_kind(pcapng.read(file), "secrets"))
  end)
end)

describe("many capture files", function()
  it("can be used one after the other; of the oldest it is forgotten that it goes on", function()
    local files = {}
    for i = 1, 1100 do
      files[i] = path()
      capture.file(files[i])
    end
    for _, i in ipairs { 1, 1000 } do
      capture.file(files[i])
      ask(coap(), server())
      capture.file(nil)
      assert.are.equal(2, #packets(files[i]))
    end
  end)
end)
