-- Where devices have their sockets.
local address = require "lunacoap.fleet.address"
local lunacoap = require "lunacoap"

local function bound(plan, index)
  local fields = {}
  address.bind(plan, index, fields)
  return fields
end

local function assigned(...)
  local plans = { ... }
  address.assign(plans)
  return table.unpack(plans)
end

describe("devices with sockets of their own", function()
  it("have any port, or the one that follows the last device's", function()
    assert.are.same({}, bound({ sockets = "own" }, 3))
    assert.are.same({}, bound({ sockets = "own", port = 0 }, 3))
    assert.are.same({ LocalPort = 5683 }, bound({ sockets = "own", port = 5683 }, 1))
    assert.are.same({ LocalPort = 5685 }, bound({ sockets = "own", port = 5683 }, 3))
  end)

  it("have the address that follows the last device's, and the same port", function()
    assert.are.same({ LocalHost = "127.16.0.3" }, bound({ sockets = "own", address = "127.16.0.1" }, 3))
    assert.are.same({ LocalHost = "127.17.0.0", LocalPort = 5683 },
      bound({ sockets = "own", address = "127.16.255.255", port = 5683 }, 2))
  end)
end)

describe("devices that share a socket", function()
  it("have an address each, of those that every machine owns", function()
    assert.are.same({ LocalHost = "127.16.0.1", ShareSocket = true },
      bound(assigned { sockets = "shared", count = 1 }, 1))
    assert.are.same({ LocalHost = "127.16.195.80", LocalPort = 5683, ShareSocket = true },
      bound(assigned { sockets = "shared", port = 5683, count = 50000 }, 50000))
    assert.are.same({ LocalHost = "127.16.0.1", ShareSocket = true },
      bound(assigned { sockets = "shared", port = 0, count = 1 }, 1))
  end)

  it("have other ones than those of other fleets that run with them", function()
    local _, named, second = assigned({ sockets = "shared", count = 300 },
      { sockets = "shared", count = 5, address = "127.99.0.1" }, { sockets = "shared", count = 2 })
    assert.are.same({ LocalHost = "127.99.0.1", ShareSocket = true }, bound(named, 1))
    assert.are.same({ LocalHost = "127.16.1.45", ShareSocket = true }, bound(second, 1))
  end)

  it("are all that do not say otherwise when there are not enough descriptors for their sum", function()
    local most = lunacoap.descriptors(1000000000) // 2
    local first, own, second = assigned({ count = most }, { count = 1, sockets = "own" }, { count = most })
    assert.are.same({ "shared", "own", "shared" }, { first.sockets, own.sockets, second.sockets })
    local shared, alone = assigned({ count = most, sockets = "shared" }, { count = most })
    assert.are.same({ "shared", "own" }, { shared.sockets, alone.sockets })
  end)
end)

describe("an IPv4 address", function()
  it("is four numbers up to 255", function()
    assert.are.equal(0x7F100001, address.number "127.16.0.1")
    assert.are.equal(0xFFFFFFFF, address.number "255.255.255.255")
    for _, wrong in ipairs { "", "127.0.0", "127.0.0.256", "127.0.0.1.2", " 127.0.0.1", "::1", "localhost", 1 } do
      assert.is_nil(address.number(wrong), wrong)
    end
    assert.is_nil(address.number(nil))
  end)

  it("is there for all, and a port too, or it is said why not", function()
    local function fails(text, plan)
      local ok, err = pcall(address.assign, { plan })
      assert.is_false(ok)
      assert.matches(text, err)
    end
    assigned { count = 1 }
    assigned { count = 3, port = 65533 }
    assigned { count = 3, port = 65535, sockets = "shared" }
    assigned { count = 3, port = 65535, address = "127.0.0.1" }
    assigned { count = 70000, port = 0 }
    assigned { count = 3, address = "127.255.255.252" }
    fails("^3 devices from port 65534 on need ports above 65535; give them an address each$", { count = 3, port = 65534 })
    fails("^2 devices from 127.255.255.254 on need addresses above 127.255.255.254$",
      { count = 2, address = "127.255.255.254" })
    fails("^2 devices from 223.255.255.255 on need addresses above 223.255.255.255$",
      { count = 2, address = "223.255.255.255" })
    fails("^1 device from 224.0.0.1 on needs addresses above 223.255.255.255$", { count = 1, address = "224.0.0.1" })
  end)
end)
