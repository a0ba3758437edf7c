-- lunacoap.load.schedule: levels, and the times at which requests are to be sent.
local schedule = require "lunacoap.load.schedule"

local function made(...)
  local stages = {}
  for i, text in ipairs { ... } do
    stages[i] = assert(schedule.stage(text))
  end
  return schedule.new(stages)
end

local function times(plan, arrival, random)
  local list = {}
  for at in plan:arrivals(arrival or "even", random) do
    list[#list + 1] = at
  end
  return list
end

local function count_between(list, from, to)
  local n = 0
  for _, at in ipairs(list) do
    n = n + (at >= from and at < to and 1 or 0)
  end
  return n
end

local function near(want, got, tolerance)
  assert.is_true(math.abs(want - got) <= (tolerance or 1e-9), ("%s, not %s"):format(got, want))
end

describe("a schedule", function()
  it("sends evenly, from its first moment, as many as rate and time make", function()
    local list = times(made("2s:10"))
    assert.are.equal(20, #list)
    for i, at in ipairs(list) do
      near((i - 1) / 10, at)
    end
  end)

  it("keeps to whole numbers where rates are not", function()
    assert.are.equal(1000, #times(made("10s:100")))
    assert.are.equal(21, #times(made("3s:6.9"))) -- at 0 and then after each whole one of 20.7
    assert.are.equal(3, #times(made("0.1s:30")))
  end)

  it("makes a ramp's rate grow in a straight line", function()
    local plan = made("10s:0..100")
    local list = times(plan)
    assert.are.same({ 500, 500.0 }, { #list, plan.planned })
    for second = 0, 9 do
      near(10 * second + 5, count_between(list, second, second + 1), 1)
    end
    near(50, plan:level(5))
    near(125, plan:due(5))
  end)

  it("makes a ramp's rate fall", function()
    local list = times(made("10s:100..0"))
    assert.are.equal(500, #list)
    near(95, count_between(list, 0, 1), 1)
    near(5, count_between(list, 9, 10), 1)
  end)

  it("goes from stage to stage without a gap", function()
    local plan = made("1s:10", "2s:10..30", "1s:0", "1s:100")
    local list = times(plan)
    assert.are.same({ 5, 150 }, { plan.seconds, #list })
    assert.are.same({ 10, 40, 0, 100 }, { count_between(list, 0, 1), count_between(list, 1, 3),
      count_between(list, 3, 4), count_between(list, 4, 5) })
    assert.are.same({ 10, 20, 0, 100, 0 }, { plan:level(0.5), plan:level(2), plan:level(3.5),
      plan:level(4), plan:level(5) })
    assert.are.equal(100, plan:highest())
    for i = 2, #list do
      assert.is_true(list[i] > list[i - 1])
    end
  end)

  it("goes on for ever when it is told so", function()
    local plan = schedule.new { { seconds = math.huge, from = 4, to = 4 } }
    local arrivals = plan:arrivals("even")
    for i = 0, 1000 do
      near(i / 4, arrivals())
    end
    assert.are.same({ 4, math.huge }, { plan:level(1e6), plan.seconds })
  end)

  it("sends nothing at a rate of 0", function()
    assert.are.same({}, times(made("1s:0")))
  end)

  it("spreads random arrivals as a Poisson process does", function()
    math.randomseed(1)
    local list = times(made("100s:100"), "random")
    near(10000, #list, 400) -- four standard deviations
    -- Of the gaps, 1 - 1/e are shorter than the mean one, and the deviation is the mean.
    local short, sum, squares, last = 0, 0, 0, 0
    for _, at in ipairs(list) do
      local gap = at - last
      short, sum, squares, last = short + (gap < 0.01 and 1 or 0), sum + gap, squares + gap ^ 2, at
    end
    near(1 - math.exp(-1), short / #list, 0.02)
    local mean = sum / #list
    near(1, math.sqrt(squares / #list - mean ^ 2) / mean, 0.05)
  end)

  it("follows a ramp with random arrivals, too", function()
    math.randomseed(2)
    local list = times(made("10s:0..2000"), "random")
    near(10000, #list, 400)
    near(2500, count_between(list, 0, 5), 200)
  end)

  it("takes its random numbers from whom it is told", function()
    local list = times(made("1s:1000"), "random", function() return 1 - math.exp(-10) end)
    near(0.01, list[1])
    near(0.02, list[2])
  end)
end)

describe("a stage", function()
  it("is read with every unit of time", function()
    assert.are.same({ seconds = 10, from = 100, to = 100 }, schedule.stage("10s:100"))
    assert.are.same({ seconds = 0.25, from = 1, to = 2.5 }, schedule.stage("250ms:1..2.5"))
    assert.are.same({ seconds = 120, from = 0, to = 5 }, schedule.stage("2m: 0 .. 5"))
    assert.are.same({ seconds = 3, from = 7, to = 7 }, schedule.stage("3:7"))
  end)

  for text, message in pairs {
    ["100"] = "'100' is no stage: write it as 10s:100, or as 10s:100..2000",
    ["10s:"] = "'10s:' is no stage",
    ["10s:1..2..3"] = "'10s:1..2..3' is no stage",
    ["10s:-1"] = "'10s:-1' is no stage",
    ["10x:100"] = "'10x' is no span of time: write it as 10s, 250ms, 50us, 2m or 1h",
    [":100"] = "'' is no span of time",
    ["0s:100"] = "the stage '0s:100' takes no time",
  } do
    it(("that is wrong is named: %s"):format(text), function()
      local stage, why = schedule.stage(text)
      assert.is_nil(stage)
      assert.matches(message, why, 1, true)
    end)
  end
end)
