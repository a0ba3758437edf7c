-- Who the devices of a fleet are, in DTLS and by name: a function of their index, or a table of
-- comma-separated values with a row for each.
--   identity = lunacoap.fleet.identities "devices.csv"
-- The columns, of which a file has those that it needs: name; psk_identity and psk_key (hexadecimal
-- digits); certificate (a file, as all relative to the table), key (the file of its private key, if
-- that is another) and password; raw_key (the file of a private key). Any others are for scripts,
-- as device.row.COLUMN.

local credentials = require "lunacoap.credentials"
local csv = require "lunacoap.csv"
local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"

---@class lunacoap.fleet.IdentityOptions
---@field separator? string As for lunacoap.csv.
---@field columns? table<string, string> What the file calls a column: { psk_identity = "imei" }.

---@class lunacoap.fleet.Identities
---@field path string
---@field rows table<string, string>[] As in the file; row i is device i.
local Identities = { __name = "lunacoap.fleet.Identities" }
Identities.__index = Identities

local M = {}

local COLUMNS = {
  "name", "psk_identity", "psk_key", "certificate", "key", "password", "raw_key",
}

-- What a row may be known by, one of them.
local KINDS = { "psk_key", "certificate", "raw_key" }

-- Columns that mean nothing without another one.
local NEEDS = {
  { "psk_key", "psk_identity" }, { "psk_identity", "psk_key" }, { "key", "certificate" },
  { "password", "certificate", "raw_key" },
}

local function fail(text, ...)
  error(text:format(...), 0)
end

local function fail_at(self, index, text, ...)
  fail("%s:%d: %s", self.path, self.lines[index], text:format(...))
end

-- nil for an empty field, or without the column.
local function cell(self, index, column)
  local text = self.rows[index][self.names[column]]
  return text ~= "" and text or nil
end

-- ---- The columns --------------------------------------------------------------------------------

local function set_of(list)
  local set = {}
  for _, value in ipairs(list) do
    set[value] = true
  end
  return set
end

local function check_options(options)
  for name in pairs(options) do
    if name ~= "separator" and name ~= "columns" then
      fail("identities has no option '%s'; there are columns and separator", tostring(name))
    end
  end
  for column in pairs(options.columns or {}) do
    if not set_of(COLUMNS)[column] then
      fail("columns has no field '%s'; it takes %s", tostring(column), table.concat(COLUMNS, ", "))
    end
  end
end

-- The names of the known columns in this file.
local function names_of(path, header, given)
  local names, there, known = {}, set_of(header), {}
  for _, column in ipairs(COLUMNS) do
    names[column] = given[column] or column
    known[names[column]] = true
    if given[column] and not there[given[column]] then
      fail("%s has no column '%s', which is to be its %s", path, given[column], column)
    end
  end
  for _, name in ipairs(header) do
    local near = not known[name] and lunacoap.nearest(name, COLUMNS)
    if near and not there[names[near]] then
      fail("%s:1: the column '%s' is not known; did you mean '%s'?", path, name, near)
    end
  end
  return names
end

-- ---- The rows -----------------------------------------------------------------------------------

local function check_needs(self, index)
  for _, rule in ipairs(NEEDS) do
    local has, needs, or_this = table.unpack(rule)
    if cell(self, index, has) and not cell(self, index, needs)
      and not (or_this and cell(self, index, or_this)) then
      fail_at(self, index, "%s needs %s", has, table.concat(rule, " or ", 2))
    end
  end
end

