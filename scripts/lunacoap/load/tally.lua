-- What a load test counts.

local histogram = require "lunacoap.histogram"

---@class lunacoap.load.Tally
---@field sent integer Requests that were sent.
---@field answered integer Requests that got a response, of whatever code.
---@field failed integer Requests that got none: refused, timed out ...
---@field codes table<string, integer> How many responses of each code.
---@field failures table<integer, {count: integer, text: string}> How many failures of each error.
---@field latency lunacoap.Histogram Seconds until the response, of those that got one.
---@field lag lunacoap.Histogram Open model: seconds from when a request was due to its sending.
local Tally = {}
Tally.__index = Tally

local M = {}

---@return lunacoap.load.Tally
function M.new()
  return setmetatable({
    sent = 0, answered = 0, failed = 0, codes = {}, failures = {},
    latency = histogram.new(), lag = histogram.new(),
  }, Tally)
end

---@param code string
---@param latency number
function Tally:answer(code, latency)
  self.answered = self.answered + 1
  self.codes[code] = (self.codes[code] or 0) + 1
  self.latency:record(latency)
end

---@param number integer
---@param text string
function Tally:fail(number, text)
  self.failed = self.failed + 1
  local failure = self.failures[number]
  if not failure then
    failure = { count = 0, text = (text:gsub(":? coaps?://%S*$", "")) }
    self.failures[number] = failure
  end
  failure.count = failure.count + 1
end

---Adds what another one has counted.
---@param other lunacoap.load.Tally
function Tally:merge(other)
  self.sent, self.answered = self.sent + other.sent, self.answered + other.answered
  self.failed = self.failed + other.failed
  for code, count in pairs(other.codes) do
    self.codes[code] = (self.codes[code] or 0) + count
  end
  for number, failure in pairs(other.failures) do
    local mine = self.failures[number] or { count = 0, text = failure.text }
    mine.count = mine.count + failure.count
    self.failures[number] = mine
  end
  self.latency:merge(other.latency)
  self.lag:merge(other.lag)
end

---How many responses have a code such as "2.05", or one of a class such as "4.xx".
---@param pattern string
---@return integer
function Tally:responses(pattern)
  local class, sum = pattern:match("^(%d%.)xx$"), 0
  for code, count in pairs(self.codes) do
    if code == pattern or (class and code:sub(1, 2) == class) then
      sum = sum + count
    end
  end
  return sum
end

return M
