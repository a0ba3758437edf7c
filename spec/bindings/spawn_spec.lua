-- What spawn and timer return: tasks that can be cancelled, timers that can be set again.
local lunacoap = require "lunacoap"
local command = require "spec.support.command"
local process = require "spec.support.process"
local scarcity = require "spec.support.scarcity"

local function until_true(f)
  assert.is_true(process.wait(f, 5))
end

describe("tasks and timers", function()
  it("cancels a task that sleeps: what it has to close is closed, and nothing is told", function()
    local closed, went_on = 0, false
    local task = lunacoap.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
      lunacoap.sleep(60)
      went_on = true
    end)
    lunacoap.sleep(0)
    assert.is_false(task:ended())
    assert.is_true(task:cancel())
    assert.are.same({ 1, true, false }, { closed, task:ended(), task:cancel() })
    lunacoap.sleep(0.01)
    assert.is_false(went_on)
  end)

  it("cancels a task before it has begun, and one that waits for an answer", function()
    local ran = false
    local early = lunacoap.spawn(function() ran = true end)
    assert.is_true(early:cancel())
    local coap = lunacoap.CoAP { Timeout = 60 }
    local answered = false
    local waiting = lunacoap.spawn(function()
      pcall(coap.Get, coap, "coap://127.0.0.1:9/nobody")
      answered = true
    end)
    lunacoap.sleep(0)
    assert.is_true(waiting:cancel())
    coap:Shutdown()
    lunacoap.sleep(0.01)
    assert.are.same({ false, false }, { ran, answered })
  end)

  it("cannot cancel the task that runs, or one that waits in a coroutine of its own", function()
    local itself, message
    itself = lunacoap.spawn(function() message = tostring(select(2, pcall(itself.cancel, itself))) end)
    lunacoap.sleep(0)
    assert.is_truthy(message:find("a task that runs cannot be cancelled", 1, true), message)
    local went_on = false
    local nested = lunacoap.spawn(function()
      coroutine.wrap(lunacoap.sleep)(0.01)
      went_on = true
    end)
    lunacoap.spawn(function() message = tostring(select(2, pcall(nested.cancel, nested))) end)
    message = nil
    until_true(function() return went_on end)
    assert.is_truthy(message:find("a task that runs cannot be cancelled", 1, true), message)
  end)

  it("takes no other task for one that has ended, although its thread serves again", function()
    local first = lunacoap.spawn(function() end)
    lunacoap.sleep(0)
    local done = false
    lunacoap.spawn(function() lunacoap.sleep(0) done = true end)
    lunacoap.sleep(0)
    assert.are.same({ true, false }, { first:ended(), first:cancel() })
    until_true(function() return done end)
  end)

  it("cancels a task that would have gone on in this turn, and whose variables wait to be closed", function()
    lunacoap.virtual(function()
      local victim
      local order = {}
      local canceller = lunacoap.spawn(function()
        lunacoap.sleep(1)
        assert.is_true(victim:cancel())
        order[#order + 1] = "cancelled"
      end)
      victim = lunacoap.spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          lunacoap.sleep(1)
          order[#order + 1] = "closed"
        end })
        lunacoap.sleep(1)
        order[#order + 1] = "went on"
      end)
      assert.is_true(canceller:wait(5))
      assert.are.same({ "closed", "cancelled" }, order)
      assert.is_true(victim:ended())
    end)
  end)

  it("cancels a task only once, also while its variables wait to be closed", function()
    local closing, second, ended = false, nil, nil
    local task = lunacoap.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        closing = true
        lunacoap.sleep(0.05)
      end })
      lunacoap.sleep(60)
    end)
    lunacoap.spawn(function()
      until_true(function() return closing end)
      ended = task:ended()
      second = tostring(select(2, pcall(task.cancel, task)))
      closing = task:wait(5)
    end)
    lunacoap.sleep(0)
    assert.is_true(task:cancel())
    assert.is_false(ended)
    assert.is_truthy(second:find("a task that runs cannot be cancelled", 1, true), second)
    until_true(function() return closing == true end)
  end)

  it("cancels tasks that cancel others when they end, but not without bounds", function()
    local tasks, closed = {}, 0
    for i = 1, 1000 do
      tasks[i] = lunacoap.spawn(function()
        local _ <close> = setmetatable({}, { __close = function()
          closed = closed + 1
          local ok, err = pcall(function() if tasks[i + 1] then tasks[i + 1]:cancel() end end)
          if not ok then tasks.message = tostring(err) end
        end })
        lunacoap.sleep(60)
      end)
    end
    lunacoap.sleep(0)
    assert.is_true(tasks[1]:cancel())
    assert.is_true(closed >= 50 and closed < 1000)
    assert.are.equal("1: tasks cancel each other too deep (100)", tasks.message)
    for i = #tasks, 1, -1 do tasks[i]:cancel() end
  end)

  it("tells what a variable raises that is closed for a cancelled task", function()
    local out, err, status = command.run("-", { input = [[
      local lunacoap = require "lunacoap"
      local task = lunacoap.spawn(function()
        local _ <close> = setmetatable({}, { __close = function() error "not closed" end })
        lunacoap.sleep(60)
      end)
      lunacoap.sleep(0)
      print(task:cancel(), task:ended())
    ]] })
    assert.are.same({ "true\ttrue\n", 1 }, { out, status })
    assert.matches("^lunacoap: [^?:]+:%d: not closed\n$", err)
  end)

  it("does not wait in OnLog for what it cancels there", function()
    local message
    local task = lunacoap.spawn(function()
      local _ <close> = setmetatable({}, { __close = function()
        message = tostring(select(2, pcall(lunacoap.sleep, 0)))
      end })
      lunacoap.sleep(60)
    end)
    lunacoap.sleep(0)
    local coap <close> = lunacoap.CoAP { Timeout = 0, LogLevel = 3, OnLog = function() task:cancel() end }
    coap:Get "coap://127.0.0.1:9/"
    assert.are.equal("1: OnLog, OnError and OnSSLStatus may not wait", message)
  end)

  it("raises where there is no memory for a task, and leaves nothing behind", function()
    local many = table.move({}, 1, 0, 1)
    for i = 1, 200 do many[i] = i end
    local function begin() lunacoap.spawn(print, table.unpack(many)):cancel() end
    begin() -- a thread is kept from then on
    assert.is_true(scarcity.of_lua(begin) > 1)
  end)

  it("waits for the end of a task, of a cancelled one too, or for so long", function()
    local order = {}
    local task = lunacoap.spawn(function()
      lunacoap.sleep(0.01)
      order[#order + 1] = "task"
    end)
    assert.is_false(task:wait(0))
    assert.is_true(task:wait())
    order[#order + 1] = "waited"
    assert.are.same({ "task", "waited" }, order)
    assert.is_true(task:wait())

    local long = lunacoap.spawn(lunacoap.sleep, 60)
    lunacoap.spawn(function() lunacoap.sleep(0.01) long:cancel() end)
    assert.is_true(long:wait(5))
    local message
    local itself
    itself = lunacoap.spawn(function() message = tostring(select(2, pcall(itself.wait, itself))) end)
    assert.is_true(itself:wait(5))
    assert.are.equal("1: a task cannot wait for its own end", message)
  end)

  it("sets a timer again that is due, before its function has begun", function()
    for _, again in ipairs { 0, 2 } do
      lunacoap.virtual(function()
        local began, times, second = lunacoap.now(), {}, nil
        lunacoap.timer(1, nil, function() second:again(5) end)
        second = lunacoap.timer(1, again, function()
          times[#times + 1] = math.floor(lunacoap.now() - began + 0.5)
        end)
        lunacoap.sleep(9)
        second:stop()
        assert.are.same(again == 0 and { 6 } or { 6, 8 }, times)
      end)
    end
  end)

  it("sets a timer again, before it fires and afterwards, and one that was stopped", function()
    local fired = 0
    local timer
    lunacoap.virtual(function()
      local began = lunacoap.now()
      local times = {}
      timer = lunacoap.timer(5, nil, function()
        fired = fired + 1
        times[fired] = math.floor(lunacoap.now() - began + 0.5)
        if fired == 1 then timer:again(2) end
      end)
      timer:again(10)
      lunacoap.sleep(20)
      timer:stop()
      timer:again(3)
      lunacoap.sleep(10)
      assert.are.same({ 10, 12, 23 }, times)
    end)
    assert.are.equal("1: again takes seconds from 0 to 1e9, not nil",
      tostring(select(2, pcall(timer.again, timer))))
  end)
end)
