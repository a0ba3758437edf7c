-- Whether a peer's certificate is to be trusted, and what a user is told when it is not.
local pki = require "spec.support.pki"
local probe = require "lunacoap.probe"

local trust, base = probe.trust, probe.base

local NOW <const> = 1790000000 -- 2026-09-21

-- SSLSecurityFlags.
local DATES <const>, UNKNOWN_CA <const>, USAGE <const>, NAME <const> =
  0x1, 0x10, 0x20, 0x80000000
local EVERYTHING <const> = DATES | UNKNOWN_CA | USAGE | NAME

-- Alerts and error numbers.
local BAD <const>, UNSUPPORTED <const>, EXPIRED <const>, UNKNOWN <const>, NO_CA <const> =
  42, 43, 45, 46, 48
local CHAIN <const>, VERIFY <const> = 275, 280

local function chain(name)
  local pem = io.open(pki.folder() .. "/" .. name .. ".pem")
  if pem then
    pem:close()
  end
  return pki.chain(name .. (pem and ".pem" or ".crt"))
end

-- A server is shown to a client that meant localhost and trusts the root alone.
local function check(options)
  local all = { ca = pki.read "root.crt", host = "localhost", now = NOW }
  if options.clients then
    all.host = nil
  end
  for name, value in pairs(options) do
    all[name] = value
  end
  if type(all.shown) == "string" then
    all.shown = chain(all.shown)
  end
  return trust.check(all)
end

local function assert_trusted(options)
  assert.are.same({ true, "OK", 0, 0 }, { check(options) })
end

local function assert_refused(code, alert, status, options)
  assert.are.same({ false, status, code, alert }, { check(options) })
end

