-- Settings that say what a DTLS session may be made of, and those that tell what it is made of.
local dtls = require "spec.support.dtls"

local BOTH = { "mbedTLS", "GnuTLS" }

after_each(dtls.stop)

describe("SSLEnabledCipherSuites", function()
  local CHACHA, GCM = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"

  it("decides the suite, at either end and with either engine", function()
    for _, provider in ipairs(BOTH) do
      local told = dtls.negotiated({}, { SSLProvider = provider, SSLEnabledCipherSuites = CHACHA })
      assert.are.equal(CHACHA, told "CipherSuite")
      told = dtls.negotiated({ SSLProvider = provider, SSLEnabledCipherSuites = GCM }, {})
      assert.are.equal(GCM, told "CipherSuite")
    end
  end)

  it("offers what is listed and nothing else", function()
    for _, provider in ipairs(BOTH) do
      local hello = dtls.hello { SSLProvider = provider, SSLEnabledCipherSuites = GCM .. ";" .. CHACHA }
      hello.suites[0x00ff] = nil -- no suite, but the stand-in for renegotiation_info (RFC 5746 3.3)
      assert.are.same({ [0xc02c] = true, [0xcca9] = true }, hello.suites)
    end
  end)

  it("by default offers no suite without forward secrecy but for pre-shared keys", function()
    for _, provider in ipairs(BOTH) do
      local hello = dtls.hello { SSLProvider = provider }
      assert.is_true(hello.suites[0xc0ae]) -- TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, RFC 7252 9.1.3
      assert.is_nil(hello.suites[0x009c]) -- TLS_RSA_WITH_AES_128_GCM_SHA256
      assert.is_nil(hello.suites[0xc0a8])
      assert.is_true(dtls.hello { SSLProvider = provider, PSKIdentity = "a", PSKKey = "00" }.suites[0xc0a8])
    end
  end)

  it("that have nothing in common end the handshake (276)", function()
    for _, provider in ipairs(BOTH) do
      local _, base = dtls.server { SSLEnabledCipherSuites = GCM, SSLProvider = provider }
      dtls.refuses(276, { "alert 40 (handshake_failure)", "cipher suite" },
        dtls.client { SSLEnabledCipherSuites = CHACHA }, base)
    end
  end)

  it("that an engine has none of for such a key are refused when the session is made (276)", function()
    local client = dtls.client { SSLEnabledCipherSuites = "TLS_PSK_WITH_AES_128_CCM_8" }
    dtls.refuses(276, { "SSLEnabledCipherSuites", "no cipher suite is left" }, client, "coaps://127.0.0.1:9")
  end)

  it("takes known names alone", function()
    local client = dtls.client()
    dtls.raises(1, { "TLS_NULL_WITH_GOOD_HOPE" }, client.Config, client, "SSLEnabledCipherSuites=TLS_NULL_WITH_GOOD_HOPE")
    dtls.raises(1, { "TLS_RSA_WITH_RC4_128_MD5", "neither engine" },
      client.Config, client, "SSLEnabledCipherSuites=TLS_RSA_WITH_RC4_128_MD5")
    assert.are.equal("*", client:Config "SSLEnabledCipherSuites")
  end)
end)

