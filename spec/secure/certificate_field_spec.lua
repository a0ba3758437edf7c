-- The fields of certificates and bare keys, compared with what openssl and ssh-keygen say of them.

local lunacoap = require "lunacoap"
local build = require "spec.support.build"
local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local Certificate = lunacoap.Certificate
local run = selected.run

local NAMES = {
  "server-ec", "server-p384", "server-rsa", "server-ed25519", "client-chain", "described", "root",
  "no-usage", "other-name", "sha1",
}

local function load(name)
  return Certificate(pki.read(name .. ".crt"))
end

local function x509(name, options)
  return (run(("openssl x509 -in %s.crt -noout %s"):format(name, options)))
end

-- A certificate that nobody asked for before; `extensions` as a configuration of openssl.
local function make(name, subject, extensions, options)
  selected.write(name .. ".cnf", "oid_section=o\n[o]\nown=1.2.3.4\n[req]\ndistinguished_name=x\n[x]\n[e]\n" .. (extensions or "") .. "\n")
  run(("OPENSSL_CONF=%s.cnf openssl req -x509 -utf8 -key server-ec.key -subj '%s' -extensions e -out %s.crt %s"):format(
    name, subject, name, options or ""))
  return load(name)
end

describe("the hashes of a certificate", function()
  it("are those of openssl, with colons and without", function()
    for _, name in ipairs(NAMES) do
      local certificate = load(name)
      for hash, suffix in pairs { md5 = "", sha1 = "SHA1", sha256 = "SHA256" } do
        local print = x509(name, "-fingerprint -" .. hash):match("=(%S+)"):lower()
        assert.are.equal(print, certificate["Fingerprint" .. suffix])
        assert.are.equal((print:gsub(":", "")), certificate["Thumbprint" .. hash:upper()])
      end
    end
  end)

  it("are those of ssh-keygen for a bare key", function()
    run("openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-521 -out p521.key && openssl pkey -in p521.key -pubout -out p521.pub")
    for _, name in ipairs { "server-ec", "server-p384", "p521", "server-rsa", "server-ed25519" } do
      local key = Certificate(7, pki.read(name .. ".key"))
      assert.are.equal(key.FingerprintSHA256, Certificate(pki.read(name .. ".pub")).FingerprintSHA256)
      assert.are.same({ "", "", "" }, { key.ThumbprintMD5, key.ThumbprintSHA1, key.ThumbprintSHA256 })
      if name ~= "server-ed25519" then -- ssh-keygen cannot import that one
        run(("ssh-keygen -i -m PKCS8 -f %s.pub >%s.ssh"):format(name, name))
        assert.are.equal(run(("ssh-keygen -l -E md5 -f %s.ssh"):format(name)):match("MD5:(%S+)"), key.Fingerprint)
        for suffix, hash in pairs { SHA1 = "sha1", SHA256 = "sha256" } do
          local hex = run(("cut -d' ' -f2 %s.ssh | openssl base64 -d -A | openssl dgst -%s"):format(name, hash)):match("= (%x+)")
          assert.are.equal(hex, (key["Fingerprint" .. suffix]:gsub(":", "")))
        end
      end
    end
    local wire = "\0\0\0\11ssh-ed25519\0\0\0\32" .. pki.spki("server-ed25519"):sub(-32)
    selected.write("ed25519.wire", wire)
    assert.are.equal(run("openssl dgst -md5 ed25519.wire"):match("= (%x+)"),
      (Certificate(7, pki.read "server-ed25519.key").Fingerprint:gsub(":", "")))
  end)
end)

