-- A registration that is kept: refreshed before its lifetime ends, and made anew when the directory
-- does not know it any more.

local ask = require "lunacoap.directory.ask"
local discovery = require "lunacoap.directory.discovery"
local failure = require "lunacoap.directory.failure"
local links = require "lunacoap.directory.links"
local lunacoap = require "lunacoap"
local parameters = require "lunacoap.directory.parameters"
local steps = require "lunacoap.directory.steps"

---What lunacoap.directory.register takes.
---@class lunacoap.RegistrationInit: lunacoap.RegistrationFields
---@field simple? boolean Whether the directory shall fetch the links itself (RFC 9176 5.1).
---@field wait? boolean false: return at once, and register in the background until it is done.
---@field refresh? boolean false: nothing happens by itself; update() refreshes.
---@field random? fun(): number Spreads refreshes: numbers from 0 to below 1.
---@field on_trouble? fun(registration: lunacoap.Registration, message: string) Told of each try in
---the background that came to nothing.

---A registration. Its fields are to be read; update() changes it.
---@class lunacoap.Registration: lunacoap.RegistrationInit
---@field location string? The resource of the registration; nil for a simple one.
---@field lifetime integer Seconds.
---@field registered boolean Whether the directory has it, as far as is known here.
---@field trouble string? Why the last try in the background came to nothing.
---@field package client lunacoap.CoAP|lunacoap.DirectoryClient
---@field package directory string Its URI.
---@field package expires number? When the directory forgets it.
---@field package lost boolean? Whether it has to be made anew.
---@field package etag string? Of the links that were registered.
---@field package pause number? Seconds until the next try, after one that came to nothing.
---@field package timer lunacoap.Timer?
---@field package ended boolean?
local Registration = { __name = "lunacoap.Registration" }
local METHODS = {}

local DEFAULT_LIFETIME = 90000 -- RFC 9176 5

-- When it is refreshed, in lifetimes: late enough to be cheap, and so that there is time for more
-- tries before it ends. Chance makes it up to so much earlier.
local REFRESH, SPREAD = 0.75, 0.1

-- Seconds between tries: the first pause, and the longest, unless that is half the lifetime.
local FIRST_PAUSE, LONGEST_PAUSE = 2, 900

local LONGEST_TIMER = 1e9 -- seconds; a lifetime may be longer

-- RFC 7252 5.10.5: of an answer that says nothing.
local DEFAULT_MAX_AGE = 60

local CHECKS = {
  simple = parameters.of_type("simple", "boolean"), wait = parameters.of_type("wait", "boolean"),
  refresh = parameters.of_type("refresh", "boolean"),
  random = parameters.of_type("random", "function"),
  on_trouble = parameters.of_type("on_trouble", "function"),
}
for name, check in pairs(steps.request_checks) do
  CHECKS[name] = check
end

function Registration.__index(self, key)
  if key == "lifetime" then
    return rawget(self, "lt") or DEFAULT_LIFETIME
  elseif key == "registered" then
    local expires = rawget(self, "expires")
    return expires ~= nil and lunacoap.now() < expires
  end
  return METHODS[key]
end

-- ---- Requests -----------------------------------------------------------------------------------

local function confirm(self)
  self.expires, self.lost = lunacoap.now() + self.lifetime, false
end

local function register_at(self, resource)
  local uri, payload, options = steps.write(resource, self)
  self.location = steps.location(uri, ask.send(self, "POST", uri, payload, options))
  -- Only links that a server or a device tells may be others next time.
  self.etag = type(self.links) == "table" and lunacoap.etag(payload) or nil
  confirm(self)
end

local function register_simply(self)
  local root, path = discovery.split(self.directory)
  local resource = root .. (path ~= "" and path or "/.well-known/rd")
  local answer = ask.send(self, "POST", steps.write_simple(resource, self))
  if not ask.is_success(answer) then
    failure.refuse("POST " .. resource, answer)
  end
  confirm(self)
end

-- Registers with the first of the directory's resources that takes it (RFC 9176 5).
local function register(self)
  if self.simple then
    return register_simply(self)
  end
  local raised
  for _, resource in ipairs(discovery.find(self, self.directory, "core.rd")) do
    local ok, result = pcall(register_at, self, resource)
    if ok then
      return
    end
    raised = result
  end
  error(raised, 0)
end

local function has_other_links(self)
  return self.etag ~= nil and lunacoap.etag(links.text(self.links)) ~= self.etag
end

-- How long a directory that is too busy asks for patience: nil when the registration ends before.
local function patience(self, answer)
  if answer.code == "5.03" then
    local seconds = answer.max_age or DEFAULT_MAX_AGE
    return self.expires and lunacoap.now() + seconds < self.expires and seconds or nil
  end
end

