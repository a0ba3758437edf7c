local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"

local CON, NON, ACK, RST = asker.CON, asker.NON, asker.ACK, asker.RST
local block = asker.block

describe("a server and its observers (RFC 7641)", function()
  local peer

  local function start(settings)
    peer = asker.new(settings)
    peer.answer = function() return { body = "first", observe = true } end
    return peer.server
  end

  ---Registers; request as for asker:get. Returns the request and its response.
  local function register(request)
    request = request or {}
    request.observe = request.observe or 0
    return request, peer:get(request)
  end

  local URI = "coap://192.0.2.9/a"

  ---What a notification sends, without the time it takes.
  local function notify(response, uri)
    assert(peer:notify(uri or URI, response or { body = "next" }))
    return peer:sent()
  end

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
      local sent = notify { body = "next", options = { { asker.FORMAT, "" } } }
      assert.are.equal(1, #sent)
      assert.are.same({ NON, "2.05", "tok", "next", request.remote or peer.remote, "192.0.2.9:5683" },
        { sent[1].type, sent[1].code, sent[1].token, sent[1].payload, sent[1].remote, sent[1].from })
      assert.are.equal("", sent[1].value[asker.FORMAT])
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
      local last
      for _ = 1, 50 do last = notify()[1].uint[asker.OBSERVE] end
      peer:get { token = "t", observe = 1 }
      server:advance(1)
      local _, reply = register { token = "t" }
      assert.is_true(newer(reply.uint[asker.OBSERVE], last))
    end)
  end)

  describe("and the type of notifications (4.5)", function()
    it("sends CON after so many NONs", function()
      start { notifications_per_con = 3 }
      register()
      local types = {}
      for i = 1, 8 do
        local sent = notify()
        types[i] = sent[1].type
        if sent[1].type == CON then peer:empty(ACK, sent[1]) end
      end
      assert.are.same({ NON, NON, NON, CON, NON, NON, NON, CON }, types)
    end)

    it("sends a CON instead of a NON at least every 24 hours", function()
      local server = start()
      register()
      local types = {}
      for i = 1, 6 do
        server:advance(6 * 3600)
        local sent = notify()
        types[i] = sent[1].type
        if sent[1].type == CON then peer:empty(ACK, sent[1]) end
      end
      assert.are.same({ NON, NON, NON, CON, NON, NON }, types)
    end)
  end)

  describe("that are slow (4.5.2)", function()
    it("get the newest state once the CON is confirmed, and no queue of old ones", function()
      start()
      register()
      local sent = notify { body = "1", con = true }
      for i = 2, 5 do assert.are.same({}, notify { body = tostring(i), con = true }) end
      peer:empty(ACK, sent[1])
      local newest = peer:one()
      assert.are.same({ CON, "5" }, { newest.type, newest.payload })
      peer:empty(ACK, newest)
      assert.are.same({}, peer:sent())
    end)

    it("get the newest state in the retransmission, with a new Message ID", function()
      local server = start()
      register()
      local sent = notify { body = "1", con = true }
      notify { body = "2", con = true }
      server:advance(3.5)
      local again = peer:one()
      assert.are.same({ CON, "2" }, { again.type, again.payload })
      assert.are_not.equal(sent[1].id, again.id)
      assert.is_true(again.uint[asker.OBSERVE] > sent[1].uint[asker.OBSERVE])
      peer:empty(ACK, again)
      server:advance(10)
      assert.are.same({}, peer:sent())
      assert.are.equal(1, server:observers())
    end)

    it("get the last word when the resource ends meanwhile", function()
      local server = start()
      register()
      local sent = notify { body = "1", con = true }
      notify { code = "4.04", con = true }
      register { token = "new" }
      notify { body = "for the new one" }
      peer:empty(ACK, sent[1])
      local last = peer:one()
      assert.are.same({ "4.04", nil }, { last.code, last.value[asker.OBSERVE] })
      peer:empty(ACK, last)
      server:advance(1)
      assert.are.equal(1, server:observers())
    end)

    it("are not sent what is under way any more when they register again (4.1)", function()
      local server = start()
      register { token = "tok" }
      notify { body = "old", con = true }
      register { token = "tok" }
      server:advance(100)
      assert.are.same({}, peer:sent())
      assert.are.equal(1, server:observers())
    end)
  end)

  describe("and the URI", function()
    it("is the one asked for, by host name, address, port and query", function()
      start()
      register { options = { { asker.HOST, "Example.org" } } }
      register { options = { { asker.HOST, "example.org" }, { asker.QUERY, "q" } } }
      register { options = { { asker.HOST, "example.org" }, { asker.PORT, "\1\0" } } }
      register { to = "[2001:db8::9]:5683" }
      register { to = "192.0.2.9:61616", path = "a/b" }
      for _, uri in ipairs { "coap://example.org/a", "coap://example.org/a?q", "coap://example.org:256/a",
        "coap://[2001:db8::9]/a", "coap://192.0.2.9:61616/a/b" } do
        assert.are.equal(1, #notify(nil, uri), uri)
      end
      assert.are.same({}, notify(nil, "coap://example.org/b"))
    end)

    it("is a coaps one on a secure channel", function()
      start { secure = true }
      register { to = "192.0.2.9:5684" }
      assert.are.equal(1, #notify(nil, "coaps://192.0.2.9/a"))
    end)

    it("may be a path with query, which reaches every host name", function()
      start()
      register { options = { { asker.HOST, "one.example" } } }
      register { options = { { asker.HOST, "two.example" } } }
      register { options = { { asker.QUERY, "q" } } }
      assert.are.equal(2, #notify(nil, "/a"))
      assert.are.equal(1, #notify(nil, "/a?q"))
    end)
  end)

  describe("and large bodies (RFC 7959 2.6)", function()
    local function body_of(len, seed)
      local bytes = {}
      for i = 1, len do bytes[i] = string.char((i * seed + i // 251) % 256) end
      return table.concat(bytes)
    end

    it("get the first block, and the others by GET, from the notification's body", function()
      start()
      register()
      local body = body_of(2500, 7)
      local sent = notify { body = body }
      assert.are.same({ 1024, block(0, true, 6), 2500 },
        { #sent[1].payload, sent[1].uint[asker.BLOCK2], sent[1].uint[asker.SIZE2] })
      assert.is_truthy(sent[1].value[asker.ETAG])
      local rest = {}
      for num = 1, 2 do
        local reply = peer:get { block2 = block(num, false, 6) }
        assert.are.same({ nil, sent[1].value[asker.ETAG] }, { reply.value[asker.OBSERVE], reply.value[asker.ETAG] })
        rest[num] = reply.payload
      end
      assert.are.equal(body, sent[1].payload .. table.concat(rest))
      assert.are.equal(1, #peer.requests)
    end)

    it("get blocks of the newest body, not of the one that they were fetching", function()
      start()
      peer.answer = function() return { body = body_of(2500, 3), observe = true } end
      register()
      notify { body = body_of(2500, 7) }
      assert.are.equal(body_of(2500, 7):sub(1025, 2048), peer:get({ block2 = block(1, false, 6) }).payload)
      -- a fresh GET is answered by the script again
      peer.answer = function() return { body = body_of(2500, 11) } end
      peer:get {}
      assert.are.equal(body_of(2500, 11):sub(1025, 2048), peer:get({ block2 = block(1, false, 6) }).payload)
    end)

    it("share one copy, which nobody else gets", function()
      local server = start()
      for i = 1, 20 do register { remote = "192.0.2.1:" .. 50000 + i } end
      local body = body_of(2500, 7)
      notify { body = "small" }
      server:advance(1)
      local blocks = base.blocks()
      notify { body = body }
      assert.is_true(base.blocks() <= blocks + 2)
      assert.are.equal(body:sub(2049), peer:get({ block2 = block(2, false, 6), remote = "192.0.2.1:50007" }).payload)
      peer.answer = function() return { body = ("other"):rep(1000) } end
      assert.are.equal(("other"):rep(1000):sub(2049, 3072),
        peer:get({ block2 = block(2, false, 6), remote = "192.0.2.2:50000" }).payload)
      server:advance(300)
      peer:sent()
      assert.are.equal(("other"):rep(1000):sub(2049, 3072),
        peer:get({ block2 = block(2, false, 6), remote = "192.0.2.1:50007" }).payload)
    end)

    it("are sent in the size of block that the client asked for", function()
      start()
      register { block2 = block(0, false, 1) }
      register { remote = "192.0.2.2:50000" }
      local body = body_of(100, 7)
      local sent = notify { body = body }
      assert.are.same({ body:sub(1, 32), block(0, true, 1) }, { sent[1].payload, sent[1].uint[asker.BLOCK2] })
      assert.are.same({ body, nil }, { sent[2].payload, sent[2].uint[asker.BLOCK2] })
      assert.are.equal(body:sub(33, 64), peer:get({ block2 = block(1, false, 1) }).payload)
    end)
  end)

  describe("that are many", function()
    local COUNT <const> = 3000

    local function crowd(settings)
      settings = settings or {}
      settings.deaf = true
      local server = start(settings)
      for i = 1, COUNT do
        peer:ask { observe = 0, remote = ("10.0.%d.%d:5683"):format(i // 250, i % 250 + 1) }
      end
      peer:sent()
      assert.are.equal(COUNT, server:observers())
      return server
    end

    it("get a NON each, in one turn and without an allocation", function()
      crowd()
      for _ = 1, 2 do notify() end
      base.fail_after(0)
      assert(peer:notify(URI, { body = "next" }))
      base.fail_after()
      assert.are.equal(COUNT, #peer:sent())
    end)

    it("get CONs in bursts, so that nothing overruns", function()
      local server = crowd()
      local first = #notify { body = "x", con = true }
      assert.is_true(first > 0 and first <= 256)
      local turns = 0
      local seen = first
      while seen < COUNT and turns < 1000 do
        server:advance(0.005)
        local sent = peer:sent()
        assert.is_true(#sent <= 256)
        seen, turns = seen + #sent, turns + 1
      end
      assert.are.equal(COUNT, seen)
      assert.is_true(turns < 20)
    end)

    it("get what there was no room for a little later", function()
      local server = start()
      register()
      server:no_room(true)
      assert.are.same({}, notify { body = "1" })
      assert.are.same({}, notify { body = "2" })
      server:no_room(false)
      server:advance(0.1)
      assert.are.equal("2", peer:one().payload)
      assert.are.same({}, peer:sent())
    end)
  end)

  it("is freed with all its observers, also within unregistered()", function()
    local blocks = base.blocks()
    for _, by_handler in ipairs { false, true } do
      local server = start()
      for i = 1, 5 do register { token = "t" .. i } end
      notify { body = "x", con = true }
      peer:ask { token = "t1", observe = 1 }
      notify { code = "4.04", con = true }
      register { token = "t3" }
      if by_handler then
        server:on("unregistered", function() server:free() end)
        peer:ask { token = "t3", observe = 1 }
      else
        server:free()
      end
      assert.are.equal(blocks, base.blocks())
    end
  end)

  it("refuses a notification whose options do not fit a datagram", function()
    start()
    register()
    local many = {}
    for i = 1, 240 do many[i] = { 8, ("x"):rep(255) } end
    assert.are.equal(701, select(2, peer:notify(URI, { options = many })))
  end)

  it("survives a lack of memory anywhere: a registration fails without Observe, a notification with 10055", function()
    local registered, notified = 0, 0
    for allowance = 0, 60 do
      local blocks = base.blocks()
      local server = start()
      base.fail_after(allowance)
      peer:ask { observe = 0 }
      local ok, code = peer:notify(URI, { body = ("x"):rep(2000), con = true })
      base.fail_after()
      if not ok then assert.are.equal(10055, code) end
      for _, message in ipairs(peer:sent()) do
        if message.type == ACK and message.value[asker.OBSERVE] then
          registered = registered + 1
          assert.are.equal(1, server:observers())
        elseif message.type == CON then
          notified = notified + 1
        end
      end
      server:advance(400)
      peer:close()
      assert.are.equal(blocks, base.blocks())
    end
    assert.is_true(registered > notified and notified > 10)
  end)
end)
