local params = require("lunacoap.probe").params

local S = 1000000

describe("the transmission parameters", function()
  it("give the times of RFC 7252 4.8.2 by default", function()
    local times = params.times()
    assert.are.equal(45 * S, times.span)
    assert.are.equal(93 * S, times.wait)
    assert.are.equal(247 * S, times.lifetime)
    assert.are.equal(145 * S, times.non_lifetime)
  end)

  it("change the derived times with them (RFC 7252 4.8.2)", function()
    local times = params.times {
      ack_timeout = 1 * S, ack_random_factor = 2.0, max_retransmit = 2, max_latency = 10 * S,
    }
    assert.are.equal(1 * 3 * 2 * S, times.span)
    assert.are.equal(1 * 7 * 2 * S, times.wait)
    assert.are.equal((6 + 2 * 10 + 1) * S, times.lifetime)
    assert.are.equal((6 + 10) * S, times.non_lifetime)
  end)

  it("are refused, each by its name, when out of range", function()
    assert.is_nil(params.check())
    local wrong = {
      AckTimeout = { ack_timeout = 0 },
      AckRandomFactor = { ack_random_factor = 0.9 }, -- RFC 7252 4.8.1: not below 1
      MaxRetransmit = { max_retransmit = 21 },
      NStart = { nstart = 0 },
      MaxLatency = { max_latency = -1 },
      ProbingRate = { probing_rate = -1 },
    }
    for name, values in pairs(wrong) do
      local code, text = params.check(values)
      assert.are.equal(1, code)
      assert.is_truthy(text:find(name, 1, true), text)
    end
    assert.are.equal(1, (params.check { ack_random_factor = 0 / 0 }))
    assert.are.equal(1, (params.check { probing_rate = 0 / 0 }))
  end)

  it("are refused when a message would live for more than an hour", function()
    assert.is_nil(params.check { max_latency = 1700 * S })
    local _, text = params.check { max_latency = 1800 * S }
    assert.is_truthy(text:find("EXCHANGE_LIFETIME", 1, true))
    assert.are.equal(1, (params.check { max_retransmit = 20, ack_timeout = 600 * S }))
  end)
end)
