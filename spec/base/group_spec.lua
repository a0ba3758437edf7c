local probe = require "lunacoap.probe"
local base, containers = probe.base, probe.containers

describe("groups in a map", function()
  after_each(function() base.fail_after() end)

  it("keep those together that have the same key, in the order in which they came", function()
    local group = containers.group()
    for member = 0, 9 do assert.is_true(group:join(member, member % 2)) end
    assert.are.same({ 0, 2, 4, 6, 8 }, group:all(0))
    assert.are.same({ 1, 3, 5, 7, 9 }, group:all(1))
    assert.are.same({}, group:all(2))
    assert.are.equal(2, group:count())
  end)

  it("lose any member, the first as well, and end with the last", function()
    local group = containers.group()
    for member = 0, 3 do group:join(member, 7) end
    group:leave(0)
    assert.are.same({ 1, 2, 3 }, group:all(7))
    group:leave(2)
    group:leave(2) -- does no harm
    assert.are.same({ 1, 3 }, group:all(7))
    group:join(0, 7)
    assert.are.same({ 1, 3, 0 }, group:all(7))
    for _, member in ipairs { 3, 1, 0 } do group:leave(member) end
    assert.are.same({ {}, 0 }, { group:all(7), group:count() })
  end)

  it("are walked once through, whoever leaves on the way", function()
    for which = 0, 15 do -- each subset of four
      local group, stay = containers.group(), {}
      for member = 0, 3 do
        group:join(member, 7)
        if which >> member & 1 == 0 then stay[#stay + 1] = member end
      end
      assert.are.same({ 0, 1, 2, 3 }, group:all(7, function(member) return which >> member & 1 == 1 end))
      assert.are.same(stay, group:all(7))
    end
  end)

  it("need memory to begin, not to go on", function()
    local group = containers.group()
    base.fail_after(0)
    assert.is_false(group:join(0, 7))
    base.fail_after(1)
    assert.is_true(group:join(0, 7))
    for member = 1, 99 do assert.is_true(group:join(member, 7)) end
    group:leave(0)
    assert.are.equal(99, #group:all(7))
  end)
end)
