-- The mistakes of someone new: each is answered with what would have been right.

local lunacoap = require "lunacoap"

-- The words of the error that f(...) raises.
local function told(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.are.equal(1, err.Code)
  return err.Message
end

describe("a mistake is told what is right:", function()
  local coap = lunacoap.CoAP()
  local uri = "coap://127.0.0.1:1/"

  it("what to send is given to the call", function()
    local right = " takes a URI alone; what goes with it is in Request*"
    for _, name in ipairs { "Get", "Post", "Put", "Delete", "StartObserving", "StopObserving" } do
      assert.are.equal(name .. right, told(coap[name], coap, uri, "24"))
    end
    assert.are.equal("SendCustomRequest takes a URI and a method; what goes with it is in Request*",
      told(coap.SendCustomRequest, coap, uri, lunacoap.Method.FETCH, "24"))
    assert.are.equal("SendResponse takes a RequestId alone; what it sends is in Response*",
      told(coap.SendResponse, coap, "1", "2.05"))
    assert.are.equal("SendNotification takes the number of a content-format after the URI, or -1 for "
      .. "the observers that asked for none, not '24'", told(coap.SendNotification, coap, "/x", "24"))
  end)

  it("Config is given name and value", function()
    assert.are.equal('Config takes one string, such as "BlockSize=512"', told(coap.Config, coap, "BlockSize", 512))
    assert.are.equal("1024", coap:Config("BlockSize", nil))
  end)

  it("a setting is taken for a property", function()
    local right = "CoAP has no property 'BlockSize'; it is a setting: "
      .. 'Config("BlockSize") reads it, Config("BlockSize=VALUE") sets it'
    assert.are.equal(right, told(function() coap.BlockSize = 512 end))
    assert.are.equal(right, told(function() return coap.blocksize end))
  end)

  it("a number is given as text, or the other way round", function()
    assert.are.equal("LocalPort takes 0 to 65535, not '5683'", told(function() coap.LocalPort = "5683" end))
    assert.are.equal("RequestData takes a string, not 24", told(function() coap.RequestData = 24 end))
    assert.are.equal("RequestData takes a string, not nil", told(function() coap.RequestData = nil end))
  end)

  it("an argument is missing", function()
    assert.are.equal("Get takes a URI as a string, not nil", told(coap.Get, coap))
    assert.are.equal("spawn takes a function, not nil", told(lunacoap.spawn))
    assert.are.equal("sleep takes seconds from 0 to 1e9, not nil", told(lunacoap.sleep))
    assert.are.equal("SendCustomRequest takes a method code from 1 to 31 after the URI, such as "
      .. "lunacoap.Method.FETCH, not nil", told(coap.SendCustomRequest, coap, uri))
    assert.are.equal("timer's second argument takes seconds from 0 to 1e9 or nil, not a function",
      told(lunacoap.timer, 1, print))
  end)
end)
