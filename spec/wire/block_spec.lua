local wire = require("lunacoap.probe").wire

describe("a block value", function()
  it("holds number, more and size (RFC 7959 2.2)", function()
    assert.are.same({ num = 0, more = false, szx = 0, size = 16, offset = 0, value = 0 },
      wire.read_block "")
    -- 1 << 4 | 1 << 3 | 2
    assert.are.same({ num = 1, more = true, szx = 2, size = 64, offset = 64, value = 0x1a },
      wire.read_block "\x1a")
    -- 0x123 << 4 | 6
    assert.are.same({ num = 0x123, more = false, szx = 6, size = 1024, offset = 0x123 * 1024,
      value = 0x1236 },
      wire.read_block "\x12\x36")
    assert.are.same({ num = 0xfffff, more = true, szx = 6, size = 1024, offset = 0xfffff * 1024,
      value = 0xfffffe },
      wire.read_block "\xff\xff\xfe")
  end)

  it("may have leading zeroes, but at most 3 bytes (RFC 7959 2.1)", function()
    assert.are.equal(1, wire.read_block("\0\0\x16").num)
    assert.is_nil(wire.read_block "\0\0\0\x16")
  end)

  it("has sizes from 16 to 1024; the eighth is reserved (RFC 7959 2.2)", function()
    for szx = 0, 6 do
      assert.are.equal(16 << szx, wire.read_block(string.char(szx)).size)
    end
    assert.is_nil(wire.read_block "\7")
    assert.is_nil(wire.read_block "\x1f")
  end)

  it("uses the largest size that is not above what is asked for", function()
    for size, szx in pairs { [0] = 0, [15] = 0, [16] = 0, [31] = 0, [32] = 1, [63] = 1, [512] = 5,
      [1023] = 5, [1024] = 6, [1 << 40] = 6 } do
      assert.are.equal(szx, wire.block_szx(size))
    end
  end)
end)
