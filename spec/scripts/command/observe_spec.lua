-- lunacoap observe, as a user starts it.
local command = require "spec.support.command"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"
local raw = require "spec.support.raw"

-- What a resource is at first.
local RESOURCES = {
  ["/count"] = { 0, "0" },
  ["/cbor"] = { 60, "\xa1\x61\x61\x01" },
  ["/bytes"] = { 42, "\0\xff" },
  ["/lines"] = { 0, "a\nb\n" },
}

describe("lunacoap observe", function()
  local server, events, child

  local function set(path)
    local state = RESOURCES[path]
    server.ResponseCode, server.ResponseContentFormat, server.ResponseDataB = "2.05", state[1], state[2]
  end

  before_each(function()
    events = {}
    server = lunacoap.CoAP { LocalHost = "127.0.0.1" }
    function server.OnRegister(coap, e)
      events[#events + 1] = "+" .. e.URIPath
      e.Accept = e.URIPath ~= "/plain"
      if RESOURCES[e.URIPath] then
        set(e.URIPath)
      elseif e.URIPath == "/plain" then
        coap.ResponseData = "only once"
      else
        coap.ResponseCode, coap.ResponseData = "4.04", "no such sensor"
      end
    end
    function server.OnUnregistered(_, e)
      events[#events + 1] = "-" .. e.URIPath
    end
    server:StartListening()
  end)

  after_each(function()
    if child then
      local _ <close> = child
      child = nil
    end
    server:Shutdown()
  end)

  local function observe(words, start)
    child = (start or command.start)(("observe %s"):format(words:gsub("@", "127.0.0.1:" .. server.LocalPort)))
  end

  local function notify(path, code, payload)
    server.ResponseCode, server.ResponseContentFormat, server.ResponseDataB = code, -1, payload
    server:SendNotification(path)
  end

  it("prints each state in a line and tells the server at the end of --count", function()
    observe "-n 3 @/count"
    child:expect "0\n"
    notify("/count", "2.05", "1")
    child:expect "1\n"
    notify("/count", "2.05", "")
    assert.are.same({ "0\n1\n\n", "", 0 }, { child:finish() })
    assert.are.same({ "+/count", "-/count" }, events)
  end)

  it("ends after --for", function()
    local start = lunacoap.now()
    observe "--for 0.4 @/count"
    assert.are.same({ "0\n", "", 0 }, { child:finish() })
    assert.is_true(lunacoap.now() - start >= 0.4)
    assert.are.same({ "+/count", "-/count" }, events)
  end)

  for signal, status in pairs { INT = 130, TERM = 143 } do
    it(("tells the server on SIG%s, status %d"):format(signal, status), function()
      observe "@/count"
      child:expect "0\n"
      child:signal(signal)
      assert.are.same({ "0\n", "", status }, { child:finish() })
      assert.are.same({ "+/count", "-/count" }, events)
    end)
  end

  it("ends at once on a second signal, when the server does not answer", function()
    observe "@/count"
    child:expect "0\n"
    server:Shutdown()
    local start = lunacoap.now()
    child:signal "INT"
    lunacoap.sleep(0.1)
    child:signal "INT"
    assert.are.equal(130, (select(3, child:finish())))
    assert.is_true(lunacoap.now() - start < 2)
  end)

  it("ends at once on a signal while the server does not answer the registration", function()
    local silent <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function(_, e)
        events[1] = e.URIPath
        e.SendResponse = false
      end,
    }
    child = command.start(("observe 127.0.0.1:%d/x"):format(silent.LocalPort))
    assert.is_true(process.wait(function() return events[1] == "/x" end))
    local start = lunacoap.now()
    child:signal "INT"
    assert.are.same({ "", "", 130 }, { child:finish() })
    assert.is_true(lunacoap.now() - start < 1)
  end)

  it("ends after --for with status 3 when nothing was answered", function()
    local silent <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function(_, e) e.SendResponse = false end,
    }
    child = command.start(("observe --for 0.3 127.0.0.1:%d/x"):format(silent.LocalPort))
    assert.are.same({ "", "lunacoap observe: no answer in 0.3 s\n", 3 }, { child:finish() })
  end)

  it("ends with status 1 when nobody takes the output, and tells the server", function()
    observe("@/count", function(words) return command.start(words, { to = "/dev/full" }) end)
    assert.are.same({ "", "lunacoap observe: cannot write to standard output: No space left on device\n", 1 },
      { child:finish() })
    assert.are.same({ "+/count", "-/count" }, events)
  end)

  -- A server by hand: it takes the registration and sends the states { Observe, payload } at once.
  local function send_states(words, ...)
    raw.start()
    local socket = raw.open()
    child = command.start(("observe %s 127.0.0.1:%d/x"):format(words, socket.port))
    assert.is_true(raw.wait(function() return socket.got[1] end))
    local from, asked = socket.got[1], raw.parse(socket.got[1].data)
    for i, state in ipairs { ... } do
      raw.send(socket, from.host, from.port, { type = i == 1 and raw.ACK or raw.NON, code = "2.05",
        id = i == 1 and asked.id or i, token = asked.token, payload = state[2],
        options = state[1] and { { raw.OBSERVE, raw.uint(state[1]) } } })
    end
    local out, errors, status = child:finish()
    raw.stop()
    return out, errors, status, socket
  end

  it("leaves out states that newer ones overtook (RFC 7641 3.4)", function()
    assert.are.equal("first\nthird\n",
      (send_states("--for 0.3", { 5, "first" }, { 4, "second" }, { 6, "third" })))
  end)

  it("shows no more than --count, however many come, and waits only for a moment for its farewell's answer", function()
    local start = lunacoap.now()
    local out, errors, status = send_states("-n 1", { 1, "first" }, { 2, "second" })
    assert.are.same({ "first\n", "", 0 }, { out, errors, status })
    assert.is_true(lunacoap.now() - start < 5)
  end)

  it("ends with status 1 when the resource is offered no more (RFC 7641 3.2)", function()
    local out, errors, status, socket = send_states("", { 1, "first" }, { nil, "last" })
    assert.are.same({ "first\nlast\n", 1 }, { out, status })
    assert.are.equal(("lunacoap observe: the server does not offer coap://127.0.0.1:%d/x for observation\n")
      :format(socket.port), errors)
  end)

  it("writes text as it is, CBOR in diagnostic notation and other bytes in hex", function()
    for path, line in pairs { ["/lines"] = "a\nb\n", ["/cbor"] = '{"a": 1}\n', ["/bytes"] = "00ff\n" } do
      observe("-n 1 @" .. path)
      assert.are.same({ line, "", 0 }, { child:finish() })
    end
  end)

  it("writes what came, and nothing else, with --raw", function()
    observe "--raw -n 2 @/bytes"
    child:expect(RESOURCES["/bytes"][2])
    notify("/bytes", "2.05", "\n\xfe")
    assert.are.same({ "\0\xff\n\xfe", "", 0 }, { child:finish() })
  end)

  it("shows the time on a terminal", function()
    observe("-n 2 @/count", command.start_on_terminal)
    child:expect "0"
    notify("/count", "2.05", "1\n2")
    local shown = child:finish():gsub("\r", "")
    assert.matches("^%d%d:%d%d:%d%d  0\n%d%d:%d%d:%d%d\n1\n2\n$", shown)
  end)

  it("shows code and options of each with -i", function()
    observe "-i -n 1 @/count"
    local out, errors = child:finish()
    assert.are.equal("0\n", out)
    assert.matches("^2%.05 Content\n", errors)
    assert.is_truthy(errors:find("\n  Content-Format: text/plain; charset=utf-8\n", 1, true), errors)
  end)

  it("ends with the error that a resource becomes", function()
    observe "@/count"
    child:expect "0\n"
    notify("/count", "4.04", "taken away")
    function server.OnRequest(_, e)
      events[#events + 1] = "asked for " .. e.URIPath
    end
    assert.are.same({ "0\n", "4.04 Not Found: taken away\n", 4 }, { child:finish() })
    assert.are.same({ "+/count", "-/count" }, events) -- there is nothing to end any more
  end)

  it("ends with the error of the registration", function()
    observe "@/none"
    assert.are.same({ "", "4.04 Not Found: no such sensor\n", 4 }, { child:finish() })
  end)

  it("prints once what cannot be observed, and says so, status 1", function()
    observe "@/plain"
    local out, errors, status = child:finish()
    assert.are.same({ "only once\n", 1 }, { out, status })
    assert.are.equal(("lunacoap observe: the server does not offer coap://127.0.0.1:%d/plain for observation\n")
      :format(server.LocalPort), errors)
  end)

  it("has status 3 when nobody is there", function()
    local port = process.free_port("127.0.0.1")
    child = command.start(("observe 127.0.0.1:%d/x"):format(port))
    assert.are.equal(3, (select(3, child:finish())))
  end)

  for words, complaint in pairs {
    ["224.0.1.187/x"] = "a group cannot be observed",
    ["-n 0 localhost"] = "option '--count': takes a number from 1 on, not '0'",
    ["--for x localhost"] = "option '--for': takes a number of seconds, such as 2.5, not 'x'",
  } do
    it(("refuses '%s' with status 2"):format(words), function()
      assert.are.same({ "", ("lunacoap observe: %s\nTry 'lunacoap observe --help'.\n"):format(complaint), 2 },
        { command.run("observe " .. words) })
    end)
  end
end)
