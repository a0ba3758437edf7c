-- lunacoap.cbor and damaged input: no crash, every error with a byte, and what is read is stable.
local lunacoap = require "lunacoap"

local cbor = lunacoap.cbor

local SEED = os.time()
local ROUNDS = 6000

local function sample(depth)
  local kind = math.random(depth > 3 and 6 or 9)
  if kind == 1 then return math.random(0) >> math.random(0, 63)
  elseif kind == 2 then return (math.random() - 0.5) * 2.0 ^ math.random(-30, 30)
  elseif kind == 3 then return ("ü"):rep(math.random(0, 30))
  elseif kind == 4 then return cbor.bytes(("\xfe"):rep(math.random(0, 30)))
  elseif kind == 5 then return math.random(2) == 1
  elseif kind == 6 then return cbor.simple(math.random(32, 255))
  elseif kind == 7 then return cbor.tagged(math.random(0, 3), sample(depth + 1))
  end
  local made = kind == 8 and cbor.array() or cbor.map()
  for i = 1, math.random(0, 5) do
    made[kind == 8 and i or math.random(2) == 1 and "k" .. i or i] = sample(depth + 1)
  end
  return made
end

-- Some bytes replaced, left out or put in.
local function damaged(bytes)
  for _ = 1, math.random(3) do
    local at, keep = math.random(#bytes + 1), math.random(0, 2)
    local put = math.random(4) > 1 and string.char(math.random(0, 255)) or ""
    bytes = bytes:sub(1, at - 1) .. put .. bytes:sub(at + keep)
  end
  return bytes
end

local function check(bytes)
  local value, message = cbor.decode(bytes)
  local text, reason = cbor.diagnose(bytes, math.random(0, 2))
  if value == nil then
    assert(message:find("^malformed CBOR at byte %d+: "), message)
    local byte = tonumber(message:match("%d+"))
    assert(byte >= 1 and byte <= #bytes + 1, message)
    -- Keys alone are no concern of the notation.
    assert(message == reason or message:find("key"), message)
    return false
  end
  assert(text, reason)
  local encoding = cbor.encode(value)
  assert(cbor.encode(cbor.decode(encoding)) == encoding)
  return true
end

describe("damaged CBOR", function()
  it("is refused with a byte, or read and written in a stable form", function()
    math.randomseed(SEED)
    local read, refused = 0, 0
    for round = 1, ROUNDS do
      local whole = cbor.encode(sample(0))
      local bytes = round % 3 == 0 and whole or damaged(whole)
      local ok, result = pcall(check, bytes)
      local shown = bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
      assert(ok, ("seed %d, %s: %s"):format(SEED, shown, tostring(result)))
      read, refused = read + (result and 1 or 0), refused + (result and 0 or 1)
    end
    assert.is_true(read > ROUNDS / 4 and refused > ROUNDS / 10)
  end)
end)
