-- Memory that runs out at each place in turn: the work under test raises, leaks nothing, and comes
-- to its end when there is enough.

local probe = require "lunacoap.probe"

local M = {}

local function blocks()
  collectgarbage()
  return probe.base.blocks()
end

-- Runs attempt(n), which refuses the n-th piece of memory, until it says that none was missing;
-- returns how often that took.
local function until_enough(attempt)
  local before, n = blocks(), 0
  repeat
    local enough = attempt(n)
    assert(blocks() == before, ("%d blocks leak after the refusal of piece %d"):format(
      blocks() - before, n))
    n = n + 1
  until enough
  return n
end

local function nothing() end

---Refuses memory of Lua's; returns how many refusals the work met.
---@param work fun(on: any)
---@param make? fun(): any Makes what the work is done on, each time, with memory enough.
---@return integer
function M.of_lua(work, make)
  return until_enough(function(n)
    local on = (make or nothing)()
    return probe.types.with_memory(n, function() work(on) end)
  end) - 1
end

---Refuses memory of the runtime's, each of which has to raise Code 10055; returns how many.
---@param work fun(on: any)
---@param make? fun(): any
---@return integer
function M.of_runtime(work, make)
  return until_enough(function(n)
    local on = (make or nothing)()
    probe.base.fail_after(n)
    local ok, err = pcall(work, on)
    probe.base.fail_after()
    assert(ok or type(err) == "table" and err.Code == 10055, tostring(err))
    return ok
  end) - 1
end

return M
