-- The names and numbers of TLS: the table against what other programs and the reference say, and
-- reading the settings.
local suite = require("lunacoap.probe").suite

local function output_of(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a")
end

-- The names that the reference lists for SSLEnabledCipherSuites.
local REFERENCE = [[
TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_AES_256_GCM_SHA384
TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256
TLS_DHE_DSS_WITH_AES_256_GCM_SHA384 TLS_DHE_RSA_WITH_AES_256_GCM_SHA384
TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256
TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 TLS_DHE_DSS_WITH_AES_128_GCM_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384 TLS_DHE_DSS_WITH_AES_256_CBC_SHA256
TLS_RSA_WITH_AES_256_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384 TLS_DHE_RSA_WITH_AES_256_CBC_SHA256
TLS_DHE_RSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
TLS_RSA_WITH_AES_128_CBC_SHA256 TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256
TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256 TLS_DHE_DSS_WITH_AES_128_CBC_SHA256
TLS_RSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA
TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA
TLS_DHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDH_RSA_WITH_AES_256_CBC_SHA
TLS_DHE_DSS_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA
TLS_ECDH_RSA_WITH_AES_128_CBC_SHA TLS_DHE_RSA_WITH_AES_128_CBC_SHA
TLS_DHE_DSS_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA
TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA
TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_DES_CBC_SHA
TLS_DHE_RSA_WITH_DES_CBC_SHA TLS_DHE_DSS_WITH_DES_CBC_SHA TLS_RSA_WITH_RC4_128_MD5
TLS_RSA_WITH_RC4_128_SHA TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256
TLS_AES_128_GCM_SHA256
]]

describe("the table of cipher suites", function()
  it("has every name of the reference, each number and name once", function()
    local count = 0
    for name in REFERENCE:gmatch("%S+") do
      count = count + 1
      assert.are.equal(name, (suite.named(name) or {}).name)
    end
    assert.are.equal(57, count)
    local seen = {}
    for _, row in ipairs(suite.all()) do
      assert.is_nil(seen[row.number])
      assert.is_nil(seen[row.name])
      seen[row.number], seen[row.name] = true, true
      assert.are.same(row, suite.find(row.number))
      assert.are.same(row, suite.named(row.name))
    end
    assert.is_nil(suite.find(0))
  end)

  it("numbers them as OpenSSL does, which knows their names at IANA", function()
    local checked = 0
    for high, low, name in output_of("openssl ciphers -V -stdname 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'")
      :gmatch("0x(%x%x),0x(%x%x) %- (TLS_%S+)") do
      local row = suite.named(name)
      if row then
        checked = checked + 1
        assert.are.equal(tonumber(high .. low, 16), row.number, name)
      end
    end
    assert.is_true(checked > 90, checked)
  end)

  it("numbers them as GnuTLS does, and has all but those without secrets or peers", function()
    local checked = 0
    for name, high, low, version in output_of("gnutls-cli --list")
      :gmatch("TLS_(%S+)%s+0x(%x%x), 0x(%x%x)%s+(%S+)") do
      local left_out = name:match("NULL") or name:match("ANON") or name:match("SRP")
        or name:match("GOST") or name:match("ARCFOUR") or version == "TLS1.3"
      if not left_out then
        checked = checked + 1
        local row = assert(suite.find(tonumber(high .. low, 16)), name)
        local spelling = row.name:gsub("_WITH", ""):gsub("SHA$", "SHA1")
          :gsub("POLY1305_SHA256$", "POLY1305")
        assert.are.equal("TLS_" .. name, spelling)
      end
    end
    assert.is_true(checked > 100, checked)
  end)

  -- RFC 5289, RFC 4492 and RFC 6367: mbed TLS has them, the other two do not.
  it("numbers the static ECDH suites as their RFCs do", function()
    for name, number in pairs {
      TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA = 0xc004,
      TLS_ECDH_RSA_WITH_AES_256_CBC_SHA = 0xc00f,
      TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256 = 0xc025,
      TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384 = 0xc02a,
      TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02d,
      TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384 = 0xc032,
      TLS_ECDH_RSA_WITH_CAMELLIA_256_GCM_SHA384 = 0xc08d,
    } do
      assert.are.equal(number, suite.named(name).number, name)
    end
  end)

  it("says what a suite is made of", function()
    assert.are.same({
      number = 0xc0ae,
      name = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
      exchange = "ECDHE_ECDSA",
      psk = false,
      bits = 128,
      cipher = "AES_128_CCM_8",
      aead = true,
      by_default = true,
    }, suite.find(0xc0ae))
    local psk = suite.named("TLS_RSA_PSK_WITH_AES_256_CBC_SHA384")
    assert.are.same({ "RSA_PSK", true, 256, "AES_256_CBC", false },
      { psk.exchange, psk.psk, psk.bits, psk.cipher, psk.aead })
  end)

  it("prefers what RFC 7252 asks for", function()
    local rows = suite.all()
    assert.are.equal("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", rows[1].name)
    assert.are.equal("TLS_PSK_WITH_AES_128_CCM_8", rows[2].name)
  end)

  it("takes for the usual ones none that is weak or without a secret of its own", function()
    for _, row in ipairs(suite.all()) do
      local forward = row.exchange:match("^ECDHE_") or row.exchange == "DHE_RSA"
        or row.exchange == "DHE_PSK"
      local good = row.aead and (forward or row.exchange == "PSK")
        or row.exchange:match("^ECDHE_") and not row.cipher:match("3DES")
      assert.are.equal(good and true or false, row.by_default, row.name)
    end
  end)
end)

describe("SSLEnabledCipherSuites", function()
  it("takes names in either spelling, in the user's order, each once", function()
    assert.are.same({ 0xc02c, 0xc0a8, 0x0004 }, (suite.suites(
      " TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384; tls-psk-with-aes-128-ccm-8;TLS_RSA_WITH_RC4_128_MD5;"
      .. "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384;")))
  end)

  it("takes '*' for the usual ones", function()
    local usual = {}
    for _, row in ipairs(suite.all()) do
      if row.by_default then usual[#usual + 1] = row.number end
    end
    assert.are.same(usual, (suite.suites(" * ")))
  end)

  it("names what it does not know", function()
    assert.are.same({ nil, 1, "no cipher suite is named 'TLS_FOO'" },
      { suite.suites("TLS_PSK_WITH_AES_128_CCM_8;TLS_FOO") })
    local _, code, text = suite.suites("CALG_AES_256;CALG_3DES")
    assert.are.equal(1, code)
    assert.matches("'CALG_AES_256' names an algorithm of Windows", text)
    for _, empty in ipairs { "", " ; " } do
      assert.matches("no cipher suite is named; '%*'", select(3, suite.suites(empty)))
    end
  end)

  it("writes no more than there is room for", function()
    assert.are.equal(3, #suite.suites("*", 3))
  end)
end)

describe("TLS12SupportedGroups", function()
  it("takes the reference's names and x25519", function()
    assert.are.same({ 29, 23, 24, 25 }, (suite.groups(
      "ecdhe_x25519, ecdhe_secp256r1,ECDHE_SECP384R1,ecdhe_secp521r1,ecdhe_secp256r1")))
  end)

  it("names what it does not know and what would be right", function()
    for _, wrong in ipairs { "secp256r1", "ffdhe_2048", "" } do
      local none, code, text = suite.groups(wrong)
      assert.is_nil(none)
      assert.are.equal(1, code)
      assert.are.equal("'" .. wrong .. "' is no group of TLS 1.2; there are ecdhe_secp256r1, "
        .. "ecdhe_secp384r1, ecdhe_secp521r1, ecdhe_x25519", text)
    end
  end)

  it("has names and sizes for what is negotiated", function()
    assert.are.same({ "ecdhe_secp256r1", 256 }, { suite.group(23) })
    assert.are.same({ "ecdhe_x25519", 255 }, { suite.group(29) })
    assert.are.same({ nil, 0 }, { suite.group(1) })
  end)
end)

describe("TLS12SignatureAlgorithms", function()
  it("takes the reference's default and ed25519 (RFC 5246 7.4.1.4.1, RFC 8422 5.1.3)", function()
    assert.are.same({ 0x603, 0x601, 0x602, 0x503, 0x501, 0x502, 0x403, 0x401, 0x402, 0x303, 0x301,
      0x302, 0x203, 0x201, 0x202 }, (suite.signatures("sha512-ecdsa,sha512-rsa,sha512-dsa,"
      .. "sha384-ecdsa,sha384-rsa,sha384-dsa,sha256-ecdsa,sha256-rsa,sha256-dsa,sha224-ecdsa,"
      .. "sha224-rsa,sha224-dsa,sha1-ecdsa,sha1-rsa,sha1-dsa")))
    assert.are.same({ 0x807 }, (suite.signatures("ed25519")))
  end)

  it("takes an empty text for no restriction", function()
    assert.are.same({}, (suite.signatures("")))
  end)

  it("names what it does not know and what would be right", function()
    local _, code, text = suite.signatures("sha256-ecdsa,md5-rsa")
    assert.are.equal(1, code)
    assert.matches("^'md5%-rsa' is no signature algorithm of TLS 1.2; there are sha512%-ecdsa, .*"
      .. "ed25519$", text)
  end)
end)

describe("the settings of TLS 1.3", function()
  it("are checked", function()
    assert.is_true(suite.tls13_groups("ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,"
      .. "ecdhe_secp521r1,ffdhe_2048,ffdhe_3072,ffdhe_4096,ffdhe_6144,ffdhe_8192"))
    assert.is_true(suite.tls13_signatures("rsa_pss_sha256,rsa_pss_sha384,rsa_pss_sha512,"
      .. "rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512,ecdsa_secp256r1_sha256,"
      .. "ecdsa_secp384r1_sha384,ecdsa_secp521r1_sha512,ed25519,ed448"))
    assert.matches("'x' is no group of TLS 1.3; there are .*ffdhe_8192$",
      select(3, suite.tls13_groups("ecdhe_x448,x")))
    assert.matches("'sha256%-rsa' is no signature algorithm of TLS 1.3; there are .*ed448$",
      select(3, suite.tls13_signatures("sha256-rsa")))
  end)
end)
