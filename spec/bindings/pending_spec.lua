-- PendingRequests: what a component waits for, as a client and as a server.

local lunacoap = require "lunacoap"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("PendingRequests", function()
  local coap

  -- Nothing is sent or received before the loop turns, which it does not do here.
  before_each(function()
    coap = lunacoap.CoAP { Timeout = 0 }
  end)

  after_each(function()
    coap:Shutdown()
  end)

  it("is empty at first", function()
    assert.are.equal(0, #coap.PendingRequests)
    assert.is_nil(coap.PendingRequests[1])
  end)

  it("shows each request that was sent and not answered, oldest first", function()
    local id = coap:Get("coap://127.0.0.1:5699/a?b=c")
    coap:Post("coap://127.0.0.2/d")
    local pending = coap.PendingRequests
    assert.are.equal(2, pending.Count)
    local get, post = pending[1], pending[2]
    assert.are.same({ 1, "127.0.0.1", 5699, "coap://127.0.0.1:5699/a?b=c" },
      { get.Method, get.RemoteHost, get.RemotePort, get.URI })
    assert.are.same({ 2, "127.0.0.2", 5683 }, { post.Method, post.RemoteHost, post.RemotePort })
    assert.are.equal(id, get.RequestId)
    assert.truthy(get.RequestId:find("^%d+$"))
    assert.are_not.equal(get.RequestId, post.RequestId)
    assert.is_true(#get.TokenB > 0 and #get.TokenB <= 8)
    assert.are.equal(get.TokenB, get.Token)
    assert.are_not.equal(get.TokenB, post.TokenB)
  end)

  it("shows an IPv6 address without brackets", function()
    coap:Get("coap://[::1]/")
    assert.are.equal("::1", coap.PendingRequests[1].RemoteHost)
  end)

  it("passes Token through the CodePage, and not TokenB", function()
    coap:Config("CodePage=28591") -- ISO-8859-1: each byte is a letter
    coap:Get("coap://127.0.0.1:5699/")
    local request = coap.PendingRequests[1]
    assert.are.equal(#request.TokenB, utf8.len(request.Token))
    for i = 1, #request.TokenB do
      assert.are.equal(request.TokenB:byte(i), utf8.codepoint(request.Token, utf8.offset(request.Token, i)))
    end
  end)

  it("is a picture of the moment when it was read", function()
    coap:Get("coap://127.0.0.1:5699/a")
    local before = coap.PendingRequests
    coap:CancelRequest(before[1].RequestId)
    assert.are.equal(0, #coap.PendingRequests)
    assert.are.equal("coap://127.0.0.1:5699/a", before[1].URI)
    collectgarbage()
    coap:Shutdown()
    assert.are.equal(1, #before)
  end)

  it("can be gone through with ipairs and pairs", function()
    for i = 1, 5 do coap:Get("coap://127.0.0.1:5699/" .. i) end
    local uris = {}
    for i, request in ipairs(coap.PendingRequests) do uris[i] = request.URI end
    assert.are.equal("coap://127.0.0.1:5699/5", uris[5])
    local count = 0
    for i, request in pairs(coap.PendingRequests) do
      assert.are.equal(uris[i], request.URI)
      count = count + 1
    end
    assert.are.equal(5, count)
  end)

  it("is read-only, and so are its requests", function()
    coap:Get("coap://127.0.0.1:5699/a")
    local pending = coap.PendingRequests
    local request = pending[1]
    assert.truthy(raised(function() pending[1] = nil end):find("1: PendingRequests is read-only", 1, true))
    for _, field in ipairs { "Method", "RemoteHost", "RemotePort", "RequestId", "Token", "TokenB", "URI" } do
      assert.are.equal(("1: CoAPRequest.%s is read-only"):format(field), raised(function() request[field] = 1 end))
    end
  end)

  it("names the nearest field", function()
    coap:Get("coap://127.0.0.1:5699/a")
    local pending = coap.PendingRequests
    assert.are.equal("1: CoAPRequest has no field 'Uri'; did you mean 'URI'?", raised(function() return pending[1].Uri end))
    assert.are.equal("1: PendingRequests has no field 'count'; did you mean 'Count'?", raised(function() return pending.count end))
  end)
end)
