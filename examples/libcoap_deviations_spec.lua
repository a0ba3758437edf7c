-- Where coap-server-notls of libcoap 4.3.1 (Debian's libcoap3-bin) deviates from RFC 7252, 7641 and
-- 7959: each spec says what the RFC demands, and passes as long as the server does something else.
--
--   lunacoap test examples/libcoap_deviations_spec.lua
--   LADDERS=1 lunacoap test examples/libcoap_deviations_spec.lua   # draws each exchange
local lunacoap = require "lunacoap"
local scenario = require "lunacoap.scenario"

local HOST = "127.0.0.1"

-- Seconds to wait for what comes at once, unless the machine is busy, and for what does not come.
local PATIENCE, A_WHILE = 5, 2.5

local JSON = lunacoap.ContentFormat["application/json"]
local CBOR = lunacoap.ContentFormat["application/cbor"]

local peer, last_id

local function start()
  local port = free_port()
  run_program {
    "coap-server-notls", "-v", 7, "-d", 10, "-A", HOST, "-p", port, ready = "created TCP +endpoint",
  }
  peer = lunacoap.endpoint { LocalHost = HOST, RemoteHost = HOST, RemotePort = port }
  last_id = 0x1000
end

-- ---- Messages -----------------------------------------------------------------------------------

-- What comes next, taken apart; nil when nothing does.
local function receive(within)
  local bytes = peer:receive(within or PATIENCE)
  return bytes and assert(lunacoap.message.decode(bytes))
end

-- Sends a message, with an id of its own unless it has one, and returns what comes next.
local function ask(message)
  last_id = last_id + 1
  message.id, message.token = message.id or last_id, message.token or "a"
  peer:send(message)
  return receive()
end

-- A request for a path of one segment, with options: { "Accept", 60 }, ...
local function request(method, path, ...)
  return { code = method, options = { { "Uri-Path", path }, ... } }
end

local function with(payload, message)
  message.payload = payload
  return message
end

local function value_of(message, name)
  for _, option in ipairs(message.options) do
    if option.Number == lunacoap.OptionNumber[name] then
      return option.Value
    end
  end
end

-- ---- Deviations ---------------------------------------------------------------------------------

local SILENCE = {}

local function fits(wanted, answer)
  if wanted == SILENCE or not answer then
    return wanted == SILENCE and not answer
  end
  for field, value in pairs(wanted) do
    if answer[field] ~= value then
      return false
    end
  end
  return true
end

-- The RFC demands one answer, and this server is known to send another.
local function deviates(demanded, known, answer)
  assert.is_false(fits(demanded, answer), "it does what the RFC demands: no deviation any more")
  assert.is_true(fits(known, answer), "it deviates in another way than it is known to")
end

local function address_of(which)
  return ("%s:%d"):format(HOST, peer[which .. "Port"])
end

local function draw()
  return scenario.ladder {
    names = { [address_of("Local")] = "spec", [address_of("Remote")] = "libcoap" },
  }
end

local function deviation(section, title, f)
  it(section .. ": " .. title, function()
    f()
    if os.getenv("LADDERS") then
      print(("\n%s: %s\n\n%s"):format(section, title, draw()))
    end
  end)
end

describe("coap-server-notls of libcoap 4.3.1", function()
  before_each(start)

  after_each(function() peer:close() end)

  -- ---- RFC 7252: messages -----------------------------------------------------------------------

  deviation("RFC 7252 3", "answers an unknown version, which MUST be ignored", function()
    local get = request("GET", "time")
    get.version, get.id = 2, 0x1234
    deviates(SILENCE, { type = "RST", id = 0 }, ask(get))
  end)

  deviation("RFC 7252 4.2", "answers malformed ACKs and RSTs, which it MUST NOT", function()
    for _, kind in ipairs { "ACK", "RST" } do
      local malformed = { type = kind, code = "0.00", id = 0x1234, token = "", payload = "x" }
      deviates(SILENCE, { type = "RST", id = 0x1234 }, ask(malformed))
    end
  end)

  deviation("RFC 7252 4.2", "performs a request in an ACK, which is to be ignored", function()
    local put = with("written", request("PUT", "doc"))
    put.type = "ACK"
    deviates(SILENCE, { type = "NON", code = "2.01" }, ask(put))
    assert.are.equal("written", ask(request("GET", "doc")).payload)
  end)

  deviation("RFC 7252 4.2", "answers a Ping of CoAP over TCP, which MUST be rejected", function()
    peer:send { type = "CON", code = "7.02", id = 0x1234 }
    -- No legal message over UDP: a CON 7.03 (Pong) with Message ID 0 and the option Custody.
    assert.are.equal("\x40\xe3\0\0\x20", peer:receive(PATIENCE))
  end)

  deviation("RFC 7252 4.4", "uses a Message ID twice, which it MUST NOT", function()
    ask(request("GET", "time", { "Observe", 0 }))
    local notification = receive()
    peer:send { type = "ACK", id = notification.id }
    -- The ids of our messages have nothing to do with those of its own.
    local get = request("GET", "example_data", { "Block2", { num = 0, size = 16 } })
    get.type, get.id, get.token = "NON", notification.id, "b"
    local response = ask(get)
    while response.token ~= "b" do -- the next notification
      response = receive()
    end
    assert.are.same({ "NON", notification.id }, { response.type, response.id })
  end)

  deviation("RFC 7252 4.5", "processes a duplicate of a POST, which it SHOULD NOT", function()
    local post = with("x", request("POST", "doc"))
    post.id = 0x1234
    local first, second = ask(post), ask(post)
    assert.are.same({ "2.01", "doc" }, { first.code, value_of(first, "Location-Path") })
    deviates({ code = first.code }, { code = "2.04", id = first.id }, second)
  end)

  -- ---- RFC 7252: requests -----------------------------------------------------------------------

  deviation("RFC 7252 5.2", "acknowledges DELETE /time, performs it, never responds", function()
    local acknowledgement = ask(request("DELETE", "time"))
    assert.are.same({ "ACK", "0.00" }, { acknowledgement.type, acknowledgement.code })
    assert.is_nil(receive(A_WHILE))
    assert.are.equal("4.04", ask(request("GET", "time")).code)
  end)

  deviation("RFC 7252 5.3.2", "acknowledges a response that it did not ask for", function()
    local answer = ask { code = "2.05", payload = "unasked" }
    deviates({ type = "RST" }, { type = "ACK", code = "0.00" }, answer)
  end)

  deviation("RFC 7252 5.4.3", "rejects an ETag of 9 bytes, which MUST be ignored", function()
    local answer = ask(request("GET", "time", { "ETag", "123456789" }))
    deviates({ code = "2.05" }, { type = "RST" }, answer)
  end)

  deviation("RFC 7252 5.4.3", "rejects an empty Uri-Host, which MUST be a 4.02", function()
    local answer = ask(request("GET", "time", { "Uri-Host", "" }))
    deviates({ type = "ACK", code = "4.02" }, { type = "RST" }, answer)
  end)

  deviation("RFC 7252 5.4.5", "takes two Uri-Hosts, which MUST be a 4.02", function()
    local answer = ask(request("GET", "time", { "Uri-Host", "a" }, { "Uri-Host", "b" }))
    deviates({ code = "4.02" }, { code = "2.05" }, answer)
  end)

  deviation("RFC 7252 5.10", "rejects coap://host/time?, whose Uri-Query is empty", function()
    local answer = ask(request("GET", "time", { "Uri-Query", "" }))
    deviates({ code = "2.05" }, { type = "RST" }, answer)
  end)

  deviation("RFC 7252 5.10.4", "returns another format than Accept, where 4.06 MUST be", function()
    local answer = ask(request("GET", "time", { "Accept", CBOR }))
    deviates({ code = "4.06" }, { code = "2.05" }, answer)
  end)

  -- A PUT with a condition that is not fulfilled.
  local function overwrites(condition)
    ask(with("one", request("PUT", "doc")))
    local answer = ask(with("two", request("PUT", "doc", condition)))
    deviates({ code = "4.12" }, { code = "2.04" }, answer)
    assert.are.equal("two", ask(request("GET", "doc")).payload)
  end

  deviation("RFC 7252 5.10.8.1", "replaces what If-Match does not, which it MUST NOT", function()
    overwrites { "If-Match", "\x99" }
  end)

  deviation("RFC 7252 5.10.8.2", "replaces in spite of If-None-Match, which it MUST NOT", function()
    overwrites { "If-None-Match" }
  end)

  -- ---- RFC 7641 ---------------------------------------------------------------------------------

  deviation("RFC 7641 1.3", "tells an observer nothing until a datagram comes", function()
    ask(with(("x"):rep(100), request("PUT", "doc")))
    local first_block = { "Block2", { num = 0, size = 16 } }
    assert.are.equal("2.05", ask(request("GET", "doc", { "Observe", 0 }, first_block)).code)
    assert.are.equal("2.04", ask(with(("y"):rep(100), request("PUT", "doc"))).code)
    assert.is_nil(receive(A_WHILE))
    -- Any datagram wakes it; this one is a ping.
    local notification = ask { type = "CON", code = "0.00", token = "" }
    assert.are.same({ "CON", ("y"):rep(16) }, { notification.type, notification.payload })
  end)

  deviation("RFC 7641 4.2", "changes the Content-Format observed, which it MUST NOT", function()
    ask(with("{}", request("PUT", "example_data", { "Content-Format", JSON })))
    local first = ask(request("GET", "example_data", { "Observe", 0 }, { "Accept", JSON }))
    assert.are.equal(string.char(JSON), value_of(first, "Content-Format"))
    ask(with("\xa0", request("PUT", "example_data", { "Content-Format", CBOR })))
    local notification = receive()
    assert.are.equal("2.05", notification.code)
    assert.are.equal(string.char(CBOR), value_of(notification, "Content-Format"))
  end)

  -- ---- RFC 7959 ---------------------------------------------------------------------------------

  deviation("RFC 7959 2.2", "takes the reserved block size, which MUST be a 4.00", function()
    local reserved = 7 -- NUM 0, M 0, SZX 7
    local answer = ask(request("GET", "example_data", { "Block2", reserved }))
    deviates({ code = "4.00" }, { code = "2.05" }, answer)
  end)

  deviation("RFC 7959 2.5", "stores what lacks blocks, where 4.08 MUST be", function()
    local first = { "Block1", { num = 0, more = true, size = 16 } }
    local fourth_and_last = { "Block1", { num = 3, more = false, size = 16 } }
    assert.are.equal("2.31", ask(with(("a"):rep(16), request("PUT", "doc", first))).code)
    local answer = ask(with(("d"):rep(16), request("PUT", "doc", fourth_and_last)))
    deviates({ code = "4.08" }, { code = "2.01" }, answer)
    -- Between them are 32 bytes that nobody sent.
    local stored = ask(request("GET", "doc")).payload
    assert.are.equal(64, #stored)
    assert.are.same({ ("a"):rep(16), ("d"):rep(16) }, { stored:sub(1, 16), stored:sub(49) })
  end)
end)
