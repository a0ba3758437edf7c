-- HasOption: what a request has, without its list of options.
local lunacoap = require "lunacoap"

local OPTION = lunacoap.OptionNumber

describe("HasOption", function()
  local server, client, seen

  before_each(function()
    client = lunacoap.CoAP { Timeout = 5 }
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap)
      coap.ResponseData = "x"
      seen(coap)
    end }
  end)

  after_each(function()
    client:Shutdown()
    server:Shutdown()
  end)

  local function ask(options, see)
    seen = see
    client.RequestOptions = options
    client:Get(("coap://127.0.0.1:%d/a?b"):format(server.LocalPort))
  end

  it("tells of each option that came, also of several", function()
    local found
    ask({ { Number = OPTION.Accept, Value = 0 }, { Number = 65000, Value = "x" } }, function(coap)
      found = { coap:HasOption(OPTION.Accept), coap:HasOption(65000), coap:HasOption(OPTION["Uri-Path"]),
        coap:HasOption(OPTION.ETag), coap:HasOption(65002), coap:HasOption(OPTION.ETag, 65000),
        coap:HasOption(OPTION.ETag, OPTION["If-Match"]) }
    end)
    assert.are.same({ true, true, true, false, false, true, false }, found)
  end)

  it("agrees with the list, also when the handler has read it, changed it, or waited", function()
    local found = {}
    ask({ { Number = OPTION.Accept, Value = 0 } }, function(coap)
      local list = coap.RequestOptions
      found[1] = #list == 3 and coap:HasOption(OPTION.Accept)
      list:RemoveAt(3)
      found[2] = coap:HasOption(OPTION.Accept)
      lunacoap.sleep(0.01)
      found[3] = coap:HasOption(OPTION["Uri-Query"])
    end)
    assert.are.same({ true, false, true }, found)
  end)

  it("tells of a client's own options, too", function()
    assert.is_false(client:HasOption(OPTION.Accept))
    client.RequestOptions:Add { Number = OPTION.Accept, Value = 0 }
    assert.is_true(client:HasOption(OPTION.Accept))
  end)

  it("agrees with the list about Block1 and Block2, which only the script itself puts there", function()
    local has
    seen = function(coap)
      has = coap:HasOption(OPTION.Block1, OPTION.Block2)
    end
    client.RequestData = ("x"):rep(3000)
    client:Post(("coap://127.0.0.1:%d"):format(server.LocalPort))
    assert.is_false(has)
    client.RequestOptions = { { Number = OPTION.Block2, Value = 6 } }
    assert.is_true(client:HasOption(OPTION.Block2))
  end)

  it("takes numbers of options alone", function()
    for _, wrong in ipairs { 0, 65536, 1.5, "17", {} } do
      local ok, err = pcall(client.HasOption, client, wrong)
      assert.is_false(ok)
      assert.matches("HasOption takes numbers of options such as 17, Accept, not ", err.Message)
    end
    assert.is_false((pcall(client.HasOption, client)))
    assert.is_false((pcall(client.HasOption, client, 17, "x")))
  end)
end)
