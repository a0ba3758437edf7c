-- lunacoap serve: a folder as a user serves it, asked by libcoap's client.
local command = require "spec.support.command"
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local folder, server, port

local function serve(options)
  server = command.start(("serve --port 0 %s %s/public"):format(options or "", folder))
  server:expect("serving ")
  port = server:output():match(":(%d+)/\n")
end

local function ask(arguments, path, host)
  local child <close> = process.start(("coap-client-notls %s 'coap://%s:%s%s'"):format(arguments,
    host or "127.0.0.1", port, path))
  return child:finish()
end

describe("lunacoap serve", function()
  before_each(function()
    local pipe <close> = assert(io.popen("mktemp -d"))
    folder = pipe:read("l")
    os.execute(("mkdir %s/public; printf hello >%s/public/a.txt; printf secret >%s/secret"):format(
      folder, folder, folder))
  end)

  after_each(function()
    if server then
      server:__close()
      server = nil
    end
    os.execute("rm -r " .. folder)
  end)

  it("gives coap-client-notls files and folders, at each address of the machine", function()
    serve()
    assert.matches("serving .* at all addresses, such as coap://%[::1%]:%d+/\n", (server:output()))
    assert.are.equal("hello\n", ask("-m get", "/a.txt"))
    assert.are.equal("hello\n", ask("-m get", "/a.txt", "[::1]"))
    assert.are.equal("</a.txt>;ct=0;sz=5\n", ask("-m get", "/"))
    assert.matches("4.02", ask("-m get", "/%2E%2E/secret"))
    assert.matches("4.04", ask("-m get", "/..%2Fsecret"))
    assert.matches("4.05", ask("-m put -e x", "/a.txt"))
  end)

  it("takes what coap-client-notls writes, in blocks too", function()
    serve("--write")
    local text = ("0123456789"):rep(500)
    local input <close> = assert(io.open(folder .. "/input", "w"))
    input:write(text)
    input:close()
    assert.are.equal("", ask(("-m put -f %s/input"):format(folder), "/new.txt"))
    assert.are.equal(text .. "\n", ask("-m get", "/new.txt"))
    assert.are.equal("", ask("-m delete", "/new.txt"))
    assert.matches("4.04", ask("-m get", "/new.txt"))
  end)

  it("writes who asked for what to standard error, when it is told to", function()
    serve("-v")
    ask("-m get", "/a.txt")
    ask("-m get", "/none")
    server:expect("GET /none  4.04  0 bytes")
    local _, errors = server:output()
    assert.matches("127.0.0.1 port %d+  GET /a.txt  2.05  5 bytes\n", errors)
    ask("-m get", "/%1b%0a%7f")
    server:expect("GET /\\x1b \\x7f  4.04  0 bytes\n")
  end)

  it("listens at one address alone, when it is told which", function()
    serve("--host 127.0.0.1")
    assert.matches("serving .* at coap://127.0.0.1:%d+/\n", (server:output()))
    assert.are.equal("hello\n", ask("-m get", "/a.txt"))
  end)

  describe("over DTLS", function()
    local client

    -- What libcoap's client, and ours, get or say.
    local function both(foreign_words, words)
      local child <close> = process.start(("%s %s 'coaps://127.0.0.1:%s/a.txt'"):format(client,
        foreign_words, port))
      local theirs = child:finish()
      local ours = command.run(("get %s coaps://127.0.0.1:%s/a.txt"):format(words, port))
      return theirs, ours
    end

    local function lets_in(foreign_words, words)
      assert.are.same({ "hello\n", "hello" }, { both(foreign_words, words) })
    end

    local function keeps_out(foreign_words, words)
      local theirs, ours = both(foreign_words, words)
      assert.is_nil(theirs:find("hello", 1, true), theirs)
      assert.is_nil(ours:find("hello", 1, true), ours)
    end

    before_each(function() client = "coap-client-openssl -B 3" end)

    it("lets in who has the pre-shared key", function()
      serve("--psk-identity me --psk-key secret")
      assert.matches(" coaps://", (server:output()))
      lets_in("-u me -k secret", "--psk-identity me --psk-key 0x736563726574")
      keeps_out("-u me -k other", "--psk-identity me --psk-key other --timeout 3")
      keeps_out("-u you -k secret", "--psk-identity you --psk-key secret --timeout 3")
    end)

    it("shows a certificate", function()
      serve(("--cert %s --key %s"):format(pki.path("server-ec.crt"), pki.path("server-ec.key")))
      lets_in("-R " .. pki.path("root.crt"), "--ca " .. pki.path("root.crt"))
    end)

    it("lets in certificates that the authority has issued, and no others", function()
      serve(("--cert %s --ca %s"):format(pki.path("server-ec.both.pem"), pki.path("root.crt")))
      local function showing(name)
        local crt, key, root = pki.path(name .. ".crt"), pki.path(name .. ".key"), pki.path("root.crt")
        return ("-c %s -j %s -R %s"):format(crt, key, root),
          ("--cert %s --key %s --ca %s --timeout 3"):format(crt, key, root)
      end
      lets_in(showing("client-ec"))
      keeps_out(showing("client-stranger"))
      keeps_out(showing("client-expired"))
      keeps_out("-R " .. pki.path("root.crt"), "--timeout 3 --ca " .. pki.path("root.crt"))
    end)

    it("lets in the raw public key that it knows", function()
      client = "coap-client-gnutls -B 3"
      serve(("--rpk %s --peer-key %s"):format(pki.path("server-ec.key"), pki.path("client-ec.key")))
      lets_in("-M " .. pki.path("client-ec.sec1.key"),
        ("--rpk %s --peer-key %s"):format(pki.path("client-ec.key"), pki.path("server-ec.key")))
      keeps_out("-M " .. pki.path("server-ec.sec1.key"),
        ("--timeout 3 --rpk %s --insecure"):format(pki.path("server-ec.key")))
    end)

    it("names options that lack another one", function()
      for words, message in pairs {
        ["--ca x"] = "--ca needs --cert", ["--key x"] = "--key needs --cert",
        ["--insecure"] = "--insecure needs --rpk", ["--rpk x"] = "--rpk needs --peer-key",
      } do
        local _, errors, status = command.run("serve " .. words .. " " .. folder)
        assert.is_truthy(errors:find("lunacoap serve: " .. message, 1, true), errors)
        assert.are.equal(2, status)
      end
    end)
  end)

  -- The system's list of the groups that are joined, which has addresses in hexadecimal digits.
  local function joins(list, digits)
    local file <close> = assert(io.open("/proc/net/" .. list))
    return file:read("a"):find(digits, 1, true) ~= nil
  end

  it("joins all CoAP nodes of IPv4, and of IPv6 where there is one (RFC 7252 12.8)", function()
    local trial <close> = lunacoap.CoAP { LocalHost = "::", MulticastGroups = "ff02::fd" }
    local has_ipv6 = pcall(trial.StartListening, trial)
    trial:Shutdown()
    assert.is_false(joins("igmp", "BB0100E0"))
    serve "--multicast"
    assert.is_true(joins("igmp", "BB0100E0"))
    assert.are.equal(has_ipv6, joins("igmp6", "ff0200000000000000000000000000fd"))
  end)

  it("says with what --multicast does not go", function()
    for words, message in pairs {
      ["--host 127.0.0.1"] = "--host: one address hears no group",
      ["--psk-identity a --psk-key b"] = "DTLS, which has no groups",
    } do
      assert.are.same({ "", "lunacoap serve: --multicast does not go with " .. message
        .. "\nTry 'lunacoap serve --help'.\n", 2 }, { command.run(("serve --multicast %s %s"):format(words, folder)) })
    end
  end)

  it("ends with Ctrl-C", function()
    serve()
    server:signal("INT")
    assert.are.equal(130, (select(3, server:finish())))
  end)

  it("says what is wrong with a folder or a port", function()
    local _, errors, status = command.run(("serve %s/secret"):format(folder))
    assert.matches("^lunacoap serve: '.*/secret' is not a folder\n", errors)
    assert.are.equal(2, status)
    _, errors, status = command.run(("serve --port 70000 %s"):format(folder))
    assert.matches("'%-%-port': takes a number from 0 to 65535, not '70000'", errors)
    assert.are.equal(2, status)
    serve()
    _, errors, status = command.run(("serve --port %s %s"):format(port, folder))
    assert.matches("^lunacoap serve: Address already in use", errors)
    assert.are.equal(1, status)
  end)
end)
