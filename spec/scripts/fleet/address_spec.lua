-- Where devices have their sockets.
local address = require "lunacoap.fleet.address"
local lunacoap = require "lunacoap"

local function bound(plan, index)
  local fields = {}
  address.bind(plan, index, fields)
  return fields
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
    assert.are.same({ LocalHost = "127.16.0.1", ShareSocket = true }, bound({ sockets = "shared" }, 1))
    assert.are.same({ LocalHost = "127.16.195.80", LocalPort = 5683, ShareSocket = true },
      bound({ sockets = "shared", port = 5683 }, 50000))
    assert.are.same({ LocalHost = "127.16.0.1", ShareSocket = true }, bound({ sockets = "shared", port = 0 }, 1))
  end)

  it("are those for whom there are not enough descriptors", function()
    assert.is_false(address.must_share(1))
    assert.is_true(address.must_share(lunacoap.descriptors(1000000000)))
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
      local ok, err = pcall(address.check, plan)
      assert.is_false(ok)
      assert.matches(text, err)
    end
    address.check { count = 1 }
    address.check { count = 3, port = 65533 }
    address.check { count = 3, port = 65535, sockets = "shared" }
    address.check { count = 3, port = 65535, address = "127.0.0.1" }
    address.check { count = 70000, port = 0 }
    fails("^3 devices from port 65534 on need ports above 65535; give them an address each$", { count = 3, port = 65534 })
    fails("^2 devices from 255.255.255.255 on need addresses above", { count = 2, address = "255.255.255.255" })
  end)
end)
