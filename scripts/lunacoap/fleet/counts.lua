-- What is counted of a simulation: requests of devices and at devices, phases, troubles; in all and
-- over time.

local lunacoap = require "lunacoap"
local tally = require "lunacoap.load.tally"

---@class lunacoap.fleet.Counts
---@field phases table<string, integer> How many devices are in each phase.
---@field total lunacoap.load.Tally
---@field series table[]
local Counts = {}
Counts.__index = Counts

local M = {}

-- Seconds between two looks at what was counted.
local INTERVAL = 1

-- The series has so many rows at most: at twice the length of its rows, half as many.
local ROWS = 600

-- What is kept of devices and troubles by name.
local MOST_FAILED, MOST_TROUBLES, MOST_LADDERS = 100, 100, 10

---@param options? { interval?: number, ladders?: boolean } `interval`: seconds of a row of the
---series; `ladders`: whether failed exchanges are drawn, for which lunacoap.capture has to keep.
---@return lunacoap.fleet.Counts
function M.new(options)
  options = options or {}
  return setmetatable({
    began = lunacoap.now(), phases = {}, total = tally.new(), interval = tally.new(),
    interval_began = 0, served_in_interval = 0, series = {}, row = tally.new(),
    row_seconds = options.interval or 1, row_began = 0, served_in_row = 0, all_served = 0,
    served_codes = {}, notifications = 0, all_notified = 0, failed_devices = {},
    trouble_list = {}, troubles_by_text = {}, ladders = options.ladders and {} or nil,
    ladder_kinds = {}, unanswered_told = {}, started_in = 0, outstanding = 0,
  }, Counts)
end

-- ---- Phases -------------------------------------------------------------------------------------

---@param from string?
---@param to string
function Counts:move(from, to)
  local phases = self.phases
  if from then
    phases[from] = phases[from] - 1
  end
  phases[to] = (phases[to] or 0) + 1
  if to == "starting" and from == "waiting" then
    self.started_in = lunacoap.now() - self.began
  end
end

---A device has failed.
---@param device lunacoap.Device
---@param err any
function Counts:failed(device, err)
  local text = M.text(err)
  if #self.failed_devices < MOST_FAILED then
    table.insert(self.failed_devices, { name = device.name, text = text })
  end
  if self.on_failed then
    self.on_failed(device, text)
  end
end

---A mistake in a script has shown.
---@param device lunacoap.Device
---@param err any
function Counts:trouble(device, err)
  local text = M.text(err)
  local trouble = self.troubles_by_text[text]
  if trouble then
    trouble.count = trouble.count + 1
  elseif #self.trouble_list < MOST_TROUBLES then
    trouble = { text = text, count = 1, first = device.name }
    self.troubles_by_text[text] = trouble
    table.insert(self.trouble_list, trouble)
    if self.on_trouble then
      self.on_trouble(trouble, err)
    end
  end
end

-- What is no text and has none.
local function describe(err)
  local ok, text = pcall(tostring, err)
  if not ok or text:find("^[%w.]+: 0x%x+$") or type(err) ~= "string" and type(err) ~= "table" then
    return "an error that is no text, but a " .. type(err)
  end
  return text
end

---What was raised, in a line.
---@param err any
---@return string
function M.text(err)
  local message = type(err) == "table" and rawget(err, "Message")
  if type(message) ~= "string" then
    return (describe(err):gsub("\n.*", ""))
  end
  local where, code = rawget(err, "Where"), rawget(err, "Code")
  if code == 1 and type(where) == "string" then
    return ("%s: %s"):format(where, message)
  end
  return math.type(code) == "integer" and code ~= 1 and describe(err) or message
end

-- ---- Requests of devices ------------------------------------------------------------------------

---A device sends a request. The result is for answered() or unanswered().
---@return integer mark
function Counts:sent()
  self.interval.sent = self.interval.sent + 1
  self.outstanding = self.outstanding + 1
  return self.ladders and lunacoap.capture.mark() or 0
end

---It did not send it.
function Counts:unsent()
  self.interval.sent = self.interval.sent - 1
  self.outstanding = self.outstanding - 1
end

-- The first failed exchange of each kind is drawn.
local function draw(self, device, request, what, mark)
  local kind = ("%s %s"):format(request.method, what:sub(1, 4))
  if not self.ladders or #self.ladders >= MOST_LADDERS or self.ladder_kinds[kind] then
    return
  end
  self.ladder_kinds[kind] = true
  local list = lunacoap.capture.list(mark, device.coap)
  table.insert(self.ladders, { device = device.name, at = request.began - self.began,
    what = ("%s %s: %s"):format(request.method, request.uri, what),
    text = lunacoap.ladder.draw(list) })
end

