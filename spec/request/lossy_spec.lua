-- Client and server, with all that the request layer does, over a wire that loses, doubles and reorders datagrams. Time
-- is virtual: a run takes an hour of it.
local probe = require "lunacoap.probe"
local asker = require "spec.support.asker"
local peer = require "spec.support.peer"

local CLIENT, SERVER = "192.0.2.1:50000", "192.0.2.9:5683"
local STEP, REQUESTS = 0.05, 60

---What a resource holds, and what is sent to it: longer than several blocks, and different for each.
local function body_of(path, mark)
  return (path .. mark):rep(60)
end


local Run = {}
Run.__index = Run

---wire: loss and double (0 to 1), delay (seconds, at most), seed; state_len: of the observed state, in 6 bytes
local function new_run(wire)
  probe.base.seed(wire.seed)
  local run = setmetatable({
    wire = wire, random = wire.seed, now = 0, air = {}, late = {}, ran = {}, state = 0,
    paths = {}, outcomes = {}, states = {},
  }, Run)
  run.client = assert(probe.request_client.new { block_size = 64, nstart = 4 })
  run.server = asker.new { block_size = 32 }
  run.server.answer = function(request) return run:answer(request) end
  return run
end

-- A sequence of its own, so that what the code under test draws changes nothing here.
function Run:roll()
  self.random = self.random * 6364136223846793005 + 1442695040888963407
  return (self.random >> 11) * 2.0 ^ -53
end

function Run:state_body(state)
  return ("%05d,"):format(state):rep(self.wire.state_len)
end

---GET gets a body, PUT and POST are answered at once or later, "/o" may be observed.
function Run:answer(request)
  local path
  for _, option in ipairs(request.list) do
    if option[1] == asker.PATH then path = option[2] end
  end
  self.ran[path] = (self.ran[path] or 0) + 1
  if path == "o" then return { body = self:state_body(self.state), observe = true } end
  if request.code == asker.GET then return { body = body_of(path, "-") } end
  assert.are.equal(body_of(path, "+"), request.payload)
  if self:roll() < 0.3 then
    table.insert(self.late, { number = request.number, path = path, at = self.now + 3 * self:roll() })
    return nil
  end
  return { code = "2.04", body = body_of(path, "=") }
end

function Run:ask(method, path, observe)
  local number = self.client:send { method = method, con = true, observe = observe and 1,
    options = peer.options { { peer.PATH, path } }, body = method ~= peer.GET and body_of(path, "+") or nil }
  self.paths[number] = path
end

function Run:carry(datagrams, to)
  for _, datagram in ipairs(datagrams) do
    for _ = 1, self:roll() < self.wire.double and 2 or 1 do
      if self:roll() >= self.wire.loss then
        table.insert(self.air, { at = self.now + self:roll() * self.wire.delay, data = datagram.data, to = to })
      end
    end
  end
end

function Run:deliver()
  local arrived, air = {}, {}
  for _, datagram in ipairs(self.air) do
    table.insert(datagram.at <= self.now and arrived or air, datagram)
  end
  self.air = air
  for _, datagram in ipairs(arrived) do
    if datagram.to == self.server then
      self.server:receive(datagram.data, CLIENT, SERVER)
    else
      self.client:receive(datagram.data)
    end
  end
end

function Run:answer_late()
  for i = #self.late, 1, -1 do
    local one = self.late[i]
    if one.at <= self.now then
      table.remove(self.late, i)
      self.server:respond(one.number, { code = "2.04", con = true, body = body_of(one.path, "=") })
    end
  end
end

function Run:change_state()
  self.state = self.state + 1
  self.server:notify("coap://192.0.2.9/o", { body = self:state_body(self.state), con = self:roll() < 0.5 })
end

function Run:listen()
  for _, event in ipairs(self.client:events()) do
    local path = self.paths[event.exchange]
    if event.kind == "complete" then
      assert.is_nil(self.outcomes[path], "told once")
      self.outcomes[path] = event.code
      if event.code == 0 then
        assert.are.equal(body_of(path, event.response.code == 0x45 and "-" or "="), event.response.payload)
      end
    elseif event.kind == "notification" and event.latest then
      local state = tonumber(event.response.payload:sub(1, 5))
      assert.are.equal(self:state_body(state), event.response.payload)
      assert.is_true(state >= (self.states[#self.states] or 0), "no state comes after a newer one")
      table.insert(self.states, state)
    end
  end
end

---changes: of the state that is observed, each second on average
function Run:advance(seconds, changes)
  local finish = self.now + seconds
  while self.now < finish do
    self.now = self.now + STEP
    self.client:advance(STEP)
    self.server.server:advance(STEP)
    self:carry(self.client:sent(), self.server)
    self:carry(self.server.server:sent(), self.client)
    self:deliver()
    self:answer_late()
    if self:roll() < (changes or 0) * STEP then self:change_state() end
    self:listen()
  end
end

function Run:close()
  self.client:close()
  self.server:close()
  probe.base.seed()
end

describe("a client and a server over a wire that loses, doubles and reorders", function()
  for _, wire in ipairs {
    { seed = 7641, loss = 0.05, double = 0.2, delay = 0.5, state_len = 20 },
    { seed = 7959, loss = 0.2, double = 0.2, delay = 3, state_len = 20 },
    { seed = 7252, loss = 0.3, double = 0.2, delay = 1, state_len = 20, hard = true },
  } do
    it(("(%.0f %% lost) finish every request, with whole bodies, and run no POST twice"):format(wire.loss * 100), function()
      local run = new_run(wire)
      for i = 1, REQUESTS do
        local method = ({ peer.GET, peer.PUT, peer.POST })[i % 3 + 1]
        run:ask(method, ("r%d"):format(i))
      end
      run:ask(peer.GET, "o", true)
      run:advance(1500, 0.2)
      run:change_state()
      run:advance(1500)
      local done, ended = 0, 0
      for i = 1, REQUESTS do
        local path = ("r%d"):format(i)
        ended = ended + (run.outcomes[path] and 1 or 0)
        done = done + (run.outcomes[path] == 0 and 1 or 0)
        if i % 3 + 1 == 3 then assert.is_true((run.ran[path] or 0) <= 1, path) end
      end
      assert.are.equal(REQUESTS, ended)
      assert.is_true(done >= REQUESTS * (wire.hard and 0.7 or 0.95), done)
      run:close()
    end)
  end

  it("brings an observer to the newest state, however many notifications are lost (RFC 7641 1.3)", function()
    local run = new_run { seed = 1, loss = 0.25, double = 0.2, delay = 2, state_len = 4 }
    run:ask(peer.GET, "o", true)
    run:advance(600, 2)
    run:change_state()
    run:advance(300)
    assert.are.equal(run.state, run.states[#run.states])
    assert.is_true(#run.states > 10 and run.state > 100)
    run:close()
  end)
end)
