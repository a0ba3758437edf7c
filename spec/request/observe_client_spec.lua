local base = require("lunacoap.probe").base
local support = require "spec.support.peer"
local CON, NON, ACK, RST = support.CON, support.NON, support.ACK, support.RST
local OBSERVE, MAX_AGE, BLOCK2, ETAG = support.OBSERVE, support.MAX_AGE, support.BLOCK2, support.ETAG
local block = support.block

local REGISTER, DEREGISTER = 1, 2

describe("an observation", function()
  local peer, memory, number, registration

  local function open(settings)
    if peer then peer:close() end
    memory = base.blocks()
    peer = support.new(settings)
  end

  -- Registers; the server accepts with Observe = `value`.
  local function observe(value, options)
    number = peer:ask { observe = REGISTER, options = support.options { { support.PATH, "t" } } }
    registration = peer:one()
    options = options or {}
    table.insert(options, 1, { OBSERVE, value or 10 })
    peer:piggyback(registration, { code = "2.05", options = options, payload = "first" })
    peer:event()
  end

  local function notify(type, value, payload, more)
    local options = { { OBSERVE, value } }
    for _, option in ipairs(more or {}) do
      options[#options + 1] = option
    end
    table.sort(options, function(a, b) return a[1] < b[1] end)
    peer:separate(type, registration, { code = "2.05", options = options, payload = payload })
  end

  -- The payloads that were told since the last call.
  local function told()
    local list = {}
    for i, event in ipairs(peer:events()) do
      assert.are.same({ "notification", 0 }, { event.kind, event.code })
      list[i] = event.response.payload .. (event.latest and "" or " (old)")
    end
    return list
  end

  before_each(function() open {} end)
  after_each(function()
    base.seed(0)
    peer:close()
    peer = nil
    assert.are.equal(memory, base.blocks())
  end)

  it("begins with Observe 0, and with the first response as its first notification (RFC 7641 3.1)", function()
    number = peer:ask { observe = REGISTER, options = support.options { { support.PATH, "t" } } }
    local request = peer:one()
    assert.are.same({ { OBSERVE, "" }, { support.PATH, "t" } }, request.options)
    assert.is_false((select(3, peer.client:describe(number))))
    peer:piggyback(request, { code = "2.05", options = { { OBSERVE, 5 } }, payload = "23" })
    local event = peer:event()
    assert.are.same({ "notification", number, 0, true }, { event.kind, event.exchange, event.code, event.latest })
    assert.are.equal("23", event.response.payload)
    assert.is_true((select(3, peer.client:describe(number))))
  end)

  it("gets notifications, CON ones with ACK and NON ones without a word (RFC 7641 3.2, 4.5)", function()
    observe(10)
    notify(CON, 11, "a")
    assert.are.equal(ACK, peer:one().type)
    notify(NON, 12, "b")
    assert.are.same({}, peer:sent())
    assert.are.same({ "a", "b" }, told())
  end)

  it("tells a notification once that comes twice", function()
    observe(10)
    local datagram = { code = "2.05", options = { { OBSERVE, 11 } }, payload = "a", id = 500 }
    peer:separate(CON, registration, datagram)
    peer:separate(CON, registration, datagram)
    assert.are.same({ "a" }, told())
    assert.are.equal(2, #peer:sent())
  end)

  it("ends with 710 and the response when the server does not take it on (RFC 7641 3.1)", function()
    peer:ask { observe = REGISTER }
    peer:piggyback(peer:one(), { code = "2.05", payload = "plain" })
    local event = peer:event()
    assert.are.same({ "complete", 710, "plain" }, { event.kind, event.code, event.response.payload })
    peer.client:advance(500)
    assert.are.same({}, peer:sent())
  end)

  it("ends with 709 and the response when the server refuses it", function()
    peer:ask { observe = REGISTER }
    peer:piggyback(peer:one(), { code = "4.04", payload = "gone" })
    local event = peer:event()
    assert.are.same({ "complete", 709, "gone" }, { event.kind, event.code, event.response.payload })
  end)

  it("marks what is older than the newest one (RFC 7641 3.4)", function()
    observe(10)
    notify(NON, 12, "c")
    notify(NON, 11, "b")
    notify(NON, 12, "c")
    notify(NON, 13, "d")
    assert.are.same({ "c", "b (old)", "c (old)", "d" }, told())
  end)

  it("counts in 24 bits with wrap-around (RFC 7641 3.4)", function()
    observe(0xffffff)
    notify(NON, 0, "0")
    notify(NON, 0xfffffe, "old")
    notify(NON, 0x7fffff, "far ahead")
    notify(NON, 0xffffff, "half round")
    assert.are.same({ "0", "old (old)", "far ahead", "half round (old)" }, told())
  end)

  it("takes any number for newer after 128 seconds (RFC 7641 3.4)", function()
    observe(1000, { { MAX_AGE, 1000 } })
    peer.client:advance(127)
    notify(NON, 5, "soon")
    peer.client:advance(2)
    notify(NON, 5, "later")
    assert.are.same({ "soon (old)", "later" }, told())
  end)

  it("registers anew with its token when Max-Age and 5 to 15 seconds have passed (RFC 7641 3.3.1)", function()
    for _ = 1, 5 do
      observe(10, { { MAX_AGE, 20 } })
      peer.client:advance(24.9)
      assert.are.same({}, peer:sent())
      peer.client:advance(10.2)
      local again = peer:sent()[1]
      assert.are.equal(registration.token, again.token)
      assert.are.same(registration.options, again.options)
      assert.are_not.equal(registration.id, again.id)
      peer:piggyback(again, { code = "2.05", options = { { OBSERVE, 11 } }, payload = "again" })
      notify(NON, 12, "next")
      assert.are.same({ "again", "next" }, told())
      peer.client:cancel(number)
      peer:sent()
    end
  end)

  -- When the client registers anew, to a tenth of a second; the dice fall alike each time.
  local function registers_anew_after(options)
    open {}
    base.seed(7641)
    observe(10, options)
    for tenths = 1, 1000 do
      peer.client:advance(0.1)
      if #peer:sent() > 0 then return tenths / 10 end
    end
  end

  it("takes 60 seconds for Max-Age when there is none (RFC 7252 5.10.5)", function()
    local after = registers_anew_after { { MAX_AGE, 60 } }
    assert.is_true(after >= 65 and after <= 75.1)
    assert.are.equal(after, registers_anew_after {})
  end)

  it("takes 60 seconds for Max-Age also when the notification before had less", function()
    observe(10, { { MAX_AGE, 5 } })
    notify(NON, 11, "b")
    peer.client:advance(64.9)
    assert.are.same({}, peer:sent())
  end)

  it("does not send its registration again that a notification has overtaken (RFC 7252 5.2.2)", function()
    peer:ask { observe = REGISTER }
    registration = peer:one()
    notify(NON, 10, "first")
    peer.client:advance(60)
    assert.are.same({}, peer:sent())
    assert.are.same({ "first" }, told())
  end)

  it("does not register anew while notifications keep coming", function()
    observe(10)
    for i = 1, 10 do
      peer.client:advance(50)
      notify(NON, 10 + i, tostring(i))
    end
    assert.are.same({}, peer:sent())
    assert.are.equal(10, #told())
  end)

  it("believes the answer to a new registration, whatever its number: the server may have started anew", function()
    observe(5000, { { MAX_AGE, 20 } })
    peer.client:advance(35.1)
    peer:piggyback(peer:sent()[1], { code = "2.05", options = { { OBSERVE, 1 } }, payload = "restarted" })
    notify(NON, 2, "on")
    assert.are.same({ "restarted", "on" }, told())
  end)

  it("registers again and again where the answers are lost", function()
    open {}
    number = peer:ask { observe = REGISTER, con = false }
    registration = peer:one()
    notify(NON, 3, "first", { { MAX_AGE, 0 } })
    peer.client:advance(15.1)
    assert.are.equal(registration.token, peer:sent()[1].token)
    peer.client:advance(15.1)
    assert.is_true(#peer:sent() >= 1)
    assert.are.same({ "first" }, told())
  end)

  it("ends with 704 when the server confirms a new registration no more", function()
    observe(10)
    peer.client:advance(75.1)
    peer.client:advance(100)
    local event = peer:event()
    assert.are.same({ "complete", 704 }, { event.kind, event.code })
  end)

  it("ends with 710 when a new registration is answered without Observe", function()
    observe(10)
    peer.client:advance(75.1)
    peer:piggyback(peer:sent()[1], { code = "2.05", payload = "plain" })
    local event = peer:event()
    assert.are.same({ "complete", 710, "plain" }, { event.kind, event.code, event.response.payload })
    notify(CON, 11, "?")
    peer.client:advance(500)
    assert.are.equal(RST, peer:one().type)
  end)

  it("ends with a notification that is not 2.xx (RFC 7641 3.2)", function()
    observe(10)
    peer:separate(CON, registration, { code = "4.04", payload = "deleted" })
    local event = peer:event()
    assert.are.same({ "notification", 709, "deleted" }, { event.kind, event.code, event.response.payload })
    peer:sent()
    notify(CON, 12, "?")
    assert.are.equal(RST, peer:one().type)
    peer.client:advance(500)
    assert.are.same({}, peer:sent())
  end)

  it("is rejected with 703 and RST when a notification has an unknown critical option", function()
    observe(10)
    notify(CON, 11, "?", { { 9999, "x" } })
    assert.are.equal(703, peer:event().code)
    assert.are.equal(RST, peer:one().type)
  end)

  it("meets its next notification with RST once it is forgotten (RFC 7641 3.6)", function()
    observe(10)
    peer.client:cancel(number)
    notify(NON, 11, "a")
    assert.are.equal(RST, peer:one().type)
    assert.are.same({}, peer:events())
    peer.client:advance(500)
    assert.are.same({}, peer:sent())
  end)

  it("may be forgotten, and the client freed, in the upcall of a notification", function()
    observe(10)
    peer.client:hook("notification", "cancel")
    notify(NON, 11, "a")
    notify(NON, 12, "b")
    assert.are.same({ "a" }, told())
    open {}
    observe(10)
    peer.client:hook("notification", "free")
    notify(NON, 11, "a")
    assert.are.same({ "a" }, told())
  end)

  it("is cancelled by a GET with its token and Observe 1 (RFC 7641 3.6)", function()
    observe(10)
    local token = peer.client:describe(number)
    peer.client:cancel(number)
    peer:ask { observe = DEREGISTER, token = token, options = support.options { { support.PATH, "t" } } }
    local request = peer:one()
    assert.are.equal(registration.token, request.token)
    assert.are.same({ { OBSERVE, "\1" }, { support.PATH, "t" } }, request.options)
    -- A notification that was under way is no answer to it.
    notify(NON, 11, "crossed")
    assert.are.same({}, peer:events())
    peer:piggyback(request, { code = "2.05", payload = "last" })
    local event = peer:event()
    assert.are.same({ "complete", 0, "last" }, { event.kind, event.code, event.response.payload })
  end)

  it("does not mind others: of another resource, of another server", function()
    observe(10)
    local first, first_registration = number, registration
    observe(900)
    notify(NON, 901, "second")
    assert.are.equal(number, peer:event().exchange)
    registration = first_registration
    notify(NON, 11, "first")
    assert.are.equal(first, peer:event().exchange)
    peer:separate(NON, registration, { code = "2.05", options = { { OBSERVE, 12 } }, host = "192.0.2.7" })
    assert.are.same({}, peer:events())
  end)

  describe("of a large resource", function()
    local A, B = ("a"):rep(1024), ("b"):rep(1024)

    local function first_block(value, payload, etag)
      notify(NON, value, payload, { { BLOCK2, block(0, true, 6) }, etag and { ETAG, etag } })
    end

    local function last_block(request, payload, etag)
      local options = { { BLOCK2, block(1, false, 6) } }
      if etag then table.insert(options, 1, { ETAG, etag }) end
      peer:piggyback(request, { code = "2.05", options = options, payload = payload })
    end

    it("fetches the rest without Observe, and tells one notification (RFC 7959 3.4)", function()
      observe(10)
      first_block(11, A)
      assert.are.same({}, peer:events())
      local request = peer:one()
      assert.are.same({ { support.PATH, "t" }, { BLOCK2, string.char(block(1, false, 6)) } }, request.options)
      assert.are_not.equal(registration.token, request.token)
      last_block(request, "end")
      local event = peer:event()
      assert.are.same({ "notification", 0, true }, { event.kind, event.code, event.latest })
      assert.are.equal(A .. "end", event.response.payload)
      assert.are.equal(registration.token, event.response.token)
      local options = require("lunacoap.probe").wire.options(event.response.options)
      assert.are.same({ OBSERVE, "\11" }, options[1])
      notify(NON, 12, "small")
      assert.are.same({ "small" }, told())
    end)

    it("does so for the first response as well", function()
      number = peer:ask { observe = REGISTER }
      registration = peer:one()
      peer:piggyback(registration, {
        code = "2.05", options = { { OBSERVE, 1 }, { BLOCK2, block(0, true, 6) } }, payload = A,
      })
      last_block(peer:one(), "end")
      assert.are.same({ A .. "end" }, told())
    end)

    it("drops what it fetches for a newer notification (RFC 7959 3.4)", function()
      observe(10)
      first_block(11, A, "1")
      local request = peer:one()
      first_block(12, B, "2")
      local newer = peer:one()
      last_block(request, "old end", "1")
      assert.are.same({}, peer:events())
      peer:sent()
      last_block(newer, "new end", "2")
      assert.are.same({ B .. "new end" }, told())
    end)

    it("goes on fetching when an old notification comes", function()
      observe(10)
      first_block(12, A)
      local request = peer:one()
      notify(NON, 11, "old")
      first_block(11, B)
      assert.are.same({}, peer:sent())
      last_block(request, "end")
      assert.are.same({ "old (old)", A .. "end" }, told())
    end)

    it("waits for the next notification when the ETag of a block differs", function()
      observe(10)
      first_block(11, A, "1")
      last_block(peer:one(), "end", "2")
      assert.are.same({}, peer:events())
      first_block(12, B, "2")
      last_block(peer:one(), "end", "2")
      assert.are.same({ B .. "end" }, told())
    end)

    it("waits for the next notification when a block cannot be had", function()
      observe(10)
      first_block(11, A)
      peer:piggyback(peer:one(), { code = "4.08" })
      first_block(12, A)
      peer:tell(RST, { id = peer:one().id })
      first_block(13, A)
      peer:one()
      peer.client:advance(60)
      assert.are.same({}, peer:events())
      notify(NON, 14, "small")
      assert.are.same({ "small" }, told())
    end)

    it("registers anew when it waits in vain", function()
      observe(10)
      first_block(11, A, "1")
      last_block(peer:one(), "end", "2")
      peer.client:advance(75.1)
      local again = peer:sent()[1]
      assert.are.same({ registration.token, 0 }, { again.token, again.uint[OBSERVE] })
    end)

    it("ends with 702 when it is larger than max_body", function()
      open { max_body = 1500 }
      observe(10)
      first_block(11, A)
      peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(1, true, 6) } }, payload = B })
      assert.are.equal(702, peer:event().code)
    end)

    it("stays readable when its upcall forgets it", function()
      observe(10)
      peer.client:hook("notification", "cancel")
      first_block(11, A)
      last_block(peer:one(), "end")
      assert.are.same({ A .. "end" }, told())
    end)
  end)

  it("with a large FETCH body is registered anew block by block", function()
    open { block_size = 16 }
    local body = ("f"):rep(20)
    local function register()
      local request = peer:sent()[1]
      assert.are.same({ 0, block(0, true, 0) }, { request.uint[OBSERVE], request.uint[support.BLOCK1] })
      peer:piggyback(request, { code = "2.31", options = { { support.BLOCK1, block(0, true, 0) } } })
      local second = peer:one()
      assert.are.same({ request.token, 0 }, { second.token, second.uint[OBSERVE] })
      peer:piggyback(second, { code = "2.05", options = { { OBSERVE, 1 }, { support.BLOCK1, block(1, false, 0) } }, payload = "s" })
    end
    peer:ask { observe = REGISTER, method = support.FETCH, body = body }
    register()
    assert.are.same({ "s" }, told())
    peer.client:advance(75.1)
    register()
    assert.are.same({ "s" }, told())
  end)
end)
