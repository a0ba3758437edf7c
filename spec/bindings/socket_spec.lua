-- What the settings that are read when the socket opens do to it, and what a client puts on the wire.
local lunacoap = require "lunacoap"
local sockopt = require("lunacoap.probe").sockopt
local raw = require "spec.support.raw"

local CON, ACK, RST = raw.CON, raw.ACK, raw.RST

describe("the socket", function()
  local open

  local function server(settings)
    settings.LocalHost, settings.Listening = settings.LocalHost or "127.0.0.1", true
    open[#open + 1] = lunacoap.CoAP(settings)
    return open[#open]
  end

  before_each(function()
    raw.start()
    open = {}
  end)

  after_each(function()
    for _, coap in ipairs(open) do coap:Shutdown() end
    raw.stop()
  end)

  it("has the buffers of InBufferSize and OutBufferSize", function()
    local options = sockopt.of(server({ InBufferSize = 8192, OutBufferSize = 16384 }).LocalPort)
    assert.are.same({ 2 * 8192, 2 * 16384 }, { options.receive_buffer, options.send_buffer }) -- Linux doubles them
  end)

  it("marks datagrams as QOSDSCPValue says", function()
    assert.are.equal(0, sockopt.of(server({}).LocalPort).tos)
    assert.are.equal(46 << 2, sockopt.of(server({ QOSDSCPValue = 46 }).LocalPort).tos)
  end)

  it("forbids to cut datagrams with DontFragment", function()
    local without, with = sockopt.of(server({}).LocalPort), sockopt.of(server({ DontFragment = true }).LocalPort)
    assert.are_not.equal(2, without.mtu_discover)
    assert.are.equal(2, with.mtu_discover) -- IP_PMTUDISC_DO
  end)

  it("takes datagrams as long as MaxPacketSize, and answers longer ones with 4.13", function()
    local client = raw.open()
    local function ask(coap, length)
      local answer = raw.ask(client, "127.0.0.1", coap.LocalPort,
        { type = CON, code = "0.02", id = length, token = "t", payload = ("x"):rep(length) })
      return answer.text
    end
    local function take(coap) coap.ResponseCode = "2.04" end
    local small, large = server { OnRequest = take }, server { OnRequest = take, MaxPacketSize = 4000 }
    assert.are.same({ "2.04", "4.13" }, { ask(small, 2000), ask(small, 2100) })
    assert.are.same({ "2.04", "4.13" }, { ask(large, 3900), ask(large, 4100) })
  end)

  it("hears one server alone with UseConnection", function()
    local peer, stranger = raw.open(), raw.open()
    for _, connected in ipairs { true, false } do
      local client = lunacoap.CoAP { UseConnection = connected, Timeout = 0 }
      open[#open + 1] = client
      local seen = #peer.got
      client:Get(("coap://127.0.0.1:%d/"):format(peer.port))
      assert.is_true(raw.wait(function() return #peer.got > seen end))
      local ping = { type = CON, code = "0.00", id = 7 }
      local reset = raw.ask(stranger, "127.0.0.1", peer.got[#peer.got].port, ping, connected and 0.05 or 5)
      assert.are.equal(connected, reset == nil)
      assert.are.equal(RST, raw.ask(peer, "127.0.0.1", peer.got[#peer.got].port, ping).type)
    end
  end)

  it("is not listened on while requests are pending: 712", function()
    local peer = raw.open()
    local coap = lunacoap.CoAP { LocalHost = "127.0.0.1", Timeout = 0 }
    open[#open + 1] = coap
    coap:Get(("coap://127.0.0.1:%d/"):format(peer.port))
    local ok, err = pcall(coap.StartListening, coap)
    assert.are.same({ false, 712 }, { ok, err.Code })
    assert.is_false(coap.Listening)
    assert.is_true(raw.wait(function() return #peer.got > 0 end))
    local request, from = raw.parse(peer.got[1].data), peer.got[1]
    raw.send(peer, from.host, from.port, { type = ACK, code = "2.05", id = request.id, token = request.token })
    assert.is_true(raw.wait(function() return #coap.PendingRequests == 0 end))
    coap:StartListening()
    assert.is_true(coap.Listening)
  end)
end)

describe("a client", function()
  local peer, coap

  before_each(function()
    raw.start()
    peer, coap = raw.open(), lunacoap.CoAP { LocalHost = "127.0.0.1", Timeout = 0 }
  end)

  after_each(function()
    coap:Shutdown()
    raw.stop()
  end)

  local function sent(method)
    local seen = #peer.got
    coap[method](coap, ("coap://127.0.0.1:%d/"):format(peer.port))
    assert.is_true(raw.wait(function() return #peer.got > seen end))
    return raw.parse(peer.got[#peer.got].data)
  end

  it("sends RequestData and its format with Post and Put, not with Get and Delete", function()
    coap:Config "NStart=9"
    coap.RequestData, coap.RequestContentFormat = "x", 60
    for method, carries in pairs { Get = false, Delete = false, Post = true, Put = true } do
      local request = sent(method)
      assert.are.same({ method, carries and "x" or "", carries and "\60" or nil },
        { method, request.payload, request.option[12] })
    end
  end)

  it("answers requests with 5.03", function()
    sent "Get"
    local host, port = peer.got[1].host, peer.got[1].port
    local answer = raw.ask(peer, host, port, { type = CON, code = "0.01", id = 5, token = "t" })
    assert.are.same({ ACK, "5.03", 5, "t" }, { answer.type, answer.text, answer.id, answer.token })
    answer = raw.ask(peer, host, port, { type = raw.NON, code = "0.02", id = 6, token = "u" })
    assert.are.same({ raw.NON, "5.03", "u" }, { answer.type, answer.text, answer.token })
  end)
end)
