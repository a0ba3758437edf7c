-- DTLS filters (runtime/secure/dtls.c) joined by a network in virtual time.
--
--   local net = dtls_net.new()                        after_each: net:free()
--   local host = net:host("10.0.0.1", { idle_timeout = , ... })   options of probe.dtls.new()
--   local security = net:security{ engine = , ... }   as probe.dtls.security(), freed with the rest
--   net:run(seconds)     until then, or until nothing is left to come
--   net:inject(datagram, from, to)                    as if `from` had sent it, now
--
-- A host has `filter` (of the probe), `address`, and what happened: `ups` (sessions), `closed` (lists
-- of session, code, text, remote), `received` (lists of data, remote, session, local), `sent`
-- (datagrams), `refused`, `truncated`, `asked`, `status`, `log`. host.on.NAME(...) runs in an upcall,
-- after it was noted; without host.on.authenticate a peer is accepted at once.
-- net.wire(datagram, from, to) may return a list of { delay in ms, datagram } for each that arrives.

local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"
local enqueue = require "spec.support.enqueue"

local dtls, clock = probe.dtls, probe.clock

local Net = {}
Net.__index = Net

local M = {}

function M.new()
  return setmetatable({ hosts = {}, queue = {}, securities = {} }, Net)
end

function Net:security(options)
  local security = assert(dtls.security(options))
  self.securities[#self.securities + 1] = security
  return security
end

local NOTED = {
  up = "ups", closed = "closed", receive = "received", refused = "refused",
  truncated = "truncated", authenticate = "asked", status = "status", log = "log",
}

function Net:host(ip, options)
  local host = { address = coap.address(ip), net = self, sent = {}, on = {} }
  local functions = {}
  for name, list in pairs(NOTED) do
    host[list] = {}
    functions[name] = function(...)
      local entry = select("#", ...) == 1 and (...) or { ... }
      host[list][#host[list] + 1] = entry
      if host.on[name] then
        host.on[name](...)
      elseif name == "authenticate" then
        host.filter:decide(entry[1], true)
      end
    end
  end
  function functions.send(datagram, remote, from, session)
    assert(session == 0, "the transport below has seen a session")
    host.sent[#host.sent + 1] = datagram
    host.sent_from = from
    self:send(datagram, host.address, remote)
  end
  function functions.find_key(...)
    return host.on.find_key and host.on.find_key(...)
  end
  for name, value in pairs(options or {}) do
    functions[name] = value
  end
  host.filter = assert(dtls.new(functions))
  self.hosts[#self.hosts + 1] = host
  return host
end

function Net:host_at(address)
  for _, host in ipairs(self.hosts) do
    if host.address == address and not host.is_free then
      return host
    end
  end
end

function Net:send(datagram, from, to)
  local copies = self.wire and self.wire(datagram, from, to)
  for _, copy in ipairs(copies or { { 10, datagram } }) do
    enqueue(self.queue,
      { at = dtls.now() + copy[1] * 1000, datagram = copy[2], from = from, to = to })
  end
end

function Net:inject(datagram, from, to)
  to.filter:receive(datagram, from, to.address)
end

-- GnuTLS looks at the clock of the machine.
local function move_to(time)
  clock.advance(math.max(0, time - dtls.now()))
  dtls.turn(math.max(time, dtls.now()))
end

function Net:step(limit)
  local entry = self.queue[1]
  local timer = dtls.next() or math.maxinteger
  local at = math.min(timer, entry and entry.at or math.maxinteger)
  if at > limit then
    return false
  end
  move_to(at)
  if entry and entry.at <= at then
    table.remove(self.queue, 1)
    local host = self:host_at(entry.to)
    if host then
      host.filter:receive(entry.datagram, entry.from, host.address)
    end
  end
  return true
end

function Net:run(seconds)
  local limit = dtls.now() + math.floor(seconds * 1000000)
  while self:step(limit) do
  end
  move_to(limit)
end

function Net:free_host(host)
  host.is_free = true
  host.filter:free()
end

function Net:free()
  probe.base.fail_after()
  for _, host in ipairs(self.hosts) do
    self:free_host(host)
  end
  for _, security in ipairs(self.securities) do
    security:free()
  end
end

-- ---- Records for the fake engine ------------------------------------------------------------------

-- A record of epoch 0 (handshake) or 1 (data) with that body.
function M.record(epoch, body)
  return string.pack(">BI2I2I6s2", epoch == 0 and 22 or 23, 0xfefd, epoch, 0, body)
end

-- A ClientHello with that cookie; the random tells one from another.
function M.hello(random, cookie, sequence)
  local body = string.pack(">I2c32s1s1s2s1", 0xfefd, random .. ("r"):rep(32 - #random), "",
    cookie or "", "\xc0\xa8", "\0")
  local message = string.pack(">BI3I2I3I3", 1, #body, cookie and 1 or 0, 0, #body) .. body
  return string.pack(">BI2I2I6s2", 22, 0xfeff, 0, sequence or (cookie and 1 or 0), message)
end

-- The cookie in a HelloVerifyRequest.
function M.cookie(answer)
  return answer:sub(29)
end

return M
