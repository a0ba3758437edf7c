-- The words of a mistake: they name what was wrong as the script wrote it, and what would be right.

local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local function said(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

local function set(object, name, value)
  object[name] = value
end

local function get(object, name)
  return object[name]
end

describe("a wrong value", function()
  local coap

  before_each(function() coap = lunacoap.CoAP() end)

  it("is shown as it stands in a script", function()
    local wrong = { { "x", "'x'" }, { "1", "'1'" }, { 1, "1" }, { nil, "nil" }, { {}, "a table" } }
    for i = 1, 5 do
      local value, shown = wrong[i][1], wrong[i][2]
      assert.are.equal("1: Listening takes true or false, not " .. shown, said(set, coap, "Listening", value))
      assert.are.equal("1: signal takes a name such as \"SIGTERM\" or \"SIGHUP\", not " .. shown,
        said(lunacoap.signal, value))
      if math.type(value) ~= "integer" then
        assert.are.equal("1: LocalPort takes 0 to 65535, not " .. shown, said(set, coap, "LocalPort", value))
        assert.are.equal("1: sleep takes seconds from 0 to 1e9, not " .. shown, said(lunacoap.sleep, value))
        assert.are.equal("1: SendCustomRequest takes a method code from 1 to 31 after the URI, such as "
            .. "lunacoap.Method.FETCH, not " .. shown,
          said(coap.SendCustomRequest, coap, "coap://127.0.0.1/", value))
      end
      if type(value) ~= "string" then
        assert.are.equal("1: RequestData takes a string, not " .. shown, said(set, coap, "RequestData", value))
        assert.are.equal("1: Get takes a URI as a string, not " .. shown, said(coap.Get, coap, value))
      end
      assert.are.equal("1: spawn takes a function, not " .. shown, said(lunacoap.spawn, value))
    end
    assert.are.equal("1: OnRequest takes a function or nil, not 'x'", said(set, coap, "OnRequest", "x"))
    assert.are.equal("1: CoAP takes a table of properties, settings and handlers, not 'x'", said(lunacoap.CoAP, "x"))
    assert.are.equal("1: stop takes an exit code from 0 to 255, not '1'", said(lunacoap.stop, "1"))
    assert.are.equal("1: Get takes a URI as a string, not nil", said(coap.Get, coap))
  end)

  it("of a boolean is told in the spelling of Lua for properties, of Config for settings", function()
    assert.are.equal("1: Listening takes true or false, not nil", said(set, coap, "Listening", nil))
    assert.are.equal("1: UseIPv6 takes True or False, not 'x'", said(coap.Config, coap, "UseIPv6=x"))
    assert.are.equal("1: UseIPv6 takes True or False, not a table", said(lunacoap.CoAP, { UseIPv6 = {} }))
    local answer
    local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function(_, e) answer = said(set, e, "SendResponse", nil) end }
    coap.Timeout = 0
    coap:Get("coap://127.0.0.1:" .. server.LocalPort .. "/")
    process.wait(function() return answer end, 5)
    server:Shutdown()
    coap:Shutdown()
    assert.are.equal("1: SendResponse takes true or false, not nil", answer)
  end)
end)

describe("a name of the other kind", function()
  local coap

  before_each(function() coap = lunacoap.CoAP() end)

  it("is no setting when it is a property written in another case", function()
    assert.are.equal("1: CoAP has no property 'localhost'; did you mean 'LocalHost'?", said(get, coap, "localhost"))
  end)

  it("is a property where a setting was meant", function()
    assert.are.equal("1: Timeout is a property; write coap.Timeout", said(coap.Config, coap, "Timeout=5"))
    assert.are.equal("1: Timeout is a property; write coap.Timeout", said(coap.Config, coap, "Timeout"))
  end)

  it("may stand in the constructor's table, which knows both", function()
    assert.are.equal("1: CoAP has no property or setting 'AckTimout'; did you mean 'AckTimeout'?",
      said(lunacoap.CoAP, { AckTimout = 3 }))
    assert.are.equal("1: CoAP has no property or setting 'LocalPrt'; did you mean 'LocalPort'?",
      said(lunacoap.CoAP, { LocalPrt = 3 }))
    assert.are.equal("1: AckTimeout takes 0.001 to 600 seconds, not a table", said(lunacoap.CoAP, { AckTimeout = {} }))
    assert.are.equal("1: CoAP has no property or setting '1'", said(lunacoap.CoAP, { "x" }))
  end)
end)

describe("an unknown function", function()
  it("raises with the nearest one", function()
    assert.are.equal("1: lunacoap has no field 'coap'; did you mean 'CoAP'?", said(get, lunacoap, "coap"))
    assert.are.equal("1: lunacoap has no field 'slep'; did you mean 'sleep'?", said(get, lunacoap, "slep"))
    rawset(lunacoap, "response", nil) -- a module that is loaded when it is asked for
    assert.are.equal("1: lunacoap has no field 'reponse'; did you mean 'response'?", said(get, lunacoap, "reponse"))
    assert.are.equal("1: lunacoap has no field 7", said(get, lunacoap, 7))
    assert.are.equal("1: lunacoap has no field 7", said(get, lunacoap, 7))
    assert.are.equal("1: lunacoap.linkformat has no field 'pars'; did you mean 'parse'?",
      said(get, lunacoap.linkformat, "pars"))
  end)
end)

describe("numbers in words", function()
  it("are in the singular, and none is none", function()
    local list = lunacoap.CoAP().RequestOptions
    list:Add { Number = 11, Value = "x" }
    assert.are.equal("1: the option list has no place 2: it holds 1 option", said(list.RemoveAt, list, 2))
    assert.are.equal("701: Invalid or malformed option: If-None-Match takes no value, not '00'",
      said(lunacoap.CoAPOption, 5, "00"))
  end)
end)

describe("the end of a response", function()
  it("is told once in ErrorDescription", function()
    local told
    local server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true,
      OnRequest = function(coap, e) coap:CancelRequest(e.RequestId) end,
      OnResponseComplete = function(_, e) told = e.ErrorDescription end }
    local coap = lunacoap.CoAP { Timeout = 0 }
    coap:Get("coap://127.0.0.1:" .. server.LocalPort .. "/")
    process.wait(function() return told end, 5)
    server:Shutdown()
    coap:Shutdown()
    assert.are.equal("Request canceled", told)
  end)
end)

describe("the constructor's table", function()
  it("may hold a CodePage and text, in any order", function()
    for _ = 1, 20 do
      local coap = lunacoap.CoAP { RequestData = "é", CodePage = 28591, RequestETag = "é" }
      assert.are.equal("\xe9", coap.RequestDataB)
      assert.are.equal("\xe9", coap.RequestETagB)
    end
  end)
end)
