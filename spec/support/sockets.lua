-- Sockets on loopback for the specs of net: a loop for each test, sockets that collect what they
-- get, and turns until something has happened.
--   local sockets = require("spec.support.sockets")
--   before_each(sockets.start)
--   after_each(sockets.stop)
local net = require("lunacoap.probe").net

local sockets = {}
local opened

function sockets.start()
  sockets.loop, opened = net.loop(), {}
end

function sockets.stop()
  for _, socket in ipairs(opened) do
    socket.udp:close()
  end
  sockets.loop:free()
end

-- Opens a socket with the probe's options. Its lists `got`, `refused` and `truncated` fill unless
-- the options bring functions of these purposes.
function sockets.open(options)
  local socket = { got = {}, refused = {}, truncated = {} }
  options = options or {}
  options.host = options.host or "127.0.0.1"
  options.receive = options.receive or function(data, host, port, to)
    socket.got[#socket.got + 1] = { data = data, host = host, port = port, to = to }
  end
  options.refused = options.refused or function(data, host, port, _, _, number)
    socket.refused[#socket.refused + 1] =
      { data = data, host = host, port = port, number = number }
  end
  options.truncated = options.truncated or function(data)
    socket.truncated[#socket.truncated + 1] = data
  end
  local code, text
  socket.udp, code, text = sockets.loop:open(options)
  if not socket.udp then
    return nil, code, text
  end
  socket.host, socket.port = socket.udp:bound()
  opened[#opened + 1] = socket
  return socket
end

-- A socket that sends back what it gets, from the address that it was sent to.
function sockets.open_echo(options)
  local echo
  options = options or {}
  options.receive = function(data, host, port, to)
    echo.udp:send(data, host, port, to)
  end
  echo = sockets.open(options)
  return echo
end

-- Where nobody listens.
function sockets.closed_port(host)
  local socket = sockets.open({ host = host })
  socket.udp:close()
  return socket.port
end

-- Turns until `done()`: a second at most, since loopback delivers at once.
function sockets.turn_until(done)
  for _ = 1, 100 do
    if done() then
      return
    end
    sockets.loop:turn(0.01)
  end
  error("it does not happen", 2)
end

-- Turns until the socket has got `count` datagrams, and checks that no more come.
function sockets.expect(socket, count)
  sockets.turn_until(function() return #socket.got >= count end)
  sockets.loop:turn(0)
  assert(#socket.got == count, ("got %d datagrams, not %d"):format(#socket.got, count))
end

function sockets.payloads(socket)
  local list = {}
  for i, datagram in ipairs(socket.got) do
    list[i] = datagram.data
  end
  return list
end

-- { "from", ..., "to" }
function sockets.numbers(from, to)
  local list = {}
  for i = from, to do
    list[#list + 1] = tostring(i)
  end
  return list
end

return sockets
