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

  it("never repeats itself without a seed, across the blocks it is fetched in", function()
    local seen = {}
    for _ = 1, 500 do
      local token = base.random_bytes(8)
      assert.is_nil(seen[token])
      seen[token] = true
    end
    assert.are.equal(1000, #base.random_bytes(1000))
    assert.are_not.equal(base.random_bytes(300), base.random_bytes(300))
  end)

  it("spreads over all bytes", function()
    local counts = {}
    for byte in base.random_bytes(25600):gmatch "." do counts[byte] = (counts[byte] or 0) + 1 end
    for byte = 0, 255 do
      local count = counts[string.char(byte)] or 0
      assert.is_true(count > 40 and count < 180)
    end
  end)

  it("gives numbers from 0 to below 1", function()
    base.seed(7641)
    local low, high = 1, 0
    for _ = 1, 1000 do
      local unit = base.random_unit()
      low, high = math.min(low, unit), math.max(high, unit)
    end
    assert.is_true(low >= 0 and low < 0.01 and high > 0.99 and high < 1)
  end)
end)

describe("the hash", function()
  it("depends on every byte, the length and the seed", function()
    for _, len in ipairs { 1, 7, 8, 15, 16, 17, 24, 48, 127, 128, 129, 192, 200, 1024 } do
      local data, seen = ("x"):rep(len), {}
      local function add(hash)
        assert.is_nil(seen[hash])
        seen[hash] = true
      end
      add(base.hash(data, 0))
      add(base.hash(data, 1))
      for i = 1, len do add(base.hash(data:sub(1, i - 1) .. "y" .. data:sub(i + 1), 0)) end
      for i = 0, len - 1 do add(base.hash(data:sub(1, i), 0)) end
      for i = 1, len do add(base.hash(("\0"):rep(i), 0)) end
      assert.are.equal(base.hash(data, 5), base.hash(data, 5))
    end
  end)

  it("tells parts apart that have changed places", function()
    local seen = {}
    for _, data in ipairs { "abcd", "abdc", "acbd", "dcba", "bacd" } do
      local hash = base.hash(data:gsub(".", function(c) return c:rep(16) end), 0)
      assert.is_nil(seen[hash])
      seen[hash] = true
    end
  end)
end)
