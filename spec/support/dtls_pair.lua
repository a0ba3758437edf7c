-- A client and a server of a DTLS engine, joined by a wire in virtual time.
--
--   local pair = dtls_pair.new{ client = CONTEXT, server = CONTEXT, ... }
--   pair.client:start(); pair:run(10)
--   pair:connect()                                 the same; an error unless both are up
--
-- Options besides the contexts: mtu, server_name, saved (client), keys (server: identity -> key),
-- and for each side, in a table of its name (`client_does`, `server_does`):
--   decide   0 (the default) accepts at once, another number refuses with that alert, "later"
--            leaves it to pair:decide(side, alert)
--   up, data called with the end, in the upcall
--   wire     called with the pair, each datagram, its sender's name and its count there; returns a
--            list of { delay in ms, datagram }, or nil for what is usual: it arrives after 10 ms
--
-- An end (pair.client, pair.server) has:
--   session  of the probe; start, write ... go to it
--   is_up, closed = { reason, alert, text } | nil, asked = { what was shown, ... }
--   received, sent: lists of messages and of datagrams
--   deadline when it wants to be called

local probe = require "lunacoap.probe"
local enqueue = require "spec.support.enqueue"
local pki = require "spec.support.pki"

local engine = probe.engine

local M = {}

-- The time of the sessions; the clock that GnuTLS reads is moved on as far.
local now = 0
local function set_now(at)
  probe.clock.advance(math.max(at - now, 0))
  now = at
  engine.set_now(at)
end

-- ---- Credentials --------------------------------------------------------------------------------

local KINDS = { rsa = 1, ed25519 = 3 }

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

-- `own` of a context: certificate and key of that name in pki.lua, the chain from `file` if given.
function M.own(name, file)
  local key = run(("openssl pkcs8 -topk8 -nocrypt -outform DER -in '%s'"):format(
    pki.path(name .. ".key")))
  return {
    chain = pki.chain(file or name .. ".crt"), key = key, spki = pki.spki(name),
    kind = KINDS[name:match("%w+$")] or 2,
  }
end

-- An RSA certificate for key exchanges in which the client enciphers, which pki.lua makes none for.
function M.encipherment()
  local folder = pki.folder()
  run(([[cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -keyout encipherment.key \
    -out encipherment.crt -subj /CN=encipherment -days 3650 -addext keyUsage=keyEncipherment 2>&1 &&
    openssl pkey -in encipherment.key -pubout -out encipherment.pub]]):format(folder))
  local own = M.own("encipherment")
  own.kind = KINDS.rsa
  return own
end

-- ---- Records ------------------------------------------------------------------------------------

function M.record(type, epoch, sequence, body)
  return string.pack(">BI2I2I6s2", type, 0xfefd, epoch, sequence, body)
end

