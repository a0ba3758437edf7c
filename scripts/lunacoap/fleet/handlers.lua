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

-- What a mistake of a handler is answered with: nothing of it goes out.
local function answer_mistake(device, coap, err)
  tasks.tell(device, err)
  coap.ResponseCode, coap.ResponseDataB, coap.ResponseContentFormat = "5.00", "", -1
  coap.ResponseETagB, coap.ResponseOptions = "", {}
  return coap.ResponseCode
end

local function answer(coap, e, registers)
  local device = devices[coap]
  local life = device.life
  local _ <close> = tasks.enter(device, true)
  local ok, result = pcall(serving.answer, device, coap, e, registers)
  if device.life == life then -- else its power failed meanwhile, and nothing goes out
    device.fleet.counts:served(ok and result.code or answer_mistake(device, coap, result))
  end
end

function M.fields.OnRequest(coap, e)
  answer(coap, e, false)
end

function M.fields.OnRegister(coap, e)
  answer(coap, e, true)
end

function M.fields.OnNotification(coap, e)
  local device = devices[coap]
  local _ <close> = tasks.enter(device)
  client.notify(device, coap, e)
end

function M.fields.OnError(coap, e)
  local device = devices[coap]
  if device then
    device.fleet.counts:trouble(device, e.Description)
  end
end

return M
