local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"

local message = probe.message
local S = 1000000
local CON, NON, ACK, RST = coap.CON, coap.NON, coap.ACK, coap.RST
local PEER, HERE = coap.address("10.0.0.1"), coap.address("10.0.0.9")

local timers, channel, sent, requests, on_request

local function open(params)
  timers = message.timers()
  sent, requests, on_request = {}, 0, nil
  channel = message.channel(timers, {
    params = params,
    send = function(data) sent[#sent + 1] = data end,
    request = function(request)
      requests = requests + 1
      if on_request then on_request(request) end
    end,
    response = function(response) return response.payload == "expected" end,
  })
end

---Answers at once with a piggybacked response whose payload says how often it ran.
local function answer(request)
  channel:reply { to = request.to, from = request.from, id = request.id, token = request.token,
    payload = "run " .. requests, keep = request.code == coap.POST }
end

local function receive(data, from)
  channel:receive(data, from or PEER, HERE)
end

before_each(function() open() end)
after_each(function() channel:free() end)

describe("a duplicate", function()
  it("of a confirmable request gets the same reply and does not run (RFC 7252 4.5)", function()
    on_request = answer
    local post = coap.datagram(CON, coap.POST, 1, "t")
    for _ = 1, 3 do receive(post) end
    assert.are.equal(1, requests)
    local reply = coap.datagram(ACK, coap.CONTENT, 1, "t", "run 1")
    assert.are.same({ reply, reply, reply }, sent)
    assert.are.equal(2, channel:stats().duplicates)
  end)

  it("is ignored while the answer is still to come", function()
    local post = coap.datagram(CON, coap.POST, 1, "t")
    receive(post)
    receive(post)
    assert.are.equal(1, requests)
    assert.are.equal(0, #sent)
  end)

  it("gets the empty ACK again when the response comes separately (RFC 7252 5.2.2)", function()
    on_request = function(request) channel:acknowledge(request.to, request.id, request.from) end
    local get = coap.datagram(CON, coap.GET, 1, "t")
    receive(get)
    receive(get)
    assert.are.equal(1, requests)
    local ack = coap.datagram(ACK, 0, 1)
    assert.are.same({ ack, ack }, sent)
  end)

  it("of a non-confirmable request is silently ignored (RFC 7252 4.5)", function()
    on_request = function(request)
      channel:reply { to = request.to, from = request.from, type = "NON", token = request.token }
    end
    local get = coap.datagram(NON, coap.GET, 1, "t")
    receive(get)
    receive(get)
    assert.are.equal(1, requests)
    assert.are.equal(1, #sent)
  end)

  it("of a non-confirmable response that was reset is silently ignored (RFC 7252 4.5)", function()
    local stray = coap.datagram(NON, coap.CONTENT, 1, "t", "stray")
    receive(stray)
    receive(stray)
    assert.are.same({ coap.datagram(RST, 0, 1) }, sent)
  end)

  it("of a confirmable response is acknowledged or reset again, not passed on again", function()
    local expected = coap.datagram(CON, coap.CONTENT, 1, "t", "expected")
    local stray = coap.datagram(CON, coap.CONTENT, 2, "t", "stray")
    for _, data in ipairs { expected, stray, stray, expected } do receive(data) end
    local ack, reset = coap.datagram(ACK, 0, 1), coap.datagram(RST, 0, 2)
    assert.are.same({ ack, reset, reset, ack }, sent)
    assert.are.equal(2, channel:stats().duplicates)
  end)

  it("is told by address, port and own address, not by Message ID alone", function()
    on_request = answer
    local post = coap.datagram(CON, coap.POST, 1, "t")
    receive(post)
    receive(post, coap.address("10.0.0.2"))
    receive(post, coap.address("10.0.0.1", 5684))
    channel:receive(post, PEER, coap.address("10.0.0.8"))
    assert.are.equal(4, requests)
    assert.are.equal(0, channel:stats().duplicates)
  end)

  it("has the same bytes: a reused Message ID with others is a new request, counted", function()
    on_request = answer
    receive(coap.datagram(CON, coap.POST, 1, "t"))
    receive(coap.datagram(CON, coap.POST, 1, "u"))
    receive(coap.datagram(CON, coap.POST, 1, "u", "x"))
    assert.are.equal(3, requests)
    assert.are.equal(2, channel:stats().id_conflicts)
    receive(coap.datagram(CON, coap.POST, 1, "u", "x"))
    assert.are.equal(3, requests)
    assert.are.equal(coap.datagram(ACK, coap.CONTENT, 1, "u", "run 3"), sent[4])
  end)

  it("is one for EXCHANGE_LIFETIME and a new message afterwards (RFC 7252 4.5)", function()
    on_request = answer
    local post = coap.datagram(CON, coap.POST, 1, "t")
    receive(post)
    timers:run_to(247 * S)
    receive(post)
    assert.are.equal(1, requests)
    assert.are.equal(sent[1], sent[2])
    timers:run_to(247 * S + S // 2)
    receive(post)
    assert.are.equal(2, requests)
  end)

  it("does not make its message live longer", function()
    on_request = answer
    local post = coap.datagram(CON, coap.POST, 1, "t")
    for second = 0, 240, 10 do
      timers:run_to(second * S)
      receive(post)
      receive(coap.datagram(CON, coap.POST, 2, "t", tostring(second))) -- the page stays in use
    end
    assert.are.equal(1 + 25, requests)
    timers:run_to(248 * S)
    receive(post)
    assert.are.equal(2 + 25, requests)
  end)

  it("is known for as long as long-lived messages need, whatever else its page holds", function()
    open { max_latency = 1700 * S } -- EXCHANGE_LIFETIME 3447 s
    on_request = answer
    local function post(id, text) return coap.datagram(CON, coap.POST, id, "t", text) end
    receive(post(0, "first"))
    -- Times are kept in 16 bits that wrap after 8192 s: the page is used all along.
    for hundred = 1, 200 do
      timers:run_to(hundred * 100 * S)
      receive(post(1, tostring(hundred)))
      if hundred * 100 == 3400 then
        receive(post(0, "first"))
        assert.are.equal(1, channel:stats().duplicates)
      elseif hundred * 100 == 8200 then
        -- 8192 s later its 16 bits look new; it must be a new message nevertheless.
        receive(post(0, "first"))
        assert.are.equal(1, channel:stats().duplicates)
      end
    end
    assert.are.equal(1 + 200 + 1, requests)
  end)
end)

describe("the memory of messages", function()
  it("is complete for the fastest peer that RFC 7252 4.4 allows: 65 536 IDs in 247 s", function()
    on_request = function(request)
      channel:reply { to = request.to, from = request.from, id = request.id, keep = true }
    end
    local interval = 247 * S // 65536 -- 265 a second
    for id = 0, 65535 do
      timers:run_to(id * interval)
      receive(coap.datagram(CON, coap.POST, id))
    end
    assert.are.equal(65536, requests)
    timers:run_to(247 * S)
    for id = 0, 65535 do receive(coap.datagram(CON, coap.POST, id)) end
    assert.are.equal(65536, requests)
    assert.are.equal(65536, channel:stats().duplicates)
    assert.are.equal(2 * 65536, #sent)
    assert.are.equal(0, channel:stats().ids_evicted)
    assert.are.equal(0, channel:stats().replies_evicted)
  end)

  it("is bounded when 250 000 addresses are spoofed, and counts what it forgets", function()
    channel:free()
    channel = message.channel(timers, {})
    local blocks = probe.base.blocks()
    local get = coap.datagram(NON, coap.GET, 1)
    for i = 1, 250000 do channel:receive(get, PEER + (i << 16), HERE) end
    local kept = probe.base.blocks() - blocks
    assert.is_true(kept > 150000 and kept < 220000)
    local evicted = channel:stats().ids_evicted
    assert.is_true(evicted >= 250000 - kept and evicted < 100000)
    -- The latest is still known, the first is not.
    channel:receive(get, PEER + (250000 << 16), HERE)
    assert.are.equal(1, channel:stats().duplicates)
    channel:receive(get, PEER + (1 << 16), HERE)
    assert.are.equal(1, channel:stats().duplicates)
    timers:run_to(300 * S)
    assert.are.equal(blocks, probe.base.blocks())
  end)

  it("costs nothing before it is used, and nothing when all is over", function()
    assert.is_true(message.channel_size <= 400)
    local blocks = probe.base.blocks()
    assert.is_nil(timers:next())
    on_request = answer
    for id = 1, 1000 do
      receive(coap.datagram(CON, id % 2 == 0 and coap.POST or coap.GET, id))
    end
    local gone = channel:send { to = PEER, data = coap.datagram(NON, coap.GET, 0) }
    gone:cancel()
    assert.is_true(probe.base.blocks() > blocks)
    timers:run_to(300 * S)
    assert.is_nil(timers:next())
    assert.are.equal(blocks + 1, probe.base.blocks()) -- the datagram of `gone`
    assert.is_false(gone:active())
  end)

  it("allocates nothing more when a steady load goes on", function()
    on_request = answer
    local id = 0
    local function load(seconds)
      for _ = 1, seconds do
        timers:run_to(timers:now() + S)
        for _ = 1, 20 do
          id = (id + 1) & 0xffff
          receive(coap.datagram(CON, id % 2 == 0 and coap.POST or coap.GET, id, "", ("x"):rep(50)))
          sent = {}
        end
      end
    end
    load(600)
    local blocks = probe.base.blocks()
    load(300)
    assert.is_true(math.abs(probe.base.blocks() - blocks) < 10)
  end)
end)
