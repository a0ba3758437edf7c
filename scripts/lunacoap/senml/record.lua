-- Records of SenML: which fields there are, and what makes a list of records valid (RFC 8428
-- sections 4.1 to 4.5).

local cbor = require("lunacoap").cbor

local M = {}

---@class lunacoap.senml.Record
---@field bn? string Base name: put in front of the names from here on.
---@field bt? number Base time: added to the times from here on.
---@field bu? string Base unit: of the records from here on that have none.
---@field bv? number Base value: added to the values from here on.
---@field bs? number Base sum: added to the sums from here on.
---@field bver? integer The version of the format, 10 if it is not there.
---@field n? string Name.
---@field u? string Unit.
---@field v? number Value.
---@field vs? string Value that is a string.
---@field vb? boolean Value that is true or false.
---@field vd? string Value that is bytes.
---@field s? number The values' sum over time.
---@field t? number Time in seconds: since 1970, or relative to now when it is below 2^28.
---@field ut? number Seconds until the next update at the latest.

---The version of RFC 8428.
M.VERSION = 10

---The label of each field in CBOR (section 6).
M.CBOR_LABELS = {
  bver = -1, bn = -2, bt = -3, bu = -4, bv = -5, bs = -6,
  n = 0, u = 1, v = 2, vs = 3, vb = 4, s = 5, t = 6, ut = 7, vd = 8,
}

-- ---- Faults -------------------------------------------------------------------------------------

local Fault = {}

---Raises what is wrong.
---@param message string
function M.refuse(message)
  error(setmetatable({ message = message }, Fault))
end

---Calls f; a fault that it raises becomes nil, message.
---@param f function
function M.guarded(f, ...)
  local ok, result = pcall(f, ...)
  if ok then
    return result
  elseif getmetatable(result) == Fault then
    return nil, result.message
  end
  error(result, 0)
end

---Raises what is wrong with the i-th record.
---@param i integer
---@param text string A format for the values behind it.
function M.refuse_record(i, text, ...)
  M.refuse(("record %d: " .. text):format(i, ...))
end

---How a message names a value.
---@param value any
---@return string
function M.describe(value)
  local kind = type(value)
  if kind == "string" then
    return utf8.len(value) and "a string" or "a string that is not UTF-8"
  elseif kind == "userdata" and cbor.type(value) then
    return "cbor." .. cbor.type(value)
  elseif value == cbor.null then
    return "null"
  end
  return (kind == "table" or kind == "function") and "a " .. kind or tostring(value)
end

-- ---- Fields -------------------------------------------------------------------------------------

local function is_number(value)
  return math.type(value) ~= nil and value == value and value ~= math.huge and value ~= -math.huge
end

local function is_text(value)
  return type(value) == "string" and utf8.len(value) ~= nil
end

local function is_string(value)
  return type(value) == "string"
end

local function is_boolean(value)
  return type(value) == "boolean"
end

local function is_version(value)
  return type(value) == "number" and math.tointeger(value) ~= nil and value > 0
end

local NUMBER, TEXT = { "a number", is_number }, { "a string", is_text }

-- What each field holds, in words and as a check.
local HOLDS = {
  bver = { "a whole number above 0", is_version }, bn = TEXT, bt = NUMBER, bu = TEXT, bv = NUMBER,
  bs = NUMBER, n = TEXT, u = TEXT, v = NUMBER, vs = TEXT, vb = { "true or false", is_boolean },
  vd = { "bytes", is_string }, s = NUMBER, t = NUMBER, ut = NUMBER,
}

local function check_fields(i, record)
  for label, value in pairs(record) do
    local holds = HOLDS[label]
    if holds and not holds[2](value) then
      M.refuse_record(i, "'%s' holds %s, not %s", label, holds[1], M.describe(value))
    elseif not holds and type(label) == "string" and label:find("_$") then
      M.refuse_record(i, "'%s' must be understood (its name ends with _), and is not", label)
    end
  end
end

-- ---- Records ------------------------------------------------------------------------------------

---@param label any
---@return boolean
function M.is_base_label(label)
  return type(label) == "string" and label:sub(1, 1) == "b"
end

-- Whether a record only sets base fields, and is no measurement, as in section 5.1.7.
local function is_base(record)
  for label in pairs(record) do
    if not M.is_base_label(label) then
      return false
    end
  end
  return next(record) ~= nil
end

-- One value, or a sum and at most one; base values count as values (section 4.5.4).
local function check_value(i, record, base)
  local found
  for _, label in ipairs { "v", "vs", "vb", "vd" } do
    if record[label] ~= nil then
      if found then
        M.refuse_record(i, "'%s' and '%s' are two values, a record has one", found, label)
      end
      found = label
    end
  end
  if not (found or record.s or base.bv or base.bs) then
    M.refuse_record(i, "'v' is missing: a record has a value (v, vs, vb or vd) or a sum (s)")
  end
end

-- All records have the same version, and none that we do not understand (section 4.4).
local function check_version(i, record, base)
  local version = record.bver or i == 1 and M.VERSION or base.bver
  if version > M.VERSION then
    M.refuse_record(i, "'bver' is %d, versions up to %d are understood", version, M.VERSION)
  elseif i > 1 and version ~= base.bver then
    M.refuse_record(i, "'bver' is %d, and %d before", version, base.bver)
  end
  base.bver = version
end

---Calls f(i, record, base) for each record that is a measurement, with the base fields that hold
---for it; raises a fault for the first record that is wrong.
---@param records lunacoap.senml.Record[]
---@param f? function
function M.each_measurement(records, f)
  local base = {}
  for i, record in ipairs(records) do
    if type(record) ~= "table" or cbor.type(record) == "array" then
      M.refuse_record(i, "a record is a table of fields, not %s", M.describe(record))
    end
    check_fields(i, record)
    check_version(i, record, base)
    for _, label in ipairs { "bn", "bt", "bu", "bv", "bs" } do
      base[label] = record[label] or base[label]
    end
    if not is_base(record) then
      check_value(i, record, base)
      if f then
        f(i, record, base)
      end
    end
  end
end

---A list of what f(record, i) makes of each record.
---@param records lunacoap.senml.Record[]
---@param f function
---@return table
function M.map(records, f)
  local out = cbor.array()
  for i, record in ipairs(records) do
    out[i] = f(record, i)
  end
  return out
end

---Whole numbers are shorter as integers, and the same (section 6); -0.0 is none.
---@param number number
---@return number
function M.shortest(number)
  local integer = math.tointeger(number)
  return integer and (integer ~= 0 or 1 / number > 0) and integer or number
end

return M
