-- The constant tables of the module.

local lunacoap = require "lunacoap"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("the constants", function()
  it("have the store types of the reference, all of them", function()
    local numbers = {}
    for name, number in pairs(lunacoap.StoreType) do
      assert.are.equal("cst", name:sub(1, 3))
      numbers[number] = name
    end
    for number = 0, 23 do
      assert.are.equal(number ~= 20, numbers[number] ~= nil)
    end
    assert.are.equal(2, lunacoap.StoreType.cstPFXFile)
    assert.are.equal(8, lunacoap.StoreType.cstPublicKeyFile)
    assert.are.equal(23, lunacoap.StoreType.cstPKCS11)
    assert.are.equal(99, lunacoap.StoreType.cstAuto)
  end)

  it("have the value types and the methods", function()
    local types, methods = lunacoap.ValueType, lunacoap.Method
    assert.are.same({ 0, 1, 2 }, { types.ovtString, types.ovtUInt, types.ovtBinary })
    assert.are.same({ 1, 2, 3, 4, 5, 6, 7 }, { methods.GET, methods.POST, methods.PUT,
      methods.DELETE, methods.FETCH, methods.PATCH, methods.iPATCH })
    assert.are.equal("iPATCH", lunacoap.MethodName[7])
    assert.is_nil(lunacoap.MethodName[8])
  end)

  it("have the response codes under names without blanks and hyphens, and back", function()
    assert.are.equal("2.05", lunacoap.Code.Content)
    assert.are.equal("4.04", lunacoap.Code.NotFound)
    assert.are.equal("4.05", lunacoap.Code.MethodNotAllowed)
    assert.are.equal("4.15", lunacoap.Code.UnsupportedContentFormat)
    assert.are.equal("5.08", lunacoap.Code.HopLimitReached)
    assert.are.equal("Content", lunacoap.CodeName["2.05"])
    assert.are.equal("Unsupported Content-Format", lunacoap.CodeName["4.15"])
    for _, code in pairs(lunacoap.Code) do
      assert.is_string(lunacoap.CodeName[code])
      assert.truthy(code:find("^[245]%.%d%d$"))
    end
    assert.is_nil(lunacoap.CodeName["2.06"])
  end)

  it("have the content-formats with their parameters and codings, and back", function()
    local formats = lunacoap.ContentFormat
    assert.are.equal(60, formats["application/cbor"])
    assert.are.equal(0, formats["text/plain; charset=utf-8"])
    assert.are.equal(0, formats["text/plain;charset=utf-8"])
    assert.are.equal(0, formats["text/plain"])
    assert.are.equal(16, formats['application/cose; cose-type="cose-encrypt0"'])
    assert.are.equal(11050, formats["application/json deflate"])
    assert.are.equal("application/cbor", lunacoap.ContentFormatName[60])
    assert.are.equal("text/plain; charset=utf-8", lunacoap.ContentFormatName[0])
    assert.is_nil(lunacoap.ContentFormatName[65535])
  end)

  it("have the option numbers, and back", function()
    assert.are.equal(11, lunacoap.OptionNumber["Uri-Path"])
    assert.are.equal(258, lunacoap.OptionNumber["No-Response"])
    assert.are.equal("Uri-Path", lunacoap.OptionName[11])
    assert.is_nil(lunacoap.OptionName[12345])
    for name, number in pairs(lunacoap.OptionNumber) do
      assert.are.equal(name, lunacoap.OptionName[number])
    end
  end)

  it("name the nearest when there is no such name", function()
    local function get(table, key) return function() return lunacoap[table][key] end end
    assert.are.equal("1: lunacoap.Code has no constant 'NotFond'; did you mean 'NotFound'?", raised(get("Code", "NotFond")))
    assert.are.equal("1: lunacoap.OptionNumber has no constant 'UriPath'; did you mean 'Uri-Path'?", raised(get("OptionNumber", "UriPath")))
    assert.are.equal("1: lunacoap.Method has no constant 'get'; did you mean 'GET'?", raised(get("Method", "get")))
    assert.are.equal("1: lunacoap.StoreType has no constant 'pfx'", raised(get("StoreType", "pfx")))
    assert.are.equal("1: lunacoap.Method has no constant 1", raised(get("Method", 1)))
  end)

  it("cannot be changed", function()
    for _, name in ipairs { "Code", "CodeName", "Method", "StoreType", "ContentFormat", "OptionName" } do
      local constants = lunacoap[name]
      assert.are.equal(("1: lunacoap.%s is read-only"):format(name), raised(function() constants.New = 1 end))
      assert.is_false((pcall(setmetatable, constants, {})))
    end
    assert.are.equal("1: lunacoap.Code is read-only", raised(function() lunacoap.Code.Content = "2.06" end))
    assert.are.equal("2.05", lunacoap.Code.Content)
  end)
end)
