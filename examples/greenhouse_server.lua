-- A greenhouse as a CoAP server: rooms with a temperature that clients observe and a set point that
-- they change. Codes, formats, ETags and /.well-known/core come from lunacoap.server.
--   lunacoap examples/greenhouse_server.lua [PORT]
local lunacoap = require "lunacoap"

local rooms = {
  orchids = { temperature = 24.0, target = 26 },
  tomatoes = { temperature = 19.0, target = 21 },
}

local server = lunacoap.server { LocalPort = tonumber(arg[1]) or 5683 }

local function paths_of(what)
  return function()
    return { "/rooms/orchids/" .. what, "/rooms/tomatoes/" .. what }
  end
end

-- A handler returns a value; nil is 4.04 Not Found. Clients choose between text, JSON and CBOR.
local temperature = server:resource("/rooms/{room}/temperature", {
  rt = "temperature", observable = true, max_age = 5, paths = paths_of "temperature",
  get = function(req)
    local room = rooms[req.params.room]
    return room and room.temperature
  end,
})

server:resource("/rooms/{room}/target", {
  rt = "set-point", paths = paths_of "target",
  get = function(req)
    local room = rooms[req.params.room]
    return room and room.target
  end,
  put = function(req)
    local room = rooms[req.params.room] or error(lunacoap.response("4.04"))
    local target = tonumber(req.body)
    if not target or target < 5 or target > 40 then
      error(lunacoap.response("4.00", "a target is a number from 5 to 40"))
    end
    room.target = target
  end,
})

-- A table is JSON unless the client asks for CBOR.
server:resource("/rooms", { get = function() return rooms end })

server:start()

lunacoap.timer(1, 1, function()
  for name, room in pairs(rooms) do
    if room.temperature ~= room.target then
      room.temperature = room.temperature + (room.temperature < room.target and 0.5 or -0.5)
      temperature:notify { room = name }
    end
  end
end)
print("listening; try:  lunacoap observe " .. server:uri("/rooms/orchids/temperature"))
