local collect = require "spec.support.logged"
local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"

local message = probe.message
local S = 1000000
local CON, NON, ACK, RST = coap.CON, coap.NON, coap.ACK, coap.RST
local PEER, HERE = coap.address("10.0.0.1"), coap.address("10.0.0.9")
local GROUP = coap.address("224.0.1.187")

local timers, channel, sent, upcalls, logged, functions

---Opens a channel that notes what it sends and which upcalls it makes.
local function open()
  timers = message.timers()
  sent, upcalls, logged = {}, {}, {}
  functions = {
    send = function(data, remote, from)
      sent[#sent + 1] = { data = data, remote = remote, from = from }
    end,
    request = function(request) upcalls[#upcalls + 1] = { "request", request } end,
    response = function(response)
      upcalls[#upcalls + 1] = { "response", response }
      return response.payload == "expected"
    end,
    reset = function(remote, id) upcalls[#upcalls + 1] = { "reset", remote, id } end,
    log = function(level, text) collect(logged)(level, text) end,
  }
  channel = message.channel(timers, functions)
end

before_each(open)
after_each(function() channel:free() end)

---What is sent back for a datagram, joined when it is more than one.
local function answer_to(data, to)
  sent, upcalls = {}, {}
  channel:receive(data, PEER, to or HERE)
  local list = {}
  for i, one in ipairs(sent) do
    assert.are.equal(PEER, one.remote)
    list[i] = one.data
  end
  return table.concat(list)
end

local function reset_of(id) return coap.datagram(RST, 0, id) end

describe("a datagram that is no message", function()
  it("is silently ignored when it is short or of another version (RFC 7252 3)", function()
    for _, data in ipairs { "", "\x40", "\x40\x01\x00", "\x00\x01\x00\x01", "\x81\x01\x00\x01",
      "\xc0\x01\x00\x01" } do
      assert.are.equal("", answer_to(data))
      assert.are.equal(0, #upcalls)
    end
    assert.are.equal(6, channel:stats().malformed)
    assert.are.equal(6, channel:stats().received)
    assert.are.equal(6, #logged)
    assert.is_truthy(logged[1]:find("10.0.0.1:5683", 1, true))
  end)
end)

describe("a malformed message", function()
  local tails = {
    ["a token length of 9 (RFC 7252 3)"] = { "\x09", "123456789" },
    ["a token that is cut off"] = { "\x04", "123" },
    ["an option nibble of 15 (RFC 7252 3.1)"] = { "\x00", "\xf1x" },
    ["an option that is cut off"] = { "\x00", "\xb5abc" },
    ["a payload marker without payload (RFC 7252 3)"] = { "\x00", "\xff" },
  }

  local function build(type, id, tail)
    local first = 0x40 | type << 4 | tail[1]:byte()
    return string.pack(">BBI2", first, coap.GET, id) .. tail[2]
  end

  for what, tail in pairs(tails) do
    it("is rejected: " .. what, function()
      assert.are.equal(reset_of(7), answer_to(build(CON, 7, tail))) -- 4.2
      assert.are.equal("", answer_to(build(NON, 7, tail))) -- 4.3
      assert.are.equal("", answer_to(build(ACK, 7, tail))) -- 4.2
      assert.are.equal("", answer_to(build(RST, 7, tail)))
      assert.are.equal(0, #upcalls)
      assert.are.equal(4, channel:stats().malformed)
    end)
  end

  it("is rejected: code classes 1, 6 and 7 (RFC 7252 4.2)", function()
    for _, code in ipairs { 0x20, 0x3f, 0xc0, 0xdf, 0xe1, 0xff } do
      assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, code, 7)))
      assert.are.equal("", answer_to(coap.datagram(NON, code, 8)))
      assert.are.equal("", answer_to(coap.datagram(ACK, code, 9)))
      assert.are.equal(0, #upcalls)
    end
  end)

  it("is rejected: bytes behind an Empty message (RFC 7252 4.1)", function()
    assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, 0, 7) .. "x"))
    assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, 0, 7, "t")))
    for _, tail in ipairs { "x", "\xffx", "\x11x" } do -- as they are, as a payload, as an option
      assert.are.equal("", answer_to(reset_of(7) .. tail))
      assert.are.equal(0, #upcalls)
    end
  end)

  it("is not answered when it was sent to a multicast address (RFC 7252 8.1)", function()
    assert.are.equal("", answer_to(build(CON, 7, { "\x00", "\xff" }), GROUP))
  end)
end)

