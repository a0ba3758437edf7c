-- How far a body in blocks is, as the client's owner is told (RFC 7959).
local support = require "spec.support.peer"
local NON = support.NON
local BLOCK1, BLOCK2, SIZE2, OBSERVE = support.BLOCK1, support.BLOCK2, support.SIZE2, support.OBSERVE
local block = support.block

describe("how far a body is", function()
  local body = ("b"):rep(300)
  local peer

  before_each(function() peer = support.new { block_size = 128 } end)
  after_each(function() peer:close() end)

  local function upload(text)
    peer:ask { method = support.PUT, body = text or body }
  end

  -- Confirms the present block of the request; `answer` is what is special about it.
  local function confirm(answer)
    local request = peer:one()
    answer = answer or {}
    answer.code = answer.code or "2.31"
    answer.options = answer.options or { { BLOCK1, request.uint[BLOCK1] } }
    peer:piggyback(request, answer)
  end

  -- Gives a block of the response.
  local function give(num, more, size2, text)
    local options = { { BLOCK2, block(num, more, 3) } }
    if size2 then options[2] = { SIZE2, size2 } end
    peer:piggyback(peer:one(), { code = "2.05", options = options, payload = text or ("x"):rep(more and 128 or 44) })
  end

  it("is told when the server has confirmed a block, before the end", function()
    upload()
    assert.are.same({}, peer:transfers())
    confirm()
    assert.are.same({ "out 128/300" }, peer:transfers())
    confirm()
    assert.are.same({ "out 256/300" }, peer:transfers())
    confirm { code = "2.04" }
    assert.are.same({ "out 300/300", "complete" }, peer:transfers())
  end)

  it("is told of the last block also when the answer names none", function()
    upload(body:sub(1, 130))
    confirm()
    confirm { code = "2.04", options = {} }
    assert.are.same({ "out 128/130", "out 130/130", "complete" }, peer:transfers())
  end)

  it("follows the server to smaller blocks, and begins anew after 4.13", function()
    upload()
    confirm { options = { { BLOCK1, block(0, true, 2) } } }
    confirm()
    assert.are.same({ "out 128/300", "out 192/300" }, peer:transfers())
    peer:piggyback(peer:one(), { code = "4.13", options = { { BLOCK1, block(3, true, 0) } } })
    assert.are.same({}, peer:transfers())
    confirm()
    assert.are.same({ "out 16/300" }, peer:transfers())
  end)

  it("is told for no body that fits one block, nor for one that is refused", function()
    upload "small"
    confirm { code = "2.04", options = {} }
    peer:ask {}
    peer:piggyback(peer:one(), { code = "2.05", payload = "small", options = { { BLOCK2, block(0, false, 3) } } })
    assert.are.same({ "complete", "complete" }, peer:transfers())
    upload()
    confirm { code = "4.03" }
    upload()
    confirm { code = "2.31", options = { { BLOCK1, block(1, true, 3) } } }
    upload()
    confirm { code = "2.04", options = {} } -- it did not want the rest
    assert.are.same({ "complete", "complete", "complete" }, peer:transfers())
  end)

  it("is told when a block has come in, of an unknown whole until the last", function()
    peer:ask {}
    give(0, true)
    assert.are.same({ "in 128/0" }, peer:transfers())
    give(1, true)
    assert.are.same({ "in 256/0" }, peer:transfers())
    give(2, false)
    assert.are.same({ "in 300/300", "complete" }, peer:transfers())
  end)

  it("is told of the whole that Size2 names, whenever it does", function()
    peer:ask {}
    give(0, true, 300)
    give(1, true)
    give(2, false)
    assert.are.same({ "in 128/300", "in 256/300", "in 300/300", "complete" }, peer:transfers())
    peer:ask {}
    give(0, true)
    give(1, true, 300)
    assert.are.same({ "in 128/0", "in 256/300" }, peer:transfers())
  end)

  it("does not believe a Size2 that cannot be, nor one of an earlier body", function()
    peer:ask {}
    give(0, true, 200)
    give(1, true)
    give(2, false)
    assert.are.same({ "in 128/200", "in 256/0", "in 300/300", "complete" }, peer:transfers())
    peer:ask {}
    give(0, true, 128)
    give(1, false)
    assert.are.same({ "in 128/0", "in 172/172", "complete" }, peer:transfers())
    peer:ask {}
    give(0, true)
    assert.are.same({ "in 128/0" }, peer:transfers())
  end)

  it("is not told of a block that came twice, or is wrong", function()
    peer:ask { con = false }
    local request = peer:one()
    local first = { code = "2.05", options = { { BLOCK2, block(0, true, 3) } }, payload = ("x"):rep(128) }
    peer:separate(NON, request, first)
    request = peer:one()
    first.id = nil
    peer:separate(NON, request, first) -- an earlier block
    assert.are.same({ "in 128/0" }, peer:transfers())
    peer:separate(NON, request, { code = "2.05", options = { { BLOCK2, block(1, true, 3) } }, payload = "short" })
    assert.are.same({ "complete" }, peer:transfers())
  end)

  it("is told both ways for one request", function()
    peer:ask { method = support.FETCH, body = body:sub(1, 200) }
    confirm()
    peer:piggyback(peer:one(), { code = "2.05", options = { { BLOCK2, block(0, true, 3) }, { BLOCK1, block(1, false, 3) } },
      payload = ("x"):rep(128) })
    give(1, false)
    assert.are.same({ "out 128/200", "out 200/200", "in 128/0", "in 172/172", "complete" }, peer:transfers())
  end)

  it("is told for each notification in blocks", function()
    peer:ask { observe = 1 }
    local registration = peer:one()
    peer:piggyback(registration, { code = "2.05", options = { { OBSERVE, 1 } }, payload = "small" })
    assert.are.same({ "notification" }, peer:transfers())
    for round = 2, 3 do
      peer:separate(NON, registration, { code = "2.05", options = { { OBSERVE, round }, { BLOCK2, block(0, true, 3) } },
        payload = ("x"):rep(128) })
      give(1, false)
      assert.are.same({ "in 128/0", "in 172/172", "notification" }, peer:transfers())
    end
  end)
end)
