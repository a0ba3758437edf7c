-- Devices of a fleet over DTLS, as clients and as servers, each with an identity of its own.
local dtls = require "spec.support.dtls"
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"

local fleet

after_each(function()
  if fleet then
    fleet:stop()
  end
  fleet = nil
  dtls.stop()
end)

local function key_of(index)
  return ("%032x"):format(index)
end

local function psk(index)
  return { PSKIdentity = "device-" .. index, PSKKey = key_of(index) }
end

-- What a server was sent: a list of fields of the requests.
local function collecting(init)
  local got = {}
  function init.OnRequest(coap, e)
    got[#got + 1] = { who = e.PSKIdentity ~= "" and e.PSKIdentity or e.CertSubject, path = e.URIPath,
      port = e.RemotePort, host = e.RemoteHost, session = e.ConnectionId }
    coap.ResponseData = "thanks"
  end
  local server, base = dtls.server(init)
  return got, base, server
end

local function by_key(init)
  init = init or {}
  init.SSLCert = false
  function init.OnPSKLookup(_, e)
    local digits = e.Identity:match("^device%-(%d+)$")
    e.Key = digits and key_of(tonumber(digits)):gsub("..", function(pair)
      return string.char(tonumber(pair, 16))
    end) or ""
  end
  return collecting(init)
end

-- Starts a fleet and waits until all its devices are up, or have failed.
local function start(init)
  init.count = init.count or 3
  init.settings = init.settings or {}
  fleet = lunacoap.fleet(init):start()
  dtls.until_true(function()
    local phases = fleet.counts.phases
    return (phases.up or 0) + (phases.failed or 0) == init.count
  end, 10)
  assert.are.same({}, fleet.counts.trouble_list)
  return fleet
end

local function report(device)
  assert(device:post("/report", "21").code == "2.04")
end

local function field_of_all(list, name)
  local values = {}
  for i, item in ipairs(list) do
    values[i] = item[name]
  end
  table.sort(values)
  return values
end

-- Asks a device for its temperature.
local function read(device, init)
  local client = dtls.client(init)
  client:Get(device:uri "/temperature")
  return client.ResponseData
end

local TEMPERATURE = { ["/temperature"] = { get = function(device) return "of " .. device.name end } }

local function failed()
  local _, device = next(fleet.counts.failed_devices)
  return device and device.text or ""
end

