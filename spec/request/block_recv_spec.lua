local probe = require "lunacoap.probe"
local base, block = probe.base, probe.request_block

local A, B, C = ("a"):rep(16), ("b"):rep(16), "c"

describe("a body put together from blocks", function()
  local receiver, blocks

  before_each(function()
    blocks = base.blocks()
    receiver = block.receiver()
  end)

  after_each(function()
    base.fail_after()
    receiver:free()
    assert.are.equal(blocks, base.blocks())
  end)

  it("is whole with the block that has none behind it", function()
    assert.are.same({ "continue", 16 }, { receiver:accept(0, true, 0, A) })
    assert.are.same({ "continue", 32 }, { receiver:accept(1, true, 0, B) })
    assert.are.same({ "complete", 33 }, { receiver:accept(2, false, 0, C) })
    assert.are.equal(A .. B .. C, receiver:body())
  end)

  it("may be one block, or nothing", function()
    assert.are.equal("complete", (receiver:accept(0, false, 6, C)))
    assert.are.equal(C, receiver:body())
    assert.are.equal("complete", (receiver:accept(0, false, 6, "")))
    assert.are.equal("", receiver:body())
  end)

  it("begins anew with the first block, whatever there was (RFC 7959 2.5)", function()
    receiver:accept(0, true, 0, A)
    receiver:accept(1, true, 0, B)
    assert.are.same({ "continue", 16 }, { receiver:accept(0, true, 0, B) })
    assert.are.equal(B, receiver:body())
  end)

  it("goes on in blocks of another size at the same place", function()
    receiver:accept(0, true, 1, A .. B)
    assert.are.equal("continue", (receiver:accept(2, true, 0, A)))
    assert.are.equal("complete", (receiver:accept(3, false, 0, C)))
    assert.are.equal(A .. B .. A .. C, receiver:body())
  end)

  it("has a gap when a block is missing, and when the first never came (RFC 7959 2.9.2)", function()
    assert.are.equal("gap", (receiver:accept(1, true, 0, B)))
    receiver:accept(0, true, 0, A)
    assert.are.same({ "gap", 16 }, { receiver:accept(2, true, 0, B) })
    assert.are.equal("continue", (receiver:accept(1, true, 0, B)))
  end)

  it("takes no block twice", function()
    receiver:accept(0, true, 0, A)
    receiver:accept(1, true, 0, B)
    assert.are.same({ "repeated", 32 }, { receiver:accept(1, true, 0, B) })
    assert.are.equal(A .. B, receiver:body())
  end)

  it("wants every block but the last as long as its size says (RFC 7959 2.2)", function()
    assert.are.equal("bad", (receiver:accept(0, true, 0, C)))
    assert.are.equal("bad", (receiver:accept(0, true, 0, A .. C)))
    assert.are.equal("bad", (receiver:accept(0, false, 0, A .. C)))
  end)

  it("is too large when it passes the limit, or says it will", function()
    assert.are.equal("continue", (receiver:accept(0, true, 0, A, 32)))
    assert.are.equal("continue", (receiver:accept(1, true, 0, B, 32)))
    assert.are.equal("too large", (receiver:accept(2, false, 0, C, 32)))
    assert.are.equal("complete", (receiver:accept(2, false, 0, "", 32)))
    assert.are.equal("too large", (receiver:accept(0, true, 0, A, 32, 33)))
    assert.are.equal("continue", (receiver:accept(0, true, 0, A, 32, 32)))
  end)

  it("gets no memory for a promise", function()
    base.fail_after(1) -- one small block, which must be enough
    assert.are.equal("continue", (receiver:accept(0, true, 0, A, 1 << 20, 1 << 20)))
  end)

  it("says so when there is no memory", function()
    base.fail_after(0)
    assert.are.equal("no memory", (receiver:accept(0, true, 0, A)))
  end)

  it("belongs to one ETag from its first block on (RFC 7959 2.4)", function()
    assert.is_true(receiver:etag(0, "v1"))
    assert.is_true(receiver:etag(1, "v1"))
    assert.is_false(receiver:etag(2, "v2"))
    assert.is_false(receiver:etag(2, nil))
    assert.is_true(receiver:etag(0, nil))
    assert.is_true(receiver:etag(1, nil))
    assert.is_false(receiver:etag(2, "v1"))
  end)

  it("is forgotten with its memory after a reset", function()
    receiver:accept(0, true, 6, ("x"):rep(1024))
    receiver:accept(1, true, 6, ("x"):rep(1024))
    receiver:accept(2, true, 6, ("x"):rep(1024))
    receiver:reset()
    assert.are.equal(blocks, base.blocks())
    assert.are.equal("gap", (receiver:accept(3, false, 6, C)))
  end)
end)
