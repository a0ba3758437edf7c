-- If-Match and If-None-Match (RFC 7252 5.10.8): whether a request is to be performed, by what the
-- get handler says of the present state.

local represent = require "lunacoap.server.represent"
local Request = require "lunacoap.server.request"
local Response = require "lunacoap.response"

local M = {}

-- Nil when nobody can tell: there is no get handler.
local function state_of(request, resource)
  local get = resource.handlers.GET
  if not get then
    return nil
  end
  return represent.response(Response.catch(get, Request.as_get(request)), "GET")
end

-- What cannot be shown, for whatever reason, is there all the same.
local function exists(state)
  return not state or state.code ~= "4.04"
end

local function matches(state, resource, wanted)
  if wanted[""] then
    return exists(state)
  elseif not state or state.code ~= "2.05" then
    return false
  end
  local etags = represent.etags(state, resource)
  for etag in pairs(wanted) do
    if etags[etag] then
      return true
    end
  end
  return false
end

---Whether the conditions of a request hold, if it has any.
---@param request lunacoap.Request
---@param resource lunacoap.Resource
---@return boolean
function M.hold(request, resource)
  local wanted, none = rawget(request, "if_match"), rawget(request, "if_none_match")
  if not (wanted or none) then
    return true
  end
  local state = state_of(request, resource)
  return not (none and exists(state)) and (not wanted or matches(state, resource, wanted))
end

return M
