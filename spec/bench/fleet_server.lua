-- The server of spec/bench/fleet.lua: takes reports, and reads each device after its report.
local lunacoap = require "lunacoap"

local coap = lunacoap.CoAP { LocalHost = "127.0.0.1", BothRoles = true, Timeout = 0 }

local function read(host, port)
  coap.RequestData = ""
  coap:Get(("coap://%s:%d/temperature"):format(host, port))
end

coap.OnRequest = function(self, e)
  self.ResponseCode = "2.04"
  lunacoap.spawn(read, e.RemoteHost, e.RemotePort)
end

coap:StartListening()
print(("ready coap://127.0.0.1:%d"):format(coap.LocalPort))
io.stdout:flush()