describe("SSLCipherStrength", function()
  it("rules out shorter keys, at either end", function()
    local told = dtls.negotiated({}, { SSLCipherStrength = 256 })
    assert.are.equal("256", told "CipherStrength")
    told = dtls.negotiated({ SSLCipherStrength = 256 }, {})
    assert.are.equal("256", told "CipherStrength")
  end)

  it("that rules out all that is listed is refused when the session is made (276)", function()
    local client = dtls.client { SSLCipherStrength = 256, SSLEnabledCipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8" }
    dtls.refuses(276, { "SSLCipherStrength" }, client, "coaps://127.0.0.1:9")
    dtls.raises(1, { "0 to 256" }, client.Config, client, "SSLCipherStrength=257")
  end)
end)

describe("SSLEnabledProtocols", function()
  it("lets DTLS 1.0 be spoken where both ends ask for it, and 1.2 where they can", function()
    for _, provider in ipairs(BOTH) do
      local told = dtls.negotiated({ SSLEnabledProtocols = 3072 + 192 }, { SSLEnabledProtocols = 192, SSLProvider = provider })
      assert.are.equal("DTLS1.0", told "Version")
      told = dtls.negotiated({ SSLEnabledProtocols = 3072 + 768 }, { SSLEnabledProtocols = 4032, SSLProvider = provider })
      assert.are.equal("DTLS1.2", told "Version")
    end
  end)

  it("by default refuses DTLS 1.0 at either end (276)", function()
    for _, provider in ipairs(BOTH) do
      -- Both ends alike: mbed TLS takes no record of another version, GnuTLS's alert included.
      local _, base = dtls.server { SSLProvider = provider }
      dtls.refuses(276, { "version" }, dtls.client { SSLEnabledProtocols = 768, SSLProvider = provider }, base)
      _, base = dtls.server { SSLEnabledProtocols = 768 }
      dtls.refuses(276, { "version" }, dtls.client { SSLProvider = provider }, base)
    end
  end)

  it("takes no sum without a version that exists over UDP", function()
    local client = dtls.client()
    for _, sum in ipairs { 0, 12, 48, 12288 } do
      dtls.raises(1, { "SSLEnabledProtocols", "3072" }, client.Config, client, "SSLEnabledProtocols=" .. sum)
    end
    assert.are.equal("3072", client:Config "SSLEnabledProtocols")
  end)
end)

describe("TLS12SupportedGroups", function()
  it("decides the curve, and its strength is told", function()
    for _, provider in ipairs(BOTH) do
      local server = { SSLProvider = provider, SSLCert = dtls.certificate "server-rsa" }
      for name, bits in pairs { secp256r1 = "256", secp384r1 = "384", secp521r1 = "521" } do
        local told = dtls.negotiated(server, { TLS12SupportedGroups = "ecdhe_" .. name })
        assert.are.equal(bits, told "KeyExchangeStrength")
        assert.are.equal("ECDHE_RSA", told "KeyExchange")
      end
    end
  end)

  it("that have nothing in common end the handshake (276)", function()
    for _, provider in ipairs(BOTH) do
      local _, base = dtls.server {
        SSLProvider = provider, TLS12SupportedGroups = "ecdhe_secp384r1",
        SSLEnabledCipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
      }
      dtls.refuses(276, { "group" }, dtls.client { TLS12SupportedGroups = "ecdhe_secp256r1" }, base)
    end
  end)

  it("takes known names alone", function()
    local client = dtls.client()
    dtls.raises(1, { "ecdhe_round" }, client.Config, client, "TLS12SupportedGroups=ecdhe_round")
  end)
end)

describe("TLS12SignatureAlgorithms", function()
  it("refuses a certificate signed with SHA-1, unless that is listed", function()
    local _, base = dtls.server { SSLCert = dtls.certificate "sha1" }
    for _, provider in ipairs(BOTH) do
      dtls.refuses(280, { "TLS12SignatureAlgorithms" }, dtls.client { SSLProvider = provider }, base)
      dtls.reaches(dtls.client {
        SSLProvider = provider, TLS12SignatureAlgorithms = "sha256-ecdsa,sha1-ecdsa",
      }, base)
    end
  end)

  it("refuses every algorithm that is not listed", function()
    local _, base = dtls.server()
    dtls.refuses(280, { "TLS12SignatureAlgorithms" }, dtls.client {
      TLS12SignatureAlgorithms = "sha384-ecdsa", SSLProvider = "mbedTLS",
    }, base)
  end)

  it("left empty restricts nothing", function()
    local _, base = dtls.server { SSLCert = dtls.certificate "sha1" }
    for _, provider in ipairs(BOTH) do
      dtls.reaches(dtls.client { SSLProvider = provider, TLS12SignatureAlgorithms = "" }, base)
    end
  end)

  it("takes known names alone", function()
    local client = dtls.client()
    dtls.raises(1, { "sha256-hope" }, client.Config, client, "TLS12SignatureAlgorithms=sha256-hope")
  end)
end)

describe("settings of TLS 1.3", function()
  it("are checked and stored, and one line of the log says that they do nothing", function()
    for name, value in pairs {
      TLS13SupportedGroups = "ecdhe_x25519", TLS13KeyShareGroups = "ecdhe_x448", TLS13SignatureAlgorithms = "ed25519",
    } do
      local client = dtls.client()
      local lines = dtls.collect(client, "OnLog", "Message")
      client:Config(name .. "=" .. value)
      assert.are.equal(value, client:Config(name))
      assert.are.equal(1, #lines)
      assert.is_truthy(lines[1].Message:find(name .. " is stored but has no effect", 1, true), lines[1].Message)
      dtls.raises(1, { "hope" }, client.Config, client, name .. "=hope")
    end
  end)
end)

describe("SSLEnableRenegotiation", function()
  it("says whether GnuTLS sends renegotiation_info; mbed TLS always sends its stand-in (RFC 5746 3.3)", function()
    for _, enabled in ipairs { true, false } do
      local hello = dtls.hello { SSLEnableRenegotiation = enabled, SSLProvider = "GnuTLS" }
      assert.are.equal(enabled, hello.extensions[0xff01] ~= nil)
      hello = dtls.hello { SSLEnableRenegotiation = enabled, SSLProvider = "mbedTLS" }
      assert.is_true(hello.suites[0x00ff])
    end
  end)
end)

