-- The bench's own measuring tool: a generator that miscounts would make every ratio worthless.

local function build_folder()
  local pipe <close> = assert(io.popen("readlink /proc/$PPID/exe"))
  return pipe:read("l"):match("^(.*)/")
end

local function generate(arguments)
  local command = ("%s/bench/generator %s 2>&1"):format(build_folder(), arguments)
  local pipe <close> = assert(io.popen(command))
  local text, result = pipe:read("a"), {}
  for name, value in text:gmatch("(%w+)=(%d+)") do
    result[name] = tonumber(value)
  end
  return result, text
end

describe("the bench's load generator", function()
  it("counts the answers of a server that answers everything, and its CPU time", function()
    local echo = build_folder() .. "/bench/echo"
    local result, text = generate("get sockets=4 window=8 seconds=0.3 -- " .. echo)
    assert.is_true((result.answers or 0) > 1000, text)
    assert.are.equal(0, result.lost)
    assert.are.equal(0, result.bad)
    assert.is_true(result.cpu > 0 and result.cpu < result.wall * 1.1, text)
  end)

  it("counts an answer that does not fit the request as wrong", function()
    -- The echo answers every GET with five bytes, never with a block.
    local echo = build_folder() .. "/bench/echo"
    local result, text = generate("bget sockets=4 seconds=0.1 -- " .. echo)
    assert.are.equal(0, result.answers, text)
    assert.is_true(result.bad > 0, text)
    assert.is_true(result.lost > 0, text)
  end)

  it("says so when the server does not start", function()
    local result, text = generate("get -- false")
    assert.is_nil(result.answers)
    assert.is_truthy(text:find("false does not answer", 1, true), text)
  end)
end)

describe("the bench's load generator for DTLS", function()
  local pki = require "spec.support.pki"
  local folder

  setup(function()
    folder = pki.folder() .. "/bench"
    os.execute(("mkdir %s && cp %s %s/own.pem"):format(folder, pki.path "server-ec.both.pem", folder))
  end)

  local function run(program, arguments)
    local pipe <close> = assert(io.popen(("%s/bench/%s %s 2>&1"):format(build_folder(), program, arguments)))
    local text, result = pipe:read("a"), {}
    for name, value in text:gmatch("(%w+)=(%d+)") do
      result[name] = tonumber(value)
    end
    return result, text
  end

  local function server(kind, provider)
    return ("-- %s/lunacoap spec/bench/dtls_server.lua %s %s %s"):format(build_folder(), kind, folder, provider)
  end

  for kind, provider in pairs { certificate = "mbedTLS", psk = "mbedTLS", rawkey = "GnuTLS", resumed = "mbedTLS" } do
    it("counts handshakes of our server, and of the raw engine: " .. kind, function()
      local raw, raw_text = run("dtls_raw", ("handshakes %s %s %s 2 0.1"):format(kind, provider, folder))
      local result, text = run("dtls_load", ("handshakes %s 4 0.1 %s"):format(kind, server(kind, provider)))
      assert.is_true((raw.answers or 0) > 0 and raw.cpu > 0, raw_text)
      assert.is_true((result.answers or 0) > 0 and result.cpu > 0, text)
      assert.are.equal(0, result.bad, text)
    end)
  end

  it("counts exchanges that have the answer they should", function()
    local result, text = run("dtls_load", "exchanges psk 4 0.1 " .. server("psk", "mbedTLS"))
    assert.is_true((result.answers or 0) > 100, text)
    assert.are.equal(0, result.bad + result.lost, text)
  end)

  it("says so when a session is not of the kind that is measured", function()
    local result, text = run("dtls_load", "handshakes psk 1 0.1 " .. server("certificate", "mbedTLS"))
    assert.is_true((result.bad or 1) > 0 and (result.answers or 0) == 0, text)
  end)

  it("tells how long plain CoAP waits for handshakes, and what sessions cost in memory", function()
    local burst, text = run("dtls_load", "burst psk 20 0 " .. server("psk", "mbedTLS"))
    assert.is_true((burst.asked or 0) > 0 and burst.stall > 0 and burst.handshake > 0, text)
    local memory, memory_text = run("dtls_load", "memory psk 50 0 " .. server("psk", "mbedTLS"))
    assert.is_true((memory.active or 0) > 10000, memory_text)
  end)
end)
