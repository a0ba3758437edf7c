-- Servers, clients and DTLS sessions: an endpoint is known by its session too (RFC 7252 1.2), and a session
-- that is over ends what it had begun.

local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"
local observing = require "spec.support.observing"
local support = require "spec.support.peer"

local CON, ACK, RST = asker.CON, asker.ACK, asker.RST
local RESET = 10054
local URI = "coaps://192.0.2.9:5683/a"

describe("a server whose clients come by sessions", function()
  local peer, server

  before_each(function()
    base.seed(1)
    peer = asker.new()
    server = peer.server
  end)
  after_each(function()
    peer:close()
    base.seed()
  end)

  local function sessions(list)
    local out = {}
    for i, message in ipairs(list) do
      out[i] = message.session
    end
    table.sort(out)
    return out
  end

  it("tells that requests are lost whose session is over, and no others (10054)", function()
    peer:ask { session = 1 }
    peer:ask { session = 2 }
    peer:ask { session = 1 }
    server:advance(0)
    server:lose(peer.remote, 1)
    server:advance(0)
    assert.are.same({ { number = 1, code = RESET }, { number = 3, code = RESET } }, peer.completed)
    assert.are.same({ 2 }, server:waiting())
    assert.is_false(pcall(peer.respond, peer, 1, { body = "too late" }) and #peer:sent() > 0)
  end)

  it("tells within the request too, once the script returns", function()
    peer.answer = function()
      server:lose(peer.remote, 1)
    end
    peer:ask { session = 1 }
    server:advance(0)
    assert.are.same({ { number = 1, code = RESET } }, peer.completed)
    assert.are.same({}, server:waiting())
  end)

  it("tells of a response that nobody acknowledged", function()
    local request = peer:ask { session = 1 }
    server:advance(3)
    peer:sent()
    peer:respond(1, { body = "x", con = true })
    assert.are.equal(CON, peer:one().type)
    server:lose(peer.remote, 1)
    server:advance(300)
    assert.are.same({}, peer:sent())
    assert.are.equal(RESET, peer.completed[1].code)
    assert.are.equal(1, #peer.completed)
    assert.is_truthy(request)
  end)

  it("has no observers left of a session that is over", function()
    peer.answer = function() return { body = "first", observe = true } end
    for session = 0, 2 do
      for _, path in ipairs { "a", "b" } do
        peer:ask { session = session, observe = 0, path = path, token = "t" .. path }
      end
    end
    server:advance(0)
    peer:sent()
    assert.are.equal(6, server:observers())
    server:lose(peer.remote, 1)
    server:advance(0)
    assert.are.equal(4, server:observers())
    assert.are.equal(2, #peer.gone)
    assert.are.same({ 2 }, sessions(observing.notify(peer, nil, URI)))
    assert.are.same({ 0 }, sessions(observing.notify(peer))) -- coap is another resource
  end)

  it("keeps registrations of two sessions apart, also with the same token", function()
    peer.answer = function() return { body = "first", observe = true } end
    peer:ask { session = 1, observe = 0, token = "t" }
    peer:ask { session = 2, observe = 0, token = "t" }
    peer:sent()
    assert.are.equal(2, server:observers())
    peer:ask { session = 2, observe = 1, token = "t" }
    peer:sent()
    server:advance(0)
    assert.are.equal(1, server:observers())
    local messages = observing.notify(peer, nil, URI)
    assert.are.same({ 1 }, sessions(messages))
    -- a reset counts in its session alone
    peer:receive("\x70\0" .. string.pack(">I2", messages[1].id), nil, nil, 2)
    assert.are.equal(1, server:observers())
    peer:empty(RST, messages[1])
    server:advance(0)
    assert.are.equal(0, server:observers())
  end)

  it("runs a request of each, though type, ID and token are the same", function()
    peer.answer = function(request) return { body = "answer " .. request.number } end
    peer:ask { session = 1, id = 7, token = "t" }
    peer:ask { session = 2, id = 7, token = "t" }
    peer:ask { session = 1, id = 7, token = "t" }
    local payloads = {}
    for i, message in ipairs(peer:sent()) do
      assert.are.equal(ACK, message.type)
      payloads[i] = message.session .. ": " .. message.payload
    end
    assert.are.same({ "1: answer 1", "2: answer 2", "1: answer 1" }, payloads)
  end)

  it("keeps blocks of two sessions apart", function()
    peer.answer = function(request) return { code = "2.04", body = request.body } end
    local function block(session, num, more, payload)
      return peer:ask { session = session, code = asker.PUT, token = "t",
        block1 = asker.block(num, more, 0), payload = payload }
    end
    block(1, 0, true, ("a"):rep(16))
    block(2, 0, true, ("b"):rep(16))
    block(1, 1, false, "A")
    block(2, 1, false, "B")
    local bodies = {}
    for _, request in ipairs(peer.requests) do
      bodies[#bodies + 1] = request.payload
    end
    assert.are.same({ ("a"):rep(16) .. "A", ("b"):rep(16) .. "B" }, bodies)
  end)
end)

describe("a client that asks by a session", function()
  local peer

  before_each(function() peer = support.new() end)
  after_each(function() peer:close() end)

  it("takes no answer of another session with the same server, nor of none", function()
    for _, con in ipairs { true, false } do
      local asked = peer:ask { con = con, session = 1 }
      local request = peer:one()
      for _, session in ipairs { 0, 2 } do
        peer:separate(support.NON, request, { code = "2.05", payload = "forged", session = session })
        peer:piggyback(request, { code = "2.05", payload = "forged", session = session })
        assert.are.same({}, peer:events())
      end
      peer:sent()
      peer:separate(support.NON, request, { code = "2.05", payload = "real", session = 1 })
      local event = peer:event()
      assert.are.same({ asked, 0, "real" }, { event.exchange, event.code, event.response.payload })
    end
  end)
end)
