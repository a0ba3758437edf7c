-- Hand-made and damaged datagrams at a live server: it survives, answers as the RFCs ask or keeps
-- silent, and holds no more memory afterwards than before.
local lunacoap = require "lunacoap"
local probe = require "lunacoap.probe"
local raw = require "spec.support.raw"

local NON, ACK, RST = raw.NON, raw.ACK, raw.RST
local server, port

local function answer(coap, e)
  if e.URIPath == "/big" then
    coap.ResponseCode, coap.ResponseData = "2.05", ("x"):rep(5000)
  elseif e.URIPath == "/bad" then
    error("a secret of the script")
  else
    coap.ResponseCode, coap.ResponseData = "2.05", "fine"
  end
end

-- Short lifetimes, so that what the protocol remembers is forgotten within the test.
local function listen(settings)
  local init = {
    LocalHost = "127.0.0.1", AckTimeout = 0.02, AckRandomFactor = 1, MaxRetransmit = 1, MaxLatency = 0.05,
    OnRequest = answer, OnError = function() end,
  }
  for name, value in pairs(settings or {}) do
    init[name] = value
  end
  init.Listening = true
  server = lunacoap.CoAP(init)
  port = server.LocalPort
end

local function ask(socket, message, limit)
  return raw.ask(socket, "127.0.0.1", port, message, limit)
end

local function send(socket, message)
  raw.send(socket, "127.0.0.1", port, message)
end

local function path(...)
  local options = {}
  for i, segment in ipairs { ... } do
    options[i] = { raw.PATH, segment }
  end
  return options
end

before_each(function()
  raw.start()
end)

after_each(function()
  if server then
    server:Shutdown()
  end
  server = nil
  raw.stop()
end)

