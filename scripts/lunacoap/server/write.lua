-- A response that goes out becomes Response* of a component.

local percent = require "lunacoap.percent"

local MAX_AGE, LOCATION_PATH, LOCATION_QUERY = 14, 8, 20

local function add_location(options, location)
  local path, query = location:match("^([^?]*)%??(.*)$")
  for segment in path:gmatch("[^/]+") do
    options:Add { Number = LOCATION_PATH, Value = percent.decode(segment) }
  end
  for argument in query:gmatch("[^&]+") do
    options:Add { Number = LOCATION_QUERY, Value = percent.decode(argument) }
  end
end

---Sets Response* of a component, which are empty.
---@param coap lunacoap.CoAP
---@param response lunacoap.Response A settled one.
return function(coap, response)
  coap.ResponseCode = response.code
  if response.body then
    coap.ResponseDataB = response.body
  end
  if response.format then
    coap.ResponseContentFormat = response.format
  end
  if response.etag then
    coap.ResponseETagB = response.etag
  end
  if response.max_age then
    coap.ResponseOptions:Add { Number = MAX_AGE, Value = response.max_age }
  end
  if response.location then
    add_location(coap.ResponseOptions, response.location)
  end
  for _, option in ipairs(response.options or {}) do
    coap.ResponseOptions:Add(option)
  end
end
