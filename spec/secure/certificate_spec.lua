-- Certificate stores: each kind that is read, what is chosen in it, and what is said otherwise. The
-- files are made by openssl.

local lunacoap = require "lunacoap"
local base = require("lunacoap.probe").base
local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local Certificate, StoreType = lunacoap.Certificate, lunacoap.StoreType
local select, refusal, failure = selected.select, selected.refusal, selected.failure

local function set(object, field, value)
  object[field] = value
end

local function base64(name)
  return (selected.run("openssl base64 -in " .. name))
end

-- The data of a file both ways: as a file and as a blob.
local function each_way(file_type, name, ...)
  local results = {
    { select(file_type, pki.path(name), ...) },
    { select(file_type + 1, pki.read(name), ...) },
    { select(file_type + 1, base64(name), ...) },
    { select(StoreType.cstAuto, pki.path(name), ...) },
    { select(StoreType.cstAuto, pki.read(name), ...) },
    { select(StoreType.cstAuto, base64(name), ...) },
  }
  for i = 2, #results do
    assert.are.same(results[1], results[i], name .. ", way " .. i)
  end
  return results[1][1]
end

describe("a PFX store", function()
  it("is read whatever it is encrypted with, as a file, binary and base64", function()
    for _, name in ipairs {
      "server-ec", "server-rsa", "server-ed25519", "client-ec", "server-chain",
    } do
      assert.are.equal(name .. ", key", each_way(2, name .. ".pfx", pki.password))
    end
    for _, name in ipairs { "server-ec.legacy", "server-ec.no-mac" } do
      assert.are.equal("server-ec, key", each_way(2, name .. ".pfx", pki.password))
    end
    assert.are.equal("server-ec, key", each_way(2, "server-ec.no-password.pfx"))
    assert.are.equal("server-ec, key", each_way(2, "server-ec.utf8.pfx", pki.utf8_password))
  end)

  it("is read without any encryption and without a key", function()
    selected.run("openssl pkcs12 -export -in server-ec.crt -inkey server-ec.key -out plain.pfx "
      .. "-keypbe NONE -certpbe NONE -passout pass:secret")
    selected.run("openssl pkcs12 -export -nokeys -in server-chain.pem -out certs.pfx -passout pass:secret")
    assert.are.equal("server-ec, key", select(2, pki.path "plain.pfx", pki.password))
    assert.are.equal("StorePassword is wrong, or it is damaged", refusal(3, pki.read "plain.pfx", "wrong"))
    assert.are.equal("server-chain", select(2, pki.path "certs.pfx", pki.password))
  end)

  it("says that the password is wrong or missing, and never the password", function()
    local wrong = "StorePassword is wrong, or it is damaged"
    for _, name in ipairs { "server-ec.pfx", "server-ec.legacy.pfx", "server-ec.no-password.pfx" } do
      assert.are.equal(name .. ": " .. wrong, refusal(2, pki.path(name), "s3cr3t"))
      assert.are.equal(wrong, refusal(3, pki.read(name), "s3cr3t"))
    end
    assert.are.equal("server-ec.no-mac.pfx: its private key cannot be decrypted: StorePassword is wrong",
      refusal(2, pki.path "server-ec.no-mac.pfx", "s3cr3t"))
    assert.are.equal("it is encrypted: StorePassword has to be set", refusal(3, pki.read "server-ec.pfx"))
    assert.are.equal("StorePassword has a zero byte in it", refusal(3, pki.read "server-ec.pfx", "secret\0x"))
  end)

  it("says that it is damaged or something else", function()
    local pfx = pki.read "server-ec.pfx"
    for _, len in ipairs { 1, 10, #pfx // 2, #pfx - 1 } do
      assert.truthy(refusal(3, pfx:sub(1, len), pki.password):find("^it is no PFX %(PKCS #12%), or damaged: "))
    end
    assert.truthy(refusal(2, pki.path "server-ec.crt"):find("^server%-ec.crt: it is no PFX"))
    assert.are.equal("cstPFXFile takes a file's name in Store, which is empty", refusal(2, ""))
    assert.are.equal("cstPFXFile takes a file's name in Store, not binary data", refusal(2, pfx, pki.password))
  end)
end)

describe("a store of a private key", function()
  it("is read in PEM and DER, encrypted and not, with and without a certificate", function()
    for _, name in ipairs {
      "server-ec.key", "server-ec.key.der", "server-ec.sec1.key", "server-ec.sec1-encrypted.key",
      "server-ec.encrypted.key", "server-rsa.pkcs1.key", "server-rsa.pkcs1-encrypted.key",
      "server-ed25519.key", "server-p384.key",
    } do
      assert.are.equal("bare, key", each_way(6, name, pki.password))
    end
    assert.are.equal("server-ec, key", each_way(6, "server-ec.both.pem"))
  end)

  it("has the key of the same public key, whatever form it has", function()
    local encrypted = Certificate(6, pki.path "server-ec.sec1-encrypted.key", pki.password)
    assert.are.equal(pki.read "server-ec.key", encrypted.PrivateKey)
    assert.are.equal(pki.read "server-ec.pub", encrypted.PublicKey)
    assert.are.equal(pki.read "server-rsa.key", Certificate(6, pki.path "server-rsa.pkcs1.key").PrivateKey)
  end)

  it("is read encrypted in DER", function()
    selected.run("openssl pkcs8 -topk8 -in server-ec.key -outform DER -passout pass:secret -out locked.der")
    assert.are.equal("bare, key", each_way(6, "locked.der", "secret"))
    assert.are.equal("locked.der: its private key cannot be decrypted: StorePassword is wrong",
      refusal(6, pki.path "locked.der", "wrong"))
  end)

  it("says that its password is wrong or missing", function()
    for _, name in ipairs { "server-ec.encrypted.key", "server-ec.sec1-encrypted.key",
      "server-rsa.pkcs1-encrypted.key" } do
      assert.are.equal(name .. ": its private key is encrypted: StorePassword has to be set", refusal(6, pki.path(name)))
      assert.are.equal("its private key cannot be decrypted: StorePassword is wrong", refusal(7, pki.read(name), "x"))
    end
    selected.run("openssl pkcs8 -topk8 -scrypt -in server-ec.key -passout pass:secret -out scrypt.key")
    assert.truthy(refusal(6, pki.path "scrypt.key", "secret"):find(
      "encrypted in a way that is not read here; what openssl pkcs8 -topk8 makes is read", 1, true))
  end)

  it("says that it is damaged, cut off, or empty of keys", function()
    local key = pki.read "server-ec.key"
    assert.are.equal("it is cut off: a line with BEGIN has no line with END after it", refusal(7, key:sub(1, -12)))
    assert.truthy(refusal(7, (key:gsub("\nMI.", "\nAAA"))):find("^its private key is damaged: "))
    assert.truthy(refusal(7, pki.read("server-ec.key.der"):sub(1, 50)):find("^it is no certificate and no key that is read here"))
    assert.are.equal("no certificate and no key is in it, neither in PEM nor in DER", refusal(7, "Hello!"))
    assert.are.equal("no certificate and no key is in it, neither in PEM nor in DER", refusal(7, ""))
    assert.are.equal("no certificate and no key is in it",
      refusal(7, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"))
  end)

  it("names what makes a PEM file of other forms of keys", function()
    selected.run("rm -f ssh ssh.pub; ssh-keygen -q -t ecdsa -N '' -f ssh")
    assert.truthy(refusal(6, pki.path "ssh"):find("^ssh: OPENSSH PRIVATE KEY is not read here; ssh%-keygen %-p %-m PKCS8 "))
    assert.truthy(refusal(6, pki.path "server-chain.p7b"):find("PKCS7 is not read here; openssl pkcs7 ", 1, true))
  end)
end)

describe("a store of a public key", function()
  it("holds a certificate or a bare key, in PEM and DER", function()
    for _, name in ipairs { "server-ec.crt", "server-ec.der", "server-rsa.crt", "server-ed25519.crt" } do
      assert.are.equal(name:match("^[^.]+"), each_way(8, name))
    end
    assert.are.equal("bare", each_way(8, "server-ec.pub"))
    assert.are.equal("bare", select(9, pki.spki "server-ec"))
    assert.are.equal("root", each_way(8, "authorities.pem"))
  end)

  it("says that a certificate is damaged", function()
    local pem = pki.read "server-ec.crt"
    assert.are.equal("a certificate in it is damaged or cut off", refusal(9, (pem:gsub("\nMI.", "\nAAA"))))
    assert.are.equal("what stands after BEGIN CERTIFICATE is no base64", refusal(9, (pem:gsub("\nM", "\n#"))))
    assert.are.equal("the public key in it is damaged or cut off", refusal(9, (pki.read("server-ec.pub"):gsub("\nM", "\nA"))))
  end)
end)

describe("a file that cannot be read", function()
  it("is named, with the system's words", function()
    for _, kind in ipairs { 2, 6, 8, 18, 99 } do
      assert.are.equal("nowhere/device.pem: No such file or directory", refusal(kind, "nowhere/device.pem"))
    end
    assert.are.equal("/tmp: Is a directory", refusal(6, "/tmp"))
    assert.are.equal("/dev/zero: File too large", refusal(6, "/dev/zero"))
    assert.are.equal("1048577 bytes are too many for a store: at most 1048576 are read", refusal(7, (" "):rep(1024 * 1024 + 1)))
  end)
end)

describe("stores that are not read here", function()
  it("say what to do instead", function()
    local cases = {
      cstUser = "a store of Windows", cstMachine = "a store of Windows", cstJKSFile = "keytool ",
      cstJKSBlob = "keytool ", cstBCFKSFile = "keytool ", cstBCFKSBlob = "keytool ",
      cstSSHPublicKeyBlob = "ssh-keygen ", cstSSHPublicKeyFile = "ssh-keygen ", cstP7BFile = "openssl pkcs7 ",
      cstP7BBlob = "openssl pkcs7 ", cstPPKFile = "puttygen ", cstPPKBlob = "puttygen ",
      cstXMLFile = "PEM (cstPEMKeyFile)", cstXMLBlob = "PEM (cstPEMKeyFile)",
    }
    for name, hint in pairs(cases) do
      local said = refusal(StoreType[name], "MY")
      assert.truthy(said:find(name .. " is ", 1, true) == 1 and said:find(hint, 1, true), said)
    end
  end)

  it("are known by how they begin", function()
    local cases = {
      ["\xfe\xed\xfe\xed\0\0\0\2"] = "cstJKSBlob", ["PuTTY-User-Key-File-3: x"] = "cstPPKBlob",
      ["ssh-ed25519 AAAA"] = "cstSSHPublicKeyBlob", ["\n<RSAKeyValue>"] = "cstXMLBlob",
      [pki.read "server-chain.p7b.der"] = "cstP7BBlob",
    }
    for data, name in pairs(cases) do
      assert.are.equal(1, refusal(99, data):find(name .. " is not read here", 1, true))
    end
  end)

  it("never have their data in an error text", function()
    assert.are.equal(
      "no certificate and no key is found in it: cstAuto knows names of files, PEM, DER, PFX, JWK and pkcs11: URLs",
      refusal(99, "Private key: c2VjcmV0c2VjcmV0c2VjcmV0"))
  end)
end)

describe("the subject", function()
  local store

  setup(function()
    local texts = {}
    for _, name in ipairs {
      "root.crt", "intermediate.crt", "server-chain.crt", "server-rsa.crt", "server-rsa.key",
      "described.crt", "server-ec.key", "server-chain.key",
    } do
      texts[#texts + 1] = pki.read(name)
    end
    store = table.concat(texts)
  end)

  it("is a whole name, else a part of one, whatever the case", function()
    assert.are.equal("root", select(7, store, "", "O=Specs, CN=root"))
    assert.are.equal("root", select(7, store, "", "o=specs, cn=ROOT"))
    assert.are.equal("described", select(7, store, "", "E=specs@example.com"))
    assert.are.equal("described", select(7, store, "", 'O="Specs, Inc."'))
    assert.are.equal("intermediate", select(7, store, "", "INTER"))
  end)

  it("prefers a certificate that has its private key", function()
    assert.are.equal("server-chain, key", select(7, store))
    assert.are.equal("server-chain, key", select(7, store, "", "*"))
    assert.are.equal("server-chain, key", select(7, store, "", "CN=server"))
    assert.are.equal("server-chain, key", select(7, store, "", "Specs"))
    assert.are.equal("root", select(7, pki.read "authorities.pem"))
  end)

  it("is a thumbprint of MD5, SHA-1 or SHA-256", function()
    for _, name in ipairs { "described", "server-rsa" } do
      for _, hash in ipairs { "md5", "sha1", "sha256" } do
        local print = selected.run(("openssl x509 -in %s.crt -noout -fingerprint -%s"):format(name, hash)):match("=(%S+)")
        for _, form in ipairs { print, (print:lower():gsub(":", "")), (print:gsub(":", " ")) } do
          assert.are.equal(name, (select(7, store, "", "Thumbprint=" .. form):gsub(",.*", "")))
        end
      end
    end
    local wrong = "272: Cannot find certificate: Thumbprint= takes the 32, 40 or 64 hex digits of an MD5, SHA-1 or SHA-256 hash"
    for _, bad in ipairs { "", "12", ("1"):rep(41), ("1"):rep(65), ("g"):rep(40) } do
      assert.are.equal(wrong, refusal(7, store, "", "Thumbprint=" .. bad))
    end
  end)

  it("that nothing has raises 272, with how many there are", function()
    assert.are.equal("272: Cannot find certificate: nothing in the store has the subject 'CN=nobody': it holds 6 certificates or keys",
      refusal(7, store, "", "CN=nobody"))
    assert.are.equal("272: Cannot find certificate: nothing in the store has the subject 'CN=nobody': it holds 1 certificate or key",
      refusal(7, pki.read "server-ec.key", "", "CN=nobody"))
    local none = "Thumbprint=" .. ("0"):rep(64)
    assert.truthy(refusal(7, store, "", none):find("^272: "))
  end)

  it("that is assigned selects, and is the whole one then", function()
    local certificate = Certificate()
    certificate.StoreType, certificate.StoreB = StoreType.cstPEMKeyBlob, store
    certificate.Subject = "rsa"
    assert.are.equal("O=Specs, CN=server-rsa", certificate.Subject)
    assert.is_true(certificate.PrivateKeyAvailable)
    certificate.Subject = "nobody"
    assert.are.same({ "", "", false, "Certificate (empty)" },
      { certificate.Subject, certificate.Encoded, certificate.PrivateKeyAvailable, tostring(certificate) })
    certificate.Subject = "root"
    certificate.Subject = ""
    assert.are.equal("", certificate.Encoded)
  end)

  it("keeps what was selected when the store cannot be opened", function()
    local certificate = Certificate(7, store, "", "root")
    certificate.Store = "-----BEGIN NOTHING"
    assert.are.equal("it is cut off: a line with BEGIN has no line with END after it", failure(set, certificate, "Subject", "*"))
    assert.are.equal("O=Specs, CN=root", certificate.Subject)
  end)
end)

describe("Encoded", function()
  it("of a constructor is a certificate or a public key", function()
    for _, name in ipairs { "server-ec.crt", "server-ec.der" } do
      assert.are.equal("server-ec", selected.describe(Certificate(pki.read(name))))
    end
    assert.are.equal("server-ec", selected.describe(Certificate(base64 "server-ec.der")))
    assert.are.equal("bare", selected.describe(Certificate(pki.read "server-ec.pub")))
    assert.truthy(refusal("nonsense"):find("^no certificate and no key is in it"))
    assert.truthy(refusal(""):find("^no certificate and no key is in it"))
  end)

  it("that is assigned finds its private key in the store", function()
    local certificate = Certificate()
    certificate.StoreType, certificate.Store = StoreType.cstPEMKeyFile, pki.path "server-ec.encrypted.key"
    certificate.StorePassword = pki.password
    certificate.Encoded = pki.read "server-ec.crt"
    assert.are.equal("server-ec, key", selected.describe(certificate))
    assert.are.equal(pki.read "server-ec.key", certificate.PrivateKey)
    certificate.Encoded = ""
    assert.are.equal("Certificate (empty)", tostring(certificate))
  end)

  it("leaves Subject empty when its private key is not in the store, as the reference says", function()
    local certificate = Certificate()
    certificate.EncodedB = pki.read "server-ec.der"
    assert.are.same({ "", false, pki.read "server-ec.crt" },
      { certificate.Subject, certificate.PrivateKeyAvailable, certificate.Encoded })
    certificate.StoreType, certificate.Store = StoreType.cstPEMKeyFile, pki.path "server-rsa.key"
    certificate.Encoded = pki.read "server-ec.crt"
    assert.are.equal("", certificate.Subject)
    assert.are.equal("Certificate (O=Specs, CN=server-ec)", tostring(certificate))
  end)

  it("that cannot be read, or whose store cannot be opened, raises and changes nothing", function()
    local certificate = Certificate(pki.read "server-ec.crt")
    assert.truthy(failure(set, certificate, "Encoded", "nonsense"):find("^no certificate and no key"))
    certificate.StoreType, certificate.Store = StoreType.cstPEMKeyFile, "nowhere/device.key"
    assert.are.equal("nowhere/device.key: No such file or directory",
      failure(set, certificate, "Encoded", pki.read "server-rsa.crt"))
    assert.are.equal("O=Specs, CN=server-ec", certificate.Subject)
  end)
end)

describe("the memory of certificates", function()
  after_each(function() base.fail_after() end)

  -- Each step makes and drops something.
  local function steps()
    return {
      function() Certificate(3, pki.read "server-chain.pfx", pki.password) end,
      function() Certificate(7, pki.read "server-ec.both.pem") end,
      function() Certificate(pki.read "server-ec.crt") end,
      function() Certificate(99, pki.path "server-ec.pub") end,
      function() return Certificate(pki.read "server-ec.crt").Subject end,
      function() return Certificate(7, pki.read "server-ec.key").PrivateKey end,
      function() pcall(Certificate, 7, pki.read "authorities.pem", "", "nobody") end,
      function() pcall(Certificate, 3, pki.read "server-ec.pfx", "wrong") end,
    }
  end

  local function settle()
    collectgarbage()
    collectgarbage()
    return base.blocks()
  end

  it("is all given back", function()
    for i, step in ipairs(steps()) do
      step()
      local before = settle()
      for _ = 1, 3 do
        step()
      end
      assert.are.equal(before, settle(), "step " .. i)
    end
  end)

  it("may run out at any time", function()
    for i, step in ipairs(steps()) do
      step()
      local before, failed = settle(), 0
      for count = 0, 60 do
        base.fail_after(count)
        local ok, err = pcall(step)
        base.fail_after()
        failed = failed + (ok and 0 or 1)
        assert.is_true(ok or err.Code == 10055 or err.Code == 271 or err.Code == 272, tostring(err))
      end
      assert.is_true(failed > 0 or i > 6)
      assert.are.equal(before, settle(), "step " .. i)
    end
  end)
end)