describe("the names of a certificate", function()
  it("are in its own order, with the fields of the reference", function()
    assert.are.equal('C=DE, O="Specs, Inc.", CN=described, E=specs@example.com', load("described").Subject)
    assert.are.equal("O=Specs, CN=root", load("described").Issuer)
    assert.are.equal("O=Specs, CN=intermediate", load("client-chain").Issuer)
    assert.are.equal("CN=www, OU=test, L=Ulm, S=BW, C=DE, DC=x, OID.1.2.3.4=y",
      make("fields", "/CN=www/OU=test/L=Ulm/ST=BW/C=DE/DC=x/own=y").Subject)
  end)

  it("are quoted so that no value can pass for another field", function()
    assert.are.equal('CN="a, O=b", OU="say ""x""", O="a+b"', make("quoted", [[/CN=a, O=b/OU=say "x"/O=a\+b]]).Subject)
    assert.are.equal('CN="a\nb"', make("newline", "/CN=a\nb").Subject)
    assert.are.equal("CN=a + OU=b, O=c", make("multi", "/CN=a+OU=b/O=c", nil, "-multivalue-rdn").Subject)
  end)

  it("are UTF-8 whatever they were", function()
    assert.are.equal("CN=Gerät €", make("utf8", "/CN=Gerät €").Subject)
    selected.write("bmp.cnf", "[req]\ndistinguished_name=d\nstring_mask=pkix\nprompt=no\n[d]\nCN=Gerät €\nO=Büro\n")
    run("openssl req -x509 -config bmp.cnf -utf8 -key server-ec.key -out bmp.crt")
    assert.truthy(run("openssl asn1parse -in bmp.crt"):find("BMPSTRING"))
    assert.are.equal("CN=Gerät €, O=Büro", load("bmp").Subject)
  end)

  it("are listed with commas when they are alternative ones", function()
    assert.are.equal("localhost,127.0.0.1,::1", load("server-ec").SubjectAltNames)
    assert.are.equal("other.example,*.wild.example,192.0.2.1", load("other-name").SubjectAltNames)
    assert.are.equal("", load("no-signature").SubjectAltNames:gsub("localhost,127.0.0.1,::1", ""))
    local names = "subjectAltName=email:a@b.example,URI:coaps://x/y,RID:1.2.3,dirName:d,DNS:z\n[d]\nCN=no"
    assert.are.equal("a@b.example,coaps://x/y,z", make("alternative", "/CN=x", names).SubjectAltNames)
    assert.are.equal('"a,b"', make("comma", "/CN=x", "subjectAltName=@n\n[n]\nDNS=a\\,b").SubjectAltNames)
    assert.are.equal("", load("root").SubjectAltNames)
  end)
end)

describe("the dates of a certificate", function()
  local function in_zone(zone, command)
    local pipe <close> = assert(io.popen(("export TZ=%s; %s -e 'local C = require(\"lunacoap\").Certificate; %s'"):format(
      zone, build.lua, command)))
    return pipe:read("a")
  end

  it("are in local time with the month in English", function()
    local folder = pki.folder()
    local print = ('local c = C(8, "%s/server-ec.crt"); print(c.EffectiveDate, c.ExpirationDate)'):format(folder)
    assert.are.equal("01-Jan-2020 00:00:00\t01-Jan-2049 00:00:00\n", in_zone("UTC", print))
    assert.are.equal("31-Dec-2019 19:00:00\t31-Dec-2048 19:00:00\n", in_zone("EST5", print))
    assert.are.equal("01-Jan-2020 09:00:00\t01-Jan-2049 09:00:00\n", in_zone("JST-9", print))
  end)

  it("may lie behind 2049, and never may be meant (RFC 5280 section 4.1.2.5)", function()
    run("printf '01' >later.serial; : >later.index; openssl req -new -key server-ec.key -subj /CN=later -out later.csr;"
      .. "ISSUER=later OPENSSL_CONF=openssl.cnf openssl ca -batch -name issuer -selfsign -keyfile server-ec.key "
      .. "-in later.csr -out later.crt -notext -startdate 20510203040506Z -enddate 99991231235959Z")
    assert.are.equal("31-Dec-9999 23:59:59", load("later").ExpirationDate)
    assert.are.equal("03-Feb-2051 04:05:06\n",
      in_zone("UTC", ('print(C(8, "%s/later.crt").EffectiveDate)'):format(pki.folder())))
  end)
end)

