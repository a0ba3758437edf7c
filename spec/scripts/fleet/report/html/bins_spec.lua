-- lunacoap.fleet.report.html.bins: a histogram's values, equally wide on a logarithmic axis.

local bins_of = require "lunacoap.fleet.report.html.bins"
local histogram = require "lunacoap.histogram"
local random = require "lunacoap.fleet.random"

local function filled(n, low, high)
  local times = histogram.new()
  for i = 1, n do
    times:record(low * (high / low) ^ random.number(random.key(7), i))
  end
  return times
end

describe("bins of latencies", function()
  it("count each value once, from the lowest to the highest, one after the other", function()
    for _, range in ipairs { { 0.001, 0.002 }, { 0.00005, 10 }, { 0.0002, 0.0009 }, { 0.01, 100 } } do
      local bins, sum = bins_of.of(filled(5000, range[1], range[2])), 0
      for i, bin in ipairs(bins) do
        sum = sum + bin.count
        assert.is_true(bin.from < bin.to and (i == 1 or math.abs(bin.from / bins[i - 1].to - 1) < 1e-9))
      end
      assert.are.equal(5000, sum)
      assert.is_true(#bins >= 10 and #bins <= 66, #bins)
      assert.is_true(bins[1].from <= range[1] * 1.1 and bins[#bins].to >= range[2] * 0.9)
    end
  end)

  it("are one for one value, and have a place for 0", function()
    local times = histogram.new()
    times:record(0.0123, 9)
    assert.are.equal(9, bins_of.of(times)[1].count)
    assert.are.equal(1, #bins_of.of(times))
    times:record(0)
    local bins = bins_of.of(times)
    assert.are.same({ 1, 9 }, { bins[1].count, bins[#bins].count })
  end)

  it("leave none empty between microseconds", function()
    local times = histogram.new()
    for i = 20, 60 do
      times:record(i / 1e6)
    end
    for _, bin in ipairs(bins_of.of(times)) do
      assert.is_true(bin.count > 0)
    end
  end)
end)
