-- Waiting in a scenario: for a condition, and with an end that the words inside of it keep to.

local lunacoap = require "lunacoap"

local M = {}

-- The time at which eventually() ends, for each task that is in one.
local deadlines = setmetatable({}, { __mode = "k" })

---When the eventually() ends that this task is in.
---@return number?
function M.deadline()
  return deadlines[coroutine.running()]
end

---Until when something may be waited for: so many seconds, or until the end of eventually().
---@param seconds number
---@return number
function M.till(seconds)
  return math.min(lunacoap.now() + seconds, M.deadline() or math.huge)
end

-- DoEvents waits until something has happened, wherever it did.
local any = lunacoap.CoAP()

-- What DoEvents waits for at most.
local TURN = 0.05

---Waits until something has happened, or for a moment, but no longer than till a time.
---@param till number
function M.pause(till)
  local left = till - lunacoap.now()
  if left < TURN then
    lunacoap.sleep(math.max(left, 0))
  else
    any:DoEvents()
  end
end

---Waits until a condition holds; the result is whether it does.
---@param till number|fun(): number
---@param condition fun(): any
---@return boolean
function M.wait(till, condition)
  while not condition() do
    local ends = type(till) == "function" and till() or till
    if lunacoap.now() >= ends then
      return false
    end
    M.pause(ends)
  end
  return true
end

-- The last try of eventually() begins when its time is over, and has so long.
local LAST_TRY = 0.1

-- Calls f with a deadline.
local function try(f, till)
  local task = coroutine.running()
  local outer = deadlines[task]
  deadlines[task] = math.min(math.max(till, lunacoap.now() + LAST_TRY), outer or math.huge)
  local results = table.pack(pcall(f))
  deadlines[task] = outer
  return results
end

-- Between two tries: short at first, for what is nearly there.
local FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2

---Tries f until it does not raise, and what it returns, if anything, is neither nil nor false.
---@param within number Seconds.
---@param f fun(): any
---@return table? results What f returned, packed; nil when time is over.
---@return any raised What it raised at last.
---@return integer tries
function M.try_again(within, f)
  local till, pause, tries = M.till(within), FIRST_PAUSE, 0
  while true do
    local results = try(f, till)
    tries = tries + 1
    if results[1] and (results.n == 1 or results[2]) then
      return results, nil, tries
    elseif not results[1] and M.is_pending(results[2]) then
      error(results[2], 0)
    end
    local left = till - lunacoap.now()
    if left <= 0 then
      return nil, results[2], tries
    end
    lunacoap.sleep(math.min(pause, left))
    pause = math.min(2 * pause, LONGEST_PAUSE)
  end
end

---Whether an error is busted's way to end a spec that is pending.
---@param raised any
---@return boolean
function M.is_pending(raised)
  local class = getmetatable(raised)
  return type(class) == "table" and class.__type == "pending"
end

return M
