local probe = require("lunacoap.probe")
local net, base = probe.net, probe.base

-- Turns the loop until `done()`, or for about ten seconds.
local function turn_until(loop, done)
  for _ = 1, 1000 do
    if done() then
      return true
    end
    loop:turn(0.01)
  end
  return false
end

describe("a lookup", function()
  local loop

  before_each(function() loop = net.loop() end)
  after_each(function() loop:free() end)

  it("finds localhost without a network, in a later turn", function()
    local found
    assert(loop:resolve("localhost", false, function(host) found = host end))
    assert.is_nil(found)
    assert.is_true(turn_until(loop, function() return found end))
    assert.are.equal("127.0.0.1", found)
  end)

  it("takes the other family when the preferred one has no address", function()
    local found
    assert(loop:resolve("127.0.0.1", true, function(host) found = host end))
    assert.is_true(turn_until(loop, function() return found end))
    assert.are.equal("127.0.0.1", found)
  end)

  it("tells 11001 and the name for a host that does not exist", function()
    local code, text
    -- A label may not be empty: known to be wrong without asking anybody.
    assert(loop:resolve("no..such", false, function(_, number, words)
      code, text = number, words
    end))
    assert.is_true(turn_until(loop, function() return code end))
    assert.are.equal(11001, code)
    assert.is_truthy(text:find("no..such", 1, true))
  end)

  it("refuses an empty and an endless name at once", function()
    for _, name in ipairs({ "", ("a"):rep(256) }) do
      local job, code = loop:resolve(name, false, print)
      assert.are.same({ nil, 11001 }, { job, code })
    end
  end)

  it("calls nothing when cancelled, running or waiting in line", function()
    local calls, jobs, blocks = 0, {}, base.blocks()
    for i = 1, 40 do
      jobs[i] = assert(loop:resolve("localhost", false, function() calls = calls + 1 end))
    end
    for i = 40, 1, -1 do
      jobs[i]:cancel()
    end
    for _ = 1, 5 do
      loop:turn(0.002)
    end
    assert.are.equal(0, calls)
    assert.are.equal(blocks, base.blocks())
  end)

  -- How many files this process has open.
  local function open_files()
    local pipe <close> = assert(io.popen("ls /proc/$PPID/fd | wc -l"))
    return pipe:read("n")
  end

  it("answers all of many, though not all run at once", function()
    local answers, before = 0, open_files()
    for _ = 1, 50 do
      assert(loop:resolve("localhost", false, function(host)
        answers = answers + (host and 1 or 0)
      end))
    end
    assert.is_true(open_files() - before <= 2 * 16) -- two for each that runs
    assert.is_true(turn_until(loop, function() return answers == 50 end))
  end)

  it("reports missing memory and keeps nothing", function()
    local blocks, successes = base.blocks(), 0
    for count = 0, 5 do
      base.fail_after(count)
      local job, code = loop:resolve("localhost", false, print)
      base.fail_after()
      if job then
        successes = successes + 1
        job:cancel()
      else
        assert.are.equal(10055, code)
      end
      assert.are.equal(blocks, base.blocks())
    end
    assert.is_true(successes > 0 and successes < 6)
  end)
end)
