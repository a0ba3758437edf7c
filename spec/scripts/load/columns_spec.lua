-- lunacoap.load.columns: rows of texts in columns.

local columns = require "lunacoap.load.columns"

describe("columns", function()
  it("are as wide as they must be, on the side that is asked", function()
    assert.are.equal("  a    12  x\n  bbb   3\n", columns.aligned({ { "a", "12", "x" }, { "bbb", "3" } }, "lrl", "  "))
  end)

  it("count characters, not bytes", function()
    assert.are.equal("é  1\na  2\n", columns.aligned({ { "é", "1" }, { "a", "2" } }, "ll", ""))
  end)

  it("wrap the last one where a line would be too wide, and cut words that are", function()
    assert.are.equal("n  one two three\n   four\n", columns.aligned({ { "n", "one two three four" } }, "ll", "", 19))
    assert.are.equal("n  " .. ("é"):rep(17) .. "\n   ééé\n", columns.aligned({ { "n", ("é"):rep(20) } }, "ll", "", 20))
    assert.are.equal("n\nm  x\n", columns.aligned({ { "n" }, { "m", "x" } }, "ll", "", 20))
  end)
end)
