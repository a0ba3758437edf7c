-- A DTLS filter (runtime/secure/dtls.c) that serves with the fake engine, which does what datagrams
-- say (see spec/probe/fake_engine.h). The fields are those of the running test:
--
--   before_each(fake.start); after_each(fake.stop)
--   fake.net, fake.host, fake.security       see dtls_net.lua
--   fake.serve{ idle_timeout =, ... }        another host in its place, with these options
--   fake.get(epoch, body, [from])            a record comes
--   fake.begin(random, [from])               a client begins a handshake, its hello told by `random`
--   fake.open([random], [from])              the same to its end; returns the session
--   fake.turns()                             what is due now
--   fake.counts(), fake.data(), fake.last(list)

local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"
local dtls_net = require "spec.support.dtls_net"

local M = { CLIENT = coap.address("10.0.0.2"), OTHER = coap.address("10.0.0.3") }

function M.serve(options)
  if M.host then
    M.net:free_host(M.host)
  end
  M.host = M.net:host("10.0.0.1", options)
  M.host.filter:serve(M.security)
  return M.host
end

function M.start()
  M.net, M.host = dtls_net.new(), nil
  probe.dtls.fake_calls()
  M.security = M.net:security{ engine = "fake", server = true }
  M.serve()
end

function M.stop()
  M.net:free()
end

function M.get(epoch, body, from)
  M.host.filter:receive(dtls_net.record(epoch, body), from or M.CLIENT, M.host.address)
end

function M.turns()
  M.net:run(0.01)
end

-- The second hello of a client that begins a handshake.
function M.proven(random, from)
  M.host.filter:receive(dtls_net.hello(random), from or M.CLIENT, M.host.address)
  return dtls_net.hello(random, dtls_net.cookie(M.host.sent[#M.host.sent]))
end

function M.begin(random, from)
  M.host.filter:receive(M.proven(random, from), from or M.CLIENT, M.host.address)
  M.turns()
end

function M.open(random, from)
  M.begin(random or "a", from)
  M.get(0, "up", from)
  M.turns()
  return M.host.ups[#M.host.ups]
end

function M.counts()
  return { M.host.filter:count() }
end

-- The data that came, without addresses.
function M.data()
  local list = {}
  for i, entry in ipairs(M.host.received) do
    list[i] = entry[1]
  end
  return list
end

function M.last(list)
  return list[#list]
end

return M
