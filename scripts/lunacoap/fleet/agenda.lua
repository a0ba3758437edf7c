-- What devices have to do at what time: one heap and one timer for all, since a timer for each, or
-- a task that sleeps, would cost ten times the memory.

local lunacoap = require "lunacoap"

---@class lunacoap.fleet.Agenda
---@field n integer How many rows there are.
---@field package times number[] The heap: columns of its rows, which together take less than a
---table for each row.
---@field package numbers integer[]
---@field package whats (fun(whom: table, time: number))[]
---@field package whoms { life: integer }[]
---@field package place integer That of the last row among all that there were.
---@field package most integer At so many rows those of earlier lives are looked for.
---@field package due number What the timer waits for.
---@field package timer lunacoap.Timer|false
---@field package running boolean?
local Agenda = {}
Agenda.__index = Agenda

local M = {}

-- Rows of earlier lives are looked for when there are so many in all, then when there are twice as
-- many as were left.
local FEWEST = 256

-- So much is done between two looks at the network.
local BURST = 64

-- A timer waits no longer, in seconds; then it looks again.
local LONGEST = 1e8

-- A row's number: from the left, its place among all rows, so that those of the same time keep
-- their order, and the life of whom it concerns.
local LIFE_BITS = 24
local LIFE = (1 << LIFE_BITS) - 1

---An empty agenda.
---@return lunacoap.fleet.Agenda
function M.new()
  return setmetatable({ n = 0, times = {}, numbers = {}, whats = {}, whoms = {}, place = 0,
    most = FEWEST, due = math.huge, timer = false }, Agenda)
end

-- ---- The heap -----------------------------------------------------------------------------------

local function move(self, from, to)
  self.times[to], self.numbers[to] = self.times[from], self.numbers[from]
  self.whats[to], self.whoms[to] = self.whats[from], self.whoms[from]
end

local function put(self, i, time, number, what, whom)
  self.times[i], self.numbers[i], self.whats[i], self.whoms[i] = time, number, what, whom
end

-- Whether the i-th row comes before a time and a number.
local function is_before(self, i, time, number)
  local other = self.times[i]
  return other < time or other == time and self.numbers[i] < number
end

local function push(self, time, number, what, whom)
  self.n = self.n + 1
  local i = self.n
  while i > 1 and not is_before(self, i // 2, time, number) do
    move(self, i // 2, i)
    i = i // 2
  end
  put(self, i, time, number, what, whom)
end

-- Takes the first row out, which the last one replaces.
local function pop(self)
  local due, first, what, whom = self.times[1], self.numbers[1], self.whats[1], self.whoms[1]
  local n = self.n
  local time, number, last_what, last_whom = self.times[n], self.numbers[n], self.whats[n],
    self.whoms[n]
  put(self, n, nil, nil, nil, nil)
  n = n - 1
  self.n = n
  local i = 1
  while 2 * i <= n do
    local child = 2 * i
    if child < n and is_before(self, child + 1, self.times[child], self.numbers[child]) then
      child = child + 1
    end
    if not is_before(self, child, time, number) then
      break
    end
    move(self, child, i)
    i = child
  end
  if n > 0 then
    put(self, i, time, number, last_what, last_whom)
  end
  return due, first & LIFE, what, whom
end

-- Takes out what earlier lives had to do: it may be due in days, and a new life begin each minute.
local function sweep(self)
  local rows = self.n
  self.n = 0
  for i = 1, rows do
    local time, number, what, whom = self.times[i], self.numbers[i], self.whats[i], self.whoms[i]
    put(self, i, nil, nil, nil, nil)
    if number & LIFE == whom.life & LIFE then
      push(self, time, number, what, whom)
    end
  end
  self.most = math.max(FEWEST, 2 * self.n)
end

-- ---- Time ---------------------------------------------------------------------------------------

local function arm(self, now)
  local due = self.times[1] or math.huge
  if due == self.due then
    return
  end
  self.due = due
  local after = math.max(0, math.min(due - now, LONGEST))
  if due == math.huge then
    self.timer:stop()
  elseif self.timer then
    self.timer:again(after)
  else
    self.timer = lunacoap.timer(after, nil, function() self:run() end)
  end
end

local function do_what_is_due(self)
  local now, done = lunacoap.now(), 0
  while self.n > 0 and self.times[1] <= now and done < BURST do
    local due, life, what, whom = pop(self)
    done = done + 1
    if life == whom.life & LIFE then
      what(whom, due)
    end
  end
end

---Does what is due. An error is raised when the rest is safe.
function Agenda:run()
  self.due, self.running = math.huge, true
  local ok, err = xpcall(do_what_is_due, lunacoap.traceback, self)
  self.running = false
  arm(self, lunacoap.now())
  if not ok then
    error(err, 0)
  end
end

---Has something done at a time of lunacoap.now(), unless a new life of whom it concerns has begun
---until then; what has the same time in the order in which it was said. It must not wait.
---@param time number
---@param what fun(whom: table, time: number)
---@param whom { life: integer }
function Agenda:at(time, what, whom)
  if self.n >= self.most then
    sweep(self)
  end
  self.place = self.place + 1
  push(self, time, self.place << LIFE_BITS | whom.life & LIFE, what, whom)
  if not self.running then
    arm(self, lunacoap.now())
  end
end

---Forgets all.
function Agenda:clear()
  self.n, self.times, self.numbers, self.whats, self.whoms = 0, {}, {}, {}, {}
  if self.timer then
    self.timer:stop()
  end
  self.due = math.huge
end

return M