describe("the keys of a certificate", function()
  it("have a name and a length", function()
    local expected = {
      ["server-ec"] = { "ECDSA", 256 }, ["server-p384"] = { "ECDSA", 384 },
      ["server-rsa"] = { "RSA", 2048 }, ["server-ed25519"] = { "Ed25519", 256 },
    }
    for name, pair in pairs(expected) do
      local certificate = load(name)
      assert.are.same(pair, { certificate.PublicKeyAlgorithm, certificate.PublicKeyLength })
    end
    run("openssl req -x509 -newkey rsa-pss -nodes -keyout pss.key -subj /CN=pss -out pss.crt")
    assert.are.same({ "RSA-PSS", 2048 }, { load("pss").PublicKeyAlgorithm, load("pss").PublicKeyLength })
  end)

  it("are PEM as openssl writes it", function()
    for _, name in ipairs { "server-ec", "server-p384", "server-rsa", "server-ed25519" } do
      local both = Certificate(7, pki.read(name .. ".crt") .. pki.read(name .. ".key"))
      assert.are.equal(pki.read(name .. ".pub"), both.PublicKey)
      assert.are.equal(pki.read(name .. ".key"), both.PrivateKey)
      assert.are.equal(pki.read(name .. ".crt"), both.Encoded)
      assert.are.equal(both.Encoded, both.EncodedB)
      assert.is_true(both.PrivateKeyAvailable)
      assert.are.same({ "", false, "" },
        { load(name).PrivateKey, load(name).PrivateKeyAvailable, both.PrivateKeyContainer })
      assert.are.equal(pki.read(name .. ".pub"), Certificate(7, pki.read(name .. ".key")).Encoded)
    end
  end)

  it("are as openssl writes them whatever their first byte is", function()
    for _ = 1, 40 do
      run("openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out any.key")
      assert.are.equal(pki.read "any.key", Certificate(7, pki.read "any.key").PrivateKey)
    end
  end)
end)

describe("the other fields of a certificate", function()
  it("are its number, version and signature", function()
    for _, name in ipairs(NAMES) do
      assert.are.equal(x509(name, "-serial"):match("=(%x+)"):lower(), load(name).SerialNumber)
      assert.are.equal("V3", load(name).Version)
    end
    assert.are.equal("00", make("zero", "/CN=zero", nil, "-set_serial 0").SerialNumber)
    assert.are.equal("ff01", make("high", "/CN=high", nil, "-set_serial 0xff01").SerialNumber)
    assert.are.equal("ECDSA-SHA256", load("server-rsa").SignatureAlgorithm)
    assert.are.equal("ECDSA-SHA1", load("sha1").SignatureAlgorithm)
    run("openssl req -new -key server-rsa.key -subj /CN=v1 | openssl x509 -req -signkey server-rsa.key -sha384 -out v1.crt")
    assert.are.same({ "V1", "RSA-SHA384" }, { load("v1").Version, load("v1").SignatureAlgorithm })
  end)

  it("are what it may be used for", function()
    assert.are.same({ 0x80, "Digital Signature", "1.3.6.1.5.5.7.3.1" },
      { load("server-ec").UsageFlags, load("server-ec").Usage, load("server-ec").ExtendedKeyUsage })
    assert.are.same({ 6, "Certificate Signing,CRL Signing", "" },
      { load("root").UsageFlags, load("root").Usage, load("root").ExtendedKeyUsage })
    assert.are.same({ 0, "", "" }, { load("no-usage").UsageFlags, load("no-usage").Usage, load("no-usage").ExtendedKeyUsage })
    assert.are.equal("1.3.6.1.5.5.7.3.1,1.3.6.1.5.5.7.3.2", load("no-signature").ExtendedKeyUsage)
    local all = make("all", "/CN=all", "keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,"
      .. "keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly")
    assert.are.equal(0xff, all.UsageFlags)
    assert.are.equal("Digital Signature,Non-Repudiation,Key Encipherment,Data Encipherment,Key Agreement,"
      .. "Certificate Signing,CRL Signing,Encipher Only", all.Usage)
  end)

  it("are empty in a bare key", function()
    local key = Certificate(7, pki.read "server-ec.key")
    for _, name in ipairs {
      "EffectiveDate", "ExpirationDate", "ExtendedKeyUsage", "Issuer", "SerialNumber", "SignatureAlgorithm",
      "Subject", "SubjectAltNames", "Usage", "Version",
    } do
      assert.are.equal("", key[name], name)
    end
    assert.are.equal(0, key.UsageFlags)
    assert.are.equal("Certificate (a key without a certificate)", tostring(key))
  end)
end)
