-- Load tests: many requests to one resource, and how long their answers take. In the closed model
-- each client sends its next request when an answer came; in the open model requests are sent at a
-- rate, whatever the answers do, and their latency counts from the time at which they were due. A
-- server that stalls holds back the requests of the closed model, and what they would have waited
-- is seen nowhere; the open model sees it.
--   local test = require("lunacoap.load").new { uri = "coap://127.0.0.1/hello", rate = 1000 }
--   local result = test:run()
--   print(result.rate, result.latency:percentile(99))

local client = require "lunacoap.load.client"
local lunacoap = require "lunacoap"
local machine = require "lunacoap.machine"
local plan = require "lunacoap.load.plan"
local tally = require "lunacoap.load.tally"

-- How often what is not a request is looked after, and for how long before a request is due the
-- loop sleeps exactly.
local TICK, EXACT = 0.01, 0.003

-- Requests that are due are sent so many at a time: between them the loop receives answers.
local BURST = 64

-- Requests that were due before the end may be so much late.
local GRACE = 0.1

---@class lunacoap.LoadResult: lunacoap.load.Tally
---@field options table What was asked for, with the defaults.
---@field seconds number How long was measured.
---@field rate number Answers per second in that time.
---@field asked? number Open model: requests per second that were due.
---@field unsent? integer Open model: requests that were due but not sent.
---@field unanswered integer Requests that had no outcome when the test was stopped.
---@field interrupted boolean Whether it was stopped.
---@field cpu number The part of a core that this program has had.
---@field starved number The part of the time that it was ready and had to wait for a core.
---@field statistics table<string, integer> What the clients' sockets counted.

---@class lunacoap.LoadTest
local Test = {}
Test.__index = Test

local M = {}

local world = { now = lunacoap.now, sleep = lunacoap.sleep, cpu = machine.cpu, client = client.new }

---Makes a load test.
---@param options lunacoap.LoadOptions
---@param others? table The clock and the clients of virtual time: now, sleep, cpu, client.
---@return lunacoap.LoadTest
function M.new(options, others)
  local wanted, message = plan.check(options)
  if not wanted then
    error(message, 2)
  end
  return setmetatable({
    options = wanted, world = others or world, now = (others or world).now,
    clients = {}, outstanding = 0,
    tally = tally.new(), interval = tally.new(), warm_up = tally.new(),
    left = wanted.requests or math.huge,
  }, Test)
end

---Ends the test early: nothing more is sent or waited for, and run() returns what was measured.
function Test:stop()
  self.stopped = true
end

-- ---- Requests -----------------------------------------------------------------------------------

-- Where to count a request that began then. What is measured goes second by second into one tally.
local function interval_of(self, began)
  return began < self.counted_from and self.warm_up or self.interval
end

-- `began`: the time from which its latency counts, that is when it was due.
local function send(self, sender, began)
  local ok, err = pcall(sender.send, sender, began)
  if not ok then
    self.problem, self.stopped = err, true
    return
  end
  self.outstanding = self.outstanding + 1
  local interval = interval_of(self, began)
  interval.sent = interval.sent + 1
  if interval ~= self.warm_up then
    self.left = self.left - 1
  end
end

local function count(self, now, began, code, number, text)
  local interval = interval_of(self, began)
  if not code then
    interval:fail(number, text)
    return
  end
  interval:answer(code, now - began)
  if interval ~= self.warm_up then
    self.last_answer = now
    if now <= self.ends then
      self.in_time = self.in_time + 1
    end
  end
end

local function may_send(self, now)
  return not self.stopped and self.left > 0 and now < self.ends
end

-- The clients' upcall.
local function report(self, sender, began, code, number, text)
  local now = self.now()
  self.outstanding = self.outstanding - 1
  count(self, now, began, code, number, text)
  -- After a failure the client waits for the next tick: failures may come at once.
  if code and self.active and sender.index <= self.active and may_send(self, now) then
    send(self, sender, now)
  end
end

-- ---- What happens besides -----------------------------------------------------------------------

local function statistics(self)
  local sums = {}
  for _, sender in ipairs(self.clients) do
    sender:add_statistics(sums)
  end
  return sums
end

local function begin_measuring(self, now)
  local had, waited = self.world.cpu()
  self.base = { statistics = statistics(self), had = had, waited = waited, time = now }
end

local function tell_progress(self, now, seconds)
  local interval = tally.new()
  interval:merge(self.warm_up)
  interval:merge(self.interval)
  local schedule, since = self.options.schedule, self.interval_began - self.start
  self.options.on_progress {
    elapsed = now - self.start, seconds = schedule.seconds,
    warming_up = self.interval_began < self.measured_from, level = schedule:level(since),
    sent = interval.sent / seconds, answered = interval.answered / seconds,
    failed = interval.failed, outstanding = self.outstanding, p99 = interval.latency:percentile(99),
  }
end

local function next_interval(self, now)
  self.tally:merge(self.interval)
  self.interval, self.warm_up, self.interval_began = tally.new(), tally.new(), now
end

