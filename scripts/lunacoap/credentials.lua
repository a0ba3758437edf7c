-- Certificates and keys out of files, for who shows them in DTLS. What is wrong is raised as text
-- that names the file.

local lunacoap = require "lunacoap"

local M = {}

---A certificate, a key or both of a file, and of a second one.
---@param read fun(path: string): string The content of a file; raises when it cannot.
---@param path string
---@param other? string
---@param password? string
---@return lunacoap.Certificate
function M.load(read, path, other, password)
  local content = read(path)
  if other then
    content = content .. "\n" .. read(other)
  end
  local ok, result = pcall(lunacoap.Certificate, lunacoap.StoreType.cstAuto, content,
    password or "", "*")
  if not ok then
    error(("%s: %s"):format(path, (result.Message:gsub("^.-: ", ""))), 0)
  end
  return result
end

local function is_bare_key(certificate)
  return certificate.Encoded == certificate.PublicKey
end

---A certificate with its private key, which may be in the same file.
---@param read fun(path: string): string
---@param path string
---@param key? string The file of the key.
---@param password? string
---@param hint string How to name that file.
---@return lunacoap.Certificate
function M.certificate(read, path, key, password, hint)
  local certificate = M.load(read, path, key, password)
  if is_bare_key(certificate) and key and not is_bare_key(M.load(read, path, nil, password)) then
    error(("%s is not the key of %s"):format(key, path), 0)
  elseif is_bare_key(certificate) then
    error(path .. " has no certificate", 0)
  elseif not certificate.PrivateKeyAvailable then
    error(key and key .. " has no private key" or ("%s has no private key: %s"):format(path, hint),
      0)
  end
  return certificate
end

---A key pair.
---@param read fun(path: string): string
---@param path string
---@param password? string
---@return lunacoap.Certificate
function M.key(read, path, password)
  local key = M.load(read, path, nil, password)
  return key.PrivateKeyAvailable and key or error(path .. " has no private key", 0)
end

return M
