-- The tasks of a device, and whose errors are told.
local lunacoap = require "lunacoap"
local mistake = require "lunacoap.fleet.mistake"
local tasks = require "lunacoap.fleet.tasks"

-- As much of a device as tasks need.
local function new()
  local told = {}
  local counts = { forgotten = function() end, trouble = function(_, _, err) told[#told + 1] = tostring(err) end }
  return { fleet = { counts = counts }, tasks = {}, busy = 0, asking = 0, life = 0 }, told
end

local function it_leaps(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

describe("a task of a device", function()
  it_leaps("is busy with its bit until it ends, by an error too", function()
    local device, told = new()
    tasks.spawn(device, function() lunacoap.sleep(1) end, { bit = 1 })
    tasks.spawn(device, function()
      lunacoap.sleep(2)
      error "bad"
    end, { bit = 2 })
    assert.are.equal(3, device.busy)
    lunacoap.sleep(1.5)
    assert.are.equal(2, device.busy)
    lunacoap.sleep(1)
    assert.are.equal(0, device.busy)
    assert.are.equal(1, #told)
    assert.matches("bad", told[1])
  end)

  it_leaps("has its place used again, however many there were", function()
    local device = new()
    for _ = 1, 1000 do
      tasks.spawn(device, function() lunacoap.sleep(0.1) end)
      tasks.spawn(device, function() lunacoap.sleep(0.1) end)
      lunacoap.sleep(0.2)
    end
    assert.are.equal(2, #device.tasks)
  end)

  it_leaps("is cancelled with all others, waiting or not begun, closes what it has open, and tells nothing", function()
    local device, told = new()
    local closed, went_on = 0, false
    for _ = 1, 10 do
      tasks.spawn(device, function()
        local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
        lunacoap.sleep(1)
        went_on = true
      end)
    end
    lunacoap.sleep(0.5)
    tasks.spawn(device, function() went_on = true end)
    device.busy, device.asking = 7, 3
    tasks.cancel(device)
    lunacoap.sleep(2)
    assert.are.same({ 10, false, {}, 0, 0 }, { closed, went_on, told, device.busy, device.asking })
  end)

  it_leaps("that cancels all goes on itself, but its errors are of the past", function()
    local device, told = new()
    local reached
    tasks.spawn(device, function()
      device.life = device.life + 1
      tasks.cancel(device)
      reached = true
      tasks.check(device)
      reached = "too far"
    end, { bit = 1 })
    lunacoap.sleep(1)
    assert.is_true(reached)
    assert.are.same({}, told)
    assert.are.equal(0, device.busy)
  end)

  it_leaps("leaves no trace on its thread, which serves again", function()
    local device = new()
    tasks.spawn(device, function() lunacoap.sleep(10) end)
    lunacoap.sleep(1)
    device.life = 1
    tasks.cancel(device)
    local passed
    lunacoap.spawn(function()
      tasks.check(device)
      passed = not tasks.is_handling()
    end)
    lunacoap.sleep(1)
    assert.is_true(passed)
  end)

  it_leaps("does not tell what is the outcome of a request", function()
    local device, told = new()
    local outcome = { Code = 704, Message = "timed out" }
    tasks.count(outcome)
    tasks.spawn(device, function() error(outcome) end)
    tasks.spawn(device, function() error(tasks.ENDED) end)
    tasks.spawn(device, function() error(nil) end)
    lunacoap.sleep(1)
    assert.are.same({ "nil" }, told)
  end)
end)

describe("a mistake", function()
  it("is told at the line of whoever called us", function()
    local function api() mistake.raise("%s is wrong", "this") end
    local ok, err = pcall(api)
    assert.is_false(ok)
    assert.matches("^spec/scripts/fleet/tasks_spec.lua:%d+: this is wrong$", err)
  end)
end)
