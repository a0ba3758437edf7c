local base = require("lunacoap.probe").base

describe("an error", function()
  it("has its number, and its words in front of what happened", function()
    assert.are.same({ 700, 700, "Invalid or malformed URI: bad host" },
      { base.fail(700, "bad host") })
    assert.are.same({ 704, 704, "Message transmission timed out" }, { base.fail(704, "") })
  end)

  it("says it all by itself where the number says nothing", function()
    assert.are.same({ 1, 1, "no property 'x'" }, { base.fail(1, "no property 'x'") })
    assert.are.same({ 709, 709, "4.04 Not Found" }, { base.fail(709, "4.04 Not Found") })
    assert.are.same({ 9999, 9999, "what" }, { base.fail(9999, "what") })
  end)

  it("may be made of another one's text, and of more than it has room for", function()
    assert.are.equal("Invalid block: while reading: inner",
      select(3, base.fail_twice(702, "inner")))
    local _, _, text = base.fail(703, ("x"):rep(1000))
    assert.matches("^Malformed message: x+$", text)
    assert.is_true(#text > 300 and #text < 320)
  end)

  it("has the texts of the reference for 700 to 712", function()
    for code = 700, 712 do assert.is_string(base.error_text(code)) end
    assert.are.equal("Request canceled", base.error_text(711))
    assert.is_nil(base.error_text(699))
    assert.is_nil(base.error_text(0))
  end)

  it("counts socket errors as Windows does, with the system's text", function()
    -- Linux: EADDRINUSE, EADDRNOTAVAIL, ECONNREFUSED, EHOSTUNREACH, ECONNABORTED
    for number, code in pairs { [98] = 10048, [99] = 10049, [111] = 10061, [113] = 10065,
      [103] = 10053 } do
      local returned, stored, text = base.fail_errno(number, "127.0.0.1:5683")
      assert.are.equal(code, returned)
      assert.are.equal(code, stored)
      assert.matches("^%u[%w%s]+: 127%.0%.0%.1:5683$", text)
    end
    assert.are.equal("Address already in use: 127.0.0.1:5683",
      select(3, base.fail_errno(98, "127.0.0.1:5683")))
  end)
end)
