-- Our client, talking to libcoap's server, which we did not write.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local process = require "spec.support.process"

local text = foreign.text

describe("our client, with coap-server-notls,", function()
  local server, base, coap

  local function start_server(host)
    return foreign.serve("coap-server-notls", "", host)
  end

  local function fails_with(code, method, path)
    local ok, err = pcall(coap[method], coap, base .. path)
    assert.is_false(ok)
    assert.are.equal(709, err.Code)
    assert.are.equal(code, coap.ResponseCode)
  end

  before_each(function()
    coap = lunacoap.CoAP { AckTimeout = 0.2 }
    coap.Timeout = 5
    server, base = start_server("127.0.0.1")
  end)

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

  it("gets 4.04, 4.05 and 4.06", function()
    fails_with("4.04", "Get", "/nothing")
    fails_with("4.05", "Delete", "/")
    coap.RequestData = "x"
    coap:Put(base .. "/one")
    coap:Put(base .. "/two")
    -- The server was told to make two and no more.
    fails_with("4.06", "Put", "/three")
  end)

  it("rejects a response with an unknown critical option (RFC 7252 5.4.1)", function()
    -- libcoap's server puts the option that it does not know into its 4.02.
    coap.RequestOptions = { { Number = 9999, Value = "x" } }
    local ok, err = pcall(coap.Get, coap, base .. "/")
    assert.is_false(ok)
    assert.are.equal(703, err.Code)
  end)

  it("sees Max-Age, Content-Format and the ETag of the server", function()
    local function option(name)
      for _, o in ipairs(coap.ResponseOptions) do
        if o.Number == lunacoap.OptionNumber[name] then return o.Value end
      end
    end
    coap:Get(base .. "/")
    assert.are.equal("196607", option("Max-Age"))
    coap.RequestDataB, coap.RequestContentFormat = text(3000), 50
    coap:Put(base .. "/thing")
    coap.RequestDataB, coap.RequestContentFormat = "", -1
    coap:Get(base .. "/thing")
    assert.are.equal(50, tonumber(coap.ResponseContentFormat))
    assert.are.equal("\1", coap.ResponseETagB)
  end)

  it("takes a separate response", function()
    coap:Get(base .. "/async?1")
    assert.are.equal("done", coap.ResponseData)
  end)

  it("puts and gets nothing", function()
    coap:Put(base .. "/thing")
    assert.are.equal("2.01", coap.ResponseCode)
    coap:Get(base .. "/thing")
    assert.are.equal("2.05", coap.ResponseCode)
    assert.are.equal("", coap.ResponseDataB)
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

  it("fetches what its body asks for, and hears that there is no PATCH (RFC 8132)", function()
    coap.RequestData = "ticks"
    coap:SendCustomRequest(base .. "/time", lunacoap.Method.FETCH)
    assert.is_truthy(coap.ResponseData:find("^%d+$"))
    for _, method in ipairs { "PATCH", "iPATCH" } do
      local ok = pcall(coap.SendCustomRequest, coap, base .. "/time", lunacoap.Method[method])
      assert.are.same({ false, "4.05" }, { ok, coap.ResponseCode })
    end
  end)

  it("posts", function()
    coap.RequestData = "x"
    -- libcoap's server has no POST for it, which is an answer too.
    fails_with("4.05", "Post", "/time")
    coap:Put(base .. "/thing")
    coap.RequestData = "posted"
    coap:Post(base .. "/thing")
    assert.are.equal("2.04", coap.ResponseCode)
    coap.RequestData = ""
    coap:Get(base .. "/thing")
    assert.are.equal("posted", coap.ResponseData)
  end)

  it("puts and gets in blocks, non-confirmable", function()
    coap.UseConfirmableMessages = false
    coap.RequestDataB = text(5000)
    coap:Put(base .. "/thing")
    coap.RequestDataB = ""
    coap:Get(base .. "/thing")
    assert.are.equal(text(5000), coap.ResponseDataB)
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
    local first, later
    coap.OnNotification = function()
      first, later = first or coap.ResponseData, coap.ResponseData
    end
    coap:StartObserving(base .. "/time")
    assert.is_true(process.wait(function() return later ~= first end, 5), first)
    coap:StopObserving(base .. "/time")
    assert.are.equal("2.05", coap.ResponseCode)
  end)

  it("observes what another client changes, small or in blocks", function()
    local writer <close> = lunacoap.CoAP { Timeout = 5 }
    local function put(body)
      writer.RequestDataB = body
      writer:Put(base .. "/thing")
    end
    put("before")
    local seen
    coap.OnNotification = function() seen = coap.ResponseDataB end
    coap:StartObserving(base .. "/thing")
    for _, body in ipairs { "after", text(3000), "last" } do
      put(body)
      assert.is_true(process.wait(function() return seen == body end, 5), seen)
    end
  end)

  it("talks over IPv6", function()
    local six <close>, address = start_server("::1")
    coap:Get(address .. "/")
    assert.are.equal("2.05", coap.ResponseCode)
    assert.is_true(six:running())
  end)
end)
