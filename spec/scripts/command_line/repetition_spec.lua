-- The command that repeats a simulation.
local repetition = require "lunacoap.command_line.repetition"

local function command(given, ...)
  local fleets = {}
  for i, seed in ipairs { ... } do
    fleets[i] = { plan = { seed = seed } }
  end
  given.arguments = given.arguments or {}
  return repetition.of(given, { seed = ..., fleets = fleets })
end

describe("the command that repeats a simulation", function()
  it("names the seed, and what else was given", function()
    assert.are.equal("lunacoap simulate a.lua --seed 1", command({ file = "a.lua" }, 1))
    assert.are.equal("lunacoap simulate a.lua --seed 1 --for 24h --virtual",
      command({ file = "a.lua", time = "24h", virtual = true }, 1))
    assert.are.equal("lunacoap simulate a.lua --count 5 --seed=-3 --ramp 30s:poisson --for 1m --server coap://[::1]:5700",
      command({ file = "a.lua", count = 5, ramp = "30s:poisson", time = "1m", server = "coap://[::1]:5700" }, -3)
        :gsub("'", ""))
  end)

  it("names no seed where the file has several", function()
    assert.are.equal("lunacoap simulate a.lua", command({ file = "a.lua" }, 1, 2))
    assert.are.equal("lunacoap simulate a.lua --seed 4", command({ file = "a.lua" }, 4, 4))
  end)

  it("is taken by a shell as it was", function()
    local text = command({ file = "my devices.lua", arguments = { "it's", "$HOME", "", "-x" } }, 1)
    assert.are.equal([['my devices.lua' 'it'\''s' '$HOME' '' -x]], text:match "%-%- (.*)")
    local words = assert(io.popen("set -- " .. text .. '; printf "%s|" "$@"')):read("a")
    assert.are.equal("lunacoap|simulate|--seed|1|--|my devices.lua|it's|$HOME||-x|", words)
  end)
end)
