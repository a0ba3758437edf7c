-- Random numbers that follow from a key and their place in the stream.

local random = require "lunacoap.fleet.random"

-- How many of n numbers fall into each of ten parts.
local function spread(number, n)
  local parts = {}
  for i = 1, n do
    local part = math.floor(number(i) * 10) + 1
    parts[part] = (parts[part] or 0) + 1
  end
  return parts
end

describe("random numbers of a simulation", function()
  it("are the same for the same key and place, always and everywhere", function()
    local key = random.key(42, 7, "temperature")
    assert.equal(key, random.key(42, 7, "temperature"))
    assert.equal(random.number(key, 3), random.number(key, 3))
    -- written down once: a new version must not change what a seed means
    assert.equal("0.659399", ("%.6f"):format(random.number(random.key(42, 1, "x"), 1)))
  end)

  it("differ with the seed, each part of the key, their order, and the place", function()
    local seen = {}
    for _, key in ipairs { random.key(1), random.key(2), random.key(1, 2), random.key(2, 1),
      random.key(1, "a"), random.key(1, "b"), random.key(1, "a", 2), random.key(1, 2, "a") } do
      for n = 0, 99 do
        local number = random.number(key, n)
        assert.is_nil(seen[number])
        seen[number] = true
      end
    end
  end)

  it("lie from 0 to below 1, evenly, within a stream and across devices", function()
    local key = random.key(42, "spread")
    local streams = {
      function(n) return random.number(key, n) end,
      function(i) return random.number(random.key(42, i, "first"), 1) end,
    }
    for _, number in ipairs(streams) do
      local parts = spread(number, 10000)
      assert.equal(10, #parts)
      for part = 1, 10 do
        assert.is_true(math.abs(parts[part] - 1000) < 150)
      end
    end
  end)

  it("can lie between two others, and be times until events at random", function()
    local key, sum = random.key(1), 0
    for n = 1, 10000 do
      local number = random.between(key, n, -5, 5)
      assert.is_true(number >= -5 and number < 5)
      local time = random.exponential(key, n, 30)
      assert.is_true(time >= 0)
      sum = sum + time
    end
    assert.is_true(math.abs(sum / 10000 - 30) < 1.5)
    assert.equal(3, random.between(key, 1, 3, 3))
  end)
end)