local function unknown_issuer(name, clients)
  return ([[The certificate's issuer (O=Specs, CN=%s) is not known: %s can name it.]]):format(name,
    clients and "SSLClientCACerts" or "SSLServerCACerts")
end

local function assert_unknown(name, options)
  assert_refused(CHAIN, NO_CA, unknown_issuer(name, options.clients), options)
end

describe("a certificate", function()
  local blocks
  setup(function()
    pki.folder()
    blocks = base.blocks()
  end)
  after_each(function()
    base.fail_after()
    assert.are.equal(blocks, base.blocks())
  end)

  describe("that is good", function()
    for _, key in ipairs { "ec", "p384", "rsa", "ed25519", "chain" } do
      it("is trusted as a server's and a client's, by the key " .. key, function()
        assert_trusted { shown = "server-" .. key }
        assert_trusted { shown = "client-" .. key, clients = true }
      end)
    end

    it("is trusted without usages, for every purpose", function()
      assert_trusted { shown = "no-usage" }
      assert_trusted { shown = "no-usage", clients = true }
    end)

    it("is trusted again and again", function()
      assert_trusted { shown = "server-chain", times = 20 }
    end)
  end)

  describe("and its chain", function()
    local leaf, intermediate, root
    setup(function()
      leaf, intermediate = table.unpack(pki.chain "server-chain.pem")
      root = pki.chain "root.crt"[1]
    end)

    local function status_of(shown, options)
      options = options or {}
      options.shown = shown
      return (select(2, check(options)))
    end

    it("are trusted in any order, with what does not belong to it between", function()
      local other = pki.chain "client-rsa.crt"[1]
      assert_trusted { shown = { leaf, root, intermediate } }
      assert_trusted { shown = { leaf, intermediate, root, root } }
      assert_trusted { shown = { leaf, other, root, other, intermediate, intermediate } }
      assert_trusted { shown = { leaf, "no certificate", intermediate } }
      local deep, lower, upper = table.unpack(pki.chain "deep.pem")
      assert_trusted { shown = { deep, lower, upper } }
      assert_trusted { shown = { deep, root, upper, other, lower } }
    end)

    it("are not trusted when a link is missing, which is named", function()
      assert_unknown("intermediate", { shown = { leaf } })
      assert_unknown("root", { shown = { leaf, intermediate }, ca = "" })
      assert_unknown("stranger-root", { shown = "client-stranger", clients = true })
    end)

    it("are trusted when the missing link is among the given certificates", function()
      assert_trusted { shown = { leaf }, ca = pki.read "authorities.pem" }
    end)

    it("are trusted by certificates with lines of Windows, as the reference separates them", function()
      local lines = pki.read("root.crt"):gsub("\n", "\r\n")
      assert_trusted { shown = "server-ec", ca = pki.read "stranger-root.crt" .. "\r \n" .. lines }
    end)

    -- What is listed is trusted as it stands.
    it("end at a given intermediate authority, without its root", function()
      assert_trusted { shown = { leaf }, ca = pki.read "intermediate.crt" }
      assert_trusted { shown = { leaf, intermediate }, ca = pki.read "intermediate.crt" }
    end)

    it("end at the certificate itself when that is given", function()
      assert_trusted { shown = "server-ec", ca = pki.read "server-ec.crt" }
      assert_trusted { shown = "self-signed", ca = pki.read "self-signed.crt" }
    end)

    it("are not trusted when signed by nobody but itself", function()
      assert_refused(CHAIN, NO_CA,
        "The certificate is signed by itself and not known: SSLServerCACerts can name it.",
        { shown = "self-signed" })
    end)

    it("are not trusted because the peer shows the unknown root too", function()
      assert.matches("CN=stranger%-root",
        status_of { pki.chain "stranger.crt"[1], pki.chain "stranger-root.crt"[1] })
    end)

    it("are not trusted when who issued it is no authority, which no flag overlooks", function()
      local status = "An issuer may not issue it: it is no authority, or not one for "
        .. "this name or depth."
      assert_refused(CHAIN, BAD, status, { shown = "by-no-authority" })
      assert_refused(CHAIN, BAD, status, { shown = "by-no-authority", flags = EVERYTHING })
    end)

    it("are not trusted when a signature is wrong, which no flag overlooks", function()
      local forged = leaf:sub(1, -2) .. string.char(leaf:byte(-1) ~ 1)
      for _, flags in ipairs { 0, EVERYTHING } do
        assert_refused(CHAIN, BAD, "The signature of the certificate, or of an issuer, is wrong.",
          { shown = { forged, intermediate }, flags = flags })
      end
    end)

    it("are read from a file, a folder and a text together", function()
      local folder = os.tmpname()
      os.execute(("rm '%s' && mkdir -p '%s/below' && cp '%s' '%s' '%s'"):format(folder, folder,
        pki.path "stranger-root.crt", pki.path "root.crl", folder))
      os.execute(("ln -s stranger-root.crt '%s/1234abcd.0'"):format(folder))
      finally(function() os.execute(("rm -r '%s'"):format(folder)) end)
      assert_trusted { shown = "stranger", ca = "", folder = folder }
      assert_trusted { shown = "stranger", folder = folder }
      assert_trusted { shown = "server-ec", ca = "", file = pki.path "authorities.pem" }
      assert_trusted { shown = "server-ec", ca = "", file = pki.path "root.crt", folder = folder }
      assert_unknown("root", { shown = "server-ec", ca = "", file = "", folder = folder })
    end)
  end)

  describe("of the system", function()
    local function authority()
      local pem <close> = assert(io.open("/etc/ssl/certs/ca-certificates.crt"))
      return pki.ders(pem:read("a"))
    end

    it("is trusted only when the system's are asked for", function()
      local shown, flags = { authority()[1] }, USAGE | NAME | DATES
      assert_trusted { shown = shown, system = true, flags = flags }
      assert_trusted { shown = shown, system = true, flags = flags, ca = "" }
      assert.matches("signed by itself", (select(2, check { shown = shown, flags = flags })))
    end)

    it("does not keep the given ones from being trusted", function()
      assert_trusted { shown = "server-chain", system = true }
      assert.matches("stranger%-root", (select(2, check { shown = "stranger", system = true })))
    end)
  end)

  -- Refused with this status; trusted with the flag, and still refused with all other flags.
  local function assert_overlooked(flag, code, alert, status, options)
    assert_refused(code, alert, status, options)
    options.flags = EVERYTHING & ~flag
    assert_refused(code, alert, status, options)
    options.flags = flag
    assert_trusted(options)
  end

  describe("by its date", function()
    local EXPIRED_STATUS = "The certificate has expired on 2021-01-01 00:00:00 UTC."
    local FUTURE_STATUS = "The certificate is not valid before 2048-01-01 00:00:00 UTC."
    local UNTIL <const> = 1609459200

    it("is refused when it has expired or is not valid yet, unless that is overlooked", function()
      assert_overlooked(DATES, VERIFY, EXPIRED, EXPIRED_STATUS, { shown = "expired" })
      assert_overlooked(DATES, VERIFY, EXPIRED, FUTURE_STATUS, { shown = "future" })
      assert_overlooked(DATES, VERIFY, EXPIRED, EXPIRED_STATUS,
        { shown = "client-expired", clients = true })
    end)

    it("is judged by the time that is given, to the second", function()
      assert_trusted { shown = "expired", now = UNTIL }
      assert_refused(VERIFY, EXPIRED, EXPIRED_STATUS, { shown = "expired", now = UNTIL + 1 })
      assert_trusted { shown = "future", now = 2461449600 }
      assert_refused(VERIFY, EXPIRED, FUTURE_STATUS, { shown = "future", now = 2461449599 })
    end)

    it("is refused when an issuer has expired, shown or given", function()
      local status = "The certificate of an issuer has expired on 2021-01-01 00:00:00 UTC."
      assert_overlooked(DATES, VERIFY, EXPIRED, status, { shown = "old-chain" })
      assert_overlooked(DATES, VERIFY, EXPIRED, status,
        { shown = "old-chain", ca = pki.read "old-intermediate.crt" })
      status = "The certificate of an issuer that is trusted has expired or is not valid yet."
      assert_overlooked(DATES, VERIFY, EXPIRED, status,
        { shown = "server-ec", ca = pki.read "root-expired.crt" })
    end)

    it("is trusted when another issuer of the same key and name is good", function()
      local old, new = pki.read "root-expired.crt", pki.read "root.crt"
      assert_trusted { shown = "server-ec", ca = old .. new }
      assert_trusted { shown = "server-ec", ca = new .. old }
      local leaf, intermediate = table.unpack(pki.chain "server-chain.pem")
      local expired = pki.chain "intermediate-expired.crt"[1]
      assert_trusted { shown = { leaf, intermediate }, ca = new .. pki.read "intermediate-expired.crt" }
      assert_trusted { shown = { leaf, expired }, ca = pki.read "authorities.pem" }
    end)
  end)

  describe("by its name", function()
    local OTHER = "other.example,*.wild.example,192.0.2.1"

    local function fits(name, host)
      local trusted, status = check { shown = name, host = host }
      assert.are.equal(trusted, not status:find(" for ", 1, true))
      return trusted
    end

    it("is for the names and addresses of its SubjectAltName", function()
      for _, host in ipairs { "localhost", "LOCALHOST", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1" } do
        assert.is_true(fits("server-ec", host), host)
      end
      for _, host in ipairs { "127.0.0.2", "::2", "localhost.example", "local", "server-ec", "" } do
        assert.is_false(fits("server-ec", host), host)
      end
      assert.is_true(fits("other-name", "192.0.2.1"))
    end)

    it("is for the hosts of CoAP URIs there (RFC 7252 section 9.1.3.3)", function()
      for _, host in ipairs { "device.example", "Device.Example", "2001:db8::1", "2001:db8:0::1" } do
        assert.is_true(fits("uri-name", host), host)
      end
      for _, host in ipairs { "example", "2001:db8::2", "uri-name", "device.example/" } do
        assert.is_false(fits("uri-name", host), host)
      end
    end)

    it("is for no host by the part of a URI before a zero byte", function()
      local der = pki.chain "uri-name.crt"[1]:gsub("device%.example/", "device.example\0")
      assert.matches(" not for device%.example%.$",
        (select(2, check { shown = { der }, host = "device.example" })))
    end)

    it("is for nobody when its SubjectAltName is damaged", function()
      local der, count = pki.chain "uri-name.crt"[1]:gsub("(\x55\x1d\x11\x04.)0", "%11")
      assert.are.equal(1, count)
      assert_refused(VERIFY, BAD, "The certificate cannot be read.",
        { shown = { der }, host = "device.example" })
    end)

    it("is for its Common Name when it has no other, but not for an address", function()
      assert.is_true(fits("common-name", "localhost"))
      assert.is_false(fits("common-name", "127.0.0.1"))
    end)

    it("is for nobody without a name", function()
      assert_refused(VERIFY, UNKNOWN, "The certificate has no name, so it is not for localhost.",
        { shown = "nameless" })
    end)

    it("is for no name by a wildcard", function()
      assert_refused(VERIFY, UNKNOWN, "The certificate is for " .. OTHER .. ", not for a.wild.example."
        .. " Names with * do not count (RFC 7252 section 9.1.3.3).",
        { shown = "other-name", host = "a.wild.example" })
    end)

    it("is refused when that is another's, unless it is overlooked", function()
      assert_overlooked(NAME, VERIFY, UNKNOWN,
        "The certificate is for localhost,127.0.0.1,::1, not for device.example.",
        { shown = "server-ec", host = "device.example" })
      assert_overlooked(NAME, VERIFY, UNKNOWN, "The certificate is for coaps://device.example/,"
        .. "coap://[2001:db8::1]:5685, not for localhost.", { shown = "uri-name" })
    end)

    it("is not asked for a name when nobody was meant", function()
      assert_trusted { shown = "client-ec", clients = true }
    end)

    it("cannot bring control characters into the status", function()
      assert_refused(VERIFY, UNKNOWN, 'The certificate is for "odd?name", not for localhost.',
        { shown = "odd-name" })
    end)

    it("is cut off when it is long, but not within a character", function()
      assert_refused(VERIFY, UNKNOWN, "The certificate is for x" .. ("é"):rep(39) .. "..., not for "
        .. "localhost.", { shown = "long-name" })
      local host = ("x"):rep(300)
      assert_refused(VERIFY, UNKNOWN, "The certificate is for localhost,127.0.0.1,::1, not for "
        .. host:sub(1, 60) .. ".", { shown = "server-ec", host = host })
    end)
  end)

  describe("by its usage", function()
    it("is refused when it is only for the other side, unless that is overlooked", function()
      assert_overlooked(USAGE, VERIFY, UNSUPPORTED, "The certificate is not meant for servers.",
        { shown = "client-ec", host = false })
      assert_overlooked(USAGE, VERIFY, UNSUPPORTED, "The certificate is not meant for clients.",
        { shown = "server-ec", clients = true })
    end)

    it("is refused when its key is not for signatures, unless that is overlooked", function()
      local status = "The certificate's key is not meant for digital signatures."
      assert_overlooked(USAGE, VERIFY, UNSUPPORTED, status, { shown = "no-signature" })
      assert_overlooked(USAGE, VERIFY, UNSUPPORTED, status,
        { shown = "client-no-signature", clients = true })
    end)
  end)

  describe("by its signature", function()
    local ECDSA_SHA256 <const>, RSA_SHA256 <const>, ECDSA_SHA1 <const> = 0x0403, 0x0401, 0x0203

    it("is trusted when its algorithm is in the list, or the list is empty", function()
      assert_trusted { shown = "server-rsa", signatures = { RSA_SHA256, ECDSA_SHA256 } }
      assert_trusted { shown = "sha1", signatures = { ECDSA_SHA1 } }
      assert_trusted { shown = "sha1", signatures = {} }
    end)

    it("is refused when it is not, which no flag overlooks", function()
      assert_refused(VERIFY, BAD,
        "The certificate is signed with ECDSA-SHA256, which TLS12SignatureAlgorithms does not have.",
        { shown = "server-rsa", signatures = { RSA_SHA256, 0x0503 }, flags = EVERYTHING })
    end)

    it("is refused for SHA-1 unless the list has that", function()
      assert_refused(VERIFY, BAD, "The certificate, or an issuer, has a weak signature or a key that "
        .. "is too short. The certificate is signed with ECDSA-SHA1, which "
        .. "TLS12SignatureAlgorithms does not have.", { shown = "sha1", signatures = { ECDSA_SHA256 } })
    end)
  end)

  it("of an unknown authority is trusted when that is overlooked", function()
    local status = unknown_issuer "stranger-root"
    assert_overlooked(UNKNOWN_CA, CHAIN, NO_CA, status, { shown = "stranger" })
    assert_overlooked(UNKNOWN_CA, CHAIN, NO_CA,
      "The certificate is signed by itself and not known: SSLServerCACerts can name it.",
      { shown = "self-signed" })
  end)

  it("is told of with everything that is wrong, the chain first", function()
    assert_refused(CHAIN, NO_CA, unknown_issuer "root" .. " The certificate has expired on 2021-01-01 "
      .. "00:00:00 UTC. The certificate is not meant for servers. The certificate is signed with "
      .. "ECDSA-SHA256, which TLS12SignatureAlgorithms does not have. The certificate is for "
      .. "client-expired, not for localhost.",
      { shown = "client-expired", ca = "", signatures = { 0x0401 } })
    assert_refused(VERIFY, UNSUPPORTED, "The certificate is not meant for servers. The certificate is "
      .. "for client-expired, not for localhost.",
      { shown = "client-expired", ca = "", flags = UNKNOWN_CA | DATES })
    assert_trusted { shown = "client-expired", ca = "", flags = EVERYTHING }
  end)

  it("that cannot be read is refused", function()
    for _, shown in ipairs { "no certificate", "", pki.chain("server-ec.crt")[1]:sub(1, -2) } do
      assert_refused(VERIFY, BAD, "The certificate cannot be read.",
        { shown = { shown }, flags = EVERYTHING })
    end
  end)

  it("that was not shown is refused whatever is overlooked", function()
    assert_refused(282, BAD, "The server has shown no certificate.", { flags = EVERYTHING })
    assert_refused(281, BAD, "The client has shown no certificate.",
      { clients = true, flags = EVERYTHING, pinned = chain "client-ec" })
  end)

  describe("that is pinned", function()
    it("is trusted whatever is wrong with it", function()
      for _, name in ipairs { "self-signed", "expired", "other-name", "client-ec", "sha1" } do
        assert_trusted { shown = name, pinned = chain(name), signatures = { 0x0401 }, ca = "" }
        assert_trusted { shown = name, pinned_key = pki.spki(name), ca = "" }
      end
    end)

    it("is the same certificate, not another with the same key or issuer", function()
      assert.is_false((check { shown = "stranger", pinned = chain "server-ec" }))
      assert.is_false((check { shown = "stranger", pinned = chain "stranger-root" }))
      assert.is_false((check { shown = "stranger", pinned_key = pki.spki "stranger-root" }))
    end)

    it("does not keep others from being trusted", function()
      assert_trusted { shown = "server-ec", pinned = chain "stranger" }
    end)
  end)

  describe("is none but a raw public key, which", function()
    it("is trusted when it, or a certificate with it, is pinned", function()
      for _, name in ipairs { "server-ec", "server-rsa", "server-ed25519" } do
        local shown = { pki.spki(name) }
        assert_trusted { shown = shown, raw = true, pinned_key = pki.spki(name) }
        assert_trusted { shown = shown, raw = true, pinned = chain(name) }
      end
    end)

    it("is not trusted otherwise, whatever is overlooked", function()
      local shown = { pki.spki "server-ec" }
      assert_refused(VERIFY, UNKNOWN, "The server's raw public key is not known: "
        .. "SSLAcceptServerCert or the event SSLServerAuthentication can accept it.",
        { shown = shown, raw = true, flags = EVERYTHING, pinned_key = pki.spki "server-p384" })
      assert_refused(VERIFY, UNKNOWN, "The client's raw public key is not known: the event "
        .. "SSLClientAuthentication can accept it.", { shown = shown, raw = true, clients = true })
    end)
  end)

  describe("to trust", function()
    local function assert_unreadable(text, options)
      options.shown = "server-ec"
      assert.are.same({ nil, CHAIN, "Cannot verify certificate chain: " .. text },
        { check(options) })
    end

    local NONE = "; they begin with -----BEGIN CERTIFICATE-----"

    it("is missed in a text, file or folder without any", function()
      local folder = os.tmpname()
      os.execute(("rm '%s' && mkdir '%s'"):format(folder, folder))
      finally(function() os.execute(("rm -r '%s'"):format(folder)) end)
      local key = pki.path "server-ec.key"
      assert_unreadable("SSLServerCACerts: there is no certificate in it" .. NONE, { ca = "none" })
      assert_unreadable("SSLClientCACerts: there is no certificate in it" .. NONE,
        { ca = "none", clients = true })
      assert_unreadable(("OpenSSLCAFile: there is no certificate in %s%s"):format(key, NONE),
        { file = key })
      assert_unreadable(("OpenSSLCADir: there is no certificate in %s%s"):format(folder, NONE),
        { folder = folder })
    end)

    it("is named by its file when that is missing or no file", function()
      assert_unreadable("OpenSSLCAFile: /nowhere/at.all cannot be read: No such file or directory",
        { file = "/nowhere/at.all" })
      assert_unreadable("OpenSSLCAFile: /tmp cannot be read: Is a directory", { file = "/tmp" })
      assert_unreadable("OpenSSLCADir: the folder /nowhere cannot be read: No such file or directory",
        { folder = "/nowhere" })
    end)

    it("is told of when it is damaged or cut off", function()
      local good = pki.read "root.crt"
      local folder = os.tmpname()
      os.execute(("rm '%s' && mkdir '%s'"):format(folder, folder))
      finally(function() os.execute(("rm -r '%s'"):format(folder)) end)
      for _, bad in ipairs { good:sub(1, 200), (good:gsub("MII", "M#I")), (good:gsub("MII", "AAA")) } do
        assert_unreadable("SSLServerCACerts: a certificate cannot be read, it is damaged or cut off",
          { ca = good .. "\n" .. bad })
        local path = folder .. "/bad.pem"
        local file <close> = assert(io.open(path, "w"))
        file:write(bad)
        file:flush()
        assert_unreadable(
          ("OpenSSLCADir: a certificate in %s cannot be read, it is damaged or cut off"):format(path),
          { folder = folder })
      end
    end)

    it("is let go when memory runs out", function()
      for count = 0, 1 do
        base.fail_after(count)
        local trusted, code = check { shown = "server-ec" }
        base.fail_after()
        assert.are.same({ nil, 10055 }, { trusted, code })
      end
    end)
  end)
end)

describe("an alert", function()
  it("has the name that its RFC gives it", function()
    local names = { [0] = "close_notify", [40] = "handshake_failure", [48] = "unknown_ca",
      [115] = "unknown_psk_identity", [120] = "no_application_protocol" }
    for number, name in pairs(names) do
      assert.are.equal(name, trust.alert_name(number))
    end
  end)

  it("has no name when there is none of its number", function()
    assert.is_nil(trust.alert_name(1))
    assert.is_nil(trust.alert_name(-1))
    assert.is_nil(trust.alert_name(256))
  end)
end)
