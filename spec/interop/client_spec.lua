-- Our client, talking to libcoap's server, which we did not write.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local function text(length)
  local lines = {}
  for i = 1, length // 8 + 1 do
    lines[i] = ("%07d "):format(i)
  end
  return table.concat(lines):sub(1, length)
end

describe("our client, with coap-server-notls,", function()
  local server, base, coap

  local function start(host, uri_host)
    local port = process.free_port()
    server = process.start(("coap-server-notls -A %s -p %d -d 10"):format(host, port))
    base = ("coap://%s:%d"):format(uri_host, port)
    coap = lunacoap.CoAP { AckTimeout = 0.2 }
    coap.Timeout = 5
    -- The server says nothing when it is ready: ask until it answers.
    assert.is_true(process.wait(function() return (pcall(coap.Get, coap, base .. "/")) end), server:output())
  end

  before_each(function() start("127.0.0.1", "127.0.0.1") end)

  after_each(function()
    coap:Shutdown()
    local _ <close> = server
  end)

  it("reads a resource, confirmable and not", function()
    coap:Get(base .. "/")
    assert.are.equal("2.05", coap.ResponseCode)
    assert.is_truthy(coap.ResponseData:find("libcoap", 1, true))
    coap.UseConfirmableMessages = false
    coap:Get(base .. "/")
    assert.are.equal("2.05", coap.ResponseCode)
  end)

  it("discovers what there is", function()
    coap:Get(base .. "/.well-known/core")
    assert.are.equal(40, coap.ResponseContentFormat)
    local links = lunacoap.linkformat.parse(coap.ResponseData)
    local targets = {}
    for _, link in ipairs(links) do
      targets[link.target] = true
    end
    assert.is_true(targets["/time"])
  end)

  it("gets 4.04 for what is not there", function()
    local ok, err = pcall(coap.Get, coap, base .. "/nothing")
    assert.is_false(ok)
    assert.are.equal(709, err.Code)
    assert.are.equal("4.04", coap.ResponseCode)
  end)

  it("creates, changes, reads and deletes a resource", function()
    coap.RequestData = "one"
    coap:Put(base .. "/thing")
    assert.are.equal("2.01", coap.ResponseCode)
    coap.RequestData = "two"
    coap:Put(base .. "/thing")
    assert.are.equal("2.04", coap.ResponseCode)
    coap:Get(base .. "/thing")
    assert.are.equal("two", coap.ResponseData)
    coap:Delete(base .. "/thing")
    assert.are.equal("2.02", coap.ResponseCode)
    assert.is_false((pcall(coap.Get, coap, base .. "/thing")))
  end)

  it("posts", function()
    coap.RequestData = "x"
    local ok, err = pcall(coap.Post, coap, base .. "/time")
    -- libcoap's server has no POST for it, which is an answer too.
    assert.is_false(ok)
    assert.are.equal("4.05", coap.ResponseCode, tostring(err))
  end)

  for _, block in ipairs { 1024, 128 } do
    for _, size in ipairs { 1, 1024, 5 * 1024, 20 * 1024, 100 * 1024 } do
      it(("puts and gets %d bytes, in blocks of %d"):format(size, block), function()
        coap:Config("BlockSize=" .. block)
        coap.RequestDataB = text(size)
        coap:Put(base .. "/thing")
        coap:Get(base .. "/thing")
        assert.are.equal(size, #coap.ResponseDataB)
        assert.are.equal(text(size), coap.ResponseDataB)
      end)
    end
  end

  it("observes a clock", function()
    local seen = {}
    coap.OnNotification = function(_, e) seen[#seen + 1] = coap.ResponseData .. tostring(e.IsLatest) end
    coap:StartObserving(base .. "/time")
    assert.is_true(process.wait(function() return #seen >= 3 end, 8), "only " .. #seen)
    assert.are_not.equal(seen[1], seen[2])
    coap:StopObserving(base .. "/time")
    assert.are.equal("2.05", coap.ResponseCode)
  end)

  it("talks over IPv6", function()
    local _ <close> = server
    start("::1", "[::1]")
    assert.are.equal("2.05", coap.ResponseCode)
  end)
end)
