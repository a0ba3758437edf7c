-- lunacoap get, as a user starts it: what comes on which stream, and the exit status.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"

-- What the server has: format, payload, code.
local RESOURCES = {
  ["/text"] = { 0, "21.5" },
  ["/line"] = { 0, "21.5\n" },
  ["/plain"] = { nil, "größe" },
  ["/bytes"] = { 42, "\0\1\2\xff" },
  ["/binary"] = { 42, ("\0"):rep(1000) },
  ["/unknown"] = { nil, "\xff\xfe" },
  ["/cbor"] = { 60, "\xa1\x61\x61\x19\x01\x00" },
  ["/json"] = { 50, '{"a":[1,{"b":"' .. ("x"):rep(80) .. '"}]}' },
  ["/broken"] = { 60, "\xa1\x61" },
  ["/links"] = { 40, '</a>;rt="x",</b>' },
  ["/escapes"] = { 0, "a\27[31mb\u{9b}c\tde\r\n" },
  ["/badlinks"] = { 40, "</a>;\27[31m" },
  ["/empty"] = { nil, "" },
  ["/long"] = { 0, foreign.text(5000) },
  ["/busy"] = { nil, "try\27 later", "5.03" },
  ["/problem"] = { 60, "\xa1\x61\x61\x19\x01\x00", "4.00" },
}

