-- Messages of DTLS sessions: an endpoint is known by address, port and security association (RFC
-- 7252 1.2), and nothing of one session is matched with another's (9.1.2).

local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"

local message = probe.message
local S = 1000000
local CON, NON, ACK, RST = coap.CON, coap.NON, coap.ACK, coap.RST
local PEER, HERE = coap.address("10.0.0.1"), coap.address("10.0.0.9")
local ECONNRESET = 104

local timers, channel, sent, outcomes, requests, responses, resets

before_each(function()
  timers = message.timers()
  sent, outcomes, requests, responses, resets = {}, {}, {}, {}, {}
  channel = message.channel(timers, {
    send = function(data, _, _, session)
      local type, code, id, token = coap.read(data)
      sent[#sent + 1] = { type = type, code = code, id = id, token = token, session = session }
    end,
    request = function(request) requests[#requests + 1] = request end,
    response = function(response)
      responses[#responses + 1] = response
      return true
    end,
    reset = function(_, id) resets[#resets + 1] = id end,
  })
end)
after_each(function()
  channel:free()
  probe.base.seed(0)
end)

local function send(name, session, more)
  local options = more or {}
  options.to, options.session = PEER, session
  options.data = coap.datagram(CON, coap.GET, 0, name)
  options.done = options.done or function(outcome, number)
    outcomes[#outcomes + 1] = { name, outcome, number }
  end
  return channel:send(options)
end

local function receive(data, session)
  channel:receive(data, PEER, HERE, session)
end

describe("a message of one session", function()
  it("is not acknowledged, answered or reset by another session", function()
    send("t", 1)
    local id = sent[1].id
    for _, session in ipairs { 0, 2 } do
      receive(coap.datagram(ACK, 0, id), session)
      receive(coap.datagram(ACK, coap.CONTENT, id, "t", "x"), session)
      receive(coap.datagram(RST, 0, id), session)
    end
    assert.are.same({}, outcomes)
    assert.are.same({}, responses)
    assert.are.same({ id, id }, resets) -- which nobody knows there
    receive(coap.datagram(ACK, coap.CONTENT, id, "t", "x"), 1)
    assert.are.equal(1, #responses)
    assert.are.equal(1, responses[1].session)
  end)

  it("is no duplicate of one with its ID in another", function()
    for session = 0, 2 do
      receive(coap.datagram(CON, coap.GET, 7, "t"), session)
      receive(coap.datagram(CON, coap.GET, 7, "t"), session)
    end
    assert.are.equal(3, #requests)
    assert.are.same({ nil, 1, 2 }, { requests[1].session, requests[2].session, requests[3].session })
    assert.are.equal(3, channel:stats().duplicates)
  end)

  it("is answered in its own, and so is its duplicate", function()
    for session = 1, 2 do
      receive(coap.datagram(CON, coap.GET, 7, "t"), session)
      channel:reply{ to = PEER, from = HERE, session = session, id = 7, token = "t",
        payload = "of " .. session, code = coap.CONTENT }
    end
    receive(coap.datagram(CON, coap.GET, 7, "t"), 1)
    receive(coap.datagram(NON, 0, 8), 1)
    assert.are.same({ 1, 2, 1 }, { sent[1].session, sent[2].session, sent[3].session })
    assert.are.equal(2, #requests)
  end)

  it("waits for no message of another (NSTART)", function()
    send("a", 1)
    send("b", 1)
    send("c", 2)
    local tokens = {}
    for i, one in ipairs(sent) do
      tokens[i] = one.token
    end
    assert.are.same({ "a", "c" }, tokens)
  end)
end)

describe("a session that is over", function()
  it("ends its transmissions, those that wait too, and no others", function()
    send("a", 1)
    send("b", 1)
    send("c", 2)
    send("d", 0)
    channel:lose(PEER, 1, ECONNRESET)
    assert.are.same({ { "b", "refused", ECONNRESET }, { "a", "refused", ECONNRESET } }, outcomes)
    timers:run_to(300 * S)
    assert.are.equal(4, #outcomes)
    local of_lost = 0
    for _, one in ipairs(sent) do
      of_lost = of_lost + (one.session == 1 and 1 or 0)
    end
    assert.are.equal(1, of_lost)
  end)

  it("may have more sent, and be lost with the channel, while it ends", function()
    send("a", 1, { done = function() send("again", 2) end })
    channel:lose(PEER, 1, ECONNRESET)
    assert.are.equal("again", sent[2].token)
    send("b", 1)
    send("c", 1, { done = function() channel:free() end })
    channel:lose(PEER, 1, ECONNRESET)
    assert.are.same({}, outcomes)
  end)
end)
