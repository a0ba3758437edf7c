-- Resolved records (RFC 8428 section 4.6), and the way back.

local cbor = require("lunacoap").cbor
local rules = require "lunacoap.senml.record"

local M = {}

local ABSOLUTE = 1 << 28 -- smaller times are relative to now (section 4.5.3)

-- ---- Resolving ----------------------------------------------------------------------------------

local function full_name(i, record, base)
  local name = (base.bn or "") .. (record.n or "")
  if name == "" then
    rules.refuse_record(i, "'n' is missing, and there is no base name")
  elseif not name:find("^[A-Za-z0-9][A-Za-z0-9:./_-]*$") then
    rules.refuse_record(i, "'n' makes the name '%s', which has other characters than "
      .. "A-Z a-z 0-9 - : . / _ or begins with one of the last five", name)
  end
  return name
end

-- Integers would wrap around where their sum is too large for one.
local function add(i, label, a, b)
  local sum = a + b
  if math.type(sum) == "integer" and (sum < a) ~= (b < 0) then
    sum = a + 0.0 + b
  elseif sum == math.huge or sum == -math.huge then
    rules.refuse_record(i, "'%s' is too large with its base", label)
  end
  return sum
end

local function absolute_time(i, record, base, now)
  local time = add(i, "t", base.bt or 0, record.t or 0)
  return time < ABSOLUTE and add(i, "t", now, time) or time
end

local function has_other_value(record)
  return record.vs or record.vd or record.vb ~= nil
end

local function resolved(i, record, base, now)
  local out = {}
  for label, value in pairs(record) do
    if not rules.is_base_label(label) then
      out[label] = value
    end
  end
  out.n, out.u = full_name(i, record, base), record.u or base.bu
  out.t = absolute_time(i, record, base, now)
  if base.bv and not has_other_value(record) then
    out.v = add(i, "v", base.bv, record.v or 0)
  end
  if base.bs then
    out.s = add(i, "s", base.bs, record.s or 0)
  end
  out.bver = base.bver ~= rules.VERSION and base.bver or nil
  return out
end

---@param records lunacoap.senml.Record[]
---@param now number
---@return lunacoap.senml.Record[]
function M.resolve(records, now)
  local out, places = cbor.array(), {}
  rules.each_measurement(records, function(i, record, base)
    local made = resolved(i, record, base, now)
    out[#out + 1], places[made] = made, i
  end)
  table.sort(out, function(a, b)
    return a.t < b.t or a.t == b.t and places[a] < places[b]
  end)
  return out
end

-- ---- Compacting ---------------------------------------------------------------------------------

-- What all names begin with, up to a separator; the whole name when there is but one.
local function common_name(records)
  local prefix = records[1].n
  for _, record in ipairs(records) do
    if record.n ~= prefix then
      prefix = prefix:match("^.*[:./_-]") or ""
      while record.n:sub(1, #prefix) ~= prefix do
        prefix = prefix:sub(1, -2):match("^.*[:./_-]") or ""
      end
    end
  end
  return prefix ~= "" and prefix or nil
end

-- The difference with the fewest digits that gives the time again; nil when none does.
local function difference(time, from)
  for digits = 1, 17 do
    local number = tonumber(("%%.%dg"):format(digits):format(time - from))
    if from + number == time then
      return rules.shortest(number)
    end
  end
  return nil
end

local function common_time(records)
  local first = records[1].t
  for _, record in ipairs(records) do
    if not record.t or not difference(record.t, first) then
      return nil
    end
  end
  return first
end

-- The unit that most records have, when none is without.
local function common_unit(records)
  local counts, best = {}, nil
  for _, record in ipairs(records) do
    if not record.u then
      return nil
    end
    counts[record.u] = (counts[record.u] or 0) + 1
    if not best or counts[record.u] > counts[best] then
      best = record.u
    end
  end
  return counts[best] > 1 and best or nil
end

local function without(record, base)
  local out = {}
  for label, value in pairs(record) do
    out[label] = value
  end
  if base.bn then
    out.n = record.n ~= base.bn and record.n:sub(#base.bn + 1) or nil
  end
  if base.bt then
    out.t = record.t ~= base.bt and difference(record.t, base.bt) or nil
  end
  out.u = record.u ~= base.bu and record.u or nil
  out.bver = nil
  return out
end

local function check_resolved(i, record)
  for label in pairs(record) do
    if rules.is_base_label(label) and label ~= "bver" then
      rules.refuse_record(i, "'%s' is a base field: compact takes resolved records", label)
    end
  end
  if not record.n then
    rules.refuse_record(i, "'n' is missing: compact takes resolved records")
  end
end

---@param records lunacoap.senml.Record[]
---@return lunacoap.senml.Record[]
function M.compact(records)
  rules.each_measurement(records, check_resolved)
  local base = {}
  if #records > 1 then
    base = { bn = common_name(records), bt = common_time(records), bu = common_unit(records) }
  end
  local out = rules.map(records, function(record) return without(record, base) end)
  for label, value in pairs(base) do
    out[1][label] = value
  end
  if out[1] then
    out[1].bver = records[1].bver
  end
  return out
end

return M
