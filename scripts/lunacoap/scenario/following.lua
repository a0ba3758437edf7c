-- What assert.notifications(observation) can say of what comes; the form is that of answers.lua.

local failure = require "lunacoap.scenario.failure"
local lunacoap = require "lunacoap"
local observations = require "lunacoap.scenario.observation"
local same = require "lunacoap.scenario.same"
local waiting = require "lunacoap.scenario.waiting"

-- Text is compared with the payload, all else with what the payload means.
local function is(notification, wanted)
  if type(wanted) == "string" then
    return notification.payload == wanted
  end
  local ok, value = pcall(function() return notification.value end)
  return ok and same.is(wanted, value)
end

local function list_text(list)
  local texts = {}
  for i, each in ipairs(list) do
    texts[i] = type(each) == "string" and ("%q"):format(each) or same.text(each)
  end
  return #texts > 0 and table.concat(texts, ", ") or "none"
end

local function came_text(came)
  local lines = {}
  for i, notification in ipairs(came) do
    lines[i] = ("%d. after %.3f s: %s"):format(i, notification.seconds, tostring(notification))
  end
  return #lines > 0 and table.concat(lines, "\n          ") or "none"
end

local function is_refused(observation)
  return not observation.active and not observation.is_cancelled
    and observation.first == observation.latest
end

-- Whether more could have come.
local function state_text(observation)
  if observation.active then
    return ""
  elseif is_refused(observation) then
    return (": the observation was answered with %s"):format(tostring(observation.first))
  end
  return ", and the observation has ended"
end

local function tell(observation, what, wanted, within, came)
  return ("%s%s\nexpected: %s within %g s\ncame:     %s"):format(what, state_text(observation),
    wanted, within, came_text(came))
end

local function check(negated, list, within)
  if negated then
    failure.misuse("notifications are told what they are, not what they are not")
  elseif type(list) ~= "table" then
    failure.misuse("the notifications are a list such as { \"21\", \"22\" }")
  elseif within ~= nil and not failure.is_seconds(within) then
    failure.misuse("the seconds in which notifications come are a number")
  end
end

local M = {}

---are({ "21", "22" }, 2): the next ones are these, and for {} none comes.
function M.are(observation, negated, wanted, within)
  check(negated, wanted, within)
  within = within or observation.client.timeout
  local till, came = waiting.till(within), {}
  local function text()
    return tell(observation, "other notifications of " .. observation.uri, list_text(wanted),
      within, came)
  end
  for i = 1, math.max(#wanted, 1) do
    came[i] = observations.take(observation, till)
    if (came[i] and wanted[i] and is(came[i], wanted[i])) ~= true and (came[i] or wanted[i]) then
      return false, text()
    end
  end
  return true, text()
end

---include({ "21", "24" }, 2): these come in this order, with any others between them.
function M.include(observation, negated, wanted, within)
  check(negated, wanted, within)
  within = within or observation.client.timeout
  local till, came, found = waiting.till(within), {}, 0
  while found < #wanted do
    local notification = observations.take(observation, till)
    if not notification then
      break
    end
    table.insert(came, notification)
    found = is(notification, wanted[found + 1]) and found + 1 or found
  end
  return found == #wanted, tell(observation, "not all notifications of " .. observation.uri,
    list_text(wanted), within, came)
end

---end_with("24", 2): the state that the client knows becomes this one, which is all that
---RFC 7641 1.3 promises: eventual consistency.
function M.end_with(observation, negated, wanted, within)
  check(negated, { wanted }, within)
  if wanted == nil then
    failure.misuse("end_with takes the state that is to be the last one")
  end
  within = within or observation.client.timeout
  local till, came = waiting.till(within), {}
  local function reached()
    for _ = 1, #observation.waiting do
      table.insert(came, observations.take(observation, lunacoap.now()))
    end
    return is(observation.latest, wanted) or not observation.active
  end
  waiting.wait(till, reached)
  return is(observation.latest, wanted), tell(observation, "another state of " .. observation.uri,
    list_text { wanted }, within, came)
end

return M
