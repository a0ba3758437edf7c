-- One resource of a server: what the script said of it, checked.

local access = require "lunacoap.server.access"
local formats = require "lunacoap.server.formats"
local lunacoap = require "lunacoap"
local observers = require "lunacoap.server.observers"
local Router = require "lunacoap.server.router"

---@class lunacoap.ResourceInit
---@field get? fun(request: lunacoap.Request): any
---@field put? fun(request: lunacoap.Request): any
---@field post? fun(request: lunacoap.Request): any
---@field delete? fun(request: lunacoap.Request): any
---@field fetch? fun(request: lunacoap.Request): any
---@field patch? fun(request: lunacoap.Request): any
---@field ipatch? fun(request: lunacoap.Request): any
---@field observable? boolean Whether clients may observe it; notify() then tells them of changes.
---@field formats? (integer|string)[] The Content-Formats that it has, the usual one first.
---@field accepts? (integer|string)[] Those that it takes; others get 4.15.
---@field access? lunacoap.AccessRule Who may use it.
---@field etag? boolean False: without ETags made of the content.
---@field max_age? integer Seconds for which its state stays fresh.
---@field rt? string Resource type for /.well-known/core.
---@field interface? string Interface description ("if") for /.well-known/core.
---@field title? string
---@field sz? integer About how many bytes it has.
---@field attributes? table<string, any> More attributes of its link.
---@field hidden? boolean Whether /.well-known/core leaves it out.
---@field paths? fun(): string[] The paths that a pattern with captures has at present.

---@class lunacoap.Resource: lunacoap.ResourceInit
---@field pattern string
---@field server lunacoap.Server
local Resource = { __name = "lunacoap.Resource" }
Resource.__index = Resource

local METHODS = { get = "GET", put = "PUT", post = "POST", delete = "DELETE", fetch = "FETCH",
  patch = "PATCH", ipatch = "iPATCH" }

local TYPES = {
  observable = "boolean", formats = "table", accepts = "table", etag = "boolean",
  max_age = "number", rt = "string", interface = "string", title = "string", sz = "number",
  attributes = "table", hidden = "boolean", paths = "function",
}
for name in pairs(METHODS) do
  TYPES[name] = "function"
end

local NAMES = { "access" }
for name in pairs(TYPES) do
  table.insert(NAMES, name)
end
table.sort(NAMES)

-- What is said of a field that there is not.
local function unknown(name)
  local near = type(name) == "string" and lunacoap.nearest(name, NAMES)
  return ("a resource has no field '%s'; %s"):format(tostring(name),
    near and ("did you mean '%s'?"):format(near) or "it takes " .. table.concat(NAMES, ", "))
end

local function check(init, level)
  for name, value in pairs(init) do
    if name ~= "access" and not TYPES[name] then
      error(unknown(name), level + 1)
    elseif name ~= "access" and type(value) ~= TYPES[name] then
      error(("the resource's '%s' takes a %s, not a %s"):format(name, TYPES[name], type(value)),
        level + 1)
    end
  end
  if init.observable and not init.get then
    error("a resource that is observable needs a get handler", level + 1)
  elseif init.max_age and not (math.type(init.max_age) == "integer" and init.max_age >= 0) then
    error(("the resource's 'max_age' takes whole seconds, not %s"):format(init.max_age), level + 1)
  end
end

---A resource for server:resource(), which is what scripts call.
---@param server lunacoap.Server
---@param pattern string
---@param init lunacoap.ResourceInit
---@param level integer
---@return lunacoap.Resource
function Resource.new(server, pattern, init, level)
  local parts = Router.parse(pattern, level + 1)
  check(init, level + 1)
  local resource = setmetatable({}, Resource)
  for name, value in pairs(init) do
    resource[name] = value
  end
  resource.server, resource.pattern, resource.parts = server, pattern, parts
  resource.formats = init.formats and formats.numbers(init.formats, level + 1)
  resource.accepts = init.accepts and formats.numbers(init.accepts, level + 1)
  resource.check_access = access.compile(init.access, level + 1)
  resource.handlers = {}
  for name, method in pairs(METHODS) do
    resource.handlers[method] = init[name]
  end
  return resource
end

---Whether its pattern stands for more than one path.
---@return boolean
function Resource:has_captures()
  for _, part in ipairs(self.parts) do
    if part.capture then
      return true
    end
  end
  return false
end

---Whether it takes payloads in a format.
---@param number integer
---@return boolean
function Resource:takes(number)
  return self.accepts == nil or formats.contain(self.accepts, number)
end

---Whether it may have a representation in a format.
---@param number integer
---@return boolean
function Resource:has(number)
  return self.formats == nil or formats.contain(self.formats, number)
end

---Tells the observers that the state has changed: the get handler is called for each kind of
---observer (path, query, Accept), once for all the calls until then.
---@param params? table<string, any> The captures of the one path that has changed, or nil for all.
function Resource:notify(params)
  if not self.observable then
    error(("'%s' is not observable"):format(self.pattern), 2)
  end
  if params ~= nil and type(params) ~= "table" then
    error(("notify takes a table of what the pattern '%s' captures, not %s"):format(self.pattern,
      tostring(params)), 2)
  elseif not params and self:has_captures() then
    return observers.tell(self.server, self, observers.EVERY_PATH)
  end
  local path, missing = Router.fill(self.parts, params or {})
  if not path then
    error(("notify needs a value for {%s} of '%s'"):format(missing, self.pattern), 2)
  end
  observers.tell(self.server, self, path)
end

return Resource
