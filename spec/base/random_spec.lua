local base = require("lunacoap.probe").base

describe("the random source", function()
  after_each(function() base.seed(0) end)

  it("repeats a sequence for the same seed and no other", function()
    base.seed(7)
    local first = base.random_bytes(16)
    assert.are_not.equal(first, base.random_bytes(16))
    base.seed(7)
    assert.are.equal(first, base.random_bytes(16))
    base.seed(8)
    assert.are_not.equal(first, base.random_bytes(16))
  end)
end)
