-- How many handshakes there may be, and which of them gives room (runtime/secure/room.c); in virtual
-- time, with the fake engine.

local fake = require "spec.support.dtls_fake"

local CLIENT, OTHER, HANDSHAKE = fake.CLIENT, fake.OTHER, 276
local proven = fake.proven
local get, begin, open, turns, counts = fake.get, fake.begin, fake.open, fake.turns, fake.counts

local net, host

before_each(function()
  fake.start()
  net, host = fake.net, fake.host
end)
after_each(fake.stop)

describe("a handshake", function()
  it("that is the 1001st ends the oldest, but none of ours, and none that has just begun", function()
    local client = net:security{ engine = "fake" }
    local ours = host.filter:connect(client, OTHER)
    for i = 0, 999 do
      host.filter:receive(proven("a", CLIENT + i), CLIENT + i, host.address)
    end
    assert.are.same({ 0, 1000 }, counts())
    assert.are.same({}, host.closed)
    net:run(2)
    begin("a", CLIENT + 999)
    begin("a", CLIENT + 1000)
    assert.are.same({ 0, 1000 }, counts())
    assert.are.equal(2, #host.closed)
    assert.are.equal(CLIENT, host.closed[1][4])
    assert.are.equal(CLIENT + 1, host.closed[2][4])
    assert.is_true(ours ~= host.closed[1][1] and ours ~= host.closed[2][1])
    assert.are.equal(HANDSHAKE, host.closed[1][2])
  end)

  -- Hellos of as many ports of one host, which all have their cookies.
  local function crowd(from, count, at)
    for i = from, from + count - 1 do
      local client = (at or CLIENT) + i
      host.filter:receive(proven("a", client), client, host.address)
    end
  end

  it("finds room when the host that has the most of them is another one", function()
    crowd(0, 1000)
    begin("a", CLIENT + 1000)
    assert.are.same({}, host.closed)
    open("a", OTHER)
    assert.are.same({ 1, 999 }, counts())
    assert.are.equal(CLIENT + 999, host.closed[1][4]) -- the furthest from its end
    crowd(2000, 10)
    assert.are.same({ 1, 1000 }, counts())
    assert.are.equal(1, #host.closed)
  end)

  it("goes on among those of a host that has more, however long it takes", function()
    begin("a", OTHER)
    for second = 0, 20 do
      crowd(second * 1000, 1000)
      net:run(1)
    end
    assert.are.same({ 0, 1000 }, counts())
    for _, closed in ipairs(host.closed) do
      assert.are_not.equal(OTHER, closed[4])
    end
    get(0, "up", OTHER)
    turns()
    assert.are.equal(1, #host.ups)
  end)

  it("finds room for a third of them at most in this way", function()
    crowd(0, 1000)
    crowd(0, 1000, OTHER)
    assert.are.same({ 0, 1000 }, counts())
    assert.are.equal(333, #host.closed)
  end)

  it("that has begun goes on when thousands of hosts come at once", function()
    for i = 0, 4999 do
      local client = CLIENT + (i << 16)
      host.filter:receive(proven("a", client), client, host.address)
    end
    assert.are.same({ 0, 1000 }, counts())
    assert.are.same({}, host.closed)
  end)
end)
