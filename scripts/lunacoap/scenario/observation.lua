-- An observation of a scenario (RFC 7641): its notifications wait until the spec asks for them.

local failure = require "lunacoap.scenario.failure"
local lunacoap = require "lunacoap"
local responses = require "lunacoap.scenario.response"
local waiting = require "lunacoap.scenario.waiting"

---@class lunacoap.Observation
---@field uri string
---@field first lunacoap.Answer The answer to the registration.
---@field latest lunacoap.Answer The newest state.
---@field active boolean Whether the server has accepted it, and it has not ended.
---@field outdated lunacoap.Answer[] Notifications that came later than newer ones.
local Observation = {}
Observation.__index = Observation
Observation.__name = "lunacoap.Observation"

local M = {}

---Raises if a client observes a URI already: the component takes a second registration for the
---first one made anew.
---@param client lunacoap.TestClient
---@param uri string
function M.check_free(client, uri)
  for key, observation in pairs(client.observations) do
    if key == uri or observation.uri == uri then
      failure.misuse("%s is observed already: cancel that first, or use another scenario.client",
        uri)
    end
  end
end

---Begins one; `key` is the URI as events have it.
---@param client lunacoap.TestClient
---@param request lunacoap.scenario.Request
---@param key string
---@return lunacoap.Observation
function M.new(client, request, key)
  M.check_free(client, key)
  local observation = setmetatable({
    uri = request.uri, key = key, client = client, began = lunacoap.now(), active = true,
    waiting = {}, outdated = {},
  }, Observation)
  client.observations[key] = observation
  table.insert(client.observed, observation)
  return observation
end

---It gets no more notifications.
---@param observation lunacoap.Observation
function M.finish(observation)
  observation.active = false
  observation.client.observations[observation.key] = nil
end

---What the server has answered in place of a first notification.
---@param observation lunacoap.Observation
---@param response lunacoap.Answer
function M.refuse(observation, response)
  observation.first, observation.latest = response, response
end

---Takes a notification; for the event.
---@param client lunacoap.TestClient
---@param coap lunacoap.CoAP
---@param e lunacoap.NotificationEvent
function M.notify(client, coap, e)
  local observation = client.observations[e.URI]
  if not observation then
    return
  end
  local notification = responses.of(coap, {
    method = "GET", uri = observation.uri, seconds = lunacoap.now() - observation.began,
  })
  if not e.IsLatest then
    table.insert(observation.outdated, notification)
    return
  end
  observation.latest = notification
  if observation.first then
    table.insert(observation.waiting, notification)
  else
    observation.first = notification
  end
  if notification.code:byte() ~= 50 then -- "2": all others end it (RFC 7641 3.2)
    M.finish(observation)
  end
end

---What this is, for messages.
---@return string
function Observation:what()
  return "the observation of " .. self.uri
end

-- The next notification, taken off; nil when none comes in time.
function M.take(observation, till)
  waiting.wait(till, function()
    return observation.waiting[1] or not observation.active
  end)
  return table.remove(observation.waiting, 1)
end

-- Why there is none.
local function why_none(observation, within)
  if observation.active then
    return ("no notification of %s within %g s"):format(observation.uri, within)
  elseif observation.is_cancelled then
    return ("no notification of %s: the observation is cancelled"):format(observation.uri)
  end
  return ("no notification of %s: the observation %s with %s"):format(observation.uri,
    observation.first == observation.latest and "was answered" or "has ended",
    tostring(observation.latest))
end

---The next notification that the spec has not seen. It fails when none comes.
---@param within? number Seconds; else the client's timeout.
---@return lunacoap.Answer
Observation.next = failure.word(function(self, within)
  within = within or self.client.timeout
  if not failure.is_seconds(within) then
    failure.misuse("next takes the seconds in which a notification is to come")
  end
  return M.take(self, waiting.till(within)) or failure.fail(why_none(self, within))
end)

-- The first of some observations that has a notification which the spec has not seen.
local function first_told(list)
  for _, observation in ipairs(list) do
    if observation.waiting[1] then
      return observation
    end
  end
end

---Fails when one of some observations gets a notification, or has one that the spec has not seen.
---@param list lunacoap.Observation[]
---@param within number Seconds.
function M.expect_none(list, within)
  local till = waiting.till(within)
  while not first_told(list) and lunacoap.now() < till do
    waiting.pause(till)
  end
  local told = first_told(list)
  if told then
    failure.fail("a notification of %s came\nexpected: none within %g s\ncame:     %s", told.uri,
      within, tostring(told.waiting[1]))
  end
end

---Fails when a notification comes, or has come that the spec has not seen.
---@param within number Seconds.
Observation.none = failure.word(function(self, within)
  if not failure.is_seconds(within) then
    failure.misuse("none takes the seconds in which nothing may come")
  end
  M.expect_none({ self }, within)
end)

---Tells the server that nobody observes any more, and waits for its answer.
Observation.cancel = failure.word(function(self)
  if self.active then
    M.finish(self)
    self.is_cancelled = true
    self.client:deregister(self)
  end
end)

---Whether a value is one.
---@param value any
---@return boolean
function M.is(value)
  local class = getmetatable(value)
  return type(class) == "table" and rawget(class, "__name") == Observation.__name
end

return M
