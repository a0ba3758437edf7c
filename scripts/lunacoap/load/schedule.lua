-- How much load there is at what time: stages one after the other, each of which goes in a straight
-- line from one level to another. A level is a rate of requests, or a number of clients.

local quantity = require "lunacoap.load.quantity"

---@class lunacoap.load.Stage
---@field seconds number How long it takes; math.huge for ever.
---@field from number The level at its beginning.
---@field to number The level at its end.

---@class lunacoap.load.Schedule
---@field seconds number How long all stages take.
---@field planned number The sum of all: with rates, how many requests they make.
local Schedule = {}
Schedule.__index = Schedule

local M = {}

---A stage from a text: "10s:100" keeps a level, "10s:100..2000" goes from one to another.
---@param text string
---@return lunacoap.load.Stage? stage
---@return string? message
function M.stage(text)
  local span, from, to = text:match("^([^:]*):%s*(%d*%.?%d+)%s*%.%.%s*(%d*%.?%d+)%s*$")
  if not span then
    span, from = text:match("^([^:]*):%s*(%d*%.?%d+)%s*$")
    to = from
  end
  if not span then
    return nil, ("'%s' is no stage: write it as 10s:100, or as 10s:100..2000"):format(text)
  end
  local seconds, message = quantity.seconds(span)
  if not seconds then
    return nil, message
  elseif seconds == 0 then
    return nil, ("the stage '%s' takes no time"):format(text)
  end
  return { seconds = seconds, from = tonumber(from), to = tonumber(to) }
end

---Makes a schedule.
---@param stages lunacoap.load.Stage[]
---@return lunacoap.load.Schedule
function M.new(stages)
  local schedule = setmetatable({ stages = {}, seconds = 0.0, planned = 0.0 }, Schedule)
  for i, stage in ipairs(stages) do
    schedule.stages[i] = {
      from = stage.from, to = stage.to, seconds = stage.seconds,
      slope = (stage.to - stage.from) / stage.seconds,
      begins = schedule.seconds, before = schedule.planned,
    }
    schedule.seconds = schedule.seconds + stage.seconds
    schedule.planned = schedule.planned + (stage.from + stage.to) / 2 * stage.seconds
  end
  return schedule
end

---The level at a time since the beginning; 0 when all is over.
---@param at number
---@return number
function Schedule:level(at)
  for _, stage in ipairs(self.stages) do
    if at < stage.begins + stage.seconds then
      return stage.from + stage.slope * (at - stage.begins)
    end
  end
  return 0
end

---The highest level.
---@return number
function Schedule:highest()
  local highest = 0
  for _, stage in ipairs(self.stages) do
    highest = math.max(highest, stage.from, stage.to)
  end
  return highest
end

---How many requests are due before a time.
---@param at number
---@return number
function Schedule:due(at)
  local sum = 0
  for _, stage in ipairs(self.stages) do
    local t = math.min(stage.seconds, at - stage.begins)
    sum = sum + (t > 0 and (stage.from + stage.slope * t / 2) * t or 0)
  end
  return sum
end

-- When a stage has made so many requests: from * t + slope * t^2 / 2 = count, solved for t in the
-- form that has no difference of nearly equal numbers.
local function time_of(stage, count)
  if count <= 0 then
    return 0
  end
  return 2 * count / (stage.from + math.sqrt(stage.from ^ 2 + 2 * stage.slope * count))
end

local gaps = {
  even = function() return 1 end,
  -- Arrivals of a Poisson process are as far apart as an exponential distribution says.
  random = function(random) return -math.log(1 - random()) end,
}

---The times at which requests are to be sent, in order: one each time that the rates have made one
---more, or with "random" one more on average.
---@param arrival "even"|"random"
---@param random? fun(): number Numbers from 0 to below 1; math.random by default.
---@return fun(): number?
function Schedule:arrivals(arrival, random)
  local gap, i = gaps[arrival], 1
  local count = arrival == "even" and 0 or gap(random or math.random)
  return function()
    local stage = self.stages[i]
    while stage and count >= stage.before + (stage.from + stage.to) / 2 * stage.seconds - 1e-9 do
      i = i + 1
      stage = self.stages[i]
    end
    if not stage then
      return nil
    end
    local at = stage.begins + time_of(stage, count - stage.before)
    count = count + gap(random or math.random)
    return at
  end
end

return M
