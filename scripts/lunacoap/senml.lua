-- lunacoap.senml: Sensor Measurement Lists (RFC 8428) in JSON and CBOR. A record is a table whose
-- keys are the labels of JSON in both formats; a data value (vd) is a string of its bytes.

local lunacoap = require "lunacoap"
local base64url = require "lunacoap.senml.base64url"
local resolving = require "lunacoap.senml.resolve"
local rules = require "lunacoap.senml.record"

local cbor, json = lunacoap.cbor, lunacoap.json

---@class lunacoap.senml
local M = {}

-- ---- Records as JSON and CBOR have them ---------------------------------------------------------

local function to_json(record)
  local out = {}
  for label, value in pairs(record) do
    out[label] = label == "vd" and base64url.encode(value) or value
  end
  return out
end

local function from_json(record, i)
  local text = record.vd
  if type(text) == "string" then
    record.vd = base64url.decode(text)
      or rules.refuse_record(i, "'vd' is not base64url: '%s'", text)
  end
  return record
end

local function to_cbor(record)
  local out = cbor.map()
  for label, value in pairs(record) do
    local known = rules.CBOR_LABELS[label]
    if label == "vd" then
      value = cbor.bytes(value)
    elseif known and type(value) == "number" then
      value = rules.shortest(value)
    end
    out[known or label] = value
  end
  return out
end

-- CBOR may have a decimal fraction for a number (RFC 8949 3.4.4), or an integer too large for Lua.
local function to_number(tagged)
  local tag, content = tagged.tag, tagged.value
  if tag == 4 and cbor.type(content) == "array" and math.type(content[1]) == "integer"
    and math.type(content[2]) == "integer" then
    return tonumber(("%de%d"):format(content[2], content[1]))
  elseif (tag == 2 or tag == 3) and cbor.type(content) == "bytes" then
    local number = 0.0
    for byte in content.value:gmatch(".") do
      number = number * 256 + byte:byte()
    end
    return tag == 2 and number or -1 - number
  end
  return tagged
end

local LABELS = {}
for label, number in pairs(rules.CBOR_LABELS) do
  LABELS[number] = label
end

local function from_cbor(record, i)
  local out = {}
  for key, value in pairs(record) do
    local label, kind = LABELS[key] or key, cbor.type(value)
    if out[label] ~= nil then
      rules.refuse_record(i, "'%s' is there twice", label)
    elseif label == "vd" and kind ~= "bytes" then
      rules.refuse_record(i, "'vd' holds a byte string, not %s", rules.describe(value))
    elseif label == "vd" then
      value = value.value
    elseif kind == "tagged" and rules.CBOR_LABELS[label] then
      value = to_number(value)
    end
    out[label] = value
  end
  return out
end

-- ---- Formats ------------------------------------------------------------------------------------

-- A stream is an array whose end is not known at its beginning (section 6).
local function encode_stream(records)
  return "\x9f" .. table.concat(rules.map(records, cbor.encode)) .. "\xff"
end

local JSON = { encode = json.encode, decode = json.decode, to = to_json, from = from_json }
local CBOR = { encode = cbor.encode, decode = cbor.decode, to = to_cbor, from = from_cbor }
local STREAM = { encode = encode_stream, decode = cbor.decode, to = to_cbor, from = from_cbor }

local FORMATS = { [110] = JSON, [111] = JSON, [112] = CBOR, [113] = STREAM }

local function check_format(name, as)
  local found = FORMATS[lunacoap.format.number(as or 110)]
  return found or error(("senml.%s takes senml+json, senml+cbor, or 110 to 113, not '%s'"):format(
    name, tostring(as)), 3)
end

local function check_records(name, records)
  if type(records) ~= "table" then
    error(("senml.%s takes a list of records, not %s"):format(name, rules.describe(records)), 3)
  end
end

---Writes records as SenML.
---@param records lunacoap.senml.Record[]
---@param as? integer|string The content-format: "senml+json" (the default), "senml+cbor" ...
---@return string? bytes
---@return string? message Which record and which field are wrong.
function M.pack(records, as)
  check_records("pack", records)
  local codec = check_format("pack", as)
  return rules.guarded(function()
    rules.each_measurement(records)
    local ok, result = pcall(codec.encode, rules.map(records, codec.to))
    return ok and result or rules.refuse(type(result) == "table" and result.Message or result)
  end)
end

---Reads SenML. Fields that are not known are kept, unless their name ends with "_".
---@param bytes string
---@param as? integer|string The content-format: "senml+json" (the default), "senml+cbor" ...
---@return lunacoap.senml.Record[]? records
---@return string? message What is wrong: with the bytes, and at which one, or with which record.
function M.unpack(bytes, as)
  local codec = check_format("unpack", as)
  if type(bytes) ~= "string" then
    error("senml.unpack takes a string of bytes, not " .. rules.describe(bytes), 2)
  end
  local list, message = codec.decode(bytes)
  if list == nil then
    return nil, message
  end
  return rules.guarded(function()
    if cbor.type(list) ~= "array" then
      rules.refuse("SenML is an array of records, not " .. rules.describe(list))
    end
    local records = rules.map(list, function(record, i)
      local is_record = type(record) == "table" and cbor.type(record) ~= "array"
      return is_record and codec.from(record, i) or record
    end)
    rules.each_measurement(records)
    return records
  end)
end

---Applies base fields and makes times absolute, so that each record stands for itself; in the order
---of their times.
---@param records lunacoap.senml.Record[]
---@param now? number The time to which relative times are relative; else that of the system.
---@return lunacoap.senml.Record[]? resolved
---@return string? message Which record and which field are wrong.
function M.resolve(records, now)
  check_records("resolve", records)
  return rules.guarded(resolving.resolve, records, now or os.time())
end

---Takes what resolved records have in common out of them, into base fields of the first one.
---@param records lunacoap.senml.Record[]
---@return lunacoap.senml.Record[]? compact
---@return string? message Which record and which field are wrong.
function M.compact(records)
  check_records("compact", records)
  return rules.guarded(resolving.compact, records)
end

return M