-- A handshake message in one record of epoch 0.
function M.handshake(type, message_sequence, sequence, body)
  return M.record(22, 0, sequence, string.pack(">BI3I2I3I3", type, #body, message_sequence, 0,
    #body) .. body)
end

-- The type of the record and, of a plain handshake message, its type too.
function M.kind(datagram)
  local type, _, epoch = string.unpack(">BI2I2", datagram)
  return type, type == 22 and epoch == 0 and datagram:byte(14) or nil
end

-- ---- The two ends -------------------------------------------------------------------------------

local End = {}
End.__index = End

for _, name in ipairs {
  "start", "input", "expire", "decide", "write", "max_data", "close", "info", "shown", "save", "park",
} do
  End[name] = function(self, ...) return self.session[name](self.session, ...) end
end

function End:do_or(name, default)
  return self.does[name] or default
end

local function new_end(pair, name, context, options)
  local self = setmetatable({
    name = name, does = options[name .. "_does"] or {}, received = {}, sent = {}, asked = {},
    held = {}, is_up = false, closed = false, deadline = false, is_asking = false,
  }, End)
  self.session = context:session{
    mtu = options.mtu,
    server_name = name == "client" and options.server_name or nil,
    saved = name == "client" and options.saved or nil,
    output = function(datagram)
      self.sent[#self.sent + 1] = datagram
      pair:send(self, datagram)
    end,
    deadline = function(at) self.deadline = at or false end,
    authenticate = function(shown)
      self.asked[#self.asked + 1] = shown
      self.is_asking = true
    end,
    find_key = function(identity) return (options.keys or {})[identity] end,
    up = function()
      self.is_up = true
      self:do_or("up", function() end)(self)
    end,
    data = function(data)
      self.received[#self.received + 1] = data
      self:do_or("data", function() end)(self, data)
    end,
    closed = function(reason, alert, text)
      assert(not self.closed, "closed twice")
      self.closed = { reason = reason, alert = alert, text = text }
    end,
  }
  return self.session and self
end

-- ---- The wire -----------------------------------------------------------------------------------

local Pair = {}
Pair.__index = Pair

function M.new(options)
  local self = setmetatable({ now = 0, queue = {}, wire = options.wire }, Pair)
  set_now(0)
  self.client = new_end(self, "client", options.client, options)
  self.server = new_end(self, "server", options.server, options)
  if not (self.client and self.server) then
    self:free()
    return nil
  end
  return self
end

function Pair:other(e)
  return e == self.client and self.server or self.client
end

-- Puts a datagram on the wire to an end, which gets it after `delay` ms.
function Pair:deliver(to, delay, datagram)
  enqueue(self.queue, { at = self.now + delay * 1000, to = to, datagram = datagram })
end

function Pair:send(from, datagram)
  local copies = self.wire and self.wire(self, datagram, from.name, #from.sent)
  for _, copy in ipairs(copies or { { 10, datagram } }) do
    self:deliver(self:other(from), copy[1], copy[2])
  end
end

-- What the front end does: keeps datagrams back while a decision is awaited.
function Pair:input(to, datagram)
  if to.closed then
    return
  elseif to.is_asking then
    to.held[#to.held + 1] = datagram
  else
    to.session:input(datagram)
    self:settle(to)
  end
end

-- Decides at once when nobody wants to do it later.
function Pair:settle(e)
  local answer = e:do_or("decide", 0)
  if e.is_asking and answer ~= "later" then
    self:decide(e, answer)
  end
end

function Pair:decide(e, alert)
  e.is_asking = false
  e.session:decide(alert)
  local held = e.held
  e.held = {}
  for _, datagram in ipairs(held) do
    self:input(e, datagram)
  end
end

function Pair:step(limit)
  local entry = self.queue[1]
  local due, e = entry and entry.at or math.maxinteger, nil
  for _, candidate in ipairs { self.client, self.server } do
    if candidate.deadline and candidate.deadline < due then
      due, e = candidate.deadline, candidate
    end
  end
  if due > limit then
    return false
  end
  self.now = math.max(self.now, due)
  set_now(self.now)
  if e then
    e.deadline = false
    e.session:expire()
    self:settle(e)
  else
    table.remove(self.queue, 1)
    self:input(entry.to, entry.datagram)
  end
  return true
end

-- Lets so many seconds pass; stops before that when nothing is left to come.
function Pair:run(seconds)
  local limit = self.now + math.floor(seconds * 1000000)
  while self:step(limit) do
  end
  self.now = limit
  set_now(limit)
end

function Pair:connect(seconds)
  self.client:start()
  self:run(seconds or 10)
  if not (self.client.is_up and self.server.is_up) then
    local why = self.client.closed or self.server.closed or { reason = "nothing" }
    error(("the handshake failed: %s %s %s"):format(why.reason, why.alert, why.text), 2)
  end
  return self
end

-- The last message that got through in each direction.
function Pair:exchange(text)
  assert(self.client:write(text .. " up"))
  self:run(1)
  assert(self.server:write(text .. " down"))
  self:run(1)
  return self.server.received[#self.server.received], self.client.received[#self.client.received]
end

function Pair:free()
  for _, name in ipairs { "client", "server" } do
    if self[name] then
      self[name].session:free()
    end
  end
end

return M
