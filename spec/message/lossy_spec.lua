local random = require("lunacoap.probe").base
local Wire = require "spec.support.wire"
local coap = require "spec.support.coap"

local S = 1000000
local CLIENT, SERVER = coap.address("10.0.0.1"), coap.address("10.0.0.2")

---A client that POSTs `count` numbered messages, and a server that answers each in its own way.
local function exchange(wire, count)
  local result = { ran = {}, answered = {} }
  local server, client
  local underway = {}
  server = wire:node(SERVER, {
    request = function(request)
      local number = request.token
      result.ran[number] = (result.ran[number] or 0) + 1
      local how = string.unpack(">I2", number) % 3
      if how == 0 then -- piggybacked
        server:reply { to = request.to, from = request.from, id = request.id, token = number,
          payload = "done", keep = true }
        return
      end
      server:acknowledge(request.to, request.id, request.from)
      result[number] = server:send { to = request.to, from = request.from,
        data = coap.datagram(how == 1 and coap.CON or coap.NON, coap.CHANGED, 0, number, "done") }
    end,
  })
  client = wire:node(CLIENT, {
    response = function(response)
      local number = response.token
      result.answered[number] = (result.answered[number] or 0) + 1
      if underway[number] then
        underway[number]:cancel()
        underway[number] = nil
      end
      return true
    end,
  })
  for i = 1, count do
    local number = string.pack(">I2", i)
    underway[number] = client:send { to = SERVER,
      data = coap.datagram(coap.CON, coap.POST, 0, number) }
  end
  wire:run_to(count * 100 * S)
  result.client, result.server = client:stats(), server:stats()
  client:free()
  server:free()
  return result
end

local function count(list)
  local n = 0
  for _ in pairs(list) do n = n + 1 end
  return n
end

describe("two channels on a wire", function()
  -- Message IDs and time-outs are random, too: a run can be had again.
  before_each(function() random.seed(5) end)
  after_each(function() random.seed(0) end)

  it("need one message each way when nothing is lost", function()
    local result = exchange(Wire.new(), 300)
    assert.are.equal(300, count(result.ran))
    assert.are.equal(300, count(result.answered))
    assert.are.equal(0, result.client.retransmissions + result.server.retransmissions)
    assert.are.equal(0, result.client.duplicates + result.server.duplicates)
  end)

  it("run no POST twice while datagrams are lost, repeated and reordered (RFC 7252 4.5)", function()
    for seed = 1, 3 do
      local result = exchange(
        Wire.new { loss = 0.25, duplicate = 0.25, delay = { 1000, 6 * S }, seed = seed }, 300)
      for _, times in pairs(result.ran) do assert.are.equal(1, times) end
      for _, times in pairs(result.answered) do assert.are.equal(1, times) end
      -- A message is lost for good when it is lost five times; a NON response when it is once.
      assert.is_true(count(result.ran) >= 298)
      assert.is_true(count(result.answered) >= 260)
      assert.is_true(result.client.retransmissions > 100)
      assert.is_true(result.server.duplicates > 50)
      assert.are.equal(0, result.server.id_conflicts)
    end
  end)

  it("get every request answered under loss when responses are reliable", function()
    local wire = Wire.new { loss = 0.25, duplicate = 0.25, delay = { 1000, 3 * S }, seed = 7 }
    local runs, answers, server = {}, 0, nil
    server = wire:node(SERVER, {
      request = function(request)
        runs[request.token] = (runs[request.token] or 0) + 1
        server:reply { to = request.to, from = request.from, id = request.id,
          token = request.token, keep = true }
      end,
    })
    local client = wire:node(CLIENT, { response = function() answers = answers + 1 end })
    -- Five round trips in a row are lost now and then: try again, as a script would.
    local underway = {}
    for i = 1, 200 do
      local token = string.pack(">I2", i)
      local function try()
        underway[i] = client:send { to = SERVER, done = try,
          data = coap.datagram(coap.CON, coap.POST, 0, token) }
      end
      try()
    end
    wire:run_to(200 * 100 * S)
    assert.are.equal(200, answers)
    assert.are.equal(200, count(runs))
    for _, transmission in pairs(underway) do assert.is_false(transmission:active()) end
    client:free()
    server:free()
  end)

  it("give the same run for the same seed", function()
    local function run()
      random.seed(5)
      local wire = Wire.new { loss = 0.3, duplicate = 0.1, delay = { 0, 4 * S }, seed = 9 }
      local result = exchange(wire, 50)
      return { wire.count, result.client, result.server }
    end
    assert.are.same(run(), run())
  end)
end)
