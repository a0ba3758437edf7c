local address = require("lunacoap.probe").address

describe("an address", function()
  it("is read from a literal of either family", function()
    assert.are.equal("192.0.2.1", address.parse("192.0.2.1").host)
    assert.are.equal("2001:db8::1", address.parse("2001:DB8:0::1").host)
    assert.are.equal("::1", address.parse("[::1]").host)
  end)

  it("is written with its port, in brackets for IPv6", function()
    assert.are.equal("192.0.2.1:5683", address.parse("192.0.2.1", 5683).text)
    assert.are.equal("[2001:db8::1]:65535", address.parse("2001:db8::1", 65535).text)
  end)

  it("is not read from names and broken literals", function()
    local wrong = {
      "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.400", "01.2.3.4", "[1.2.3.4]", "[::1", "::1]",
      "[]", ":::", "::1%lo", "fe80::1%nosuchif", "fe80::1%0", "fe80::1%", "1.2.3.4%lo",
      "1.2.3.4\0", ("1"):rep(64),
    }
    for _, text in ipairs(wrong) do
      assert.is_nil(address.parse(text), text)
    end
  end)

  it("takes the interface of link-local and group addresses by name and by number", function()
    assert.are.equal(1, address.parse("fe80::1%lo").scope)
    assert.are.equal("fe80::1%7", address.parse("[fe80::1%7]").host)
    assert.are.equal(1, address.parse("ff02::fd%lo").scope)
    assert.are.equal(1, address.parse("224.0.1.187%lo").scope)
    assert.are.equal(0, address.parse("fe80::1").scope)
  end)

  it("is the same address in IPv4 and in its IPv4-mapped form", function()
    local plain, mapped = address.parse("192.0.2.1", 1), address.parse("::ffff:192.0.2.1", 1)
    assert.are.same(plain, mapped)
    assert.is_true(mapped.ipv4)
  end)

  it("tells the unspecified and the group addresses of both families", function()
    for _, text in ipairs({ "0.0.0.0", "::" }) do
      assert.is_true(address.parse(text).any, text)
    end
    for _, text in ipairs({ "224.0.0.0", "239.255.255.255", "ff02::1" }) do
      assert.is_true(address.parse(text).multicast, text)
    end
    for _, text in ipairs({ "127.0.0.1", "223.255.255.255", "240.0.0.0", "fe80::1", "::1" }) do
      assert.is_false(address.parse(text).any, text)
      assert.is_false(address.parse(text).multicast, text)
    end
  end)

  it("comes back unchanged from a socket's form", function()
    local cases = {
      { "192.0.2.1", false }, { "192.0.2.1", true }, { "::1", true }, { "fe80::1%3", true },
      { "0.0.0.0", false }, { "::", true }, { "ff02::fd%2", true },
    }
    for _, case in ipairs(cases) do
      local len, host, port, same = address.convert(case[1], 5683, case[2])
      assert.are.same({ case[2] and 28 or 16, case[1], 5683, true }, { len, host, port, same })
    end
  end)

  it("of IPv6 has no form for an IPv4 socket", function()
    assert.are.equal(0, (address.convert("2001:db8::1", 1, false)))
  end)

  it("has a hash that depends on host, port and interface", function()
    local hashes, count = {}, 0
    for _, host in ipairs({ "192.0.2.1", "192.0.2.2", "::1", "fe80::1%1", "fe80::1%2" }) do
      for port = 1, 100 do
        hashes[address.parse(host, port).hash] = true
      end
    end
    for _ in pairs(hashes) do
      count = count + 1
    end
    assert.are.equal(500, count)
    assert.are.equal(address.parse("::1", 9).hash, address.parse("::1", 9).hash)
  end)
end)
