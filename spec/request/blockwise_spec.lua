local base = require("lunacoap.probe").base
local asker = require "spec.support.asker"

local NON, ACK = asker.NON, asker.ACK
local block = asker.block

---Bytes that differ from place to place.
local function body_of(len)
  local bytes = {}
  for i = 1, len do bytes[i] = string.char((i * 7 + i // 251) % 256) end
  return table.concat(bytes)
end

describe("a server and blocks (RFC 7959)", function()
  local peer

  local function start(settings, answer)
    peer = asker.new(settings)
    peer.answer = answer
    return peer.server
  end

  before_each(function() base.seed(1) end)
  after_each(function()
    if peer then peer:close() end
    base.fail_after()
    base.seed()
  end)

  describe("for a large response", function()
    ---All blocks from `num` on, put together; with the first message of them.
    local function fetch(request, szx, num)
      local parts, first = {}, nil
      repeat
        request.block2 = (num or szx) and block(num or 0, false, szx or 6)
        request.id, request.token, request.data = nil, nil, nil
        local reply = peer:get(request)
        if reply.code ~= "2.05" then return nil, reply end
        first = first or reply
        parts[#parts + 1] = reply.payload
        local value = reply.uint[asker.BLOCK2]
        assert.are.equal(num or 0, value >> 4)
        assert.are.equal(first.value[asker.ETAG], reply.value[asker.ETAG])
        num, szx = (value >> 4) + 1, value & 7
        request.observe = nil
      until value & 8 == 0
      return table.concat(parts), first
    end

    it("sends it block by block and runs the script once (2.4)", function()
      local body = body_of(3000)
      start({}, function() return { body = body, options = { { asker.FORMAT, "\42" } } } end)
      local got, first = fetch {}
      assert.are.equal(body, got)
      assert.are.same({ ACK, block(0, true, 6), 1024 }, { first.type, first.uint[asker.BLOCK2], #first.payload })
      assert.are.equal(1, #peer.requests)
    end)

    it("repeats the script's options with each block", function()
      start({}, function() return { body = body_of(2000), options = { { asker.FORMAT, "\42" } } } end)
      peer:get {}
      assert.are.equal(42, peer:get({ block2 = block(1, false, 6) }).uint[asker.FORMAT])
    end)

    it("answers a duplicate with its block again, however much it has answered since (RFC 7252 4.5)", function()
      local body = body_of(3000)
      start({}, function() return { body = body } end)
      peer:get { code = asker.POST }
      local request = peer:ask { code = asker.POST, block2 = block(1, false, 6) }
      local answer = peer:one()
      for i = 1, 300 do peer:ask { remote = "192.0.2.2:" .. 1000 + i } end -- 300 KB of answers
      peer:sent()
      peer:receive(request.data)
      assert.are.equal(answer.data, peer:one().data)
    end)

    it("says its size in the first block, and in any when asked (4)", function()
      start({}, function() return { body = body_of(3000) } end)
      assert.are.equal(3000, peer:get({}).uint[asker.SIZE2])
      assert.is_nil(peer:get({ block2 = block(1, false, 6) }).uint[asker.SIZE2])
      assert.are.equal(3000, peer:get({ block2 = block(1, false, 6), size2 = 0 }).uint[asker.SIZE2])
    end)

    it("says the size of a small one too when asked (4)", function()
      start({}, function() return { body = "small" } end)
      local reply = peer:get { size2 = 0 }
      assert.are.same({ 5, nil }, { reply.uint[asker.SIZE2], reply.uint[asker.BLOCK2] })
    end)

    it("goes by the block size of the setting", function()
      start({ block_size = 64 }, function() return { body = body_of(100) } end)
      local reply = peer:get {}
      assert.are.same({ 64, block(0, true, 2) }, { #reply.payload, reply.uint[asker.BLOCK2] })
      -- a client that wants larger ones gets ours
      assert.are.same({ 64, block(0, true, 2) }, { #peer:get({ block2 = block(0, false, 6) }).payload, block(0, true, 2) })
    end)

    it("goes by a smaller size that the client asks for at the start (2.4, early negotiation)", function()
      local body = body_of(100)
      start({}, function() return { body = body } end)
      local got, first = fetch({}, 1)
      assert.are.equal(body, got)
      assert.are.same({ 32, block(0, true, 1) }, { #first.payload, first.uint[asker.BLOCK2] })
      assert.are.equal(1, #peer.requests)
    end)

    it("cuts the body of an error so, too, when it is longer than that (2.4)", function()
      start({}, function() return { code = "4.04", body = body_of(40) } end)
      local first = peer:get { block2 = block(0, false, 0) }
      assert.are.same({ "4.04", block(0, true, 0), body_of(40):sub(1, 16) },
        { first.code, first.uint[asker.BLOCK2], first.payload })
    end)

    it("goes on with a smaller size asked for midway (2.4)", function()
      local body = body_of(300)
      start({ block_size = 128 }, function() return { body = body } end)
      assert.are.equal(body:sub(1, 128), peer:get({}).payload)
      assert.are.equal(body:sub(129, 160), peer:get({ block2 = block(4, false, 1) }).payload)
      assert.are.equal(body:sub(289), peer:get({ block2 = block(9, false, 1) }).payload)
      assert.are.equal(1, #peer.requests)
    end)

    it("gives any block in any order (2.4)", function()
      local body = body_of(5000)
      start({}, function() return { body = body } end)
      peer:get {}
      for _, num in ipairs { 3, 1, 4, 2, 0x100 } do
        local reply = peer:get { block2 = block(num, false, 6) }
        if num < 5 then
          assert.are.equal(body:sub(num * 1024 + 1, num * 1024 + 1024), reply.payload)
          assert.are.equal(block(num, num < 4, 6), reply.uint[asker.BLOCK2])
        else
          assert.are.equal("4.00", reply.code)
        end
      end
      assert.are.equal(1, #peer.requests)
    end)

    it("does not mind the M bit of a request, which means nothing there (2.2)", function()
      start({}, function() return { body = body_of(3000) } end)
      peer:get {}
      assert.are.equal(block(1, true, 6), peer:get({ block2 = block(1, true, 6) }).uint[asker.BLOCK2])
      assert.are.equal(block(2, false, 6), peer:get({ block2 = block(2, true, 6) }).uint[asker.BLOCK2])
      assert.are.equal(1, #peer.requests)
    end)

    it("gives a last block that is full, and none behind it (2.2)", function()
      local body = body_of(4096)
      start({}, function() return { body = body } end)
      peer:get {}
      local last = peer:get { block2 = block(3, false, 6) }
      assert.are.equal(body:sub(3073), last.payload)
      assert.are.equal(block(3, false, 6), last.uint[asker.BLOCK2])
      assert.are.equal("4.00", peer:get({ block2 = block(4, false, 6) }).code)
    end)

    it("runs the script again for a block of a forgotten response, with the same ETag (2.4)", function()
      local body = body_of(3000)
      local server = start({}, function() return { body = body } end)
      local first = peer:get {}
      server:advance(300)
      local reply = peer:get { block2 = block(2, false, 6) }
      assert.are.equal(body:sub(2049), reply.payload)
      assert.are.equal(first.value[asker.ETAG], reply.value[asker.ETAG])
      assert.are.equal(2, #peer.requests)
      assert.are.equal("4.00", peer:get({ block2 = block(3, false, 6), path = "b" }).code)
    end)

    it("adds an ETag that changes with the body, unless the script gave one (2.4)", function()
      local response = { body = body_of(2000) }
      start({}, function() return response end)
      local etag = peer:get({}).value[asker.ETAG]
      assert.are.equal(4, #etag)
      response = { body = body_of(2001) }
      assert.are_not.equal(etag, peer:get({}).value[asker.ETAG])
      response = { body = body_of(2000), options = { { asker.ETAG, "mine" } } }
      local reply = peer:get {}
      assert.are.same({ { asker.ETAG, "mine" } }, { reply.options[1] })
      assert.are_not.equal(asker.ETAG, reply.options[2][1])
      assert.are.equal("mine", peer:get({ block2 = block(1, false, 6) }).value[asker.ETAG])
      response = { body = "small" }
      assert.is_nil(peer:get({}).value[asker.ETAG])
    end)

    it("keeps those of different clients, resources and cache keys apart (2.4)", function()
      start({}, function(request)
        local name = request.list[1][2]
        local accept = request.list[2] and request.list[2][1] == asker.ACCEPT and "+" or ""
        return { body = (name .. accept .. request.remote):rep(200) }
      end)
      local function ask(request, num)
        request.id, request.token = nil, nil
        request.block2 = num and block(num, false, 6)
        return peer:get(request).payload
      end
      local accept = { { asker.ACCEPT, "\1" } }
      local asked = {
        { path = "a" }, { path = "b" }, { path = "a", remote = "192.0.2.1:50001" }, { path = "a", options = accept },
      }
      local first = {}
      for i, request in ipairs(asked) do first[i] = ask(request) end
      for i, request in ipairs(asked) do
        local whole = first[i] .. ask(request, 1)
        local name = request.path .. (request.options and "+" or "") .. (request.remote or peer.remote)
        assert.are.equal(name:rep(200):sub(1, #whole), whole)
      end
      assert.are.equal(4, #peer.requests)
    end)

    it("is freed when it was not asked for in EXCHANGE_LIFETIME", function()
      local server = start({}, function() return { body = body_of(2000), deaf = true } end)
      peer:get {}
      local blocks = base.blocks()
      server:advance(200)
      peer:get { block2 = block(1, false, 6) }
      server:advance(200)
      assert.are.equal(blocks, base.blocks())
      server:advance(100)
      assert.is_true(base.blocks() < blocks - 2)
    end)

    it("bounds what is kept, in number and bytes, and says so", function()
      local server = start({ max_transfers = 3, max_transfer_bytes = 100000 }, function()
        return { body = body_of(2000) }
      end)
      for i = 1, 5 do peer:get { path = "r" .. i } end
      assert.are.equal(2, server:evicted())
      assert.is_truthy(table.concat(server:logged(), "\n"):find("dropped before its time", 1, true))
      peer:get { path = "r5", block2 = block(1, false, 6) }
      assert.are.equal(5, #peer.requests)
      peer:get { path = "r1", block2 = block(1, false, 6) }
      assert.are.equal(6, #peer.requests)
      peer:close()
      server = start({ max_transfer_bytes = 5000 }, function() return { body = body_of(2000) } end)
      for i = 1, 3 do peer:get { path = "r" .. i } end
      assert.are.equal(1, server:evicted())
    end)

    it("is served to its end while new requests are refused", function()
      local server = start({}, function() return { body = body_of(2000) } end)
      peer:get {}
      server:accept(false)
      assert.are.equal(body_of(2000):sub(1025), peer:get({ block2 = block(1, false, 6) }).payload)
      assert.are.equal("5.03", peer:get({ path = "b", block2 = block(1, false, 6) }).code)
    end)

    it("works through a separate response and by NON", function()
      local body = body_of(2000)
      local server = start()
      peer:ask {}
      server:advance(1)
      peer:sent()
      peer:respond(1, { body = body, con = true })
      local first = peer:one()
      peer:empty(ACK, first)
      local second = peer:get { type = NON, block2 = block(1, false, 6) }
      assert.are.equal(body, first.payload .. second.payload)
      assert.are.equal(NON, second.type)
    end)

    it("needs no unicast state for the first block of a multicast's answer", function()
      local body = body_of(2000)
      local server = start({ leisure = 0 }, function() return { body = body } end)
      peer:ask { type = NON, to = "224.0.1.187:5683" }
      server:advance(1)
      local first = peer:one()
      assert.are.equal(body, first.payload .. peer:get({ block2 = block(1, false, 6) }).payload)
      assert.are.equal(1, #peer.requests)
    end)

    it("refuses the reserved size with 4.00 (2.2)", function()
      start({}, function() return { body = "x" } end)
      assert.are.equal("4.00", peer:get({ block2 = block(0, false, 7) }).code)
      assert.are.equal("4.00", peer:get({ code = asker.PUT, block1 = block(0, true, 7) }).code)
      assert.are.same({}, peer.requests)
    end)

    it("answers a later block of a POST's forgotten response with 4.08, and does not run it again", function()
      start({}, function() return { code = "2.04", body = body_of(2000) } end)
      assert.are.equal("4.08", peer:get({ code = asker.POST, block2 = block(1, false, 6) }).code)
      assert.are.same({}, peer.requests)
    end)

    it("knows FETCH's responses by the request's body too (RFC 8132 2)", function()
      start({}, function(request) return { body = request.payload:rep(500) } end)
      local ask = function(payload, num)
        return peer:get { code = asker.FETCH, payload = payload, block2 = num and block(num, false, 6) }
      end
      ask("abc")
      assert.are.equal(("abc"):rep(500):sub(1025), ask("abc", 1).payload)
      assert.are.equal(("abc"):rep(500):sub(1025), ask("", 1).payload)
      assert.are.equal(1, #peer.requests)
      assert.are.equal(("xyz"):rep(500):sub(1025), ask("xyz", 1).payload)
      assert.are.equal(2, #peer.requests)
    end)
  end)

  describe("for a large request", function()
    ---Sends a body in blocks; stops at the first answer that is not 2.31. Returns that.
    local function put(body, szx, request)
      local size, num = 16 << szx, 0
      local reply
      repeat
        local piece = body:sub(num * size + 1, (num + 1) * size)
        local more = (num + 1) * size < #body
        local message = { code = asker.PUT, payload = piece, block1 = block(num, more, szx) }
        for key, value in pairs(request or {}) do message[key] = value end
        reply = peer:get(message)
        if more and reply.code == "2.31" then
          assert.are.equal(block(num, true, math.min(szx, reply.uint[asker.BLOCK1] & 7)), reply.uint[asker.BLOCK1])
        end
        num = num + 1
      until not more or reply.code ~= "2.31"
      return reply
    end

    local function changed() return { code = "2.04" } end

    it("puts it together and shows the script the whole (2.3)", function()
      local body = body_of(3000)
      start({}, changed)
      local reply = put(body, 6)
      assert.are.same({ "2.04", block(2, false, 6) }, { reply.code, reply.uint[asker.BLOCK1] })
      assert.are.equal(1, #peer.requests)
      assert.are.equal(body, peer.requests[1].payload)
    end)

    it("keeps the whole while the script takes its time", function()
      local body = body_of(3000)
      local server = start()
      peer:ask { code = asker.PUT, payload = body:sub(1, 1024), block1 = block(0, true, 6) }
      peer:ask { code = asker.PUT, payload = body:sub(1025, 2048), block1 = block(1, true, 6) }
      peer:ask { code = asker.PUT, payload = body:sub(2049), block1 = block(2, false, 6) }
      server:advance(1)
      assert.are.equal(body, server:find(1).payload)
      peer:sent()
      peer:respond(1, { code = "2.04" })
      assert.are.equal(block(2, false, 6), peer:one().uint[asker.BLOCK1])
    end)

    it("takes one block that is the whole body for what it is", function()
      start({}, changed)
      local reply = peer:get { code = asker.PUT, payload = "x", block1 = block(0, false, 2) }
      assert.are.same({ "2.04", block(0, false, 2) }, { reply.code, reply.uint[asker.BLOCK1] })
    end)

    it("asks for smaller blocks, and takes them from there (2.3)", function()
      local body = body_of(300)
      start({ block_size = 32 }, changed)
      local reply = peer:get { code = asker.PUT, payload = body:sub(1, 128), block1 = block(0, true, 3) }
      assert.are.same({ "2.31", block(0, true, 1) }, { reply.code, reply.uint[asker.BLOCK1] })
      for num = 4, 9 do
        local piece = body:sub(num * 32 + 1, num * 32 + 32)
        reply = peer:get { code = asker.PUT, payload = piece, block1 = block(num, num < 9, 1) }
      end
      assert.are.equal("2.04", reply.code)
      assert.are.equal(body, peer.requests[1].payload)
    end)

    it("answers a gap with 4.08 (2.9.2)", function()
      start({}, changed)
      peer:get { code = asker.PUT, payload = body_of(16), block1 = block(0, true, 0) }
      assert.are.equal("4.08", peer:get({ code = asker.PUT, payload = body_of(16), block1 = block(2, true, 0) }).code)
      assert.are.equal("4.08", peer:get({ code = asker.PUT, payload = body_of(16), block1 = block(1, true, 0) }).code)
      assert.are.equal("4.08", peer:get({ code = asker.PUT, payload = "x", path = "b", block1 = block(1, false, 0) }).code)
      assert.are.same({}, peer.requests)
    end)

    it("takes a repeated block once (2.5)", function()
      local body = body_of(40)
      start({}, changed)
      local function send(num, more)
        return peer:get { code = asker.PUT, payload = body:sub(num * 16 + 1, num * 16 + 16), block1 = block(num, more, 0) }.code
      end
      assert.are.same({ "2.31", "2.31", "2.31", "2.04" }, { send(0, true), send(1, true), send(1, true), send(2, false) })
      assert.are.equal(body, peer.requests[1].payload)
    end)

    it("answers a duplicate as before, however much it has answered since (RFC 7252 4.5)", function()
      local body = body_of(40)
      start({}, function(request) return { body = request.code == asker.GET and body_of(1000) or nil } end)
      for _, method in ipairs { asker.PUT, asker.POST } do
        local function send(num, more)
          return peer:ask { code = method, payload = body:sub(num * 16 + 1, num * 16 + 16), block1 = block(num, more, 0) }
        end
        local first
        for num = 0, 2 do
          local request = send(num, num < 2)
          local answer = peer:one()
          first = first or { request = request, answer = answer }
          for i = 1, 300 do peer:ask { remote = "192.0.2.2:" .. 1000 + i } end -- 300 KB of answers
          peer:sent()
          peer:receive(request.data)
          assert.are.equal(answer.data, peer:one().data)
          peer:receive(first.request.data) -- which does not begin the body anew
          assert.are.equal(first.answer.data, peer:one().data)
        end
        assert.are.equal(body, peer.requests[#peer.requests - 300].payload)
      end
    end)

    it("begins anew with number 0 (2.5)", function()
      start({}, changed)
      peer:get { code = asker.PUT, payload = ("a"):rep(16), block1 = block(0, true, 0) }
      peer:get { code = asker.PUT, payload = ("b"):rep(16), block1 = block(0, true, 0) }
      peer:get { code = asker.PUT, payload = "c", block1 = block(1, false, 0) }
      assert.are.equal(("b"):rep(16) .. "c", peer.requests[1].payload)
    end)

    it("refuses a block that is shorter than its size says with 4.00 (2.2)", function()
      start({}, changed)
      assert.are.equal("4.00", peer:get({ code = asker.PUT, payload = "short", block1 = block(0, true, 0) }).code)
    end)

    it("answers 4.13 with what it takes as soon as the body is known to be too large (2.9.3)", function()
      start({ max_body = 100 }, changed)
      local reply = peer:get { code = asker.PUT, payload = body_of(64), block1 = block(0, true, 2), size1 = 101 }
      assert.are.same({ "4.13", 100 }, { reply.code, reply.uint[asker.SIZE1] })
      assert.are.equal("4.13", put(body_of(101), 2).code)
      assert.are.equal("2.04", put(body_of(100), 2).code)
      assert.are.equal("4.13", peer:get({ code = asker.PUT, payload = body_of(101) }).code)
      assert.are.equal("4.13", peer:get({ code = asker.PUT, payload = "x", size1 = 101 }).code)
      assert.are.equal(1, #peer.requests)
    end)

    it("keeps those of different clients, resources, methods and tags apart (2.5, RFC 9175 3.3)", function()
      start({}, changed)
      local kinds = {
        { path = "a" }, { path = "b" }, { path = "a", code = asker.POST }, { path = "a", remote = "192.0.2.2:50000" },
        { path = "a", options = { { asker.REQUEST_TAG, "1" } } }, { path = "a", options = { { asker.REQUEST_TAG, "2" } } },
      }
      for num = 0, 2 do
        for i, kind in ipairs(kinds) do
          local message = { code = asker.PUT, payload = (tostring(i)):rep(16), block1 = block(num, num < 2, 0) }
          for key, value in pairs(kind) do message[key] = value end
          assert.are.equal(num < 2 and "2.31" or "2.04", peer:get(message).code)
        end
      end
      for i = 1, #kinds do
        assert.are.equal(tostring(i):rep(48), peer.requests[i].payload)
      end
    end)

    it("does not go on with another content format (2.3)", function()
      start({}, changed)
      local ask = function(num, format)
        return peer:get { code = asker.PUT, payload = body_of(16), block1 = block(num, true, 0),
          options = { { asker.FORMAT, format } } }.code
      end
      assert.are.same({ "2.31", "4.08" }, { ask(0, "\60"), ask(1, "\50") })
    end)

    it("is forgotten after EXCHANGE_LIFETIME without a block", function()
      local server = start({}, changed)
      local function send(num)
        return peer:get { code = asker.PUT, payload = body_of(16), block1 = block(num, true, 0) }.code
      end
      send(0)
      server:advance(200)
      assert.are.equal("2.31", send(1))
      server:advance(200)
      assert.are.equal("2.31", send(2))
      server:advance(300)
      assert.are.equal("4.08", send(3))
    end)

    it("bounds how many are under way", function()
      local server = start({ max_transfers = 10 }, changed)
      for i = 1, 1000 do
        peer:ask { code = asker.PUT, path = "p" .. i, payload = body_of(16), block1 = block(0, true, 0) }
      end
      assert.are.equal(990, server:evicted())
    end)

    it("is answered in blocks that the last of its blocks asked for (3.3)", function()
      local body, answer = body_of(150), body_of(200)
      start({}, function() return { code = "2.04", body = answer } end)
      peer:get { code = asker.POST, payload = body:sub(1, 128), block1 = block(0, true, 3) }
      local reply = peer:get {
        code = asker.POST, payload = body:sub(129), block1 = block(1, false, 3), block2 = block(0, false, 2),
      }
      assert.are.same({ "2.04", block(1, false, 3), block(0, true, 2) },
        { reply.code, reply.uint[asker.BLOCK1], reply.uint[asker.BLOCK2] })
      local got = { reply.payload }
      for num = 1, 3 do
        reply = peer:get { code = asker.POST, block2 = block(num, false, 2) }
        assert.is_nil(reply.uint[asker.BLOCK1])
        got[#got + 1] = reply.payload
      end
      assert.are.equal(answer, table.concat(got))
      assert.are.equal(1, #peer.requests)
    end)

    it("is confirmed block by block although No-Response keeps 2.xx back (RFC 7967)", function()
      start({}, changed)
      local options = { { asker.NO_RESPONSE, "\2" } }
      local reply = peer:get {
        type = NON, code = asker.PUT, payload = body_of(16), block1 = block(0, true, 0), options = options,
      }
      assert.are.equal("2.31", reply.code)
    end)
  end)

  it("survives a lack of memory anywhere, both ways", function()
    local whole = 0
    for allowance = 0, 60 do
      local blocks = base.blocks()
      start({}, function(request) return { body = request.payload } end)
      local body = body_of(2500)
      base.fail_after(allowance)
      for num = 0, 2 do
        local piece = body:sub(num * 1024 + 1, num * 1024 + 1024)
        peer:ask { code = asker.POST, payload = piece, block1 = block(num, num < 2, 6) }
      end
      for num = 1, 2 do peer:ask { code = asker.POST, block2 = block(num, false, 6) } end
      peer.server:advance(1)
      base.fail_after()
      local got = {}
      for _, message in ipairs(peer:sent()) do
        if message.uint[asker.BLOCK2] then got[#got + 1] = message.payload end
      end
      if table.concat(got) == body then whole = whole + 1 end
      peer.server:advance(1000)
      peer:close()
      assert.are.equal(blocks, base.blocks())
    end
    assert.is_true(whole > 10)
  end)
end)
