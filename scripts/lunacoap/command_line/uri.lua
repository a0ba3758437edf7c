-- URIs as people type them: the scheme and this machine's name may be left out.

local failure = require "lunacoap.command_line.failure"

local M = {}

-- Host, path and query of a word without a scheme. An address of IPv6 gets its brackets.
local function with_host(text)
  local authority, rest = text:match("^([^/?]*)(.*)$")
  if authority == "" or authority:find("^:%d+$") then
    authority = "localhost" .. authority
  elseif not authority:find("[", 1, true) and authority:find(":.*:") then
    authority = "[" .. authority .. "]"
  end
  return authority .. rest
end

---The URI that a word stands for: `localhost/time`, `[::1]/x`, `:5683/x` are of coap://, or of
---coaps:// where options of DTLS are given. Raises a failure.
---@param text string
---@param secure boolean Whether options of DTLS are given.
---@return string
function M.complete(text, secure)
  local scheme = text:match("^(%a[%w+.-]*)://")
  if text == "" then
    failure.raise(failure.MISUSE, "the URI is empty; it is such as coap://localhost/time")
  elseif not scheme then
    return (secure and "coaps://" or "coap://") .. with_host(text)
  end
  scheme = scheme:lower()
  if scheme ~= "coap" and scheme ~= "coaps" then
    failure.raise(failure.MISUSE, "the scheme of a URI is coap or coaps, not %s", scheme)
  elseif scheme == "coap" and secure then
    failure.raise(failure.MISUSE, "options of DTLS need a coaps:// URI, and this is %s", text)
  end
  return text
end

---Whether a URI names a group by its address.
---@param uri string
---@return boolean
function M.is_multicast(uri)
  local host = uri:match("^%a+://%[?([^/?%]]*)")
  local first = tonumber(host:match("^(%d+)%.%d+%.%d+%.%d+"))
  return host:lower():find("^ff%x%x:") ~= nil or first ~= nil and first >= 224 and first <= 239
end

---An address and a port in one.
---@param host string
---@param port integer
---@return string
function M.authority(host, port)
  return (host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(host, port)
end

return M
