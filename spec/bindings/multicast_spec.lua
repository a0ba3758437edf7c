-- Multicast between live components on loopback, both roles.
local lunacoap = require "lunacoap"
local raw = require "spec.support.raw"

local open, seen, group_port

local function component(init)
  local coap = lunacoap.CoAP(init)
  open[#open + 1] = coap
  return coap
end

-- Servers that share one port and have joined the group.
local function servers(count, group, handler, settings)
  group_port = 0
  for i = 1, count do
    local init = { LocalPort = group_port, ShareLocalPort = true, MulticastGroups = group, MulticastLeisure = 0.02,
      OnRequest = function(coap, e) handler(coap, e, i) end }
    for name, value in pairs(settings or {}) do
      init[name] = value
    end
    init.Listening = true
    group_port = component(init).LocalPort
  end
end

local function client(settings)
  seen = {}
  local init = { LocalHost = "127.0.0.1", AckTimeout = 0.1, MulticastLeisure = 0.05, Timeout = 3,
    OnRequestComplete = function(coap, e)
      seen[#seen + 1] = { data = coap.ResponseData, code = e.ErrorCode, host = e.RemoteHost, port = e.RemotePort }
    end }
  for name, value in pairs(settings or {}) do
    init[name] = value
  end
  return component(init)
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

describe("a multicast request", function()
  it("tells each answer with its sender, and returns when time is up (RFC 7252 8.2)", function()
    local group = "224.0.1.187%lo"
    servers(3, group, function(coap, _, i) coap.ResponseData = "server " .. i end)
    local coap = client()
    local start = lunacoap.now()
    coap:Get(("coap://224.0.1.187:%d/x"):format(group_port))
    local passed = lunacoap.now() - start
    assert.is_true(passed >= 0.14 and passed < 1, passed)
    table.sort(seen, function(a, b) return a.data < b.data end)
    assert.are.equal(3, #seen)
    for i, one in ipairs(seen) do
      assert.are.equal("server " .. i, one.data)
      assert.are.equal(0, one.code)
      assert.are.equal(group_port, one.port)
      assert.are.equal("127.0.0.1", one.host)
    end
    assert.are.equal(0, #coap.PendingRequests)
  end)

  it("that nobody answers ends with 301", function()
    servers(1, "224.0.1.187%lo", function(coap) coap.ResponseCode = "4.04" end)
    local coap = client()
    local ok, err = pcall(coap.Get, coap, ("coap://224.0.1.187:%d/x"):format(group_port))
    assert.is_false(ok)
    assert.are.equal(301, err.Code)
    assert.are.equal(1, #seen)
    assert.are.equal(301, seen[1].code)
  end)
end)

describe("a server in a group", function()
  local function ask(message)
    local socket = raw.open()
    raw.send(socket, "224.0.1.187%lo", group_port, message)
    raw.run(0.08)
    return socket.got
  end

  it("answers no error, no error of its handler and nothing malformed (RFC 7252 8.2)", function()
    servers(1, "224.0.1.187%lo", function(coap, e)
      if e.URIPath == "/raise" then error("no") end
      if e.URIPath == "/missing" then coap.ResponseCode = "4.04" else coap.ResponseData = "x" end
    end, { OnError = function() end })
    local function get(options)
      return #ask { type = raw.NON, code = "0.01", id = math.random(0, 65535), token = "t", options = options }
    end
    assert.are.equal(1, get { { raw.PATH, "fine" } })
    assert.are.equal(0, get { { raw.PATH, "missing" } })
    assert.are.equal(0, get { { raw.PATH, "raise" } })
    assert.are.equal(0, get { { 9, "critical" } })
    assert.are.equal(0, #ask "\x5f\x01\x00\x01")
    assert.are.equal(0, #ask "\x50\x00\x00\x01\xff")
  end)

  it("keeps silent as long as it has not listened", function()
    local coap = client { LocalHost = "", MulticastGroups = "224.0.1.187%lo", Timeout = 0 }
    coap:Get "coap://127.0.0.1:9/" -- opens the socket
    group_port = coap.LocalPort
    assert.are.equal(0, #ask { type = raw.NON, code = "0.01", id = 1, token = "t" })
  end)

  it("ignores CON requests and pings (RFC 7252 8.1)", function()
    local count = 0
    servers(1, "224.0.1.187%lo", function(coap)
      count = count + 1
      coap.ResponseData = "x"
    end)
    assert.are.equal(0, #ask { code = "0.01", id = 1, token = "t" })
    assert.are.equal(0, #ask { code = "0.00", id = 2 })
    assert.are.equal(0, count)
  end)

  it("keeps silent when No-Response wants no 2.xx, and tells errors when it wants them (RFC 7967 2.1)", function()
    servers(1, "224.0.1.187%lo", function(coap, e)
      if e.URIPath == "/missing" then coap.ResponseCode = "4.04" else coap.ResponseData = "x" end
    end)
    local function get(uri_path, no_response)
      return #ask { type = raw.NON, code = "0.01", id = math.random(0, 65535), token = "t",
        options = { { raw.PATH, uri_path }, { 258, no_response } } }
    end
    assert.are.equal(0, get("fine", "\x02"))
    assert.are.equal(1, get("missing", ""))
  end)

  it("answers from its own address, at some time within the leisure (RFC 7252 8.2)", function()
    servers(1, "224.0.1.187%lo", function(coap) coap.ResponseData = "x" end)
    local got = ask { type = raw.NON, code = "0.01", id = 3, token = "t" }
    assert.are.equal(1, #got)
    assert.are.equal(group_port, got[1].port)
    assert.is_nil(got[1].host:find("^224"))
  end)

  it("sends the first block only of a large answer", function()
    servers(1, "224.0.1.187%lo", function(coap) coap.ResponseData = ("x"):rep(9000) end)
    local got = ask { type = raw.NON, code = "0.01", id = 4, token = "t" }
    assert.are.equal(1, #got)
    assert.are.equal(1024, #raw.parse(got[1].data).payload)
  end)
end)
