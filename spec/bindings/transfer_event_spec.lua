-- OnTransfer: how far a body in blocks is (RFC 7959), on live components.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

describe("OnTransfer", function()
  local server, client, uri, seen

  before_each(function()
    seen = {}
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap, e)
      coap.ResponseData = e.URIPath == "/echo" and coap.RequestData or "small"
    end }
    client = lunacoap.CoAP { Timeout = 3, OnTransfer = function(coap, e)
      seen[#seen + 1] = ("%d %d/%d %d%%"):format(e.Direction, e.BytesTransferred, e.TotalBytes, e.PercentDone)
      assert(coap == client)
    end }
    uri = ("coap://127.0.0.1:%d/"):format(server.LocalPort)
  end)

  after_each(function()
    client:Shutdown()
    server:Shutdown()
  end)

  it("tells of each block, out and in, of a synchronous call before that returns", function()
    client.RequestData = ("x"):rep(2500)
    client:Post(uri .. "echo")
    assert.are.same({
      "0 1024/2500 40%", "0 2048/2500 81%", "0 2500/2500 100%",
      "1 1024/2500 40%", "1 2048/2500 81%", "1 2500/2500 100%",
    }, seen)
  end)

  it("tells of an asynchronous one by its RequestId and URI, before RequestComplete", function()
    local told = {}
    client.Timeout = 0
    client.OnTransfer = function(_, e)
      for _, name in ipairs { "RequestId", "URI" } do told[#told + 1] = e[name] end
    end
    client.OnRequestComplete = function(_, e) told[#told + 1] = "complete " .. e.ErrorCode end
    client.RequestData = ("x"):rep(1025)
    local id = client:Put("COAP://127.0.0.1:" .. server.LocalPort .. "/a")
    assert.is_true(process.wait(function() return #told == 5 end, 3))
    assert.are.same({ id, uri .. "a", id, uri .. "a", "complete 0" }, told)
  end)

  it("is silent about what fits one datagram", function()
    client.RequestData = ("x"):rep(1024)
    client:Put(uri)
    client:Get(uri)
    assert.are.same({}, seen)
  end)

  it("has an event that stays readable and that nobody changes", function()
    local kept
    client.OnTransfer = function(_, e) kept = e end
    client.RequestData = ("x"):rep(2000)
    client:Put(uri)
    assert.are.same({ 0, 2000, 2000, 100, uri, "1" }, { kept.Direction, kept.BytesTransferred, kept.TotalBytes,
      kept.PercentDone, kept.URI, kept.RequestId })
    assert.is_false(pcall(function() kept.PercentDone = 1 end))
  end)

  it("may not act or wait, but spawn what cancels the request", function()
    local told = {}
    client.OnTransfer = function(coap, e)
      for _, f in ipairs {
        function() coap:CancelRequest(e.RequestId) end, function() coap:Get(uri) end, function() lunacoap.sleep(0) end,
      } do
        local ok, err = pcall(f)
        told[#told + 1] = not ok and tostring(err) or "done"
      end
      client.OnTransfer = nil
      lunacoap.spawn(coap.CancelRequest, coap, e.RequestId)
    end
    client.RequestData = ("x"):rep(100000)
    local ok, err = pcall(client.Put, client, uri)
    assert.are.same({ false, 711 }, { ok, err.Code })
    assert.are.equal(3, #told)
    assert.is_truthy(told[1]:find("OnTransfer may not call CancelRequest; use lunacoap.spawn", 1, true), told[1])
    assert.is_truthy(told[2]:find("OnTransfer may not call Get", 1, true), told[2])
    assert.are_not.equal("done", told[3])
  end)

  it("puts a Shutdown off to the end of the turn", function()
    client.OnTransfer = function(coap) coap:Shutdown() end
    client.RequestData = ("x"):rep(100000)
    local ok, err = pcall(client.Put, client, uri)
    assert.are.same({ false, 711 }, { ok, err.Code })
  end)

  it("tells OnError what it raises, where nobody may act either, and the transfer goes on", function()
    local errors, refused = {}, 0
    client.OnTransfer = function() error "oops" end
    client.OnError = function(coap, e)
      errors[#errors + 1] = e.Description
      refused = refused + (pcall(coap.CancelRequest, coap, "1") and 0 or 1)
    end
    client.RequestData = ("x"):rep(2000)
    client:Put(uri)
    assert.are.same({ 2, 2, "2.04" }, { #errors, refused, client.ResponseCode })
    assert.is_truthy(errors[1]:find("transfer_event_spec.lua:%d+: oops"))
  end)

  it("tells of a notification in blocks, by the RequestId of its registration", function()
    server.OnRegister = function(coap, e) coap.ResponseData, e.Accept = "small", true end
    client.Timeout = 0
    local id = client:StartObserving(uri .. "obs")
    local notified, transfers = 0, {}
    client.OnNotification = function() notified = notified + 1 end
    client.OnTransfer = function(_, e) transfers[#transfers + 1] = e.RequestId .. " " .. e.BytesTransferred end
    assert.is_true(process.wait(function() return notified == 1 end, 3))
    server.ResponseCode, server.ResponseData = "2.05", ("x"):rep(1500)
    server:SendNotification "/obs"
    assert.is_true(process.wait(function() return notified == 2 end, 3))
    assert.are.same({ id .. " 1024", id .. " 1500" }, transfers)
  end)
end)
