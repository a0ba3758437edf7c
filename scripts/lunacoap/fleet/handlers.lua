-- The handlers of devices' components: the same functions for all, which find the device by its
-- component.

local client = require "lunacoap.fleet.client"
local serving = require "lunacoap.fleet.serving"
local tasks = require "lunacoap.fleet.tasks"

local M = { fields = {} }

local devices = {}

---The component is this device's from now on.
---@param device lunacoap.Device
function M.own(device)
  devices[device.coap] = device
end

---It is nobody's any more.
---@param device lunacoap.Device
function M.disown(device)
  devices[device.coap] = nil
end

local function answer(coap, e, registers)
  local device = devices[coap]
  tasks.handle(device)
  local ok, result = pcall(serving.answer, device, coap, e, registers)
  tasks.handle(nil)
  if ok then
    device.fleet.counts:served(result.code)
  elseif result ~= tasks.ENDED then
    error(result, 0)
  end
end

function M.fields.OnRequest(coap, e)
  answer(coap, e, false)
end

function M.fields.OnRegister(coap, e)
  answer(coap, e, true)
end

function M.fields.OnNotification(coap, e)
  client.notify(devices[coap], coap, e)
end

function M.fields.OnError(coap, e)
  local device = devices[coap]
  device.fleet.counts:trouble(device, e.Description)
end

return M
