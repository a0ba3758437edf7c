-- What assert.response(r) can say of a response. Each takes the response, whether the opposite is
-- wanted, and what the spec wants; it returns whether it is so, and the text if that is wrong.

local excerpt = require "lunacoap.ladder.excerpt"
local failure = require "lunacoap.scenario.failure"
local format = require "lunacoap.format"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"
local same = require "lunacoap.scenario.same"

local SHOWN = 200

local function with_name(code)
  local name = lunacoap.CodeName[code]
  return name and code .. " " .. name or code
end

local function code_with_payload(response)
  local text = with_name(response.code)
  return response.payload ~= "" and ("%s: %s"):format(text,
    excerpt(response.payload, response.format, SHOWN)) or text
end

-- The whole text: of what, what was wanted and what came.
local function tell(response, negated, what, wanted, came)
  return ("%s has %s %s\nexpected: %s%s\ncame:     %s"):format(response:what(),
    negated and "this" or "another", what, negated and "not " or "", wanted, came)
end

local function payload_text(bytes, number)
  return bytes == "" and "no payload" or excerpt(bytes, number, SHOWN)
end

local M = {}

---has_code("2.05"), has_code("4.xx")
function M.code(response, negated, wanted)
  if type(wanted) ~= "string" or not wanted:find("^%d%.[%dx][%dx]$") then
    failure.misuse("has_code takes a code such as \"2.05\", or a class such as \"4.xx\"")
  end
  local holds = response.code:find("^" .. wanted:gsub("%.", "%%."):gsub("x", "%%d") .. "$") ~= nil
  return holds, tell(response, negated, "code", with_name(wanted), code_with_payload(response))
end

---has_payload("21.5")
function M.payload(response, negated, wanted)
  if type(wanted) ~= "string" then
    failure.misuse("has_payload takes the bytes of a payload; has_value compares what they mean")
  end
  return response.payload == wanted, tell(response, negated, "payload",
    payload_text(wanted, response.format), payload_text(response.payload, response.format))
end

---has_payload_matching("^%d+$")
function M.payload_matching(response, negated, pattern)
  if type(pattern) ~= "string" then
    failure.misuse("has_payload_matching takes a pattern of Lua")
  end
  local ok, found = pcall(string.find, response.payload, pattern)
  if not ok then
    failure.misuse("has_payload_matching: %s", found)
  end
  return found ~= nil, tell(response, negated, "payload",
    "one that matches " .. pattern, payload_text(response.payload, response.format))
end

---has_value { temperature = 21.5 }
function M.value(response, negated, wanted)
  local ok, value = pcall(function() return response.value end)
  local came = ok and same.text(value) or payload_text(response.payload, response.format)
  return ok and same.is(wanted, value), tell(response, negated, "value", same.text(wanted), came)
end

---has_format("json"), has_format(60)
function M.format(response, negated, wanted)
  local number, message = format.number(wanted)
  if not number then
    failure.misuse("has_format: %s", message)
  end
  return response.format == number, tell(response, negated, "content-format", format.name(number),
    response.format and format.name(response.format) or "none")
end

---is_within(0.5)
function M.within(response, negated, seconds)
  if not failure.is_seconds(seconds) then
    failure.misuse("is_within takes seconds")
  end
  return response.seconds <= seconds, tell(response, negated, "duration",
    ("at most %g s"):format(seconds), ("%.3g s"):format(response.seconds))
end

-- How values of an option are compared: those of bytes have their digits as value, of which a spec
-- may write either.
local function comparison(number)
  local is_binary = lunacoap.CoAPOption(number).ValueType == lunacoap.ValueType.ovtBinary
  return function(value, wanted)
    wanted = tostring(type(wanted) == "number" and math.tointeger(wanted) or wanted)
    return value == wanted or is_binary and value == hex.encode(wanted)
  end
end

local function has_value(values, wanted, is)
  if wanted == nil then
    return values[1] ~= nil
  elseif type(wanted) ~= "table" then
    for _, value in ipairs(values) do
      if is(value, wanted) then
        return true
      end
    end
    return false
  end
  for i = 1, math.max(#values, #wanted) do
    if not values[i] or not wanted[i] or not is(values[i], wanted[i]) then
      return false
    end
  end
  return true
end

local function check_option(number, wanted)
  if number < 0 or number > 65535 then
    failure.misuse("has_option takes the name of an option, or its number, 0 to 65535")
  end
  for _, value in ipairs(type(wanted) == "table" and wanted or { wanted }) do
    if type(value) ~= "string" and type(value) ~= "number" then
      failure.misuse("has_option takes a string, a number, or a list of them, as value")
    end
  end
end

local function list_text(values)
  return type(values) == "table" and table.concat(values, ", ") or tostring(values)
end

local function options_text(response)
  local list = {}
  for i, option in ipairs(response.options) do
    list[i] = ("%s %s"):format(option.Name, option.Value)
  end
  return #list > 0 and table.concat(list, ", ") or "no options"
end

---has_option("ETag"), has_option("Max-Age", 60), has_option("Location-Path", { "a", "b" })
function M.option(response, negated, name, wanted)
  local number = math.type(name) == "integer" and name or lunacoap.OptionNumber[name]
  check_option(number, wanted)
  local shown = lunacoap.OptionName[number] or tostring(number)
  if wanted ~= nil then
    shown = shown .. " " .. list_text(wanted)
  end
  local text = "%s %s the option\nexpected: %s%s\ncame:     %s"
  local holds = has_value(response:values(number), wanted, comparison(number))
  return holds, text:format(response:what(),
    negated and "has" or "lacks", negated and "not " or "", shown, options_text(response))
end

return M
