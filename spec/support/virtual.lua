-- Virtual time for load tests: a clock that jumps from event to event, and clients whose requests are
-- answered when a function says so.
local load_test = require "lunacoap.load"
local enqueue = require "spec.support.enqueue"

local M = {}

local virtual = {}
virtual.__index = virtual

-- `answer(at, client)` gets the time at which a request is sent and its client, and returns the time
-- of the answer, and its code; or the time of a failure, nil, the error's number and text; or nil when
-- nothing comes. `cost`: seconds that a generator needs to send one.
function M.new(answer, cost)
  return setmetatable({ at = 100.0, events = {}, sent = {}, closed = 0, answer = answer,
    cost = cost or 0 }, virtual)
end

function virtual:later(at, run)
  enqueue(self.events, { at = at, run = run })
end

local function client_of(world, _, report)
  local client = { outstanding = 0, pending = {} }

  local function complete(request, ...)
    if client.pending[request] then
      client.pending[request] = nil
      client.outstanding = client.outstanding - 1
      report(client, request.began, ...)
    end
  end

  function client:send(began)
    if world.broken then
      error("nothing can be sent", 0)
    end
    world.at = world.at + world.cost
    table.insert(world.sent, world.at - 100)
    local request = { began = began }
    self.pending[request] = true
    self.outstanding = self.outstanding + 1
    local at, code, number, text = world.answer(world.at - 100, self)
    if at then
      world:later(at + 100, function() complete(request, code, number, text) end)
    end
  end

  function client:expire(before)
    for request in pairs(self.pending) do
      if request.began < before then
        world:later(world.at, function() complete(request, nil, 301, "timed out") end)
      end
    end
  end

  function client:add_statistics(sums)
    sums.sent = #world.sent
  end

  function client:close()
    world.closed = world.closed + 1
  end
  return client
end

-- Runs a load test to its end; `during(test)` may arrange for more. Returns its result.
function virtual:run(options, during)
  options.uri = options.uri or "coap://127.0.0.1/virtual"
  local result, problem
  local test = load_test.new(options, {
    now = function() return self.at end,
    sleep = coroutine.yield,
    cpu = function() return self.at / 2, self.at / 4 end,
    client = function(...) return client_of(self, ...) end,
  })
  local task = coroutine.create(function()
    local ok, outcome = pcall(test.run, test)
    if ok then
      result = outcome
    else
      problem = outcome
    end
  end)
  local function resume()
    local ok, seconds = assert(coroutine.resume(task))
    if ok and seconds then
      self:later(self.at + seconds, resume)
    end
  end
  if during then
    during(test)
  end
  resume()
  while coroutine.status(task) ~= "dead" do
    local event = table.remove(self.events, 1)
    assert(event.at < 10000, "the load test does not end")
    self.at = math.max(self.at, event.at)
    event.run()
  end
  return result or error(problem, 0)
end

-- A server that works on one request after the other, each for `service` seconds, and does nothing
-- from `stall` on for `stalled` seconds.
function M.queue(service, stall, stalled)
  local free = 0
  return function(at)
    local begins = math.max(at, free)
    if stall and begins >= stall and begins < stall + stalled then
      begins = stall + stalled
    end
    free = begins + service
    return free, "2.05"
  end
end

return M
