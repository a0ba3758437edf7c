-- Where a directory has its resources (RFC 9176 4.3).

local ask = require "lunacoap.directory.ask"
local failure = require "lunacoap.directory.failure"
local lunacoap = require "lunacoap"

local M = {}

---Scheme, host and port of a directory's URI, and its path, which is "" when it has none.
---@param uri any
---@return string root
---@return string path
function M.split(uri)
  local scheme, authority, path
  if type(uri) == "string" then
    scheme, authority, path = uri:match("^(%a+)://([^/?#]+)([^#]*)$")
  end
  scheme = scheme and scheme:lower()
  if scheme ~= "coap" and scheme ~= "coaps" then
    failure.fail("a directory's URI is such as coap://rd.example or coaps://rd.example/rd, not %s",
      tostring(uri))
  end
  return scheme .. "://" .. authority, path == "/" and "" or path
end

-- RFC 9176 4.3: links to anywhere are to be accepted, if the scheme is one that is known here. What
-- was found over DTLS does not lead to where there is none.
local function resolve(root, target)
  local scheme = target:match("^(%a[%w+.-]*):")
  if not scheme then
    return root .. (target:find("^/") and "" or "/") .. target
  end
  scheme = scheme:lower()
  return (scheme == "coaps" or scheme == "coap" and root:find("^coap:")) and target or nil
end

---The URIs of a directory's resources of a type. A URI with a path is such a resource itself.
---@param holder table As ask.send takes it.
---@param uri string The directory's.
---@param rt string Such as "core.rd".
---@return string[] At least one.
function M.find(holder, uri, rt)
  local root, path = M.split(uri)
  if path ~= "" then
    return { uri }
  end
  local well_known = root .. "/.well-known/core?rt=" .. rt
  local answer = ask.send(holder, "GET", well_known)
  if not ask.is_success(answer) then
    failure.refuse("GET " .. well_known, answer)
  end
  -- A server need not know filters (RFC 6690 4.1).
  local text, message = lunacoap.linkformat.filter(answer.payload, "rt=" .. rt)
  if not text then
    failure.fail("the answer to GET %s: %s", well_known, message)
  end
  local found = {}
  for _, link in ipairs(lunacoap.linkformat.parse(text)) do
    found[#found + 1] = resolve(root, link.target)
  end
  if #found == 0 then
    failure.fail("%s lists nothing with rt=%s: it is no Resource Directory, or says the path "
      .. "elsewhere", root, rt)
  end
  return found
end

return M
