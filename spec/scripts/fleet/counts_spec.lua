-- What is counted of a simulation: phases, requests, troubles, rows over time.
local counting = require "lunacoap.fleet.counts"
local lunacoap = require "lunacoap"

local function it_leaps(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

local DEVICE = { name = "d1" }
local REQUEST = { method = "GET", uri = "coap://h/x", began = 0 }

local function answer(counts, code, seconds)
  counts:answered(DEVICE, REQUEST, { code = code, name = "", seconds = seconds }, counts:sent())
end

local function sum(rows, name)
  local total = 0
  for _, row in ipairs(rows) do
    total = total + row[name]
  end
  return total
end

describe("counts", function()
  it_leaps("have each device in one phase", function()
    local counts = counting.new()
    for _ = 1, 3 do
      counts:move(nil, "waiting")
    end
    lunacoap.sleep(2)
    counts:move("waiting", "starting")
    counts:move("starting", "up")
    assert.are.same({ waiting = 2, starting = 0, up = 1 }, counts.phases)
    assert.are.equal(2, counts.started_in)
    lunacoap.sleep(5)
    counts:move("up", "rebooting")
    counts:move("rebooting", "starting")
    assert.are.equal(2, counts.started_in) -- a start after a reboot is none
  end)

  it_leaps("have rows of what happened in each span, and their sum", function()
    local counts = counting.new()
    counts:move(nil, "up")
    answer(counts, "2.05", 0.010)
    answer(counts, "4.04", 0.030)
    counts:unanswered(DEVICE, REQUEST, { Code = 301, Message = "timed out" }, counts:sent())
    counts:served "2.05"
    assert.is_nil(counts:tick())
    lunacoap.sleep(1)
    assert.is_table(counts:tick())
    assert.is_nil(counts:tick())
    local row = counts.series[1]
    assert.are.same({ 0, 1, 3, 2, 1, 1, 1 }, { row.at, row.seconds, row.sent, row.answered, row.failed, row.errors, row.served })
    assert.are.same({ up = 1 }, row.phases)
    assert.is_true(math.abs(row.p50 - 0.010) < 0.001 and math.abs(row.p99 - 0.030) < 0.002)
    lunacoap.sleep(1)
    assert.is_table(counts:tick())
    assert.are.same({ 1, 0 }, { counts.series[2].at, counts.series[2].sent })
    assert.is_nil(counts.series[2].p50)
    answer(counts, "2.05", 0.020)
    counts:move("up", "offline")
    assert.are.same({ up = 1 }, counts.series[2].phases) -- as it was
    lunacoap.sleep(0.5)
    counts:finish()
    assert.are.equal(0.5, counts.series[3].seconds)
    assert.are.same({ up = 0, offline = 1 }, counts.series[3].phases)
    assert.are.same({ 4, 3, 1, 1, 0 },
      { counts.total.sent, counts.total.answered, counts.total.failed, counts.all_served, counts.outstanding })
    assert.are.equal(2, counts.total:responses "2.xx")
  end)

  it_leaps("have a row of a simulation that is over at once", function()
    local counts = counting.new()
    counts:finish()
    assert.are.equal(1, #counts.series)
    assert.are.equal(0, counts.series[1].seconds)
  end)

  it_leaps("have 600 rows at most: then half as many, twice as long, of the same sums", function()
    local counts = counting.new()
    for i = 1, 5000 do
      answer(counts, "2.05", i % 7 == 0 and 0.5 or 0.01)
      lunacoap.sleep(1)
      counts:tick()
      assert.is_true(#counts.series < 600)
    end
    counts:finish()
    assert.are.equal(16, counts.row_seconds)
    assert.are.equal(5000, sum(counts.series, "answered"))
    assert.are.equal(5000, sum(counts.series, "seconds"))
    local at = 0
    for _, row in ipairs(counts.series) do
      assert.are.equal(at, row.at)
      at = at + row.seconds
      assert.is_true(row.p99 > 0.4) -- the worst one stands for all that were merged
    end
    assert.are.equal(5000, counts.total.answered)
  end)

  it_leaps("make one long row of a stall", function()
    local counts = counting.new { interval = 2 }
    lunacoap.sleep(9)
    assert.are.equal(9, counts:tick().seconds)
    assert.are.equal(9, counts.series[1].seconds)
    lunacoap.sleep(1)
    assert.are.equal(1, counts:tick().seconds)
    assert.are.equal(1, #counts.series)
    lunacoap.sleep(1)
    counts:tick()
    assert.are.same({ 2, 2 }, { #counts.series, counts.series[2].seconds })
  end)

  it_leaps("tell each kind of trouble once, of a hundred kinds, and keep a hundred failed devices", function()
    local counts, told = counting.new(), {}
    counts.on_trouble = function(trouble) told[#told + 1] = trouble.text end
    for i = 1, 3 do
      counts:trouble({ name = "d" .. i }, "a mistake\nand its traceback")
    end
    assert.are.same({ { text = "a mistake", count = 3, first = "d1" } }, counts.trouble_list)
    for i = 1, 200 do
      counts:trouble(DEVICE, "mistake " .. i)
      counts:failed(DEVICE, "reason " .. i)
    end
    assert.are.same({ 100, 100, 100 }, { #counts.trouble_list, #told, #counts.failed_devices })
    assert.are.same({ name = "d1", text = "reason 1" }, counts.failed_devices[1])
  end)

  it("have a text for whatever was raised", function()
    local no_text = setmetatable({}, { __tostring = function() error "is none" end })
    local function of(err)
      return counting.text(err)
    end
    assert.are.equal("a.lua:1: wrong", of { Message = "wrong", Code = 1, Where = "a.lua:1" })
    assert.are.equal("wrong", of { Message = "wrong", Code = 1, Where = {} })
    assert.are.equal("wrong", of { Message = "wrong", Code = "x" })
    for _, table in ipairs { no_text, {}, { Message = {} }, { Message = 5, Code = 1, Where = "x" } } do
      assert.are.equal("an error that is no text, but a table", of(table))
    end
    assert.are.equal("an error that is no text, but a nil", of(nil))
  end)

  it_leaps("forget requests of devices whose power failed, and those that were not sent", function()
    local counts = counting.new()
    for _ = 1, 3 do
      counts:sent()
    end
    counts:unsent()
    assert.are.same({ 2, 2 }, { counts.interval.sent, counts.outstanding })
    counts:forgotten(2)
    assert.are.same({ 2, 0 }, { counts.interval.sent, counts.outstanding })
  end)
end)
