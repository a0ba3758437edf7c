-- The requests of a registration one by one, and what their answers say: for whoever sends them by
-- other means.

local ask = require "lunacoap.directory.ask"
local failure = require "lunacoap.directory.failure"
local links = require "lunacoap.directory.links"
local parameters = require "lunacoap.directory.parameters"
local percent = require "lunacoap.percent"

local M = {}

local LINK_FORMAT = { format = 40 }

local WHOLE = { "ep", "d", "lt", "base", "et" }
local SIMPLE = { "ep", "d", "lt", "et" } -- RFC 9176 5.1: base is not accepted
local CHANGES = { "lt", "base", "et" }

local CHECKS = parameters.checks

---What a registration says.
---@class lunacoap.RegistrationFields
---@field ep? string The endpoint's name, at most 63 bytes; some directories know it already.
---@field d? string Its sector, at most 63 bytes.
---@field lt? integer Its lifetime in seconds, 1 to 4294967295; 90000 without it.
---@field base? string The URI that paths in `links` are of, such as coap://[2001:db8::1]:5683.
---@field et? string|string[] Its endpoint types.
---@field attributes? table<string, any> Any further ones.
---@field links? lunacoap.DirectoryLinks

---Checks of what a request says.
M.request_checks = {
  ep = CHECKS.ep, d = CHECKS.d, lt = CHECKS.lt, base = CHECKS.base, et = CHECKS.et,
  attributes = CHECKS.attributes, links = parameters.any,
}

---Checks of what an update may change.
M.change_checks = {
  lt = CHECKS.lt, base = CHECKS.base, et = CHECKS.et, attributes = CHECKS.attributes,
  links = parameters.any,
}

---The POST that registers (RFC 9176 section 5), of checked fields.
---@param resource string The URI of the directory's resource with rt=core.rd.
---@param fields lunacoap.RegistrationFields
---@return string uri
---@return string payload
---@return lunacoap.AskOptions options
function M.write(resource, fields)
  return parameters.with_query(resource, fields, WHOLE, fields.attributes),
    links.text(fields.links), LINK_FORMAT
end

---The POST that asks a directory to fetch the links itself (RFC 9176 5.1).
---@param resource string
---@param fields lunacoap.RegistrationFields
---@return string uri
function M.write_simple(resource, fields)
  return parameters.with_query(resource, fields, SIMPLE, fields.attributes)
end

---The POST that refreshes or changes a registration (RFC 9176 5.3.1); it has no payload.
---@param location string
---@param changes? lunacoap.RegistrationFields
---@return string uri
function M.write_update(location, changes)
  changes = changes or {}
  return parameters.with_query(location, changes, CHANGES, changes.attributes)
end

---What to POST to register, for who sends it by other means.
---@param resource string The URI of the directory's resource with rt=core.rd.
---@param fields lunacoap.RegistrationFields
---@return string uri
---@return string payload
---@return lunacoap.AskOptions options
function M.registration(resource, fields)
  return M.write(resource, parameters.check(fields, M.request_checks, "a registration"))
end

---What to POST, without a payload, to refresh a registration or to change it.
---@param location string
---@param changes? lunacoap.RegistrationFields lt, base, et and attributes.
---@return string uri
function M.update(location, changes)
  local checked = parameters.check(changes or {}, M.change_checks, "an update")
  if checked.links then
    -- RFC 9176 5.3.1: there is nothing yet by which an update could change them.
    failure.fail("an update has no links: register anew to change them")
  end
  return M.write_update(location, checked)
end

-- What has to stay encoded in the segments of a path (RFC 3986 3.3).
local NO_SEGMENT = "[^%w%-._~!$&'()*+,;=:@]"

---Where the registration is that an answer tells of. Raises when it tells of none.
---@param uri string What was POSTed to; its query does not matter.
---@param answer lunacoap.Answer
---@return string
function M.location(uri, answer)
  local resource = uri:match("^[^?]*")
  if not ask.is_success(answer) then
    failure.refuse("POST " .. resource, answer)
  end
  local segments = answer:values("Location-Path")
  if #segments == 0 then
    failure.fail("POST %s: %s %s without a Location-Path, so that there is nothing to refresh",
      resource, answer.code, answer.name)
  end
  for i, segment in ipairs(segments) do
    segments[i] = percent.encode(segment, NO_SEGMENT)
  end
  return uri:match("^%a+://[^/?]*") .. "/" .. table.concat(segments, "/")
end

return M
