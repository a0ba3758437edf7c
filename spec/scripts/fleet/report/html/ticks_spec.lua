-- lunacoap.fleet.report.html.ticks: the marks of axes.

local ticks = require "lunacoap.fleet.report.html.ticks"

local function texts(list)
  local parts = {}
  for _, tick in ipairs(list) do
    parts[#parts + 1] = tick.text
  end
  return table.concat(parts, " ")
end

describe("the marks of an axis", function()
  it("go from 0 to what is not below the highest value, in steps of 1, 2 or 5", function()
    assert.are.equal("0 5 10 15 20 25", texts(ticks.from_zero(21.3, 5)))
    assert.are.equal("0 0.1 0.2 0.3", texts(ticks.from_zero(0.3, 5)))
    assert.are.equal("0 0.02 0.04 0.06", texts(ticks.from_zero(0.055, 3)))
    assert.are.equal("0 20\u{202F}000 40\u{202F}000 60\u{202F}000", texts(ticks.from_zero(50000, 4)))
    assert.are.equal("0 0.2 0.4 0.6 0.8 1", texts(ticks.from_zero(0, 5)))
    assert.are.equal("0 1", texts(ticks.from_zero(1, 5, { whole = true })))
    assert.are.equal("0 5 ms 10 ms 15 ms", texts(ticks.from_zero(0.0123, 5, { text = ticks.latency })))
  end)

  it("cover any highest value with no more steps than asked", function()
    for exponent = -6, 9 do
      for digits = 1, 99 do
        local highest = digits * 10.0 ^ exponent
        local list = ticks.from_zero(highest, 5)
        assert.is_true(#list <= 6 and list[#list].at >= highest * 0.999999, highest)
      end
    end
  end)

  it("tell a time in the unit that fits", function()
    assert.are.equal("0 0.1 s 0.2 s 0.3 s 0.4 s 0.5 s 0.6 s 0.7 s 0.8 s 0.9 s 1 s", texts(ticks.time(1, 10)))
    assert.are.equal("0 10 s 20 s 30 s 40 s 50 s 60 s", texts(ticks.time(60, 10)))
    assert.are.equal("0 0:20 min 0:40 min 1 min 1:20 min 1:40 min 2 min", texts(ticks.time(121, 10)))
    assert.are.equal("0 10 min 20 min 30 min 40 min 50 min 60 min", texts(ticks.time(3600, 10)))
    assert.are.equal("0 0:30 h 1 h 1:30 h 2 h 2:30 h 3 h", texts(ticks.time(3 * 3600, 6)))
    assert.are.equal("0 2 d 4 d 6 d 8 d 10 d", texts(ticks.time(10 * 86400, 7)))
    for _, seconds in ipairs { 0.001, 0.3, 7, 59, 61, 119, 300, 1000, 7199, 5e4, 2e5, 5e6 } do
      local list = ticks.time(seconds, 10)
      assert.is_true(#list >= 3 and #list <= 11 and list[#list].at <= seconds * 1.000001, seconds)
    end
  end)

  it("stand on a logarithmic axis at powers of ten, and between few of them at 2 and 5", function()
    local list, low, high = ticks.logarithmic(0.0021, 0.043)
    assert.are.same({ 0.002, 0.05, "2 ms 5 ms 10 ms 20 ms 50 ms" }, { low, high, texts(list) })
    list, low, high = ticks.logarithmic(0.00003, 65)
    assert.are.same({ "2e-05", "100" }, { ("%g"):format(low), ("%g"):format(high) })
    assert.are.equal("100 µs 1 ms 10 ms 100 ms 1 s 10 s 100 s", texts(list))
  end)

  it("hold any two latencies between them, also two that are the same, and none", function()
    for _, pair in ipairs { { 0.001, 0.001 }, { 1e-6, 1e-6 }, { 0, 0 }, { 0.003, 0.0031 }, { 1, 10 } } do
      local list, low, high = ticks.logarithmic(pair[1], pair[2])
      assert.is_true(low < high and low <= math.max(pair[1], 1e-6) and high >= pair[2] and #list >= 2)
    end
  end)
end)
