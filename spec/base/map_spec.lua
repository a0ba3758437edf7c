local probe = require "lunacoap.probe"
local base, containers = probe.base, probe.containers

describe("a map", function()
  after_each(function() base.fail_after() end)

  it("finds what was put in, and all that share a hash", function()
    local map = containers.map()
    map:insert(1, 100)
    map:insert(2, 200)
    map:insert(3, 100)
    assert.are.same({ [1] = true, [3] = true }, map:find(100))
    assert.are.same({ [2] = true }, map:find(200))
    assert.are.same({}, map:find(300))
    map:remove(1)
    assert.are.same({ [3] = true }, map:find(100))
  end)

  it("is empty at first and again when all is removed", function()
    local map = containers.map()
    assert.are.same({}, map:find(0))
    assert.are.same({}, map:all())
    map:insert(0, 0)
    map:remove(0)
    assert.are.same({}, map:find(0))
    assert.are.same({}, map:all())
  end)

  it("holds what a table would hold, however it is used", function()
    math.randomseed(11)
    local map, hashes = containers.map(), {}
    for _ = 1, 20000 do
      local member = math.random(0, 1999)
      if hashes[member] then
        map:remove(member)
        hashes[member] = nil
      else
        hashes[member] = math.random(0, 1) == 1 and math.random(0, 500) or math.random(0)
        map:insert(member, hashes[member])
      end
    end
    local expected, by_hash, count = {}, {}, 0
    for member, hash in pairs(hashes) do
      expected[member] = 1
      by_hash[hash] = by_hash[hash] or {}
      by_hash[hash][member] = true
      count = count + 1
    end
    assert.are.same(expected, map:all())
    assert.are.equal(count, (map:sizes()))
    for hash, members in pairs(by_hash) do assert.are.same(members, map:find(hash)) end
  end)

  it("is walked once through while members are removed on the way", function()
    local map = containers.map()
    for member = 0, 299 do map:insert(member, member * 0x9e3779b97f4a7c15) end
    local seen = map:all(true)
    for member = 0, 299 do assert.are.equal(1, seen[member]) end
    assert.are.equal(0, (map:sizes()))
  end)

  it("does without more buckets when memory runs out, but needs its first", function()
    local map = containers.map()
    base.fail_after(0)
    assert.is_false(map:insert(0, 0))
    base.fail_after(1)
    for member = 0, 199 do assert.is_true(map:insert(member, member)) end
    base.fail_after()
    for member = 0, 199 do assert.are.same({ [member] = true }, map:find(member)) end
    local count, buckets = map:sizes()
    assert.is_true(count == 200 and buckets < 200)
    map:insert(200, 200)
    assert.is_true(select(2, map:sizes()) > buckets)
  end)

  it("gives its buckets back", function()
    local before = base.blocks()
    local map = containers.map()
    for member = 0, 99 do map:insert(member, member) end
    map:free()
    assert.are.equal(before, base.blocks())
    assert.are.same({}, map:find(1))
  end)
end)
