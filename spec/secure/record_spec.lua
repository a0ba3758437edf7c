-- DTLS records as they are seen from outside (RFC 6347 4.1).

local hello = require("lunacoap.probe").hello

local function record(type, epoch, sequence, body)
  return string.pack(">BI2I2I6s2", type, 0xfefd, epoch, sequence, body)
end

describe("a datagram", function()
  it("is DTLS by its first byte, which no message of CoAP begins with", function()
    for first = 0, 255 do
      assert.are.equal(first >= 20 and first <= 63, hello.is_dtls(string.char(first)))
    end
    assert.is_false(hello.is_dtls(""))
  end)

  it("is taken as far as its records are whole", function()
    local one, two = record(22, 0, 1, "abc"), record(23, 1, 2, "")
    assert.are.equal(#one + #two, hello.frame(one .. two))
    for cut = 0, #two - 1 do
      assert.are.equal(#one, hello.frame(one .. two:sub(1, cut)))
    end
    for cut = 0, #one - 1 do
      assert.are.equal(0, hello.frame(one:sub(1, cut)))
    end
    assert.are.equal(#one, hello.frame(one .. "\x40\1\0\0" .. two))
    assert.are.equal(0, hello.frame("\x16\3\1" .. one:sub(4))) -- TLS over TCP
  end)

  it("is described record by record", function()
    assert.are.same({
      "handshake client_hello, DTLS 1.0, epoch 0, sequence 5, 1 bytes",
      "handshake, DTLS 1.2, epoch 1, sequence 281474976710655, 1 bytes",
      "handshake message, DTLS 1.2, epoch 0, sequence 0, 1 bytes",
      "alert, DTLS 1.2, epoch 0, sequence 0, 0 bytes",
      "unknown type, DTLS 1.2, epoch 65535, sequence 0, 2 bytes",
    }, hello.describe(string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 5, "\1")
      .. record(22, 1, 0xffffffffffff, "\1") .. record(22, 0, 0, "\xff") .. record(21, 0, 0, "")
      .. record(30, 0xffff, 0, "ab")))
    assert.are.same({}, hello.describe("nothing of the kind"))
  end)
end)
