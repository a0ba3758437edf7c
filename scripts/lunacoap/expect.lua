-- endpoint:expect{...}: receives the next message, and raises what differs from what was expected,
-- field by field.

local lunacoap = require "lunacoap"

local message = lunacoap.message

-- Long enough for the first retransmission of a message, 3 s after it by default (RFC 7252 4.8).
local USUAL_WAIT = 5

local FIELDS = { "type", "code", "id", "token", "options", "payload" }

local function check(expected)
  if type(expected) ~= "table" then
    error(("expect takes a table such as { type = \"ACK\", id = 1 }, not %s"):format(
      tostring(expected)), 0)
  end
  local known = {}
  for _, name in ipairs(FIELDS) do
    known[name] = true
  end
  for name in pairs(expected) do
    if not known[name] then
      error(("a message has no field '%s'; expect compares %s"):format(
        tostring(name), table.concat(FIELDS, ", ")), 0)
    end
  end
end

---What the library makes of some fields: numbers become names, and integers bytes.
local function normal(fields)
  fields.id = fields.id or 0
  local ok, encoded = pcall(message.encode, fields)
  if not ok then
    error(encoded.Message, 0)
  end
  local decoded, flaw = message.decode(encoded)
  if not decoded then
    error("no legal message has these fields: " .. flaw, 0)
  end
  return decoded
end

---The values of each number, in their order.
local function by_number(options)
  local values = {}
  for _, option in ipairs(options) do
    values[option.Number] = values[option.Number] or {}
    table.insert(values[option.Number], option.Value)
  end
  return values
end

---The values that each number is to have; none for those that are false.
local function expected_options(list)
  local kept, values = {}, {}
  if type(list) ~= "table" then
    error("the expected options are a list, each { name or number, value }, or { name, false } "
      .. "for one that is to be absent", 0)
  end
  for _, entry in ipairs(list) do
    local absent = type(entry) == "table" and entry[2] == false
    local one = { absent and { entry[1] } or entry }
    local option = normal { code = "GET", options = one }.options[1]
    if absent then
      values[option.Number] = {}
    else
      kept[#kept + 1] = option
    end
  end
  for number, each in pairs(by_number(kept)) do
    values[number] = each
  end
  return values
end

local function hex(bytes)
  local digits = bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  return bytes == "" and "none" or digits
end

local function code_text(code)
  return lunacoap.CodeName[code] and ("%s %s"):format(code, lunacoap.CodeName[code]) or code
end

local function quoted(bytes)
  if bytes:find("[^\32-\126]") then
    return ("%d byte%s %s"):format(#bytes, #bytes == 1 and "" or "s", hex(bytes))
  end
  return ('"%s"'):format(bytes)
end

local WRITTEN = { type = tostring, code = code_text, id = tostring, token = hex, payload = quoted }

local OPTION, UINT = lunacoap.OptionNumber, lunacoap.ValueType.ovtUInt
local IS_BLOCK = { [OPTION.Block1] = true, [OPTION.Block2] = true }

---An option's value: as a number if that is what it is, a block as message.describe shows it.
local function value_text(number, value)
  if #value > 4 or number == 0 or lunacoap.CoAPOption(number).ValueType ~= UINT then
    return quoted(value)
  end
  local integer = string.unpack(">I4", ("\0"):rep(4 - #value) .. value)
  if IS_BLOCK[number] then
    return ("%d/%d/%d"):format(integer >> 4, integer >> 3 & 1, 16 << (integer & 7))
  end
  return tostring(integer)
end

local function option_name(number)
  return lunacoap.OptionName[number] or "option " .. number
end

local function option_text(number, values)
  local texts = {}
  for i, value in ipairs(values or {}) do
    texts[i] = value_text(number, value)
  end
  return #texts == 0 and "none" or table.concat(texts, ", ")
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

---@return string[] lines one for each field that differs
local function differences(expected, options, got)
  local lines = {}
  local function compare(name, want, have)
    if want ~= have then
      lines[#lines + 1] = ("  %s: expected %s, got %s"):format(name, want, have)
    end
  end
  for _, name in ipairs(FIELDS) do
    local write = WRITTEN[name]
    if write and expected[name] ~= nil then
      compare(name, write(expected[name]), write(got[name]))
    end
  end
  local values = by_number(got.options)
  for _, number in ipairs(sorted_keys(options)) do
    compare(option_name(number), option_text(number, options[number]),
      option_text(number, values[number]))
  end
  return lines
end

---The scalar fields as the library writes them, and the options.
local function prepare(expected)
  check(expected)
  local fields = normal { type = expected.type, code = expected.code or "GET", id = expected.id }
  local wanted = {
    type = expected.type and fields.type, code = expected.code and fields.code, id = expected.id,
    token = expected.token and normal { code = "GET", token = expected.token }.token,
    payload = expected.payload and normal { code = "GET", payload = expected.payload }.payload,
  }
  return wanted, expected_options(expected.options or {})
end

---The expectation in one line.
local function summary(wanted, options)
  local parts = {}
  for _, name in ipairs(FIELDS) do
    if wanted[name] then
      parts[#parts + 1] = ("%s %s"):format(name, WRITTEN[name](wanted[name]))
    end
  end
  for _, number in ipairs(sorted_keys(options)) do
    parts[#parts + 1] = option_name(number) .. " " .. option_text(number, options[number])
  end
  return #parts > 0 and table.concat(parts, ", ") or "any message"
end

---Receives the next message and compares the fields that are given; raises what differs, or that
---nothing came.
---@param endpoint lunacoap.Endpoint
---@param expected lunacoap.Expected
---@param within? number Seconds, 5 unless given.
---@return lunacoap.message.Message message
---@return string bytes as they came
return function(endpoint, expected, within)
  local ok, wanted, options = pcall(prepare, expected)
  if not ok then
    error(wanted, 2)
  end
  within = within or USUAL_WAIT
  local peer, peer_port = endpoint.RemoteHost, endpoint.RemotePort
  local received, bytes, host, port = pcall(endpoint.receive, endpoint, within)
  if not received then
    error((tostring(bytes.Message or bytes):gsub("^receive", "expect")), 2)
  end
  if not bytes then
    local why = host and tostring(host) or ("nothing came within %g s"):format(within)
    error(("%s; expected: %s"):format(why, summary(wanted, options)), 2)
  end
  local got = message.decode(bytes)
  local lines = got and differences(wanted, options, got)
  if not got or #lines > 0 then
    local known = host == peer and port == peer_port
    local from = known and "" or (", from %s port %d"):format(host, port)
    error(("another message came than was expected%s:\n  %s"):format(from,
      table.concat({ message.describe(bytes), table.unpack(lines or {}) }, "\n")), 2)
  end
  return got, bytes
end
