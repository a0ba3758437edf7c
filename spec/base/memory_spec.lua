local base = require("lunacoap.probe").base

describe("the heap", function()
  after_each(function() base.fail_after() end)

  it("gives blocks, zeroed, grown and copied ones, and counts them", function()
    local before = base.blocks()
    local plain, zeroed, grown, copy = base.allocations(20)
    assert.are.equal(("a"):rep(20), plain)
    assert.are.equal(("\0"):rep(20), zeroed)
    assert.are.equal("xxxxxxxx", grown)
    assert.are.equal("x", copy)
    assert.are.equal(before, base.blocks())
  end)

  it("can be asked for no bytes, which is no failure", function()
    local before = base.blocks()
    assert.are.equal("", (base.allocations(0)))
    assert.are.equal(before, base.blocks())
  end)

  it("fails when it is told to, and leaves the old block in place", function()
    local before = base.blocks()
    for count = 0, 5 do
      base.fail_after(count)
      local plain, zeroed, grown, copy = base.allocations(9)
      base.fail_after()
      assert.are.equal(count > 0 and ("a"):rep(9) or "", plain or "")
      assert.are.equal(count > 1 and ("\0"):rep(9) or "", zeroed or "")
      assert.are.equal(count > 4 and "xxxxxxxx" or "", grown or "")
      assert.are.equal(count > 3 and "x" or nil, copy)
      assert.are.equal(before, base.blocks())
    end
  end)
end)
