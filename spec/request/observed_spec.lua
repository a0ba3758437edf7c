-- What is observed: a URI once for each Accept that its observers asked for.
local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"
local observing = require "spec.support.observing"

local ACK = asker.ACK
local block = asker.block
local TEXT, CBOR <const> = 0, 60
local ALL, NONE <const> = nil, -1

describe("observers that asked for different representations", function()
  local peer, server

  before_each(function()
    base.seed(1)
    peer = asker.new {}
    server = peer.server
    peer.answer = function() return { body = "first", observe = true } end
  end)

  after_each(function()
    peer:close()
    base.seed()
  end)

  local function register(request) return observing.register(peer, request) end

  -- The tokens of those who were notified, in their order, who confirm it.
  local function notified(accept, uri, response)
    local tokens = {}
    for _, message in ipairs(observing.notify(peer, response, uri, accept)) do
      tokens[#tokens + 1] = message.token
      if message.type == asker.CON then peer:empty(ACK, message) end
    end
    table.sort(tokens)
    return table.concat(tokens, " ")
  end

  -- What is observed as "uri accept observers", sorted.
  local function listed(path)
    local list = {}
    for i, item in ipairs(server:observed(path)) do
      list[i] = ("%s %d %d"):format(item.uri, item.accept, item.observers)
    end
    table.sort(list)
    return list
  end

  local function register_three()
    register { token = "text", accept = TEXT, remote = "192.0.2.1:50001" }
    register { token = "cbor", accept = CBOR, remote = "192.0.2.1:50002" }
    register { token = "none" }
  end

  it("are notified apart, or together", function()
    register_three()
    register { token = "more", accept = CBOR, remote = "192.0.2.2:50000" }
    for _, uri in ipairs { observing.URI, "/a" } do
      assert.are.equal("text", notified(TEXT, uri))
      assert.are.equal("cbor more", notified(CBOR, uri))
      assert.are.equal("none", notified(NONE, uri))
      assert.are.equal("", notified(50, uri))
      assert.are.equal("cbor more none text", notified(ALL, uri))
    end
  end)

  it("each have the newest state of their own", function()
    register_three()
    notified(ALL)
    local sent = observing.notify(peer, { body = "0", con = true }, nil, ALL)
    assert(peer:notify(observing.URI, { body = "1" }, TEXT))
    assert(peer:notify(observing.URI, { body = "2" }, CBOR))
    local newest = {}
    for _, message in ipairs(sent) do
      peer:empty(ACK, message)
      local after = peer:sent()[1]
      newest[message.token] = after and after.payload or "none"
    end
    assert.are.same({ text = "1", cbor = "2", none = "none" }, newest)
  end)

  it("get the blocks of their own representation (RFC 7959 2.6)", function()
    local bodies = { [TEXT] = ("t"):rep(1500), [CBOR] = ("c"):rep(1600), [NONE] = ("n"):rep(1700) }
    for accept, body in pairs(bodies) do
      register { token = "t" .. accept, accept = accept ~= NONE and accept or nil }
      notified(accept, nil, { body = body })
    end
    peer.requests = {}
    for accept, body in pairs(bodies) do
      local reply = peer:get { accept = accept ~= NONE and accept or nil, block2 = block(1, false, 6) }
      assert.are.equal(body:sub(1025), reply.payload)
    end
    assert.are.equal(0, #peer.requests)
    peer:get { accept = 50, block2 = block(1, false, 6) } -- nobody has asked for that
    assert.are.equal(1, #peer.requests)
  end)

  it("are told of an end apart, or together", function()
    register_three()
    assert.are.equal("cbor", notified(CBOR, nil, { code = "4.06" }))
    server:advance(0)
    assert.are.same({ 1, "cbor" }, { #peer.gone, peer.gone[1].token })
    assert.are.equal("none text", notified(ALL))
    notified(ALL, nil, { code = "4.04" })
    server:advance(0)
    assert.are.same({ 3, 0 }, { #peer.gone, server:observers() })
  end)

  it("move when they register again with the same token and another Accept", function()
    register { token = "tok", accept = TEXT }
    assert.are.same({ observing.URI .. " 0 1" }, listed())
    for _, accept in ipairs { CBOR, NONE } do
      register { token = "tok", accept = accept ~= NONE and accept or nil }
      server:advance(0)
      assert.are.same({ ("%s %d 1"):format(observing.URI, accept) }, listed())
      assert.are.equal("tok", notified(ALL))
    end
    assert.are.same({ 2, observing.URI }, { #peer.gone, peer.gone[1].uri })
  end)

  it("are the same when they register again with the same Accept, however it is written", function()
    register { token = "tok", accept = CBOR }
    register { token = "tok", options = { { asker.ACCEPT, "\0\60" } } }
    server:advance(0)
    assert.are.same({}, peer.gone)
    assert.are.same({ observing.URI .. " 60 1" }, listed())
  end)

  describe("are listed", function()
    it("by URI and Accept, as long as there is one", function()
      assert.are.same({}, listed())
      register_three()
      register { token = "more", accept = CBOR, remote = "192.0.2.2:50000" }
      local URI = observing.URI
      assert.are.same({ URI .. " -1 1", URI .. " 0 1", URI .. " 60 2" }, listed())
      peer:get { token = "none", observe = 1 } -- whatever its Accept (RFC 7641 4.1)
      assert.are.same({ URI .. " 0 1", URI .. " 60 2" }, listed())
      notified(TEXT, nil, { code = "5.00" })
      assert.are.same({ URI .. " 60 2" }, listed())
    end)

    it("no longer once they have left, also to him who is being told of it", function()
      local left
      server:on("unregistered", function() left = { listed(), listed "/a" } end)
      register { token = "t", accept = TEXT }
      peer:empty(asker.RST, observing.notify(peer)[1])
      server:advance(0)
      assert.are.same({ {}, {} }, left)
    end)

    it("with what they observe as options", function()
      register { options = { { asker.HOST, "h" }, { asker.QUERY, "x=1" } }, accept = TEXT }
      assert.are.equal(asker.options { { asker.HOST, "h" }, { asker.PATH, "a" }, { asker.QUERY, "x=1" } },
        server:observed()[1].options)
    end)

    it("by path, whatever the host and the query", function()
      register { token = "1", path = "a/b" }
      register { token = "2", path = "a/b", options = { { asker.QUERY, "x" } }, accept = TEXT }
      register { token = "3", path = "a/b", options = { { asker.HOST, "example.org" } } }
      register { token = "4", path = "a" }
      register { token = "5", path = "" }
      assert.are.same({ "coap://192.0.2.9/a/b -1 1", "coap://192.0.2.9/a/b?x 0 1", "coap://example.org/a/b -1 1" },
        listed "/a/b")
      assert.are.same({ "coap://192.0.2.9/a -1 1" }, listed "/a")
      assert.are.same({ "coap://192.0.2.9/ -1 1" }, listed "/")
      assert.are.same({}, listed "/b")
      assert.are.same({}, listed "/a/b?x")
    end)

    it("by the path that events tell, in which only / and % stay encoded", function()
      register { path = "", options = { { asker.PATH, "é/%?#" } } }
      assert.are.same({ "coap://192.0.2.9/%C3%A9%2F%25%3F%23 -1 1" }, listed "/é%2F%25?#")
      assert.are.same({}, listed "/%C3%A9%2F%25%3F%23")
    end)
  end)

  describe("that are many", function()
    -- Processor time in seconds: the least of some tries, since other programs use the caches, too.
    -- Nothing is remembered of the requests.
    local function timed(f)
      peer.requests = setmetatable({}, { __newindex = function() end })
      local least = math.huge
      for _ = 1, 3 do
        local began = os.clock()
        f()
        peer:sent()
        least = math.min(least, os.clock() - began)
      end
      return least
    end

    it("are found and notified without a look at all others", function()
      local count = 0
      local function grow_and_measure(more)
        for i = count + 1, count + more do peer:ask { path = "p" .. i, observe = 0, accept = TEXT } end
        count = count + more
        return timed(function()
          for i = 1, 1000 do
            assert.are.equal(1, #server:observed("/p" .. i))
            peer:notify("coap://192.0.2.9/p" .. i, { body = "x" }, TEXT)
          end
        end)
      end
      local few = grow_and_measure(1000)
      assert.is_true(grow_and_measure(9000) < 6 * few)
    end)

    it("come and leave at once, also where the same path or URI is observed", function()
      local function come_and_leave(count)
        return timed(function()
          for observe = 0, 1 do
            for i = 1, count do
              peer:ask { token = "q" .. i, options = { { asker.QUERY, "n=" .. i } }, observe = observe }
              peer:ask { token = "a" .. i, accept = i, observe = observe }
            end
          end
          server:advance(0)
          assert.are.equal(0, server:observers())
        end) / count
      end
      local few = come_and_leave(1000)
      assert.is_true(come_and_leave(8000) < 3 * few)
    end)
  end)
end)
