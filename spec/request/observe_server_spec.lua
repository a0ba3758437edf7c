local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"
local observing = require "spec.support.observing"

local CON, NON, ACK, RST = asker.CON, asker.NON, asker.ACK, asker.RST

describe("a server and its observers (RFC 7641)", function()
  local peer

  local function start(settings)
    peer = asker.new(settings)
    peer.answer = function() return { body = "first", observe = true } end
    return peer.server
  end

  local function register(request) return observing.register(peer, request) end
  local function notify(response, uri) return observing.notify(peer, response, uri) end
  local function prove(uri) observing.prove(peer, uri) end

  local URI = observing.URI

  before_each(function() base.seed(1) end)
  after_each(function()
    if peer then peer:close() end
    base.fail_after()
    base.seed()
  end)

  describe("when one registers", function()
    it("says so by an Observe option, and notifies with the request's token (3.1, 4.2)", function()
      local server = start()
      local request, reply = register { token = "tok" }
      assert.are.same({ ACK, "2.05", "first" }, { reply.type, reply.code, reply.payload })
      assert.is_truthy(reply.uint[asker.OBSERVE])
      assert.are.equal(1, server:observers())
      prove()
      local sent = notify { body = "next", options = { { asker.MAX_AGE, "\5" } } }
      assert.are.equal(1, #sent)
      assert.are.same({ NON, "2.05", "tok", "next", request.remote or peer.remote, "192.0.2.9:5683" },
        { sent[1].type, sent[1].code, sent[1].token, sent[1].payload, sent[1].remote, sent[1].from })
      assert.are.equal("\5", sent[1].value[asker.MAX_AGE])
    end)

    it("leaves Observe out when the script does not accept, or answers with an error (4.1)", function()
      local server = start()
      peer.answer = function() return { body = "x" } end
      assert.is_nil(select(2, register()).value[asker.OBSERVE])
      peer.answer = function() return { code = "4.04", observe = true } end
      assert.is_nil(select(2, register()).value[asker.OBSERVE])
      assert.are.equal(0, server:observers())
    end)

    it("ends a registration that is not renewed: without Observe the client counts as not registered (3.1)", function()
      local server = start()
      local answers = { { body = "x" }, { code = "4.04", observe = true } }
      for i, answer in ipairs(answers) do
        peer.answer = function() return { body = "first", observe = true } end
        register { token = "tok" }
        register { token = "other" }
        peer.answer = function() return answer end
        assert.is_nil(select(2, register { token = "tok" }).value[asker.OBSERVE])
        server:advance(0)
        assert.are.equal("tok", peer.gone[i].token)
        assert.are.equal(1, server:observers())
        assert.are.equal("other", notify()[1].token)
      end
    end)

    it("tells that one is gone whose renewal could not be answered", function()
      local server = start()
      register { token = "tok" }
      local many = {}
      for i = 1, 240 do many[i] = { 8, ("x"):rep(255) } end
      peer.answer = function() return { options = many, observe = true } end
      peer:ask { observe = 0, token = "tok" }
      server:advance(0)
      assert.are.equal(0, server:observers())
      assert.are.equal("tok", peer.gone[1].token)
    end)

    it("ignores Observe on other methods than GET, and other values than 0 (2)", function()
      local server = start()
      for _, method in ipairs { asker.FETCH, asker.PUT, asker.POST } do
        assert.is_nil(select(2, register { code = method }).value[asker.OBSERVE])
      end
      assert.is_nil(select(2, register { observe = 2 }).value[asker.OBSERVE])
      assert.are.equal(0, server:observers())
    end)

    it("does not register through a multicast (RFC 7252 8)", function()
      local server = start { leisure = 0 }
      peer:ask { type = NON, to = "224.0.1.187:5683", observe = 0 }
      server:advance(1)
      assert.is_nil(peer:one().value[asker.OBSERVE])
      assert.are.equal(0, server:observers())
    end)

    it("takes a second registration with the same token for the same one (4.1)", function()
      local server = start()
      local _, first = register { token = "tok" }
      server:advance(1)
      local _, second = register { token = "tok" }
      assert.are.equal(1, server:observers())
      assert.is_true(second.uint[asker.OBSERVE] > first.uint[asker.OBSERVE])
      assert.are.equal(1, #notify())
      server:advance(1)
      assert.are.same({}, peer.gone)
    end)

    it("moves the registration when the same token comes with another URI", function()
      local server = start()
      register { token = "tok" }
      register { token = "tok", path = "b" }
      server:advance(0)
      assert.are.equal(1, server:observers())
      assert.are.equal(URI, peer.gone[1].uri)
      assert.are.same({}, notify())
      assert.are.equal(1, #notify(nil, "coap://192.0.2.9/b"))
    end)

    it("moves it without what is under way of the old one, whose token stands for the new one now", function()
      local server = start()
      register { token = "tok" }
      notify { body = "state of a", con = true }
      register { token = "tok", path = "b" }
      server:advance(100)
      assert.are.same({}, peer:sent())
      assert.are.equal(1, server:observers())
    end)

    it("keeps those of one client with different tokens, and of different clients with one, apart (4.1)", function()
      local server = start()
      register { token = "t" }
      register { token = "u" }
      register { token = "t", remote = "192.0.2.1:50001" }
      assert.are.equal(3, server:observers())
      prove()
      local seen = {}
      for _, message in ipairs(notify()) do seen[#seen + 1] = message.remote .. " " .. message.token end
      table.sort(seen)
      assert.are.same({ "192.0.2.1:50000 t", "192.0.2.1:50000 u", "192.0.2.1:50001 t" }, seen)
    end)

    it("answers those that are too many without Observe (4.1)", function()
      local server = start { max_observers = 2 }
      register()
      register()
      local _, reply = register()
      assert.are.same({ "2.05", "first" }, { reply.code, reply.payload })
      assert.is_nil(reply.value[asker.OBSERVE])
      assert.are.equal(2, server:observers())
    end)

    it("may be accepted in a separate response, the loss of which ends it", function()
      local server = start()
      peer.answer = nil
      for i, outcome in ipairs { ACK, RST } do
        peer:ask { observe = 0 }
        server:advance(1)
        peer:sent()
        peer:respond(i, { body = "x", observe = true, con = true })
        local reply = peer:one()
        assert.is_truthy(reply.uint[asker.OBSERVE])
        peer:empty(outcome, reply)
        server:advance(0)
        assert.are.equal(1, server:observers())
      end
      assert.are.equal(1, #peer.gone)
    end)
  end)

  describe("that leave", function()
    it("by a GET with Observe 1, which is answered like any GET (3.6)", function()
      local server = start()
      register { token = "tok", path = "a", options = { { asker.QUERY, "x=1" } } }
      local reply = peer:get { token = "tok", observe = 1, options = { { asker.QUERY, "x=1" } } }
      assert.are.same({ "2.05", nil }, { reply.code, reply.value[asker.OBSERVE] })
      assert.are.equal(0, server:observers())
      assert.are.equal(2, #peer.requests)
      assert.are.equal(1, #peer.gone)
      local info = peer.gone[1]
      assert.are.same({ "coap://192.0.2.9/a?x=1", "tok", "192.0.2.1:50000", "192.0.2.9:5683" },
        { info.uri, info.token, info.remote, info.to })
      assert.are.equal(asker.options { { asker.PATH, "a" }, { asker.QUERY, "x=1" } }, info.options)
      assert.are.same({}, notify(nil, "coap://192.0.2.9/a?x=1"))
    end)

    it("by such a GET, of which the script learns before it is asked", function()
      local server = start()
      register { token = "tok" }
      local seen = {}
      server:on("unregistered", function()
        seen[#seen + 1] = "unregistered"
        -- as a handler that runs the loop: the datagram's memory is used again
        peer:ask { path = "inner" }
      end)
      peer.answer = function(request) seen[#seen + 1] = request.list[#request.list][2] end
      peer:ask { token = "tok", observe = 1, path = "a/outer" }
      assert.are.same({ "unregistered", "inner", "outer" }, seen)
    end)

    it("by RST to a NON, also a late one (3.6)", function()
      local server = start()
      register()
      register { remote = "192.0.2.2:50000" }
      prove()
      local first = notify()[1]
      for _ = 1, 3 do notify() end
      peer:empty(RST, first)
      assert.are.equal(1, server:observers())
      server:advance(0)
      assert.are.equal(first.remote, peer.gone[1].remote)
      -- one that was never sent means nothing
      peer:empty(RST, { id = first.id ~ 0x8000, remote = "192.0.2.2:50000" })
      assert.are.equal(1, server:observers())
    end)

    it("by RST to the NON that answered the registration (3.6)", function()
      local server = start()
      local _, reply = register { type = NON }
      register { type = NON, remote = "192.0.2.2:50000" }
      peer:empty(RST, reply)
      server:advance(0)
      assert.are.same({ 1, reply.remote }, { server:observers(), peer.gone[1].remote })
    end)

    it("only for the registration whose notification was reset", function()
      local server = start()
      for i = 1, 3 do register { token = "t" .. i } end
      prove()
      local sent = notify()
      peer:empty(RST, sent[2])
      server:advance(0)
      assert.are.same({ 2, sent[2].token }, { server:observers(), peer.gone[1].token })
      for _, message in ipairs(notify()) do assert.are_not.equal(sent[2].token, message.token) end
    end)

    it("by RST to a CON, and by not answering one (4.5)", function()
      local server = start()
      register()
      register { remote = "192.0.2.2:50000" }
      local sent = notify { body = "x", con = true }
      assert.are.same({ CON, CON }, { sent[1].type, sent[2].type })
      peer:empty(RST, sent[1])
      server:advance(0)
      assert.are.same({ 1, 1 }, { server:observers(), #peer.gone })
      server:advance(100)
      assert.are.same({ 0, 2 }, { server:observers(), #peer.gone })
      assert.are.equal(4, #peer:sent())
    end)

    it("when the network refuses a CON", function()
      local server = start()
      register()
      local sent = notify { body = "x", con = true }
      server:refuse(sent[1].data, sent[1].remote, 111)
      assert.are.equal(0, server:observers())
    end)

    it("with a notification that is no success, all of them (4.2)", function()
      local server = start()
      for i = 1, 3 do register { remote = "192.0.2." .. i .. ":50000" } end
      local sent = notify { code = "4.04", body = "gone" }
      assert.are.equal(3, #sent)
      for _, message in ipairs(sent) do
        assert.are.same({ "4.04", nil, "gone" }, { message.code, message.value[asker.OBSERVE], message.payload })
      end
      assert.are.same({ 0, 0 }, { server:observers(), #peer.gone })
      server:advance(0)
      assert.are.equal(3, #peer.gone)
      assert.are.same({}, notify())
    end)

    it("with such a notification as CON, which is sent until it is confirmed", function()
      local server = start()
      register()
      local sent = notify { code = "5.00", con = true }
      server:advance(0)
      assert.are.same({ 0, 1, CON }, { server:observers(), #peer.gone, sent[1].type })
      server:advance(3.5)
      assert.are.equal(sent[1].data, peer:one().data)
      peer:empty(ACK, sent[1])
      server:advance(100)
      assert.are.same({}, peer:sent())
    end)
  end)

  describe("and the order of notifications (4.4)", function()
    ---a newer than b as a client sees it within 128 seconds (3.4)
    local function newer(a, b)
      return a ~= b and (a - b) & 0xffffff < 0x800000
    end

    it("counts up within 24 bits, from turn to turn and over days", function()
      local server = start()
      local _, reply = register()
      local last = reply.uint[asker.OBSERVE]
      for i = 1, 3000 do
        local sent = notify { body = "x", con = false }
        local value = sent[1].uint[asker.OBSERVE]
        assert.is_true(value <= 0xffffff)
        assert.is_true(newer(value, last), "after " .. i)
        last = value
        if sent[1].type == CON then peer:empty(ACK, sent[1]) end
        server:advance(i % 3 == 0 and 100 or 0)
      end
    end)

    it("goes on upwards when all observers left and one comes back", function()
      local server = start()
      register { token = "t" }
      prove()
      local last
      for _ = 1, 50 do last = notify()[1].uint[asker.OBSERVE] end
      peer:get { token = "t", observe = 1 }
      server:advance(1)
      local _, reply = register { token = "t" }
      assert.is_true(newer(reply.uint[asker.OBSERVE], last))
    end)
  end)
end)
