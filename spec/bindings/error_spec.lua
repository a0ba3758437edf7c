-- Error objects: what a script sees of a mistake or a failure.

local lunacoap = require "lunacoap"
local types = require("lunacoap.probe").types

-- The error that f(...) raises.
local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function here()
  return ("%s:%d"):format(debug.getinfo(2, "S").source:sub(2), debug.getinfo(2, "l").currentline)
end

describe("an error object", function()
  it("has a code and a message, and reads as both", function()
    local err = raised(types.raise, 704, "coap://host/temp")
    assert.are.equal(704, err.Code)
    assert.are.equal("Message transmission timed out: coap://host/temp", err.Message)
    assert.are.equal("704: Message transmission timed out: coap://host/temp", tostring(err))
  end)

  it("shows the text alone for use (1) and for responses (709), which say it all", function()
    assert.are.equal("1: no such thing", tostring(raised(types.raise, 1, "no such thing")))
    assert.are.equal("709: 4.04 Not Found", tostring(raised(types.raise, 709, "4.04 Not Found")))
  end)

  it("takes a text that is complete as it is", function()
    assert.are.equal("704: whole", tostring(raised(types.raise_whole, 704, "whole")))
  end)

  it("names the line of the script, through C functions in between", function()
    local where
    local err = raised(function() where = here(); types.raise(1, "x") end)
    assert.are.equal(where, err.Where)
    err = raised(function() where = here(); select(2, pcall(error)); lunacoap.CoAPOption("x") end)
    assert.are.equal(where, err.Where)
    err = raised(function() where = here(); local o = lunacoap.CoAPOption(); o.Nmber = 1 end)
    assert.are.equal(where, err.Where)
    err = raised(function() where = here(); string.gsub("x", "x", function() types.raise(1, "x") end) end)
    assert.are.equal(where, err.Where)
  end)

  it("has a traceback that starts at that line", function()
    local function inner() types.raise(1, "x") end
    local err = raised(function() inner() end)
    local first = err.Traceback:match("stack traceback:\n%s*([^\n]*)")
    assert.are.equal(1, first:find(err.Where, 1, true))
  end)

  it("joins strings and other errors as its text", function()
    local err = raised(types.raise, 1, "bad")
    assert.are.equal("failed: 1: bad", "failed: " .. err)
    assert.are.equal("1: bad!", err .. "!")
    assert.are.equal("1: bad1: bad", err .. err)
  end)

  it("equals another one with the same code and message", function()
    local err = raised(types.raise, 1, "bad")
    assert.is_true(err == raised(types.raise, 1, "bad"))
    assert.is_false(err == raised(types.raise, 1, "worse"))
    assert.is_false(err == raised(types.raise, 700, "bad"))
    assert.is_false(err == { Code = 1, Message = "bad" })
  end)

  it("is told by its metatable's name", function()
    assert.are.equal("lunacoap.Error", getmetatable(raised(types.raise, 1, "bad")).__name)
  end)

  it("still reads when a script has emptied it", function()
    local err = raised(types.raise, 1, "bad")
    err.Code, err.Message = nil, nil
    assert.are.equal("nil: nil", tostring(err))
  end)
end)

