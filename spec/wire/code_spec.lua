local wire = require("lunacoap.probe").wire

describe("a code", function()
  it("is written as class and detail (RFC 7252 3)", function()
    for number, text in pairs { [0x00] = "0.00", [0x01] = "0.01", [0x45] = "2.05", [0x5f] = "2.31",
      [0x9d] = "4.29", [0xff] = "7.31" } do
      assert.are.equal(text, wire.describe_code(number).text)
    end
  end)

  it("is read back for responses", function()
    for number = 0x40, 0xbf do
      assert.are.equal(number, wire.code(wire.describe_code(number).text))
    end
  end)

  it("is not read from anything else", function()
    for _, text in ipairs { "", "2", "2.", "2.5", "2.005", "205", "2,05", "2.32", "2.99", "6.00", "7.01", "8.00",
      "0.01", "1.01", " 2.05",
      "2.05 ", "2.-1", "a.bc", "2.0\0" } do
      assert.is_nil(wire.code(text), text)
    end
  end)

  it("has the name that IANA lists", function()
    assert.are.equal("GET", wire.describe_code(1).name)
    assert.are.equal("Content", wire.describe_code(0x45).name)
    assert.are.equal("Hop Limit Reached", wire.describe_code(0xa8).name)
    assert.is_nil(wire.describe_code(0).name)
    assert.is_nil(wire.describe_code(0x46).name)
  end)

  it("is a success in class 2 alone (RFC 7252 5.9)", function()
    for number = 0, 255 do
      assert.are.equal(number >= 0x40 and number <= 0x5f, wire.describe_code(number).success)
    end
  end)

  it("tells safe and idempotent methods (RFC 7252 5.1, RFC 8132 1.1)", function()
    local safe, idempotent = {}, {}
    for number = 0, 31 do
      local method = wire.describe_code(number)
      if method.safe then safe[#safe + 1] = method.name end
      if method.idempotent then idempotent[#idempotent + 1] = method.name end
    end
    assert.are.same({ "GET", "FETCH" }, safe)
    assert.are.same({ "GET", "PUT", "DELETE", "FETCH", "iPATCH" }, idempotent)
  end)
end)
