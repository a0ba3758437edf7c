-- From an event of a component to Response*, which go out when its handler returns. What answers is
-- a server, or another table with its fields coap, router, layers, check_access and running, such
-- as a simulated device.

local lunacoap = require "lunacoap"
local Request = require "lunacoap.server.request"
local respond = require "lunacoap.server.respond"
local Response = require "lunacoap.response"
local write = require "lunacoap.server.write"

local NAMES = lunacoap.MethodName

local M = {}

local function answer(server, coap, e, method, observing)
  local request = Request.received(server, coap, e, method, observing)
  local response = respond(request)
  write(coap, response)
  return request, response
end

---For OnRequest.
---@param server lunacoap.Server
---@param coap lunacoap.CoAP
---@param e table
---@return lunacoap.Response
function M.request(server, coap, e)
  local _, response = answer(server, coap, e, NAMES[e.Method] or ("0.%02d"):format(e.Method), false)
  return response
end

---For OnRegister.
---@param server lunacoap.Server
---@param coap lunacoap.CoAP
---@param e table
---@return lunacoap.Response
function M.register(server, coap, e)
  local request, response = answer(server, coap, e, "GET", true)
  local resource = request.resource
  e.Accept = Response.is_success(response) and resource ~= nil and resource.observable == true
  return response
end

return M
