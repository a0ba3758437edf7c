-- What devices answer: their resources, as lunacoap.server has them, made once for a fleet. A
-- handler gets the device first: where a server's request has its server, these have the device.

local answer = require "lunacoap.server.answer"
local discovery = require "lunacoap.server.discovery"
local lunacoap = require "lunacoap"
local mistake = require "lunacoap.fleet.mistake"
local random = require "lunacoap.fleet.random"
local tasks = require "lunacoap.fleet.tasks"
local Resource = require "lunacoap.server.resource"
local Router = require "lunacoap.server.router"

---@alias lunacoap.DeviceHandler fun(device: lunacoap.Device, request: lunacoap.Request): any

---@class lunacoap.DeviceResource: lunacoap.ResourceInit As lunacoap.server's, but for these:
---@field get? lunacoap.DeviceHandler|string A string is the name of a sensor, whose value it gives.
---@field put? lunacoap.DeviceHandler
---@field post? lunacoap.DeviceHandler
---@field delete? lunacoap.DeviceHandler
---@field fetch? lunacoap.DeviceHandler
---@field patch? lunacoap.DeviceHandler
---@field ipatch? lunacoap.DeviceHandler
---@field if? string Interface description, written ["if"]; the same as `interface`.
---@field ct? integer|string|(integer|string)[] Content-Formats; the same as `formats`.

local METHODS = { "get", "put", "post", "delete", "fetch", "patch", "ipatch" }

local M = {}

-- The level of errors without a place: a device's table says what it is about.
local NOWHERE = -10

local function sensor_handler(plan, path, name)
  if not plan.sensors[name] then
    error(("the device's '%s' has no sensor '%s' to get"):format(path, name), 0)
  end
  return function(device) return device:read(name) end
end

-- Handlers that are functions of the device and the request become functions of the request.
local function bind(plan, path, fields)
  for _, method in ipairs(METHODS) do
    local handler = fields[method]
    if type(handler) == "string" and method == "get" then
      handler = sensor_handler(plan, path, handler)
    end
    if type(handler) == "function" then
      fields[method] = function(request) return handler(request.server, request) end
    end
  end
end

local function resource_init(plan, path, init)
  if type(init) ~= "table" then
    error(("the device's '%s' takes a table with its handlers"):format(tostring(path)), 0)
  end
  local fields = {}
  for name, value in pairs(init) do
    fields[name] = value
  end
  fields.interface = fields.interface or fields["if"]
  fields["if"] = nil
  if fields.ct ~= nil then
    fields.formats = type(fields.ct) == "table" and fields.ct or { fields.ct }
    fields.ct = nil
  end
  bind(plan, path, fields)
  return fields
end

-- ---- Answers that are slow or wrong -------------------------------------------------------------

-- A layer that lets some answers come late.
local function slow(wanted)
  return function(request, go_on)
    local device = request.server
    local key = random.key(device.key, "slow")
    local n = 2 * device.answers
    if not request.notifying and random.number(key, n) < wanted.rate then
      lunacoap.sleep(random.between(key, n + 1, wanted.by[1], wanted.by[2]))
      tasks.check(device) -- its power may have failed
    end
    return go_on()
  end
end

-- A layer that gives some others.
local function wrong(wanted)
  return function(request, go_on)
    local device = request.server
    local key = random.key(device.key, "wrong")
    if request.notifying or random.number(key, device.answers) >= wanted.rate then
      return go_on()
    elseif type(wanted.code) == "function" then
      return wanted.code(device, request)
    end
    return lunacoap.response(wanted.code)
  end
end

-- ---- Of a fleet ---------------------------------------------------------------------------------

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

---Gives the class of a fleet's devices what lunacoap.server/answer.lua looks for in a server.
---@param class table
---@param plan lunacoap.fleet.Plan
function M.prepare(class, plan)
  class.router, class.resources, class.layers = Router.new(), {}, {}
  class.check_access = false
  function class.resource(_, path, init)
    local resource = Resource.new(class, path, init, NOWHERE)
    if not class.router:add(resource.parts, resource) then
      error(("the device has two resources for '%s'"):format(path), 0)
    end
    table.insert(class.resources, resource)
  end
  discovery.add(class)
  for _, path in ipairs(sorted_keys(plan.resources)) do
    local init = resource_init(plan, path, plan.resources[path])
    local ok, err = pcall(class.resource, class, path, init)
    if not ok then
      error(("the device's resource '%s': %s"):format(tostring(path), err), 0)
    end
  end
  if plan.slow then
    table.insert(class.layers, slow(plan.slow))
  end
  if plan.wrong then
    table.insert(class.layers, wrong(plan.wrong))
  end
end

---The resource of a path.
---@param class table
---@param path string
---@return lunacoap.Resource
function M.find(class, path)
  local resource = type(path) == "string" and class.router:match(Router.normal(path))
  return resource or mistake.raise("the device has no resource '%s'", tostring(path))
end

---What a device's component calls for a request.
---@param device lunacoap.Device
---@param coap lunacoap.CoAP
---@param e table
---@param registers boolean Whether it is one to observe.
---@return lunacoap.Response
function M.answer(device, coap, e, registers)
  device.answers = device.answers + 1
  return (registers and answer.register or answer.request)(device, coap, e)
end

return M
