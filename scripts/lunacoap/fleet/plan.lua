-- What a script says of a device, checked: the plan that all devices of a fleet share.

local address = require "lunacoap.fleet.address"
local identities = require "lunacoap.fleet.identity"
local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"
local ramps = require "lunacoap.fleet.ramp"
local sensor = require "lunacoap.sensor"

---@alias lunacoap.Span number|string Seconds, or a text such as "10s", "250ms" or "1h".

---@class lunacoap.fleet.Every
---@field [1] lunacoap.Span The period.
---@field [2] fun(device: lunacoap.Device)
---@field jitter? number The part of the period by which each time is early or late at random, 0 to
---0.5.
---@field after? lunacoap.Span When it happens first; at random in the first period by default.

---@class lunacoap.DeviceInit What a script says of a device, or of many.
---@field name? string A pattern: "meter-{index}", or "meter-{index:05}" for five digits.
---@field count? integer How many there are; 1 by default.
---@field seed? integer What everything random follows from; 1 by default.
---@field server? string The server that "/path" is of in requests: "coap://192.0.2.1".
---@field directory? string|table A Resource Directory to register with, by its URI.
---@field state? table|fun(device: lunacoap.Device): table Each has a copy; or what makes it.
---@field sensors? table<string, lunacoap.Signal|lunacoap.sensor.Function|lunacoap.sensor.Number>
---@field resources? table<string, lunacoap.DeviceResource> By their paths.
---@field every? lunacoap.fleet.Every[] What is done again and again.
---@field start? fun(device: lunacoap.Device) What a device does when it is started, step by step.
---@field stop? fun(device: lunacoap.Device) What it does before it is stopped.
---@field ramp? lunacoap.Span|table How long it takes to start all: "30s", "30s:poisson",
---"30s:steps:5", "once"; or { over =, shape =, steps = }.
---@field sockets? "own"|"shared" As it must be, by default.
---@field address? string The first device's IPv4 address; the others have the next ones.
---@field port? integer The port of all, or without `address` the first device's.
---@field settings? lunacoap.CoAPInit|fun(device: lunacoap.Device): lunacoap.CoAPInit
---@field identity? lunacoap.fleet.Identities|fun(index: integer): lunacoap.CoAPInit Who a device
---is, in DTLS.
---@field sleeps? table { awake =, asleep =, jitter = }
---@field reboots? table { every =, down = }
---@field offline? table { every =, down = }
---@field rebinds? table { every = }
---@field slow? table { rate =, by = }: a part of the answers comes late.
---@field wrong? table { rate =, code = }: a part of the answers is an error.
---@field faults? table Of lunacoap.faults.

---@class lunacoap.fleet.Plan: lunacoap.DeviceInit
---@field sensors table<string, lunacoap.Signal>
---@field ramp lunacoap.fleet.Ramp

local M = {}

local function fail(text, ...)
  error(text:format(...), 0)
end

local function shown(value)
  return type(value) == "string" and "'" .. value .. "'" or tostring(value)
end

-- ---- Kinds of values: each returns what the plan has, or raises ---------------------------------

local function of_type(kind)
  return function(value, what)
    if type(value) ~= kind then
      fail("%s takes a %s, not %s", what, kind, shown(value))
    end
    return value
  end
end

---Seconds of a span.
---@param value any
---@param what string What it is for, for messages.
---@return number
function M.span(value, what)
  local seconds, message = value, nil
  if type(value) == "string" then
    seconds, message = quantity.seconds(value)
  end
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < math.huge) then
    fail("%s takes seconds, or a text such as \"10s\" or \"5m\", not %s%s", what, shown(value),
      message and " (" .. message .. ")" or "")
  end
  return seconds
end

-- Nothing lasts shorter: less has no end within one turn of the loop.
local SHORTEST = 0.001

local function lasting(value, what)
  local seconds = M.span(value, what)
  return seconds >= SHORTEST and seconds
    or fail("%s takes 1 ms or more, not %s", what, shown(value))
end

local function integer(low, high)
  return function(value, what)
    if math.type(value) ~= "integer" or value < low or value > high then
      fail("%s takes a whole number from %d to %d, not %s", what, low, high, shown(value))
    end
    return value
  end
end

local function share(value, what)
  if type(value) ~= "number" or not (value >= 0 and value <= 1) then
    fail("%s takes a number from 0 to 1, not %s", what, shown(value))
  end
  return value
end

