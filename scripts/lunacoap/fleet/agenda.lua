-- What devices have to do at what time: one heap and one timer for all, since a timer for each, or
-- a task that sleeps, would cost ten times the memory.

local lunacoap = require "lunacoap"

---@class lunacoap.fleet.Agenda
local Agenda = {}
Agenda.__index = Agenda

local M = {}

-- So much is done between two looks at the network.
local BURST = 64

-- A timer waits no longer, in seconds; then it looks again.
local LONGEST = 1e8

---An empty agenda.
---@return lunacoap.fleet.Agenda
function M.new()
  -- The heap: columns of its rows, which together take less than a table for each row.
  return setmetatable({ n = 0, times = {}, whats = {}, whoms = {}, lives = {}, due = math.huge,
    timer = false }, Agenda)
end

-- ---- The heap -----------------------------------------------------------------------------------

local function move(self, from, to)
  self.times[to], self.whats[to] = self.times[from], self.whats[from]
  self.whoms[to], self.lives[to] = self.whoms[from], self.lives[from]
end

local function put(self, i, time, what, whom, life)
  self.times[i], self.whats[i], self.whoms[i], self.lives[i] = time, what, whom, life
end

local function push(self, time, what, whom, life)
  local times = self.times
  self.n = self.n + 1
  local i = self.n
  while i > 1 and times[i // 2] > time do
    move(self, i // 2, i)
    i = i // 2
  end
  put(self, i, time, what, whom, life)
end

-- Takes the first row out, which the last one replaces.
local function pop(self)
  local times, n = self.times, self.n
  local due, what, whom, life = times[1], self.whats[1], self.whoms[1], self.lives[1]
  local time, last_what = times[n], self.whats[n]
  local last_whom, last_life = self.whoms[n], self.lives[n]
  put(self, n, nil, nil, nil, nil)
  self.n = n - 1
  n = n - 1
  local i = 1
  while 2 * i <= n do
    local child = 2 * i
    if child < n and times[child + 1] < times[child] then
      child = child + 1
    end
    if times[child] >= time then
      break
    end
    move(self, child, i)
    i = child
  end
  if n > 0 then
    put(self, i, time, last_what, last_whom, last_life)
  end
  return due, what, whom, life
end

-- ---- Time ---------------------------------------------------------------------------------------

local function arm(self, now)
  local due = self.times[1] or math.huge
  if due == self.due then
    return
  end
  self.due = due
  local after = math.max(0, math.min(due - now, LONGEST))
  if self.timer then
    self.timer:again(after)
  else
    self.timer = lunacoap.timer(after, nil, function() self:run() end)
  end
end

---Does what is due.
function Agenda:run()
  local now, done = lunacoap.now(), 0
  self.due, self.running = math.huge, true
  while self.n > 0 and self.times[1] <= now and done < BURST do
    local due, what, whom, life = pop(self)
    done = done + 1
    if life == whom.life then
      what(whom, due)
    end
  end
  self.running = false
  arm(self, lunacoap.now())
end

---Has something done at a time of lunacoap.now(), unless a new life of whom it concerns has begun
---until then. It must not wait, nor raise.
---@param time number
---@param what fun(whom: table, time: number)
---@param whom { life: integer }
function Agenda:at(time, what, whom)
  push(self, time, what, whom, whom.life)
  if not self.running then
    arm(self, lunacoap.now())
  end
end

---Forgets all.
function Agenda:clear()
  self.n, self.times, self.whats, self.whoms, self.lives = 0, {}, {}, {}, {}
  if self.timer then
    self.timer:stop()
  end
  self.due = math.huge
end

return M
