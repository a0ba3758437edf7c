-- The way from a request to its response: the layers, what the resource itself has to say, and its
-- handler.

local conditions = require "lunacoap.server.conditions"
local formats = require "lunacoap.server.formats"
local represent = require "lunacoap.server.represent"
local Response = require "lunacoap.response"

-- RFC 7252 5.8: a method that no RFC knows, such as "0.08", is 4.05 even where there is nothing.
local function no_handler(resource, method)
  return Response.of((resource or method:find("^0")) and "4.05" or "4.04")
end

-- Observers were let in when they registered.
local function refused_access(request, resource)
  local of_server = request.server.check_access
  local of_resource = resource and resource.check_access
  if not (of_server or of_resource) or request.notifying then
    return nil
  end
  return of_server and of_server(request) or of_resource and of_resource(request)
end

-- What the resource does not do: a response, or nil. Raw, since most requests have none of these.
local function refused_options(request, resource)
  local number, accept = rawget(request, "format"), rawget(request, "accept")
  if number and not resource:takes(number) then
    return Response.of("4.15", "this takes " .. formats.names(resource.accepts))
  elseif accept and not resource:has(accept) then
    return Response.of("4.06", "this has " .. formats.names(resource.formats))
  elseif not conditions.hold(request, resource) then
    return Response.of("4.12")
  end
  return nil
end

local function handle(request)
  local resource = request.resource
  local handler = resource and resource.handlers[request.method]
  local refused = refused_access(request, resource)
    or not handler and no_handler(resource, request.method)
    or refused_options(request, resource)
  return refused or handler(request)
end

-- The response of the layers from the i-th on. A response that is raised is caught, so that each
-- layer sees it as a returned one; other errors are the component's: 5.00, and OnError is told.
local function run(request, i)
  local layer = request.server.layers[i]
  if not layer then
    return represent.settle(request, Response.catch(handle, request))
  end
  local result = Response.catch(layer, request, function() return run(request, i + 1) end)
  if result == nil then
    -- To take it for a value would turn a refusal from further inside into a success.
    error(("layer %d returned nothing: it has to return what its second argument, the function "
      .. "that goes on, returned, or a response of its own"):format(i), 0)
  end
  return represent.settle(request, result)
end

---The response to a request, settled.
---@param request lunacoap.Request
---@return lunacoap.Response
return function(request)
  return run(request, 1)
end
