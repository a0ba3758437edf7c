-- The options of DTLS that all clients among the commands have, and what they make of a component.

local credentials = require "lunacoap.credentials"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"
local values = require "lunacoap.command_line.values"

local M = {}

---What an end shows of itself: options that servers have, too.
---@type table<string, lunacoap.command_line.Option>
M.own = {
  cert = { flags = "--cert", value = "FILE",
    help = "show this certificate (PEM or PFX); its key may be in the same file" },
  key = { flags = "--key", value = "FILE", help = "the private key of --cert" },
  rpk = { flags = "--rpk", value = "FILE",
    help = "use raw public keys, and this private key; needs --peer-key or --insecure" },
}

---@type lunacoap.command_line.Group
M.group = {
  title = "DTLS, for coaps://",
  options = {
    M.own.cert, M.own.key,
    { flags = "--ca", value = "FILE",
      help = "trust these authorities (PEM) besides those that the system trusts" },
    { flags = "--psk-identity", value = "NAME", help = "the name of the pre-shared key" },
    { flags = "--psk-key", value = "KEY", convert = values.bytes,
      help = "the pre-shared key: text, or hexadecimal digits behind 0x" },
    M.own.rpk,
    { flags = "--peer-key", value = "FILE", help = "the raw public key of the server" },
    { flags = "--insecure", help = "trust any server" },
  },
}

-- Fields of what a command is given, in the order in which their mistakes are told: what each
-- needs, and what it does not go with.
local RULES = {
  { "cert" },
  { "key", needs = "cert" },
  { "ca" },
  { "psk_identity", needs = "psk_key" },
  { "psk_key", needs = "psk_identity", without = { "cert", "ca", "rpk" } },
  { "rpk", without = { "cert", "ca" } },
  { "peer_key", needs = "rpk", without = { "insecure" } },
  { "insecure" },
}

local function flag(field)
  return "--" .. field:gsub("_", "-")
end

local function check_rule(given, rule)
  local field = rule[1]
  if given[field] == "" then
    failure.raise(failure.MISUSE, "%s is empty", flag(field))
  end
  if rule.needs and not given[rule.needs] then
    failure.raise(failure.MISUSE, "%s needs %s", flag(field), flag(rule.needs))
  end
  for _, other in ipairs(rule.without or {}) do
    if given[other] then
      failure.raise(failure.MISUSE, "%s does not go with %s", flag(field), flag(other))
    end
  end
end

-- Raises a failure when the options do not fit together.
local function check(given)
  for _, rule in ipairs(RULES) do
    if given[rule[1]] then
      check_rule(given, rule)
    end
  end
  if given.rpk and not given.peer_key and not given.insecure then
    failure.raise(failure.MISUSE, "--rpk needs --peer-key, the key of the other end, or --insecure")
  end
end

---Whether any option of DTLS is given.
---@param given table
---@return boolean
function M.is_given(given)
  for _, rule in ipairs(RULES) do
    if given[rule[1]] then
      return true
    end
  end
  return false
end

-- What the component calls what is given with an option.
local OPTIONS = {
  PSKIdentity = "--psk-identity", PSKKey = "--psk-key", UseRawPublicKey = "--rpk",
  ["UseRawPublicKey=True"] = "--rpk", SSLCert = "--cert", SSLServerCACerts = "--ca",
  SSLAcceptServerCert = "--peer-key", SSLServerAuthentication = "--insecure",
}

---A message of the component, which names settings, with the options in their place.
---@param message string
---@return string
function M.in_options(message)
  return (message:gsub("the event ", ""):gsub("[%w=]+", OPTIONS))
end

-- What a function of credentials.lua makes of files; what it raises ends the command.
local function from_files(make, ...)
  local ok, result = pcall(make, files.read, ...)
  if not ok then
    failure.raise(failure.is(result) and result.status or failure.HERE, "%s", tostring(result))
  end
  return result
end

---The public key of a key pair, a certificate or a public key in a file.
---@param path string
---@return lunacoap.Certificate
function M.public_key(path)
  return lunacoap.Certificate(lunacoap.StoreType.cstPublicKeyBlob,
    from_files(credentials.load, path).PublicKey)
end

---The certificates in a file, which must be PEM.
---@param path string
---@return string
function M.authorities(path)
  local content = files.read(path)
  if not content:find("-----BEGIN CERTIFICATE-----", 1, true) then
    failure.raise(failure.HERE, "%s has no certificate in PEM format", path)
  end
  return content
end

---What the options make of either end: properties and settings for lunacoap.CoAP by which it shows
---who it is. Raises a failure when they do not fit together, or for a file.
---@param given table
---@return table
function M.identity(given)
  check(given)
  local fields = {}
  if given.psk_key then
    fields.PSKIdentity, fields.PSKKey = given.psk_identity, hex.encode(given.psk_key)
  end
  if given.cert then
    fields.SSLCert = from_files(credentials.certificate, given.cert, given.key, nil,
      "name one with --key")
  end
  if given.rpk then
    fields.UseRawPublicKey, fields.SSLCert = true, from_files(credentials.key, given.rpk)
  end
  return fields
end

---The same of a client, with settings and handlers by which it trusts servers.
---@param given table
---@return table
function M.client(given)
  local fields = M.identity(given)
  if given.ca then
    fields.SSLServerCACerts = M.authorities(given.ca)
  end
  if given.peer_key then
    fields.SSLAcceptServerCert = M.public_key(given.peer_key)
  end
  if given.insecure then
    function fields.OnSSLServerAuthentication(_, e)
      e.Accept = true
    end
  end
  return fields
end

return M
