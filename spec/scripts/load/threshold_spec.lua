-- lunacoap.load.threshold and lunacoap.load.quantity: what is written, and what is made of a result.
local quantity = require "lunacoap.load.quantity"
local tally = require "lunacoap.load.tally"
local threshold = require "lunacoap.load.threshold"

-- 95 answers of 2.05 after 1 to 95 ms, four of 4.04 and one of 5.03 after 1 s, 25 failures, and 75
-- requests that had no outcome when the test was stopped.
local function result()
  local made = tally.new()
  for i = 1, 95 do
    made:answer("2.05", i / 1000)
  end
  for i = 1, 5 do
    made:answer(i < 5 and "4.04" or "5.03", 1)
  end
  for _ = 1, 25 do
    made:fail(301, "Operation timed out: coap://127.0.0.1")
  end
  made.sent, made.rate = 200, 12.5
  return made
end

describe("a threshold", function()
  local cases = {
    { "p50<51ms", true, "50.0 ms" }, { "p50<49ms", false, "50.0 ms" }, { "p50<=50000us", true, "50.0 ms" },
    { "p95 < 96 ms", true, "95.0 ms" }, { "p99<1s", false, "1.00 s" }, { "max<=1s", true, "1.00 s" },
    { "min<1ms", false, "1.00 ms" }, { "mean<0.1s", true, "95.6 ms" },
    { "rate>12", true, "12.5/s" }, { "rate>=13", false, "12.5/s" },
    { "errors<25%", true, "24 %" }, { "errors<24%", false, "24 %" }, { "errors<31", true, "30" },
    { "failures<20%", false, "20 %" }, { "failures<=25", true, "25" },
    { "4.xx<3.3%", true, "3.2 %" }, { "4.04<4", false, "4" }, { "5.xx<1%", true, "0.8 %" },
    { "2.xx>75%", true, "76 %" }, { "2.05>=95", true, "95" }, { "4.29<=0", true, "0" },
  }
  for _, case in ipairs(cases) do
    local text, passes, shown = table.unpack(case)
    it(("%s: %s is %s"):format(text, shown, passes and "reached" or "missed"), function()
      local made = assert(threshold.parse(text))
      local passed, measured, words = made:judge(result())
      assert.are.same({ text, passes, shown }, { made.text, passed, words })
      assert.is_number(measured)
    end)
  end

  it("is missed when there is nothing to measure", function()
    local nothing = tally.new()
    nothing.rate = 0
    for _, text in ipairs { "p99<1s", "max<1s", "errors<1%", "errors<1", "rate>0" } do
      assert.is_false(threshold.parse(text):judge(nothing), text)
    end
    assert.are.equal("-", select(3, threshold.parse("p99<1s"):judge(nothing)))
  end)

  for text, message in pairs {
    ["p99"] = "'p99' is no threshold: write it as p99<50ms, errors<1% or rate>1000",
    ["p99=50ms"] = "is no threshold",
    ["<50ms"] = "is no threshold",
    ["p101<1s"] = "there is no 'p101' to measure: there are p50, p99.9 and others, min, mean",
    ["speed>1"] = "there is no 'speed' to measure",
    ["p99<50"] = "p99 is a time: write p99<50ms, or in us or s",
    ["max<2x"] = "max is a time",
    ["p99<1%"] = "p99 is a time",
    ["errors<1ms"] = "errors is a share or a number of requests: write errors<1% or errors<10",
    ["4.xx<"] = "4.xx is a share or a number of requests",
    ["rate>1k"] = "rate is a number of answers per second: write rate>1000",
  } do
    it(("that cannot be is named: %s"):format(text), function()
      local made, why = threshold.parse(text)
      assert.is_nil(made)
      assert.matches(message, why, 1, true)
    end)
  end
end)

describe("a span of time", function()
  it("is read with its unit, seconds without one", function()
    local function seconds(...)
      local list = {}
      for i, text in ipairs { ... } do
        list[i] = assert(quantity.seconds(text))
      end
      return list
    end
    assert.are.same({ 10, 0.25, 5e-05, 5e-05, 120, 3600, 1.5, 0.5 },
      seconds("10s", "250ms", "50us", "50µs", "2m", "1h", "1.5", ".5 s"))
  end)

  for _, text in ipairs { "", "s", "10 seconds", "-1s", "1e3", "10s 5ms" } do
    it(("is not '%s'"):format(text), function()
      local seconds, message = quantity.seconds(text)
      assert.is_nil(seconds)
      assert.matches("is no span of time: write it as 10s, 250ms, 50us, 2m or 1h", message, 1, true)
    end)
  end

  it("is shown in three digits, of whole microseconds", function()
    for _, case in ipairs { { 0, "0 us" }, { 4.4e-6, "4 us" }, { 0.0009996, "1.00 ms" }, { 0.00123, "1.23 ms" },
      { 0.01234, "12.3 ms" }, { 0.9994, "999 ms" }, { 0.99951, "1.00 s" }, { 75.04, "75.0 s" }, { 300, "300 s" } } do
      assert.are.equal(case[2], quantity.time(case[1]))
    end
    assert.are.equal("-", quantity.time(nil))
  end)

  it("has numbers beside it that have as many digits", function()
    for _, case in ipairs { { 0, "0" }, { 0.00404, "0.004" }, { 0.501, "0.5" }, { 9.99, "9.99" }, { 12.34, "12.3" },
      { 20.02, "20" }, { 99.96, "100" }, { 1234.5678, "1235" } } do
      assert.are.equal(case[2], quantity.number(case[1]))
    end
    assert.are.equal("-", quantity.number(nil))
  end)
end)
