-- The bounds of what is kept of datagrams.
local probe = require "lunacoap.probe"
local fill, base = probe.ring.fill, probe.base

describe("the memory of datagrams", function()
  it("is bounded in count", function()
    local count, _, first = fill(5, 12, 100)
    assert.are.same({ 5, 8 }, { count, first })
  end)

  it("is bounded in bytes", function()
    local count, bytes, first = fill(1000000, 2000, 65536)
    assert.is_true(bytes <= 64 << 20 and bytes > 63 << 20, bytes)
    assert.are.equal(2000 - count + 1, first)
  end)

  it("keeps no secrets beyond those of what it keeps, and some", function()
    assert.are.equal(1024 + 3, (select(4, fill(3, 0, 0, 5000))))
    assert.are.equal(0, (select(4, fill(0, 0, 0, 10))))
    assert.are.equal(64 << 10, (select(4, fill(1 << 40, 0, 0, 70000))))
  end)

  it("gives all back, and lives without memory", function()
    local before = base.blocks()
    for count = 0, 12 do
      base.fail_after(count)
      fill(3, 5, 10, 5)
      base.fail_after()
    end
    assert.are.equal(before, base.blocks())
  end)
end)
