-- lunacoap.sensor: a column of a file replayed.

local random = require "lunacoap.fleet.random"
local sensor = require("lunacoap").sensor

local DAY = "time,temperature,door\n0,20,open\n60,21,closed\n120,24,open\n"

describe("a column of a file", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function replay(text, options)
    local file <close> = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    options.file = path
    return sensor.replay(options)
  end

  local function values(signal, ...)
    local list = {}
    for i, t in ipairs { ... } do
      list[i] = signal:value(t, 1)
    end
    return list
  end

  it("is replayed from row to row, and then again or not", function()
    local again = replay(DAY, { column = "temperature", every = "1m" })
    assert.are.same({ 20, 20, 21, 24, 24, 20, 21, 20 }, values(again, 0, 59, 60, 120, 179, 180, 240, 1800))
    local stays = replay(DAY, { column = "temperature", every = "1m", afterwards = "stay" })
    assert.are.same({ 20, 24, 24, 24 }, values(stays, 0, 120, 180, 1e9))
  end)

  it("has texts when its first cell is one, or when they are asked for", function()
    local door = replay(DAY, { column = "door", every = 60 })
    assert.are.same({ "open", "closed", "open" }, values(door, 0, 60, 120))
    assert.are.same({ "20", "21" }, values(replay(DAY, { column = 2, every = 60, text = true }), 0, 60))
    assert.are.same({ "7", "7a" }, values(replay("a\n7\n7a\n", { column = 1, every = 60, text = true }), 0, 60))
  end)

  it("may be told by its number, also without a header", function()
    assert.are.same({ 20 }, values(replay(DAY, { column = 2, every = 60 }), 0))
    assert.are.same({ 1, 3 }, values(replay("1,2\n3,4\n", { column = 1, every = 1, header = false }), 0, 1))
  end)

  it("may be interpolated, also on the way back to the first row", function()
    local again = replay(DAY, { column = "temperature", every = 60, interpolate = true })
    assert.are.same({ 20, 20.5, 21, 22.5, 24, 22, 20 }, values(again, 0, 30, 60, 90, 120, 150, 180))
    local stays = replay(DAY, { column = 2, every = 60, interpolate = true, afterwards = "stay" })
    assert.are.same({ 20.5, 24, 24, 24 }, values(stays, 30, 120, 150, 1e6))
    local one = replay("a\n5\n", { column = 1, every = 60, interpolate = true })
    assert.are.same({ 5, 5, 5 }, values(one, 0, 30, 90))
  end)

  it("has the times of another column, from the first on; the last row is as long as the one before", function()
    local text = "at,v\n1000,1\n1010,2\n1030.5,3\n"
    local signal = replay(text, { column = "v", time = "at" })
    assert.are.same({ 1, 1, 2, 2, 3, 3, 1 }, values(signal, 0, 9.9, 10, 30.4, 30.5, 50.9, 51))
    assert.are.same({ 1.5, 2.5 }, values(replay(text, { column = "v", time = 1, interpolate = true }), 5, 20.25))
    assert.are.same({ 7, 7 }, values(replay("t,v\n9,7\n", { column = "v", time = "t" }), 0, 100))
  end)

  for given, seconds in pairs {
    ["2024-05-01T12:00:00Z 2024-05-01T12:00:10Z"] = 10,
    ["2024-02-28T23:59:59Z 2024-03-01T00:00:00Z"] = 86401,
    ["2023-02-28T23:59:59Z 2023-03-01T00:00:00Z"] = 1,
    ["2023-12-31T23:59Z 2024-01-01T00:00Z"] = 60,
    ["2024-05-01T12:00:00.5 2024-05-01T12:00:02.25"] = 1.75,
    ["2024-05-01T12:00:00+02:00 2024-05-01T12:00:00+01:00"] = 3600,
    ["2024-05-01T12:00:00Z 2024-05-01T12:00:00-0530"] = 19800,
    ["1e3 1060"] = 60,
  } do
    it("may have the times " .. given, function()
      local signal = replay(("t,v\n%s,1\n%s,2\n"):format(given:match "(%S+) (%S+)"),
        { column = "v", time = "t" })
      assert.are.same({ 1, 2 }, values(signal, seconds - 0.01, seconds))
    end)
  end

  it("may have decimal commas where the comma does not separate", function()
    local signal = replay("t;v\n0,5;20,5\n1;-21\n", { column = "v", time = "t" })
    assert.are.same({ 20.5, -21 }, values(signal, 0, 0.5))
  end)

  it("keeps the value before a cell that is empty", function()
    local text = "t,v\n0,\n10,1\n20,\n30,2\n"
    assert.are.same({ 2, 1, 1, 2, 2, 2, 1 }, values(replay(text, { column = "v", time = "t" }),
      0, 10, 25, 30, 39, 40, 50))
    local stays = replay(text, { column = "v", time = "t", afterwards = "stay" })
    assert.are.same({ 1, 1, 2, 2 }, values(stays, 0, 10, 30, 40))
    local between = replay(text, { column = "v", time = "t", interpolate = true })
    assert.are.same({ 1.5, 1.5, 1 }, values(between, 0, 20, 10))
  end)

  it("may begin somewhere else, on each device", function()
    assert.are.same({ 21, 24, 20 }, values(replay(DAY, { column = 2, every = 60, offset = "1m" }), 0, 60, 120))
    local signal, seen = replay(DAY, { column = 2, every = 60, offset = { 0, "3m" } }), {}
    for i = 1, 300 do
      local value = signal:value(0, random.key(1, i))
      seen[value] = (seen[value] or 0) + 1
    end
    for _, value in ipairs { 20, 21, 24 } do
      assert.is_true(seen[value] > 60)
    end
  end)

  for case, message in pairs {
    ["t,v\n0,1\n / temperatur"] = "PATH has no column 'temperatur'; there are t, v",
    ["time,temperature\n0,1\n / temperatur"] = "PATH has no column 'temperatur'; did you mean 'temperature'?",
    ["t,v\n0,1\n / 3"] = "PATH has no column 3; there are t, v",
    ["t,v\n0,1\n\n10,n/a\n / v"] =
      "PATH:4: 'n/a' is no number, as those before it are; text = true takes all as texts",
    ["t,v\n0,1\nnoon,2\n / v"] = "PATH:3: 'noon' is neither seconds nor a date and time",
    ["t,v\n0,1\n2024-13-01T00:00,2\n / v"] = "PATH:3: '2024-13-01T00:00' is neither seconds",
    ["t,v\n10,1\n20,1\n20,2\n / v"] = "PATH:4: the time 20 is not after that of the row before",
    ["t,v\n0,1\n1\n / v"] = "PATH:3: the row has 1 field, and the first line 2",
    ["t,v\n / v"] = "PATH has no value in column 'v'",
    ["t,v\n0,\n1,\n / v"] = "PATH has no value in column 'v'",
    ["t,v\n0,a\n / v interpolated"] =
      "sensor.replay interpolates numbers, and the column 'v' has texts",
  } do
    it(("is refused: %q"):format(case), function()
      local text, column, interpolated = case:match "^(.*) / (%w+)(.*)$"
      local ok, problem = pcall(replay, text, { column = tonumber(column) or column, time = 1,
        interpolate = interpolated ~= "" })
      assert.is_false(ok)
      assert.is_truthy(problem:find(message:gsub("PATH", path), 1, true), problem)
    end)
  end
end)
