-- A Resource Directory of lunacoap.server for specs: as much of RFC 9176 as they look at, in memory.
local lunacoap = require "lunacoap"

local linkformat = lunacoap.linkformat

local Directory = {}
Directory.__index = Directory

local DEFAULT_LIFETIME = 90000

-- The query as a table; what is repeated is a list.
local function arguments_of(req)
  local found = {}
  for _, argument in ipairs(req.arguments) do
    local name, value = argument:match("^([^=]*)=?(.*)$")
    found[name] = found[name] and { found[name], value } or value
  end
  return found
end

-- A refusal that the spec wants: { "5.03", max_age = 60 }, or with `echo` until that comes.
local function refusal(self, req)
  local wanted = self.refuses
  if type(wanted) == "function" then
    wanted = wanted(req)
  end
  if wanted then
    error(lunacoap.response(wanted[1], wanted[2], { max_age = wanted.max_age,
      options = wanted.options }))
  end
end

local function log(self, req)
  table.insert(self.log, ("%s %s%s @%.1f"):format(req.method, req.path,
    #req.arguments > 0 and "?" .. table.concat(req.arguments, "&") or "", lunacoap.now() - self.began))
  self.last = req
  refusal(self, req)
end

-- The present registration of a place; one whose lifetime is over is gone.
local function entry_of(self, place)
  local entry = self.entries[place]
  if entry and lunacoap.now() < entry.expires then
    return entry
  end
  self.entries[place] = nil
  error(lunacoap.response("4.04", "no such registration"))
end

local function set(entry, arguments)
  for name, value in pairs(arguments) do
    entry.arguments[name] = value
  end
  entry.expires = lunacoap.now() + tonumber(entry.arguments.lt or DEFAULT_LIFETIME)
end

-- The place of an endpoint name in its sector, which stays (RFC 9176 section 5).
local function place_of(self, arguments)
  local key = ("%s %s"):format(arguments.ep, arguments.d or "")
  self.places[key] = self.places[key] or ("%s%d"):format(self.prefix, self:count_places() + 1)
  return self.places[key]
end

function Directory:count_places()
  local count = 0
  for _ in pairs(self.places) do
    count = count + 1
  end
  return count
end

local function register(self, arguments, links, peer)
  local place = place_of(self, arguments)
  local entry = { arguments = {}, links = links, peer = peer }
  set(entry, arguments)
  self.entries[place] = entry
  return place
end

-- Of the links those that match each criterion (RFC 9176 6.2), of a page.
local function choose(links, arguments)
  local text = linkformat.format(links)
  for name, value in pairs(arguments) do
    if name ~= "page" and name ~= "count" then
      text = linkformat.filter(text, name .. "=" .. value)
    end
  end
  local chosen, page = linkformat.parse(text), {}
  local count = tonumber(arguments.count or #chosen)
  local first = count * tonumber(arguments.page or 0)
  table.move(chosen, first + 1, math.min(first + count, #chosen), 1, page)
  return lunacoap.response("2.05", linkformat.format(page), { format = "link-format" })
end

local function resources_of(self)
  local links = {}
  for _, entry in pairs(self.entries) do
    for _, link in ipairs(entry.links) do
      local target = link.target:find("^/") and entry.arguments.base .. link.target or link.target
      links[#links + 1] = { target = target, rt = link.rt }
    end
  end
  table.sort(links, function(a, b) return a.target < b.target end)
  return links
end

local function endpoints_of(self)
  local links = {}
  for place, entry in pairs(self.entries) do
    links[#links + 1] = { target = "/reg/" .. place, ep = entry.arguments.ep, d = entry.arguments.d,
      base = entry.arguments.base, rt = "core.rd-ep" }
  end
  table.sort(links, function(a, b) return a.target < b.target end)
  return links
end

local function add_resources(self, server)
  server:resource("/reg", { rt = "core.rd", post = function(req)
    log(self, req)
    local place = register(self, arguments_of(req), req.body or {}, req.peer)
    return lunacoap.response("2.01", nil, { location = "/reg/" .. place, options = self.options })
  end })
  server:resource("/reg/{place}", {
    hidden = true,
    post = function(req)
      log(self, req)
      set(entry_of(self, req.params.place), arguments_of(req))
      return lunacoap.response("2.04", nil, { options = self.options })
    end,
    delete = function(req)
      log(self, req)
      entry_of(self, req.params.place)
      self.entries[req.params.place] = nil
      return lunacoap.response("2.02")
    end,
  })
  server:resource("/.well-known/rd", { hidden = true, post = function(req)
    log(self, req)
    register(self, arguments_of(req), {}, req.peer)
    return lunacoap.response("2.04")
  end })
  server:resource("/lookup/res", { rt = "core.rd-lookup-res", get = function(req)
    log(self, req)
    return choose(resources_of(self), arguments_of(req))
  end })
  server:resource("/lookup/ep", { rt = "core.rd-lookup-ep", get = function(req)
    log(self, req)
    return choose(endpoints_of(self), arguments_of(req))
  end })
end

---A directory that answers at directory:uri(); with `log` of what was asked, but for discovery.
---`prefix` makes the places of a second life others than those of the first.
---@param init? table For lunacoap.server.
function Directory.new(init, prefix)
  local self = setmetatable({ entries = {}, places = {}, log = {}, prefix = prefix or "",
    began = lunacoap.now() }, Directory)
  self.server = lunacoap.server(init or { LocalHost = "127.0.0.1" })
  add_resources(self, self.server)
  self.server:start()
  return self
end

function Directory:uri(path)
  return self.server:uri(path or "")
end

---What was asked since the last call.
---@return string[]
function Directory:take()
  local taken = self.log
  self.log = {}
  return taken
end

function Directory:close()
  self.server:stop()
end

Directory.__close = Directory.close

return Directory
