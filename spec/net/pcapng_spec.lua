-- The blocks of capture files, one by one, and the headers of their packets.
local probe = require "lunacoap.probe"
local writer, base = probe.pcapng, probe.base
local pcapng = require "spec.support.pcapng"

local COAP = "\x40\x01\x12\x34"

local function packet(changes)
  local what = { from = "192.0.2.1", from_port = 5683, to = "192.0.2.2", to_port = 40000,
    data = COAP, micros = 1700000000123456, sent = true }
  for key, value in pairs(changes or {}) do
    what[key] = value
  end
  return what
end

local function written(changes)
  return pcapng.blocks(writer.packet(packet(changes)))[1]
end

-- RFC 1071: with its checksum among it, the sum of all is 0xffff.
local function sum(text)
  local total = 0
  for at = 1, #text, 2 do
    total = total + (text:byte(at) << 8 | (text:byte(at + 1) or 0))
  end
  while total > 0xffff do
    total = (total & 0xffff) + (total >> 16)
  end
  return total
end

describe("the beginning of a file", function()
  local blocks = pcapng.blocks(writer.begin())

  it("is a section of this machine's byte order", function()
    assert.are.equal("section", blocks[1].kind)
    assert.are.equal(0x1a2b3c4d, blocks[1].magic)
    assert.are.equal("1.0", blocks[1].version)
    assert.are.equal(-1, blocks[1].length)
    assert.are.equal("lunacoap " .. require("lunacoap").VERSION, blocks[1].options[4])
  end)

  it("has interfaces of raw IP, and of messages that say what they are", function()
    local links, names = {}, {}
    for i = 2, #blocks do
      assert.are.equal("interface", blocks[i].kind)
      links[i - 1], names[i - 1] = blocks[i].link, blocks[i].options[2]
    end
    assert.are.same({ 101, 101, 252, 252, 252 }, links)
    assert.are.same({ "network", "dropped", "in DTLS", "network, CoAP", "dropped, CoAP" }, names)
  end)
end)

describe("a block of secrets", function()
  it("holds lines of a TLS key log", function()
    local line = "CLIENT_RANDOM " .. ("0a"):rep(32) .. " " .. ("ff"):rep(48) .. "\n"
    assert.are.same({ kind = "secrets", type = 0x544c534b, lines = line },
      pcapng.blocks(writer.secrets(line))[1])
  end)
end)

describe("a packet", function()
  it("has its time, its direction and its bytes", function()
    local block = written()
    assert.are.equal(1700000000123456, block.micros)
    assert.are.equal(0, block.interface)
    assert.are.equal(20 + 8 + #COAP, block.original)
    assert.are.equal(COAP, block.data:sub(29))
    assert.are.equal("\2\0\0\0", block.options[2])
    assert.are.equal("\1\0\0\0", written({ sent = false }).options[2])
    assert.is_nil(block.options[1])
  end)

  it("tells in a comment what a fault did", function()
    local block = written({ interface = 1, comment = "dropped: the second retransmission" })
    assert.are.equal("dropped: the second retransmission", block.options[1])
    assert.are.equal(1, block.interface)
  end)

  it("is whole at every length", function()
    for length = 0, 9 do
      assert.are.equal(("x"):rep(length), written({ data = ("x"):rep(length) }).data:sub(29))
    end
  end)

  it("says that it is CoAP where readers would not know", function()
    local block = written({ from_port = 40001 })
    assert.are.equal(3, block.interface)
    assert.are.equal("\0\12\0\4coap\0\20\0\4\192\0\2\1\0\21\0\4\192\0\2\2\0\24\0\4\0\0\0\3"
      .. "\0\25\0\4\0\0\x9c\x41\0\26\0\4\0\0\x9c\x40\0\0\0\0" .. COAP, block.data)
    assert.are.equal(4, written({ from_port = 40001, interface = 1 }).interface)
    assert.are.equal(0, written({ from_port = 40001, data = "\22\254\253\0" }).interface)
    local six = written({ from_port = 1, from = "2001:db8::1", to = "2001:db8::2" })
    assert.are.equal("\0\22\0\16\x20\x01\x0d\xb8", six.data:sub(9, 16))
  end)

  it("leaves nothing behind for want of memory", function()
    for count = 0, 3 do
      base.fail_after(count)
      local block = writer.packet(packet({ data = ("x"):rep(500) }))
      base.fail_after()
      assert.is_true(block == nil or #pcapng.blocks(block) == 1)
    end
  end)
end)

describe("the headers of a packet", function()
  for _, case in ipairs {
    { "192.0.2.1", "192.0.2.2", 20, "\x45\0" }, { "2001:db8::1", "ff02::fd", 40, "\x60\0" },
    { "127.0.0.1", "224.0.1.187", 20, "\x45\0" },
  } do
    local from, to, ip, first = table.unpack(case)
    it(("have right lengths and checksums: %s to %s"):format(from, to), function()
      for length = 0, 5 do
        local data = ("\xff\xfe\xfd\xfc\xfb"):sub(1, length)
        local header = writer.headers(packet({ from = from, to = to, data = data }))
        assert.are.equal(ip + 8, #header)
        assert.are.equal(first, header:sub(1, 2))
        local udp = header:sub(ip + 1)
        local from_port, to_port, udp_length = string.unpack(">I2I2I2", udp)
        assert.are.same({ 5683, 40000, 8 + length }, { from_port, to_port, udp_length })
        if ip == 20 then
          assert.are.equal(0xffff, sum(header:sub(1, 20)))
          assert.are.equal(28 + length, (string.unpack(">I2", header, 3)))
        else
          assert.are.equal(8 + length, (string.unpack(">I2", header, 5)))
        end
        local addresses = header:sub(ip == 20 and 13 or 9, ip)
        assert.are.equal(0xffff,
          sum(addresses .. string.pack(">I2I2", 17, 8 + length) .. udp .. data))
      end
    end)
  end

  it("have no checksum that would mean none", function()
    local header = writer.headers(packet { from = "0.0.0.0", from_port = 0, to = "0.0.0.0",
      to_port = 0, data = string.pack(">I2", 0xffff - 17 - 10 - 10) })
    assert.are.equal("\xff\xff", header:sub(27, 28))
  end)
end)

describe("the source of a datagram", function()
  it("is the address that the system would choose", function()
    assert.are.equal("127.0.0.1", writer.source("127.0.0.1"))
    assert.are.equal("127.0.0.1", writer.source("127.1.2.3"))
    assert.are.equal("::1", writer.source("::1"))
  end)
end)
