-- coap:Configure and coap:Configuration: properties, settings and handlers as one table.
local lunacoap = require "lunacoap"

describe("Configuration", function()
  it("has what the constructor was given, and the defaults of the rest", function()
    local certificate = lunacoap.Certificate()
    local coap = lunacoap.CoAP { BlockSize = 64, PSKKey = "aabb", UseConfirmableMessages = false,
      Timeout = 2.5, OpenSSLCAFile = "/x y", OnRequest = print, SSLCert = certificate }
    local fields = coap:Configuration()
    assert.are.same({ 64, "aabb", false, 2.5, "/x y", print, certificate },
      { fields.BlockSize, fields.PSKKey, fields.UseConfirmableMessages, fields.Timeout,
        fields.OpenSSLCAFile, fields.OnRequest, fields.SSLCert })
    assert.are.same({ 2, false, nil }, { fields.AckTimeout, fields.UseIPv6, fields.OnError })
  end)

  it("is nothing that belongs to a message, is computed or is read-only", function()
    local fields = lunacoap.CoAP():Configuration()
    for _, name in ipairs { "Listening", "RequestData", "ResponseOptions", "PendingRequests",
      "MessageId", "Statistics", "SSLServerCert", "BuildInfo" } do
      assert.is_nil(fields[name], name)
    end
  end)

  it("makes an equal component", function()
    local fields = lunacoap.CoAP { NStart = 4, CodePage = 28591, OnLog = print }:Configuration()
    assert.are.same(fields, lunacoap.CoAP(fields):Configuration())
  end)

  it("takes nothing", function()
    local coap = lunacoap.CoAP()
    assert.has_error(function() coap.Configuration() end)
  end)
end)

describe("Configure", function()
  it("sets what the table names and leaves the rest, also while the component listens", function()
    local coap <close> = lunacoap.CoAP { LocalHost = "127.0.0.1", BlockSize = 64, Listening = true }
    coap:Configure { NStart = 4, Timeout = 3, OnRequest = print }
    assert.are.same({ "4", 3, print, "64", true }, { coap:Config("NStart"), coap.Timeout,
      coap.OnRequest, coap:Config("BlockSize"), coap.Listening })
  end)

  it("takes a handler off that is false", function()
    local coap = lunacoap.CoAP { OnRequest = print, OnLog = print }
    coap:Configure { OnRequest = false }
    assert.is_nil(coap.OnRequest)
    assert.are.equal(print, coap.OnLog)
  end)

  local function fails(message, ...)
    local coap = lunacoap.CoAP()
    local ok, err = pcall(coap.Configure, coap, ...)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find(message, 1, true), tostring(err))
  end

  it("names what is wrong", function()
    fails("Configure takes a table of properties, settings and handlers, not nil")
    fails("Configure takes a table of properties, settings and handlers, not 'x'", "x")
    fails("Configure takes a table", {}, {})
    fails("CoAP has no property or setting 'BlokSize'; did you mean 'BlockSize'?", { BlokSize = 1 })
    fails("OnRequest takes a function or nil, not true", { OnRequest = true })
    fails("BlockSize takes 16, 32, 64, 128, 256, 512 or 1024, not", { BlockSize = 17 })
  end)
end)
