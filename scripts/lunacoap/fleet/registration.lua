-- Devices in a Resource Directory (RFC 9176): each is registered by its name as long as it lives,
-- with what it shows of its resources. Without a base, its address is that of its request, which
-- comes from the socket that it answers on.

local directory = require "lunacoap.directory"
local random = require "lunacoap.fleet.random"

---@class lunacoap.fleet.Directory: lunacoap.RegistrationFields
---@field [1] string The directory's URI.

local M = {}

-- What a device's registration is made with, beside what all of the fleet have alike.
local function fields_of(device)
  local fields = { ep = device.name, links = device, wait = false }
  for name, value in pairs(device.plan.directory) do
    if name ~= 1 then
      fields[name] = value
    end
  end
  local n = 0
  function fields.random()
    n = n + 1
    return random.number(random.key(device.key, "directory"), n)
  end
  function fields.on_trouble(_, message)
    device.fleet.counts:trouble(device, "Resource Directory: " .. message)
  end
  return fields
end

---Registers it, which goes on in the background until it is done, if the fleet has a directory.
---@param device lunacoap.Device
function M.begin(device)
  local wanted = device.plan.directory
  if wanted then
    device.registration = directory.register(device, wanted[1], fields_of(device))
  end
end

---The device forgets its registration: its power has failed.
---@param device lunacoap.Device
function M.forget(device)
  if device.registration then
    device.registration:stop()
    device.registration = nil
  end
end

---The device says goodbye to the directory.
---@param device lunacoap.Device
function M.remove(device)
  local registration = device.registration
  if registration and registration.registered then
    registration:remove()
  end
  M.forget(device)
end

return M
