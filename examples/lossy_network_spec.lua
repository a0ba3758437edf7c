-- A sensor on a bad line, tested with busted in virtual time: minutes of losses take milliseconds,
-- and the same seed loses the same datagrams each time.
--   lunacoap test examples/lossy_network_spec.lua
local lunacoap = require "lunacoap"

-- A run that fails is found again by its seed; with another one the line loses other datagrams.
local SEED = tonumber(os.getenv "SEED") or 20

local function scenario(name, run)
  it(("%s (seed %d)"):format(name, SEED), function() lunacoap.virtual(SEED, run) end)
end

-- A component whose line has these faults.
local function on_line(faults, init)
  init = init or {}
  for name, value in pairs(lunacoap.faults(faults)) do
    init[name] = value
  end
  return lunacoap.CoAP(init)
end

-- The sensor; 192.0.2.7 is nobody's, so that what is sent while it is off gets lost.
local function sensor(faults)
  local device = { temperature = 20, firmware = "" }
  local init = lunacoap.faults(faults or {})
  init.LocalHost, init.LocalPort = "192.0.2.7", 5683
  device.server = lunacoap.server(init)
  device.resource = device.server:resource("/temperature", {
    observable = true,
    get = function()
      return lunacoap.response("2.05", tostring(device.temperature), { max_age = 20 })
    end,
  })
  device.server:resource("/firmware", {
    put = function(request) device.firmware = request.payload end,
  })

  function device.set(temperature)
    device.temperature = temperature
    device.resource:notify()
  end
  return device
end

local TEMPERATURE, FIRMWARE = "coap://192.0.2.7/temperature", "coap://192.0.2.7/firmware"

describe("on a lossy line", function()
  local device

  after_each(function() device.server:stop() end)

  scenario("an observer keeps up through 20 % loss and a blackout", function()
    local began = lunacoap.now()
    device = sensor { seed = SEED, sending = { loss = 0.2, blackout = { 120, 180 } } }
    device.server:start()
    local seen
    local client <close> = on_line({ seed = SEED + 1, sending = { loss = 0.2 } }, {
      Timeout = 0, -- nothing waits
      OnNotification = function(coap) seen = tonumber(coap.ResponseData) end,
      -- After 62 to 93 s without an answer the observation is over; a device begins again.
      OnRequestComplete = function(coap, e)
        if e.ErrorCode == 704 then
          coap:StartObserving(TEMPERATURE)
        end
      end,
    })
    client:StartObserving(TEMPERATURE)

    local late = 0
    for step = 1, 60 do -- ten minutes, a change every ten seconds
      device.set(20 + step)
      lunacoap.sleep(10)
      local at = lunacoap.now() - began
      if seen and (at < 120 or at > 240) then
        late = math.max(late, device.temperature - seen)
      end
    end
    assert.is_true(late <= 12, late .. " changes late")
    lunacoap.sleep(100) -- Max-Age of 20 s has passed: it asks for what it has missed
    assert.are.equal(device.temperature, seen)
  end)

  scenario("64 KiB of firmware survive 10 % loss each way", function()
    device = sensor { seed = SEED, sending = { loss = 0.1 } }
    device.server:start()
    local client <close> = on_line({ seed = SEED + 1, sending = { loss = 0.1 } }, { Timeout = 300 })
    local bytes = {}
    for i = 1, 65536 do
      bytes[i] = string.char(i * i % 251)
    end
    client.RequestDataB = table.concat(bytes)
    client:Put(FIRMWARE)
    assert.are.equal("2.04", client.ResponseCode)
    assert.are.equal(client.RequestDataB, device.firmware)
    local again = tonumber(client:Config("Statistics"):match("retransmissions=(%d+)"))
    assert.is_true(again > 0, "nothing was lost")
  end)

  -- RFC 7252 4.8.2: MAX_TRANSMIT_WAIT is 93 s; 62 s without the random factor.
  scenario("a server that is off gives 704 after 62 to 93 seconds", function()
    device = sensor()
    local client <close> = lunacoap.CoAP { Timeout = 300 }
    local began = lunacoap.now()
    local ok, err = pcall(client.Get, client, TEMPERATURE)
    local seconds = lunacoap.now() - began
    assert.is_false(ok)
    assert.are.equal(704, err.Code)
    assert.is_true(seconds >= 62 and seconds <= 93, seconds)
  end)

  scenario("a sensor that starts late misses the second retransmission too", function()
    device = sensor()
    local client <close> = on_line({ sending = { { "drop", retransmission = 2 } } },
      { Timeout = 300 })
    lunacoap.timer(5, nil, function() device.server:start() end)
    local began = lunacoap.now()
    client:Get(TEMPERATURE)
    local seconds = lunacoap.now() - began
    assert.are.equal("20", client.ResponseData)
    -- The first timeout is 2 to 3 s and doubles: sent after 0, 2, 6 and 14 s, or up to half later.
    assert.is_true(seconds >= 14 and seconds <= 21, seconds)
  end)
end)