describe("lunacoap get", function()
  local server, last

  -- The options of the last request, by number.
  local function answer(coap, e)
    last = { query = e.URIQuery, path = e.URIPath, host = e.URIHost }
    for _, option in ipairs(coap.RequestOptions) do
      last[option.Number] = option.Value
    end
    local found = RESOURCES[e.URIPath]
    if not found then
      coap.ResponseCode, coap.ResponseData = "4.04", "no such sensor"
    else
      coap.ResponseCode = found[3] or "2.05"
      coap.ResponseDataB, coap.ResponseContentFormat = found[2], found[1] or -1
    end
  end

  setup(function()
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = answer, Listening = true }
  end)

  teardown(function()
    server:Shutdown()
  end)

  local function get(path, options, more)
    return command.run(("get %s '127.0.0.1:%d%s'"):format(options or "", server.LocalPort, path), more)
  end

  local function get_on_terminal(path, options)
    return command.on_terminal(("get %s '127.0.0.1:%d%s'"):format(options or "", server.LocalPort, path))
  end

  it("writes the payload as it came, and nothing else", function()
    for _, path in ipairs { "/text", "/line", "/bytes", "/cbor", "/links", "/escapes", "/empty", "/long", "/broken" } do
      assert.are.same({ RESOURCES[path][2], "", 0 }, { get(path) })
    end
  end)

  it("writes it to a file with -o", function()
    local path = os.tmpname()
    assert.are.same({ "", "", 0 }, { get("/long", "-o " .. path) })
    local file <close> = assert(io.open(path))
    assert.are.equal(RESOURCES["/long"][2], file:read("a"))
    os.remove(path)
  end)

  it("takes payloads that are longer than components do by themselves", function()
    local long <close> = lunacoap.CoAP {
      LocalHost = "127.0.0.1", MaxBodySize = 10000000, Listening = true,
      OnRequest = function(coap) coap.ResponseDataB = ("x"):rep(9000000) end,
    }
    local out, errors, status = command.run(("get 127.0.0.1:%d/x"):format(long.LocalPort))
    assert.are.same({ 9000000, "", 0 }, { #out, errors, status })
  end)

  it("says that a file cannot be written, with status 1", function()
    assert.are.same({ "", "lunacoap get: cannot write /nowhere/x: No such file or directory\n", 1 },
      { get("/text", "-o /nowhere/x") })
  end)

  it("tells errors on standard error, with the class as status", function()
    assert.are.same({ "", "4.04 Not Found: no such sensor\n", 4 }, { get("/none") })
    assert.are.same({ "", "5.03 Service Unavailable: try\\x1b later\n", 5 }, { get("/busy") })
    assert.are.same({ "", '4.00 Bad Request\n{"a": 256}\n', 4 }, { get("/problem", "-o /nowhere/x") })
  end)

  it("sets out what has a structure on a terminal, and ends the line", function()
    assert.are.same({ "21.5\n", 0 }, { get_on_terminal("/text") })
    assert.are.same({ "21.5\n", 0 }, { get_on_terminal("/line") })
    assert.are.same({ "größe\n", 0 }, { get_on_terminal("/plain") })
    assert.are.same({ '{"a": 256}\n', 0 }, { get_on_terminal("/cbor") })
    assert.are.same({ '{\n  "a": [\n    1,\n    {\n      "b": "' .. ("x"):rep(80) .. '"\n    }\n  ]\n}\n', 0 },
      { get_on_terminal("/json") })
    assert.are.same({ '</a>;rt="x",\n</b>\n', 0 }, { get_on_terminal("/links") })
    assert.are.same({ "", 0 }, { get_on_terminal("/empty") })
  end)

  it("leaves it as it came on a terminal, too, with -o -", function()
    assert.are.same({ "21.5", 0 }, { get_on_terminal("/text", "-o -") })
  end)

  it("says that nobody takes the output, with status 1", function()
    for _, path in ipairs { "/text", "/long" } do
      assert.are.same({ "", "lunacoap get: cannot write to standard output: No space left on device\n", 1 },
        { get(path, "", { to = "/dev/full" }) })
    end
  end)

  it("lets nothing act on the terminal", function()
    assert.are.same({ "a\\x1b[31mb\\xc2\\x9bc\tde\n", 0 }, { get_on_terminal("/escapes") })
    assert.is_nil((get_on_terminal("/badlinks")):find("\27", 1, true))
  end)

  it("warns of what is no text, and dumps it", function()
    local shown, status = get_on_terminal("/bytes")
    assert.are.equal(0, status)
    assert.matches("^4 bytes of application/octet%-stream, which are no text: %-o FILE saves them\n", shown)
    assert.matches("\n0000  00 01 02 ff +%.%.%.%.\n$", shown)
    assert.matches("\n00f0  [0 ]+%.+\n%.%.%.\n$", (get_on_terminal("/binary")))
    assert.matches("^2 bytes, which are no text", (get_on_terminal("/unknown")))
  end)

  it("says that a payload is not what its format promises", function()
    local shown = get_on_terminal("/broken")
    assert.matches("^this is no application/cbor: malformed CBOR at byte 2", shown)
  end)

  it("shows code and options with -i, on standard error", function()
    assert.are.same({ "21.5", "2.05 Content\n  Content-Format: text/plain; charset=utf-8\n", 0 }, { get("/text", "-i") })
    assert.are.same({ "", "4.04 Not Found: no such sensor\n", 4 }, { get("/none", "-i") })
  end)

  it("shows every message with -v, on standard error", function()
    local out, errors, status = get("/text", "-v")
    assert.are.same({ "21.5", 0 }, { out, status })
    assert.matches("^ +%d%.%d%d%d  sent to 127%.0%.0%.1:%d+: CON GET /text, id %d+, token %x+\n"
      .. " +%d%.%d%d%d  received from 127%.0%.0%.1:%d+: ACK 2%.05 Content, id %d+, token %x+, "
      .. 'Content%-Format text/plain; charset=utf%-8, 4 bytes "21%.5"\n$', errors)
  end)

  it("takes options by number and name, as text and in hex", function()
    local _, errors, status = get("/text?x=1", "-a json -O Uri-Query,y=2,3 -O etag,0xAABB -O 65000,0xBEEF "
      .. "-O 65002,text -O if-none-match -O hop-limit,0x10")
    assert.are.same({ "", 0 }, { errors, status })
    assert.are.same({
      query = "x=1&y=2,3", path = "/text", host = "127.0.0.1", [11] = "text", [15] = "y=2,3", [17] = "50",
      [4] = "aabb", [65000] = "beef", [65002] = "74657874", [5] = "", [16] = "16",
    }, last)
  end)

  it("asks non-confirmably with --non", function()
    local _, errors = get("/text", "--non -v")
    assert.is_truthy(errors:find(": NON GET /text", 1, true), errors)
    assert.is_truthy(errors:find(": NON 2.05 Content", 1, true), errors)
  end)

  for words, complaint in pairs {
    [""] = "missing argument 'URI'",
    ["''"] = "the URI is empty; it is such as coap://localhost/time",
    ["http://localhost/"] = "the scheme of a URI is coap or coaps, not http",
    ["coap:///x"] = "Invalid or malformed URI: the host is missing, coap://HOST/PATH: \"\"",
    ["localhost -a jsn"] = "option '--accept': no content-format is called 'jsn': it takes 0 to 65535, a media type, or ",
    ["localhost -O nope,1"] = "option '--option': there is no option 'nope': it takes a number or a name such as Uri-Query",
    ["localhost -O 70000,1"] = "option '--option': there is no option '70000': it takes a number or a name such as ",
    ["localhost -O max-age"] = "option '--option': Max-Age takes a decimal number from 0 to 4294967295, not ''",
    ["localhost -O if-match,0011aabbccddeeff"] = "656666'; hexadecimal digits go behind 0x",
    ["localhost -O max-age,x"] = "option '--option': Max-Age takes a decimal number from 0 to 4294967295, not 'x'",
    ["localhost -O etag,0xabc"] = "option '--option': takes pairs of hexadecimal digits behind 0x, not 'etag,0xabc'",
    ["localhost -O etag,0xzz"] = "option '--option': takes pairs of hexadecimal digits behind 0x, not 'etag,0xzz'",
    ["localhost -O observe,0"] = "Observe is set by the component, leave it out",
    ["localhost --timeout soon"] = "option '--timeout': takes a number of seconds, such as 2.5, not 'soon'",
    ["localhost --timeout 1e10"] = "option '--timeout': takes a number of seconds, such as 2.5, not '1e10'",
    ["localhost --timeout 0"] = "option '--timeout': takes a number of seconds, such as 2.5, not '0'",
    ["localhost payload"] = "too many arguments: one that holds spaces stands in quotes",
    ["-o x 224.0.1.187/x"] = "--output is for one answer, and a group gives several",
  } do
    it(("refuses '%s' with status 2"):format(words), function()
      local out, errors, status = command.run("get " .. words)
      assert.are.same({ "", 2 }, { out, status })
      assert.is_truthy(errors:find("lunacoap get: ", 1, true) == 1, errors)
      assert.is_truthy(errors:find(complaint, 1, true), errors)
      assert.is_truthy(errors:find("\nTry 'lunacoap get --help'.\n", 1, true), errors)
    end)
  end

  it("has status 3 when there is no answer", function()
    local closed = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true }
    local port = closed.LocalPort
    closed:Shutdown()
    local _, errors, status = command.run(("get 127.0.0.1:%d"):format(port))
    assert.are.equal(("lunacoap get: Connection refused: the request could not be delivered: "
      .. "coap://127.0.0.1:%d/\n"):format(port), errors)
    assert.are.equal(3, status)
  end)

  it("gives up after --timeout, with status 3", function()
    local silent <close> = lunacoap.CoAP {
      LocalHost = "127.0.0.1", OnRequest = function(_, e) e.SendResponse = false end, Listening = true,
    }
    local start = lunacoap.now()
    local _, errors, status = command.run(("get --timeout 0.3 127.0.0.1:%d/x"):format(silent.LocalPort))
    assert.matches("^lunacoap get: Operation timed out", errors)
    assert.are.equal(3, status)
    assert.is_true(lunacoap.now() - start < 2)
  end)

  it("has status 130 after Ctrl-C", function()
    local asked = false
    local silent <close> = lunacoap.CoAP {
      LocalHost = "127.0.0.1", Listening = true, OnRequest = function(_, e)
        asked, e.SendResponse = true, false
      end,
    }
    local child <close> = command.start(("get 127.0.0.1:%d/x"):format(silent.LocalPort))
    while not asked do
      lunacoap.sleep(0.01)
    end
    child:signal("INT")
    assert.are.same({ "", "", 130 }, { child:finish() })
  end)

  it("prints the answer of each member of a group with its address", function()
    local members = {}
    for i = 1, 2 do
      members[i] = lunacoap.CoAP {
        LocalPort = i == 2 and members[1].LocalPort or 0, ShareLocalPort = true, MulticastGroups = "224.0.1.187",
        MulticastLeisure = 0.1, Listening = true,
        OnRequest = function(coap, e)
          coap.ResponseData = e.URIPath == "/two" and "member\n" .. i or "member " .. i
        end,
      }
    end
    local uri = ("224.0.1.187:%d"):format(members[1].LocalPort)
    local out, errors, status = command.run(("get --timeout 1 %s/one"):format(uri))
    assert.are.same({ "", 0 }, { errors, status })
    local lines = {}
    for address, payload in out:gmatch("(%d+%.%d+%.%d+%.%d+:%d+) ([^\n]*)\n") do
      assert.are.equal(tostring(members[1].LocalPort), address:match(":(%d+)$"))
      lines[#lines + 1] = payload
    end
    table.sort(lines)
    assert.are.same({ "member 1", "member 2" }, lines)
    assert.are.same({ "", "lunacoap get: cannot write to standard output: No space left on device\n", 1 },
      { command.run(("get --timeout 1 %s/one"):format(uri), { to = "/dev/full" }) })
    assert.matches("^%d+%.%d+%.%d+%.%d+:%d+:\nmember\n%d\n%d+%.", (command.on_terminal(("get --timeout 1 %s/two"):format(uri))))
    for _, member in ipairs(members) do
      member:Shutdown()
    end
  end)
end)
