local containers = require("lunacoap.probe").containers

describe("a list", function()
  it("keeps the order of appending and prepending", function()
    local list = containers.list()
    assert.are.same({}, list:all())
    list:append(2)
    list:append(3)
    list:prepend(1)
    assert.are.same({ 1, 2, 3 }, list:all())
  end)

  it("loses a member from any place, and does not mind losing it twice", function()
    for removed = 1, 3 do
      local list, expected = containers.list(), {}
      for member = 1, 3 do
        list:append(member)
        if member ~= removed then expected[#expected + 1] = member end
      end
      list:remove(removed)
      list:remove(removed)
      assert.are.same(expected, list:all())
      list:append(removed)
      assert.are.equal(removed, list:all()[3])
    end
  end)

  it("may lose the current member while it is walked", function()
    local list = containers.list()
    for member = 1, 5 do list:append(member) end
    assert.are.same({ 1, 2, 3, 4, 5 }, list:all(true))
    assert.are.same({}, list:all())
  end)
end)
