-- What a device is doing.

local lunacoap = require "lunacoap"

local M = {}

---All phases, in the order in which reports show them.
M.names = { "up", "asleep", "offline", "starting", "rebooting", "waiting", "stopped", "failed" }

---@param device lunacoap.Device
---@param phase string
function M.enter(device, phase)
  device.fleet.counts:move(device.phase, phase)
  device.phase = phase
end

---Whether a device has no radio.
---@param device lunacoap.Device
---@param is_offline boolean
function M.set_offline(device, is_offline)
  device.coap:Config(is_offline and "Offline=True" or "Offline=False")
end

---Enters the phase of a device with power: it follows from its start and from what has befallen it.
---@param device lunacoap.Device
function M.settle(device)
  local phase = device.wakes_at and "asleep" or device.online_at and "offline"
    or device.up_at and "up" or "starting"
  M.set_offline(device, phase == "asleep" or phase == "offline")
  if phase ~= device.phase then
    M.enter(device, phase)
  end
end

-- What waits for a device to wake up goes on a little later, always in the same order as what it
-- does then.
local LATER = 0.001

---Waits as long as the device is asleep.
---@param device lunacoap.Device
function M.wait_while_asleep(device)
  while device.wakes_at do
    lunacoap.sleep(math.max(0, device.wakes_at - lunacoap.now()) + LATER)
  end
end

return M
