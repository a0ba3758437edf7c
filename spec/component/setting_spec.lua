local probe = require "lunacoap.probe"
local base, component = probe.base, probe.component
local pki = require "spec.support.pki"

local rows = {}
for _, row in ipairs(component.rows()) do
  rows[row.name] = row
end

describe("the table of settings", function()
  it("finds properties by their exact name and settings in any case", function()
    assert.are.equal("LocalPort", component.find("LocalPort", "property"))
    assert.is_nil(component.find("localport", "property"))
    assert.are.equal("LocalPort", component.find("localport", "config"))
    assert.are.equal("AckTimeout", component.find("ACKTIMEOUT", "config"))
    assert.is_nil(component.find("AckTimeout", "property"))
    assert.is_nil(component.find("Timeout", "config"))
    assert.is_nil(component.find("LocalPor", "config"))
    assert.is_nil(component.find("LocalPort2", "config"))
    assert.is_nil(component.find("", "config"))
  end)

  it("finds what is asked of one session, by its connection id", function()
    assert.are.equal("SSLNegotiatedCipher", component.find("SSLNegotiatedCipher[7]", "config"))
    assert.is_nil(component.find("SSLNegotiatedCipher[7", "config"))
    assert.is_nil(component.find("LogLevel[7]", "config"))
  end)

  it("starts with the defaults that it states", function()
    local values = component.values()
    for name, row in pairs(rows) do
      assert.are.equal(row.initial, values:get(name), name)
      assert.is_true(values:is_default(name), name)
    end
  end)

  it("documents each row with a sentence and what it takes", function()
    for name, row in pairs(rows) do
      assert.is_truthy(row.doc:find("^%u.*%.$"), name .. ": " .. row.doc)
      assert.is_true(#row.takes > 0, name)
      assert.is_true(row.property or row.config, name)
    end
  end)

  it("keeps the values in little memory", function()
    assert.is_true(component.settings_size <= 328, tostring(component.settings_size))
  end)
end)

-- Another value than the default, as Config's text, which the row takes.
local function other_value(row)
  local special = {
    CodePage = "1252",
    MulticastGroups = "224.0.1.187",
    BlockSize = "512",
    MaxRetransmit = "3",
    AckTimeout = "1.5",
    MaxLatency = "50",
    SSLCACerts = pki.read("root.crt"),
    SSLClientCACerts = pki.read("root.crt"),
    SSLServerCACerts = pki.read("root.crt"),
    SSLEnabledCipherSuites = "TLS_PSK_WITH_AES_128_CCM_8",
    SSLEnabledProtocols = "192",
    SSLProvider = "GnuTLS",
    PSKKey = "00ff",
    SendFaults = "drop chance=10%; delay by=0.1-0.3",
    ReceiveFaults = "drop type=CON number=2",
    TLS12SignatureAlgorithms = "sha256-ecdsa",
    TLS12SupportedGroups = "ecdhe_secp384r1",
    TLS13KeyShareGroups = "ecdhe_x25519",
    TLS13SupportedGroups = "ecdhe_x448",
    TLS13SignatureAlgorithms = "ed448",
  }
  if special[row.name] then
    return special[row.name]
  end
  local by_kind = {
    boolean = row.initial == "True" and "False" or "True",
    integer = ("%d"):format(row.max),
    number = ("%d"):format(row.max),
    text = "other",
  }
  return by_kind[row.kind]
end

describe("assigning settings", function()
  local values

  before_each(function() values = component.values() end)
  after_each(function()
    base.fail_after()
    values:free()
  end)

  it("stores each and changes no other", function()
    for name, row in pairs(rows) do
      if row.stored then
        values:free()
        assert.is_true(values:parse(name, other_value(row)), name)
        assert.are.equal(other_value(row), values:get(name))
        assert.is_false(values:is_default(name))
        for other in pairs(rows) do
          assert.are.equal(other ~= name, values:is_default(other), name .. " and " .. other)
        end
      end
    end
  end)

  it("keeps all of them at a time", function()
    for name, row in pairs(rows) do
      if row.stored then
        assert.is_true(values:parse(name, other_value(row)), name)
      end
    end
    for name, row in pairs(rows) do
      if row.stored then
        assert.are.equal(other_value(row), values:get(name), name)
      end
    end
  end)

  it("refuses what is out of range or of another kind, naming the setting and what it takes",
    function()
      for name, row in pairs(rows) do
        local wrong = {}
        if row.kind == "integer" or row.kind == "number" then
          wrong = { row.max + 1, row.min - 1, 0 / 0, 1 / 0, -1 / 0 }
          wrong[#wrong + 1] = row.kind == "integer" and row.min + 0.5 or nil
        elseif row.kind == "boolean" then
          wrong = { 1, "True" }
        elseif row.kind == "text" then
          wrong = { true, 1 }
        end
        for _, value in ipairs(wrong) do
          local ok, code, text = values:set(name, value)
          assert.is_nil(ok, name)
          assert.are.equal(1, code)
          assert.is_truthy(text:find(name .. " takes " .. row.takes, 1, true), text)
          assert.is_true(values:is_default(name))
        end
      end
    end)

  it("says in an error which value was wrong", function()
    local _, _, text = values:set("LocalPort", 70000)
    assert.are.equal("LocalPort takes 0 to 65535, not 70000", text)
    _, _, text = values:set("Timeout", -0.5)
    assert.are.equal("Timeout takes 0 or more seconds, not -0.5", text)
    _, _, text = values:parse("UseIPv6", "maybe")
    assert.are.equal("UseIPv6 takes True or False, not 'maybe'", text)
    _, _, text = values:parse("LogLevel", ("9\n"):rep(30))
    assert.are.equal("LogLevel takes 0 to 3, not '" .. ("9?"):rep(20) .. "...'", text)
  end)

  it("takes booleans as True, False, 0, 1, Yes and No in any case", function()
    for text, expected in pairs {
      ["True"] = "True", ["1"] = "True", ["yes"] = "True", ["TRUE"] = "True",
      ["False"] = "False", ["0"] = "False", ["NO"] = "False", ["false"] = "False",
    } do
      assert.is_true(values:parse("UseIPv6", text))
      assert.are.equal(expected, values:get("UseIPv6"))
    end
    assert.is_nil(values:parse("UseIPv6", ""))
    assert.is_nil(values:parse("UseIPv6", "2"))
  end)

  it("takes numbers in decimal or with 0x, and nothing else", function()
    for text, expected in pairs {
      ["20"] = "20", ["0x14"] = "20", ["0X1f"] = "31", ["1e1"] = "10", ["0.25"] = "0.25",
      [".5"] = "0.5", ["0.1"] = "0.1",
    } do
      assert.is_true(values:parse("PiggybackDelay", text), text)
      assert.are.equal(expected, values:get("PiggybackDelay"))
    end
    for _, text in ipairs { "", " 1", "1 ", "0x", "0xg", "1,5", "inf", "nan", "1.5s", "--1",
      "0x1p4", ("1"):rep(100), "1\0" } do
      assert.is_nil(values:parse("PiggybackDelay", text), text)
    end
    assert.is_nil(values:parse("LogLevel", "1.5"))
  end)

  it("takes text as it is, but for zero bytes", function()
    assert.is_true(values:parse("FirewallData", " a = b\n\255"))
    assert.are.equal(" a = b\n\255", values:get("FirewallData"))
    assert.is_nil(values:parse("FirewallData", "a\0b"))
    assert.are.equal(" a = b\n\255", values:get("FirewallData"))
    assert.is_true(values:set("FirewallData", ""))
    assert.is_true(values:is_default("FirewallData"))
  end)

  it("takes QOSTrafficType by name too", function()
    assert.is_true(values:parse("QOSTrafficType", "voice"))
    assert.are.equal("4", values:get("QOSTrafficType"))
    assert.is_nil(values:parse("QOSTrafficType", "Noise"))
  end)

  it("takes powers of two for BlockSize", function()
    for szx = 4, 10 do
      assert.is_true(values:set("BlockSize", 1 << szx))
    end
    assert.is_nil(values:set("BlockSize", 1000))
    assert.are.equal("1024", values:get("BlockSize"))
  end)

  it("checks transmission parameters together (RFC 7252 4.8.2)", function()
    assert.is_true(values:set("AckTimeout", 100))
    local ok, code, text = values:set("MaxRetransmit", 10)
    assert.is_nil(ok)
    assert.are.equal(1, code)
    assert.is_truthy(text:find("MaxRetransmit", 1, true))
    assert.are.equal("4", values:get("MaxRetransmit"))
  end)

  it("takes literal multicast addresses for MulticastGroups", function()
    assert.is_true(values:set("MulticastGroups", "224.0.1.187, ff02::fd%1\tff05::fd"))
    assert.are.same({ "224.0.1.187", "ff02::fd%1", "ff05::fd" }, values:applied().groups)
    for _, wrong in ipairs { "127.0.0.1", "example.org", "224.0.1.187;ff02::fd" } do
      local ok, code = values:set("MulticastGroups", wrong)
      assert.are.same({ [2] = 1 }, { ok, code })
    end
    assert.are.equal(3, #values:applied().groups)
  end)

  it("refuses a CodePage that iconv does not have, with 434", function()
    local ok, code = values:set("CodePage", 99999)
    assert.are.same({ [2] = 434 }, { ok, code })
    assert.is_true(values:set("CodePage", 28591))
  end)

  it("raises for FIPS alone of what has no effect here", function()
    local ok, code, text = values:parse("UseFIPSCompliantAPI", "True")
    assert.are.same({ [2] = 1 }, { ok, code })
    assert.is_truthy(text:find("FIPS certified", 1, true))
    assert.is_true(values:parse("UseFIPSCompliantAPI", "False"))
    for name, row in pairs(rows) do
      if row.no_effect then
        assert.is_true(values:parse(name, other_value(row)))
      end
    end
  end)

  it("takes for SSL names that come later their default alone", function()
    local later = {}
    for name, row in pairs(rows) do
      if row.secure and row.config and not row.read_only and not row.stored then
        later[#later + 1] = name
        assert.is_true(values:parse(name, row.initial), name)
        local ok, code, text = values:parse(name, other_value(row))
        assert.are.same({ [2] = 1 }, { ok, code }, name)
        assert.is_truthy(text:find(name, 1, true), text)
        assert.are.equal(row.initial, values:get(name))
      end
    end
    table.sort(later)
    assert.are.same({ "OpenSSLCipherList", "SSLCheckCRL", "SSLCheckOCSP" }, later)
  end)

  it("refuses wrong values of SSL names with words that say what is right", function()
    local wrong = {
      { "SSLEnabledCipherSuites", "TLS_NO_SUCH_SUITE", "TLS_NO_SUCH_SUITE" },
      { "SSLEnabledCipherSuites", "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "neither engine" },
      { "SSLEnabledProtocols", "12288", "3072 for DTLS 1.2" },
      { "SSLEnabledProtocols", "48", "3072 for DTLS 1.2" },
      { "SSLProvider", "OpenSSL", "Automatic, mbedTLS or GnuTLS" },
      { "SSLCACerts", "no certificate", "there is none" },
      { "SSLClientCACerts", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "" },
      { "TLS12SupportedGroups", "ecdhe_secp256k1", "ecdhe_secp256k1" },
      { "TLS12SignatureAlgorithms", "md5-rsa", "md5-rsa" },
      { "TLS13SupportedGroups", "nonsense", "nonsense" },
      { "TLS13KeyShareGroups", "nonsense", "nonsense" },
      { "TLS13SignatureAlgorithms", "nonsense", "nonsense" },
      { "PSKIdentity", ("x"):rep(129), "at most 128 bytes" },
      { "SSLSecurityFlags", "-1", "0 to 0xFFFFFFFF" },
      { "SSLCipherStrength", "257", "0 to 256" },
    }
    for _, case in ipairs(wrong) do
      local name, value, words = table.unpack(case)
      local before = values:get(name)
      local ok, _, text = values:parse(name, value)
      assert.is_nil(ok, name .. "=" .. value)
      assert.is_truthy(text:find(words, 1, true), text)
      assert.are.equal(before, values:get(name))
    end
    assert.is_true(values:parse("SSLSecurityFlags", "0x80000021"))
    assert.are.equal(tostring(0x80000021), values:get("SSLSecurityFlags"))
  end)

  it("never shows a wrong PSKKey, and refuses one that the engine does not take", function()
    for _, key in ipairs { "secret", "abc", ("ab"):rep(300), "abcdef\0" } do
      local ok, code, text = values:parse("PSKKey", key)
      assert.are.same({ [2] = 1 }, { ok, code })
      assert.is_nil(text:find(key:sub(1, 6) .. ".?'", 1), text)
      assert.is_truthy(text:find("PSKKey", 1, true), text)
    end
    assert.is_true(values:parse("SSLProvider", "mbedTLS"))
    local ok, _, text = values:parse("PSKKey", ("ab"):rep(33))
    assert.is_nil(ok)
    assert.are.equal("PSKKey has 33 bytes; mbedTLS takes at most 32", text)
    assert.is_true(values:parse("PSKKey", ("ab"):rep(32)))
  end)

  it("refuses to change what is read-only", function()
    for _, name in ipairs { "DestinationAddress", "BuildInfo", "SSLNegotiatedCipher" } do
      local ok, code, text = values:parse(name, "x")
      assert.are.same({ [2] = 1 }, { ok, code })
      assert.are.equal(name .. " is read-only", text)
    end
  end)

  it("shares one block until something is changed that a device seldom changes", function()
    assert.is_true(values:set("LocalHost", "127.0.0.1"))
    assert.is_true(values:set("LocalPort", 5683))
    assert.is_true(values:set("Timeout", 1.5))
    assert.is_true(values:set("UseConfirmableMessages", false))
    assert.is_true(values:set("LogLevel", 1))
    assert.is_true(values:set("CodePage", 65001))
    assert.is_true(values:shared())
    assert.is_true(values:set("LogLevel", 2))
    assert.is_false(values:shared())
  end)

  it("changes one component's values and no other's", function()
    local other = component.values()
    values:set("LogLevel", 3)
    values:set("LocalPort", 1)
    assert.are.equal("1", other:get("LogLevel"))
    assert.are.equal("0", other:get("LocalPort"))
  end)

  it("gives all memory back, and is at its defaults then", function()
    local before = base.blocks()
    for _ = 1, 2 do
      values:set("LocalHost", "127.0.0.1")
      values:set("LocalHost", "127.0.0.2")
      values:set("FirewallData", "a")
      values:set("FirewallData", "b")
      values:set("MulticastGroups", "224.0.1.187")
    end
    values:free()
    assert.are.equal(before, base.blocks())
    for name in pairs(rows) do
      assert.is_true(values:is_default(name))
    end
  end)

  it("leaves everything as it was when memory runs out", function()
    local before = base.blocks()
    for _, change in ipairs { { "LocalHost", "::1" }, { "LogLevel", 2 }, { "FirewallData", "a" },
      { "MulticastGroups", "ff02::fd" }, { "UseIPv6", true } } do
      local fresh, count, ok, code = component.values(), 0
      repeat
        base.fail_after(count)
        ok, code = fresh:set(table.unpack(change))
        base.fail_after()
        if not ok then
          assert.are.equal(10055, code)
          assert.is_true(fresh:is_default(change[1]))
          assert.are.equal(before, base.blocks())
        end
        count = count + 1
      until ok
      assert.is_true(count > 1)
      fresh:free()
    end
    assert.are.equal(before, base.blocks())
  end)
end)

describe("settings for the layers below", function()
  it("are the defaults of RFC 7252 4.8 and of the README", function()
    assert.are.same({
      ack_timeout = 2000000, ack_random_factor = 1.5, max_retransmit = 4, nstart = 1,
      max_latency = 100000000, probing_rate = 1, block_size = 1024, max_body = 8 << 20, max_transfer_bytes = 64 << 20,
      max_pending = 10000, pending_timeout = 247000000, piggyback_delay = 50000,
      multicast_leisure = 5000000, max_observers = 100000, notifications_per_con = 100,
      dscp = 0, groups = {},
    }, component.values():applied())
  end)

  it("follow what was assigned", function()
    local values = component.values()
    for name, value in pairs {
      AckTimeout = 0.5, AckRandomFactor = 1, MaxRetransmit = 2, NStart = 9, MaxLatency = 7,
      ProbingRate = 0, BlockSize = 64, MaxBodySize = 5, MaxPendingRequests = 6,
      PendingTimeout = 0.000001, PiggybackDelay = 0, MulticastLeisure = 2, MaxObservers = 3,
      NotificationsPerCon = 8,
    } do
      assert.is_true(values:set(name, value))
    end
    assert.are.same({
      ack_timeout = 500000, ack_random_factor = 1, max_retransmit = 2, nstart = 9,
      max_latency = 7000000, probing_rate = 0, block_size = 64, max_body = 5, max_transfer_bytes = 64 << 20, max_pending = 6,
      pending_timeout = 1, piggyback_delay = 0, multicast_leisure = 2000000, max_observers = 3,
      notifications_per_con = 8, dscp = 0, groups = {},
    }, values:applied())
    values:free()
  end)

  it("let a server hold a few of the largest bodies, whatever MaxBodySize says", function()
    local values = component.values()
    values:set("MaxBodySize", 100 << 20)
    assert.are.equal(400 << 20, values:applied().max_transfer_bytes)
    values:free()
  end)

  it("mark datagrams by QOSDSCPValue, else by QOSTrafficType as Windows does", function()
    local values = component.values()
    for kind, dscp in pairs { [0] = 0, 8, 40, 40, 56, 56 } do
      assert.is_true(values:set("QOSTrafficType", kind))
      assert.are.equal(dscp, values:applied().dscp)
    end
    values:set("QOSDSCPValue", 46)
    assert.are.equal(46, values:applied().dscp)
    values:free()
  end)
end)