describe("what a task ended with", function()
  it("stays the error object that it is", function()
    local original
    local err = types.from_thread(function()
      original = raised(types.raise, 704, "x")
      error(original)
    end)
    assert.is_true(rawequal(original, err))
  end)

  it("gets Code 1 and its text; the position in front moves to Where", function()
    local where
    local err = types.from_thread(function() where = here(); error("boom") end)
    assert.are.same({ 1, "boom", where }, { err.Code, err.Message, err.Where })
    assert.are.equal("1: boom", tostring(err))
    assert.truthy(err.Traceback:find(where, 1, true))
  end)

  it("names the line that error's level names", function()
    local where
    local function check() error("bad argument", 2) end
    local err = types.from_thread(function()
      where = here(); check()
      return 1
    end)
    assert.are.equal("bad argument", err.Message)
    assert.are.equal(where, err.Where)
  end)

  it("keeps a text without a position whole", function()
    local where
    local err = types.from_thread(function() where = here(); error("elsewhere.lua:3: boom", 0) end)
    assert.are.equal("elsewhere.lua:3: boom", err.Message)
    assert.are.equal(where, err.Where)
  end)

  it("may be an error of Lua itself", function()
    local where
    local err = types.from_thread(function() where = here(); return (nil).x end)
    assert.truthy(err.Message:find("^attempt to index a nil value"))
    assert.are.equal(where, err.Where)
  end)

  it("may be any value, even one that cannot be shown", function()
    assert.are.equal("nil", types.from_thread(error, nil).Message)
    assert.are.equal("true", types.from_thread(error, true).Message)
    assert.are.equal("T", types.from_thread(error, setmetatable({}, { __tostring = function() return "T" end })).Message)
    local mute = setmetatable({}, { __tostring = function() error("no") end })
    assert.are.equal("(an error that is a table value)", types.from_thread(error, mute).Message)
  end)

  it("gets a traceback when it lost its own", function()
    local err = types.from_thread(function()
      local original = raised(types.raise, 1, "x")
      original.Traceback = nil
      error(original)
    end)
    assert.truthy(err.Traceback:find("error_spec.lua", 1, true))
  end)
end)

describe("did you mean", function()
  local names = { "ResponseCode", "ResponseData", "RequestData", "LocalPort", "LocalHost", "URI", "Get", "Put" }

  local function suggested(name)
    return types.suggest(name, names)
  end

  it("finds a name with a letter left out, added, replaced or swapped", function()
    assert.are.equal("ResponseCode", suggested("ResponseCod"))
    assert.are.equal("ResponseCode", suggested("ResponsseCode"))
    assert.are.equal("ResponseCode", suggested("ResponseCoda"))
    assert.are.equal("LocalPort", suggested("LoaclPort"))
    assert.are.equal("LocalPort", suggested("LocalPotr"))
  end)

  it("counts a swap of neighbours as one slip", function()
    assert.are.equal("Get", suggested("Gte"))
    assert.are.equal("Put", suggested("uPt"))
  end)

  it("takes no notice of case, except to choose among the equally near", function()
    assert.are.equal("URI", suggested("Uri"))
    assert.are.equal("LocalHost", suggested("localhost"))
    assert.are.equal("Ab", types.suggest("Abx", { "ab", "Ab", "aB" }))
    assert.are.equal("LocalPost", types.suggest("localPost", { "LOCALPOST", "LocalPost" }))
  end)

  it("prefers the nearest", function()
    assert.are.equal("RequestData", suggested("RequestDat"))
    assert.are.equal("LocalHost", suggested("LocalHos"))
  end)

  it("says nothing when nothing is near", function()
    for _, name in ipairs { "", "x", "Listening", "Respond", "Local", "Uniform", ("x"):rep(1000) } do
      assert.is_nil(suggested(name))
    end
    assert.is_nil(types.suggest("Get", {}))
    assert.is_nil(types.suggest("G", { "P" }))
  end)

  it("is made by lunacoap.traceback of a text that is raised, and kept by it", function()
    local where
    local function fail() where = here(); error("broken") end
    local _, err = xpcall(fail, lunacoap.traceback)
    assert.are.same({ 1, "broken", where }, { err.Code, err.Message, err.Where })
    local first = err.Traceback:match("stack traceback:\n%s*([^\n]*)")
    assert.are.equal(1, first:find(where, 1, true))
    local _, again = xpcall(error, lunacoap.traceback, err)
    assert.is_true(rawequal(again, err))
    _, err = xpcall(function() where = here(); return nil .. "x" end, lunacoap.traceback)
    assert.are.same({ "attempt to concatenate a nil value", where }, { err.Message, err.Where })
  end)

  it("is not made by lunacoap.traceback of objects, which are for who knows them", function()
    local own = setmetatable({}, { __tostring = function() return "mine" end })
    assert.are.equal(own, select(2, xpcall(error, lunacoap.traceback, own)))
    assert.is_nil(select(2, xpcall(error, lunacoap.traceback)))
  end)
end)
