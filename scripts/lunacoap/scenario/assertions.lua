-- The assertions of a scenario, as extensions of luassert:
--   assert.response(r).has_code("2.05").has_payload("21").has_no_option("Max-Age")
--   assert.notifications(observation).are({ "21", "22" }, 2)
-- luassert itself raises what fails, at the line of the spec.

local answers = require "lunacoap.scenario.answers"
local failure = require "lunacoap.scenario.failure"
local following = require "lunacoap.scenario.following"
local observations = require "lunacoap.scenario.observation"
local record = require "lunacoap.scenario.record"
local responses = require "lunacoap.scenario.response"

local M = {}

-- Under which name luassert's state keeps what the assertions are about.
local SUBJECT = "lunacoap_subject"

-- Its states make words of the keys that they are asked for, but for raw ones.
local function subject_of(state)
  return rawget(state, SUBJECT)
end

local function kind_of(value)
  return value == nil and "nil" or "a " .. type(value)
end

-- assert.response(r): what follows is about r.
local function add_subject(luassert, name, is, takes)
  luassert:register("modifier", name, function(state, arguments, level)
    if not arguments then -- a word in a chain, not called
      return
    elseif not is(arguments[1]) then
      error(("assert.%s takes %s, not %s"):format(name, takes, kind_of(arguments[1])),
        (level or 1) + 1)
    end
    rawset(state, SUBJECT, arguments[1])
  end)
end

-- A state for the next assertion of the chain: words such as "no" are over with this one.
local function next_state(luassert, subject, message)
  local state = luassert.state()
  rawset(state, SUBJECT, subject)
  rawset(state, "failure_message", message)
  return state
end

-- `check(subject, negated, ...)` returns whether it is so, and what to say when that is wrong.
local function add_assertion(luassert, name, is, about, check)
  luassert:register("assertion", name, function(state, arguments, level)
    local subject, negated = subject_of(state), not rawget(state, "mod")
    if not is(subject) then
      error(("the assertion '%s' needs %s before it"):format(name, about), (level or 1) + 1)
    end
    local ok, holds, text = pcall(check, subject, negated, table.unpack(arguments, 1, arguments.n))
    if not ok then
      error(type(holds) == "table" and holds.Message or tostring(holds), (level or 1) + 1)
    elseif holds == negated then
      local own = rawget(state, "failure_message") -- of assert.message(...)
      text = own == nil and text or ("%s\n%s"):format(failure.text(own), text)
      rawset(state, "failure_message", record.explain(text))
    end
    return holds, { next_state(luassert, subject, rawget(state, "failure_message")) }
  end)
end

---Registers the assertions.
---@param luassert table
function M.register(luassert)
  add_subject(luassert, "response", responses.is, "a response, as get and its like return it")
  for name, check in pairs(answers) do
    add_assertion(luassert, name, responses.is, "assert.response(r)", check)
  end
  add_subject(luassert, "notifications", observations.is, "an observation, as observe returns it")
  for name, check in pairs(following) do
    add_assertion(luassert, name, observations.is, "assert.notifications(observation)", check)
  end
end

return M
