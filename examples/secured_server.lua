-- Resources for some clients only: over DTLS with pre-shared keys, by the identity that the key
-- proves. Everyone with a key may read, one may write.
--   lunacoap examples/secured_server.lua [PORT]
local lunacoap = require "lunacoap"

local keys = { ["sensor-1"] = "correct horse", ["sensor-2"] = "battery staple" }

local server = lunacoap.server {
  LocalPort = tonumber(arg[1]) or 5684, SSLEnabled = true,
  OnPSKLookup = function(_, e) e.Key = keys[e.Identity] end,
}

local door = "closed"

server:resource("/door", {
  access = true, -- whoever has proven an identity
  get = function() return door end,
})

server:resource("/door/set", {
  access = { psk = "sensor-1" }, -- also: subject, issuer, fingerprint; or a function of the request
  post = function(req)
    door = req.payload
    print(("%s says: %s"):format(req.identity.psk, door))
  end,
})

server:start()
print("listening; try:  lunacoap get --psk-identity sensor-2 --psk-key 'battery staple' "
  .. server:uri("/door"))
