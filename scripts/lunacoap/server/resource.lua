-- One resource of a server: what the script said of it, checked, and its observers.

local lunacoap = require "lunacoap"
local access = require "lunacoap.server.access"
local format = require "lunacoap.format"
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
---@field access? true|table|fun(request: lunacoap.Request): boolean Who may use it.
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

local function check(init, level)
  for name, value in pairs(init) do
    if name ~= "access" and not TYPES[name] then
      error(("a resource has no field '%s'"):format(tostring(name)), level + 1)
    elseif name ~= "access" and type(value) ~= TYPES[name] then
      error(("the resource's '%s' takes a %s, not a %s"):format(name, TYPES[name], type(value)),
        level + 1)
    end
  end
  if init.observable and not init.get then
    error("a resource that is observable needs a get handler", level + 1)
  end
end

local function numbers_of(list, level)
  local numbers = {}
  for i, item in ipairs(list or {}) do
    local number, message = format.number(item)
    if not number then
      error(message, level + 1)
    end
    numbers[i] = number
  end
  return list and numbers
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
  resource.formats = numbers_of(init.formats, level + 1)
  resource.accepts = numbers_of(init.accepts, level + 1)
  resource.check_access = access.compile(init.access, level + 1)
  resource.handlers = {}
  for name, method in pairs(METHODS) do
    resource.handlers[method] = init[name]
  end
  resource.changed = {}
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

-- All paths of a pattern, as a key of `changed`.
local EVERY = true

local function report(server, err)
  local on_error = server.coap.OnError
  if on_error then
    on_error(server.coap, { ErrorCode = 1, Description = tostring(err) })
  else
    io.stderr:write(tostring(err), "\n")
  end
end

-- One state for those who observe a path with the same arguments and Accept.
local function notify_group(self, group, target)
  local ok, err = xpcall(self.server.notify_observers, debug.traceback, self.server, self, group,
    target)
  if not ok then
    -- The observers keep the state that they have: they are not to be lost for an error of ours.
    report(self.server, err)
  end
end

local function notify_path(self, path)
  local groups = self.server.coap:ListObserved(path ~= EVERY and path or nil)
  local done = {}
  for _, group in ipairs(groups) do
    -- A path is observed under each name of the host, and one notification reaches all.
    local target = group.URI:match("^%w+://[^/?]*(.*)$")
    local key = ("%s %d"):format(target, group.Accept)
    if not done[key] and self.server.router:match(group.URIPath) == self then
      done[key] = true
      notify_group(self, group, target)
    end
  end
end

-- Changes that come while the handler waits for something are told in a round of their own.
local function flush(self)
  while next(self.changed) do
    local changed = self.changed
    self.changed = {}
    for path in pairs(changed[EVERY] and { [EVERY] = true } or changed) do
      if not self.server.running then
        break
      end
      notify_path(self, path)
    end
  end
  self.flushing = false
end

---Tells the observers that the state has changed: the get handler is called for each kind of
---observer (path, query, Accept), once for all the calls until then.
---@param params? table<string, any> The captures of the one path that has changed, or nil for all.
function Resource:notify(params)
  if not self.observable then
    error(("'%s' is not observable"):format(self.pattern), 2)
  end
  local path = EVERY
  if params or not self:has_captures() then
    local filled, missing = Router.fill(self.parts, params or {})
    if not filled then
      error(("notify needs a value for {%s} of '%s'"):format(missing, self.pattern), 2)
    end
    path = filled
  end
  self.changed[path] = true
  if not self.flushing then
    self.flushing = true
    lunacoap.spawn(flush, self)
  end
end

return Resource
