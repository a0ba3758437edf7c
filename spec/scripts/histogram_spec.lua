-- lunacoap.histogram against the sorted samples.
local histogram = require "lunacoap.histogram"

local PERCENTS = { 0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 }

-- The same definition, on the samples themselves.
local function exact(sorted, percent)
  return sorted[math.max(1, math.ceil(percent / 100 * #sorted - 1e-9 * #sorted))]
end

local function record_all(values)
  local h = histogram.new()
  for _, value in ipairs(values) do
    h:record(value)
  end
  return h
end

-- Numbers that are the same in every run.
local function numbers(seed)
  local state = seed
  return function()
    state = (state * 1103515245 + 12345) % 0x80000000
    return state / 0x80000000
  end
end

local shapes = {
  { "even times up to 2 ms", function(u) return u * 0.002 end },
  { "times with a long tail", function(u) return 1e-4 / (1 - u * 0.99999) end },
  { "two humps far apart", function(u) return u < 0.9 and 0.001 + u * 1e-4 or 3 + u end },
  { "microseconds to hours", function(u) return 10 ^ (u * 10 - 6) end },
}

describe("a histogram", function()
  for _, shape in ipairs(shapes) do
    it(("knows percentiles to three digits: %s"):format(shape[1]), function()
      local values, random = {}, numbers(42)
      for i = 1, 20000 do
        values[i] = shape[2](random())
      end
      local h = record_all(values)
      table.sort(values)
      for _, percent in ipairs(PERCENTS) do
        local want, got = exact(values, percent), h:percentile(percent)
        assert.is_true(math.abs(got - want) <= want * 0.0005 + 0.6e-6, ("p%g: %g, not %g"):format(percent, got, want))
      end
    end)
  end

  it("knows count, mean, least and greatest exactly", function()
    local h = record_all { 0.25, 12.000001, 0.5 }
    assert.are.same({ 3, 12.750001 / 3, 0.25, 12.000001 }, { h:count(), h:mean(), h:min(), h:max() })
    assert.are.same({ 0.25, 12.000001 }, { h:percentile(0), h:percentile(100) })
  end)

  it("gives values of whole units back, as it got them", function()
    local h = histogram.new(1)
    for value = 0, 2047 do
      h:record(value)
    end
    for value = 1, 2046 do
      assert.are.equal(value, h:percentile((value + 1) * 100 / 2048))
    end
  end)

  it("takes the nearest rank: of ten values the ninth is the 90th percentile", function()
    local h = histogram.new(1)
    for value = 1, 10 do
      h:record(value)
    end
    assert.are.same({ 9, 10, 5, 6 }, { h:percentile(90), h:percentile(90.1), h:percentile(50), h:percentile(51) })
  end)

  it("says nothing of no values", function()
    local h = histogram.new()
    assert.are.equal(0, h:count())
    for _, name in ipairs { "mean", "min", "max" } do
      assert.is_nil(h[name](h))
    end
    assert.is_nil(h:percentile(50))
    assert.is_nil(h:buckets()())
  end)

  it("merges into what recording all in one would have made", function()
    local random, parts, all = numbers(7), { histogram.new(), histogram.new() }, histogram.new()
    for i = 1, 2000 do
      local value = 10 ^ (random() * 6 - 5)
      parts[i % 2 + 1]:record(value)
      all:record(value)
    end
    parts[1]:merge(parts[2])
    assert.are.equal(all:count(), parts[1]:count())
    assert.is_true(math.abs(all:mean() - parts[1]:mean()) < 1e-9)
    for _, percent in ipairs(PERCENTS) do
      assert.are.equal(all:percentile(percent), parts[1]:percentile(percent))
    end
  end)

  it("merges what is greater, smaller, or all that there is", function()
    local all = histogram.new()
    for _, value in ipairs { 0.5, 3600, 1e-5 } do
      for _ = 1, 3 do
        local part = histogram.new()
        part:record(value)
        all:merge(part)
      end
    end
    assert.are.same({ 9, 1e-5, 3600 }, { all:count(), all:min(), all:max() })
    assert.is_true(math.abs(all:percentile(60) - 0.5) < 0.001)
    assert.is_true(math.abs(all:percentile(80) - 3600) <= 3.6)
  end)

  it("tells no percentile that is beyond its least and greatest", function()
    local h = record_all { 1.0001, 1.0001, 1.0001 }
    assert.are.same({ 1.0001, 1.0001 }, { h:percentile(50), h:percentile(60) })
  end)

  it("does not merge what has another unit", function()
    local h = histogram.new()
    assert.has_error(function() h:merge(histogram.new(1)) end, "merge takes another histogram of the same unit")
  end)

  it("walks through its buckets in order, none wider than a thousandth", function()
    local h = record_all { 0.000003, 0.5, 0.5, 7 }
    local seen, count, last = 0, 0, -1
    for low, high, n in h:buckets() do
      assert.is_true(low > last and high >= low and high - low <= low / 1000)
      seen, count, last = seen + 1, count + n, high
    end
    assert.are.same({ 3, 4 }, { seen, count })
  end)

  it("counts a value several times, and forgets all when told so", function()
    local h = histogram.new()
    h:record(1, 99)
    h:record(2)
    assert.are.same({ 100, 1 }, { h:count(), h:percentile(99) // 0.999 })
    h:clear()
    h:record(0.5)
    assert.are.same({ 1, 0.5, 0.5 }, { h:count(), h:min(), h:max() })
  end)

  it("keeps its memory when more is recorded", function()
    local random, h = numbers(3), histogram.new()
    local function fill()
      for _ = 1, 20000 do
        h:record(10 ^ (random() * 6 - 6))
      end
      collectgarbage()
      return collectgarbage("count")
    end
    local before = fill()
    assert.is_true(fill() - before < 8)
  end)

  for _, value in ipairs { -1, 0 / 0, math.huge } do
    it(("does not record %s"):format(value), function()
      local h = histogram.new()
      local ok, message = pcall(h.record, h, value)
      assert.is_false(ok)
      assert.matches("takes numbers of 0 and more, not " .. tostring(value), message, 1, true)
      assert.are.equal(0, h:count())
    end)
  end

  it("names a percentile or a unit that cannot be", function()
    local h = histogram.new()
    assert.error_matches(function() h:percentile(101) end, "from 0 to 100, not 101")
    assert.error_matches(function() histogram.new(0) end, "unit is a number above 0, not 0")
  end)
end)
