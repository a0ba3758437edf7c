-- A live client whose server is a spec: wrong, damaged, late and repeated answers reach no request
-- that they do not belong to, and hold no memory.
local lunacoap = require "lunacoap"
local probe = require "lunacoap.probe"
local raw = require "spec.support.raw"
local process = require "spec.support.process"

local CON, NON, ACK, RST = raw.CON, raw.NON, raw.ACK, raw.RST
local client, server, done

local function start(settings)
  done = {}
  local init = {
    AckTimeout = 0.03, AckRandomFactor = 1, MaxRetransmit = 2, MaxLatency = 0.05, NStart = 100, Timeout = 0,
    OnRequestComplete = function(coap, e)
      done[#done + 1] = { id = e.RequestId, error = e.ErrorCode, text = coap.ResponseData }
    end,
  }
  for name, value in pairs(settings or {}) do
    init[name] = value
  end
  client = lunacoap.CoAP(init)
end

-- Sends a GET; returns its Id and the datagram that the server got, taken apart, and its sender.
local function get(uri_path)
  local seen = #server.got
  local id = client:Get(("coap://127.0.0.1:%d%s"):format(server.port, uri_path or "/x"))
  assert.is_true(raw.wait(function() return #server.got > seen end))
  local datagram = server.got[seen + 1]
  return id, raw.parse(datagram.data), datagram
end

local function tell(datagram, message, from)
  raw.send(from or server, datagram.host, datagram.port, message)
end

local function completed()
  assert.is_true(raw.wait(function() return #done > 0 end))
  assert.are.equal(1, #done)
  return done[1]
end

before_each(function()
  raw.start()
  server = raw.open()
end)

after_each(function()
  client:Shutdown()
  raw.stop()
end)

describe("a live client", function()
  it("takes a response only from where it sent the request (RFC 7252 5.3.2)", function()
    start { MaxRetransmit = 6 }
    local _, request, from = get()
    local port, address = raw.open(), raw.open { host = "127.9.9.9", port = server.port }
    for _, wrong in ipairs { port, address } do
      for _, type in ipairs { ACK, CON, NON } do
        tell(from, { type = type, code = "2.05", id = request.id, token = request.token, payload = "forged" }, wrong)
      end
    end
    raw.run(0.02)
    assert.are.equal(0, #done)
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token, payload = "true" })
    assert.are.equal("true", completed().text)
  end)

  it("is told at once of a response that is too long to be taken, in an ACK, as CON or as NON", function()
    for _, type in ipairs { ACK, CON, NON } do
      start()
      client.OnRequestComplete = function(_, e) done[#done + 1] = { e.ErrorCode, e.ErrorDescription } end
      local _, request, from = get()
      tell(from, { type = type, code = "2.05", id = type == ACK and request.id or 7, token = request.token,
        payload = ("x"):rep(3000) })
      local code, text = table.unpack(completed())
      assert.are.equal(703, code)
      assert.is_truthy(text:find("the response is longer than MaxPacketSize", 1, true), text)
      raw.run(0.02)
      local last = raw.parse(server.got[#server.got].data)
      assert.are.same(type == CON and { RST, 7 } or { CON, request.id }, { last.type, last.id })
      client:Shutdown()
    end
  end)

  it("takes no response with another token, nor a piggybacked one with another Message ID", function()
    start { MaxRetransmit = 6 }
    local _, request, from = get()
    tell(from, { type = ACK, code = "2.05", id = request.id ~ 1, token = request.token, payload = "wrong id" })
    tell(from, { type = NON, code = "2.05", id = 5, token = request.token:sub(2), payload = "wrong token" })
    tell(from, { type = NON, code = "2.05", id = 6, payload = "no token" })
    raw.run(0.02)
    assert.are.equal(0, #done)
    tell(from, { type = NON, code = "2.05", id = 7, token = request.token, payload = "true" })
    assert.are.equal("true", completed().text)
  end)

  it("acknowledges a separate CON response, again when it is repeated, and tells it once (RFC 7252 4.2)", function()
    start()
    local _, request, from = get()
    tell(from, { type = ACK, code = "0.00", id = request.id })
    for _ = 1, 3 do
      local seen = #server.got
      tell(from, { type = CON, code = "2.05", id = 900, token = request.token, payload = "once" })
      assert.is_true(raw.wait(function() return #server.got > seen end))
      local got = raw.parse(server.got[seen + 1].data)
      assert.are.same({ ACK, 0, 900 }, { got.type, got.code, got.id })
    end
    assert.are.equal("once", completed().text)
  end)

  it("resets a CON response that it did not expect (RFC 7252 4.2)", function()
    start()
    local _, request, from = get()
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token })
    completed()
    local seen = #server.got
    tell(from, { type = CON, code = "2.05", id = 901, token = "zz" })
    assert.is_true(raw.wait(function() return #server.got > seen end))
    local got = raw.parse(server.got[seen + 1].data)
    assert.are.same({ RST, 0, 901 }, { got.type, got.code, got.id })
  end)

  it("tells apart answers that come in another order and late", function()
    start { MaxRetransmit = 6 }
    local requests, ids = {}, {}
    for i = 1, 10 do
      local id, request, from = get("/" .. i)
      ids[id], requests[i] = "answer " .. i, { request, from }
    end
    for i = 10, 1, -1 do
      local request, from = table.unpack(requests[i])
      tell(from, { type = NON, code = "2.05", id = i, token = request.token, payload = "answer " .. i })
    end
    assert.is_true(raw.wait(function() return #done == 10 end))
    for _, one in ipairs(done) do
      assert.are.equal(ids[one.id], one.text)
    end
  end)

  it("ends with 708 for a reset, 703 for an unknown critical option, and ignores an ACK with a request", function()
    start { MaxRetransmit = 6 }
    local _, request, from = get()
    tell(from, { type = ACK, code = "0.01", id = request.id, token = request.token })
    raw.run(0.01)
    assert.are.equal(0, #done)
    tell(from, { type = RST, code = "0.00", id = request.id })
    assert.are.equal(708, completed().error)
    done = {}
    _, request, from = get()
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token, options = { { 9, "?" } } })
    assert.are.equal(703, completed().error)
  end)

  it("survives thousands of damaged answers and forgets them", function()
    start { OnNotification = function() end, PendingTimeout = 0.2 }
    collectgarbage()
    local before = probe.base.blocks()
    local dice = raw.dice(7641)
    get()
    client:StartObserving(("coap://127.0.0.1:%d/o"):format(server.port))
    raw.run(0.05)
    for round = 1, 2 do
      for i = 1, 2500 do
        if i % 20 == 0 then
          client:Get(("coap://127.0.0.1:%d/%d"):format(server.port, i))
          raw.run(0.002)
        end
        local from = server.got[#server.got]
        local request = probe.wire.parse(from.data) or { id = 1, token = "" }
        local options = ({
          {}, { { raw.OBSERVE, raw.uint(i) } }, { { raw.BLOCK2, raw.block(dice(4) - 1, true, 2) } },
          { { 4, "etag" }, { raw.BLOCK2, raw.block(0, true, 6) } }, { { raw.BLOCK1, raw.block(0, true, 0) } },
        })[dice(5)]
        local data = raw.datagram { type = dice(4) - 1, code = dice(3) == 1 and "4.08" or "2.05", id = request.id,
          token = request.token, options = options, payload = ("p"):rep(dice(64)) }
        raw.send(server, from.host, from.port, dice(8) == 1 and data or raw.mutate(data, dice))
      end
      client:Shutdown()
      raw.run(0.02)
      collectgarbage()
      -- What stays are the spare places for tasks and events, at most 64 of each kind.
      local more = probe.base.blocks() - before
      assert.is_true(more < 500, ("round %d: %d blocks"):format(round, more))
      assert.are.equal(0, #client.PendingRequests)
      get()
    end
    raw.run(0.02)
    done = {}
    local _, request, from = get()
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token, payload = "well" })
    assert.is_true(raw.wait(function()
      for _, one in ipairs(done) do
        if one.text == "well" then return true end
      end
    end))
  end)

  it("is not led on for ever by blocks that never end, or that skip (RFC 7959 2.4)", function()
    start { MaxBodySize = 4096, MaxRetransmit = 6 }
    local _, request, from = get()
    local seen = #server.got
    for num = 0, 300 do
      tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token,
        options = { { raw.BLOCK2, raw.block(num, true, 2) } }, payload = ("x"):rep(64) })
      if not raw.wait(function() return #server.got > seen or #done > 0 end) or #done > 0 then
        break
      end
      seen = #server.got
      request = raw.parse(server.got[seen].data)
    end
    assert.are.equal(702, completed().error)
    done = {}
    _, request, from = get()
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token,
      options = { { raw.BLOCK2, raw.block(7, false, 2) } }, payload = ("x"):rep(64) })
    assert.are_not.equal(0, completed().error)
  end)

  it("goes on observing when the rest of a notification does not come: Timeout was for the registration", function()
    local news = {}
    start { Timeout = 0.1, MaxRetransmit = 6, OnNotification = function(coap) news[#news + 1] = coap.ResponseData end }
    lunacoap.spawn(client.StartObserving, client, ("coap://127.0.0.1:%d/o"):format(server.port))
    assert.is_true(raw.wait(function() return #server.got > 0 end))
    local from = server.got[1]
    local request = raw.parse(from.data)
    local function notify(number, message)
      message.code, message.id, message.token = "2.05", message.id or number, request.token
      message.options = { { raw.OBSERVE, raw.uint(number) }, message.block }
      tell(from, message)
    end
    notify(1, { type = ACK, id = request.id, payload = "one" })
    notify(2, { type = NON, block = { raw.BLOCK2, raw.block(0, true, 0) }, payload = ("2"):rep(16) })
    raw.run(0.3)
    assert.is_true(#server.got > 1) -- it asked for the rest
    assert.are.same({}, done)
    notify(3, { type = NON, payload = "three" })
    assert.is_true(raw.wait(function() return #news == 2 end))
    assert.are.same({ "one", "three" }, news)
  end)

  it("is told at once what the system does not let it send", function()
    start { AckTimeout = 2, Timeout = 5 } -- a broadcast, which leaves no machine
    local began = lunacoap.now()
    local _, err = pcall(client.Get, client, "coap://255.255.255.255/")
    assert.are.equal(10013, err.Code)
    assert.is_true(lunacoap.now() - began < 1)
  end)

  it("refused by one port fails the requests to it alone (10061)", function()
    start { MaxRetransmit = 6 }
    local kept, request, from = get()
    local dead = client:Get(("coap://127.0.0.1:%d/"):format(process.free_port()))
    assert.is_true(raw.wait(function() return #done == 1 end))
    assert.are.same({ dead, 10061 }, { done[1].id, done[1].error })
    done = {}
    tell(from, { type = ACK, code = "2.05", id = request.id, token = request.token, payload = "kept" })
    assert.are.same({ kept, 0 }, { completed().id, done[1].error })
  end)
end)
