-- Every file of examples/ is run as a user would run it.
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"

-- What each example prints, in order; plain text.
local PRINTS = {
  ["demo.lua"] = { "try:  coap-client-notls -m get coap://127.0.0.1:",
    "GET    /temperature  2.05 19.0", "PUT    /target 24    2.04", "GET    /target       2.05 24.0",
    "NOTIFY /temperature  2.05 19.0", "NOTIFY /temperature  2.05 20.5",
    "STOP   /temperature  2.05" },
  ["observe.lua"] = { "server: 127.0.0.1 wants to observe /count", "client: the count is 0",
    "client: the count is 1", "client: the count is 2", "client: the count is 3",
    "server: nobody observes /count any more" },
  ["separate_response.lua"] = {
    "/slow after 0.3 s: worth the wait", "/later after 0.3 s: from a timer" },
  ["blockwise.lua"] = { "sent 102400 bytes: 2.04", "got 102400 bytes back, the same" },
  ["many_devices.lua"] = { "1000 devices are listening", "all read in " },
}

-- Specs, which lunacoap test runs, and how many there are in each.
local SPECS = {
  ["lockstep_spec.lua"] = 2, ["libcoap_deviations_spec.lua"] = 19, ["scenario_spec.lua"] = 4,
  ["lossy_network_spec.lua"] = 4,
}

-- Those that need somebody at the other end have specs of their own below.
local SERVED = {
  ["server.lua"] = true, ["client.lua"] = true,
  ["dtls_server.lua"] = true, ["dtls_client.lua"] = true, ["psk.lua"] = true,
  ["raw_public_key.lua"] = true, ["greenhouse_server.lua"] = true, ["secured_server.lua"] = true,
  ["file_server.sh"] = true, ["simulate_thermostats.lua"] = true,
  ["simulate_failures.lua"] = true, ["simulate_fleet_dtls.lua"] = true,
}

local function files()
  local pipe <close> = assert(io.popen("ls examples"))
  local list = {}
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  return list
end

-- Starts an example, which ends its output with its exit status.
local function run(environment, name, ...)
  return process.start(("sh -c 'env %s %s examples/%s %s; echo status $?'"):format(
    environment, LUNACOAP, name, table.concat({ ... }, " ")))
end

-- Starts an example that does not end by itself: no shell stands between it and a signal.
local function serve(environment, name, ...)
  return process.start(("env %s %s examples/%s %s"):format(
    environment, LUNACOAP, name, table.concat({ ... }, " ")))
end

local function assert_prints(output, pieces)
  local at = 1
  for _, piece in ipairs(pieces) do
    local _, last = output:find(piece, at, true)
    assert.is_truthy(last, ("%q is missing in:\n%s"):format(piece, output))
    at = last + 1
  end
end

