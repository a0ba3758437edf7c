local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"

local CON, NON, ACK, RST = asker.CON, asker.NON, asker.ACK, asker.RST

describe("a server", function()
  local peer

  local function start(settings, answer)
    peer = asker.new(settings)
    peer.answer = answer
    return peer.server
  end

  ---An answer to every request.
  local function always(response)
    return function() return response end
  end

  before_each(function() base.seed(1) end)
  after_each(function()
    if peer then peer:close() end
    base.fail_after()
    base.seed()
  end)

  describe("that answers at once", function()
    it("puts the response into the ACK (RFC 7252 5.2.1)", function()
      start({}, always { body = "hello", options = { { asker.FORMAT, "" } } })
      local request = peer:ask { path = "a/b", token = "\1\2" }
      local reply = peer:one()
      assert.are.same({ ACK, request.id, "2.05", "\1\2", "hello" },
        { reply.type, reply.id, reply.code, reply.token, reply.payload })
      assert.are.same({ { asker.FORMAT, "" } }, reply.options)
      assert.are.equal("192.0.2.1:50000", reply.remote)
      assert.are.equal("192.0.2.9:5683", reply.from)
      assert.are.same({ { asker.PATH, "a" }, { asker.PATH, "b" } }, peer.requests[1].list)
    end)

    it("puts a response into the ACK that would be confirmable on its own", function()
      start({}, always { body = "hello", con = true })
      assert.are.equal(ACK, peer:get({}).type)
    end)

    it("answers NON with NON (RFC 7252 5.2.3)", function()
      start({}, always { body = "x", con = true })
      local reply = peer:get { type = NON }
      assert.are.same({ NON, "2.05", "t1" }, { reply.type, reply.code, reply.token })
    end)

    it("tells the outcome in a later turn, not within respond()", function()
      local server = start({}, always { body = "x" })
      peer:ask {}
      assert.are.same({}, peer.completed)
      assert.are.same({}, server:waiting())
      server:advance(0)
      assert.are.same({ { number = 1, code = 0 } }, peer.completed)
      assert.is_nil(server:find(1))
    end)

    it("tells nobody when nobody listens", function()
      local server = start({}, always { body = "x", deaf = true })
      peer:ask {}
      assert.is_nil(server:find(1))
      server:advance(1)
      assert.are.same({}, peer.completed)
    end)

    it("needs no memory per request once it has served one", function()
      start({}, always { body = "x" })
      peer:ask {}
      peer.server:advance(0)
      peer:ask {}
      peer.server:advance(0)
      base.fail_after(0)
      peer:ask {}
      peer.server:advance(0)
      base.fail_after()
      assert.are.equal("2.05", peer:sent()[3].code)
      assert.are.equal(3, #peer.completed)
    end)

    it("keeps the reply to a POST, and to a PUT on a condition, for its duplicates, whatever comes in between (RFC 7252 4.5)", function()
      start({}, always { code = "2.04", body = ("x"):rep(1000) })
      for _, what in ipairs { { code = asker.POST }, { code = asker.PUT, options = { { asker.IF_NONE_MATCH, "" } } },
        { code = asker.DELETE, options = { { asker.IF_MATCH, "e" } } } } do
        peer.requests = {}
        local request = peer:ask(what)
        local first = peer:one()
        for i = 1, 3000 do peer:ask { code = asker.PUT, remote = "192.0.2.3:" .. 10000 + i } end
        peer:sent()
        peer.requests = { peer.requests[1] }
        peer.server:advance(200)
        peer:receive(request.data)
        assert.are.equal(first.data, peer:one().data)
        assert.are.equal(1, #peer.requests)
      end
    end)

    it("does not answer twice", function()
      start({}, always { body = "x" })
      peer:ask {}
      local ok, code = peer:respond(1, { body = "y" })
      assert.are.same({ nil, 706 }, { ok, code })
    end)
  end)

  describe("that answers later", function()
    it("sends an empty ACK after the delay, and the response as a CON (RFC 7252 5.2.2)", function()
      local server = start { piggyback_delay = 0.05 }
      local request = peer:ask { token = "tok" }
      server:advance(0.049)
      assert.are.same({}, peer:sent())
      server:advance(0.002)
      local ack = peer:one()
      assert.are.same({ ACK, request.id, "0.00" }, { ack.type, ack.id, ack.code })
      peer:respond(1, { body = "late", con = true })
      local reply = peer:one()
      assert.are.same({ CON, "2.05", "tok", "late" }, { reply.type, reply.code, reply.token, reply.payload })
      server:advance(0)
      assert.are.same({}, peer.completed)
      peer:empty(ACK, reply)
      server:advance(0)
      assert.are.same({ { number = 1, code = 0 } }, peer.completed)
    end)

    it("still piggybacks before the delay is over", function()
      local server = start { piggyback_delay = 0.05 }
      local request = peer:ask {}
      server:advance(0.04)
      peer:respond(1, { body = "x" })
      local reply = peer:one()
      assert.are.same({ ACK, request.id, "x" }, { reply.type, reply.id, reply.payload })
      server:advance(10)
      assert.are.same({}, peer:sent())
    end)

    it("may answer a CON with NON, whose fate nobody learns", function()
      local server = start()
      peer:ask {}
      server:advance(1)
      peer:sent()
      peer:respond(1, { body = "x", con = false })
      assert.are.equal(NON, peer:one().type)
      server:advance(0)
      assert.are.same({ { number = 1, code = 0 } }, peer.completed)
    end)

    it("answers NON with NON, whatever the response wants", function()
      local server = start()
      peer:ask { type = NON }
      server:advance(1)
      assert.are.same({}, peer:sent())
      peer:respond(1, { body = "x", con = true })
      assert.are.equal(NON, peer:one().type)
    end)

    it("keeps the request's bytes while it waits", function()
      local server = start()
      local request = peer:ask { code = asker.PUT, path = "x/y", payload = "content", token = "abc" }
      server:advance(1)
      local kept = server:find(1)
      assert.are.same({ "abc", "content", request.id }, { kept.token, kept.payload, kept.id })
      assert.are.equal(asker.options { { asker.PATH, "x" }, { asker.PATH, "y" } }, kept.options)
    end)

    it("keeps them at once when a handler is about to run the loop", function()
      local server
      server = start({}, function(request)
        if request.number == 1 then
          assert.is_true(server:hold(1))
          peer:ask { path = "inner" }
          local kept = server:find(1)
          assert.are.equal(asker.options { { asker.PATH, "outer" } }, kept.options)
          server:advance(0.05)
          return { body = "outer" }
        end
        return { body = "inner" }
      end)
      peer:ask { path = "outer" }
      local sent = peer:sent()
      assert.are.same({ "inner", "", "outer" }, { sent[1].payload, sent[2].payload, sent[3].payload })
      assert.are.equal(NON, sent[3].type)
    end)

    it("tells 705 when the response is reset, 704 when it times out", function()
      local server = start()
      peer:ask {}
      peer:ask { remote = "192.0.2.2:50000" }
      server:advance(1)
      peer:sent()
      peer:respond(1, { body = "x", con = true })
      peer:empty(RST, peer:one())
      peer:respond(2, { body = "x", con = true })
      server:advance(0)
      assert.are.same({ { number = 1, code = 705 } }, peer.completed)
      server:advance(100)
      assert.are.same({ number = 2, code = 704 }, peer.completed[2])
    end)

    it("tells what the network said when that refuses the response", function()
      local server = start()
      peer:ask {}
      server:advance(1)
      peer:sent()
      peer:respond(1, { body = "x", con = true })
      server:refuse(peer:one().data, "192.0.2.1:50000", 111)
      server:advance(0)
      assert.are.same({ { number = 1, code = 10061 } }, peer.completed)
    end)

    it("gives up with 301 when the script never answers", function()
      local server = start { pending_timeout = 10 }
      peer:ask {}
      peer:ask { type = NON }
      server:advance(9.9)
      assert.are.same({ 1, 2 }, server:waiting())
      server:advance(0.2)
      assert.are.same({}, server:waiting())
      table.sort(peer.completed, function(a, b) return a.number < b.number end)
      assert.are.same({ { number = 1, code = 301 }, { number = 2, code = 301 } }, peer.completed)
      assert.are.equal(1, #peer:sent())
    end)

    it("waits for ever when the time-out is 0", function()
      local server = start { pending_timeout = 0 }
      peer:ask {}
      server:advance(100000)
      assert.are.same({ 1 }, server:waiting())
    end)

    it("acknowledges a cancelled CON and sends nothing more", function()
      local server = start()
      peer:ask {}
      server:cancel(1)
      local ack = peer:one()
      assert.are.same({ ACK, "0.00" }, { ack.type, ack.code })
      assert.are.same({}, peer.completed)
      server:advance(1000)
      assert.are.same({ { number = 1, code = 711 } }, peer.completed)
      assert.are.same({}, peer:sent())
    end)

    it("lists what waits, oldest first", function()
      local server = start()
      for _ = 1, 3 do peer:ask {} end
      assert.are.same({ 1, 2, 3 }, server:waiting())
      peer:respond(2, {})
      assert.are.same({ 1, 3 }, server:waiting())
    end)
  end)

  describe("that is asked too much", function()
    it("answers 5.03 with Max-Age beyond max_pending", function()
      start { max_pending = 1 }
      peer:ask {}
      local reply = peer:get {}
      assert.are.equal("5.03", reply.code)
      assert.is_true(reply.uint[asker.MAX_AGE] > 0)
      assert.are.equal(1, #peer.requests)
      peer:respond(1, {})
      peer:sent()
      peer:ask {}
      assert.are.equal(2, #peer.requests)
    end)

    it("answers by NON when max_pending responses are unconfirmed: spoofed clients confirm none", function()
      local server = start { max_pending = 2 }
      for i = 1, 6 do
        peer:ask { remote = "192.0.2.1:" .. 50000 + i }
        server:advance(0.05)
        peer:sent()
        peer:respond(i, { body = "x", con = true })
        local reply = peer:one()
        assert.are.equal(i == 1 or i == 2 or i == 6, reply.type == CON)
        if i == 5 then
          server:advance(100) -- the first two are given up
          peer:sent()
        end
      end
      assert.are.equal(5, #peer.completed)
    end)

    it("refuses a duplicate of what it refused anew, however much it has answered since", function()
      local server = start({}, always { body = ("x"):rep(1000) })
      server:accept(false)
      local request = peer:ask { code = asker.POST }
      server:accept(true)
      for i = 1, 300 do peer:ask { remote = "192.0.2.2:" .. 1000 + i } end
      server:accept(false)
      peer:sent()
      peer:receive(request.data)
      assert.are.equal("5.03", peer:one().code)
    end)

    it("answers 5.03 while it does not accept, and still answers what is pending", function()
      local server = start()
      peer:ask {}
      server:accept(false)
      assert.are.equal("5.03", peer:get({}).code)
      peer:respond(1, { body = "x" })
      assert.are.equal("x", peer:one().payload)
      server:accept(true)
      peer:ask {}
      assert.are.equal(2, #peer.requests)
    end)

    it("drops a reply for which there is no room", function()
      local server = start({}, always { body = "x" })
      server:no_room(true)
      peer:ask {}
      server:advance(0)
      assert.are.same({}, peer:sent())
      assert.are.same({ { number = 1, code = 0 } }, peer.completed)
    end)

    it("answers when such a request is repeated, unless running it again would do harm", function()
      local server = start({}, always { body = "x" })
      server:no_room(true)
      local get, post = peer:ask {}, peer:ask { code = asker.POST }
      server:no_room(false)
      peer:receive(get.data)
      assert.are.equal(get.id, peer:one().id)
      peer:receive(post.data)
      assert.are.same({}, peer:sent())
      assert.are.equal(3, #peer.requests)
    end)

    it("refuses options that do not fit a datagram", function()
      start()
      peer:ask {}
      local many = {}
      for i = 1, 240 do many[i] = { 8, ("x"):rep(255) } end
      local ok, code = peer:respond(1, { options = many })
      assert.are.same({ nil, 701 }, { ok, code })
      assert.are.same({ 1 }, peer.server:waiting())
    end)
  end)

  describe("and the options of a request", function()
    local function refusal(options, more)
      local request = more or {}
      request.options = options
      local reply = peer:get(request)
      assert.are.same({}, peer.requests)
      return reply
    end

    before_each(function() start({}, always {}) end)

    it("4.02 for an unknown critical one, with a short text (RFC 7252 5.4.1)", function()
      local reply = refusal { { 9, "x" } }
      assert.are.same({ ACK, "4.02" }, { reply.type, reply.code })
      assert.is_truthy(reply.payload:find("9", 1, true))
      assert.is_true(#reply.payload < 40)
      assert.are.equal("4.02", refusal({ { 65001, "x" } }).code)
    end)

    it("rejects a NON with an unknown critical one (RFC 7252 5.4.1)", function()
      local request = { type = NON }
      local reply = refusal({ { 9, "x" } }, request)
      assert.are.same({ RST, "0.00", request.id }, { reply.type, reply.code, reply.id })
    end)

    it("ignores an unknown elective one (RFC 7252 5.4.1)", function()
      assert.are.equal("2.05", peer:get({ options = { { 65000, "x" }, { 2048, "y" } } }).code)
    end)

    it("a critical one of a wrong length counts as unknown, an elective one is ignored (RFC 7252 5.4.3)", function()
      assert.are.equal("4.02", refusal({ { asker.ACCEPT, "123" } }).code)
      assert.are.equal("4.02", refusal({ { asker.IF_MATCH, "123456789" } }).code)
      assert.are.equal("4.02", refusal({ { asker.BLOCK2, "1234" } }).code)
      assert.are.equal("4.02", refusal({ { asker.HOST, "" } }).code)
      assert.are.equal("2.05", peer:get({ options = { { asker.FORMAT, "123" } } }).code)
      assert.are.equal("2.05", peer:get({ options = { { asker.HOP_LIMIT, "" } } }).code)
    end)

    it("4.02 for a path that leads up or nowhere (RFC 7252 5.10.1)", function()
      assert.are.equal("4.02", refusal({ { asker.PATH, "a" }, { asker.PATH, ".." } }).code)
      assert.are.equal("4.02", refusal({ { asker.PATH, "." }, { asker.PATH, "a" } }).code)
      for _, segment in ipairs { "...", ".a", "a.", "" } do
        assert.are.equal("2.05", peer:get({ options = { { asker.PATH, segment } } }).code)
      end
    end)

    it("a critical one that may not be repeated counts as unknown then (RFC 7252 5.4.5)", function()
      assert.are.equal("4.02", refusal({ { asker.ACCEPT, "" }, { asker.ACCEPT, "" } }).code)
      assert.are.equal("4.02", refusal({ { asker.HOST, "a" }, { asker.HOST, "a" } }).code)
      assert.are.equal("2.05", peer:get({ options = { { asker.FORMAT, "" }, { asker.FORMAT, "" } } }).code)
      assert.are.equal("2.05", peer:get({ options = { { asker.QUERY, "a" }, { asker.QUERY, "b" } } }).code)
    end)

    it("5.05 for proxying (RFC 7252 5.7.2)", function()
      assert.are.equal("5.05", refusal({ { asker.PROXY_URI, "coap://x/" } }).code)
      assert.are.equal("5.05", refusal({ { asker.PROXY_SCHEME, "coap" } }).code)
    end)

    it("4.00 for Hop-Limit 0, else it is taken (RFC 8768 3)", function()
      assert.are.equal("4.00", refusal({ { asker.HOP_LIMIT, "\0" } }).code)
      assert.are.equal("2.05", peer:get({ options = { { asker.HOP_LIMIT, "\16" } } }).code)
    end)

    it("takes any Uri-Host and Uri-Port", function()
      assert.are.equal("2.05", peer:get({ options = { { asker.HOST, "else.where" }, { asker.PORT, "\1\2" } } }).code)
    end)
  end)

  describe("and No-Response (RFC 7967)", function()
    local function ask(value, code, type)
      start({}, always { code = code, body = "b" })
      peer:ask { type = type or NON, options = { { asker.NO_RESPONSE, value } } }
      local sent = peer:sent()
      peer:close()
      return sent
    end

    it("keeps back the classes that are not wanted", function()
      assert.are.same({}, ask("\2", "2.05"))
      assert.are.equal(1, #ask("\2", "4.04"))
      assert.are.same({}, ask("\8", "4.04"))
      assert.are.same({}, ask("\16", "5.00"))
      assert.are.equal(1, #ask("\16", "4.04"))
      assert.are.same({}, ask("\26", "2.05"))
      assert.are.equal(1, #ask("", "2.05"))
    end)

    it("still acknowledges a CON", function()
      local sent = ask("\26", "2.05", CON)
      assert.are.equal(1, #sent)
      assert.are.same({ ACK, "0.00" }, { sent[1].type, sent[1].code })
    end)
  end)

  describe("by multicast (RFC 7252 8)", function()
    local to = "224.0.1.187:5683"

    it("answers NON, within the leisure, from a unicast address (8.2)", function()
      local server = start({ leisure = 5 }, always { body = "x" })
      peer:ask { type = NON, to = to }
      assert.is_true(peer.requests[1].multicast)
      assert.are.same({}, peer:sent())
      server:advance(5)
      local reply = peer:one()
      assert.are.same({ NON, "2.05", "x", "t1" }, { reply.type, reply.code, reply.payload, reply.token })
      assert.are.equal("0.0.0.0:0", reply.from:gsub("%[::%]", "0.0.0.0"))
      assert.are.same({ { number = 1, code = 0 } }, peer.completed)
    end)

    it("spreads the answers over the leisure (8.2)", function()
      local server = start({ leisure = 5 }, always { body = "x" })
      for _ = 1, 200 do peer:ask { type = NON, to = to } end
      server:advance(2.5)
      local early = #peer:sent()
      server:advance(2.5)
      local late = #peer:sent()
      assert.are.equal(200, early + late)
      assert.is_true(early > 60 and late > 60)
    end)

    it("gives up answers when max_pending others wait for their moment: a flood takes no more memory", function()
      local server = start({ leisure = 5, max_pending = 20 }, always { body = "x" })
      for _ = 1, 100 do peer:ask { type = NON, to = to } end
      server:advance(5)
      assert.are.equal(20, #peer:sent())
      assert.are.equal(100, #peer.completed)
      peer:ask { type = NON, to = to }
      server:advance(5)
      assert.are.equal(1, #peer:sent())
    end)

    it("keeps errors and empty answers to itself (8.2)", function()
      local server = start({ leisure = 0 }, function(request)
        return request.list[1][2] == "empty" and { body = "" } or { code = "4.04", body = "no" }
      end)
      peer:ask { type = NON, to = to, path = "empty" }
      peer:ask { type = NON, to = to, path = "none" }
      peer:ask { type = NON, to = to, options = { { 9, "" } } }
      peer:ask { type = NON, to = to, path = "empty", code = asker.POST } -- something was done
      server:advance(10)
      assert.are.equal("2.05", peer:one().code)
    end)

    it("sends what No-Response asks for (RFC 7967 2.1)", function()
      local server = start({ leisure = 0 }, always { code = "4.04", body = "no" })
      peer:ask { type = NON, to = to, options = { { asker.NO_RESPONSE, "" } } }
      server:advance(1)
      assert.are.equal("4.04", peer:one().code)
      peer:ask { type = NON, to = to, options = { { asker.NO_RESPONSE, "\8" } } }
      server:advance(1)
      assert.are.same({}, peer:sent())
    end)

    it("ignores a CON (8.1)", function()
      local server = start({}, always { body = "x" })
      peer:ask { to = to }
      server:advance(10)
      assert.are.same({}, peer:sent())
      assert.are.same({}, peer.requests)
    end)
  end)

  describe("that is freed", function()
    it("within the request upcall, before and after answering", function()
      for _, answers in ipairs { false, true } do
        local blocks = base.blocks()
        local server
        server = start({}, function(request)
          if answers then peer:respond(request.number, { body = "x" }) end
          server:free()
        end)
        peer:ask {}
        assert.are.equal(blocks, base.blocks())
      end
    end)

    it("within the complete upcall", function()
      local blocks = base.blocks()
      local server = start({}, always { body = "x" })
      for _ = 1, 3 do peer:ask {} end
      local count = 0
      server:on("complete", function()
        count = count + 1
        server:free()
      end)
      server:advance(1)
      assert.are.equal(1, count)
      assert.are.equal(blocks, base.blocks())
    end)

    it("with requests in every state", function()
      local blocks = base.blocks()
      local server = start()
      for _ = 1, 4 do peer:ask {} end
      server:advance(1)
      peer:respond(1, { body = "x", con = true })
      peer:respond(2, { body = "x", con = false })
      server:cancel(3)
      peer:ask { type = NON, to = "224.0.1.187:5683" }
      peer:respond(5, { body = "x" })
      server:free()
      assert.are.equal(blocks, base.blocks())
    end)
  end)

  it("survives anything that a peer may send, and forgets it all in the end", function()
    local blocks = base.blocks()
    local server = start({ max_transfers = 20, max_observers = 20, deaf = true }, function(request)
      local kind = request.number % 4
      return kind > 0 and { body = ("x"):rep(kind * 700), observe = true, con = true } or nil
    end)
    math.randomseed(7)
    local random = math.random
    for _ = 1, 4000 do
      local options = {}
      for _ = 1, random(0, 3) do
        local numbers = { 1, 3, 4, 5, 6, 7, 11, 12, 14, 15, 16, 17, 23, 27, 28, 60, 258, random(0, 300) }
        local value = {}
        for i = 1, random(0, 3) do value[i] = string.char(random(0, 255) & random(0, 255)) end
        options[#options + 1] = { numbers[random(#numbers)], table.concat(value) }
      end
      peer:ask { type = random(0, 1), code = random(1, 8), path = "p" .. random(3), options = options,
        token = ("t"):rep(random(0, 8)), payload = ("y"):rep(random(3) == 1 and 16 or random(0, 40)),
        observe = random(4) == 1 and random(0, 1) or nil, block1 = random(4) == 1 and random(0, 64) or nil,
        block2 = random(4) == 1 and random(0, 64) or nil, remote = "192.0.2.1:" .. random(4),
        to = random(10) == 1 and "224.0.1.187:5683" or nil }
      for _, message in ipairs(peer:sent()) do
        if message.type == CON or random(5) == 1 then peer:empty(random(2, 3), message) end
      end
      if random(20) == 1 then peer:notify("/p1", { body = ("z"):rep(random(3) * 800), con = random(2) == 1 }) end
      if random(20) == 1 then server:advance(random(10)) end
    end
    assert.is_true(#peer.requests > 500)
    server:advance(1000)
    assert.are.same({}, server:waiting())
    server:free()
    assert.are.equal(blocks, base.blocks())
  end)

  it("survives a lack of memory anywhere: the request is answered, refused or dropped", function()
    local answered = 0
    for allowance = 0, 40 do
      local blocks = base.blocks()
      local server = start()
      base.fail_after(allowance)
      peer:ask { code = asker.PUT, payload = ("x"):rep(500) }
      server:advance(1)
      if server:find(1) and not server:find(1).answered then peer:respond(1, { body = "x", con = true }) end
      base.fail_after()
      for _, message in ipairs(peer:sent()) do
        if message.code == "2.05" then answered = answered + 1 end
      end
      server:advance(300)
      assert.are.same({}, server:waiting())
      server:free()
      assert.are.equal(blocks, base.blocks())
    end
    assert.is_true(answered > 10)
  end)
end)