-- Beyond a half, times would change their order.
local function jitter(value, what)
  if type(value) ~= "number" or not (value >= 0 and value <= 0.5) then
    fail("%s takes a number from 0 to 0.5, not %s", what, shown(value))
  end
  return value
end

local function one_of(...)
  local words = { ... }
  return function(value, what)
    for _, word in ipairs(words) do
      if value == word then
        return value
      end
    end
    fail("%s is one of %s, not %s", what, table.concat(words, ", "), shown(value))
  end
end

-- A span, or two: the least and the greatest.
local function spans(value, what)
  if type(value) ~= "table" then
    local seconds = M.span(value, what)
    return { seconds, seconds }
  end
  local least, greatest = M.span(value[1], what), M.span(value[2], what)
  return least <= greatest and { least, greatest } or fail("%s goes from less to more", what)
end

local function code(value, what)
  if type(value) == "function" then
    return value
  end
  local ok, response = pcall(lunacoap.response, value)
  return ok and response.code or fail("%s takes a code such as \"5.00\", or a function, not %s",
    what, shown(value))
end

-- A field that is none of those that there are.
local function unknown(what, field, names)
  local near = type(field) == "string" and lunacoap.nearest(field, names)
  fail("%s has no field '%s'; %s", what, tostring(field),
    near and ("did you mean '%s'?"):format(near) or "it takes " .. table.concat(names, ", "))
end

-- A table with certain fields, each { kind, the value by default }; one without that is needed.
local function record(fields)
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  return function(value, what)
    if type(value) ~= "table" then
      fail("%s takes a table with the fields %s, not %s", what, table.concat(names, ", "),
        shown(value))
    end
    local checked = {}
    for name in pairs(value) do
      if not fields[name] then
        unknown(what, name, names)
      end
    end
    for name, field in pairs(fields) do
      local given = value[name]
      if given == nil and field[2] == nil then
        fail("%s needs the field '%s'", what, name)
      elseif given == nil then
        checked[name] = field[2]
      else
        checked[name] = field[1](given, ("%s.%s"):format(what, name))
      end
    end
    return checked
  end
end

local function either(kind, ...)
  local others = { ... }
  return function(value, what)
    for _, other in ipairs(others) do
      if type(value) == other then
        return value
      end
    end
    return kind(value, what)
  end
end

local ramp_record = record {
  over = { M.span }, shape = { one_of(table.unpack(ramps.names)), "linear" },
  steps = { integer(1, 1000000), ramps.STEPS },
}

-- A ramp of a span, its notation or a table.
local function ramp(value, what)
  if type(value) == "table" then
    return ramp_record(value, what)
  elseif type(value) == "string" then
    local parsed, message = ramps.parse(value)
    return parsed or fail("%s: %s", what, message)
  end
  return { over = M.span(value, what), shape = "linear", steps = ramps.STEPS }
end

local function first_address(value, what)
  return address.number(value) and value
    or fail("%s takes an IPv4 address such as \"127.16.0.1\", not %s", what, shown(value))
end

-- What only the fleet may set.
local RESERVED = { OnRequest = true, OnRegister = true, OnNotification = true, OnError = true,
  BothRoles = true, Listening = true, Offline = true }

---Fields of a component, those that devices may have.
---@param value any
---@param what string
---@return lunacoap.CoAPInit
function M.settings(value, what)
  if type(value) == "string" then
    fail("%s takes a table, not a string", what) -- which may be a key
  end
  for field in pairs(of_type "table"(value, what)) do
    if RESERVED[field] then
      fail("%s cannot have %s, which the fleet sets itself", what, field)
    end
  end
  if value.Timeout == 0 then
    fail("%s cannot have Timeout 0: a device waits for its answers", what)
  end
  return value
end

-- What is behind the host: nothing, or a port.
local function has_port(authority)
  local port = authority:gsub("^%[[^%]]*%]", ""):match(":(.*)$")
  return not port or port:find("^%d+$") and tonumber(port) >= 1 and tonumber(port) <= 65535
end

local function server(value, what)
  local authority = type(value) == "string" and value:match("^[Cc][Oo][Aa][Pp][Ss]?://([^/?#]+)/?$")
  if not authority or not has_port(authority) then
    fail("%s takes the URI of a server such as \"coap://192.0.2.1:5683\", not %s", what,
      shown(value))
  end
  return (value:gsub("/$", ""))
end