local function check_kind(self, index, is_needed)
  local kinds = {}
  for _, kind in ipairs(KINDS) do
    kinds[#kinds + 1] = cell(self, index, kind) and kind
  end
  if #kinds > 1 then
    fail_at(self, index, "a device has one identity; this has %s", table.concat(kinds, " and "))
  elseif #kinds == 0 and is_needed then
    fail_at(self, index, "no identity: %s are empty", table.concat(KINDS, ", "))
  end
end

-- The settings themselves know what they take.
local function check_settings(self, index, scratch)
  for column, setting in pairs { psk_identity = "PSKIdentity", psk_key = "PSKKey" } do
    local text = cell(self, index, column)
    local ok, err = true, nil
    if text then
      ok, err = pcall(scratch.Config, scratch, setting .. "=" .. text)
    end
    if not ok then
      fail_at(self, index, "%s", (err.Message:gsub(setting, column)))
    end
  end
end

local function check_name(self, index, seen)
  local name = cell(self, index, "name")
  if name and seen[name] then
    fail_at(self, index, "the name '%s' is in line %d, too", name, self.lines[seen[name]])
  elseif name then
    seen[name] = index
  end
end

-- One who answers them by their identities can know only one of two.
local function check_key(self, index, seen)
  local identity = cell(self, index, "psk_identity")
  local first = identity and seen[identity]
  if first and cell(self, first, "psk_key"):lower() ~= cell(self, index, "psk_key"):lower() then
    fail_at(self, index, "the psk_identity '%s' has another psk_key in line %d", identity,
      self.lines[first])
  elseif identity then
    seen[identity] = first or index
  end
end

local function check_rows(self, header)
  local there, is_needed = set_of(header), false
  for _, kind in ipairs(KINDS) do
    is_needed = is_needed or there[self.names[kind]]
  end
  local scratch <close>, names, identities = lunacoap.CoAP(), {}, {}
  for index = 1, #self.rows do
    check_needs(self, index)
    check_kind(self, index, is_needed)
    check_settings(self, index, scratch)
    check_key(self, index, identities)
    check_name(self, index, names)
  end
end

local function read(path, options)
  check_options(options)
  local rows, header, details = csv.read(path, { separator = options.separator })
  if not rows then
    fail("%s", header)
  end
  local self = setmetatable({ path = path, rows = rows, lines = details.lines, loaded = {},
    names = names_of(path, header, options.columns or {}) }, Identities)
  check_rows(self, header)
  return self
end

---The identities of a file: row i is that of device i.
---@param path string
---@param options? lunacoap.fleet.IdentityOptions
---@return lunacoap.fleet.Identities
function M.identities(path, options)
  local ok, result = pcall(read, path, options or {})
  return ok and result or error(result, 2)
end

-- ---- What devices get ---------------------------------------------------------------------------

-- A file of the table's folder, or a key in a token by its URL, which has no file.
local function reader(self)
  local folder = self.path:match("^.*/") or ""
  return function(name)
    if name:find("^pkcs11:") then
      return name
    end
    local path = name:sub(1, 1) == "/" and name or folder .. name
    local file <close>, message = io.open(path, "rb")
    return file and file:read("a") or fail("%s", message or path .. " cannot be read")
  end
end

-- Rows that name the same files have the same certificate: it is loaded once.
local function load(self, index)
  local certificate, raw_key = cell(self, index, "certificate"), cell(self, index, "raw_key")
  local key, password = cell(self, index, "key"), cell(self, index, "password")
  local id = table.concat({ certificate and "certificate" or "raw_key", certificate or raw_key,
    key or "", password or "" }, "\0")
  if not self.loaded[id] then
    local ok, result
    if certificate then
      ok, result = pcall(credentials.certificate, reader(self), certificate, key, password,
        "name its file in the column key")
    else
      ok, result = pcall(credentials.key, reader(self), raw_key, password)
    end
    self.loaded[id] = ok and result or fail_at(self, index, "%s", tostring(result))
  end
  return self.loaded[id]
end

---Fields for the component of a device.
---@param index integer
---@return lunacoap.CoAPInit
function Identities:fields(index)
  if not self.rows[index] then
    fail("%s has no row %s", self.path, tostring(index))
  elseif cell(self, index, "psk_key") then
    return { PSKIdentity = cell(self, index, "psk_identity"),
      PSKKey = cell(self, index, "psk_key") }
  elseif cell(self, index, "certificate") then
    return { SSLCert = load(self, index) }
  elseif cell(self, index, "raw_key") then
    return { SSLCert = load(self, index), UseRawPublicKey = true }
  end
  return {}
end

Identities.__call = Identities.fields

---How many rows there are.
function Identities:__len()
  return #self.rows
end

---The pre-shared key of an identity, as OnPSKLookup of a server takes it; nil: it is in no row.
---@param identity string
---@return string?
function Identities:key(identity)
  if not self.keys then
    self.keys = {}
    for index = 1, #self.rows do
      self.keys[cell(self, index, "psk_identity") or ""] = cell(self, index, "psk_key")
    end
  end
  local digits = self.keys[identity]
  return digits and hex.decode(digits)
end

-- ---- Of a fleet ---------------------------------------------------------------------------------

-- By the class's name: a module that was loaded twice has two classes.
local function is_table(identity)
  local class = getmetatable(identity)
  return type(class) == "table" and class.__name == Identities.__name
end

---Checks what a device's table has as its identity.
---@param value any
---@param what string
---@return function|lunacoap.fleet.Identities
function M.check(value, what)
  return (type(value) == "function" or is_table(value)) and value
    or fail("%s takes a function of the index, or lunacoap.fleet.identities(\"devices.csv\")", what)
end

---Checks that there is an identity for each device, before any is started.
---@param plan lunacoap.fleet.Plan
function M.prepare(plan)
  local identity = plan.identity
  if not is_table(identity) then
    return
  elseif #identity < plan.count then
    fail("%s has %d row%s, too few for %d devices", identity.path, #identity,
      #identity == 1 and "" or "s", plan.count)
  end
  for index = 1, plan.count do
    identity:fields(index)
  end
end

---The row of a device and its name there.
---@param plan lunacoap.fleet.Plan
---@param index integer
---@return table<string, string>? row
---@return string? name
function M.row(plan, index)
  local identity = plan.identity
  if is_table(identity) then
    return identity.rows[index], cell(identity, index, "name")
  end
end

return M