describe("devices with pre-shared keys", function()
  for _, sockets in ipairs { "own", "shared" } do
    it("report under their identities and are read by their keys, on sockets: " .. sockets, function()
      local got, base = by_key()
      start { server = base, identity = psk, start = report, sockets = sockets,
        settings = { LocalHost = sockets == "own" and "127.0.0.1" or nil, SSLEnabled = true },
        resources = TEMPERATURE }
      assert.are.same({ "device-1", "device-2", "device-3" }, field_of_all(got, "who"))
      for i, device in ipairs(fleet.devices) do
        assert.are.equal("coaps://", device:uri():sub(1, 8))
        assert.are.equal("of device-" .. i, read(device, psk(i)))
      end
      if sockets == "shared" then
        assert.are.same({ "127.16.0.1", "127.16.0.2", "127.16.0.3" }, field_of_all(got, "host"))
        assert.are.equal(fleet.devices[1].coap.LocalPort, fleet.devices[2].coap.LocalPort)
      end
      -- The key of another one opens nothing.
      local ok, err = pcall(read, fleet.devices[1], psk(2))
      assert.is_false(ok)
      assert.are.equal(276, err.Code)
    end)
  end

  it("fail at their start with a wrong key, and are told why", function()
    local _, base = by_key()
    start { count = 1, server = base, start = report, settings = { Timeout = 5 },
      identity = function() return { PSKIdentity = "device-1", PSKKey = key_of(2) } end }
    assert.are.equal(1, fleet.counts.phases.failed)
    assert.is_truthy(failed():find("^276: Handshake"), failed())
    assert.is_truthy(failed():find "PSKKey", failed())
  end)

  it("go on when a request of theirs later finds no session, which is counted", function()
    local _, base = by_key()
    start { count = 1, server = base, settings = { Timeout = 5 },
      identity = function() return { PSKIdentity = "nobody", PSKKey = key_of(2) } end,
      every = { { 60, report, after = 0 } } }
    dtls.until_true(function() return fleet.counts.outstanding == 0 and fleet.counts.interval.failed == 1 end)
    local _, failure = next(fleet.counts.interval.failures)
    assert.is_truthy(failure.text:find("it does not know our PSKIdentity", 1, true), failure.text)
    assert.are.equal(1, fleet.counts.phases.up)
    assert.are.same({}, fleet.counts.trouble_list)
  end)

  it("fail when their identity is nonsense", function()
    start { count = 2, identity = function(index)
      return index == 1 and "me" or { PSKIdentity = "me", PSKKey = "0" }
    end }
    assert.are.equal(2, fleet.counts.phases.failed)
    local texts = table.concat(field_of_all(fleet.counts.failed_devices, "text"), "\n")
    assert.is_truthy(texts:find("PSKKey takes hexadecimal digits", 1, true), texts)
    assert.is_truthy(texts:find("what the device's identity returns takes a table, not a string", 1, true), texts)
  end)

  it("begin new sessions after a reboot", function()
    local got, base = by_key()
    start { count = 1, server = base, identity = psk, start = report }
    local device = fleet.devices[1]
    pcall(device.reboot, device, 0.05)
    dtls.until_true(function() return #got == 2 and device.phase == "up" end)
    assert.are.equal(got[1].port, got[2].port)
    assert.are_not.equal(got[1].session, got[2].session)
  end)

  -- A server knows a session by its peer's address, as long as there is no Connection ID (RFC 9146).
  it("lose their session at another port, and have a new one after a time-out", function()
    local got, base = by_key()
    start { count = 1, server = base, identity = psk, start = report,
      settings = { AckTimeout = 0.05, MaxRetransmit = 1, Timeout = 2 } }
    local device = fleet.devices[1]
    device:rebind()
    local ok, err = pcall(report, device)
    assert.is_false(ok)
    assert.are.equal(704, err.Code)
    assert.are.equal(1, #got)
    report(device)
    assert.are_not.equal(got[1].port, got[2].port)
    assert.are_not.equal(got[1].session, got[2].session)
  end)
end)

describe("devices with certificates", function()
  local function table_of(lines, f)
    dtls.with_file(table.concat(lines, "\n"), function(path) f(lunacoap.fleet.identities(path)) end)
  end

  it("show them to their server, and resume sessions after a reboot when they are told to", function()
    local got, base, server = collecting { SSLAuthenticateClients = true,
      SSLClientCACerts = pki.read "root.crt" }
    local lines = dtls.status(server)
    table_of({ "name,certificate,key",
      "ec," .. pki.path "client-ec.crt" .. "," .. pki.path "client-ec.key",
      "p384," .. pki.path "client-p384.crt" .. "," .. pki.path "client-p384.key" }, function(list)
      start { count = 2, server = base, identity = list, start = report,
        settings = { SSLServerCACerts = pki.read "root.crt", ReuseSSLSession = true } }
    end)
    assert.are.same({ "O=Specs, CN=client-ec", "O=Specs, CN=client-p384" }, field_of_all(got, "who"))
    local device = fleet.devices[1]
    pcall(device.reboot, device, 0.05)
    dtls.until_true(function() return #got == 3 and device.phase == "up" end)
    assert.are.equal("ec", device.name)
    assert.are.equal("O=Specs, CN=client-ec", got[3].who)
    -- As if it kept that where it is not lost without power.
    assert.are.equal(1, dtls.count(lines, "resumed$"))
  end)

  it("show them to those who read them", function()
    table_of({ "certificate,key",
      pki.path "server-ec.crt" .. "," .. pki.path "server-ec.key",
      pki.path "server-p384.crt" .. "," .. pki.path "server-p384.key" }, function(list)
      start { count = 2, identity = list, resources = TEMPERATURE,
        settings = { LocalHost = "127.0.0.1", SSLEnabled = true } }
    end)
    for i, name in ipairs { "server-ec", "server-p384" } do
      local client = dtls.client()
      client:Get(fleet.devices[i]:uri "/temperature")
      assert.are.equal("of device-" .. i, client.ResponseData)
      assert.are.equal("O=Specs, CN=" .. name, client.SSLServerCert.Subject)
    end
  end)

  it("fail at their start when their server is not trusted", function()
    local _, base = collecting {}
    start { count = 1, server = base, start = report }
    assert.is_truthy(failed():find "^275: .*issuer", failed())
  end)
end)

describe("devices with raw public keys", function()
  it("are known by them", function()
    local known = { [pki.read "client-ec.pub"] = "ec", [pki.read "client-p384.pub"] = "p384" }
    local seen = {}
    local got, base = collecting { UseRawPublicKey = true, SSLAuthenticateClients = true,
      OnSSLClientAuthentication = function(_, e)
        local key = lunacoap.Certificate(lunacoap.StoreType.cstPublicKeyBlob, e.CertEncoded).PublicKey
        seen[#seen + 1] = known[key]
        e.Accept = known[key] ~= nil
      end }
    dtls.with_file(("raw_key\n%s\n%s\n"):format(pki.path "client-ec.key", pki.path "client-p384.key"),
      function(path)
        start { count = 2, server = base, identity = lunacoap.fleet.identities(path), start = report,
          settings = { SSLAcceptServerCert = dtls.public_key "server-ec" } }
      end)
    assert.are.equal("", failed())
    table.sort(seen)
    assert.are.same({ "ec", "p384" }, seen)
    assert.are.equal(2, #got)
  end)
end)
