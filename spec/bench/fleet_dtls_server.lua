-- The server of spec/bench/fleet_dtls.lua: takes reports, and reads each device after its report,
-- in the session that the device has begun.
local lunacoap = require "lunacoap"

local coap = lunacoap.CoAP { LocalHost = "127.0.0.1", BothRoles = true, Timeout = 0,
  SSLEnabled = true }

-- The keys of spec/bench/fleet_dtls.lua: the device's number in 16 bytes.
function coap.OnPSKLookup(_, e)
  e.Key = (">I8I8"):pack(0, tonumber(e.Identity:match("%d+$")))
end

local function read(host, port)
  coap.RequestData = ""
  coap:Get(("coaps://%s:%d/temperature"):format(host, port))
end

coap.OnRequest = function(self, e)
  self.ResponseCode = "2.04"
  lunacoap.spawn(read, e.RemoteHost, e.RemotePort)
end

coap:StartListening()
print(("ready coaps://127.0.0.1:%d"):format(coap.LocalPort))
io.stdout:flush()
