-- The certificates that the specs of DTLS work with, looked at by openssl: what is meant to be good
-- is, and what is meant to be bad is so for the one reason that its name tells.
local pki = require "spec.support.pki"

local function openssl(arguments, ...)
  local pipe <close> = assert(io.popen(("cd '%s' && openssl %s 2>&1"):format(
    pki.folder(), arguments:format(...))))
  local output = pipe:read("a")
  return pipe:close() == true, output
end

local AS_SERVER = "-purpose sslserver -verify_hostname localhost"

-- nil when it verifies, else what openssl says.
local function complaint(name, options)
  local chain = io.open(pki.folder() .. "/" .. name .. ".pem")
  if chain then
    chain:close()
    options = ("%s -untrusted %s.pem"):format(options, name)
  end
  local good, output = openssl("verify -auth_level 1 -CAfile root.crt %s %s.crt", options, name)
  return not good and output:match("lookup: ([^\n]+)") or nil
end

describe("the keys and certificates of the specs", function()
  local SERVERS = { "server-ec", "server-p384", "server-rsa", "server-ed25519", "server-chain", "deep",
    "no-usage", "common-name", "described" }
  for _, name in ipairs(SERVERS) do
    it("let " .. name .. " be a server", function()
      assert.is_nil(complaint(name, AS_SERVER))
    end)
  end

  for _, key in ipairs { "ec", "p384", "rsa", "ed25519", "chain" } do
    it("let client-" .. key .. " be a client, but not a server", function()
      assert.is_nil(complaint("client-" .. key, "-purpose sslclient"))
      assert.matches("unsuitable certificate purpose",
        complaint("client-" .. key, "-purpose sslserver"))
      assert.matches("unsuitable certificate purpose",
        complaint("server-" .. key, "-purpose sslclient"))
    end)
  end

  local BAD = {
    { "expired", AS_SERVER, "has expired" },
    { "client-expired", "-purpose sslclient", "has expired" },
    { "future", AS_SERVER, "not yet valid" },
    { "other-name", AS_SERVER, "hostname mismatch" },
    { "no-signature", "-purpose sslserver", "unsuitable certificate purpose" },
    { "client-no-signature", "-purpose sslclient", "unsuitable certificate purpose" },
    { "sha1", AS_SERVER, "CA signature digest algorithm too weak" },
    { "self-signed", AS_SERVER, "self.signed certificate" },
    { "stranger", AS_SERVER, "unable to get local issuer" },
    { "client-stranger", "-purpose sslclient", "unable to get local issuer" },
    { "revoked", AS_SERVER .. " -crl_check -CRLfile root.crl", "certificate revoked" },
    { "old-chain", AS_SERVER, "has expired" },
    { "by-no-authority", AS_SERVER, "invalid CA certificate" },
  }
  for _, case in ipairs(BAD) do
    it("make " .. case[1] .. " bad: " .. case[3], function()
      assert.matches(case[3], complaint(case[1], case[2]))
    end)
  end

  -- What is wrong with each is nothing else, so that it is good for who overlooks just that.
  it("make nothing else bad", function()
    assert.is_nil(complaint("expired", AS_SERVER .. " -no_check_time"))
    assert.is_nil(complaint("future", AS_SERVER .. " -no_check_time"))
    assert.is_nil(complaint("old-chain", AS_SERVER .. " -no_check_time"))
    assert.is_nil(complaint("other-name", "-purpose sslserver -verify_hostname other.example"))
    assert.is_nil(complaint("other-name", "-purpose sslserver -verify_ip 192.0.2.1"))
    assert.is_nil(complaint("no-signature", "-verify_hostname localhost"))
    assert.is_nil(complaint("sha1", AS_SERVER .. " -auth_level 0"))
    assert.is_nil(complaint("stranger", AS_SERVER .. " -trusted stranger-root.crt"))
    assert.is_nil(complaint("revoked", AS_SERVER))
    assert.is_nil(complaint("server-ec", AS_SERVER .. " -crl_check -CRLfile root.crl"))
  end)

  local ENCRYPTED = { "server-ec.sec1-encrypted.key", "server-ec.encrypted.key",
    "server-rsa.pkcs1-encrypted.key" }
  it("are in PEM and DER, and encrypted where that is said", function()
    local plain = { "server-ec.key", "server-ec.sec1.key", "server-ec.both.pem",
      "server-ec.key.der", "server-rsa.key", "server-rsa.pkcs1.key", "server-ed25519.key" }
    for _, name in ipairs(plain) do
      local _, public = openssl("pkey -pubout -in %s", name)
      assert.are.equal(pki.read(name:match("^[%w-]+") .. ".pub"), public)
    end
    for _, name in ipairs(ENCRYPTED) do
      assert.is_false((openssl("pkey -noout -passin pass:wrong -in %s", name)))
      assert.is_true((openssl("pkey -noout -passin pass:%s -in %s", pki.password, name)))
    end
  end)

  it("are in PFX files with the passwords that are said", function()
    local files = {
      ["server-ec.pfx"] = pki.password, ["server-chain.pfx"] = pki.password,
      ["server-ed25519.pfx"] = pki.password, ["server-ec.legacy.pfx"] = pki.password,
      ["server-ec.no-password.pfx"] = "", ["server-ec.utf8.pfx"] = pki.utf8_password,
    }
    for name, password in pairs(files) do
      local arguments = "pkcs12 -legacy -noout -in %s -passin 'pass:%s'"
      assert.is_true((openssl(arguments, name, password)), name)
      assert.is_false((openssl(arguments, name, "wrong")), name)
    end
    local _, info = openssl("pkcs12 -info -noout -in server-ec.no-mac.pfx -passin pass:%s",
      pki.password)
    assert.matches("MAC is absent", info)
    _, info = openssl("pkcs12 -legacy -info -noout -in server-ec.legacy.pfx -passin pass:%s",
      pki.password)
    assert.matches("RC2", info)
  end)

  it("are read as DER", function()
    assert.are.same({ pki.read "server-ec.der" }, pki.chain "server-ec.crt")
    assert.are.equal(2, #pki.chain "server-chain.pem")
    assert.are.equal(2, #pki.chain "authorities.pem")
    assert.are.equal(91, #pki.spki "server-ec")
    assert.has_error(function() pki.path "unheard-of.crt" end,
      "spec/support/pki.lua makes no unheard-of.crt")
  end)
end)
