-- What a device is doing.

local lunacoap = require "lunacoap"

local M = {}

---All phases, in the order in which reports show them.
M.names = { "up", "asleep", "offline", "starting", "rebooting", "waiting", "stopped", "failed" }

local ALIVE = { starting = true, up = true, asleep = true, offline = true }

---Whether a device has power.
---@param device lunacoap.Device
---@return boolean
function M.is_alive(device)
  return ALIVE[device.phase] == true
end

---@param device lunacoap.Device
---@param phase string
function M.enter(device, phase)
  device.fleet.counts:move(device.phase, phase)
  device.phase = phase
end

---Waits as long as the device is asleep.
---@param device lunacoap.Device
function M.wait_while_asleep(device)
  while device.phase == "asleep" do
    lunacoap.sleep(math.max(0.001, device.wakes_at - lunacoap.now()))
  end
end

return M
