-- IPv6 and both families at once, live on loopback.
local lunacoap = require "lunacoap"
local raw = require "spec.support.raw"

local open

local function component(init)
  local coap = lunacoap.CoAP(init)
  open[#open + 1] = coap
  return coap
end

local function whoami(coap, e)
  coap.ResponseData = e.RemoteHost
end

before_each(function()
  open = {}
  raw.start()
end)

after_each(function()
  for _, coap in ipairs(open) do
    coap:Shutdown()
  end
  raw.stop()
end)

describe("a server on both families", function()
  it("shows IPv4 clients as IPv4 and IPv6 clients as IPv6", function()
    local server = component { UseIPv6 = true, OnRequest = whoami, Listening = true }
    local coap = component { Timeout = 3 }
    coap:Get(("coap://127.0.0.1:%d/"):format(server.LocalPort))
    assert.are.equal("127.0.0.1", coap.ResponseData)
    local six = component { Timeout = 3 }
    six:Get(("coap://[::1]:%d/"):format(server.LocalPort))
    assert.are.equal("::1", six.ResponseData)
  end)

  it("is reached by one client over either family, with UseIPv6", function()
    local server = component { UseIPv6 = true, OnRequest = whoami, Listening = true }
    local coap = component { Timeout = 3, UseIPv6 = true }
    for host, name in pairs { ["127.0.0.1"] = "127.0.0.1", ["[::1]"] = "::1" } do
      coap:Get(("coap://%s:%d/"):format(host, server.LocalPort))
      assert.are.equal(name, coap.ResponseData)
    end
  end)

  it("sees the URI of an IPv6 client in brackets", function()
    local uri
    local server = component { LocalHost = "::1", Listening = true, OnRegister = function(coap, e)
      uri, e.Accept, coap.ResponseData = e.URI, true, "x"
    end }
    local coap = component { Timeout = 3, OnNotification = function() end }
    coap:StartObserving(("coap://[::1]:%d/o"):format(server.LocalPort))
    assert.are.equal(("coap://[::1]:%d/o"):format(server.LocalPort), uri)
  end)

  it("fails a request to a closed IPv6 port with 10061", function()
    local coap = component { Timeout = 3 }
    local socket = raw.open { host = "::1" }
    socket.udp:close()
    raw.run(0.002)
    local _, err = pcall(coap.Get, coap, ("coap://[::1]:%d/"):format(socket.port))
    assert.are.equal(10061, err.Code)
  end)

  it("takes and gives empty payloads", function()
    local server = component { LocalHost = "::1", Listening = true, OnRequest = function(coap, e)
      coap.ResponseCode, coap.ResponseData = "2.04", ""
      assert(coap.RequestData == "" and e.Method == 3)
    end }
    local coap = component { Timeout = 3 }
    coap.RequestData = ""
    coap:Put(("coap://[::1]:%d/"):format(server.LocalPort))
    assert.are.equal("2.04", coap.ResponseCode)
    assert.are.equal("", coap.ResponseData)
  end)
end)
