local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"
local observing = require "spec.support.observing"

local CON, NON, ACK = asker.CON, asker.NON, asker.ACK
local block = asker.block

describe("a server's notifications (RFC 7641 4)", function()
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
      assert.are.same({ CON, NON, NON, NON, CON, NON, NON, NON }, types)
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
      assert.are.same({ CON, NON, NON, NON, CON, NON }, types)
    end)

    it("sends no NON to one who has confirmed none, and so no stream to a forged address (7)", function()
      local server = start()
      register()
      local count = 0
      for _ = 1, 200 do
        count = count + #notify()
        server:advance(1)
        count = count + #peer:sent()
      end
      assert.are.equal(5, count)
      assert.are.equal(0, server:observers())
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
      local after = peer:one()
      assert.are.same({ "2.05", "new" }, { after.code, after.token })
      peer:empty(ACK, after)
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

  describe("in another Content-Format than the first (4.2)", function()
    local function in_format(format, more)
      local response = { body = "x", observe = true, options = { { asker.FORMAT, format } } }
      for name, value in pairs(more or {}) do response[name] = value end
      return response
    end

    local function register_for(format, more)
      local server = start()
      peer.answer = function() return in_format(format, more) end
      register()
      return server
    end

    it("are 4.06 and the last, for those alone who were sent the first", function()
      local server = register_for(50)
      peer.answer = function() return in_format(60) end
      register { token = "two", remote = "192.0.2.77:1000" }
      local sent = notify(in_format(60))
      table.sort(sent, function(a, b) return a.code < b.code end)
      assert.are.same({ "2.05", "4.06" }, { sent[1].code, sent[2].code })
      assert.are.same({ "two", nil, "" },
        { sent[1].token, sent[2].value[asker.OBSERVE], sent[2].payload })
      assert.are.equal(1, server:observers())
      for _, message in ipairs(sent) do peer:empty(ACK, message) end
      assert.are.equal("two", asker.only(notify(in_format(60))).token)
    end)

    it("stay 4.06 in retransmissions, whatever came after", function()
      local server = register_for(50)
      local first = asker.only(notify(in_format(50, { con = true })))
      notify(in_format(60, { con = true }))
      notify(in_format(50, { con = true }))
      server:advance(3.5)
      local again = peer:one()
      assert.are.same({ CON, "4.06" }, { again.type, again.code })
      peer:empty(ACK, first)
      peer:empty(ACK, again)
      server:advance(100)
      assert.are.same({}, peer:sent())
      assert.are.equal(0, server:observers())
    end)

    it("are meant to be in the first one when they name none", function()
      local server = register_for(50)
      for _ = 1, 2 do
        local sent = asker.only(notify { body = "y", con = true })
        assert.are.same({ "2.05", 50, "y" }, { sent.code, sent.uint[asker.FORMAT], sent.payload })
        peer:empty(ACK, sent)
      end
      local large = asker.only(notify { body = ("z"):rep(3000), con = true })
      peer:empty(ACK, large)
      local second = peer:get { block2 = block(1, false, 6) }
      assert.are.same({ "2.05", 50 }, { second.code, second.uint[asker.FORMAT] })
      assert.is_nil(asker.only(notify { code = "4.04" }).value[asker.FORMAT])
      assert.are.equal(0, server:observers())
    end)

    it("are told from none at all", function()
      local server = start()
      register() -- without a format
      assert.are.equal("4.06", asker.only(notify(in_format(0))).code)
      assert.are.equal(0, server:observers())
    end)

    it("may follow a 2.03, which has none", function()
      register_for(50, { code = "2.03" })
      assert.are.equal("2.05", asker.only(notify(in_format(60))).code)
      assert.are.equal(1, peer.server:observers())
    end)

    it("may be chosen anew by registering again", function()
      local server = start()
      for _, format in ipairs { 60, 50 } do
        peer.answer = function() return in_format(format) end
        register { token = "tok" }
      end
      assert.are.equal("2.05", asker.only(notify(in_format(50))).code)
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
        local sent = notify(nil, uri)
        assert.are.equal(1, #sent, uri)
        peer:empty(ACK, sent[1])
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
      prove("/a")
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
      local server = crowd()
      prove()
      for _ = 1, 20 do
        server:advance(0.005)
        for _, message in ipairs(peer:sent()) do peer:empty(ACK, message) end
      end
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
      prove()
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
