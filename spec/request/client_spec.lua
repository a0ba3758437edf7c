local base = require("lunacoap.probe").base
local support = require "spec.support.peer"
local CON, NON, ACK, RST = support.CON, support.NON, support.ACK, support.RST

describe("a request", function()
  local peer, blocks

  before_each(function()
    blocks = base.blocks()
    peer = support.new()
  end)

  after_each(function()
    base.fail_after()
    peer:close()
    assert.are.equal(blocks, base.blocks())
  end)

  it("goes out with its options and body and ends with the piggybacked response (RFC 7252 5.2.1)", function()
    local number = peer:ask { method = support.PUT, options = support.options { { support.PATH, "light" } }, body = "on" }
    local request = peer:one()
    assert.are.equal(CON, request.type)
    assert.are.equal(support.PUT, request.code)
    assert.are.same({ { support.PATH, "light" } }, request.options)
    assert.are.equal("on", request.payload)
    assert.are.equal("192.0.2.1:5683", request.remote)

    peer:piggyback(request, { code = "2.04", options = { { support.ETAG, "e" } }, payload = "done" })
    local event = peer:event()
    assert.are.equal("complete", event.kind)
    assert.are.equal(number, event.exchange)
    assert.are.equal(0, event.code)
    assert.are.equal(0x44, event.response.code)
    assert.are.equal("done", event.response.payload)
    assert.are.equal(support.options { { support.ETAG, "e" } }, event.response.options)
    peer.client:advance(300)
    assert.are.same({}, peer:sent())
  end)

  it("is non-confirmable when that is wanted", function()
    peer:ask { con = false }
    local request = peer:one()
    assert.are.equal(NON, request.type)
    peer:separate(NON, request, { code = "2.05" })
    assert.are.equal(0, peer:event().code)
  end)

  it("has a token of 8 bytes that differs each time (RFC 7252 5.3.1)", function()
    local seen = {}
    for _ = 1, 100 do
      peer:ask { con = false }
      local token = peer:one().token
      assert.are.equal(8, #token)
      assert.is_nil(seen[token])
      seen[token] = true
    end
  end)

  it("never has the token of another one that waits (RFC 7252 5.3.1)", function()
    base.seed(7)
    peer:ask { con = false }
    base.seed(7)
    peer:ask { con = false }
    base.seed(0)
    local sent = peer:sent()
    assert.are_not.equal(sent[1].token, sent[2].token)
  end)

  it("tells its token and Message ID", function()
    local number = peer:ask { id = 0x1234 }
    local request = peer:one()
    local token, id, is_observation = peer.client:describe(number)
    assert.are.equal(request.token, token)
    assert.are.equal(0x1234, id)
    assert.are.equal(0x1234, request.id)
    assert.is_false(is_observation)
  end)

  it("is refused with 701 when its Message ID is in use", function()
    peer:ask { id = 7, con = false }
    local number, code = peer:ask { id = 7, con = false }
    assert.is_nil(number)
    assert.are.equal(701, code)
    assert.are.equal(1, #peer:sent())
  end)

  it("is refused with 701 when its options do not fit a datagram", function()
    local query = ("q"):rep(255) -- Uri-Query, 300 times
    local options = "\xdd\x02\xf2" .. query .. ("\x0d\xf2" .. query):rep(299)
    local number, code = peer:ask { options = options }
    assert.is_nil(number)
    assert.are.equal(701, code)
    assert.are.same({}, peer:events())
  end)

  it("takes a separate response and acknowledges it (RFC 7252 5.2.2)", function()
    peer:ask()
    local request = peer:one()
    peer:tell(ACK, { id = request.id })
    assert.are.equal("progress", peer.client:events()[1].kind)
    peer.client:advance(200)
    assert.are.same({}, peer:sent())
    peer:separate(CON, request, { code = "2.05", payload = "late", id = 99 })
    assert.are.equal("late", peer:event().response.payload)
    local ack = peer:one()
    assert.are.same({ ACK, 0, 99 }, { ack.type, ack.code, ack.id })
  end)

  it("takes a CON response to a NON request, and acknowledges it (RFC 7252 5.2.3)", function()
    peer:ask { con = false }
    peer:separate(CON, peer:one(), { code = "2.05", payload = "sure", id = 99 })
    assert.are.equal("sure", peer:event().response.payload)
    local ack = peer:one()
    assert.are.same({ ACK, 0, 99 }, { ack.type, ack.code, ack.id })
  end)

  it("goes by the class of a code that it does not know (RFC 7252 5.9)", function()
    for code, outcome in pairs { ["2.30"] = 0, ["4.30"] = 709, ["5.30"] = 709 } do
      peer:ask()
      peer:piggyback(peer:one(), { code = code })
      assert.are.equal(outcome, peer:event().code)
    end
  end)

  it("takes a separate response that overtakes the ACK, and stops retransmitting (RFC 7252 5.2.2)", function()
    peer:ask()
    local request = peer:one()
    peer:separate(NON, request, { code = "2.05" })
    assert.are.equal(0, peer:event().code)
    peer:tell(ACK, { id = request.id })
    peer.client:advance(300)
    assert.are.same({}, peer:sent())
    assert.are.same({}, peer:events())
  end)

  it("is not answered by another token (RFC 7252 5.3.2)", function()
    peer:ask { con = false }
    local request = peer:one()
    peer:tell(CON, { code = "2.05", token = request.token:sub(1, 7), id = 5 })
    assert.are.same({}, peer:events())
    local reset = peer:one()
    assert.are.same({ RST, 5 }, { reset.type, reset.id })
  end)

  it("is not answered by another host or port with its token (RFC 7252 5.3.2)", function()
    peer:ask { con = false }
    local request = peer:one()
    peer:tell(NON, { code = "2.05", token = request.token, host = "192.0.2.2" })
    peer:tell(NON, { code = "2.05", token = request.token, port = 5684 })
    assert.are.same({}, peer:events())
    peer:separate(NON, request, { code = "2.05" })
    assert.are.equal(0, peer:event().code)
  end)

  it("is answered once", function()
    peer:ask { con = false }
    local request = peer:one()
    peer:separate(NON, request, { code = "2.05" })
    peer:separate(NON, request, { code = "2.05" })
    assert.are.equal(1, #peer:events())
  end)

  it("ends with 709 and the response when its code is not 2.xx", function()
    for _, code in ipairs { "4.04", "5.03" } do
      peer:ask()
      peer:piggyback(peer:one(), { code = code, payload = "why" })
      local event = peer:event()
      assert.are.same({ 709, "why" }, { event.code, event.response.payload })
    end
  end)

  it("ends with 708 when RST answers it", function()
    for _, con in ipairs { true, false } do
      peer:ask { con = con }
      peer:tell(RST, { id = peer:one().id })
      local event = peer:event()
      assert.are.equal(708, event.code)
      assert.is_nil(event.response)
    end
  end)

  it("ends with 704 when the last retransmission stays without an ACK (RFC 7252 4.2)", function()
    peer:ask()
    peer.client:advance(61)
    assert.are.same({}, peer:events())
    peer.client:advance(33)
    assert.are.equal(704, peer:event().code)
    local sent = peer:sent()
    assert.are.equal(5, #sent)
    assert.are.equal(sent[1].data, sent[5].data)
  end)

  it("ends with the socket's error when the network refuses it, and no other request does", function()
    local refused = peer:ask()
    local request = peer:one()
    peer:ask { con = false, host = "192.0.2.9" }
    peer.client:refuse(request.data, 111) -- ECONNREFUSED
    local event = peer:event()
    assert.are.equal(refused, event.exchange)
    assert.are.equal(10061, event.code)
  end)

  it("ends with 703 for a response with an unknown critical option, which is rejected (RFC 7252 5.4.1)", function()
    peer:ask()
    local request = peer:one()
    peer:tell(ACK, { id = request.id })
    peer:separate(CON, request, { code = "2.05", options = { { 9999, "?" } }, id = 77 })
    assert.are.equal(703, peer:event().code)
    local reset = peer:one()
    assert.are.same({ RST, 77 }, { reset.type, reset.id })
  end)

  it("ends with 703 for a critical option that a response cannot have, has twice or too long (RFC 7252 5.4)", function()
    local wrong = {
      { { support.PATH, "x" } },
      { { support.BLOCK1, 0 }, { support.BLOCK1, 0 } },
      { { support.BLOCK2, "four" } },
    }
    for _, options in ipairs(wrong) do
      peer:ask()
      peer:piggyback(peer:one(), { code = "2.05", options = options })
      assert.are.equal(703, peer:event().code)
    end
  end)

  it("ignores unknown elective options of a response (RFC 7252 5.4.1)", function()
    peer:ask()
    peer:piggyback(peer:one(), { code = "2.05", options = { { 9998, "?" } } })
    assert.are.equal(0, peer:event().code)
  end)

  it("is forgotten without a word when it is cancelled", function()
    local number = peer:ask()
    local request = peer:one()
    peer.client:cancel(number)
    peer.client:advance(300)
    assert.are.same({}, peer:sent())
    peer:separate(CON, request, { code = "2.05", id = 6 })
    assert.are.same({}, peer:events())
    assert.are.equal(RST, peer:one().type)
  end)

  it("waits for the one before it where NSTART says so, and goes when that has ended (RFC 7252 4.7)", function()
    peer:ask()
    peer:ask { method = support.PUT }
    local first = peer:one()
    peer:piggyback(first, { code = "2.05" })
    assert.are.equal(support.PUT, peer:one().code)
  end)

  it("may be begun, and the client freed, in the upcall of another", function()
    peer:ask()
    peer.client:hook("complete", "send")
    peer:piggyback(peer:one(), { code = "2.05", payload = "first" })
    assert.are.equal("first", peer:event().response.payload)
    local second = peer:one()
    peer.client:hook("complete", "free")
    peer:separate(NON, second, { code = "2.04", payload = "second" })
    assert.are.equal("second", peer:event().response.payload)
  end)

  it("may be cancelled, and the client freed, when its ACK is told", function()
    for _, what in ipairs { "cancel", "free" } do
      peer:close()
      peer = support.new()
      peer.client:hook("progress", what)
      peer:ask()
      peer:tell(ACK, { id = peer:one().id })
      if what == "cancel" then peer.client:advance(100) end
      assert.are.same({}, peer:sent())
      assert.are.same({}, peer:events())
    end
  end)

  it("costs no more memory the thousandth time than the second", function()
    local function one()
      peer:ask { options = support.options { { support.PATH, "a" } }, body = "12345" }
      peer:piggyback(peer:one(), { code = "2.05", payload = ("x"):rep(500) })
      assert.are.equal(0, peer:event().code)
      peer.client:advance(300)
    end
    one()
    one()
    local after_two = base.blocks()
    for _ = 1, 200 do
      one()
    end
    assert.is_true(base.blocks() <= after_two)
  end)

  it("needs no allocation when one like it was sent before", function()
    peer:ask { body = "12345" }
    peer:piggyback(peer:one(), { code = "2.05" })
    peer:event()
    base.fail_after(0)
    local number = peer:ask { body = "12345" }
    base.fail_after()
    assert.is_number(number)
  end)

  it("fails cleanly, whichever allocation fails", function()
    peer:close()
    local options = support.options { { support.PATH, "p" } }
    for count = 0, 40 do
      base.fail_after(count)
      local made, fresh = pcall(support.new)
      if made then
        local number, code = fresh:ask { body = ("b"):rep(3000), options = options }
        assert.is_true(number ~= nil or code == 10055)
        base.fail_after()
        fresh:close()
      end
      base.fail_after()
    end
    assert.are.equal(blocks, base.blocks())
    peer = support.new()
  end)
end)

describe("a request with an empty token", function()
  local peer
  before_each(function() peer = support.new { nstart = 10 } end)
  after_each(function() peer:close() end)

  it("is matched by the peer alone", function()
    peer:ask { empty_token = true }
    local request = peer:one()
    assert.are.equal("", request.token)
    peer:piggyback(request, { code = "2.05", payload = "yes" })
    assert.are.equal("yes", peer:event().response.payload)
  end)

  it("waits for another one to the same peer, and for none to other peers", function()
    peer:ask { empty_token = true, method = 1 }
    local waiting = peer:ask { empty_token = true, method = 2 }
    peer:ask { empty_token = true, method = 3, host = "192.0.2.2" }
    peer:ask { method = 4 }
    local sent = peer:sent()
    assert.are.same({ 1, 3, 4 }, { sent[1].code, sent[2].code, sent[3].code })
    peer:piggyback(sent[1], { code = "2.05" })
    peer:event()
    assert.are.same({}, peer:sent())
    peer.client:advance()
    local second = peer:one()
    assert.are.equal(2, second.code)
    peer:piggyback(second, { code = "2.04" })
    assert.are.equal(waiting, peer:event().exchange)
  end)

  it("goes in the order of the calls, one at a time", function()
    for method = 1, 4 do
      peer:ask { empty_token = true, method = method }
    end
    for method = 1, 4 do
      local request = peer:one()
      assert.are.equal(method, request.code)
      peer:piggyback(request, { code = "2.05" })
      peer:event()
      if method == 2 then peer:ask { empty_token = true, method = 5 } end
      peer.client:advance()
    end
    assert.are.equal(5, peer:one().code)
  end)

  it("is told of a Message ID in use when its turn comes", function()
    peer:ask { empty_token = true }
    local waiting = peer:ask { empty_token = true, id = 42 }
    peer:ask { id = 42, con = false }
    peer:piggyback(peer:sent()[1], { code = "2.05" })
    peer:event()
    peer.client:advance()
    local event = peer:event()
    assert.are.same({ waiting, 701 }, { event.exchange, event.code })
  end)

  it("may be cancelled while it waits", function()
    local first = peer:ask { empty_token = true }
    local waiting = peer:ask { empty_token = true }
    peer.client:cancel(waiting)
    peer.client:cancel(first)
    peer.client:advance()
    assert.are.equal(1, #peer:sent())
  end)
end)
