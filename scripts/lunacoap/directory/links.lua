-- The links that a registration has, as text, and the address that they are of.

local failure = require "lunacoap.directory.failure"
local lunacoap = require "lunacoap"

---What a registration's links may be: link-format text, links, or what has a method `links` that
---returns these, such as a lunacoap.server.
---@alias lunacoap.DirectoryLinks
---| string
---| lunacoap.Link[]
---| { links: fun(self): string|lunacoap.Link[] }

local M = {}

-- RFC 9176, appendix C: a link says a URI, or a path from its root.
local function check_reference(reference, what)
  if not (reference:find("^/[^/]") or reference == "/" or reference:find("^%a[%w+.-]*:")) then
    failure.fail("the %s '%s' of a link is neither a path such as '/temp' nor a URI", what,
      reference)
  end
end

local function check_text(text)
  local links, message = lunacoap.linkformat.parse(text)
  if not links then
    failure.fail("the links of a registration: %s", message)
  end
  for _, link in ipairs(links) do
    check_reference(link.target, "target")
    if type(link.anchor) == "string" then
      check_reference(link.anchor, "anchor")
    end
  end
  return text
end

local function written(list)
  local ok, result = pcall(lunacoap.linkformat.format, list)
  if not ok then
    failure.fail("the links of a registration: %s", type(result) == "table" and result.Message
      or tostring(result))
  end
  return result
end

---The links as text.
---@param links lunacoap.DirectoryLinks?
---@return string
function M.text(links)
  if type(links) == "table" and type(links.links) == "function" then
    links = links:links()
  end
  if links == nil then
    return ""
  elseif type(links) == "table" then
    links = written(links)
  elseif type(links) ~= "string" then
    failure.fail("'links' takes link-format text, a list of links or a server, not %s",
      tostring(links))
  end
  return check_text(links)
end

-- By name: a program may load the module of servers twice.
local function is_server(value)
  local class = getmetatable(value)
  return type(class) == "table" and rawget(class, "__name") == "lunacoap.Server"
end

local function is_loopback(host)
  return host == "localhost" or host == "[::1]" or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

local WILDCARDS = { [""] = true, ["0.0.0.0"] = true, ["::"] = true }

---The base URI of a server's links. A component that listens sends no requests, so that a directory
---could not tell it from the address that registers (RFC 9176 5: then it MUST be said).
---@param links lunacoap.DirectoryLinks?
---@param directory string The directory's URI.
---@return string? nil when the links are of no server.
function M.base(links, directory)
  if not is_server(links) then
    return nil
  elseif links.coap.LocalPort == 0 then
    failure.fail("the server has no port yet: start it before it is registered")
  elseif WILDCARDS[links.coap.LocalHost] then
    local host = directory:match("^%a+://(%[[^%]]*%])") or directory:match("^%a+://([^:/?]*)")
    if not is_loopback(host) then
      failure.fail("the server listens on all addresses of this machine: say which one the "
        .. "directory is to tell, with base = \"coap://ADDRESS:%d\"", links.coap.LocalPort)
    end
  end
  return links:uri("")
end

return M
