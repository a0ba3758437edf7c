local block = require("lunacoap.probe").request_block

-- 0, 1, 2, ... as bytes
local function bytes(count)
  local list = {}
  for i = 1, count do
    list[i] = string.char((i - 1) % 251)
  end
  return table.concat(list)
end

describe("one block of a body", function()
  local body = bytes(100)

  it("is the piece at its number, and says whether more follow (RFC 7959 2.2)", function()
    assert.are.same({ 0, true, 1, body:sub(1, 32) }, { block.slice(body, 0, 1, 6) })
    assert.are.same({ 2, true, 1, body:sub(65, 96) }, { block.slice(body, 2, 1, 6) })
    assert.are.same({ 3, false, 1, body:sub(97) }, { block.slice(body, 3, 1, 6) })
  end)

  it("may be asked for in any order", function()
    for _, num in ipairs { 5, 0, 6, 3 } do
      local _, _, _, piece = block.slice(body, num, 0, 6)
      assert.are.equal(body:sub(num * 16 + 1, num * 16 + 16), piece)
    end
  end)

  it("keeps its place when it is sent smaller than asked for (RFC 7959 2.4)", function()
    assert.are.same({ 4, true, 0, body:sub(65, 80) }, { block.slice(body, 1, 2, 0) })
  end)

  it("is never larger than asked for", function()
    local _, _, szx, piece = block.slice(body, 0, 0, 6)
    assert.are.same({ 0, 16 }, { szx, #piece })
  end)

  it("is the last when the body ends with it", function()
    assert.are.same({ 1, false, 0, body:sub(17, 32) }, { block.slice(body:sub(1, 32), 1, 0, 6) })
  end)

  it("does not exist behind the end", function()
    assert.is_nil(block.slice(body, 7, 0, 6))
    assert.is_nil(block.slice(body:sub(1, 32), 2, 0, 6))
    assert.is_nil(block.slice(body, 0xfffff, 6, 6))
    assert.is_nil(block.slice("", 1, 0, 6))
  end)

  it("exists once for an empty body", function()
    assert.are.same({ 0, false, 6, "" }, { block.slice("", 0, 6, 6) })
  end)
end)

describe("a body that is sent from its first block to its last", function()
  local body = bytes(300)

  it("moves on with each confirmation", function()
    local sender = block.sender(body, 3)
    assert.are.same({ 0, true, 3, body:sub(1, 128) }, { sender:slice() })
    assert.are.equal("next", sender:confirm(0, 3))
    assert.are.same({ 1, true, 3, body:sub(129, 256) }, { sender:slice() })
    assert.are.equal("next", sender:confirm(1, 3))
    assert.are.same({ 2, false, 3, body:sub(257) }, { sender:slice() })
    assert.are.equal("last", sender:confirm(2, 3))
  end)

  it("stays where it is when another block is confirmed", function()
    local sender = block.sender(body, 3)
    sender:confirm(0, 3)
    assert.are.equal("wrong", sender:confirm(0, 3))
    assert.are.equal("wrong", sender:confirm(2, 3))
    assert.are.equal(1, (sender:slice()))
  end)

  it("goes on in smaller blocks from the place it is at (RFC 7959 2.3, figure 8)", function()
    local sender = block.sender(body, 3)
    assert.are.equal("next", sender:confirm(0, 1))
    assert.are.same({ 4, true, 1, body:sub(129, 160) }, { sender:slice() })
  end)

  it("goes on in smaller blocks midway, whichever size the number is counted in", function()
    for _, num in ipairs { 1, 4 } do -- block 1 of 128 bytes begins where block 4 of 32 does
      local sender = block.sender(body, 3)
      sender:confirm(0, 3)
      assert.are.equal("next", sender:confirm(num, 1))
      assert.are.same({ 8, true, 1, body:sub(257, 288) }, { sender:slice() })
    end
  end)

  it("does not grow its blocks when larger ones are offered", function()
    local sender = block.sender(body, 1)
    assert.are.equal("next", sender:confirm(0, 6))
    assert.are.same({ 1, true, 1, body:sub(33, 64) }, { sender:slice() })
  end)

  it("begins anew in smaller blocks when one was too large (RFC 7959 2.9.3)", function()
    local sender = block.sender(body, 3)
    sender:confirm(0, 3)
    assert.is_false(sender:shrink(3))
    assert.are.equal(1, (sender:slice()))
    assert.is_true(sender:shrink(0))
    assert.are.same({ 0, true, 0, body:sub(1, 16) }, { sender:slice() })
  end)
end)
