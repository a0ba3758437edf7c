local probe = require("lunacoap.probe")
local net, base = probe.net, probe.base

describe("the loop", function()
  local loop

  before_each(function() loop = net.loop() end)
  after_each(function() loop:free() end)

  it("does not wait when told so, and waits no longer than told", function()
    local start = loop:now(true)
    loop:turn(0)
    loop:turn(0.01)
    local took = loop:now(true) - start
    assert.is_true(took >= 0.01 and took < 1, took)
  end)

  it("fires timers in the order of their deadlines, each at its time", function()
    local fired, start = {}, loop:now()
    for _, after in ipairs({ 0.006, 0.002, 0.004, 0 }) do
      loop:timer(after, function()
        assert.is_true(loop:now() >= start + after - 2e-6) -- deadlines are whole microseconds
        fired[#fired + 1] = after
      end)
    end
    while #fired < 4 do
      loop:turn(math.huge)
    end
    assert.are.same({ 0, 0.002, 0.004, 0.006 }, fired)
  end)

  it("lets a timer that sets a nearer one wait for it alone", function()
    local fired = {}
    loop:timer(60, function() fired[#fired + 1] = "far" end)
    loop:turn(0)
    loop:timer(0.001, function() fired[#fired + 1] = "near" end)
    while #fired == 0 do
      loop:turn(30)
    end
    assert.are.same({ "near" }, fired)
  end)

  it("meets a deadline that is nearer than a millisecond to a fraction of that", function()
    local least = math.huge
    for _ = 1, 20 do
      local start, fired = loop:now(true), nil
      loop:timer(0.0002, function() fired = loop:now(true) end)
      while not fired do
        loop:turn(30)
      end
      least = math.min(least, fired - start)
    end
    assert.is_true(least >= 0.0002 - 2e-6 and least < 0.0007, least)
  end)

  it("keeps to a deadline that a nearer one, cleared by now, was set before", function()
    local start, fired = loop:now(true), nil
    local near = loop:timer(0.001, function() end)
    loop:turn(0)
    loop:timer(0.02, function() fired = loop:now(true) end)
    near:cancel()
    while not fired do
      loop:turn(30)
    end
    assert.is_true(fired - start >= 0.02 - 2e-6 and fired - start < 5, fired - start)
  end)

  it("does not fire a timer that was cleared", function()
    local fired = false
    loop:timer(0, function() fired = true end):cancel()
    loop:turn(0.002)
    assert.is_false(fired)
  end)

  it("runs deferred work in the order of deferring, once, at the turn's end", function()
    local order = {}
    local jobs = {}
    for i = 1, 4 do
      jobs[i] = loop:defer(function() order[#order + 1] = i end)
    end
    jobs[1]:defer()
    jobs[3]:cancel()
    assert.are.same({}, order)
    loop:turn(30)
    assert.are.same({ 1, 2, 4 }, order)
    loop:turn(0)
    assert.are.same({ 1, 2, 4 }, order)
  end)

  it("leaves work deferred by deferred work to the next turn, which does not wait", function()
    local count = 0
    local job
    job = loop:defer(function()
      count = count + 1
      job:defer()
    end)
    loop:turn(30)
    assert.are.equal(1, count)
    loop:turn(30)
    assert.are.equal(2, count)
  end)

  it("lets deferred work cancel what was deferred after it", function()
    local order, later = {}, nil
    loop:defer(function()
      order[#order + 1] = "first"
      later:cancel()
    end)
    later = loop:defer(function() order[#order + 1] = "later" end)
    loop:defer(function() order[#order + 1] = "last" end)
    loop:turn(0)
    assert.are.same({ "first", "last" }, order)
  end)

  it("does in an inner turn what the outer one had deferred", function()
    local order = {}
    loop:defer(function()
      order[#order + 1] = "outer"
      loop:turn(30)
      order[#order + 1] = "outer ends"
    end)
    loop:defer(function() order[#order + 1] = "second" end)
    loop:turn(30)
    assert.are.same({ "outer", "second", "outer ends" }, order)
  end)

  it("nests 16 turns deep and refuses to go on", function()
    local deepest, refused = 0, 0
    local function nest()
      deepest = math.max(deepest, loop:depth())
      loop:defer(nest)
      if not loop:turn(0) then
        refused = refused + 1
      end
    end
    loop:defer(nest)
    loop:turn(0)
    assert.are.same({ 16, 1, 0 }, { deepest, refused, loop:depth() })
  end)

  it("ends its wait when woken", function()
    loop:wake()
    local start = loop:now(true)
    loop:turn(30)
    assert.is_true(loop:now(true) - start < 15)
  end)

  it("watches a descriptor as long as it is asked to", function()
    local reader, writer = net.pipe()
    local heard = {}
    local watch = loop:watch(reader, function() heard[#heard + 1] = net.read(reader) end)
    loop:turn(0)
    assert.are.same({}, heard)
    net.write(writer, "hello")
    loop:turn(30)
    assert.are.same({ "hello" }, heard)
    watch:cancel()
    net.write(writer, "again")
    loop:turn(0)
    assert.are.same({ "hello" }, heard)
    net.close(reader)
    net.close(writer)
  end)

  it("tells of a signal in a turn", function()
    local count = 0
    local watch = loop:signal(10, function() count = count + 1 end) -- SIGUSR1
    os.execute("kill -USR1 $PPID")
    assert.are.equal(0, count)
    for _ = 1, 100 do
      if count == 0 then
        loop:turn(0.05)
      end
    end
    assert.are.equal(1, count)
    watch:cancel()
  end)

  it("refuses signals that cannot be caught", function()
    for _, number in ipairs({ 0, -1, 9, 19, 1000 }) do
      assert.is_nil(loop:signal(number, print))
    end
  end)

  it("reports missing memory for a loop, a watch and a signal, and keeps nothing", function()
    local blocks = base.blocks()
    base.fail_after(0)
    local none, watch, signal = net.loop(), loop:watch(0, print), loop:signal(10, print)
    base.fail_after()
    assert.is_nil(none)
    assert.is_nil(watch)
    assert.is_nil(signal)
    assert.are.equal(blocks, base.blocks())
  end)
end)
