local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"

local message = probe.message
local S = 1000000
local CON, ACK = coap.CON, coap.ACK
local PEER, HERE = coap.address("10.0.0.1"), coap.address("10.0.0.9")

local timers, channel, sent, requests, payload, keep

before_each(function()
  timers = message.timers()
  sent, requests, payload, keep = {}, 0, "", false
  channel = message.channel(timers, {
    send = function(data) sent = { data, count = (sent.count or 0) + 1 } end,
    request = function(request)
      requests = requests + 1
      channel:reply { to = request.to, from = request.from, id = request.id,
        payload = payload .. requests, keep = keep }
    end,
  })
end)
after_each(function() channel:free() end)

local function receive(method, id)
  channel:receive(coap.datagram(CON, method, id), PEER, HERE)
  return sent[1]
end

---What the n-th run of a request replied.
local function reply(id, run)
  return coap.datagram(ACK, coap.CONTENT, id, "", payload .. run)
end

describe("a kept reply", function()
  it("is sent again byte for byte, whatever its length", function()
    for id, len in ipairs { 0, 1, 7, 8, 1000, 60000, 65000 } do
      payload = ("x"):rep(len)
      local first = receive(coap.GET, id)
      assert.are.equal(reply(id, id), first)
      assert.are.equal(first, receive(coap.GET, id))
    end
    assert.are.equal(7, requests)
  end)

  it("of a request that may run again is given up when room is short (RFC 7252 4.5)", function()
    payload = ("x"):rep(1000)
    for id = 1, 2000 do receive(coap.GET, id) end
    assert.is_true(channel:stats().replies_evicted > 1900) -- 64 KiB stay
    assert.is_true(channel:stats().replies_evicted < 1960)
    assert.are.equal(reply(2000, 2000), receive(coap.GET, 2000))
    assert.are.equal(2000, requests)
    assert.are.equal(reply(1, 2001), receive(coap.GET, 1))
    assert.are.equal(2001, requests)
    assert.are.equal(reply(1, 2001), receive(coap.GET, 1))
  end)

  it("stays for EXCHANGE_LIFETIME when asked for", function()
    keep, payload = true, ("x"):rep(1000)
    for id = 1, 3000 do receive(coap.POST, id) end
    timers:run_to(247 * S)
    for _, id in ipairs { 1, 1500, 3000 } do
      assert.are.equal(reply(id, id), receive(coap.POST, id))
    end
    assert.are.equal(3000, requests)
    assert.are.equal(0, channel:stats().kept_replies_evicted)
  end)

  it("gives way to later ones of its peer, and then its request meets silence and does not run", function()
    keep, payload = true, ("x"):rep(1000)
    for id = 1, 6000 do receive(coap.POST, id) end
    local evicted = channel:stats().kept_replies_evicted
    assert.is_true(evicted > 1800 and evicted < 2300, evicted) -- 4 MiB stay
    local count = sent.count
    receive(coap.POST, 1)
    assert.are.equal(count, sent.count)
    assert.are.equal(reply(6000, 6000), receive(coap.POST, 6000))
    assert.are.equal(6000, requests)
  end)

  it("seldom gives way to those of other hosts, whatever ports they use", function()
    keep, payload = true, ("x"):rep(1000)
    local function ask(host, port, id)
      channel:receive(coap.datagram(CON, coap.POST, id), coap.address(host, port), HERE)
      return sent.count
    end
    for i = 1, 40 do ask("10.0.1." .. i, 5683, 1) end
    for i = 1, 6000 do ask("10.0.0.7", 1000 + i, 1) end
    assert.is_true(channel:stats().kept_replies_evicted > 1800) -- its own: all its ports have one share
    local answered, before = 0, sent.count
    for i = 1, 40 do
      local count = ask("10.0.1." .. i, 5683, 1)
      answered, before = answered + count - before, count
    end
    assert.are.equal(6040, requests)
    assert.is_true(answered >= 25, answered) -- 15 of 16 on average
  end)

  it("makes way for the reply to a new request with the same Message ID", function()
    keep = true
    receive(coap.POST, 1)
    timers:run_to(250 * S)
    local second = receive(coap.POST, 1)
    assert.are.equal(reply(1, 2), second)
    assert.are.equal(second, receive(coap.POST, 1))
  end)
end)
