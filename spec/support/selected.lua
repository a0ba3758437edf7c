-- What specs of certificates ask: which certificate was selected, or what was said instead; and what
-- openssl says of the same.

local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"

local M = {}

-- Runs a shell command in the folder of keys and certificates and returns what it prints.
function M.run(command)
  local pipe <close> = assert(io.popen(("cd '%s' && { %s\n} 2>&1"):format(pki.folder(), command)))
  local output = pipe:read("a")
  return output, assert(pipe:close(), output)
end

-- A file beside those of pki, made of `text`; its path.
function M.write(name, text)
  local path = pki.folder() .. "/" .. name
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

-- The error of a call, as text; without the heading of 271, and without our folder in it.
function M.failure(f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "nothing was raised")
  local text = tostring(err):gsub("^271: Cannot open certificate store: ", "")
  return (text:gsub(pki.folder():gsub("%p", "%%%0") .. "/", ""))
end

-- The error of the constructor.
function M.refusal(...)
  return M.failure(lunacoap.Certificate, ...)
end

-- "server-ec, key": the last part of the subject and whether there is a private key.
function M.describe(certificate)
  local name = certificate.Subject:match("CN=([^,]+)") or "bare"
  return certificate.PrivateKeyAvailable and name .. ", key" or name
end

function M.select(...)
  return M.describe(lunacoap.Certificate(...))
end

return M