-- A URI, or { uri, lt =, d = ... }, whose fields are lunacoap.directory's to check.
local function directory(value, what)
  local row = type(value) == "string" and { value } or value
  if type(row) ~= "table" or type(row[1]) ~= "string" then
    fail("%s takes the URI of a Resource Directory, or { uri, lt = 3600, d = \"sector\" }, not %s",
      what, shown(value))
  end
  return row
end

local function name(value, what)
  of_type "string"(value, what)
  local rest = value:gsub("{index}", ""):gsub("{index:0%d}", "")
  if rest:find("[{}]") then
    fail("%s knows {index} and {index:05}, not what is in '%s'", what, value)
  end
  return value
end

-- Signals, by what lunacoap.sensor makes of functions and numbers, too.
local function sensors(value, what)
  local signals = {}
  for key, given in pairs(of_type "table"(value, what)) do
    if type(key) ~= "string" then
      fail("%s takes a table such as { temperature = lunacoap.sensor.sine { ... } }", what)
    end
    local ok, result = pcall(sensor.of, given)
    signals[key] = ok and result or fail("%s.%s: %s", what, key, result)
  end
  return signals
end

-- Each has a bit of an integer.
local MOST_ROWS = 62

local every_record = record {
  [1] = { lasting }, [2] = { of_type "function" }, jitter = { jitter, 0 },
  after = { M.span, false },
}

local function every(value, what)
  of_type "table"(value, what)
  if value[2] ~= nil and type(value[2]) == "function" then
    fail("%s takes a list: { { \"10s\", function(device) ... end }, ... }", what)
  end
  if #value > MOST_ROWS then
    fail("%s takes at most %d rows, not %d", what, MOST_ROWS, #value)
  end
  local list = {}
  for i, row in ipairs(value) do
    list[i] = every_record(row, ("%s[%d]"):format(what, i))
  end
  return list
end

local FIELDS = {
  name = name, count = integer(1, 10000000), seed = integer(math.mininteger, math.maxinteger),
  server = server, directory = directory,
  state = either(of_type "table", "function"), sensors = sensors,
  resources = of_type "table", every = every, start = of_type "function",
  stop = of_type "function", ramp = ramp, sockets = one_of("own", "shared"),
  address = first_address, port = integer(0, 65535), settings = either(M.settings, "function"),
  identity = identities.check, faults = of_type "table",
  sleeps = record { awake = { lasting }, asleep = { lasting }, jitter = { jitter, 0 } },
  reboots = record { every = { lasting }, down = { M.span, 1 } },
  offline = record { every = { lasting }, down = { lasting } },
  rebinds = record { every = { lasting } },
  slow = record { rate = { share }, by = { spans } },
  wrong = record { rate = { share }, code = { code, "5.00" } },
}

-- The values by default.
local DEFAULTS = {
  name = "device-{index}", count = 1, seed = 1, ramp = 0, every = {}, sensors = {}, resources = {},
}

local NAMES = {}
for field in pairs(FIELDS) do
  NAMES[#NAMES + 1] = field
end
table.sort(NAMES)

---A field of a plan. Raises what is wrong, without a place.
---@param field string
---@param value any
---@return any
function M.field(field, value)
  local check = FIELDS[field] or unknown("a device", field, NAMES)
  return check(value, "the device's " .. field)
end

---The plan of what a script says of a device. Raises what is wrong, without a place.
---@param init lunacoap.DeviceInit
---@return lunacoap.fleet.Plan
function M.new(init)
  if type(init) ~= "table" then
    fail("a device is a table such as { name = \"meter-{index}\", resources = { ... } }, not %s",
      shown(init))
  end
  local plan = {}
  for field, value in pairs(init) do
    plan[field] = M.field(field, value)
  end
  for field, value in pairs(DEFAULTS) do
    if plan[field] == nil then
      plan[field] = FIELDS[field](value, field)
    end
  end
  return plan
end

---A pattern that tells several devices apart: without a number in it, theirs is behind it.
---@param pattern string
---@param count integer
---@return string
function M.numbered(pattern, count)
  local is_numbered = count == 1 or pattern:find("{index", 1, true)
  return is_numbered and pattern or pattern .. "-{index}"
end

---A device's name by the pattern.
---@param pattern string
---@param index integer
---@return string
function M.name(pattern, index)
  return (pattern:gsub("{index:?(0?%d?)}", function(digits)
    return ("%" .. digits .. "d"):format(index)
  end))
end

return M
