-- A test scenario: the greenhouse of greenhouse_server.lua, as a client meets it. `get`, `put`,
-- `observe` ... are words of lunacoap test; describe, it and assert are busted's.
--   lunacoap test examples/scenario_spec.lua

describe("the greenhouse", function()
  local base

  before_each(function()
    base = run_script("examples/greenhouse_server.lua").uri -- in this process, on a free port
  end)

  it("tells what it has", function()
    assert.response(get(base .. "/.well-known/core?rt=set-point"))
      .has_code("2.05").has_format("link-format").has_payload_matching("</rooms/orchids/target>")
    assert.response(get(base .. "/rooms", { accept = "cbor" })).has_format("cbor").has_value {
      orchids = { temperature = 24, target = 26 },
      tomatoes = { temperature = 19, target = 21 },
    }
  end)

  it("refuses what makes no sense, and keeps what it had", function()
    assert.response(put(base .. "/rooms/orchids/target", 99)).has_code("4.00")
      .has_payload("a target is a number from 5 to 40")
    assert.response(get(base .. "/rooms/orchids/target", { accept = "text" })).has_payload("26")
    assert.response(get(base .. "/rooms/cactuses/target")).has_code("4.04").has_no_option("ETag")
  end)

  it("tells observers each step to a new target, and then nothing", function()
    local temperature = observe(base .. "/rooms/orchids/temperature", { accept = "text" })
    assert.response(temperature.first).has_code("2.05").has_payload("24.0").has_option("Max-Age", 5)
    assert.response(put(base .. "/rooms/orchids/target", 25)).has_code("2.04")
    assert.notifications(temperature).are({ "24.5", "25.0" }, 4)
    nothing_arrives(1.5, temperature)
  end)

  it("comes to its target in the end", function()
    put(base .. "/rooms/tomatoes/target", 19.5)
    eventually(4, function()
      assert.response(get(base .. "/rooms/tomatoes/temperature")).has_payload("19.5")
    end)
  end)
end)
