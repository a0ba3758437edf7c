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
