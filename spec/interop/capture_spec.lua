-- Captures as Wireshark's tshark reads them, which we did not write: over DTLS it decrypts what it
-- finds, with the secrets in the file and nothing else.
local lunacoap = require "lunacoap"
local dtls = require "spec.support.dtls"
local foreign = require "spec.support.foreign"
local pcapng = require "spec.support.pcapng"

local capture = lunacoap.capture
local tshark = pcapng.tshark

-- Where tshark expects DTLS with CoAP in it. Each spec takes an address of its own: another program
-- may have the port.
local COAPS = 5684

local file

before_each(function() file = os.tmpname() end)

after_each(function()
  dtls.stop()
  capture.file(nil)
  capture.keep(0)
  os.remove(file)
end)

local function psk(fields)
  fields = fields or {}
  fields.PSKIdentity, fields.PSKKey, fields.SSLCert = "me", "0011223344556677", false
  return fields
end

-- How requests and answers of a path show.
local function assert_exchange(lines, path, requested, answered)
  local requests, answers = 0, 0
  for _, line in ipairs(lines) do
    requests = requests + (line:find("CoAP %d+ CON, MID:%d+, GET, .*" .. path) and 1 or 0)
    answers = answers + (line:find("CoAP %d+ ACK, MID:%d+, 2.05 Content") and 1 or 0)
  end
  assert.are.same({ requested or 1, answered or requested or 1 }, { requests, answers }, table.concat(lines, "\n"))
end

local ways = {
  { "certificates", function(fields) return fields end },
  { "a pre-shared key", psk },
}

describe("tshark", function()
  for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
    for _, way in ipairs(ways) do
      it(("sees the CoAP in DTLS, with %s, over %s"):format(way[1], provider), function()
        capture.file(file)
        dtls.server(way[2] { LocalHost = "127.56.84.1", LocalPort = COAPS, SSLProvider = provider })
        dtls.reaches(dtls.client(way[2] { SSLProvider = provider,
          SSLAcceptServerCert = dtls.certificate "server-ec" }), "coaps://127.56.84.1")
        lunacoap.sleep(0)
        assert_exchange(tshark(file, "-Y 'dtls && coap'"), "/hello")
        assert.are.same({}, tshark(file, "-Y 'ip.checksum.status == 0 || udp.checksum.status == 0' "
          .. "-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE"))
      end)
    end

    it("sees the CoAP of either end alone, over " .. provider, function()
      local other = os.tmpname()
      dtls.server { LocalHost = "127.56.84.2", LocalPort = COAPS, SSLProvider = provider,
        CaptureFile = file }
      dtls.reaches(dtls.client { SSLProvider = provider, CaptureFile = other,
        SSLAcceptServerCert = dtls.certificate "server-ec" }, "coaps://127.56.84.2")
      lunacoap.sleep(0)
      for _, path in ipairs { file, other } do
        assert_exchange(tshark(path, "-Y 'dtls && coap'"), "/hello")
      end
      os.remove(other)
    end)
  end

  it("sees the CoAP of a resumed session", function()
    for _, provider in ipairs { "mbedTLS", "GnuTLS" } do
      local _, base = dtls.server { LocalHost = "127.56.84.3", LocalPort = COAPS,
        SSLProvider = provider }
      local client = dtls.client { SSLProvider = provider, ReuseSSLSession = true,
        SSLAcceptServerCert = dtls.certificate "server-ec" }
      dtls.reaches(client, base)
      client:Shutdown()
      capture.file(file)
      dtls.reaches(client, base)
      capture.file(nil)
      dtls.stop()
    end
    assert_exchange(tshark(file, "-Y 'dtls && coap'"), "/hello", 2)
  end)

  it("sees CoAP at ports of any number, in DTLS and without", function()
    capture.file(file)
    local _, base = dtls.server()
    dtls.reaches(dtls.client(), base)
    local plain, plain_base = dtls.server { SSLEnabled = false }
    dtls.reaches(dtls.client(), (plain_base:gsub("coaps", "coap")))
    local six = dtls.server { LocalHost = "::1", SSLEnabled = false }
    dtls.reaches(dtls.client(), ("coap://[::1]:%d"):format(six.LocalPort))
    lunacoap.sleep(0)
    local lines = tshark(file, "-Y coap")
    assert_exchange(lines, "/hello", 3)
    assert.is_truthy(table.concat(lines, "\n"):find("::1 → ::1 +CoAP"))
    assert.is_truthy(plain.LocalPort > 0)
  end)

  it("sees what was kept in memory, with the secrets of then", function()
    capture.keep(200)
    local _, base = dtls.server { LocalHost = "127.0.0.1", LocalPort = COAPS }
    dtls.reaches(dtls.client(), base)
    capture.write(file)
    assert_exchange(tshark(file, "-Y 'dtls && coap'"), "/hello")
  end)

  it("shows what was lost on purpose, apart and with the reason", function()
    capture.keep(200)
    lunacoap.virtual(function()
      local server = dtls.server { LocalPort = 5683, SSLEnabled = false }
      server:Configure(lunacoap.faults { receiving = { { "drop", retransmission = 0 } } })
      dtls.reaches(dtls.client(), "coap://127.0.0.1")
    end)
    capture.write(file)
    assert.are.same({ "1\tdropped" }, tshark(file,
      "-Y 'frame.interface_name == \"dropped\"' -T fields -e frame.interface_id -e frame.comment"))
    assert_exchange(tshark(file, "-Y 'frame.interface_name == \"network\"'"), "/hello", 2, 1)
  end)

  for _, program in ipairs { "coap-client-openssl", "coap-client-gnutls" } do
    it("sees the CoAP of libcoap's " .. program, function()
      dtls.server { LocalPort = COAPS, CaptureFile = file, SSLEnabled = true,
        SSLCert = false, PSKIdentity = "dev", PSKKey = "736563726574", LocalHost = "127.0.0.1" }
      local out = foreign.run(program .. " -B 5 -u dev -k secret coaps://127.0.0.1/hello")
      assert.is_truthy(out:find("/hello", 1, true), out)
      lunacoap.sleep(0)
      assert_exchange(tshark(file, "-Y 'dtls && coap'"), "/hello")
    end)
  end

  it("sees the CoAP of a program that asks libcoap's server", function()
    local child <close>, base = foreign.serve("coap-server-openssl",
      "-c @server-ec.crt -j @server-ec.key -n", "127.0.0.1")
    assert.is_true(child:running())
    dtls.client { CaptureFile = file }:Get(base .. "/time")
    lunacoap.sleep(0)
    assert_exchange(tshark(file, "-Y coap"), "/time")
  end)
end)
