-- The heap of what devices have to do, and its timer.
local agendas = require "lunacoap.fleet.agenda"
local lunacoap = require "lunacoap"
local random = require "lunacoap.fleet.random"

local function it_leaps(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

-- An agenda, and what it has done: "name@seconds".
local function new()
  local agenda, done, began = agendas.new(), {}, lunacoap.now()
  local function note(whom, time)
    done[#done + 1] = ("%s@%g"):format(whom.name, time - began)
    assert.is_true(lunacoap.now() >= time)
  end
  return agenda, done, function(name, after, life)
    local whom = { name = name, life = life or 0 }
    agenda:at(began + after, note, whom)
    return whom
  end
end

describe("an agenda", function()
  it_leaps("has things done in the order of their times", function()
    local agenda, done, add = new()
    add("c", 30)
    add("a", 1)
    add("d", 3000)
    add("b", 2)
    lunacoap.sleep(10)
    assert.are.equal("a@1 b@2", table.concat(done, " "))
    add("e", 20)
    lunacoap.sleep(5000)
    assert.are.equal("a@1 b@2 e@20 c@30 d@3000", table.concat(done, " "))
    assert.are.equal(0, agenda.n)
  end)

  it_leaps("keeps the order in which things of the same time were said", function()
    local _, done, add = new()
    local expected = {}
    for i = 1, 500 do
      add("x" .. i, i % 2 == 0 and 5 or 1)
      table.insert(expected, i % 2 == 0 and #expected + 1 or (i + 1) // 2, ("x%d@%d"):format(i, i % 2 == 0 and 5 or 1))
    end
    lunacoap.sleep(10)
    assert.are.same(expected, done)
  end)

  it_leaps("does at once what is late, in bursts between which others have their turn", function()
    local _, done, add = new()
    local turns = 0
    for i = 1, 1000 do
      add("x" .. i, -1)
    end
    local watch = lunacoap.spawn(function()
      while #done < 1000 do
        turns = turns + 1
        lunacoap.sleep(0)
      end
    end)
    watch:wait()
    assert.is_true(turns >= 10)
  end)

  it_leaps("looks as far ahead as anybody wants", function()
    local agenda, done, add = new()
    add("never", 1e12)
    add("soon", 1)
    lunacoap.sleep(1e9)
    assert.are.same({ "soon@1" }, done)
    agenda:clear()
  end)

  it_leaps("leaves out what an earlier life had to do", function()
    local _, done, add = new()
    local a, b = add("a", 1, 3), add("b", 2, 3)
    a.life = 4
    lunacoap.sleep(1.5)
    b.life = 2
    lunacoap.sleep(10)
    assert.are.same({}, done)
  end)

  it_leaps("keeps little of earlier lives, however far ahead they looked, and all of this one", function()
    local agenda, done, add = new()
    local whom = add("first", 5)
    for life = 1, 100000 do
      whom.life = life
      agenda:at(lunacoap.now() + 1e6 + life, error, whom)
      if life % 20000 == 0 then
        add("x" .. life, life // 20000)
      end
    end
    assert.is_true(agenda.n < 1000, agenda.n)
    lunacoap.sleep(10)
    assert.are.equal("x20000@1 x40000@2 x60000@3 x80000@4 x100000@5", table.concat(done, " "))
    agenda:clear()
  end)

  it_leaps("may be told of more by what it does, also for now", function()
    local agenda, began, times = agendas.new(), lunacoap.now(), {}
    local function again(whom, time)
      times[#times + 1] = time - began
      if #times < 4 then
        agenda:at(time + (#times == 2 and 0 or 1), again, whom)
      end
    end
    agenda:at(began + 1, again, { life = 0 })
    lunacoap.sleep(10)
    assert.are.same({ 1, 2, 2, 3 }, times)
  end)

  it_leaps("forgets all when it is cleared, also by what it does, and may be used again", function()
    local agenda, done, add = new()
    add("a", 1)
    agenda:clear()
    lunacoap.sleep(5)
    agenda:at(lunacoap.now(), function() agenda:clear() end, { life = 0 })
    add("b", 5)
    add("c", 6)
    lunacoap.sleep(5)
    assert.are.same({}, done)
    add("d", 20)
    lunacoap.sleep(20)
    assert.are.same({ "d@20" }, done)
  end)

  it_leaps("takes ten thousand in any order, and keeps no more than it has to", function()
    local agenda, done, add = new()
    for i = 1, 10000 do
      add("x", 100 * random.number(1, i))
    end
    lunacoap.sleep(101)
    assert.are.equal(10000, #done)
    for i = 2, #done do
      assert.is_true(tonumber(done[i]:sub(3)) >= tonumber(done[i - 1]:sub(3)))
    end
    assert.are.same({ 0, nil, nil }, { #agenda.times, next(agenda.times), next(agenda.whoms) })
  end)

  it("goes on after an error, which is raised", function()
    local process = require "spec.support.process"
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write([[
      local lunacoap = require "lunacoap"
      local agenda = require("lunacoap.fleet.agenda").new()
      local whom = { life = 0 }
      agenda:at(lunacoap.now(), function() error "broken" end, whom)
      agenda:at(lunacoap.now() + 0.01, function() print "went on" end, whom)
    ]])
    file:close()
    local child <close> = process.start(process.build_folder() .. "/lunacoap " .. path)
    local output = child:finish()
    os.remove(path)
    assert.matches("broken", output)
    assert.matches("went on", output)
  end)
end)
