-- /.well-known/core: the server's resources as links (RFC 6690).

local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"
local Router = require "lunacoap.server.router"

local LINK_FORMAT = 40

local M = {}

-- What may not stay as it is in the path of a URI reference (RFC 3986 3.3).
local NO_PATH = "[^%w%-._~!$&'()*+,;=:@/%%]"

local function link_of(resource, path)
  local target = percent.encode(Router.normal(path), NO_PATH)
  local link = { target = target, rt = resource.rt, title = resource.title, sz = resource.sz,
    obs = resource.observable or nil }
  link["if"] = resource.interface
  -- RFC 7252 7.2.1: several numbers with spaces between them.
  link.ct = resource.formats and table.concat(resource.formats, " ") or nil
  for name, value in pairs(resource.attributes or {}) do
    link[name] = value
  end
  return link
end

-- The paths that a resource has at present, and shows.
local function paths_of(resource)
  if resource.hidden then
    return {}
  elseif not resource:has_captures() then
    return { resource.pattern }
  elseif not resource.paths then
    return {}
  end
  local paths = resource.paths()
  if type(paths) ~= "table" then
    error(("the function paths of '%s' has to return a list"):format(resource.pattern), 0)
  end
  return paths
end

---What a server shows of its resources.
---@param server lunacoap.Server
---@return lunacoap.Link[]
function M.links(server)
  local links = {}
  for _, resource in ipairs(server.resources) do
    for _, path in ipairs(paths_of(resource)) do
      links[#links + 1] = link_of(resource, path)
    end
  end
  return links
end

---Adds the resource to a server.
---@param server lunacoap.Server
function M.add(server)
  server:resource("/.well-known/core", {
    hidden = true, formats = { LINK_FORMAT },
    get = function(request)
      local text = lunacoap.linkformat.format(M.links(server))
      -- RFC 6690 4.1: one argument filters.
      local filter = request.arguments[1]
      return lunacoap.response("2.05", filter and lunacoap.linkformat.filter(text, filter) or text,
        { format = LINK_FORMAT })
    end,
  })
end

return M
