local base = require("lunacoap.probe").base

describe("the pool of small blocks", function()
  after_each(function() base.fail_after() end)

  for _, size in ipairs { 1, 63, 64, 65, 300, 1024, 1025 } do
    it(("gives zeroed blocks of %d bytes that overlap no other, and takes all back"):format(size), function()
      local before = base.blocks()
      for _ = 1, 2 do
        local given, good = base.pool(size, 500)
        assert.are.equal(500, given)
        assert.are.equal(500, good)
        assert.are.equal(before, base.blocks())
      end
    end)
  end

  it("packs them side by side", function()
    local _, _, turned = base.pool(64, 1000)
    assert.is_true(turned <= 1000 * (64 + 16) // 4096 + 10, turned)
  end)

  it("tells that memory ran out", function()
    local before = base.blocks()
    base.fail_after(70)
    local given, good = base.pool(300, 1000)
    base.fail_after()
    assert.is_true(given > 60 and given <= 70, given) -- the memory that they lie in counts, too
    assert.are.equal(given, good)
    base.fail_after(0)
    assert.are.equal(0, (base.pool(2000, 1)))
    base.fail_after()
    assert.are.equal(before, base.blocks())
  end)
end)