describe("a live server", function()
  local function still_works()
    local socket = raw.open()
    local got = ask(socket, { code = "0.01", id = 9, token = "ok", options = path("fine") })
    assert.are.equal("2.05", got and got.text)
    assert.are.equal("fine", got.payload)
  end

  local function seeds()
    local block1 = function(num, more) return { raw.BLOCK1, raw.block(num, more, 0) } end
    return {
      raw.datagram { code = "0.01", id = 1, token = "abcd", options = path("fine") },
      raw.datagram { type = NON, code = "0.01", id = 2, token = "abcdefgh", options = path("big") },
      raw.datagram { code = "0.03", id = 3, token = "a", options = { { raw.PATH, "up" }, block1(0, true) },
        payload = ("p"):rep(16) },
      raw.datagram { code = "0.03", id = 4, token = "a", options = { { raw.PATH, "up" }, block1(1, false) },
        payload = ("p"):rep(16) },
      raw.datagram { code = "0.01", id = 5, token = "obs",
        options = { { raw.OBSERVE, "" }, { raw.PATH, "fine" } } },
      raw.datagram { code = "0.01", id = 6, token = "obs",
        options = { { raw.PATH, "big" }, { raw.BLOCK2, raw.block(2, false, 2) } } },
      raw.datagram { code = "2.05", id = 7, token = "abcd", payload = "stray" },
      raw.datagram { type = ACK, code = "2.05", id = 8, token = "abcd", payload = "stray" },
      raw.datagram { type = ACK, code = "0.00", id = 9 },
      raw.datagram { type = RST, code = "0.00", id = 10 },
      raw.datagram { code = "0.00", id = 11 },
    }
  end

  it("survives every truncation of its messages", function()
    listen { OnRegister = function(_, e) e.Accept = true end }
    local socket = raw.open()
    for _, data in ipairs(seeds()) do
      for length = 0, #data do
        send(socket, data:sub(1, length))
      end
      raw.run(0.002)
    end
    still_works()
  end)

  it("survives thousands of damaged messages and forgets them", function()
    listen { OnRegister = function(coap, e)
      e.Accept = true
      answer(coap, e)
    end, PendingTimeout = 0.2 }
    still_works()
    local socket, dice, list = raw.open(), raw.dice(7252), seeds()
    for i = 1, 8000 do
      send(socket, raw.mutate(list[dice(#list)], dice))
      if i % 20 == 0 then
        raw.run(0.001)
      end
    end
    still_works()
    server:Shutdown()
    local after = probe.base.blocks()
    server:StartListening()
    port = server.LocalPort
    still_works()
    server:Shutdown()
    assert.is_true(probe.base.blocks() <= after + 2, ("%d blocks, then %d"):format(after, probe.base.blocks()))
  end)

  it("resets a ping, and is silent to a reset, a stray ACK and an unknown version (RFC 7252 3, 4.2)", function()
    listen()
    local socket = raw.open()
    local got = ask(socket, { code = "0.00", id = 0x1234 })
    assert.are.same({ RST, 0, 0x1234 }, { got.type, got.code, got.id })
    assert.is_nil(ask(socket, { type = RST, code = "0.00", id = 1 }, 0.03))
    assert.is_nil(ask(socket, { type = ACK, code = "0.00", id = 1 }, 0.03))
    assert.is_nil(ask(socket, "\x80\x01\x00\x01", 0.03))
    assert.is_nil(ask(socket, "\x40", 0.03))
    assert.is_nil(ask(socket, { type = ACK, code = "0.01", id = 5, options = path("fine") }, 0.03))
  end)

  it("resets a CON it cannot read or did not expect, and no NON (RFC 7252 4.2, 4.3)", function()
    listen()
    local socket = raw.open()
    for _, con in ipairs { "\x49\x01\x00\x21", "\x40\x01\x00\x22\xff", "\x40\x01\x00\x23\xf0", "\x40\x01\x00\x24\x5d",
      "\x40\x21\x00\x25", "\x40\x45\x00\x26" } do
      local got = ask(socket, con)
      assert.are.same({ RST, 0, con:byte(4) }, { got.type, got.code, got.id })
      if con:byte(2) ~= 0x45 then -- a NON response that nobody waits for is reset too (RFC 7641 3.6)
        assert.is_nil(ask(socket, string.char(con:byte(1) | 0x10) .. con:sub(2), 0.02))
      end
    end
  end)

  it("answers errors shortly and without internals (RFC 7252 11.3)", function()
    listen()
    local socket = raw.open()
    for i, case in ipairs { { path("bad"), "5.00" }, { { { 9, "x" } }, "4.02" }, { { { 35, "coap://a/" } }, "5.05" } } do
      local got = ask(socket, { code = "0.01", id = i, token = "t", options = case[1] })
      assert.are.equal(case[2], got.text)
      assert.is_true(#(got.payload or "") <= 100)
      assert.is_nil((got.payload or ""):find("secret", 1, true))
    end
  end)

  it("gives one datagram of a large body to a single request (RFC 7252 11.3)", function()
    listen()
    local socket = raw.open()
    local got = ask(socket, { code = "0.01", id = 1, token = "t", options = path("big") })
    assert.are.equal(1024, #got.payload)
    assert.are.equal(raw.block(0, true, 6), got.option[raw.BLOCK2])
    raw.run(0.1)
    assert.are.equal(1, #socket.got)
  end)

  it("runs a repeated request once and repeats its answer (RFC 7252 4.2)", function()
    local count = 0
    listen { OnRequest = function(coap)
      count = count + 1
      coap.ResponseData = tostring(count)
    end }
    local socket = raw.open()
    local request = { code = "0.02", id = 77, token = "t" }
    local first, second = ask(socket, request), ask(socket, request)
    assert.are.equal("1", first.payload)
    assert.are.same(first, second)
    assert.are.equal(1, count)
  end)
end)

describe("a block-wise attack", function()
  local function block(socket, id, num, more, szx, bytes, extra)
    local options = { { raw.PATH, "up" }, { raw.BLOCK1, raw.block(num, more, szx) } }
    options[3] = extra
    return ask(socket, { code = "0.03", id = id, token = "t", options = options, payload = ("b"):rep(bytes) })
  end

  it("with a gap, or without a start, gets 4.08 (RFC 7959 2.9.2)", function()
    listen { OnRequest = function() error("not reached") end }
    local socket = raw.open()
    assert.are.equal("4.08", block(socket, 1, 5, true, 0, 16).text)
    assert.are.equal("2.31", block(socket, 2, 0, true, 0, 16).text)
    assert.are.equal("4.08", block(socket, 3, 2, true, 0, 16).text)
    assert.are.equal("4.08", block(socket, 4, 0xfffff, false, 0, 16).text)
  end)

  it("with a size that does not match its block gets 4.00, with the reserved size too (RFC 7959 2.2)", function()
    listen { OnRequest = function() error("not reached") end }
    local socket = raw.open()
    assert.are.equal("4.00", block(socket, 1, 0, true, 2, 10).text)
    assert.are.equal("4.00", block(socket, 2, 0, true, 7, 16).text)
  end)

  it("with a huge Size1 gets 4.13 at once, and holds no memory (RFC 7959 2.9.3)", function()
    listen { OnRequest = function() error("not reached") end }
    local socket = raw.open()
    local got = block(socket, 1, 0, true, 6, 1024, { raw.SIZE1, "\xff\xff\xff\xff" })
    assert.are.equal("4.13", got.text)
  end)

  it("that grows beyond MaxBodySize gets 4.13", function()
    listen { MaxBodySize = 64, OnRequest = function() error("not reached") end }
    local socket = raw.open()
    for num = 0, 3 do
      assert.are.equal("2.31", block(socket, num, num, true, 0, 16).text)
    end
    assert.are.equal("4.13", block(socket, 4, 4, true, 0, 16).text)
  end)

  it("of uploads that never end, from many addresses, is forgotten after the time-out", function()
    listen()
    local sources = {}
    for i = 1, 60 do
      sources[i] = raw.open { host = "127.7.0." .. i }
      ask(sources[i], { code = "0.01", id = 1, options = path("fine") }) -- the server knows it
    end
    raw.run(0.3)
    local before = probe.base.blocks()
    for _, source in ipairs(sources) do
      assert.are.equal("2.31", block(source, 2, 0, true, 6, 1024).text)
    end
    assert.is_true(probe.base.blocks() >= before + 60)
    -- The answers to first blocks stay for their duplicates, in at most 16 shares and their index.
    local freed = raw.wait(function() return probe.base.blocks() <= before + 20 end)
    assert.is_true(freed, ("%d blocks, then %d"):format(before, probe.base.blocks()))
  end)
end)

describe("a flood", function()
  it("of registrations stops at MaxObservers, and the rest get plain answers (RFC 7641 4.1)", function()
    listen { MaxObservers = 50, OnRegister = function(coap, e)
      e.Accept = true
      answer(coap, e)
    end }
    local socket, observed = raw.open(), 0
    for i = 1, 200 do
      local got = ask(socket, { code = "0.01", id = i, token = raw.uint(0x1000 + i),
        options = { { raw.OBSERVE, "" }, { raw.PATH, "fine" } } })
      assert.are.equal("2.05", got.text)
      observed = observed + (got.option[raw.OBSERVE] and 1 or 0)
    end
    assert.are.equal(50, observed)
  end)

  it("of notifications ends with a reset, and with observers that never acknowledge (RFC 7641 4.5)", function()
    local gone = 0
    listen { OnRegister = function(coap, e)
      e.Accept = true
      answer(coap, e)
    end, OnUnregistered = function() gone = gone + 1 end }
    local resets, mute = raw.open(), raw.open()
    for _, socket in ipairs { resets, mute } do
      local got = ask(socket, { code = "0.01", id = 1, token = "o",
        options = { { raw.OBSERVE, "" }, { raw.PATH, "fine" } } })
      assert.is_truthy(got.option[raw.OBSERVE])
    end
    server.ResponseCode, server.ResponseData = "2.05", "new"
    server:SendNotification("/fine")
    assert.is_true(raw.wait(function() return #resets.got == 2 end))
    send(resets, { type = RST, code = "0.00", id = raw.parse(resets.got[2].data).id })
    assert.is_true(raw.wait(function() return gone == 2 end))
  end)

  it("of requests that are never answered gets 5.03 with Max-Age, and 301 ends each", function()
    local done = {}
    listen { MaxPendingRequests = 100, PendingTimeout = 0.3, PiggybackDelay = 3600,
      OnRequest = function(_, e) e.SendResponse = false end,
      OnResponseComplete = function(_, e) done[#done + 1] = e.ErrorCode end }
    local socket = raw.open()
    for i = 1, 300 do
      send(socket, { type = NON, code = "0.01", id = i, token = raw.uint(0x1000 + i) })
    end
    assert.is_true(raw.wait(function() return #socket.got == 200 end))
    for _, datagram in ipairs(socket.got) do
      local got = raw.parse(datagram.data)
      assert.are.equal("5.03", got.text)
      assert.is_truthy(got.option[14])
    end
    assert.is_true(raw.wait(function() return #done == 100 end))
    for _, code in ipairs(done) do
      assert.are.equal(301, code)
    end
    assert.are.equal(0, #server.PendingRequests)
  end)

  it("of requests from a client that has gone does not disturb the others (10061)", function()
    listen()
    for i = 1, 20 do
      local gone = raw.open()
      send(gone, { code = "0.01", id = i, token = "t", options = path("fine") })
      gone.udp:close()
    end
    local socket = raw.open()
    for i = 1, 20 do
      assert.are.equal("2.05", ask(socket, { code = "0.01", id = i, token = "t", options = path("fine") }).text)
    end
  end)
end)
