local base = require("lunacoap.probe").base

describe("a buffer", function()
  after_each(function() base.fail_after() end)

  it("appends, prints and grows", function()
    local steps, expected = {}, ""
    for i = 1, 40 do
      steps[#steps + 1] = { "append", ("x"):rep(i) }
      steps[#steps + 1] = { "printf", i .. "" }
      expected = expected .. ("x"):rep(i) .. "<" .. i .. ">"
    end
    assert.are.same({ expected, #steps }, { base.buf(steps) })
  end)

  it("prints more than it has room for", function()
    assert.are.equal("<" .. ("y"):rep(5000) .. ">", (base.buf { { "printf", ("y"):rep(5000) } }))
  end)

  it("is replaced by other bytes, shorter, longer, or a part of its own", function()
    assert.are.equal("b", (base.buf { { "append", "aaa" }, { "set", "b" } }))
    assert.are.equal(("b"):rep(500), (base.buf { { "append", "a" }, { "set", ("b"):rep(500) } }))
    assert.are.equal("cde", (base.buf { { "append", "abcdef" }, { "set_own", 2, 5 } }))
    assert.are.equal("", (base.buf { { "append", "a" }, { "set", "" } }))
  end)

  it("keeps its memory when cleared and gives it back when freed, usable after both", function()
    assert.are.equal("b", (base.buf { { "append", "a" }, { "clear" }, { "append", "b" } }))
    assert.are.same({ "b", 3 }, { base.buf { { "append", "a" }, { "free" }, { "append", "b" } } })
  end)

  it("refuses room that cannot be had", function()
    assert.are.same({ "a", 2 },
      { base.buf { { "append", "a" }, { "reserve", math.maxinteger }, { "reserve", 9 } } })
  end)

  it("stays as it was when memory runs out", function()
    local before = base.blocks()
    local big = ("b"):rep(1000)
    for _, step in ipairs { { "append", big }, { "printf", big }, { "set", big } } do
      base.fail_after(1)
      local content, succeeded = base.buf { { "append", "a" }, step, { "append", "c" } }
      base.fail_after()
      assert.are.same({ "ac", 2 }, { content, succeeded })
    end
    assert.are.equal(before, base.blocks())
  end)
end)