---@param device lunacoap.Device
---@param request table
---@param answer lunacoap.Answer
---@param mark integer
function Counts:answered(device, request, answer, mark)
  self.outstanding = self.outstanding - 1
  self.interval:answer(answer.code, answer.seconds)
  if answer.code:byte() ~= 50 then -- "2"
    draw(self, device, request, answer.name ~= "" and answer.code .. " " .. answer.name
      or answer.code, mark)
  end
end

-- Each kind is told once. Without an answer in its start a device fails, and that is told.
local function tell_unanswered(self, device, code, err)
  if self.on_unanswered and not self.unanswered_told[code] and device.phase ~= "starting" then
    self.unanswered_told[code] = true
    self.on_unanswered(device, M.text(err))
  end
end

---@param device lunacoap.Device
---@param request table
---@param err any
---@param mark integer
function Counts:unanswered(device, request, err, mark)
  self.outstanding = self.outstanding - 1
  local code = type(err) == "table" and err.Code or 0
  local text = type(err) == "table" and err.Message or tostring(err)
  self.interval:fail(code, text)
  tell_unanswered(self, device, code, err)
  draw(self, device, request, ("%d: %s"):format(code, text), mark)
end

---A device's power has failed while it waited for so many answers.
---@param n integer
function Counts:forgotten(n)
  self.outstanding = self.outstanding - n
end

-- ---- Requests at devices ------------------------------------------------------------------------

---@param code string
function Counts:served(code)
  self.served_in_interval = self.served_in_interval + 1
  self.served_codes[code] = (self.served_codes[code] or 0) + 1
end

function Counts:notification()
  self.notifications = self.notifications + 1
end

function Counts:notified()
  self.all_notified = self.all_notified + 1
end

-- ---- Over time ----------------------------------------------------------------------------------

local function copy(t)
  local new = {}
  for key, value in pairs(t) do
    new[key] = value
  end
  return new
end

local function greater(a, b)
  return a and b and math.max(a, b) or a or b
end

local ADDED = { "seconds", "sent", "answered", "failed", "errors", "served" }
local PERCENTILES = { "p50", "p95", "p99" }

-- Two rows as one. Percentiles cannot be added: the worse ones stand for both.
local function merge(a, b)
  for _, name in ipairs(ADDED) do
    a[name] = a[name] + b[name]
  end
  for _, name in ipairs(PERCENTILES) do
    a[name] = greater(a[name], b[name])
  end
  a.phases = b.phases
  return a
end

local function halve(self)
  local series = {}
  for i = 1, #self.series, 2 do
    series[#series + 1] = self.series[i + 1] and merge(self.series[i], self.series[i + 1])
      or self.series[i]
  end
  self.series, self.row_seconds = series, 2 * self.row_seconds
end

-- What a tally says of a span of time that ends now.
local function point(counted, began, at, served)
  return {
    at = began, seconds = at - began, sent = counted.sent, answered = counted.answered,
    failed = counted.failed, errors = counted.answered - counted:responses("2.xx"),
    served = served, p50 = counted.latency:percentile(50), p95 = counted.latency:percentile(95),
    p99 = counted.latency:percentile(99),
  }
end

local function end_row(self, at)
  local row = point(self.row, self.row_began, at, self.served_in_row)
  row.phases = copy(self.phases)
  table.insert(self.series, row)
  self.row, self.served_in_row, self.row_began = tally.new(), 0, at
  if #self.series >= ROWS then
    halve(self)
  end
end

local function end_interval(self, at)
  local last = point(self.interval, self.interval_began, at, self.served_in_interval)
  self.row:merge(self.interval)
  self.total:merge(self.interval)
  self.served_in_row = self.served_in_row + self.served_in_interval
  self.all_served = self.all_served + self.served_in_interval
  self.interval, self.served_in_interval, self.interval_began = tally.new(), 0, at
  return last
end

-- Spans of time are looked at a little late, or a little early.
local ALMOST = 1e-6

---When tick() has something to tell, as lunacoap.now().
---@return number
function Counts:next_tick()
  return self.began + self.interval_began + INTERVAL
end

---To be called ever so often.
---@return table? last When a second is over: what was counted in it, as in a row of the series.
function Counts:tick()
  local at = lunacoap.now() - self.began
  if at < self.interval_began + INTERVAL - ALMOST then
    return nil
  end
  local last = end_interval(self, at)
  if at >= self.row_began + self.row_seconds - ALMOST then
    end_row(self, at)
  end
  return last
end

---To be called at the end, once.
function Counts:finish()
  local at = lunacoap.now() - self.began
  end_interval(self, at)
  if at > self.row_began or #self.series == 0 then
    end_row(self, at)
  end
end

return M
