-- lunacoap.ladder: captured datagrams as text.
local captured = require "spec.support.captured"
local ladder = require "lunacoap.ladder"

local CLIENT, SERVER, OTHER = "127.0.0.1:40123", "127.0.0.1:5683", "127.0.0.1:40999"

local function get(id, path, more)
  local fields = { "CON", "0.01", id = id, token = "\x7f\x01", options = { { 11, path } } }
  for key, value in pairs(more or {}) do fields[key] = value end
  return fields
end

local function content(id, more)
  local fields = { "ACK", "2.05", id = id, token = "\x7f\x01" }
  for key, value in pairs(more or {}) do fields[key] = value end
  return fields
end

-- The drawing without what stands above the lanes.
local function rungs(capture, options)
  return (ladder.draw(capture.list, options):gsub("^.-\n[^\n]*\n", ""))
end

-- Beside the arrow of the first row.
local function details(fields)
  local capture = captured.new()
  capture:sent(0, CLIENT, SERVER, fields)
  local list = {}
  for text in rungs(capture, { names = { x = "y" } }):gmatch("|  (%S[^\n]*)") do
    list[#list + 1] = text
  end
  return table.concat(list, " ")
end

describe("a ladder", function()
  it("shows who sent what to whom, and when", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(6719, "temperature", { options = { { 6, "" }, { 11, "temperature" } } }))
    capture:went(0.0123, SERVER, CLIENT, content(6719, { options = { { 6, "\12" }, { 12, "" } }, payload = "21.5" }))
    capture:went(1, SERVER, CLIENT, { "CON", "2.05", id = 7, token = "\x7f\x01", options = { { 6, "\13" } }, payload = "22" })
    capture:went(0, CLIENT, SERVER, { "RST", id = 7 })
    assert.are.equal([[
       client                                      server
   127.0.0.1:40123                             127.0.0.1:5683
   0.000  |-- CON GET /temperature ------------------>|  id 6719, token 7f01, Observe 0
   0.012  |<---------------------- ACK 2.05 Content --|  id 6719, Observe 12, Content-Format text,
          |                                           |  "21.5"
   1.012  |<---------------------- CON 2.05 Content --|  id 7, token 7f01, Observe 13, "22"
   1.012  |-- RST ----------------------------------->|  id 7]], ladder.draw(capture.list))
  end)

  it("tells an ACK's token only if it is not that of its request", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(1, "a"))
    capture:went(0, SERVER, CLIENT, content(1, { token = "\x7f\x02" }))
    capture:went(0, SERVER, CLIENT, content(1, { token = "" }))
    capture:went(0, SERVER, CLIENT, { "ACK", id = 1 })
    assert.are.equal([[
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01
   0.000  |<---------------------- ACK 2.05 Content --|  id 1, token 7f02
   0.000  |<---------------------- ACK 2.05 Content --|  id 1, no token
   0.000  |<----------------------------------- ACK --|  id 1]], rungs(capture))
  end)

  it("is empty without datagrams", function()
    assert.are.equal("", ladder.draw {})
  end)

  it("marks what was dropped, sent again, or late", function()
    local capture = captured.new()
    capture:sent(0, CLIENT, SERVER, get(1, "a"), { fate = "dropped", comment = "lost by chance" })
    capture:sent(2.5, CLIENT, SERVER, get(1, "a"))
    capture:received(0.25, CLIENT, SERVER, get(1, "a"))
    capture:sent(0, SERVER, CLIENT, content(1))
    capture:received(0, SERVER, CLIENT, content(1), { fate = "dropped" })
    capture:went(3, CLIENT, SERVER, get(1, "a"))
    capture:went(0, SERVER, CLIENT, content(1))
    assert.are.equal([[
   0.000  |-- CON GET /a --------------x              |  id 1, token 7f01, lost by chance
   2.500  |-- CON GET /a ---------------------------->|  retransmission 1, id 1,
          |                                           |  arrived 0.250 s later
   2.750  |           x----------- ACK 2.05 Content --|  id 1, dropped
   5.750  |-- CON GET /a ---------------------------->|  retransmission 2, id 1
   5.750  |<---------------------- ACK 2.05 Content --|  the same again, id 1]], rungs(capture))
  end)

  it("draws what only the receiver has captured, and what came twice", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(1, "a"))
    capture:received(1, CLIENT, SERVER, get(1, "a"), { comment = "a copy" })
    assert.are.equal([[
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01
   1.000  |-- CON GET /a ---------------------------->|  a duplicate, id 1, a copy]], rungs(capture))
  end)

  it("tells a fault's copies from retransmissions", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(1, "a"), { comment = "duplicated" })
    capture:went(0, CLIENT, SERVER, get(1, "a"))
    capture:went(2, CLIENT, SERVER, get(1, "a"))
    capture:went(1, SERVER, CLIENT, content(1), { comment = "duplicated, delayed 1.000 s" })
    capture:went(0, SERVER, CLIENT, content(1), { comment = "duplicated, delayed 1.000 s" })
    assert.are.equal([[
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01, duplicated
   0.000  |-- CON GET /a ---------------------------->|  a duplicate, id 1
   2.000  |-- CON GET /a ---------------------------->|  retransmission 1, id 1
   3.000  |<---------------------- ACK 2.05 Content --|  id 1, duplicated, delayed 1.000 s
   3.000  |<---------------------- ACK 2.05 Content --|  a duplicate, id 1,
          |                                           |  duplicated, delayed 1.000 s]], rungs(capture))
  end)

  it("takes an endpoint that is bound to all addresses for the one that its peer sees", function()
    local capture = captured.new()
    capture:sent(0, "0.0.0.0:40123", SERVER, get(1, "a"))
    capture:received(0, CLIENT, "[::]:5683", get(1, "a"))
    assert.are.equal([[
       client                                      server
   127.0.0.1:40123                             127.0.0.1:5683
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01]], ladder.draw(capture.list))
  end)

  it("takes nobody for a peer that has the same port", function()
    local capture = captured.new()
    capture:sent(0, "0.0.0.0:5683", "10.0.0.1:5683", get(1, "a"))
    capture:received(0, "10.0.0.1:5683", "0.0.0.0:5683", content(1))
    assert.are.equal([[
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01
   0.000  |<---------------------- ACK 2.05 Content --|  id 1]], rungs(capture))
  end)

  it("writes numbers that are too long, and a block's reserved size, as what they are", function()
    assert.are.equal("id 1, Content-Format 0102030405, Block2 0/0/reserved, 1 byte 0xff", details { "CON", "0.02",
      id = 1, options = { { 12, "\1\2\3\4\5" }, { 23, "\7" } }, payload = "\xff" })
  end)

  it("writes options and payloads as people read them", function()
    assert.are.equal([[id 1, Uri-Host "example.org", ETag abcd, Content-Format cbor, Max-Age 60, ]]
      .. [[Accept json, Block2 2/1/64, Size1 300, {"a": 1}]], details { "CON", "0.02", id = 1,
      options = { { 3, "example.org" }, { 4, "\xab\xcd" }, { 12, "\60" }, { 14, "\60" }, { 17, "\50" },
        { 23, "\x2a" }, { 60, "\1\44" } }, payload = "\xa1\x61a\x01" })
    assert.are.equal('id 2, option 65001 0102, "two\\nlines \\"quoted\\""', details { "CON", "0.02", id = 2,
      options = { { 65001, "\1\2" } }, payload = 'two\nlines "quoted"' })
    assert.are.equal('id 3, Content-Format json, 70 bytes {"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...', details { "CON", "0.02",
      id = 3, options = { { 12, "\50" } }, payload = '{"a":"' .. ("b"):rep(62) .. '"}' })
    assert.are.equal("id 4, 3 bytes 0xff00fe", details { "CON", "0.02", id = 4, payload = "\xff\0\xfe" })
    assert.are.equal('id 5, "\u{e4}\u{20ac}"', details { "CON", "0.02", id = 5, payload = "\u{e4}\u{20ac}" })
  end)

  it("names methods, codes and paths, also strange ones", function()
    local capture = captured.new()
    for i, code in ipairs { "0.05", "0.07", "0.31", "4.04", "2.31", "2.30" } do
      capture:sent(0, CLIENT, SERVER, { "NON", code, id = i, options = { { 11, "a/b" }, { 11, "" }, { 15, "x=1" }, { 15, "y&" } } })
    end
    capture:sent(0, CLIENT, SERVER, { "CON", id = 9 })
    capture:sent(0, CLIENT, SERVER, { "ACK", id = 9 })
    local labels = {}
    for label in rungs(capture):gmatch("|%-%- (.-) %-*>") do
      labels[#labels + 1] = label
    end
    assert.are.same({ "NON FETCH /a%2Fb/?x=1&y%26", "NON iPATCH /a%2Fb/?x=1&y%26", "NON 0.31 /a%2Fb/?x=1&y%26",
      "NON 4.04 Not Found", "NON 2.31 Continue", "NON 2.30", "CON empty (ping)", "ACK" }, labels)
  end)

  it("shows what is no message as that, with its bytes", function()
    local capture = captured.new()
    capture:sent(0, CLIENT, SERVER, "\x80\x01\0\1")
    capture:sent(0, SERVER, CLIENT, "")
    capture:sent(0, SERVER, CLIENT, "\x40\x01\0\1\xff")
    local text = ladder.draw(capture.list):gsub("\n[ |]+", " ")
    for pattern in ([[
|%-%- malformed %-+>|  at byte 1: .-, its bytes: 80010001
|<%-+ malformed %-%-|  at byte 1: .-, an empty datagram
|<%-+ malformed %-%-|  at byte 5: .-, its bytes: 40010001ff]]):gmatch("[^\n]+") do
      assert.is_truthy(text:find(pattern), pattern .. " is missing in:\n" .. text)
    end
  end)

  it("folds the handshake of DTLS into a row, and marks what it protects", function()
    local capture = captured.new()
    local function record(kind, epoch, text)
      return string.char(kind) .. "\xfe\xfd\0" .. string.char(epoch) .. ("s"):rep(8) .. text
    end
    for i = 1, 3 do
      capture:went(0.01, CLIENT, SERVER, record(22, 0, "hello" .. i))
      capture:went(0.01, SERVER, CLIENT, record(22, 0, "answer" .. i))
    end
    capture:went(0, CLIENT, SERVER, record(20, 0, "change"))
    capture:went(0, SERVER, CLIENT, record(20, 0, "change"))
    local wire_options = { fate = "dropped", comment = "lost by chance" }
    capture:sent(1, CLIENT, SERVER, get(1, "a"), { secure = true })
    capture:sent(0, CLIENT, SERVER, record(23, 1, "first"), wire_options)
    capture:sent(2, CLIENT, SERVER, get(1, "a"), { secure = true })
    capture:went(0, CLIENT, SERVER, record(23, 1, "second"))
    capture:received(0, CLIENT, SERVER, get(1, "a"), { secure = true })
    capture:received(0, SERVER, CLIENT, record(23, 1, "third"))
    capture:received(0, SERVER, CLIENT, content(1), { secure = true })
    capture:received(0, SERVER, CLIENT, record(23, 1, "fourth"), { fate = "dropped" })
    capture:received(0, SERVER, CLIENT, record(21, 0, "\2\40"))
    capture:received(0, SERVER, CLIENT, record(21, 1, "secret"))
    assert.are.equal([[
   0.000  |<============ DTLS handshake =============>|  8 datagrams, 0.050 s
   1.050  |== CON GET /a ==============x              |  id 1, token 7f01, lost by chance, DTLS
   3.050  |== CON GET /a ============================>|  retransmission 1, id 1, DTLS
   3.050  |<====================== ACK 2.05 Content ==|  id 1, DTLS
   3.050  |               x-------------- DTLS data --|  19 bytes, dropped
   3.050  |<---------------------------- DTLS alert --|  handshake_failure
   3.050  |<---------------------------- DTLS alert --|  encrypted]], rungs(capture))
  end)

  it("takes a retransmission for what arrives when a fault has changed what DTLS protects", function()
    local capture = captured.new()
    for i, comment in ipairs { "corrupted", "truncated", false } do
      capture:sent(1, CLIENT, SERVER, get(1, "a"), { secure = true })
      capture:sent(0, CLIENT, SERVER, "\23\xfe\xfd\0\1" .. ("s"):rep(20) .. i, { comment = comment or nil })
    end
    capture:received(0, CLIENT, SERVER, get(1, "a"), { secure = true })
    assert.are.equal([[
   0.000  |== CON GET /a ============================>|  id 1, token 7f01, corrupted, DTLS
   1.000  |== CON GET /a ============================>|  retransmission 1, id 1, truncated, DTLS
   2.000  |== CON GET /a ============================>|  retransmission 2, id 1, DTLS]], rungs(capture))
  end)

  it("has a row for each handshake between two endpoints", function()
    local capture = captured.new()
    for _ = 1, 2 do
      capture:went(1, CLIENT, SERVER, "\22\xfe\xfd\0\0" .. ("s"):rep(8))
      capture:went(0, SERVER, CLIENT, "\21\xfe\xfd\0\0" .. ("s"):rep(8) .. "\2\40")
    end
    assert.are.equal(2, select(2, rungs(capture):gsub("DTLS handshake [=>| ]+1 datagrams, 0.000 s", "")))
  end)

  it("tells of a handshake that one end has not finished", function()
    local function record(kind, text)
      return string.pack(">BI2I2I6s2", kind, 0xFEFD, 0, 0, text)
    end
    local capture = captured.new()
    local done = record(22, "exchange") .. record(20, "change") .. record(22, "finished")
    capture:went(0, CLIENT, SERVER, done)
    capture:went(0, SERVER, CLIENT, record(22, "again"))
    assert.are.equal("   0.000  |<============ DTLS handshake =============>|"
      .. "  2 datagrams, 0.000 s, not finished", rungs(capture))
    capture:went(0, SERVER, CLIENT, done)
    assert.are.equal("   0.000  |<============ DTLS handshake =============>|"
      .. "  3 datagrams, 0.000 s", rungs(capture))
  end)

  it("shows data of DTLS that nobody has in clear", function()
    local capture = captured.new()
    capture:sent(0, CLIENT, SERVER, "\23\xfe\xfd\0\1" .. ("s"):rep(20))
    assert.are.equal("   0.000  |-- DTLS data ----------------------------->|  25 bytes",
      (ladder.draw(capture.list):gsub("^[^\n]*\n", "")))
  end)

  it("has a lane for each endpoint, and numbers clients", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(1, "a"))
    capture:went(0, OTHER, SERVER, get(2, "b"))
    capture:went(0, SERVER, OTHER, content(2))
    capture:went(0, CLIENT, OTHER, { "NON", "2.04", id = 3 })
    assert.are.equal([[
      client 1                     server                     client 2
   127.0.0.1:40123             127.0.0.1:5683              127.0.0.1:40999
   0.000  |-- CON GET /a ------------>|                           |  id 1, token 7f01
   0.000  |                           |<------------ CON GET /b --|  id 2, token 7f01
   0.000  |                           |-- ACK 2.05 Content ------>|  id 2
   0.000  |-- NON 2.04 Changed ---------------------------------->|  id 3]], ladder.draw(capture.list))
  end)

  it("has lines in place of lanes for many endpoints", function()
    local capture = captured.new()
    for i = 1, 5 do
      capture:went(0.5, "127.0.0.1:4000" .. i, SERVER, get(i, "a"))
    end
    assert.are.equal([[
   0.000  client 1 127.0.0.1:40001 --> server 127.0.0.1:5683
            CON GET /a, id 1, token 7f01
   0.500  client 2 127.0.0.1:40002 --> server 127.0.0.1:5683
            CON GET /a, id 2, token 7f01
]], ladder.draw(capture.list):match("^" .. ("[^\n]*\n"):rep(4)))
  end)

  it("leaves out the middle of a long run, and says how much", function()
    local capture = captured.new()
    for i = 1, 50 do
      capture:went(1, CLIENT, SERVER, get(i, "a"))
    end
    assert.are.equal([[
   0.000  |-- CON GET /a ---------------------------->|  id 1, token 7f01
          ... 47 datagrams left out ...
  48.000  |-- CON GET /a ---------------------------->|  id 49, token 7f01
  49.000  |-- CON GET /a ---------------------------->|  id 50, token 7f01]], rungs(capture, { most = 3 }))
  end)

  it("counts the datagrams of a handshake that it leaves out", function()
    local capture = captured.new()
    for i = 1, 4 do
      capture:sent(0, CLIENT, SERVER, "\22\xfe\xfd\0\0" .. ("s"):rep(8) .. i)
    end
    for i = 1, 3 do
      capture:sent(1, CLIENT, SERVER, get(i, "a"), { secure = true })
    end
    assert.matches("... 5 datagrams left out ...", rungs(capture, { most = 2 }), 1, true)
  end)

  it("takes names and the time that is 0 from its caller", function()
    local capture = captured.new()
    capture:went(0, CLIENT, SERVER, get(1, "a"))
    assert.are.equal([[
                                                  the lamp
   127.0.0.1:40123                             127.0.0.1:5683
   1.500  |-- CON GET /a ---------------------------->|  id 1, token 7f01]],
      ladder.draw(capture.list, { names = { [SERVER] = "the lamp" }, from = 98.5 }))
  end)

  it("keeps to 100 columns, whatever is in the messages", function()
    local capture = captured.new()
    for i = 1, 20 do
      capture:went(0, CLIENT, SERVER, { "CON", "0.01", id = i, token = ("t"):rep(8), payload = ("\u{20ac}"):rep(i * 9),
        options = { { 3, ("h"):rep(i * 5) }, { 11, ("\u{e4}"):rep(i * 3) }, { 35, ("p"):rep(i * 10) }, { 65000, ("b"):rep(i * 5) } } })
      capture:went(0, SERVER, CLIENT, { "ACK", "4.00", id = i, payload = ("x\n"):rep(i) })
    end
    for line in (ladder.draw(capture.list) .. "\n"):gmatch("([^\n]*)\n") do
      assert.is_true(utf8.len(line) <= 100, line)
      assert.is_nil(line:find("%s$"), line)
    end
  end)

  -- Anything that a capture may hold, and more.
  local function random_list()
    local hosts = { CLIENT, SERVER, OTHER, "0.0.0.0:5683", "[::1]:5683",
      "[fe80::aaaa:bbbb:cccc:dddd:1%eth0]:65535", "[2001:db8:1111:2222:3333:4444:5555:6666]:40000" }
    local capture, lanes = captured.new(), math.random(#hosts)
    local function bytes(most)
      return (("x"):rep(math.random(0, most)):gsub("x", function() return string.char(math.random(0, 255)) end))
    end
    for _ = 1, math.random(0, 40) do
      local data = math.random(4) == 1 and bytes(60)
        or math.random(4) == 1 and string.char(math.random(20, 23)) .. "\xfe\xfd" .. bytes(30)
        or { ({ "CON", "NON", "ACK", "RST" })[math.random(4)], ({ "0.01", "2.05", "4.04", "0.31" })[math.random(4)],
          id = math.random(0, 5), token = bytes(8), payload = bytes(math.random(0, 1) * 60),
          options = { { math.random(0, 60), bytes(30) }, { 65000, bytes(9) } } }
      capture[math.random(2) == 1 and "sent" or "received"](capture, math.random() * 10 ^ math.random(-3, 4),
        hosts[math.random(lanes)], hosts[math.random(lanes)], data, {
          secure = math.random(5) == 1 or nil, fate = math.random(5) == 1 and "dropped" or nil,
          comment = math.random(5) == 1 and bytes(20) or nil,
        })
    end
    return capture.list
  end

  it("draws what is sent to a group once, wherever it arrives", function()
    local capture = captured.new()
    local group = "224.0.1.187:5683"
    local ask = { "NON", "0.01", id = 1, token = "\x7f\x01" }
    capture:sent(0, CLIENT, group, ask)
    for _ = 1, 3 do
      capture:received(0, CLIENT, group, ask)
    end
    capture:received(0, CLIENT, group, ask, { fate = "dropped" })
    assert.are.equal([[
   0.000  |-- NON GET / ----------------------------->|  id 1, token 7f01
   0.000  |-- NON GET / --------------x               |  the same again, id 1, dropped]], rungs(capture))
  end)

  it("draws anything, in lines of text that are not too long", function()
    for _ = 1, 300 do
      local list = random_list()
      local text = ladder.draw(list, { most = math.random(0, 30), names = math.random(2) == 1
        and { [SERVER] = "\xff\n", [CLIENT] = ("n"):rep(150) } or nil })
      assert.is_truthy(utf8.len(text))
      for line in text:gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) <= 100, line)
        assert.is_nil(line:find("%c"), line)
      end
    end
  end)
end)
