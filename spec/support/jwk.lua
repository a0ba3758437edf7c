-- JSON Web Keys of the keys that spec/support/pki.lua makes.

local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local M = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

function M.base64url(bytes)
  local digits = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 1, c and 4 or b and 3 or 2 do
      local place = bits >> (24 - 6 * k) & 63
      digits[#digits + 1] = ALPHABET:sub(place + 1, place + 1)
    end
  end
  return table.concat(digits)
end

-- The numbers in what `openssl pkey -text` prints, by their names there.
local function numbers(file)
  local found, name = {}, nil
  for line in selected.run(("openssl pkey -in %s -noout -text"):format(file)):gmatch("[^\n]+") do
    local hex = line:match("^ +([%x:]+)$")
    if hex then
      found[name] = found[name] .. hex:gsub(":", ""):gsub("..", function(byte)
        return string.char(tonumber(byte, 16))
      end)
    else
      name = line:match("^(%w+):") or "other"
      found[name] = ""
    end
  end
  return found
end

local function strip(bytes)
  return (bytes:gsub("^\0+", ""))
end

local CURVES = { [65] = { "P-256", 32 }, [97] = { "P-384", 48 }, [133] = { "P-521", 66 } }

local function of_ec(n)
  local name, size = table.unpack(CURVES[#n.pub])
  local d = strip(n.priv)
  return {
    kty = "EC", crv = name, x = n.pub:sub(2, 1 + size), y = n.pub:sub(2 + size),
    d = ("\0"):rep(size - #d) .. d,
  }
end

local function of_rsa(n)
  return {
    kty = "RSA", n = strip(n.modulus), e = "\1\0\1", d = strip(n.privateExponent),
    p = strip(n.prime1), q = strip(n.prime2),
  }
end

-- The members of the key in a file, by name; those that are bytes are not encoded yet.
function M.members(file)
  local n = numbers(file)
  if n.modulus then
    return of_rsa(n)
  end
  return #n.pub == 32 and { kty = "OKP", crv = "Ed25519", x = n.pub, d = n.priv } or of_ec(n)
end

local PLAIN = { kty = true, crv = true, kid = true }

-- As JSON; `changes` are members to set, and `false` for those to leave out. `x5c` is a list of the
-- names of certificates.
function M.of(file, changes)
  local members = M.members(file)
  for name, value in pairs(changes or {}) do
    members[name] = value
  end
  local texts = {}
  for name, value in pairs(members) do
    if name == "x5c" then
      local all = {}
      for i, certificate in ipairs(value) do
        local body = pki.read(certificate .. ".crt"):match("%-\n(.-)\n%-")
        all[i] = ('"%s"'):format((body:gsub("\n", "")))
      end
      texts[#texts + 1] = ('"x5c":[%s]'):format(table.concat(all, ","))
    elseif value then
      texts[#texts + 1] = ('"%s":"%s"'):format(name, PLAIN[name] and value or M.base64url(value))
    end
  end
  return "{" .. table.concat(texts, ",") .. "}"
end

function M.set(...)
  return ('{"keys":[%s]}'):format(table.concat({ ... }, ",\n"))
end

return M
