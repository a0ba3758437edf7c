-- Certificate objects as Lua sees them: fields, arguments and clear refusals. What is in stores is in
-- spec/secure/.

local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"

local Certificate = lunacoap.Certificate
local WINDOWS = "271: Cannot open certificate store: cstUser is a store of Windows; here a file "
  .. "(cstPEMKeyFile, cstPFXFile, cstAuto) or a token (cstPKCS11) has to be named"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

local function set(object, field, value)
  object[field] = value
end

local READ_ONLY = {
  EffectiveDate = "", ExpirationDate = "", ExtendedKeyUsage = "", Fingerprint = "",
  FingerprintSHA1 = "", FingerprintSHA256 = "", Issuer = "", PrivateKey = "",
  PrivateKeyAvailable = false, PrivateKeyContainer = "", PublicKey = "", PublicKeyAlgorithm = "",
  PublicKeyLength = 0, SerialNumber = "", SignatureAlgorithm = "", SubjectAltNames = "",
  ThumbprintMD5 = "", ThumbprintSHA1 = "", ThumbprintSHA256 = "", Usage = "", UsageFlags = 0,
  Version = "",
}
local WRITABLE = {
  Store = "MY", StoreB = "MY", StorePassword = "", StoreType = 0, Subject = "", Encoded = "",
  EncodedB = "",
}

describe("an empty certificate", function()
  it("has every field of the reference, at its default", function()
    local certificate = Certificate()
    for _, fields in ipairs { READ_ONLY, WRITABLE } do
      for name, value in pairs(fields) do
        assert.are.equal(value, certificate[name], name)
      end
    end
  end)

  it("refuses to have read-only fields assigned", function()
    for name, value in pairs(READ_ONLY) do
      assert.are.equal(("1: Certificate.%s is read-only"):format(name), raised(set, Certificate(), name, value))
    end
  end)

  it("keeps what says where a certificate is, in each object for itself", function()
    local certificate, other = Certificate(), Certificate()
    certificate.StoreType = lunacoap.StoreType.cstPEMKeyFile
    certificate.Store = "device.pem"
    certificate.StorePassword = "secret"
    assert.are.same({ 6, "device.pem", "device.pem", "secret" },
      { certificate.StoreType, certificate.Store, certificate.StoreB, certificate.StorePassword })
    certificate.StoreB = "\0\255"
    assert.are.equal("\0\255", certificate.Store)
    assert.are.equal("MY", other.Store)
  end)

  it("looks into no store before something is selected from it", function()
    local certificate = Certificate()
    assert.are.equal(WINDOWS, raised(set, certificate, "Subject", "*"))
    for _, name in ipairs { "Subject", "Encoded", "EncodedB" } do
      certificate[name] = ""
      assert.are.equal("", certificate[name])
    end
    assert.are.equal("Certificate (empty)", tostring(certificate))
  end)

  it("refuses other types and store types that there are not", function()
    local certificate = Certificate()
    assert.are.equal("1: Certificate: Store takes a string, not 5", raised(set, certificate, "Store", 5))
    assert.are.equal("1: Certificate: Subject takes a string, not nil", raised(set, certificate, "Subject", nil))
    for _, bad in ipairs { 20, 24, -1, 1.5, "2", true } do
      assert.truthy(raised(set, certificate, "StoreType", bad):find("StoreType takes one of lunacoap.StoreType, not ", 1, true))
    end
    assert.are.equal(0, certificate.StoreType)
  end)

  it("names the nearest field", function()
    assert.are.equal("1: Certificate has no field 'Isuer'; did you mean 'Issuer'?", raised(function() return Certificate().Isuer end))
    assert.are.equal("1: Certificate has no field 'storetype'; did you mean 'StoreType'?", raised(set, Certificate(), "storetype", 1))
  end)
end)

describe("the constructors of Certificate", function()
  it("keep where the certificate was found", function()
    local key = pki.read "server-ec.encrypted.key"
    local certificate = Certificate(7, key, pki.password, "*")
    assert.are.same({ 7, key, pki.password, "" },
      { certificate.StoreType, certificate.Store, certificate.StorePassword, certificate.Subject })
    certificate = Certificate(pki.read "server-ec.crt")
    assert.are.same({ 0, "MY", "", "O=Specs, CN=server-ec" },
      { certificate.StoreType, certificate.Store, certificate.StorePassword, certificate.Subject })
  end)

  it("take nil and nothing for no password and any subject", function()
    local both = pki.read "server-ec.both.pem"
    for _, certificate in ipairs {
      Certificate(7, both), Certificate(7, both, nil, nil), Certificate(7, both, "", "*"), Certificate(7, both, nil, "server"),
    } do
      assert.are.equal("Certificate (O=Specs, CN=server-ec)", tostring(certificate))
    end
  end)

  it("raise when there is nothing to make an object of", function()
    assert.truthy(raised(Certificate, "nonsense"):find("^271: Cannot open certificate store: no certificate and no key"))
    assert.are.equal("271: Cannot open certificate store: nowhere.pfx: No such file or directory",
      raised(Certificate, 2, "nowhere.pfx", "secret", "CN=device"))
    assert.truthy(raised(Certificate, 7, pki.read "server-ec.key", "", "CN=device"):find("^272: Cannot find certificate: "))
    assert.are.equal(WINDOWS, raised(Certificate, 0, "MY"))
  end)

  it("check their arguments before", function()
    local usage = "1: Certificate takes nothing, (encoded) or (storeType, store, password, subject)"
    assert.are.equal(usage, raised(Certificate, "device.pfx", 2, "secret", "*"))
    assert.are.equal(usage, raised(Certificate, {}))
    assert.are.equal(usage, raised(Certificate, 2, "device.pfx", "secret", "*", 1))
    assert.truthy(raised(Certificate, 20, "device.pfx"):find("StoreType takes", 1, true))
    assert.are.equal("1: Certificate: Store takes a string, not nil", raised(Certificate, 2))
    assert.are.equal("1: Certificate: Subject takes a string, not 5", raised(Certificate, 2, "a", "b", 5))
    assert.are.equal("1: Certificate: StorePassword takes a string, not number",
      raised(Certificate, 2, "a", 4711, "*"))
  end)
end)
