-- The same greeting as server.lua's as a resource of lunacoap.server, with all that this does for it.
--   lunacoap spec/bench/resources.lua PORT
local lunacoap = require "lunacoap"

local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = tonumber(arg[1]) }
server:resource("/hello", { get = function() return "hello" end })
server:start()