describe("an Empty message", function()
  it("that is confirmable is a ping: RST, each time (RFC 7252 4.2)", function()
    assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, 0, 7)))
    assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, 0, 7)))
    assert.are.equal("", answer_to(coap.datagram(CON, 0, 7), GROUP))
    assert.are.equal(0, #upcalls)
  end)

  it("that is non-confirmable is ignored (RFC 7252 4.3)", function()
    assert.are.equal("", answer_to(coap.datagram(NON, 0, 7)))
    assert.are.equal(0, #upcalls)
  end)

  it("that resets what nothing tracks is told, as an observer's RST (RFC 7641 3.6)", function()
    assert.are.equal("", answer_to(reset_of(7)))
    assert.are.same({ { "reset", PEER, 7 } }, upcalls)
    assert.are.equal("", answer_to(coap.datagram(ACK, 0, 7)))
    assert.are.equal(0, #upcalls)
  end)
end)

describe("a request", function()
  it("is passed on with what it says and where it came from", function()
    assert.are.equal("", answer_to(coap.datagram(CON, coap.PUT, 7, "token", "hello")))
    assert.are.same({ { "request", { type = "CON", code = coap.PUT, id = 7, token = "token",
      payload = "hello", to = PEER, from = HERE } } }, upcalls)
  end)

  it("that is confirmable is ignored when it comes by multicast (RFC 7252 8.1)", function()
    assert.are.equal("", answer_to(coap.datagram(CON, coap.GET, 7), GROUP))
    assert.are.equal(0, #upcalls)
  end)

  it("by multicast is answered from an address of our own (RFC 7252 8.2)", function()
    answer_to(coap.datagram(NON, coap.GET, 7, "t"), GROUP)
    local request = upcalls[1][2]
    assert.are.equal(GROUP, request.from)
    assert.is_true(channel:reply { to = PEER, from = GROUP, type = "NON", token = "t" })
    assert.are.equal(0, sent[1].from)
    assert.are.equal(PEER, sent[1].remote)
  end)

  it("is answered from the address that it came to", function()
    answer_to(coap.datagram(CON, coap.GET, 7, "t"))
    channel:reply { to = PEER, from = HERE, id = 7, token = "t", payload = "hi" }
    assert.are.same({ data = coap.datagram(ACK, coap.CONTENT, 7, "t", "hi"), remote = PEER,
      from = HERE }, sent[1])
  end)

  it("that is non-confirmable is answered with a Message ID of our own (RFC 7252 5.2.3)", function()
    local ids = {}
    for i = 1, 3 do
      channel:reply { to = PEER, from = HERE, type = "NON", token = "t" }
      local type, code, id, token = coap.read(sent[i].data)
      assert.are.same({ NON, coap.CONTENT, "t" }, { type, code, token })
      ids[i] = id
    end
    assert.are.equal(1, (ids[2] - ids[1]) & 0xffff)
    assert.are.equal(1, (ids[3] - ids[2]) & 0xffff)
    channel:reply { to = PEER, type = "NON", id = 4711, token = "t" }
    assert.are.equal(4711, (select(3, coap.read(sent[4].data))))
    assert.is_false(channel:reply { to = PEER, type = "NON", id = 4711, token = "t" })
  end)

  it("is not answered when there is no room: the peer asks again", function()
    answer_to(coap.datagram(CON, coap.GET, 7, "t"))
    channel:set_full(true)
    assert.is_false(channel:reply { to = PEER, from = HERE, id = 7, token = "t" })
    channel:set_full(false)
    assert.are.equal(0, #sent)
  end)

  it("too long to be taken gets 4.13, or RST if its token is cut (RFC 7252 5.9.2.9); responses are passed on", function()
    local function truncated(data, to)
      sent = {}
      channel:truncated(data, PEER, to or HERE)
      return sent[1] and sent[1].data
    end
    assert.are.equal(coap.datagram(ACK, 0x8d, 7, "token"),
      truncated(coap.datagram(CON, coap.PUT, 7, "token", "xxx")))
    assert.are.equal(reset_of(7), truncated(coap.datagram(CON, coap.PUT, 7, "token"):sub(1, 6)))
    assert.are.equal(reset_of(7), truncated("\x4f\x01\x00\x07xxxxxxxxxxxxxxxxx"))
    assert.is_nil(truncated(coap.datagram(NON, coap.PUT, 7, "token", "xxx")))
    assert.is_nil(truncated(coap.datagram(ACK, coap.CONTENT, 7, "token", "xxx")))
    assert.is_nil(truncated(coap.datagram(CON, coap.PUT, 7, "token", "xxx"), GROUP))
    assert.is_nil(truncated("\x40\x01\x00"))
    assert.is_nil(truncated("\x80\x01\x00\x07"))
    assert.is_nil(truncated(coap.datagram(CON, coap.CONTENT, 7, "token"):sub(1, 6), GROUP))
    assert.are.equal(0, #upcalls)
    assert.is_nil(truncated(coap.datagram(NON, coap.CONTENT, 7, "token", "xxx")))
    assert.are.equal(reset_of(7), truncated(coap.datagram(CON, coap.CONTENT, 7, "token", "xxx")))
    assert.are.equal(2, #upcalls)
  end)
end)

describe("a response on its own", function()
  it("that is expected is acknowledged if it is confirmable (RFC 7252 5.2.2)", function()
    assert.are.equal(coap.datagram(ACK, 0, 7),
      answer_to(coap.datagram(CON, coap.CONTENT, 7, "t", "expected")))
    assert.are.equal("", answer_to(coap.datagram(NON, coap.CONTENT, 8, "t", "expected")))
    assert.are.equal("response", upcalls[1][1])
  end)

  it("that is not expected is reset (RFC 7252 4.2, RFC 7641 3.6)", function()
    assert.are.equal(reset_of(7), answer_to(coap.datagram(CON, coap.CONTENT, 7, "t", "stray")))
    assert.are.equal(reset_of(8), answer_to(coap.datagram(NON, coap.CONTENT, 8, "t", "stray")))
    assert.are.equal("", answer_to(coap.datagram(NON, coap.CONTENT, 9, "t", "stray"), GROUP))
  end)

  it("in an ACK that nothing matches is ignored (RFC 7252 4.2)", function()
    assert.are.equal("", answer_to(coap.datagram(ACK, coap.CONTENT, 7, "t", "expected")))
    assert.are.equal(0, #upcalls)
  end)
end)

describe("a channel that is freed in an upcall", function()
  it("sends nothing more and is not touched again", function()
    for _, way in ipairs { "request", "response", "reset" } do
      open()
      local original = functions[way]
      functions[way] = function(...)
        original(...)
        channel:free()
        return true
      end
      if way == "request" then
        channel:receive(coap.datagram(CON, coap.GET, 7, "t"), PEER, HERE)
      elseif way == "response" then
        channel:receive(coap.datagram(CON, coap.CONTENT, 7, "t"), PEER, HERE)
      else
        channel:receive(reset_of(7), PEER, HERE)
      end
      assert.are.equal(1, #upcalls)
      assert.are.equal(0, #sent)
      assert.is_nil(timers:next())
    end
    open()
  end)
end)

describe("a peer", function()
  it("is forgotten EXCHANGE_LIFETIME after its last use", function()
    local blocks = probe.base.blocks()
    for i = 1, 100 do channel:peek_id(PEER + (i << 16)) end
    timers:run_to(200 * S)
    assert.is_true(probe.base.blocks() >= blocks + 100)
    local before = channel:peek_id(PEER + (1 << 16))
    timers:run_to(300 * S)
    assert.are.equal(before, channel:peek_id(PEER + (1 << 16)))
    timers:run_to(900 * S)
    assert.are.equal(blocks, probe.base.blocks())
    assert.is_nil(timers:next())
  end)

  it("takes the place of the longest unused one beyond 65 536, never of one in use", function()
    channel:free()
    channel = message.channel(timers, {})
    local busy = channel:send { to = PEER, data = coap.datagram(CON, coap.GET, 0, "t") }
    local second = channel:peek_id(PEER + (1 << 16))
    for i = 2, 70000 do channel:peek_id(PEER + (i << 16)) end
    assert.are.equal(70001 - 65536, channel:stats().peers_evicted)
    assert.is_true(busy:active())
    assert.are.equal((busy:id() + 1) & 0xffff, channel:peek_id(PEER))
    -- The second was the first to go: it has another start (but for one chance in 65 536).
    assert.are_not.equal(second, channel:peek_id(PEER + (1 << 16)))
  end)
end)

describe("out of memory", function()
  ---Everything a channel does, once.
  local function life()
    local one = message.channel(timers, {
      request = function(request)
        functions.channel:reply { to = request.to, from = request.from, id = request.id,
          keep = request.code == coap.POST }
      end,
    })
    if not one then return false end
    functions.channel = one
    local kept = {}
    for i = 1, 3 do
      one:receive(coap.datagram(CON, coap.POST, i), PEER, HERE)
      one:receive(coap.datagram(CON, coap.GET, 100 * i), PEER + (i << 16), HERE)
      kept[i] = one:send { to = PEER, data = coap.datagram(CON, coap.GET, 0, "t") }
      kept[#kept + 1] = one:send { to = PEER, id = i, data = coap.datagram(CON, coap.GET, 0, "t") }
      one:reply { to = PEER + (i << 16), type = "NON" }
      one:peek_id(PEER)
    end
    timers:run_to(timers:now() + 20 * S)
    for id = 0, 65535, 4096 do one:receive(coap.datagram(ACK, 0, id), PEER, HERE) end
    timers:run_to(timers:now() + 100 * S)
    one:free()
    for _, transmission in pairs(kept) do assert.is_false(transmission:active()) end
    return true
  end

  it("drops or reports, and loses no block, at each allocation", function()
    finally(function() probe.base.fail_after() end)
    channel:free()
    local blocks = probe.base.blocks()
    for count = 0, 100 do
      probe.base.fail_after(count)
      life()
      probe.base.fail_after()
      assert.are.equal(blocks, probe.base.blocks())
      assert.is_nil(timers:next())
    end
    assert.is_true(life())
    open()
  end)
end)
