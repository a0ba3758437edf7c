-- lunacoap.limit: a function that is given a time.
local lunacoap = require "lunacoap"
local process = lunacoap.process

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

local OVER = "301: Operation timed out: not done within 0.05 s"

describe("lunacoap.limit", function()
  it("returns what the function returns in time", function()
    assert.are.same({ 1, nil, "b" }, { lunacoap.limit(10, function(...)
      lunacoap.sleep(0.01)
      return 1, ...
    end, nil, "b") })
    assert.are.equal("mine", message_of(lunacoap.limit, 10, error, "mine"))
  end)

  it("raises where the function waits, and lets it clean up", function()
    local closed
    local function hang()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      lunacoap.sleep(100)
    end
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, hang))
    assert.is_true(closed)
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, coroutine.wrap(hang)))
    lunacoap.sleep(0.1) -- outside it nothing is raised
  end)

  it("gives up the request that the function waits for", function()
    local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
    server.OnRequest = function() lunacoap.sleep(1) end
    local client <close> = lunacoap.CoAP {}
    local uri = ("coap://127.0.0.1:%d/"):format(server.LocalPort)
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, client.Get, client, uri))
  end)

  it("raises in a function that computes without end", function()
    local err = select(2, pcall(lunacoap.limit, 0.05, function()
      while true do end
    end))
    assert.are.equal(OVER, tostring(err))
  end)

  it("raises in one that computes in a coroutine", function()
    assert.are.equal(OVER, message_of(coroutine.wrap(function()
      lunacoap.limit(0.05, function() while true do end end)
    end)))
    assert.are.equal("done", coroutine.wrap(function()
      pcall(lunacoap.limit, 0.01, lunacoap.sleep, 1)
      for _ = 1, 1e5 do end
      return "done"
    end)())
  end)

  it("is for a coroutine alone that is left in it", function()
    local failed = coroutine.create(lunacoap.limit)
    assert.is_false(coroutine.resume(failed, 0.05, error, "mine"))
    local left = coroutine.create(lunacoap.limit)
    assert.is_true(coroutine.resume(left, 0.05, coroutine.yield))
    local till = lunacoap.now() + 0.2
    lunacoap.sleep(0.2)
    assert.is_true(lunacoap.now() >= till)
  end)

  it("raises in another task that computes for a second more, and in a handler", function()
    local errors = {}
    local function compute()
      local _, err = pcall(function() while true do end end)
      table.insert(errors, tostring(err))
    end
    lunacoap.spawn(compute)
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, lunacoap.sleep, 10))
    local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
    server.OnRequest = compute
    local client <close> = lunacoap.CoAP {}
    local uri = ("coap://127.0.0.1:%d/"):format(server.LocalPort)
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, client.Get, client, uri))
    local held_up = "301: Operation timed out: held up what was to be done within 0.05 s"
    assert.are.same({ held_up, held_up }, errors)
  end)

  it("raises again in a function that catches everything", function()
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, function()
      while true do pcall(lunacoap.sleep, 10) end
    end))
  end)

  it("keeps the time of the world while virtual time leaps", function()
    assert.are.equal("done", lunacoap.limit(5, lunacoap.virtual, function()
      lunacoap.sleep(86400)
      return "done"
    end))
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, lunacoap.virtual, function()
      while true do lunacoap.sleep(1) end
    end))
  end)

  it("may be nested, and the first that is over counts", function()
    assert.are.equal(OVER, message_of(lunacoap.limit, 10, lunacoap.limit, 0.05, lunacoap.sleep, 10))
    assert.are.equal(OVER, message_of(lunacoap.limit, 0.05, lunacoap.limit, 10, lunacoap.sleep, 10))
  end)

  it("is each task's own", function()
    local slept
    lunacoap.spawn(function()
      lunacoap.sleep(0.1)
      slept = true
    end)
    pcall(lunacoap.limit, 0.05, lunacoap.sleep, 10)
    lunacoap.sleep(0.1)
    assert.is_true(slept)
  end)

  it("ends with its task", function()
    local build = require "spec.support.build"
    local child = process.start { build.program, "-e",
      "lunacoap.spawn(lunacoap.limit, 0.2, lunacoap.sleep, 10) lunacoap.sleep(0.05) "
        .. "lunacoap.stop(0) os.execute('sleep 0.3')" }
    assert.are.equal(0, (child:wait(10)))
  end)

  it("says what it takes", function()
    assert.are.equal("1: limit takes seconds above 0, not '5'", message_of(lunacoap.limit, "5", print))
    assert.are.equal("1: limit takes seconds above 0, not 0", message_of(lunacoap.limit, 0, print))
    assert.are.equal("1: limit takes a function, not nil", message_of(lunacoap.limit, 5))
  end)
end)
