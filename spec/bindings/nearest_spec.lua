-- lunacoap.nearest: the word that was meant.
local lunacoap = require "lunacoap"

describe("lunacoap.nearest", function()
  it("finds the word that a mistyped one was meant to be, if one is near", function()
    local words = { "get", "put", "observe", "discover" }
    for word, meant in pairs { gett = "get", gte = "get", obsreve = "observe", PUT = "put", discover = "discover" } do
      assert.are.equal(meant, lunacoap.nearest(word, words))
    end
    for _, word in ipairs { "", "x", "frobnicate", ("get"):rep(100) } do
      assert.is_nil(lunacoap.nearest(word, words))
    end
    assert.is_nil(lunacoap.nearest("get", {}))
  end)

  it("says what it takes", function()
    for _, given in ipairs { {}, { "get" }, { 1, {} }, { "get", "get" } } do
      local ok, err = pcall(lunacoap.nearest, table.unpack(given))
      assert.is_false(ok)
      assert.are.equal("nearest takes a word and a list of words", err.Message)
    end
    local ok, err = pcall(lunacoap.nearest, "get", { "put", 1 })
    assert.is_false(ok)
    assert.are.equal("nearest takes a list of strings, and has 1 in it", err.Message)
  end)
end)
