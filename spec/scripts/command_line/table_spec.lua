-- Rows of texts in columns.
local tables = require "lunacoap.command_line.table"

describe("a table", function()
  it("has columns as wide as they need, and none that is empty", function()
    assert.are.equal("PATH     TITLE\n/a       größe\n/longer\n", tables.text({ "PATH", "RT", "TITLE" },
      { { "/a", "", "größe" }, { "/longer", "", "" } }))
  end)

  it("keeps a cell in its place, whatever it holds", function()
    assert.are.equal("A             B\nx y z\\x1b[1m  1\nü             2\n",
      tables.text({ "A", "B" }, { { "x\ny\tz\27[1m", "1" }, { "ü", "2" } }))
  end)

  it("of no rows is nothing but a line", function()
    assert.are.equal("\n", tables.text({ "A" }, {}))
  end)
end)
