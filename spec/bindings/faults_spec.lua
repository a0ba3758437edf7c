-- Faults, each alone: what arrives of a row of datagrams, and when; and what their conditions say.
local lunacoap = require "lunacoap"
local line = require "spec.support.line"

-- The numbers of the datagrams in what line.through() returns.
local function numbers(text)
  local list = {}
  for number in text:gmatch("(%d+)@") do
    list[#list + 1] = math.tointeger(number)
  end
  return list
end

local function times(text)
  local list = {}
  for time in text:gmatch("@(%S+)") do
    list[#list + 1] = tonumber(time)
  end
  return list
end

for _, direction in ipairs { "sending", "receiving" } do
  local function through(...)
    return line.through(direction, ...)
  end

  describe(("a fault in %s"):format(direction), function()
    it("is none where none is asked for", function()
      assert.are.equal("1@0.000 2@0.100 3@0.200", through({}, 3, 0.1))
    end)

    it("drops", function()
      assert.are.equal("", through({ { "drop" } }, 3))
      assert.are.equal("1@0.000 3@0.000", through({ { "drop", number = 2 } }, 3))
    end)

    it("duplicates, at once, as often as it is told", function()
      -- The server takes a duplicate for one (RFC 7252 4.5), so they are counted on the wire.
      local seen = lunacoap.virtual(function()
        local fault = { { "duplicate", number = 2, copies = 3 } }
        local server <close> = line.sink(direction == "receiving" and { receiving = fault } or {})
        local client <close> = line.source(direction == "sending" and { sending = fault } or {})
        local list = line.watch(server)
        line.send(client, server, 3, 0.1)
        local text = {}
        for _, one in ipairs(list) do
          if one.verb == "received from" then
            text[#text + 1] = ("%s@%.1f"):format(one.data:sub(-1), one.at)
          end
        end
        assert.matches("duplicates=3 ", server:Config "Statistics")
        return table.concat(text, " ")
      end)
      assert.are.equal("1@0.0 2@0.1 2@0.1 2@0.1 2@0.1 3@0.2", seen)
    end)

    it("delays by exactly so much, and keeps the order of what is sent at one moment", function()
      assert.are.equal("1@0.250 2@0.250 3@0.250 4@0.250 5@0.250 6@0.250 7@0.250",
        through({ delay = 0.25 }, 7))
      assert.are.equal("1@0.250 2@0.350 3@0.450", through({ delay = 0.25 }, 3, 0.1))
    end)

    it("delays by something between two bounds, so that datagrams overtake each other", function()
      local text = through({ delay = 0.5, jitter = 0.2 }, 200)
      local found, ordered = times(text), true
      assert.are.equal(200, #found)
      local low, high = math.min(table.unpack(found)), math.max(table.unpack(found))
      assert.is_true(low >= 0.3 and low < 0.32 and high <= 0.7 and high > 0.68, low .. " " .. high)
      for i, number in ipairs(numbers(text)) do
        ordered = ordered and number == i
      end
      assert.is_false(ordered)
    end)

    it("adds delays up", function()
      assert.are.equal("2@0.100 1@0.600",
        through({ { "delay", by = 0.5, number = 1 }, delay = 0.1 }, 2))
    end)

    it("lets the next one overtake", function()
      assert.are.equal("2@0.100 1@0.100 3@0.200", through({ { "reorder", number = 1 } }, 3, 0.1))
      -- Two that wait keep their order; what is dropped overtakes nobody.
      assert.are.equal("3@0.200 1@0.200 2@0.200 4@0.300",
        through({ { "reorder", number = { 1, 2 } } }, 4, 0.1))
      assert.are.equal("3@0.200 1@0.200",
        through({ { "reorder", number = 1 }, { "drop", number = 2 } }, 3, 0.1))
    end)

    it("waits no longer than it is told for the next one to overtake", function()
      assert.are.equal("1@1.000", through({ { "reorder" } }, 1))
      assert.are.equal("1@0.300 2@0.800",
        through({ { "reorder", number = 1, by = 0.3 } }, 2, 0.8))
    end)

    it("lets the next one overtake that is delayed itself", function()
      assert.are.equal("2@0.600 1@0.600 3@0.700",
        through({ { "reorder", number = 1 }, delay = 0.5 }, 3, 0.1))
      -- One that was under way before overtakes nobody.
      assert.are.equal("1@0.150 3@0.200 2@0.200",
        through({ { "delay", by = 0.15, number = 1 }, { "reorder", number = 2 } }, 3, 0.1))
      -- It has its own delay all the same.
      assert.are.equal("2@0.100 1@0.400",
        through({ { "delay", by = 0.4, number = 1 }, { "reorder", number = 1 } }, 2, 0.1))
    end)

    it("limits to so many bytes in a second", function()
      -- Header 4, token 8, marker 1, payload 1: 14 bytes each.
      assert.are.equal("1@0.140 2@0.280 3@0.420", through({ rate = 100 }, 3))
      assert.are.equal("1@0.140 2@0.340 3@0.540", through({ rate = 100 }, 3, 0.2))
      -- What would wait for more than a minute is lost.
      assert.are.equal("1@14.000 2@28.000 3@42.000 4@56.000", through({ rate = 1 }, 6))
    end)

    it("blacks out for a while", function()
      assert.are.equal("1@0.000 4@1.500 5@2.000",
        through({ blackout = { 0.4, 1.1 } }, 5, 0.5))
      assert.are.equal("1@0.000 3@1.000", through({ blackout = { { 0.5, 0.6 }, { 1.2 } } }, 5, 0.5))
    end)

    -- The bytes of one datagram before and behind the fault.
    local function changed(fault)
      return lunacoap.virtual(function()
        local plan = { seed = 11, [direction] = { fault } }
        local sending = direction == "sending"
        local server <close> = line.sink(not sending and plan or {})
        local client <close> = line.source(sending and plan or {})
        local out, came = line.watch(client), line.watch(server)
        line.send(client, server, 1)
        lunacoap.sleep(1)
        local sent, received
        for _, one in ipairs(out) do
          sent = one.verb == "sent to" and one.data or sent
        end
        for _, one in ipairs(came) do
          received = one.verb == "received from" and one.data or received
        end
        return sent, received
      end)
    end

    local function flipped(sent, received)
      local count = 0
      for i = 1, #sent do
        local bits = sent:byte(i) ~ received:byte(i)
        while bits > 0 do
          count, bits = count + (bits & 1), bits >> 1
        end
      end
      return count
    end

    for _, bits in ipairs { 1, 2, 50, 100 } do
      it(("changes %d bits"):format(bits), function()
        local sent, received = changed { "corrupt", bits = bits }
        assert.are.equal(#sent, #received)
        assert.are.equal(bits, flipped(sent, received))
      end)
    end

    it("cuts datagrams short", function()
      local sent, received = changed { "truncate", to = 5 }
      assert.are.equal(sent:sub(1, 5), received)
      sent, received = changed { "truncate", to = 500 }
      assert.are.equal(sent, received)
    end)

    it("cuts anywhere where it is not told where", function()
      local lengths, count = {}, 0
      lunacoap.virtual(function()
        local plan = { [direction] = { truncate = 1 } }
        local server <close> = line.sink(direction == "receiving" and plan or {})
        local client <close> = line.source(direction == "sending" and plan or {})
        local came = line.watch(server)
        line.send(client, server, 200)
        lunacoap.sleep(1)
        for _, one in ipairs(came) do
          if one.verb == "received from" and not lengths[#one.data] then
            lengths[#one.data], count = true, count + 1
            assert.is_true(#one.data < 16)
          end
        end
      end)
      assert.is_true(count > 10, count)
    end)
  end)

  describe(("a condition in %s"):format(direction), function()
    it("of chance is met about so often, whatever the seed", function()
      for seed = 0, 9 do
        local text = line.through(direction, { loss = 0.2 }, 2000, nil, seed)
        local lost = 2000 - #numbers(text)
        -- Six times the standard deviation, which is 18.
        assert.is_true(lost > 292 and lost < 508, ("%d lost with seed %d"):format(lost, seed))
      end
    end)

    it("of chance 0 is never met, and of 1 always", function()
      assert.are.equal(500, #numbers(line.through(direction, { { "drop", chance = 0 } }, 500)))
      assert.are.equal("", line.through(direction, { { "drop", chance = 1 } }, 500))
    end)

    it("of a number counts what fits the others", function()
      assert.are.equal("1@0.000 4@0.000 5@0.000",
        line.through(direction, { { "drop", type = "NON", number = { 2, 3 } } }, 5))
      assert.are.equal("1@0.000 2@0.000",
        line.through(direction, { { "drop", code = "POST", number = { 3 } } }, 5))
      assert.are.equal("1@0.000 2@0.000 3@0.000",
        line.through(direction, { { "drop", code = "GET", number = 1 } }, 3))
      assert.are.equal("1@0.000 2@0.000 3@0.000",
        line.through(direction, { { "drop", type = "CON" } }, 3))
      assert.are.equal("1@0.000 2@0.000 3@0.000",
        line.through(direction, { { "drop", record = "handshake" } }, 3))
    end)

    it("of a number counts what another fault has dropped", function()
      assert.are.equal("3@0.000",
        line.through(direction, { { "drop", number = 1 }, { "drop", number = 2 } }, 3))
    end)

    it("of a time counts from when the faults were set", function()
      assert.are.equal("1@0.000 2@0.500 5@2.000",
        line.through(direction, { { "drop", at = { 0.6, 1.6 } } }, 5, 0.5))
    end)
  end)
end

describe("retransmissions", function()
  -- A request through faults at both ends; whether it was answered, and what the client saw.
  local function request(sending, answering)
    return lunacoap.virtual(function()
      local server <close> = line.sink { sending = answering }
      server.OnRequest = function(coap) coap.ResponseData = "x" end
      local client <close> = line.component({ sending = sending }, { Timeout = 1000 })
      local out, verbs = line.watch(client), {}
      local ok = pcall(client.Get, client, ("coap://127.0.0.1:%d/"):format(server.LocalPort))
      for i, one in ipairs(out) do
        verbs[i] = one.verb:match("^%a+")
      end
      return ok, table.concat(verbs, " "), out
    end)
  end

  it("are counted from 1; 0 is what is sent first", function()
    local ok, verbs = request { { "drop", retransmission = { 0, 2 } } }
    assert.is_true(ok)
    assert.are.equal("dropped sent dropped sent dropped sent sent received", verbs)
  end)

  it("have exact times in virtual time (RFC 7252 4.2)", function()
    local ok, verbs, out = request { { "drop" } }
    assert.is_false(ok)
    assert.are.equal(("dropped sent "):rep(5), verbs .. " ")
    local first = out[3].at - out[1].at
    assert.is_true(first >= 2 and first <= 3, first)
    for i, sum in ipairs { 0, 1, 3, 7, 15 } do
      assert.is_true(math.abs(out[2 * i].at - first * sum) < 1e-5, out[2 * i].at)
    end
  end)

  it("can be dropped alone", function()
    local ok, verbs = request({ { "drop", retransmission = 2 } }, { { "drop", number = { 1, 3 } } })
    assert.is_true(ok)
    assert.are.equal("sent sent dropped sent sent sent received", verbs)
  end)

  it("are those of one peer: the same bytes to another are new", function()
    lunacoap.virtual(function()
      local a <close>, one = line.sink()
      local b <close>, two = line.sink()
      local client <close> = line.source { sending = { { "drop", retransmission = { 1 } } } }
      for _, server in ipairs { a, b } do
        client:Config "UseEmptyToken=True"
        client:Config "MessageId=7"
        line.send(client, server, 1)
      end
      lunacoap.sleep(1)
      assert.are.same({ { "1@0.000" }, { "1@0.000" } }, { one, two })
    end)
  end)
end)

describe("dice", function()
  local function run(seed, lane)
    return line.through("sending", lane, 300, nil, seed)
  end

  it("fall the same with the same seed, and otherwise with another", function()
    for _, lane in ipairs { { loss = 0.1 }, { delay = 1, jitter = 1 }, { corrupt = 0.3 },
      { truncate = 0.1 }, { reorder = 0.1 }, { duplicate = 0.1, loss = 0.1 } } do
      assert.are.equal(run(4, lane), run(4, lane))
      assert.are_not.equal(run(4, lane), run(5, lane))
    end
  end)

  it("of one fault are not those of another", function()
    -- Independent ones leave 0.25 of all; the same dice would leave 0.5.
    local left = #numbers(run(2, { { "drop", chance = 0.5 }, { "drop", chance = 0.5 } }))
    assert.is_true(left > 40 and left < 115, left)
    -- And how long is not what whether says: a chance of 0.1 with the same dice would delay by
    -- less than 0.1 always.
    local delays = times(run(2, { { "delay", by = { 0, 1 }, chance = 0.1 } }))
    local longest = math.max(table.unpack(delays))
    assert.is_true(longest > 0.3, longest)
  end)

  it("of one direction are not those of the other", function()
    assert.are_not.same(numbers(line.through("sending", { loss = 0.5 }, 100)),
      numbers(line.through("receiving", { loss = 0.5 }, 100)))
  end)

  it("of datagrams to one peer do not depend on those to others", function()
    local function lost(between)
      return lunacoap.virtual(function()
        local server <close>, arrived = line.sink()
        local other <close> = line.sink()
        local client <close> = line.source { seed = 3, sending = { loss = 0.3 } }
        for i = 1, 50 do
          client.RequestData = tostring(i)
          client:Post(("coap://127.0.0.1:%d/"):format(server.LocalPort))
          for _ = 1, between do
            client:Post(("coap://127.0.0.1:%d/"):format(other.LocalPort))
          end
        end
        lunacoap.sleep(1)
        return table.concat(arrived, " ")
      end)
    end
    assert.are.equal(lost(0), lost(3))
  end)

  it("of one direction do not depend on the traffic of the other", function()
    local function lost(answers)
      return lunacoap.virtual(function()
        local server <close>, arrived = line.sink()
        local note = server.OnRequest
        server.OnRequest = function(coap, e)
          note(coap, e)
          if answers then
            e.SendResponse, coap.ResponseData = true, "x"
          end
        end
        local client <close> = line.source { seed = 3,
          sending = { loss = 0.3 }, receiving = { loss = 0.3, duplicate = 0.5 } }
        line.send(client, server, 50, 0.1)
        return table.concat(arrived, " ")
      end)
    end
    assert.are.equal(lost(false), lost(true))
  end)

  it("of two peers differ", function()
    lunacoap.virtual(function()
      local a <close>, one = line.sink()
      local b <close>, two = line.sink()
      local client <close> = line.source { sending = { loss = 0.5 } }
      line.send(client, a, 50)
      line.send(client, b, 50)
      lunacoap.sleep(1)
      assert.are_not.equal(table.concat(one, " "), table.concat(two, " "))
    end)
  end)
end)
