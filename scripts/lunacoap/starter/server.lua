-- A server that keeps what its clients send: measurements, to be read, added to and observed.
--
--   lunacoap server.lua [PORT]           PORT is 5683 unless it is given
--
-- While it runs, at another terminal:
--   lunacoap discover localhost
--   lunacoap post -i localhost/measurements 21.5
--   lunacoap get localhost/measurements
--   lunacoap observe localhost/measurements/latest
--
-- With `lunacoap --watch server.lua` a change of this file counts at once, and observers stay.

local lunacoap = require "lunacoap"

local KEPT = 100 -- the newest so many

-- Each { id =, value =, time = }. An empty table would be a map, {}, and not an array, [].
local measurements = lunacoap.json.array()
local last_id = 0

local server = lunacoap.server { LocalPort = tonumber(arg[1]) or 5683 }

local latest = server:resource("/measurements/latest", {
  title = "The newest value", rt = "measurement", observable = true,
  get = function()
    local newest = measurements[#measurements]
    return newest and newest.value -- nil is 4.04 Not Found
  end,
})

server:resource("/measurements", {
  title = "All that are kept", rt = "measurements",
  get = function() return measurements end, -- a table is JSON, or CBOR for who asks for that
  post = function(req)
    local value = tonumber(req.body) -- text, JSON and CBOR are decoded by their content-format
    if not value then
      error(lunacoap.response("4.00", "a measurement is a number"))
    end
    last_id = last_id + 1
    table.insert(measurements, { id = last_id, value = value, time = os.time() })
    if #measurements > KEPT then
      table.remove(measurements, 1)
    end
    latest:notify()
    return lunacoap.response("2.01", nil, { location = "/measurements/" .. last_id })
  end,
})

-- The part in braces is in req.params.
server:resource("/measurements/{id}", {
  rt = "measurement",
  get = function(req)
    for _, measurement in ipairs(measurements) do
      if tostring(measurement.id) == req.params.id then
        return measurement
      end
    end
  end,
  delete = function(req)
    for i, measurement in ipairs(measurements) do
      if tostring(measurement.id) == req.params.id then
        table.remove(measurements, i)
        return lunacoap.response("2.02")
      end
    end
    return lunacoap.response("4.04")
  end,
})

server:start()
print("listening; try:  lunacoap post " .. server:uri("/measurements") .. " 21.5")
