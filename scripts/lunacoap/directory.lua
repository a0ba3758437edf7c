-- lunacoap.directory: registration with a CoRE Resource Directory (RFC 9176), and lookups in it.

local ask = require "lunacoap.directory.ask"
local discovery = require "lunacoap.directory.discovery"
local failure = require "lunacoap.directory.failure"
local lunacoap = require "lunacoap"
local parameters = require "lunacoap.directory.parameters"
local registrations = require "lunacoap.directory.registration"
local steps = require "lunacoap.directory.steps"

---@class lunacoap.directory
local M = {}

---Registers with a directory, and keeps the registration until stop() or remove(). Raises when that
---fails; with `wait = false` it returns at once.
---@param client lunacoap.CoAP|lunacoap.DirectoryClient What sends: a component, a client, a device.
---@param directory string The directory's URI; one with a path is the resource to register with.
---@param init lunacoap.RegistrationInit
---@return lunacoap.Registration
M.register = failure.public(registrations.new)

---The URIs of a directory's resources of a type (RFC 9176 4.3).
---@param client lunacoap.CoAP|lunacoap.DirectoryClient
---@param directory string
---@param rt? string core.rd without it, or such as core.rd-lookup-ep.
---@return string[] At least one.
M.find = failure.public(function(client, directory, rt)
  ask.check(client)
  return discovery.find({ client = client }, directory, rt or "core.rd")
end)

-- ---- Lookups ------------------------------------------------------------------------------------

local KINDS = { res = "core.rd-lookup-res", ep = "core.rd-lookup-ep" }

-- Any attribute may be asked for; these have rules.
local function check_criteria(criteria)
  local checked, others = {}, {}
  for name, value in pairs(criteria) do
    if name == "page" or name == "count" then
      checked[name] = parameters.checks[name](value)
    else
      others[name] = value
    end
  end
  if checked.page and not checked.count then
    failure.fail("'page' needs 'count', which says how many links a page has") -- RFC 9176 6.2
  end
  return checked, parameters.checks.attributes(others)
end

local function links_of(uri, answer)
  if not ask.is_success(answer) then
    failure.refuse("GET " .. uri, answer)
  end
  local links, message = lunacoap.linkformat.parse(answer.payload)
  return links or failure.fail("the answer to GET %s: %s", uri, message)
end

---Looks resources or endpoints up (RFC 9176 section 6).
---@param client lunacoap.CoAP|lunacoap.DirectoryClient
---@param directory string The directory's URI; one with a path is the resource to ask.
---@param kind "res"|"ep"
---@param criteria? table<string, any> Such as { rt = "temp*", d = "floor-3", page = 0, count = 9 }.
---@return lunacoap.Link[]
M.lookup = failure.public(function(client, directory, kind, criteria)
  ask.check(client)
  if not KINDS[kind] then
    failure.fail("a lookup is of \"res\" (resources) or \"ep\" (endpoints), not %s", tostring(kind))
  elseif criteria ~= nil and type(criteria) ~= "table" then
    failure.fail("a lookup takes criteria such as { rt = \"temp*\" }, not %s", tostring(criteria))
  end
  local paging, attributes = check_criteria(criteria or {})
  local holder = { client = client }
  local resource = discovery.find(holder, directory, KINDS[kind])[1]
  local uri = parameters.with_query(resource, paging, { "page", "count" }, attributes)
  return links_of(uri, ask.send(holder, "GET", uri))
end)

-- ---- Step by step -------------------------------------------------------------------------------

---What to POST to register, for who sends it by other means and keeps it himself.
---@param resource string As find() returns it.
---@param fields lunacoap.RegistrationFields
---@return string uri
---@return string payload
---@return lunacoap.AskOptions options
M.registration = failure.public(steps.registration)

---Where the registration is that an answer tells of. Raises when it refuses.
---@param uri string What was POSTed to.
---@param answer lunacoap.Answer
---@return string
M.location = failure.public(steps.location)

---What to POST, without a payload, to refresh a registration or to change it.
---@param location string
---@param changes? lunacoap.RegistrationFields lt, base, et and attributes.
---@return string uri
M.update = failure.public(steps.update)

return M
