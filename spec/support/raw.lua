-- Raw UDP sockets beside live components: a spec writes each datagram by hand and reads what comes
-- back, while the components work on lunacoap's own loop.
local lunacoap = require "lunacoap"
local probe = require "lunacoap.probe"
local sockets = require "spec.support.sockets"

local raw = { CON = 0, NON = 1, ACK = 2, RST = 3 }

raw.OBSERVE, raw.PATH, raw.BLOCK2, raw.BLOCK1, raw.SIZE1 = 6, 11, 23, 27, 60
raw.start, raw.stop, raw.open = sockets.start, sockets.stop, sockets.open

-- "2.05" -> 0x45
local function code_of(text)
  local class, detail = text:match("^(%d)%.(%d%d)$")
  return tonumber(class) << 5 | tonumber(detail)
end

-- A number as the value of an option: big-endian, no leading zeroes (RFC 7252 3.2).
function raw.uint(number)
  local text = ""
  while number > 0 do
    text, number = string.char(number & 255) .. text, number >> 8
  end
  return text
end

-- The value of a block option (RFC 7959 2.2).
function raw.block(num, more, szx)
  return raw.uint(num << 4 | (more and 8 or 0) | szx)
end

-- A datagram: type, code as text, id, token, options as { { number, value }, ... }, payload.
function raw.datagram(message)
  return probe.wire.encode {
    type = message.type or raw.CON, code = code_of(message.code), id = message.id or 0,
    token = message.token or "", options = message.options or {}, payload = message.payload,
  }
end

-- Taken apart, with `text` as the code reads and `option[number]` as the last value of each.
function raw.parse(data)
  local message = assert(probe.wire.parse(data))
  message.text = ("%d.%02d"):format(message.code >> 5, message.code & 31)
  message.option = {}
  for _, pair in ipairs(message.options) do
    message.option[pair[1]] = pair[2]
  end
  return message
end

-- Lets both loops run until `done()` holds; false when that does not happen within `limit` seconds.
function raw.wait(done, limit)
  local till = lunacoap.now() + (limit or 3)
  repeat
    sockets.loop:turn(0)
    if done() then
      return true
    end
    lunacoap.sleep(0.001)
  until lunacoap.now() > till
  return false
end

-- Lets both loops run for some seconds.
function raw.run(seconds)
  raw.wait(function() return false end, seconds)
end

-- Sends a message, or a datagram as it is.
function raw.send(socket, host, port, message)
  local data = type(message) == "string" and message or raw.datagram(message)
  assert(socket.udp:send(data, host, port), "no room to send")
  sockets.loop:flush()
end

-- Sends a message and returns the next one that comes back, taken apart; nil when none does.
function raw.ask(socket, host, port, message, limit)
  local seen = #socket.got
  raw.send(socket, host, port, message)
  raw.wait(function() return #socket.got > seen end, limit or 1)
  local answer = socket.got[seen + 1]
  return answer and raw.parse(answer.data)
end

-- Seeded numbers, the same in each run: dice(n) is 1 to n.
function raw.dice(seed)
  local state = seed
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end

-- The datagram with a few of its bytes changed, taken out, put in, or repeated.
function raw.mutate(data, dice)
  for _ = 1, dice(4) do
    local at, kind = dice(#data + 1), dice(5)
    local before, after = data:sub(1, at - 1), data:sub(at + 1)
    if kind == 1 then
      data = before .. string.char(dice(256) - 1) .. after
    elseif kind == 2 then
      data = before .. after
    elseif kind == 3 then
      data = before .. string.char(dice(256) - 1) .. data:sub(at)
    elseif kind == 4 then
      data = before .. string.char((data:byte(at) or 0) ~ 1 << dice(8) - 1) .. after
    else
      data = data .. data:sub(at)
    end
    data = data:sub(1, 1200)
  end
  return data
end

return raw
