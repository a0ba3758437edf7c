-- The options of a load test: which there are, what they take, and what they are by default.

local schedule = require "lunacoap.load.schedule"

---@class lunacoap.LoadOptions
---@field uri string What is asked.
---@field method? integer 1 (GET) by default.
---@field prepare? fun(coap: lunacoap.CoAP) Sets what the requests carry on each client.
---@field model? "closed"|"open" Open when there is a rate, else closed.
---@field clients? integer How many clients, each with a socket of its own; 10 by default.
---@field window? integer Closed model: how many requests each has outstanding; 1 by default.
---@field rate? number Open model: requests per second of all clients together.
---@field arrival? "even"|"random" Open model: how requests follow each other; evenly by default.
---@field stages? lunacoap.load.Stage[] In place of rate and duration, or of clients and duration.
---@field duration? number Seconds; 10 by default, without an end when there are requests.
---@field requests? integer How many requests to send.
---@field warm_up? number Seconds before the others that are not counted; 0 by default.
---@field timeout? number Seconds after which a request is given up; 10 by default.
---@field on_progress? fun(progress: table) Called each second.

local M = {}

local function number_from(low, word)
  return function(value)
    return type(value) == "number" and value >= low and value < math.huge,
      ("a number %s"):format(word)
  end
end

local function integer_from(low)
  return function(value)
    return math.type(value) == "integer" and value >= low, ("an integer of %d or more"):format(low)
  end
end

local function one_of(...)
  local words, list = {}, table.concat({ ... }, " or ")
  for _, word in ipairs { ... } do
    words[word] = true
  end
  return function(value) return words[value] == true, list end
end

local function of_type(name)
  return function(value) return type(value) == name, "a " .. name end
end

local function is_list_of_stages(value)
  local ok = type(value) == "table" and #value > 0
  for _, stage in ipairs(ok and value or {}) do
    ok = ok and type(stage) == "table" and type(stage.seconds) == "number" and stage.seconds > 0
      and type(stage.from) == "number" and stage.from >= 0
      and type(stage.to) == "number" and stage.to >= 0
  end
  return ok, "a list of stages, each { seconds =, from =, to = }"
end

local checks = {
  uri = of_type("string"), method = integer_from(1), prepare = of_type("function"),
  model = one_of("closed", "open"), arrival = one_of("even", "random"),
  clients = integer_from(1), window = integer_from(1), requests = integer_from(1),
  rate = number_from(1e-6, "above 0"), duration = number_from(1e-6, "of seconds above 0"),
  warm_up = number_from(0, "of seconds"), timeout = number_from(1e-3, "of seconds from 0.001"),
  stages = is_list_of_stages, on_progress = of_type("function"),
}

local DEFAULTS = {
  method = 1, clients = 10, window = 1, warm_up = 0, timeout = 10, arrival = "even",
}

-- What cannot be given together, and what to do instead.
local function conflict(options)
  local open = options.model == "open"
  if open and options.window then
    return "the open model has no window: its requests do not wait for answers"
  elseif not open and options.rate then
    return "the closed model has no rate: its clients are as fast as answers come"
  elseif not open and options.arrival then
    return "the closed model has no arrival: its clients are as fast as answers come"
  elseif open and not options.rate and not options.stages then
    return "the open model needs a rate, or stages"
  elseif options.stages and options.duration then
    return "the stages tell the duration; leave it out"
  elseif options.stages and options.rate then
    return "the stages tell the rate; leave it out, and say that the model is open"
  elseif options.stages and not open and options.clients then
    return "in the closed model the stages tell how many clients there are; leave clients out"
  end
end

local function stages_of(options)
  if options.stages then
    return options.stages
  end
  local level = options.model == "open" and options.rate or options.clients
  local seconds = options.duration or (options.requests and math.huge) or 10
  return { { seconds = seconds, from = level, to = level } }
end

local function with_warm_up(stages, seconds)
  if seconds == 0 then
    return stages
  end
  local level = stages[1].from
  return { { seconds = seconds, from = level, to = level }, table.unpack(stages) }
end

-- The options that are given, checked one by one; or nil and what is wrong.
local function checked(given)
  local options = {}
  for name, value in pairs(given) do
    local check = checks[name]
    if not check then
      return nil, ("a load test has no option '%s'"):format(tostring(name))
    end
    local ok, takes = check(value)
    if not ok then
      return nil, ("the option %s of a load test takes %s, not %s"):format(name, takes,
        tostring(value))
    end
    options[name] = value
  end
  return options, not options.uri and "a load test needs a uri" or nil
end

---The options with their defaults; with the stages that are measured, `plan`; and the schedule of
---these and the warm-up.
---@param given lunacoap.LoadOptions
---@return table? options
---@return string? message What is wrong.
function M.check(given)
  local options, wrong = checked(given)
  if options and not wrong then
    options.model = options.model or (options.rate and "open" or "closed")
    wrong = conflict(options)
  end
  if wrong then
    return nil, wrong
  end
  for name, value in pairs(DEFAULTS) do
    if options[name] == nil then
      options[name] = value
    end
  end
  options.plan = stages_of(options)
  options.schedule = schedule.new(with_warm_up(options.plan, options.warm_up))
  if options.stages and options.model == "closed" then
    options.clients = math.ceil(options.schedule:highest())
  end
  return options
end

return M
