local base = require("lunacoap.probe").base
local support = require "spec.support.peer"
local CON, NON, ACK = support.CON, support.NON, support.ACK
local BLOCK1, BLOCK2, SIZE1, SIZE2, ETAG = support.BLOCK1, support.BLOCK2, support.SIZE1, support.SIZE2, support.ETAG
local block = support.block

local function bytes(count)
  local list = {}
  for i = 1, count do
    list[i] = string.char(i * 7 % 256)
  end
  return table.concat(list)
end

local peer, memory

local function open(settings)
  if peer then peer:close() end
  memory = base.blocks()
  peer = support.new(settings)
end

local function finish()
  base.fail_after()
  peer:close()
  peer = nil
  assert.are.equal(memory, base.blocks())
end

describe("a large request body", function()
  local body = bytes(300)
  before_each(function() open { block_size = 128 } end)
  after_each(finish)

  it("goes out in blocks, Size1 with the first, and is answered once (RFC 7959 2.3, 4)", function()
    local options = support.options { { support.PATH, "fw" } }
    peer:ask { method = support.PUT, body = body, options = options }
    local tokens = {}
    for num = 0, 2 do
      local request = peer:one()
      assert.are.equal(CON, request.type)
      assert.are.equal(support.PUT, request.code)
      assert.are.equal("fw", request.options[1][2])
      assert.are.equal(block(num, num < 2, 3), request.uint[BLOCK1])
      assert.are.equal(num == 0 and 300 or nil, request.uint[SIZE1])
      assert.are.equal(body:sub(num * 128 + 1, num * 128 + 128), request.payload)
      assert.is_nil(tokens[request.token])
      tokens[request.token] = true
      assert.are.same({}, peer:events())
      peer:piggyback(request, num < 2
        and { code = "2.31", options = { { BLOCK1, block(num, true, 3) } } }
        or { code = "2.04", options = { { BLOCK1, block(2, false, 3) } }, payload = "ok" })
    end
    local event = peer:event()
    assert.are.same({ 0, "ok" }, { event.code, event.response.payload })
    assert.are.same({}, peer:sent())
  end)

  it("goes in one message when it fits one block", function()
    peer:ask { method = support.PUT, body = body:sub(1, 128) }
    assert.is_nil(peer:one().uint[BLOCK1])
  end)

  it("goes on in the smaller blocks that the server asks for (RFC 7959 2.3)", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 1) } } })
    local request = peer:one()
    assert.are.equal(block(4, true, 1), request.uint[BLOCK1])
    assert.are.equal(body:sub(129, 160), request.payload)
  end)

  it("begins anew in smaller blocks after 4.13 with a smaller size (RFC 7959 2.9.3)", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "4.13", options = { { BLOCK1, block(0, true, 2) } } })
    local request = peer:one()
    assert.are.equal(block(0, true, 2), request.uint[BLOCK1])
    assert.are.equal(300, request.uint[SIZE1])
    assert.are.equal(body:sub(1, 64), request.payload)
  end)

  it("begins anew also when 4.13 comes for a later block (RFC 7959 2.9.3)", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer:piggyback(peer:one(), { code = "4.13", options = { { BLOCK1, block(1, true, 2) } } })
    local request = peer:one()
    assert.are.equal(block(0, true, 2), request.uint[BLOCK1])
    assert.are.equal(body:sub(1, 64), request.payload)
  end)

  it("goes in blocks after 4.13 with a smaller size to a whole request (RFC 7959 2.9.3)", function()
    peer:ask { method = support.PUT, body = body:sub(1, 100) }
    peer:piggyback(peer:one(), { code = "4.13", options = { { BLOCK1, block(0, false, 0) } } })
    local request = peer:one()
    assert.are.equal(block(0, true, 0), request.uint[BLOCK1])
    assert.are.equal(body:sub(1, 16), request.payload)
  end)

  it("ends with 709 after 4.13 that offers no smaller size", function()
    for _, options in ipairs { {}, { { BLOCK1, block(0, true, 3) } } } do
      peer:ask { method = support.PUT, body = body }
      peer:piggyback(peer:one(), { code = "4.13", options = options })
      assert.are.equal(709, peer:event().code)
    end
  end)

  it("ends with 702 after 4.08 (RFC 7959 2.9.2)", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer:piggyback(peer:one(), { code = "4.08" })
    local event = peer:event()
    assert.are.same({ 702, 0x88 }, { event.code, event.response.code })
  end)

  it("ends with 709 and the response after another error midway", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "4.03", payload = "no" })
    local event = peer:event()
    assert.are.same({ 709, "no" }, { event.code, event.response.payload })
    assert.are.same({}, peer:sent())
  end)

  it("ends with 702 when another block is confirmed than was sent, or none, or more wanted of the last", function()
    local answers = {
      { code = "2.31", options = { { BLOCK1, block(1, true, 3) } } },
      { code = "2.31" },
    }
    for _, answer in ipairs(answers) do
      peer:ask { method = support.PUT, body = body }
      peer:piggyback(peer:one(), answer)
      assert.are.equal(702, peer:event().code)
    end
    peer:ask { method = support.PUT, body = body:sub(1, 129) }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(1, true, 3) } } })
    assert.are.equal(702, peer:event().code)
    peer:ask { method = support.PUT, body = "small" }
    peer:piggyback(peer:one(), { code = "2.31" })
    assert.are.equal(702, peer:event().code)
  end)

  it("goes on when the server answers each block for itself (RFC 7959 2.3)", function()
    peer:ask { method = support.PUT, body = body:sub(1, 200) }
    peer:piggyback(peer:one(), { code = "2.04", options = { { BLOCK1, block(0, false, 3) } } })
    peer:piggyback(peer:one(), { code = "2.04", options = { { BLOCK1, block(1, false, 3) } }, payload = "end" })
    assert.are.equal("end", peer:event().response.payload)
  end)

  it("is confirmed by separate responses as well", function()
    peer:ask { method = support.POST, body = body:sub(1, 200) }
    local request = peer:one()
    peer:tell(ACK, { id = request.id })
    peer:separate(CON, request, { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    local sent = peer:sent()
    local second = sent[1].type == ACK and sent[2] or sent[1]
    assert.are.equal(2, #sent)
    peer:piggyback(second, { code = "2.01", options = { { BLOCK1, block(1, false, 3) } } })
    assert.are.equal(0, peer:event().code)
  end)

  it("ends with 704 when a block gets no ACK", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer.client:advance(100)
    assert.are.equal(704, peer:event().code)
  end)

  it("is not taken for confirmed by a late answer to an earlier block", function()
    peer:ask { method = support.PUT, body = body, con = false }
    local first = peer:one()
    peer:separate(NON, first, { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer:one()
    peer:separate(NON, first, { code = "2.04" })
    assert.are.same({}, peer:events())
  end)

  it("waits for another one to the same resource, of which the server keeps one at a time (RFC 7959 2.5)", function()
    open { block_size = 128, nstart = 10 }
    local here = support.options { { support.PATH, "a" }, { 17, 1 } }
    local also_here = support.options { { support.PATH, "a" }, { 17, 2 } }
    local there = support.options { { support.PATH, "b" } }
    local below = support.options { { support.PATH, "a" }, { support.PATH, "b" } }
    peer:ask { method = support.PUT, body = body, options = here }
    peer:ask { method = support.POST, body = body, options = also_here }
    peer:ask { method = support.PUT, body = "small", options = here }
    peer:ask { method = support.PUT, body = body, options = there }
    peer:ask { method = support.PUT, body = body, options = below }
    peer:ask { method = support.PUT, body = body, options = here, host = "192.0.2.2" }
    local sent = peer:sent()
    assert.are.equal(5, #sent)
    peer:piggyback(sent[1], { code = "4.00" })
    peer.client:advance()
    local waited = peer:one()
    assert.are.same({ support.POST, block(0, true, 3) }, { waited.code, waited.uint[BLOCK1] })
  end)

  it("does not go to a multicast address", function()
    local number, code = peer:ask { method = support.PUT, body = body, host = "224.0.1.187" }
    assert.is_nil(number)
    assert.are.equal(702, code)
  end)

  it("starts the caller's time-out anew with each block", function()
    peer:ask { method = support.PUT, body = body }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    assert.are.equal("progress", peer.client:events()[2].kind)
  end)

  it("may be cancelled, and the client freed, when a block is told", function()
    for _, what in ipairs { "cancel", "free" } do
      open { block_size = 128 }
      peer.client:hook("progress", what)
      peer:ask { method = support.PUT, body = body }
      peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
      if what == "cancel" then peer.client:advance(100) end
      assert.are.same({}, peer:events())
    end
  end)
end)

describe("a large response", function()
  local body = bytes(2500)

  -- The server's answer with the block that `request` asks for.
  local function serve(request, options)
    local value = request.uint[BLOCK2] or 6
    local num, szx = value >> 4, value & 7
    local size = 16 << szx
    local list = { { BLOCK2, block(num, (num + 1) * size < #body, szx) } }
    for _, option in ipairs(options or {}) do
      if option[1] < BLOCK2 then table.insert(list, 1, option) else list[#list + 1] = option end
    end
    peer:piggyback(request, { code = "2.05", options = list, payload = body:sub(num * size + 1, (num + 1) * size) })
  end

  before_each(function() open {} end)
  after_each(finish)

  it("is fetched block by block and told once, whole (RFC 7959 2.4)", function()
    peer:ask { options = support.options { { support.PATH, "log" } } }
    local tokens = {}
    for num = 0, 2 do
      local request = peer:one()
      assert.are.equal("log", request.options[1][2])
      assert.are.equal(num > 0 and block(num, false, 6) or nil, request.uint[BLOCK2])
      assert.is_nil(tokens[request.token])
      tokens[request.token] = true
      assert.are.same({}, peer:events())
      serve(request, { { ETAG, "v1" }, { SIZE2, 2500 } })
    end
    local event = peer:event()
    assert.are.same({ "complete", 0 }, { event.kind, event.code })
    assert.are.equal(body, event.response.payload)
    assert.are.same({}, peer:sent())
  end)

  it("is asked for in the preferred size where that is below 1024 (RFC 7959 2.4, early negotiation)", function()
    open { block_size = 64 }
    peer:ask()
    local request = peer:one()
    assert.are.equal(block(0, false, 2), request.uint[BLOCK2])
    serve(request)
    assert.are.equal(block(1, false, 2), peer:one().uint[BLOCK2])
  end)

  it("is fetched in the smaller size of the two, at the same place", function()
    open { block_size = 256 }
    peer:ask { method = support.POST, body = "q" }
    peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(0, true, 6) } }, payload = body:sub(1, 1024) })
    local request = peer:one()
    assert.are.equal(block(4, false, 4), request.uint[BLOCK2])
  end)

  it("follows a server that goes over to smaller blocks midway", function()
    peer:ask()
    peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(0, true, 6) } }, payload = body:sub(1, 1024) })
    peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(2, true, 5) } }, payload = body:sub(1025, 1536) })
    local request = peer:one()
    assert.are.equal(block(3, false, 5), request.uint[BLOCK2])
    peer:piggyback(request, { code = "2.05", options = { { BLOCK2, block(3, false, 5) } }, payload = "end" })
    assert.are.equal(body:sub(1, 1536) .. "end", peer:event().response.payload)
  end)

  it("ends with 702 when its ETag changes midway (RFC 7959 2.4)", function()
    for _, changed in ipairs { { { ETAG, "v2" } }, {} } do
      peer:ask()
      serve(peer:one(), { { ETAG, "v1" } })
      serve(peer:one(), changed)
      assert.are.equal(702, peer:event().code)
    end
  end)

  it("ends with 702 when a further block is answered otherwise", function()
    local answers = {
      { code = "4.08" },
      { code = "4.04" },
      { code = "2.03", options = { { BLOCK2, block(1, false, 6) } }, payload = "another code" },
      { code = "2.05", payload = "no block" },
      { code = "2.05", options = { { BLOCK2, block(2, true, 6) } }, payload = body:sub(1, 1024) },
      { code = "2.05", options = { { BLOCK2, block(1, true, 6) } }, payload = "too short for more" },
      { code = "2.05", options = { { BLOCK2, block(0, true, 6) } }, payload = body:sub(1, 1024) },
      { code = "2.05", options = { { BLOCK2, "\x1f" } }, payload = "reserved size (RFC 7959 2.2)" },
    }
    for _, answer in ipairs(answers) do
      peer:ask()
      serve(peer:one())
      peer:piggyback(peer:one(), answer)
      assert.are.equal(702, peer:event().code)
    end
  end)

  it("ends with 702 when it does not begin with the first block", function()
    peer:ask()
    peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(1, true, 6) } }, payload = body:sub(1, 1024) })
    assert.are.equal(702, peer:event().code)
  end)

  it("ends with 702 when it is, or will be, larger than max_body", function()
    open { max_body = 2000 }
    peer:ask()
    serve(peer:one(), { { SIZE2, 2500 } })
    assert.are.equal(702, peer:event().code)
    assert.are.same({}, peer:sent())
    peer:ask()
    serve(peer:one())
    serve(peer:one())
    assert.are.equal(702, peer:event().code)
    open { max_body = 10 }
    peer:ask()
    peer:piggyback(peer:one(), { code = "2.05", payload = "more than ten" })
    assert.are.equal(702, peer:event().code)
  end)

  it("takes no harm from a block that comes twice", function()
    peer:ask { con = false }
    local first = peer:one()
    local answer = { code = "2.05", options = { { BLOCK2, block(0, true, 6) } }, payload = body:sub(1, 1024) }
    peer:separate(NON, first, answer)
    local second = peer:one()
    peer:separate(NON, first, answer)
    peer:separate(NON, second, { code = "2.05", options = answer.options, payload = answer.payload })
    assert.are.same({}, peer:events())
    peer:sent()
    peer:separate(NON, second, { code = "2.05", options = { { BLOCK2, block(1, false, 6) } }, payload = "end" })
    assert.are.equal(body:sub(1, 1024) .. "end", peer:event().response.payload)
  end)

  it("is told with what its first message said", function()
    peer:ask()
    serve(peer:one(), { { support.MAX_AGE, 5 } })
    serve(peer:one())
    serve(peer:one())
    local response = peer:event().response
    assert.are.same({ 0x45, ACK }, { response.code, response.type })
    local options = require("lunacoap.probe").wire.options(response.options)
    assert.are.same({ support.MAX_AGE, "\5" }, options[1])
  end)

  it("may belong to an error", function()
    peer:ask()
    peer:piggyback(peer:one(), { code = "4.04", options = { { BLOCK2, block(0, true, 0) } }, payload = ("n"):rep(16) })
    peer:piggyback(peer:one(), { code = "4.04", options = { { BLOCK2, block(1, false, 0) } }, payload = "o" })
    local event = peer:event()
    assert.are.same({ 709, ("n"):rep(16) .. "o" }, { event.code, event.response.payload })
  end)

  it("follows a large request, without sending its body again (RFC 7959 3.3)", function()
    open { block_size = 128 }
    peer:ask { method = support.POST, body = bytes(200) }
    peer:piggyback(peer:one(), { code = "2.31", options = { { BLOCK1, block(0, true, 3) } } })
    peer:piggyback(peer:one(), {
      code = "2.04", options = { { BLOCK2, block(0, true, 3) }, { BLOCK1, block(1, false, 3) } }, payload = ("r"):rep(128),
    })
    local request = peer:one()
    assert.are.same({ support.POST, "" }, { request.code, request.payload })
    assert.are.equal(block(1, false, 3), request.uint[BLOCK2])
    assert.is_nil(request.uint[BLOCK1])
    peer:piggyback(request, { code = "2.04", options = { { BLOCK2, block(1, false, 3) } }, payload = "end" })
    assert.are.equal(("r"):rep(128) .. "end", peer:event().response.payload)
  end)

  it("is asked for with the body again where that says what is wanted: FETCH (RFC 8132 2)", function()
    peer:ask { method = support.FETCH, body = "select" }
    serve(peer:one())
    local request = peer:one()
    assert.are.same({ support.FETCH, "select" }, { request.code, request.payload })
  end)

  it("keeps an empty token throughout", function()
    peer:ask { empty_token = true }
    serve(peer:one())
    local request = peer:one()
    assert.are.equal("", request.token)
    serve(request)
    serve(peer:one())
    assert.are.equal(body, peer:event().response.payload)
  end)

  it("is forgotten with its memory when it is cancelled midway", function()
    local number = peer:ask()
    serve(peer:one())
    local request = peer:one()
    peer.client:cancel(number)
    serve(request)
    assert.are.same({}, peer:events())
  end)

  it("stays readable when its upcall begins another request, and when it frees the client", function()
    for _, what in ipairs { "send", "free" } do
      open {}
      peer.client:hook("complete", what)
      peer:ask()
      for _ = 1, 3 do
        serve(peer:one())
      end
      assert.are.equal(body, peer:event().response.payload)
    end
  end)

  it("ends cleanly, whichever allocation fails", function()
    for count = 0, 12 do
      open {}
      peer:ask()
      peer.allocations = count
      for _ = 1, 3 do
        local list = peer:sent()
        if list[1] then serve(list[1]) end
      end
      peer.allocations = nil
      peer.client:advance(100)
      local event = peer:event()
      assert.is_true(event.code == 0 or event.code == 10055 or event.code == 704)
    end
  end)
end)
