-- The part of the bench that goes over DTLS: our server beside libcoap's with the same suite, and
-- beside the raw engine, the library that does our DTLS driven memory to memory (dtls_raw.c).
local report = require "spec.bench.report"

local function run(command, ...)
  if not os.execute(command:format(...)) then
    error("cannot make a certificate: " .. command)
  end
end

-- A folder with a certificate and its key, in the files that the servers want.
local function credentials()
  local pipe <close> = assert(io.popen("mktemp -d"))
  local folder = pipe:read("l")
  run("cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout pkcs8.pem "
    .. "-out certificate.pem -days 30 -subj /CN=localhost 2>openssl.log", folder)
  run("cd %s && openssl ec -in pkcs8.pem -out key.pem 2>openssl.log", folder)
  run("cd %s && cat certificate.pem key.pem >own.pem", folder)
  return setmetatable({ path = folder }, { __close = function() run("rm -r %s", folder) end })
end

-- kind: see dtls_kind.c. libcoap has raw public keys over GnuTLS alone, and resumes nothing there.
local handshakes = {
  { what = "certificate", kind = "certificate", provider = "mbedTLS", libcoap = { "openssl", "gnutls" } },
  { what = "certificate, SSLProvider=GnuTLS", kind = "certificate", provider = "GnuTLS",
    libcoap = { "openssl", "gnutls" } },
  { what = "PSK", kind = "psk", provider = "mbedTLS", libcoap = { "openssl", "gnutls" } },
  { what = "RPK", kind = "rawkey", provider = "GnuTLS", libcoap = { "gnutls" } },
  { what = "resumed", kind = "resumed", provider = "mbedTLS", libcoap = { "openssl" } },
}

return function(build)
  local folder

  local function load(mode, kind, options, server)
    return ("%s/bench/dtls_load %s %s %s -- %s"):format(build, mode, kind, options, server)
  end

  local function our_server(kind, provider)
    return ("%s/lunacoap spec/bench/dtls_server.lua %s %s %s"):format(build, kind, folder, provider)
  end

  -- mode: handshakes or exchanges
  local function scenario(case, mode, unit)
    local options = "32 0.7"
    local result = {
      unit = unit, targets = {}, servers = { "raw", "lunacoap" },
      commands = {
        raw = ("%s/bench/dtls_raw %s %s %s %s 16 0.7"):format(build, mode, case.kind, case.provider, folder),
        lunacoap = load(mode, case.kind, options, our_server(case.kind, case.provider)),
      },
    }
    for _, library in ipairs(case.libcoap) do
      local name = "libcoap-" .. library
      result.servers[#result.servers + 1] = name
      result.commands[name] = load(mode, case.kind, options,
        ("%s/bench/libcoap_%s %s %s"):format(build, library, case.kind, folder))
    end
    return result
  end

  local function report_handshakes()
    for _, case in ipairs(handshakes) do
      local result = scenario(case, "handshakes", "handshake")
      result.name = "DTLS handshakes and their end, " .. case.what
      result.targets.raw = 0.80
      report.scenario(result)
    end
  end

  local function report_exchanges()
    local case = { kind = "psk", provider = "mbedTLS", libcoap = { "openssl", "gnutls" } }
    local result = scenario(case, "exchanges", "exchange")
    result.name = "DTLS exchanges of 64 bytes, 256 requests outstanding"
    result.targets = { ["libcoap-openssl"] = 1, ["libcoap-gnutls"] = 1 }
    report.scenario(result)
  end

  -- The fields of a command's results as lists.
  local function repeated(command, count, fields)
    local lists = {}
    for _ = 1, count do
      local result = report.run(command) or {}
      for _, field in ipairs(fields) do
        lists[field] = lists[field] or {}
        table.insert(lists[field], result.bad == 0 and result[field] or nil)
      end
    end
    return lists, #lists[fields[1]] > 0
  end

  local function report_memory(what, kind)
    local command = load("memory", kind, "1000 7", our_server(kind, "mbedTLS"))
    local sizes, good = repeated(command, 3, { "active", "parked" })
    local subject = "memory of a DTLS session, " .. what
    if not good then
      return report.fail(subject .. ": the run failed")
    end
    print(("  1000 active, %s: %s bytes each"):format(what, report.with_range("%.0f", sizes.active)))
    report.verdict(subject, ("1000 parked, %s: %s bytes each, target 4096"):format(what,
      report.with_range("%.0f", sizes.parked)), report.median(sizes.parked) <= 4096)
  end

  local function report_stall()
    local command = load("burst", "certificate", "500 0", our_server("certificate", "mbedTLS"))
    local times, good = repeated(command, report.rounds, { "stall", "handshake" })
    if not good then
      return report.fail("DTLS burst: the run failed")
    end
    local shares = {}
    for i, stall in ipairs(times.stall) do
      shares[i] = stall / times.handshake[i]
    end
    print(("  a plain client waits %s us at most, a handshake takes %s us"):format(
      report.with_range("%.0f", times.stall), report.with_range("%.0f", times.handshake)))
    report.verdict("DTLS burst", ("that is %s handshakes, target 1.00"):format(
      report.with_range("%.2f", shares)), report.median(shares) <= 1)
  end

  local made <close> = credentials()
  folder = made.path
  report_handshakes()
  report_exchanges()
  if report.wants("DTLS memory") then
    print("\nDTLS memory: resident bytes of a session, in use and 5 s later")
    report_memory("PSK", "psk")
    report_memory("certificate", "certificate")
  end
  if report.wants("DTLS burst") then
    print("\nDTLS burst: 500 handshakes with a certificate at once")
    report_stall()
  end
end
