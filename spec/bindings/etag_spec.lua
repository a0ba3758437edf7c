local lunacoap = require "lunacoap"
local hex = require "spec.support.hex"

describe("lunacoap.etag", function()
  it("is the same on every machine: the first 8 bytes of SHA-256 (FIPS 180-4)", function()
    local known = {
      [""] = "e3b0c44298fc1c14",
      abc = "ba7816bf8f01cfea",
      [("a"):rep(1000000)] = "cdc76e5c9914fb92",
    }
    for bytes, expected in pairs(known) do
      assert.are.equal(hex(expected), lunacoap.etag(bytes))
    end
  end)

  it("depends on every byte, zero bytes too", function()
    local seen = {}
    for _, bytes in ipairs { "", "\0", "\0\0", "a", "a\0", "a\0b", "a\0c", "b" } do
      local tag = lunacoap.etag(bytes)
      assert.are.equal(8, #tag)
      assert.is_nil(seen[tag])
      seen[tag] = true
    end
  end)

  it("can be set as the ETag of a response", function()
    local coap = lunacoap.CoAP()
    coap.ResponseETagB = lunacoap.etag "x"
    assert.are.equal(lunacoap.etag "x", coap.ResponseETagB)
  end)

  it("takes a string alone", function()
    for bad, words in pairs { [1] = "not 1", [{}] = "not a table" } do
      local ok, err = pcall(lunacoap.etag, bad)
      assert.is_false(ok)
      assert.are.equal("etag takes bytes as a string, " .. words, err.Message)
    end
  end)
end)
