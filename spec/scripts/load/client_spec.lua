-- lunacoap.load over real sockets: what a server sees of a load test, and what failures become.
local load_test = require "lunacoap.load"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

-- Runs a load test against a server with that handler; the path, then the options.
local function against(handler, path, options)
  local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", OnRequest = handler, Listening = true }
  options.uri = ("coap://%s:%d%s"):format(options.host or "127.0.0.1", server.LocalPort, path)
  options.host = nil
  return load_test.new(options):run()
end

local function answer(coap)
  coap.ResponseData = "hello"
end

describe("a client of a load test", function()
  it("has answers counted by what they were", function()
    local methods = {}
    local result = against(function(coap, e)
      methods[e.Method] = (methods[e.Method] or 0) + 1
      coap.ResponseCode = e.URIPath == "/hello" and "2.05" or "4.04"
    end, "/nothing", { requests = 200, clients = 4, window = 5 })
    assert.are.same({ 200, 200, 0 }, { result.sent, result.answered, result.failed })
    assert.are.same({ ["4.04"] = 200 }, result.codes)
    assert.are.same({ 200 }, methods)
    assert.are.equal(200, result.statistics.sent)
    assert.is_true(result.cpu > 0 and result.cpu < 1.5 and result.starved >= 0)
    assert.is_true(result.latency:min() > 0 and result.latency:max() < 10)
  end)

  it("has a socket of its own, and sends what it was prepared with", function()
    local ports, seen = {}, {}
    against(function(coap, e)
      ports[e.RemotePort] = true
      seen[coap.RequestData .. e.Method .. coap.RequestContentFormat] = true
      coap.ResponseCode = "2.04"
    end, "/store", { requests = 90, clients = 3, method = lunacoap.Method.PUT, prepare = function(coap)
      coap.RequestData, coap.RequestContentFormat = "21.5", 0
    end })
    local count = 0
    for _ in pairs(ports) do
      count = count + 1
    end
    assert.are.same({ 3, { ["21.530"] = true } }, { count, seen })
  end)

  it("has a rate's requests come at that rate", function()
    local result = against(answer, "/", { rate = 400, duration = 0.5, clients = 2 })
    assert.are.equal(200, result.answered)
    assert.is_true(result.rate > 300, result.rate)
    assert.are.equal(200, result.lag:count())
  end)

  it("has body after body in blocks", function()
    local body = ("x"):rep(5000)
    local result = against(function(coap)
      coap.ResponseCode = #coap.RequestData == 5000 and "2.04" or "4.00"
    end, "/", { requests = 20, clients = 2, window = 2, method = lunacoap.Method.POST,
      prepare = function(coap) coap.RequestData = body end })
    assert.are.same({ ["2.04"] = 20 }, result.codes)
    assert.is_true(result.statistics.sent >= 100)
  end)

  it("goes on with another socket when its Message IDs are used up", function()
    local ports, count = {}, 0
    local result = against(function(coap, e)
      count = count + (ports[e.RemotePort] and 0 or 1)
      ports[e.RemotePort] = true
      coap.ResponseCode = "2.03"
    end, "/", { requests = 58000, clients = 1, window = 64, timeout = 5 })
    assert.are.same({ 58000, 0, 2 }, { result.answered, result.failed, count })
    assert.are.equal(58000, result.statistics.sent)
  end)

  it("knows that each block takes a Message ID, too", function()
    local ports, count = {}, 0
    local result = against(function(coap, e)
      count = count + (ports[e.RemotePort] and 0 or 1)
      ports[e.RemotePort] = true
      coap.ResponseCode = "2.04"
    end, "/", { requests = 60, clients = 1, window = 4, timeout = 5, method = lunacoap.Method.POST,
      prepare = function(coap)
        coap:Config("BlockSize=16")
        coap.RequestData = ("x"):rep(16000)
      end })
    assert.are.same({ 60, 0, 2 }, { result.answered, result.failed, count })
    assert.are.equal(60000, result.statistics.sent)
  end)

  it("looks a name up once, and still names it", function()
    local hosts = {}
    local result = against(function(coap, e)
      hosts[e.URIHost] = (hosts[e.URIHost] or 0) + 1
      coap.ResponseCode = "2.03"
    end, "/", { host = "LocalHost", requests = 300, clients = 2 })
    assert.are.equal(300, result.answered)
    assert.are.same({ localhost = 300 }, hosts)
  end)

  it("reports requests that nobody takes", function()
    local result = load_test.new { uri = ("coap://127.0.0.1:%d/"):format(process.free_port("127.0.0.1")),
      duration = 0.1, clients = 2 }:run()
    assert.are.equal(0, result.answered)
    assert.are.equal(result.sent, result.failures[10061].count)
    assert.are.equal("Connection refused: the request could not be delivered",
      result.failures[10061].text)
  end)

  for _, confirmable in ipairs { true, false } do
    it(("gives a request up after the timeout, %s"):format(confirmable and "CON" or "NON"), function()
      local result = against(function(_, e) e.SendResponse = false end, "/", {
        requests = 6, clients = 3, window = 2, timeout = 0.1,
        prepare = function(coap) coap.UseConfirmableMessages = confirmable end })
      assert.are.same({ 6, 0, 6, 0 }, { result.sent, result.answered, result.failed, result.unanswered })
      assert.are.same({ count = 6, text = "Operation timed out" }, result.failures[301])
    end)
  end

  it("has its whole window under way at once", function()
    local now, most = 0, 0
    against(function(coap)
      now, most = now + 1, math.max(most, now + 1)
      lunacoap.sleep(0.02)
      now, coap.ResponseCode = now - 1, "2.03"
    end, "/", { requests = 16, clients = 1, window = 8 })
    assert.are.equal(8, most)
  end)

  it("keeps no place for NON requests that are not answered", function()
    local seen = 0
    local result = against(function(_, e)
      seen = seen + 1
      e.SendResponse = false
    end, "/", { rate = 500, duration = 0.2, clients = 1, timeout = 0.2,
      prepare = function(coap) coap.UseConfirmableMessages = false end })
    assert.are.same({ 100, 100 }, { seen, result.failed })
  end)

  it("has retransmissions counted", function()
    local result = against(function(coap)
      lunacoap.sleep(0.15)
      coap.ResponseCode = "2.03"
    end, "/", { requests = 2, clients = 2, prepare = function(coap)
      coap:Config("AckTimeout=0.02")
      coap:Config("AckRandomFactor=1")
    end })
    assert.are.equal(2, result.answered)
    assert.is_true(result.statistics.retransmissions >= 2)
  end)

  it("raises what is wrong with a URI before anything is sent", function()
    local ok, err = pcall(function() load_test.new({ uri = "http://x/" }):run() end)
    assert.is_false(ok)
    assert.are.equal(700, err.Code)
  end)

  it("leaves nothing behind that would keep the program from ending", function()
    local child <close> = process.start(process.build_folder() .. "/lunacoap -e '"
      .. "local server = lunacoap.CoAP { LocalHost = \"127.0.0.1\", Listening = true } "
      .. "local test = require(\"lunacoap.load\").new { uri = \"coap://127.0.0.1:\" .. server.LocalPort, "
      .. "requests = 50 } print(test:run().answered) server:Shutdown()'")
    assert.are.equal("50\n", child:finish())
  end)
end)
