-- What would end the run of all specs, with a status that tells of no failure, fails the spec that
-- does it.

local lunacoap = require "lunacoap"

local M = {}

local function refuse(name)
  return function()
    error(name .. " would end the run of all specs", 2)
  end
end

-- Only the loop may resume the task in which specs run. Coroutines of specs yield as ever.
local function yield_outside(task)
  local yield = coroutine.yield
  return function(...)
    if coroutine.running() == task then
      error("attempt to yield from outside a coroutine", 2)
    end
    return yield(...)
  end
end

---Has that refused from now on. Called in the task in which specs run.
function M.install()
  lunacoap.stop = refuse "lunacoap.stop"
  os.exit = refuse "os.exit" -- luacheck: ignore 122
  coroutine.yield = yield_outside(coroutine.running()) -- luacheck: ignore 122
end

return M