describe("the examples", function()
  it("are all run here", function()
    for _, name in ipairs(files()) do
      assert.is_truthy(PRINTS[name] or SPECS[name] or SERVED[name], name .. " has no entry")
    end
  end)

  for name, lines in pairs(PRINTS) do
    it(("%s prints what it says and ends well"):format(name), function()
      local child <close> = run("DEMO_SECONDS=2", name)
      assert_prints(child:finish(20), lines)
      assert_prints(child:output(), { "status 0\n" })
    end)
  end

  for name, count in pairs(SPECS) do
    it(("%s passes"):format(name), function()
      local child <close> = process.start(("sh -c '%s test examples/%s; echo status $?'"):format(LUNACOAP, name))
      assert_prints(child:finish(20), { count .. " successes / 0 failures / 0 errors", "status 0\n" })
    end)
  end

  it("simulate_failures.lua is a device, of which some fail and most come through", function()
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write([[
      local lunacoap = require "lunacoap"
      lunacoap.virtual(function()
        local device = dofile "examples/simulate_failures.lua"
        local result = require("lunacoap.fleet.simulation").new(device, { seconds = 900 }):run()
        print("sent", result.sent, "answered", result.answered, "failed", result.failed)
        for code, n in pairs(result.served_codes) do print(code, n) end
        for _, trouble in ipairs(result.troubles) do print("trouble", trouble.text) end
        lunacoap.stop(0)
      end)
    ]])
    file:close()
    local child <close> = process.start(("sh -c '%s %s; echo status $?'"):format(LUNACOAP, path))
    local output = child:finish(20)
    os.remove(path)
    local sent, answered, failed = output:match("sent\t(%d+)\tanswered\t(%d+)\tfailed\t(%d+)\n")
    sent, answered, failed = tonumber(sent), tonumber(answered), tonumber(failed)
    assert.is_true(sent > 1000 and answered > 0.9 * sent, output)
    assert.is_true(failed > 0 and failed < 0.05 * sent, output)
    assert.is_true(tonumber(output:match("2%.05\t(%d+)")) > 0.8 * sent, output)
    assert.is_true(tonumber(output:match("5%.03\t(%d+)")) > 0, output)
    assert.is_nil(output:find("trouble", 1, true), output)
    assert_prints(output, { "status 0\n" })
  end)

  it("demo.lua takes another port when 5683 is in use", function()
    -- Whoever has it, this component or another program: it is in use.
    local holder <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", LocalPort = 5683 }
    pcall(holder.StartListening, holder)
    local child <close> = run("DEMO_SECONDS=0.1", "demo.lua")
    assert_prints(child:finish(), { "port 5683 is in use", "thermostat at coap://127.0.0.1:",
      "STOP   /temperature  2.05", "status 0\n" })
  end)

  it("demo.lua goes on with DEMO_SECONDS=0, for others to ask it", function()
    local child <close> = serve("DEMO_SECONDS=0", "demo.lua")
    child:expect("NOTIFY")
    local get <close> = process.start(child:output():match("try:  ([^\n]+)"))
    assert.is_truthy(get:finish():find("^%d%d%.%d\n$"))
    assert.is_true(child:running())
    child:signal("TERM")
    child:finish()
  end)

  it("server.lua answers client.lua and ends on SIGTERM", function()
    local port = process.free_port()
    local server <close> = serve("", "server.lua", port)
    server:expect("listening; try:  coap-client-notls -m get coap://127.0.0.1:" .. port)
    local base = ("coap://127.0.0.1:%d"):format(port)

    local client <close> = run("", "client.lua",
      base .. "/hello", base .. "/note", base .. "/nothing")
    assert_prints(client:finish(), {
      base .. "/hello  2.05 Content\nHello from Lua\n",
      base .. "/note  4.04 Not Found\n",
      base .. "/nothing  4.04 Not Found\n",
      "status 0\n" })
    server:signal("TERM")
    server:finish()
  end)

  it("server.lua answers coap-client-notls with every method", function()
    local port = process.free_port()
    local server <close> = serve("", "server.lua", port)
    server:expect("listening")
    local function ask(arguments, path)
      local client <close> = process.start(
        ("coap-client-notls %s coap://127.0.0.1:%d%s"):format(arguments, port, path))
      return client:finish()
    end
    assert.are.equal("</hello>,</time>,</note>\n", ask("-m get", "/.well-known/core"))
    assert.are.equal("", ask("-m put -e milk", "/note"))
    assert.are.equal("", ask("-m post -e ,tea", "/note"))
    assert.are.equal("milk,tea\n", ask("-m get", "/note"))
    assert.are.equal("", ask("-m delete", "/note"))
    assert_prints(ask("-m get", "/note"), { "4.04" })
    assert_prints(ask("-m delete", "/time"), { "4.05" })
    assert_prints(ask("-m get", "/time"), { ":" })
    server:signal("TERM")
    server:finish()
  end)

  it("client.lua reads what coap-server-notls has", function()
    local port = process.free_port()
    local server <close> = process.start(("coap-server-notls -A 127.0.0.1 -p %d"):format(port))
    local uri = ("coap://127.0.0.1:%d/time"):format(port)
    local output
    local function answered()
      local client <close> = run("", "client.lua", uri)
      output = client:finish()
      return not output:find("no answer", 1, true)
    end
    assert.is_true(process.wait(answered), output)
    assert_prints(output, { uri .. "  2.05 Content\n", ":", "status 0\n" })
    server:signal("TERM")
    server:finish()
  end)

  it("client.lua says why there is no answer", function()
    local uri = ("coap://127.0.0.1:%d/x"):format(process.free_port())
    local client <close> = run("", "client.lua", uri)
    assert_prints(client:finish(), { "no answer: 10061: Connection refused", "status 0\n" })
  end)

  it("dtls_server.lua and dtls_client.lua show each other their certificates", function()
    local port = process.free_port()
    local server <close> = serve("", "dtls_server.lua", pki.path("server-ec.both.pem"), port,
      pki.path("root.crt"))
    server:expect("listening; try:  coap-client-openssl -n coaps://127.0.0.1:" .. port)
    local uri = ("coaps://127.0.0.1:%d/hello"):format(port)
    local own = pki.folder() .. "/client-ec.both.pem"
    local file <close> = assert(io.open(own, "w"))
    file:write(pki.read("client-ec.crt"), pki.read("client-ec.key"))
    file:close()
    local client <close> = run("", "dtls_client.lua", uri, pki.path("root.crt"), own)
    assert_prints(client:finish(), { "the server shows O=Specs, CN=server-ec: OK",
      "2.05\tHello, O=Specs, CN=client-ec", "DTLS1.2, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
      "status 0\n" })
    server:expect("shows O=Specs, CN=client-ec: OK")

    local stranger <close> = run("", "dtls_client.lua", uri, pki.path("stranger-root.crt"), own)
    assert_prints(stranger:finish(), { "275: Cannot verify certificate chain", uri, "status 0\n" })
    server:signal("TERM")
    server:finish()
  end)

  it("dtls_server.lua says how it is called, and answers coap-client-openssl", function()
    local usage <close> = run("", "dtls_server.lua")
    assert_prints(usage:finish(), { "usage: lunacoap examples/dtls_server.lua", "status 2\n" })
    local port = process.free_port()
    local server <close> = serve("", "dtls_server.lua", pki.path("server-ec.both.pem"), port)
    server:expect("listening")
    local get <close> = process.start(server:output():match("try:  ([^\n]+)"))
    assert.are.equal("Hello, stranger\n", get:finish())
    server:signal("TERM")
    server:finish()
  end)

  it("psk.lua knows its devices, and answers coap-client-openssl", function()
    local port = process.free_port()
    local server <close> = serve("", "psk.lua", port)
    server:expect("listening")
    assert_prints(server:output(), { "Hello, sensor-1\tTLS_PSK_WITH_AES_128_CCM_8\n",
      "276: Handshake error: the peer sent alert 115 (unknown_psk_identity)" })
    local get <close> = process.start(server:output():match("try:  ([^\n]+)"))
    assert.are.equal("Hello, sensor-2\n", get:finish())
    server:signal("TERM")
    server:finish()
    local alone <close> = run("", "psk.lua")
    assert_prints(alone:finish(), { "Hello, sensor-1", "status 0\n" })
  end)

  it("raw_public_key.lua lets in whom it knows, and coap-client-gnutls with that key", function()
    local port = process.free_port()
    local key = pki.folder() .. "/client-ec.sec1.key"
    assert(os.execute(("openssl ec -in %s -out %s 2>/dev/null"):format(
      pki.path("client-ec.key"), key)))
    local server <close> = serve("", "raw_public_key.lua", pki.path("server-ec.key"), key, port)
    server:expect("listening")
    assert_prints(server:output(), { "server: a client that we know",
      "client:\tHello, whose key we know" })
    local command = server:output():match("try:  ([^\n]+)"):gsub("CLIENT%-KEY.pem", key)
    local get <close> = process.start(command)
    assert.are.equal("Hello, whose key we know\n", get:finish())
    server:signal("TERM")
    server:finish()
  end)

  it("greenhouse_server.lua answers, refuses and notifies coap-client-notls", function()
    local port = process.free_port()
    local server <close> = serve("", "greenhouse_server.lua", port)
    server:expect("listening")
    local function ask(arguments, path)
      local client <close> = process.start(
        ("coap-client-notls %s coap://127.0.0.1:%d%s"):format(arguments, port, path))
      return client:finish()
    end
    assert_prints(ask("-m get", "/.well-known/core?rt=temperature"), {
      '</rooms/orchids/temperature>;obs;rt="temperature",</rooms/tomatoes/temperature>' })
    assert.are.equal("26\n", ask("-m get -A text/plain", "/rooms/orchids/target"))
    assert.are.equal("", ask("-m put -e 30.5", "/rooms/orchids/target"))
    assert.are.equal("30.5\n", ask("-m get", "/rooms/orchids/target"))
    assert_prints(ask("-m put -e 99", "/rooms/orchids/target"), { "4.00 a target is a number" })
    assert_prints(ask("-m get", "/rooms/cactuses/target"), { "4.04" })
    assert_prints(ask("-m get -A json", "/rooms"), { '"target":30.5' })
    assert_prints(ask("-m get -s 3", "/rooms/orchids/temperature"), { "2", "2", "2" })
    server:signal("TERM")
    server:finish()
  end)

  it("secured_server.lua lets identities do what they may", function()
    local port = process.free_port()
    local server <close> = serve("", "secured_server.lua", port)
    server:expect("listening")
    local function ask(identity, key, arguments, path)
      local client <close> = process.start(("coap-client-openssl -u %s -k '%s' %s coaps://127.0.0.1:%d%s")
        :format(identity, key, arguments, port, path))
      return client:finish()
    end
    assert.are.equal("closed\n", ask("sensor-2", "battery staple", "-m get", "/door"))
    assert_prints(ask("sensor-2", "battery staple", "-m post -e open", "/door/set"), { "4.03" })
    assert.are.equal("", ask("sensor-1", "correct horse", "-m post -e open", "/door/set"))
    assert.are.equal("open\n", ask("sensor-2", "battery staple", "-m get", "/door"))
    server:expect("sensor-1 says: open")
    server:signal("TERM")
    server:finish()
  end)

  it("simulate_thermostats.lua heats rooms and reports, to its own collector or another server", function()
    local function simulate(options)
      local child <close> = process.start(("sh -c '%s simulate examples/simulate_thermostats.lua -q %s; echo status $?'")
        :format(LUNACOAP, options))
      return child:finish(20)
    end
    assert_prints(simulate("--count 20 --for 1s --ramp once"), { "simulate_thermostats.lua: 20 devices, seed 1, ran for 1",
      "sent  2", "4.xx   0 ", "devices   20 up", "again: lunacoap simulate examples/simulate_thermostats.lua",
      "status 0\n" })
    local reports = {}
    local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap)
      table.insert(reports, coap.RequestData)
      coap.ResponseCode = "2.04"
    end }
    simulate(("--count 2 --for 500ms --ramp once --server 127.0.0.1:%d"):format(server.LocalPort))
    assert.are.same({ '{"name":"thermostat-0001"}', '{"name":"thermostat-0002"}' }, table.move(reports, 1, 2, 1, {}))
  end)

  it("simulate_fleet_dtls.lua reports and is read over DTLS, with a key of each device", function()
    local child <close> = process.start(("sh -c '%s simulate examples/simulate_fleet_dtls.lua -q %s; echo status $?'")
      :format(LUNACOAP, "--count 20 --for 1s --ramp once"))
    assert_prints(child:finish(20), { "2.xx  2", "4.xx   0", "devices   20 up", "served    2", "x 2.05 Content",
      "status 0\n" })
  end)

  it("file_server.sh serves, lists, watches and guards files", function()
    local here = assert(io.popen("pwd")):read("l")
    local folder = LUNACOAP:match("^/") and process.build_folder() or here .. "/" .. process.build_folder()
    local child <close> = process.start(("env PATH=%s:/usr/bin:/bin sh examples/file_server.sh %d"):format(
      folder, process.free_port("127.0.0.1")))
    assert_prints(child:finish(20), {
      "Welcome.\nWhat is there:\n</readme.txt>;ct=0;sz=9,</settings.json>;ct=50;sz=17\n",
      'writes:\n{"interval": 60}\n{"interval": 5}\n', "4.12 Precondition Failed", "exit status 4\n" })
  end)
end)
