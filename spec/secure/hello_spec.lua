-- The stateless beginning of a handshake: hellos and cookies (RFC 6347 4.2.1), and the queue of
-- handshake steps.

local probe = require "lunacoap.probe"
local coap = require "spec.support.coap"
local dtls_net = require "spec.support.dtls_net"

local hello = probe.hello
local S = 1000000
local CLIENT, OTHER = coap.address("10.0.0.1"), coap.address("10.0.0.2")

local cookies

before_each(function() cookies = hello.cookies() end)
after_each(function() cookies:free() end)

local function kind_of(datagram, client, now)
  local kind, answer = cookies:examine(datagram, client or CLIENT, now or 0)
  return kind, answer
end

-- The hello again, with the cookie of the answer.
local function with_cookie(random, now)
  local _, answer = kind_of(dtls_net.hello(random), CLIENT, now)
  return dtls_net.hello(random, dtls_net.cookie(answer))
end

local function patched(text, at, bytes)
  return text:sub(1, at - 1) .. bytes .. text:sub(at + #bytes)
end

-- What a client of that engine sends first.
local function real_hello(engine)
  local net = dtls_net.new()
  local client = net:host("10.0.0.1")
  client.filter:connect(
    net:security{ engine = engine, psk_identity = "i", psk_key = ("k"):rep(16) }, OTHER, "localhost")
  net:run(0.1)
  local datagram = client.sent[1]
  net:free()
  return datagram
end

local function openssl_hello()
  local file <close> = assert(io.popen(
    "echo | timeout 5 openssl s_client -dtls1_2 -connect 127.0.0.1:9 -msg 2>/dev/null"))
  local text = file:read("a")
  local bytes = {}
  local body = text:match("%[length %x+%]\n(    01.-)\n%S")
  for byte in body:gmatch("%x%x") do
    bytes[#bytes + 1] = string.char(tonumber(byte, 16))
  end
  local message = table.concat(bytes)
  return string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 0, message)
end

local REAL = {
  mbedTLS = function() return real_hello "mbedTLS" end,
  GnuTLS = function() return real_hello "GnuTLS" end,
  OpenSSL = openssl_hello,
}

describe("a hello", function()
  for name, make in pairs(REAL) do
    it("of " .. name .. " is understood, and its second too", function()
      local first = make()
      local kind, answer = kind_of(first)
      assert.are.equal("bare", kind)
      assert.is_true(#answer <= #first)
      -- The cookie goes in behind the session id: record 13, message 12, version and random 34.
      local id_len = first:byte(60)
      local at = 61 + id_len
      assert.are.equal(0, first:byte(at))
      local cookie = dtls_net.cookie(answer)
      local message = first:sub(26, at - 1) .. string.pack("s1", cookie) .. first:sub(at + 1)
      local second = string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 1,
        string.pack(">BI3I2I3I3", 1, #message, 1, 0, #message) .. message)
      assert.are.equal("proven", (kind_of(second)))
      assert.are.equal("bare", (kind_of(second, OTHER)))
    end)
  end

  it("is answered with the number of its record and of its message", function()
    local _, answer = kind_of(dtls_net.hello("a", nil, 0x010203040506))
    local type, version, epoch, sequence, len, kind, _, message_sequence =
      string.unpack(">BI2I2I6I2BI3I2", answer)
    assert.are.same({ 22, 0xfeff, 0, 0x010203040506, #answer - 13, 3, 0 },
      { type, version, epoch, sequence, len, kind, message_sequence })
    -- RFC 6347 4.2.2: each message of a side counts one on, also for a cookie that was not right
    _, answer = kind_of(dtls_net.hello("a", "old cookie"))
    assert.are.equal(1, (string.unpack(">I2", answer, 18)))
  end)

  it("is proven by its cookie alone, at the same address, for a minute", function()
    local second = with_cookie("a", 5 * S)
    assert.are.equal("proven", (kind_of(second, CLIENT, 5 * S)))
    assert.are.equal("proven", (kind_of(second, CLIENT, 65 * S)))
    assert.are.equal("bare", (kind_of(second, CLIENT, 66 * S)))
    assert.are.equal("bare", (kind_of(second, CLIENT, 4 * S))) -- made in the future
    assert.are.equal("bare", (kind_of(second, OTHER, 5 * S)))
    assert.are.equal("bare", (kind_of(second, CLIENT + 1, 5 * S))) -- another port
  end)

  it("is not proven by the cookie of another hello, or a changed one", function()
    local second = with_cookie("a")
    local cookie = second:sub(62, 81)
    assert.are.equal("proven", (kind_of(dtls_net.hello("a", cookie))))
    assert.are.equal("bare", (kind_of(dtls_net.hello("b", cookie))))
    for at = 1, #cookie do
      local wrong = patched(cookie, at, string.char(cookie:byte(at) ~ 1))
      assert.are.equal("bare", (kind_of(dtls_net.hello("a", wrong))))
    end
    assert.are.equal("bare", (kind_of(dtls_net.hello("a", cookie:sub(1, -2)))))
    assert.are.equal("bare", (kind_of(dtls_net.hello("a", cookie .. "x"))))
    assert.are.equal("bare", (kind_of(patched(second, 84, "\xa9")))) -- another suite
  end)

  it("is not proven by a cookie of another server", function()
    local second = with_cookie("a")
    cookies:free()
    cookies = hello.cookies()
    assert.are.equal("bare", (kind_of(second)))
  end)

  it("may have another session id than the first one, as those of mbed TLS with a ticket have", function()
    local second = with_cookie("a")
    local body = second:sub(26, 59) .. string.pack("s1", "a session id") .. second:sub(61)
    assert.are.equal("proven", (kind_of(string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 1,
      string.pack(">BI3I2I3I3", 1, #body, 1, 0, #body) .. body))))
  end)

  it("is told from others by its random", function()
    local a = with_cookie("a")
    assert.are.equal(hello.print(a), hello.print(a))
    assert.are.equal(hello.print(a), hello.print(dtls_net.hello("a", "another")))
    assert.are_not.equal(hello.print(a), hello.print(with_cookie("b")))
  end)
end)

describe("a datagram that", function()
  local good = dtls_net.hello("a")

  it("is no hello is left to the sessions", function()
    for _, datagram in ipairs {
      "", "\x16", dtls_net.record(1, "x"), dtls_net.record(0, ""), dtls_net.record(0, "\2"),
      patched(good, 4, "\0\1"), -- of another epoch
      patched(good, 1, "\x17"), -- of another type
    } do
      assert.are.equal("none", (kind_of(datagram)))
    end
  end)

  it("begins like a hello and is cut, or has a wrong length, is malformed", function()
    local WRONG = {
      { 13 + 2, "\1" }, { 13 + 4, "\xff" }, -- length of the message
      { 13 + 7, "\1" }, { 13 + 9, "\1" }, -- fragment offset
      { 13 + 10, "\1" }, { 13 + 12, "\1" }, -- fragment length
      { 60, "\x21" }, { 60, "\xff" }, -- session id
      { 61, "\xff" }, -- cookie
      { 62, "\xff\xff" }, -- suites
      { 66, "\xff" }, -- compression
    }
    for _, wrong in ipairs(WRONG) do
      assert.are.equal("malformed", (kind_of(patched(good, wrong[1], wrong[2]))), wrong[1])
    end
    local body = good:sub(14)
    for len = 1, #body - 1 do
      local cut = string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 0, body:sub(1, len))
      assert.are.equal("malformed", (kind_of(cut)), len)
      -- whole in itself, and still too short for a hello
      local message = body:sub(13, len)
      cut = string.pack(">BI2I2I6s2", 22, 0xfeff, 0, 0,
        string.pack(">BI3I2I3I3", 1, #message, 0, 0, #message) .. message)
      assert.are.equal("malformed", (kind_of(cut)), len)
    end
  end)

  it("has a hello behind other records is malformed", function()
    for _, before in ipairs { dtls_net.record(0, "\2"), dtls_net.record(1, "x"),
      "\x14\xfe\xfd\0\0\0\0\0\0\0\0\0\1\1" } do
      assert.are.equal("malformed", (kind_of(before .. good)))
      assert.are.equal("malformed", (kind_of(before .. before .. with_cookie("a"))))
    end
  end)
end)

describe("steps of handshakes", function()
  local steps, ran, act

  before_each(function()
    ran, act = {}, function() end
    steps = hello.steps(function(number)
      ran[#ran + 1] = number
      act(number)
    end)
  end)
  after_each(function() steps:free() end)

  local function spend(seconds)
    local till = os.clock() + seconds
    repeat until os.clock() >= till
  end

  local function turns()
    local count = 1
    while steps:turn() do
      count = count + 1
    end
    return count
  end

  it("are made in order, cheap ones in one turn, and twice added is once", function()
    for _, number in ipairs { 3, 1, 2, 1 } do
      steps:add(number)
    end
    turns()
    assert.are.same({ 3, 1, 2 }, ran)
  end)

  it("are one a turn when they cost much", function()
    act = function() spend(0.001) end
    for number = 1, 5 do
      steps:add(number)
    end
    for turn = 1, 5 do
      steps:turn()
      assert.are.equal(turn, #ran)
    end
  end)

  it("may add themselves and others, which come later", function()
    act = function(number)
      if #ran == 1 then
        steps:add(number)
        steps:add(3)
      end
    end
    steps:add(1)
    steps:add(2)
    turns()
    assert.are.same({ 1, 2, 1, 3 }, ran)
  end)

  it("that are cancelled are not made, also by another step", function()
    act = function() steps:cancel(2) end
    steps:add(1)
    steps:add(2)
    steps:add(3)
    turns()
    assert.are.same({ 1, 3 }, ran)
  end)

  it("go on in a turn that is inside of one", function()
    act = function(number)
      if number == 1 then
        steps:turn()
        assert.are.same({ 1, 2, 3 }, ran)
      end
    end
    for number = 1, 3 do
      steps:add(number)
    end
    turns()
    assert.are.same({ 1, 2, 3 }, ran)
  end)
end)
