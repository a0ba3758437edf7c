local containers = require("lunacoap.probe").containers

---Runs what is due at `now` and returns the members that fired, in order.
local function run(timers, now)
  local fired = {}
  timers:run(now, function(member) fired[#fired + 1] = member end)
  return fired
end

describe("timers", function()
  it("fire in order of deadline, once, and not before", function()
    local timers = containers.timers()
    timers:set(1, 30)
    timers:set(2, 10)
    timers:set(3, 20)
    assert.are.equal(10, timers:next())
    assert.are.same({}, run(timers, 9))
    assert.are.same({ 2, 3 }, run(timers, 20))
    assert.are.equal(30, timers:next())
    assert.are.same({ 1 }, run(timers, 1000))
    assert.is_nil(timers:next())
    assert.are.same({}, run(timers, 2000))
  end)

  it("can be moved and cleared, also when they are not set", function()
    local timers = containers.timers()
    timers:clear(1)
    timers:set(1, 10)
    timers:set(2, 20)
    timers:set(1, 30)
    assert.is_true(timers:is_set(1))
    assert.are.equal(20, timers:next())
    timers:clear(2)
    timers:clear(2)
    assert.is_false(timers:is_set(2))
    assert.are.same({ 1 }, run(timers, 30))
    assert.is_false(timers:is_set(1))
  end)

  it("are due at the next run when set for the past", function()
    local timers = containers.timers()
    run(timers, 100)
    timers:set(1, -5)
    assert.are.equal(-5, timers:next())
    assert.are.same({ 1 }, run(timers, 100))
  end)

  it("wait for the next run when a firing one sets them for now or earlier", function()
    local timers = containers.timers()
    local count = 0
    timers:set(1, 10)
    timers:run(10, function(member)
      count = count + 1
      timers:set(member, 5)
      timers:set(2, 10)
    end)
    assert.are.equal(1, count)
    assert.are.equal(11, timers:next())
    assert.are.equal(2, #run(timers, 11))
  end)

  it("are unset while they fire, and may clear others that are due", function()
    local timers = containers.timers()
    timers:set(1, 1)
    timers:set(2, 2)
    timers:set(3, 3)
    local fired = {}
    timers:run(5, function(member)
      fired[#fired + 1] = member
      assert.is_false(timers:is_set(member))
      timers:clear(2)
    end)
    assert.are.same({ 1, 3 }, fired)
  end)

  it("may be run by a firing one", function()
    local timers = containers.timers()
    timers:set(1, 1)
    timers:set(2, 2)
    timers:set(3, 20)
    local fired = {}
    timers:run(5, function(member)
      fired[#fired + 1] = member
      if member == 1 then
        timers:run(20, function(inner) fired[#fired + 1] = "inner " .. inner end)
      end
    end)
    assert.are.same({ 1, "inner 2", "inner 3" }, fired)
    assert.is_nil(timers:next())
  end)

  it("agree with a sorted list, however they are set, moved, cleared and run", function()
    math.randomseed(5)
    local timers, deadlines, now = containers.timers(), {}, 0
    for _ = 1, 30000 do
      local member, what = math.random(0, 299), math.random(10)
      if what <= 6 then
        deadlines[member] = now + math.random(1, 1000)
        timers:set(member, deadlines[member])
      elseif what <= 8 then
        deadlines[member] = nil
        timers:clear(member)
      else
        now = now + math.random(0, 40)
        local last = -1
        timers:run(now, function(fired)
          assert(deadlines[fired] and deadlines[fired] <= now and deadlines[fired] >= last)
          last = deadlines[fired]
          deadlines[fired] = nil
          if math.random(4) == 1 then
            deadlines[fired] = now + math.random(1, 50)
            timers:set(fired, deadlines[fired])
          end
        end)
        local earliest
        for _, at in pairs(deadlines) do
          if not earliest or at < earliest then earliest = at end
        end
        assert(earliest == timers:next() and (not earliest or earliest > now))
      end
    end
    for member = 0, 299 do
      assert.are.equal(deadlines[member] ~= nil, timers:is_set(member))
    end
  end)
end)
