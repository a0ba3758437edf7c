-- The words of a test: requests that wait for their answers, observations, patience, and what is
-- cleaned up when a scenario is over. `lunacoap test` makes them globals of specs.

local assertions = require "lunacoap.scenario.assertions"
local clients = require "lunacoap.scenario.client"
local failure = require "lunacoap.scenario.failure"
local lunacoap = require "lunacoap"
local observations = require "lunacoap.scenario.observation"
local record = require "lunacoap.scenario.record"
local waiting = require "lunacoap.scenario.waiting"

---@alias lunacoap.Ask fun(uri: string, options?: lunacoap.AskOptions): lunacoap.Answer
---@alias lunacoap.Send
---| fun(uri: string, payload?: any, options?: lunacoap.AskOptions): lunacoap.Answer

---@class lunacoap.scenario
---@field words table<string, function> All that specs have as globals.
---@field get lunacoap.Ask
---@field delete lunacoap.Ask
---@field put lunacoap.Send
---@field post lunacoap.Send
---@field fetch lunacoap.Send
---@field patch lunacoap.Send
---@field ipatch lunacoap.Send
---@field observe fun(uri: string, options?: lunacoap.AskOptions): lunacoap.Observation
---@field sleep fun(seconds: number)
local M = { words = {} }

-- The scenario's own client, made when it is needed; all clients; what else is to be ended.
local own, settings, all, endings = nil, nil, {}, {}

local function new_client(fields)
  local client = clients.new(fields)
  table.insert(all, client)
  return client
end

local function own_client()
  own = own or new_client(settings)
  return own
end

-- ---- Words --------------------------------------------------------------------------------------

for name, action in pairs(clients.actions) do
  M.words[name] = failure.word(function(...)
    return action(own_client(), ...)
  end)
end

M.words.sleep = lunacoap.sleep

local function check_seconds(word, within)
  if not failure.is_seconds(within) then
    failure.misuse("%s takes a number of seconds first", word)
  end
end

---Tries f again until it does not raise, and what it returns, if anything, is neither nil nor
---false; then returns that.
---Words in f give up when the time is over.
---@param within number Seconds.
---@param f fun(): any
---@return any
M.words.eventually = failure.word(function(within, f)
  check_seconds("eventually", within)
  if type(f) ~= "function" then
    failure.misuse("eventually takes a function second, not %s", type(f) == "nil" and "nil"
      or "a " .. type(f))
  end
  local results, raised, tries = waiting.try_again(within, f)
  if results then
    return table.unpack(results, 2, results.n)
  end
  failure.fail("not so within %g s, in %d %s\nat last: %s", within, tries,
    tries == 1 and "try" or "tries", failure.text(raised))
end)

-- What a raw endpoint receives. That something could not be delivered is no message.
local function check_endpoint(endpoint, within)
  local till = waiting.till(within)
  local bytes, host, port
  repeat
    bytes, host, port = endpoint:receive(math.max(till - lunacoap.now(), 0))
  until bytes or not host
  if bytes then
    failure.fail("a message came from %s, port %d\nexpected: none within %g s\ncame:     %s", host,
      port, within, lunacoap.message.describe(bytes))
  end
end

local function observations_of_all()
  local list = {}
  for _, client in ipairs(all) do
    table.move(client.observed, 1, #client.observed, #list + 1, list)
  end
  return list
end

---Fails when something comes: a notification of an observation, or a message at a raw endpoint
---(lunacoap.endpoint). Without either, a notification of any observation of the scenario.
---@param within number Seconds.
---@param what? lunacoap.Observation|lunacoap.Endpoint
M.words.nothing_arrives = failure.word(function(within, what)
  check_seconds("nothing_arrives", within)
  if type(what) == "userdata" then
    return check_endpoint(what, within)
  elseif what ~= nil and not observations.is(what) then
    failure.misuse("nothing_arrives takes an observation, or a raw endpoint, second")
  end
  observations.expect_none(what and { what } or observations_of_all(), within)
end)

for name, word in pairs(M.words) do
  M[name] = word
end

-- The assertions are there as soon as luassert is: busted loads it before the first spec.
local extended

local function extend()
  local luassert = package.loaded.luassert
  if luassert and luassert ~= extended then
    assertions.register(luassert)
    extended = luassert
  end
end

extend()

-- ---- Scenarios ----------------------------------------------------------------------------------

---A client with settings of its own, such as { Timeout = 5, PSKIdentity = "me", PSKKey = "0102" };
---it has the same words: client:get(uri).
---@param fields? lunacoap.CoAPInit
---@return lunacoap.TestClient
M.client = failure.word(new_client)

---Settings for the client behind get, put ... until the scenario is over.
---@param fields lunacoap.CoAPInit
M.configure = failure.word(function(fields)
  if own then
    failure.misuse("the scenario has sent requests already: configure it before that")
  end
  settings = fields
end)

---Has something done when the scenario is over, such as the end of a server; the last comes first.
---@param f fun()
function M.at_end(f)
  table.insert(endings, f)
end

---Ends all clients and observations, and what at_end() was given. Raises the first error of those,
---after all were called.
function M.reset()
  for _, client in ipairs(all) do
    client:close()
  end
  own, settings, all = nil, nil, {}
  local trouble
  while endings[1] do
    local ok, raised = pcall(table.remove(endings))
    trouble = trouble or not ok and raised
  end
  if trouble then
    error(trouble, 0)
  end
end

---Begins a scenario: the ladder of a failure shows what goes from now on. The first client begins
---one, too, so that it is no matter whether this comes before or after what a spec prepares.
function M.begin()
  extend()
  record.begin()
end

---Ends it.
---@param failed? boolean
---@return string? ladder What went since it began, if it has failed.
function M.finish(failed)
  local ladder = failed and record.ladder() or nil
  record.finish()
  M.reset()
  return ladder
end

---What went over the network since the scenario began, as a ladder; see lunacoap.ladder.
---@param options? lunacoap.LadderOptions
---@return string
function M.ladder(options)
  return record.ladder(options)
end

return M
