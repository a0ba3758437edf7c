-- Observations of a live client, whose server is the spec: what the script's calls put on the wire.
local lunacoap = require "lunacoap"
local raw = require "spec.support.raw"

local ACK, NON = raw.ACK, raw.NON
local ACCEPT, OBSERVE = 17, raw.OBSERVE

describe("an observation", function()
  local client, server, uri, seen

  before_each(function()
    raw.start()
    server = raw.open()
    uri = ("coap://127.0.0.1:%d/bell"):format(server.port)
    client = lunacoap.CoAP { Timeout = 0 }
    seen = 0
  end)

  after_each(function()
    client:Shutdown()
    raw.stop()
  end)

  -- The next message of the client, taken apart.
  local function sent()
    seen = seen + 1
    assert.is_true(raw.wait(function() return #server.got >= seen end))
    return raw.parse(server.got[seen].data)
  end

  local function tell(message)
    local from = server.got[seen]
    message.code = message.code or "2.05"
    raw.send(server, from.host, from.port, message)
  end

  -- Registers with an Accept option, and lets the server take it on.
  local function register()
    client.RequestOptions = { { Number = ACCEPT, Value = 60 } }
    client:StartObserving(uri)
    local registration = sent()
    assert.are.equal("", registration.option[OBSERVE])
    tell { type = ACK, id = registration.id, token = registration.token, options = { { OBSERVE, "\5" } } }
    raw.run(0.01)
    return registration
  end

  -- The same message but for Observe, which is 1.
  local function assert_cancels(registration, message)
    assert.are.equal("0.01", message.text)
    assert.are.equal(registration.token, message.token)
    assert.are.equal("\1", message.option[OBSERVE])
    registration.option[OBSERVE] = "\1"
    assert.are.same(registration.option, message.option)
  end

  it("is cancelled by StopObserving with the options that it was registered with (RFC 7641 3.6)", function()
    local registration = register()
    client.RequestOptions = { { Number = 2049, Value = 1 } }
    client:StopObserving(uri)
    assert_cancels(registration, sent())
  end)

  it("is cancelled so, too, when the handler of a notification sets StopObserving", function()
    client.OnNotification = function(_, e) e.StopObserving = true end
    assert_cancels(register(), sent())
  end)

  for _, method in ipairs { "StopObserving", "StartObserving" } do
    it(("is taken over by %s before the server has answered: 711, and no second one"):format(method), function()
      local ended, notified = {}, 0
      client.OnRequestComplete = function(_, e) ended[#ended + 1] = e.ErrorCode end
      client.OnNotification = function() notified = notified + 1 end
      client:StartObserving(uri)
      local registration = sent()
      client[method](client, uri)
      local second = sent()
      assert.are.equal(registration.token, second.token)
      assert.are.equal(method == "StopObserving" and "\1" or "", second.option[OBSERVE])
      assert.is_true(raw.wait(function() return #ended == 1 end))
      assert.are.same({ 711 }, ended)
      tell { type = ACK, id = registration.id, token = registration.token, options = { { OBSERVE, "\5" } } }
      raw.run(0.01)
      assert.are.equal(0, notified)
      assert.are.equal(1, #client.PendingRequests)
    end)
  end

  it("shows a slow handler the newest notifications, of which no more than 64 wait", function()
    local seen_by_handler = {}
    client.OnNotification = function(coap)
      if #seen_by_handler == 0 then lunacoap.sleep(0.1) end
      seen_by_handler[#seen_by_handler + 1] = coap.ResponseData
    end
    local registration = register()
    for i = 1, 100 do
      tell { type = NON, id = i, token = registration.token, options = { { OBSERVE, raw.uint(5 + i) } },
        payload = tostring(i) }
    end
    assert.is_true(raw.wait(function() return seen_by_handler[#seen_by_handler] == "100" end))
    assert.are.equal(1 + 64, #seen_by_handler)
    assert.are.equal("37", seen_by_handler[2])
  end)

  it("tells which notification is old, and that the last one ends it, whatever the handler says (RFC 7641 3.2)", function()
    local told = {}
    client.OnNotification = function(coap, e)
      local fixed = e.StopObserving
      e.StopObserving = false
      told[#told + 1] = { coap.ResponseCode, e.IsLatest, fixed, e.StopObserving }
    end
    local registration = register()
    tell { type = NON, id = 1, token = registration.token, options = { { OBSERVE, "\4" } } }
    tell { type = NON, id = 2, token = registration.token, code = "4.04" }
    assert.is_true(raw.wait(function() return #told == 3 end))
    assert.are.same({ { "2.05", true, false, false }, { "2.05", false, false, false }, { "4.04", true, true, true } }, told)
  end)

  it("is notified by any way to write its URI (RFC 7252 6.3)", function()
    local resource = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRegister = function(coap, e)
      coap.ResponseData, e.Accept = "0", true
    end }
    raw.ask(server, "127.0.0.1", resource.LocalPort,
      { code = "0.01", id = 1, token = "t", options = { { OBSERVE, "" }, { raw.PATH, "bell" } } })
    resource.ResponseCode, resource.ResponseData, resource.UseConfirmableMessages = "2.05", "1", false
    for i, way in ipairs { "COAP://127.0.0.1:PORT/%62ell", "coap://127.0.0.1:PORT/x/../bell", "/bell" } do
      resource:SendNotification((way:gsub("PORT", resource.LocalPort)))
      assert.is_true(raw.wait(function() return #server.got == 1 + i end), way)
      if i == 1 then -- confirmable, as the first one is (RFC 7641 7)
        raw.send(server, "127.0.0.1", resource.LocalPort,
          { type = ACK, code = "0.00", id = raw.parse(server.got[2].data).id })
      end
    end
    resource:Shutdown()
  end)

  it("is told with all its fields when it begins and ends, as a request is", function()
    local told = {}
    local function tell_of(coap, e)
      local fields = {}
      for name, value in pairs(e) do fields[name] = value end
      told[#told + 1] = fields
      coap.ResponseData = "0"
      if fields.Accept ~= nil then e.Accept = true end
    end
    local resource = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRegister = tell_of,
      OnRequest = tell_of, OnUnregistered = tell_of }
    local function get(id, observe)
      raw.ask(server, "127.0.0.1", resource.LocalPort, { code = "0.01", id = id, token = "\1t",
        options = { { OBSERVE, observe }, { raw.PATH, "a" }, { raw.PATH, "b" }, { 15, "x=1" } } })
    end
    get(1, "")
    get(2, "\1")
    assert.is_true(raw.wait(function() return #told == 3 end))
    local function fields(more)
      more.RemoteHost, more.RemotePort = "127.0.0.1", server.port
      more.URIHost, more.URIPort, more.URIPath, more.URIQuery = "127.0.0.1", resource.LocalPort, "/a/b", "x=1"
      return more
    end
    -- Nobody is known by more than the address without DTLS.
    local function request(more)
      more.ConnectionId, more.PSKIdentity = 0, ""
      more.CertEncoded, more.CertEncodedB, more.CertSubject, more.CertIssuer = "", "", "", ""
      more.CertFingerprint = ""
      return fields(more)
    end
    local whole = ("coap://127.0.0.1:%d/a/b?x=1"):format(resource.LocalPort)
    assert.are.same(request { URI = whole, Token = "\1t", TokenB = "\1t", Accept = false }, told[1])
    assert.are.same(fields { URI = whole }, told[2])
    assert.are.same(request { Method = 1, Token = "\1t", TokenB = "\1t", RequestId = "2", SendResponse = true }, told[3])
    resource:Shutdown()
  end)

  it("is not taken on unless the handler accepts", function()
    local resource = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRegister = function(coap)
      coap.ResponseData = "0"
    end }
    local answer = raw.ask(server, "127.0.0.1", resource.LocalPort,
      { code = "0.01", id = 1, token = "t", options = { { OBSERVE, "" } } })
    assert.are.same({ "2.05", "0" }, { answer.text, answer.payload })
    assert.is_nil(answer.option[OBSERVE])
    resource:Shutdown()
  end)

  it("is forgotten with it: the next notification is reset (RFC 7641 3.6)", function()
    local registration = register()
    client:StopObserving(uri)
    local cancellation = sent()
    tell { type = ACK, id = cancellation.id, token = cancellation.token }
    raw.run(0.01)
    tell { type = NON, id = 77, token = registration.token, options = { { OBSERVE, "\6" } } }
    local reset = sent()
    assert.are.same({ raw.RST, 77 }, { reset.type, reset.id })
  end)
end)