local function tick(self, now)
  if now < self.next_tick then
    return
  end
  self.next_tick = now + TICK
  if not self.base and now >= self.measured_from then
    begin_measuring(self, now)
  end
  if now >= self.next_expiry then
    self.next_expiry = now + math.max(TICK, math.min(0.5, self.options.timeout / 20))
    for _, sender in ipairs(self.clients) do
      sender:expire(now - self.options.timeout)
    end
  end
  if now >= self.interval_began + 1 then
    if self.options.on_progress then
      tell_progress(self, now, now - self.interval_began)
    end
    next_interval(self, now)
  end
end

-- ---- The two models -----------------------------------------------------------------------------

-- Lets the loop run until `due`, and ever so often even if that is over; the time then.
local function wait_until(self, due)
  local now = self.now()
  self.burst = self.burst + 1
  if now >= due and self.burst < BURST then
    return now
  end
  self.burst = 0
  repeat
    local wait = due - now
    if wait > EXACT + 0.002 then
      wait = math.min(wait - EXACT, TICK)
    end
    self.world.sleep(math.max(0, wait))
    now = self.now()
    tick(self, now)
  until now >= due or self.stopped
  return now
end

local function run_open(self)
  local schedule, clients, limit = self.options.schedule, self.clients, self.ends + GRACE
  local i = 0
  self.unsent = 0
  for at in schedule:arrivals(self.options.arrival) do
    local due = self.start + at
    local now = wait_until(self, due)
    if self.stopped or self.left == 0 then
      return
    elseif now > limit then
      local planned = math.floor(schedule.planned + 0.5) - i
      self.unsent = math.max(1, math.min(planned, self.left))
      return
    end
    local interval = interval_of(self, due)
    interval.lag:record(now - due)
    send(self, clients[i % #clients + 1], due)
    i = i + 1
  end
end

-- Gives every client that is to be active its window of requests.
local function fill(self, now)
  self.active = math.floor(self.options.schedule:level(now - self.start) + 1e-9)
  for i = 1, math.min(self.active, #self.clients) do
    local sender = self.clients[i]
    while sender.outstanding < self.options.window and may_send(self, now) do
      send(self, sender, now)
    end
  end
end

local function run_closed(self)
  local now = self.now()
  while may_send(self, now) do
    fill(self, now)
    self.world.sleep(math.min(TICK, math.max(0, self.ends - now)))
    now = self.now()
    tick(self, now)
  end
end

-- ---- The result ---------------------------------------------------------------------------------

-- The time that is measured: the schedule's, or what there was of it.
local function measured_seconds(self, now)
  if self.left == 0 then
    return (self.last_answer or now) - self.measured_from
  elseif self.stopped then
    return now - self.measured_from
  end
  return self.ends - self.measured_from
end

local function difference(after, before)
  local counters = {}
  for name, value in pairs(after) do
    counters[name] = value - (before[name] or 0)
  end
  return counters
end

local function conclude(self, sent_until)
  local result, options = self.tally, self.options
  result:merge(self.interval)
  local seconds = math.max(measured_seconds(self, sent_until), 1e-6)
  local schedule, warm_up = options.schedule, options.warm_up
  result.options, result.seconds, result.interrupted = options, seconds, self.stopped == true
  result.unanswered = result.sent - result.answered - result.failed
  result.rate = (self.left == 0 and result.answered or self.in_time) / seconds
  if options.model == "open" then
    result.asked = (schedule:due(warm_up + seconds) - schedule:due(warm_up)) / seconds
    result.unsent = self.unsent
  end
  result.statistics = difference(statistics(self), self.base.statistics)
  return result
end

-- The parts of the time that was measured in which there was a core, and in which one was missing.
local function shares_of_core(self, now)
  local had, waited = self.world.cpu()
  local seconds = math.max(now - self.base.time, 1e-6)
  return (had - self.base.had) / seconds, (waited - self.base.waited) / seconds
end

local function open_clients(self)
  local function upcall(sender, began, code, number, text)
    return report(self, sender, began, code, number, text)
  end
  for i = 1, self.options.clients do
    local sender = self.world.client(self.options, upcall)
    sender.index = i
    self.clients[i] = sender
  end
end

local function close_clients(self)
  for _, sender in ipairs(self.clients) do
    sender:close()
  end
end

local function start(self)
  local now = self.now()
  self.start, self.measured_from = now, now + self.options.warm_up
  -- What is due in that moment is not due before it, whatever the last digit says.
  self.counted_from = self.measured_from - 1e-9
  self.ends = now + self.options.schedule.seconds
  self.next_tick, self.next_expiry, self.interval_began = now, now, now
  self.burst, self.in_time = 0, 0
  tick(self, now)
end

---Runs the test to its end, which is when everything is answered or given up.
---@return lunacoap.LoadResult
function Test:run()
  local _ <close> = setmetatable({}, { __close = function() close_clients(self) end })
  open_clients(self)
  start(self)
  if self.options.model == "open" then
    run_open(self)
  else
    run_closed(self)
  end
  local sent_until = self.now()
  if not self.base then
    begin_measuring(self, sent_until)
  end
  local had, waited = shares_of_core(self, sent_until)
  while self.outstanding > 0 and not self.stopped do
    self.world.sleep(TICK)
    tick(self, self.now())
  end
  if self.problem then
    error(self.problem, 0)
  end
  local result = conclude(self, sent_until)
  result.cpu, result.starved = had, waited
  return result
end

return M