-- Refreshes the registration, or makes it anew where that does not do: RFC 9176 5.3.1 has this for
-- every update that fails, also for want of an answer.
local function renew(self, changes)
  if self.lost or not self.location or has_other_links(self) then
    return register(self)
  end
  self.lost = true -- until an answer says otherwise
  local uri = steps.write_update(self.location, changes)
  local answer = ask.send(self, "POST", uri)
  if ask.is_success(answer) then
    return confirm(self)
  elseif patience(self, answer) then
    self.lost = changes ~= nil -- the next try may be a plain refresh, unless that says too little
    failure.refuse("POST " .. uri, answer)
  end
  register(self)
end

local function delete(self)
  local location = self.location
  self.location, self.expires = nil, nil
  if not location then
    return -- of a simple one there is none, so that it can only end by itself (RFC 9176 5.1)
  end
  local answer = ask.send(self, "DELETE", location)
  if not ask.is_success(answer) and answer.code ~= "4.04" then -- gone already
    failure.refuse("DELETE " .. location, answer)
  end
end

-- ---- In the background --------------------------------------------------------------------------

local function random(self)
  return self.random and self.random() or 0
end

local function until_refresh(self)
  return self.lifetime * (REFRESH - SPREAD * random(self))
end

-- Grows with each try. Where the lifetime is short, so are the pauses.
local function until_next_try(self, raised)
  local longest = math.max(FIRST_PAUSE, math.min(LONGEST_PAUSE, self.lifetime / 2))
  self.pause = math.min(longest, self.pause and 2 * self.pause or FIRST_PAUSE)
  local answer = failure.answer(raised)
  local asked = answer and answer.code == "5.03" and (answer.max_age or DEFAULT_MAX_AGE) or 0
  return math.max(asked, self.pause) * (1 + SPREAD * random(self))
end

local tend

local function plan(self, seconds)
  if self.timer then
    self.timer:stop()
  end
  self.timer = not self.ended and self.refresh ~= false
    and lunacoap.timer(math.min(seconds, LONGEST_TIMER), nil, function() tend(self) end) or nil
end

-- Renews, plans what comes next and returns what pcall does.
local function try(self, changes)
  local ok, raised = pcall(renew, self, changes)
  if ok then
    self.trouble, self.pause = nil, nil
  else
    self.trouble = tostring(raised)
  end
  plan(self, ok and until_refresh(self) or until_next_try(self, raised))
  return ok, raised
end

function tend(self)
  local ok = try(self)
  if self.ended == "removed" then
    pcall(delete, self) -- remove() was called meanwhile: what this try has made is to go, too
  elseif not ok and not self.ended and self.on_trouble then
    self:on_trouble(self.trouble)
  end
end

-- ---- For scripts --------------------------------------------------------------------------------

-- A directory keeps the attributes that an update does not name (RFC 9176 5.3.1).
local function change(self, changes)
  local attributes = self.attributes
  for name, value in pairs(changes) do
    self[name] = value
  end
  if attributes and changes.attributes then
    self.attributes = {}
    for _, part in ipairs { attributes, changes.attributes } do
      for name, value in pairs(part) do
        self.attributes[name] = value
      end
    end
  end
end

---Refreshes the registration now, or changes it. With other links, and when the directory does not
---know it any more, it is made anew. Raises when that fails.
---@param changes? lunacoap.RegistrationFields lt, base, et, attributes, links.
function METHODS:update(changes)
  local checked = changes and parameters.check(changes, steps.change_checks, "an update")
  change(self, checked or {})
  self.lost = self.lost or checked ~= nil and checked.links ~= nil
  local ok, raised = try(self, checked)
  if not ok then
    error(raised, 0)
  end
end

---Leaves the registration to itself: it ends with its lifetime.
function METHODS:stop()
  self.ended = self.ended or "stopped"
  plan(self)
end

---Has the directory forget it, and ends. (A simple one ends with its lifetime.)
function METHODS:remove()
  self.ended = "removed"
  plan(self)
  delete(self)
end

for _, name in ipairs { "update", "remove" } do
  METHODS[name] = failure.public(METHODS[name])
end

local M = {}

---Registers.
---@param client lunacoap.CoAP|lunacoap.DirectoryClient
---@param directory string
---@param init lunacoap.RegistrationInit
---@return lunacoap.Registration
function M.new(client, directory, init)
  ask.check(client)
  discovery.split(directory)
  local self = parameters.check(init, CHECKS, "a registration")
  if self.simple and (self.base or self.links) then
    -- RFC 9176 5.1: it asks for the links where the request came from.
    failure.fail("a simple registration has no %s: the directory asks for /.well-known/core where "
      .. "the request comes from", self.base and "base" or "links")
  end
  self.base = self.base or links.base(self.links, directory)
  self.client, self.directory = client, directory
  setmetatable(self, Registration)
  if self.wait == false then
    links.text(self.links) -- to tell of mistakes here
    plan(self, 0)
  else
    register(self)
    plan(self, until_refresh(self))
  end
  return self
end

return M
