local base = require("lunacoap.probe").base

describe("a log", function()
  it("gets the lines of its level and below, and nothing else is even formatted", function()
    assert.are.same({ {}, 0 }, { base.log_lines(0) })
    assert.are.same({ { "1 line 1" }, 1 }, { base.log_lines(1) })
    assert.are.same({ { "1 line 1", "2 line 2", "3 line 3" }, 3 }, { base.log_lines(3) })
  end)
end)
