local collect = require "spec.support.logged"
local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"

local message = probe.message
local S = 1000000
local CON, NON, ACK, RST = coap.CON, coap.NON, coap.ACK, coap.RST
local PEER, OTHER = coap.address("10.0.0.1"), coap.address("10.0.0.2")
local HERE = coap.address("10.0.0.9")
local GROUP = coap.address("224.0.1.187")

local timers, channel, sent, outcomes, logged, answers

local function open(params)
  timers = message.timers()
  sent, outcomes, logged, answers = {}, {}, {}, {}
  channel = message.channel(timers, {
    params = params,
    send = function(data, remote, from)
      local type, code, id, token = coap.read(data)
      sent[#sent + 1] = { at = timers:now(), type = type, code = code, id = id, token = token,
        remote = remote, from = from, data = data }
    end,
    response = function(response)
      answers[#answers + 1] = response
      return true
    end,
    log = function(level, text) collect(logged)(level, text) end,
  })
end

---Sends a message with this name as its token; its outcome goes to `outcomes`.
local function send(name, options)
  options = options or {}
  options.to = options.to or PEER
  options.data = options.data
    or coap.datagram(options.type or CON, options.code or coap.GET, 0, name, options.payload)
  options.done = options.done or function(outcome, number)
    outcomes[#outcomes + 1] = { name = name, outcome = outcome, number = number, at = timers:now() }
  end
  return channel:send(options)
end

local function empty(type, id)
  return coap.datagram(type, 0, id)
end

local function tokens()
  local list = {}
  for i, datagram in ipairs(sent) do list[i] = datagram.token end
  return table.concat(list, " ")
end

before_each(function() open() end)
after_each(function()
  channel:free()
  probe.base.seed(0)
end)

describe("a confirmable message", function()
  it("is retransmitted at doubled intervals that start in [2 s, 3 s] (RFC 7252 4.2)", function()
    local firsts = {}
    for seed = 1, 50 do
      probe.base.seed(seed)
      open()
      local kept = send("a")
      timers:run_to(200 * S)
      assert.is_false(kept:active())
      assert.are.equal(5, #sent)
      local first = sent[2].at
      assert.is_true(first >= 2 * S and first <= 3 * S)
      firsts[first] = true
      for n = 0, 3 do
        assert.are.equal(first * 2 ^ n, sent[n + 2].at - sent[n + 1].at)
        assert.are.equal(sent[1].data, sent[n + 2].data)
      end
      -- MAX_TRANSMIT_WAIT: the last one is waited for like the others, 31 times the first in all.
      assert.are.equal(1, #outcomes)
      assert.are.equal("gave up", outcomes[1].outcome)
      assert.are.equal(first * 31, outcomes[1].at)
      assert.is_true(outcomes[1].at <= 93 * S)
      assert.are.equal(4, channel:stats().retransmissions)
    end
    local different = 0
    for _ in pairs(firsts) do different = different + 1 end
    assert.is_true(different > 40)
  end)

  it("keeps to the parameters that are set", function()
    open { ack_timeout = S, ack_random_factor = 1, max_retransmit = 2 }
    local kept = send("a")
    timers:run_to(100 * S)
    assert.is_false(kept:active())
    assert.are.same({ 0, S, 3 * S }, { sent[1].at, sent[2].at, sent[3].at })
    assert.are.equal(3, #sent)
    assert.are.equal(7 * S, outcomes[1].at)
  end)

  it("is not retransmitted after its ACK (RFC 7252 4.2)", function()
    local kept = send("a")
    timers:run_to(4 * S)
    assert.are.equal(2, #sent)
    channel:receive(empty(ACK, kept:id()), PEER)
    assert.are.equal("acknowledged", outcomes[1].outcome)
    assert.is_false(kept:active())
    timers:run_to(100 * S)
    assert.are.equal(2, #sent)
    assert.are.equal(1, #outcomes)
  end)

  it("ends with a reset by RST (RFC 7252 4.2)", function()
    local kept = send("a")
    channel:receive(empty(RST, kept:id()), PEER)
    timers:run_to(100 * S)
    assert.are.equal("reset", outcomes[1].outcome)
    assert.are.equal(1, #sent)
    assert.are.equal(1, #outcomes)
  end)

  it("is matched by ID and by the address it went to (RFC 7252 4.4)", function()
    local kept = send("a")
    channel:receive(empty(ACK, kept:id()), OTHER)
    channel:receive(empty(RST, kept:id()), coap.address("10.0.0.1", 5684))
    channel:receive(empty(ACK, kept:id() ~ 1), PEER)
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "a"), OTHER)
    assert.is_true(kept:active())
    assert.are.equal(0, #outcomes)
    assert.are.equal(0, #answers)
  end)

  it("ends silently by its piggybacked response, before that is passed on", function()
    local kept
    open()
    channel:free()
    channel = message.channel(timers, {
      response = function(response)
        answers[#answers + 1] = { response.payload, kept:active() }
        return true
      end,
    })
    kept = send("a")
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "a", "hello"), PEER)
    assert.are.same({ { "hello", false } }, answers)
    assert.are.equal(0, #outcomes)
  end)

  it("is not answered by an ACK with another token (RFC 7252 5.3.2)", function()
    local kept = send("abc")
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "abd"), PEER)
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "ab"), PEER)
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), ""), PEER)
    assert.is_true(kept:active())
    assert.are.equal(0, #answers)
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "abc"), PEER)
    assert.are.equal(1, #answers)
  end)

  it("is answered once, however often the ACK is repeated", function()
    local kept = send("a")
    for _ = 1, 3 do
      channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "a"), PEER)
      channel:receive(empty(ACK, kept:id()), PEER)
    end
    assert.are.equal(1, #answers)
    assert.are.equal(0, #outcomes)
  end)

  it("is not ended by an ACK with a request in it, nor a full RST (RFC 7252 4.2)", function()
    local kept = send("a")
    channel:receive(coap.datagram(ACK, coap.GET, kept:id(), "a"), PEER)
    channel:receive(coap.datagram(RST, coap.CONTENT, kept:id(), "a"), PEER)
    channel:receive(empty(ACK, kept:id()) .. "x", PEER)
    assert.is_true(kept:active())
    assert.are.equal(1, #sent)
  end)

  it("that is a response is not ended by a response in the ACK, which answers nothing (RFC 7252 5.2.1)", function()
    local kept = send("a", { code = coap.CONTENT })
    channel:receive(coap.datagram(ACK, coap.CONTENT, kept:id(), "a"), PEER)
    assert.is_true(kept:active())
    assert.are.equal(0, #answers)
    timers:run_to(200 * S)
    assert.are.equal("gave up", outcomes[1].outcome)
  end)

  it("leaves from the address that was asked for, each time", function()
    local kept = send("a", { from = HERE })
    timers:run_to(10 * S)
    assert.is_true(kept:active())
    assert.are.equal(3, #sent)
    for _, datagram in ipairs(sent) do assert.are.equal(HERE, datagram.from) end
  end)

  it("counts as lost when there is no room to send it, and goes later", function()
    channel:set_full(true)
    local kept = send("a")
    assert.are.equal(0, #sent)
    channel:set_full(false)
    timers:run_to(3 * S)
    assert.are.equal(1, #sent)
    channel:receive(empty(ACK, kept:id()), PEER)
    assert.are.equal("acknowledged", outcomes[1].outcome)
  end)

  it("must not go to a multicast address (RFC 7252 8.1)", function()
    local kept, code = send("a", { to = GROUP })
    assert.is_nil(kept)
    assert.are.equal(1, code)
    assert.are.equal(0, #sent)
  end)

  it("goes out with another ID when refreshed, and its times run on (RFC 7641 4.5.2)", function()
    local state = "one"
    local kept = send("t", { payload = state, refresh = function()
      if state == "two" then
        state = "two again"
        return coap.datagram(CON, coap.CONTENT, 0, "t", "two")
      end
    end })
    local old = kept:id()
    timers:run_to(4 * S)
    assert.are.equal(2, #sent)
    assert.are.equal(old, sent[2].id)
    state = "two"
    timers:run_to(200 * S)
    assert.are.equal(5, #sent)
    assert.are_not.equal(old, sent[3].id)
    assert.are.equal(sent[3].data, sent[4].data)
    local first = sent[2].at
    assert.are.equal(first * 31, outcomes[1].at)
    -- The ID of the old state stands for nothing any more.
    open()
    state = "two"
    kept = send("t", { refresh = function()
      return coap.datagram(CON, coap.CONTENT, 0, "t", "two")
    end })
    old = kept:id()
    timers:run_to(4 * S)
    channel:receive(empty(ACK, old), PEER)
    assert.is_true(kept:active())
    channel:receive(empty(ACK, kept:id()), PEER)
    assert.is_false(kept:active())
  end)
end)

describe("a refusal by the network", function()
  it("reaches the message it belongs to at once and no other", function()
    local a, b = send("a"), send("b", { to = OTHER })
    channel:refused(sent[1].data, PEER, 111)
    assert.are.same({ { name = "a", outcome = "refused", number = 111, at = 0 } }, outcomes)
    assert.is_false(a:active())
    assert.is_true(b:active())
    channel:refused(sent[2].data, PEER, 111)
    channel:refused(sent[2].data:sub(1, 3), OTHER, 111)
    channel:refused("", OTHER, 111)
    assert.is_true(b:active())
    channel:refused(sent[2].data:sub(1, 4), OTHER, 113)
    assert.are.equal(113, outcomes[2].number)
  end)

  it("of an answer with the same ID touches no message of our own", function()
    local kept = send("a")
    channel:refused(empty(ACK, kept:id()), PEER, 111)
    channel:refused(empty(RST, kept:id()), PEER, 111)
    assert.is_true(kept:active())
  end)

  it("ends a non-confirmable message too", function()
    local kept = send("a", { type = NON })
    channel:refused(sent[1].data, PEER, 111)
    assert.are.equal("refused", outcomes[1].outcome)
    assert.is_false(kept:active())
  end)
end)

describe("NSTART (RFC 7252 4.7)", function()
  it("lets one message to a peer go at a time, in order, and each peer on its own", function()
    local kept = { send("a"), send("b"), send("c"), send("x", { to = OTHER }) }
    assert.are.equal("a x", tokens())
    assert.is_true(kept[2]:active())
    channel:receive(empty(ACK, kept[1]:id()), PEER)
    assert.are.equal("a x b", tokens())
    channel:receive(empty(RST, kept[2]:id()), PEER)
    assert.are.equal("a x b c", tokens())
    assert.are.equal(2, #outcomes)
  end)

  it("is as wide as set", function()
    open { nstart = 3 }
    local kept = {}
    for name in ("abcde"):gmatch(".") do kept[#kept + 1] = send(name) end
    assert.are.equal("a b c", tokens())
    channel:receive(empty(ACK, kept[2]:id()), PEER)
    assert.are.equal("a b c d", tokens())
  end)

  it("goes on with the next when one is cancelled, given up or refused", function()
    local kept = { send("a"), send("b"), send("c"), send("d") }
    kept[1]:cancel()
    assert.are.equal("a b", tokens())
    channel:refused(sent[2].data, PEER, 111)
    assert.are.equal("a b c", tokens())
    timers:run_to(93 * S)
    assert.are.equal("gave up", outcomes[2].outcome)
    assert.are.equal("d", sent[#sent].token)
  end)

  it("takes a cancelled message out of the queue", function()
    local kept = { send("a"), send("b"), send("c") }
    kept[2]:cancel()
    kept[2]:cancel()
    channel:receive(empty(ACK, kept[1]:id()), PEER)
    assert.are.equal("a c", tokens())
  end)

  it("lets a message that is sent in an upcall wait behind those that wait already", function()
    local kept = {}
    kept.a = send("a", { done = function() kept.c = send("c") end })
    kept.b = send("b")
    channel:receive(empty(ACK, kept.a:id()), PEER)
    assert.are.equal("a b", tokens())
    channel:receive(empty(ACK, kept.b:id()), PEER)
    assert.are.equal("a b c", tokens())
  end)

  it("holds back no non-confirmable response and nothing by multicast", function()
    local kept = { send("a"), send("b", { type = NON, code = coap.CONTENT }),
      send("c", { type = NON, to = GROUP }), send("d", { type = NON, to = GROUP }) }
    assert.are.equal("a b c d", tokens())
    assert.are.equal(4, #kept)
  end)
end)

describe("a non-confirmable request", function()
  it("holds its place for as long as PROBING_RATE asks (RFC 7252 4.7)", function()
    local kept = { send("aa", { type = NON, payload = ("x"):rep(13) }), send("bb") }
    assert.are.equal(20, #sent[1].data)
    timers:run_to(20 * S - 1)
    assert.are.equal("aa", tokens())
    timers:run_to(20 * S)
    assert.are.equal("aa bb", tokens())
    assert.is_true(kept[1]:active())
  end)

  it("holds it for a shorter time at a higher PROBING_RATE (RFC 7252 4.7)", function()
    open { probing_rate = 4 }
    local kept = { send("aa", { type = NON, payload = ("x"):rep(13) }), send("bb") }
    timers:run_to(5 * S - 1)
    assert.are.equal("aa", tokens())
    timers:run_to(5 * S)
    assert.are.equal("aa bb", tokens())
    assert.are.equal(2, #kept)
  end)

  it("gives its place up when it is cancelled, as by its response", function()
    local kept = { send("a", { type = NON }), send("b", { type = NON }) }
    kept[1]:cancel()
    assert.are.equal("a b", tokens())
  end)

  it("holds no place without a PROBING_RATE", function()
    open { probing_rate = 0 }
    local kept = { send("a", { type = NON }), send("b", { type = NON }), send("c", { type = NON }) }
    assert.are.equal("a b c", tokens())
    assert.are.equal(3, #kept)
  end)

  it("is sent once, and can be reset until NON_LIFETIME is over (RFC 7252 4.3)", function()
    local kept = { send("a", { type = NON }), send("b", { type = NON, to = OTHER }) }
    timers:run_to(144 * S)
    assert.are.equal(2, #sent)
    channel:receive(empty(ACK, kept[1]:id()), PEER)
    assert.is_true(kept[1]:active())
    channel:receive(empty(RST, kept[1]:id()), PEER)
    assert.are.same({ { name = "a", outcome = "reset", number = 0, at = 144 * S } }, outcomes)
    timers:run_to(145 * S)
    assert.is_false(kept[2]:active())
    channel:receive(empty(RST, kept[2]:id()), OTHER)
    assert.are.equal(1, #outcomes)
  end)

  it("holds a long place longer than its ID is known", function()
    local kept = { send("a", { type = NON, payload = ("x"):rep(194) }), send("b") }
    assert.are.equal(200, #sent[1].data)
    timers:run_to(150 * S)
    assert.is_true(kept[1]:active())
    channel:receive(empty(RST, kept[1]:id()), PEER)
    assert.are.equal(0, #outcomes)
    timers:run_to(200 * S)
    assert.is_false(kept[1]:active())
    assert.are.equal("a b", tokens())
  end)
end)

describe("a Message ID of our own", function()
  ---Opens a channel that notes when each ID was used last, and sends and ends messages quickly.
  local function open_counting()
    local ids = { last = {}, used = 0 }
    local params = { max_retransmit = 0 }
    ids.lifetime = probe.params.times(params).lifetime
    open()
    channel:free()
    channel = message.channel(timers, {
      params = params,
      send = function(data)
        local _, _, id = coap.read(data)
        local now, before = timers:now(), ids.last[id]
        assert(before == nil or now - before >= ids.lifetime, "an ID was used again too early")
        ids.last[id], ids.used = now, ids.used + 1
      end,
      log = function(level, text) collect(logged)(level, text) end,
    })
    local options = { to = PEER, data = coap.datagram(CON, coap.GET, 0, "t") }
    function ids.use()
      local before = ids.used
      local one = channel:send(options)
      if ids.used > before then
        one:cancel()
      end
      return one
    end
    return ids
  end

  it("starts at random, for each peer on its own, and counts up (RFC 7252 4.4)", function()
    local starts, different = {}, 0
    for i = 1, 20 do
      local kept = send("a", { to = PEER + (i << 16) })
      starts[kept:id()] = true
    end
    for _ in pairs(starts) do different = different + 1 end
    assert.is_true(different > 15)
    local first = send("b")
    assert.are.equal((first:id() + 1) & 0xffff, channel:peek_id(PEER))
    first:cancel()
    assert.are.equal((first:id() + 1) & 0xffff, send("c"):id())
  end)

  it("is not used again within EXCHANGE_LIFETIME, at any rate (RFC 7252 4.4)", function()
    local ids, waiting = open_counting(), {}
    for round = 0, 4 do
      timers:run_to(round * ids.lifetime * 3 // 10)
      for _ = 1, 17500 do
        local one = ids.use()
        waiting[#waiting + 1] = one:active() and one or nil
      end
    end
    -- The fourth round uses up the IDs. In the fifth the first round's are free again, as far as
    -- they fill chunks of 4096.
    for _, one in ipairs(waiting) do one:cancel() end
    assert.are.equal(65536 + 4 * 4096, ids.used)
  end)

  it("is waited for when all are in use, with one Log line", function()
    local ids = open_counting()
    for _ = 1, 65536 do ids.use() end
    assert.are.equal(65536, ids.used)
    assert.are.equal(0, #logged)
    assert.are.equal(-1, channel:peek_id(PEER))
    timers:run_to(100 * S)
    local a, b = ids.use(), ids.use()
    assert.are.equal(65536, ids.used)
    assert.are.equal(1, #logged)
    assert.is_truthy(logged[1]:find("10.0.0.1", 1, true))
    timers:run_to(ids.lifetime - 1)
    assert.are.equal(65536, ids.used)
    timers:run_to(ids.lifetime)
    assert.are.equal(65537, ids.used)
    a:cancel()
    assert.are.equal(65538, ids.used)
    assert.are.equal(1, #logged)
    b:cancel()
    -- Another peer has IDs of its own.
    assert.is_true(channel:peek_id(OTHER) >= 0)
  end)

  it("may be chosen, but not while it is in use (MessageId raises 701)", function()
    local a = send("a", { id = 7, to = OTHER })
    assert.are.equal(7, a:id())
    assert.are.equal(7, sent[1].id)
    local again, code, text = send("b", { id = 7, to = OTHER })
    assert.is_nil(again)
    assert.are.equal(701, code)
    assert.is_truthy(text:find("7", 1, true))
    local b = send("b", { id = 7, to = PEER })
    assert.are.equal(7, b:id())
    channel:receive(empty(ACK, 7), OTHER)
    assert.are.equal(701, (select(2, send("c", { id = 7, to = OTHER }))))
    timers:run_to(247 * S + 1)
    assert.is_truthy(send("c", { id = 7, to = OTHER }))
  end)

  it("that was counted cannot be chosen, and a chosen one is left out in counting", function()
    open { nstart = 10 }
    local first = send("a"):id()
    assert.are.equal(701, (select(2, send("b", { id = first }))))
    local chosen = (first + 2) & 0xffff
    local kept = { send("c", { id = chosen }), send("d"), send("e") }
    assert.are.equal((first + 1) & 0xffff, kept[2]:id())
    assert.are.equal((first + 3) & 0xffff, kept[3]:id())
    local before = (first - 1) & 0xffff
    assert.are.equal(before, send("f", { id = before }):id())
  end)

  it("chosen for a message that waits is reserved at once", function()
    local kept = { send("a"), send("b", { id = 9 }) }
    assert.are.equal(701, (select(2, send("c", { id = 9 }))))
    channel:receive(empty(ACK, kept[1]:id()), PEER)
    assert.are.equal(9, sent[2].id)
    channel:receive(empty(ACK, 9), PEER)
    assert.are.equal(2, #outcomes)
  end)

  it("chosen for a message that waits is in use for EXCHANGE_LIFETIME from its sending on (RFC 7252 4.4)", function()
    local kept = { send("a"), send("b", { id = 9 }) }
    timers:run_to(100 * S) -- "a" was given up, "b" sent in its place
    assert.is_true(sent[#sent].token == "b" and timers:now() - sent[#sent].at < 60 * S)
    timers:run_to(250 * S)
    assert.is_false(kept[2]:active())
    assert.are.equal(701, (select(2, send("c", { id = 9 }))))
    timers:run_to(350 * S)
    assert.is_truthy(send("c", { id = 9 }))
  end)

  it("chosen for a message that waits longer than that is not insisted on: another one may have it", function()
    local kept = {}
    for i = 1, 4 do kept[i] = send("w") end -- each of them takes its time to be given up
    kept[5] = send("late", { id = 9 })
    timers:run_to(260 * S)
    kept[6] = send("early", { id = 9, type = NON, code = coap.CONTENT })
    assert.are.equal("early", sent[#sent].token)
    timers:run_to(400 * S)
    for _, datagram in ipairs(sent) do
      if datagram.token == "late" then assert.are_not.equal(9, datagram.id) end
    end
    assert.are_not.equal(9, kept[5]:id())
  end)
end)

describe("a channel that is freed", function()
  it("forgets what is under way without an outcome, and leaves no timer", function()
    local kept = { send("a"), send("b"), send("c", { type = NON, to = OTHER }) }
    channel:free()
    for i = 1, 3 do
      assert.is_false(kept[i]:active())
      kept[i]:cancel()
    end
    assert.is_nil(timers:next())
    assert.are.equal(0, #outcomes)
    open()
  end)

  it("may be freed by an outcome", function()
    for _, way in ipairs { "ack", "reset", "refused", "time" } do
      open()
      local kept = { send("a", { done = function() channel:free() end }), send("b") }
      local id = kept[1]:id()
      if way == "ack" then
        channel:receive(empty(ACK, id), PEER)
      elseif way == "reset" then
        channel:receive(empty(RST, id), PEER)
      elseif way == "refused" then
        channel:refused(sent[1].data, PEER, 111)
      else
        timers:run_to(100 * S)
      end
      assert.is_false(kept[2]:active())
      assert.is_nil(timers:next())
    end
    open()
  end)
end)
