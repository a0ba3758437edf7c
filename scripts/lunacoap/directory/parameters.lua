-- The parameters of registrations and lookups, checked and as the query of a URI (RFC 9176 5 and
-- 9.3).

local failure = require "lunacoap.directory.failure"
local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"

local M = {}

-- ---- Values -------------------------------------------------------------------------------------

local MAX_NAME = 63 -- bytes, of ep and d (RFC 9176 5)
local MAX_LIFETIME = 0xFFFFFFFF

local function describe(value)
  return type(value) == "string" and ("'%s'"):format(value) or tostring(value)
end

-- RFC 9176 5: UTF-8 without the characters 0 to 31 and 127 to 159.
local function has_controls(text)
  return text:find("[%z\1-\31\127]") or text:find("\xC2[\x80-\x9F]")
end

local function name_check(field)
  return function(value)
    if type(value) ~= "string" or value == "" or #value > MAX_NAME then
      failure.fail("'%s' takes a name of 1 to %d bytes, not %s", field, MAX_NAME,
        type(value) == "string" and ("one of %d"):format(#value) or describe(value))
    elseif not utf8.len(value) or has_controls(value) then
      failure.fail("'%s' takes text in UTF-8 without control characters", field)
    end
    return value
  end
end

local function whole(field, low, high)
  return function(value)
    local number = math.tointeger(value)
    if type(value) ~= "number" or not number or number < low or number > high then
      failure.fail("'%s' takes a whole number from %d to %d, not %s", field, low, high,
        describe(value))
    end
    return number
  end
end

local function base_check(value)
  if type(value) ~= "string" or not value:find("^%a[%w+.-]*://[^/?#]+[^?#]*$") then
    failure.fail("'base' takes a URI such as coap://[2001:db8::1]:5683, without query or fragment, "
      .. "not %s", describe(value))
  elseif value:find("^[^/]*//%[[^%]]*%%") then
    failure.fail("'base' takes an address without a zone, not %s", describe(value)) -- RFC 9176 5
  end
  return value
end

local function is_text(value)
  return type(value) == "string" or math.type(value) == "integer" or math.type(value) == "float"
end

-- A value of the query, or a list of several.
local function values_check(field)
  return function(value)
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      if not is_text(one) then
        failure.fail("'%s' takes text, a number or a list of these, not %s", field, describe(one))
      end
    end
    return value
  end
end

-- RFC 9176 9.3: the key of a URI's query, and a token.
local function attributes_check(value)
  if type(value) ~= "table" then
    failure.fail("'attributes' takes a table such as { con = \"vendor\" }, not %s", describe(value))
  end
  for name, one in pairs(value) do
    if type(name) ~= "string" or not name:find("^[%w._~!$'*+-]+$") then
      failure.fail("%s is no name of an attribute", describe(name))
    end
    values_check(name)(one)
  end
  return value
end

---Checks by field; each returns the value to keep.
---@type table<string, fun(value: any): any>
M.checks = {
  ep = name_check "ep", d = name_check "d", lt = whole("lt", 1, MAX_LIFETIME), base = base_check,
  et = values_check "et", attributes = attributes_check,
  page = whole("page", 0, math.maxinteger), count = whole("count", 1, math.maxinteger),
}

---Whatever it is.
---@param value any
---@return any
function M.any(value)
  return value
end

---A check for a type of Lua.
---@param field string
---@param kind string
---@return fun(value: any): any
function M.of_type(field, kind)
  return function(value)
    if type(value) ~= kind then
      failure.fail("'%s' takes a %s, not %s", field, kind, describe(value))
    end
    return value
  end
end

-- The names that there are, in order.
local function names_of(checks)
  local names = {}
  for name in pairs(checks) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function unknown(name, checks, what)
  local names = names_of(checks)
  local near = type(name) == "string" and lunacoap.nearest(name, names)
  if near then
    failure.fail("%s has no field '%s'; did you mean '%s'?", what, name, near)
  end
  failure.fail("%s has no field '%s': it takes %s", what, tostring(name), table.concat(names, ", "))
end

---A checked copy of fields.
---@param fields table
---@param checks table<string, fun(value: any): any> Those that it may have.
---@param what string Whose they are, for messages.
---@return table
function M.check(fields, checks, what)
  if type(fields) ~= "table" then
    failure.fail("%s takes a table such as { ep = \"node-1\" }, not %s", what, describe(fields))
  end
  local checked = {}
  for name, value in pairs(fields) do
    local check = checks[name] or unknown(name, checks, what)
    checked[name] = check(value)
  end
  return checked
end

-- ---- The query ----------------------------------------------------------------------------------

-- What may not stay as it is in an argument of a query (RFC 3986 3.4, RFC 7252 6.4).
local NO_ARGUMENT = "[^%w%-._~!$'()*+,;:@/?]"

local function text_of(value)
  return math.type(value) == "float" and ("%.14g"):format(value) or tostring(value)
end

local function add(arguments, name, value)
  if type(value) == "table" then
    for _, one in ipairs(value) do
      add(arguments, name, one)
    end
  elseif value ~= nil then
    arguments[#arguments + 1] = name .. "=" .. percent.encode(text_of(value), NO_ARGUMENT)
  end
end

---A URI with arguments added to its query.
---@param uri string
---@param fields table
---@param names string[] Which fields, in this order.
---@param more? table<string, any> Further ones, which follow in the order of their names.
---@return string
function M.with_query(uri, fields, names, more)
  local arguments = {}
  for _, name in ipairs(names) do
    add(arguments, name, fields[name])
  end
  for _, name in ipairs(names_of(more or {})) do
    add(arguments, percent.encode(name, NO_ARGUMENT), more[name])
  end
  if #arguments == 0 then
    return uri
  end
  return uri .. (uri:find("?", 1, true) and "&" or "?") .. table.concat(arguments, "&")
end

return M
