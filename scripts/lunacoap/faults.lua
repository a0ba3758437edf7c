---Faults of the network, on purpose: a table in words becomes the settings of a component.
---
---    local lunacoap = require "lunacoap"
---    local bad = lunacoap.faults { seed = 7, sending = { loss = 0.1, delay = { 0.05, 0.2 } } }
---    coap:Configure(bad)

---One number, or from and to; without the second there is no end.
---@alias lunacoap.FaultRange number | { [1]: number, [2]: number? }

---A fault of its own: what it does, and the conditions that a datagram has to meet, all of them.
---@class lunacoap.Fault
---@field [1] "drop"|"duplicate"|"delay"|"reorder"|"corrupt"|"truncate"|"limit"|"restart"|"rebind"
---@field chance? number         0 to 1; without it always
---@field type? string           of the message: "CON", "NON", "ACK", "RST"
---@field code? string           of the message: "GET", "2.05", "0.00"
---@field record? string         of a DTLS datagram: "handshake", "application", "alert"
---@field retransmission? lunacoap.FaultRange how often the same bytes went before; 0: not yet
---@field number? lunacoap.FaultRange among those that the fields above fit, for each peer, from 1
---@field at? lunacoap.FaultRange seconds since the faults were set
---@field by? lunacoap.FaultRange delay: seconds; reorder: how long it is held back at most
---@field copies? integer        duplicate: further ones
---@field bits? integer          corrupt: how many are changed
---@field to? integer            truncate: how many bytes are left
---@field rate? number           limit: bytes per second

---What goes wrong in one direction: frequent faults by name, and others as a list.
---@class lunacoap.FaultLane
---@field loss? number           share of datagrams that are lost, 0 to 1
---@field duplicate? number      share that arrives twice
---@field reorder? number        share that the next one overtakes
---@field corrupt? number        share with one bit changed
---@field truncate? number       share that is cut, anywhere
---@field delay? lunacoap.FaultRange seconds on the way
---@field jitter? number         seconds that are added to it or taken away, at random
---@field rate? number           bytes per second that the line takes
---@field blackout? lunacoap.FaultRange|lunacoap.FaultRange[] seconds, from and to
---@field [integer] lunacoap.Fault

---@class lunacoap.Faults
---@field seed? integer             0 to 2147483647; without it that of the test run, or 1
---@field sending? lunacoap.FaultLane   what goes out
---@field receiving? lunacoap.FaultLane what comes in

-- Conditions and amounts, in the order in which they are written.
local WORDS = { "type", "code", "record", "retransmission", "number", "at", "chance", "by",
  "copies", "bits", "to", "rate" }
local RANGES = { retransmission = true, number = true, at = true, by = true }

local function fail(...)
  error(string.format(...), 0)
end

-- `last`: how many may be given without a name.
local function check_keys(given, allowed, what, last)
  for key in pairs(given) do
    if not allowed[key] and not (math.type(key) == "integer" and key >= 1 and key <= last) then
      local names = {}
      for name in pairs(allowed) do
        names[#names + 1] = name
      end
      table.sort(names)
      fail("%s has no field '%s'; there are %s", what, tostring(key), table.concat(names, ", "))
    end
  end
end

local function set_of(names)
  local set = {}
  for _, name in ipairs(names) do
    set[name] = true
  end
  return set
end

local FAULT = set_of(WORDS)
local LANE = set_of { "loss", "duplicate", "reorder", "corrupt", "truncate", "delay", "jitter",
  "rate", "blackout" }
local PLAN = set_of { "seed", "sending", "receiving" }

local function write_number(value, what)
  if type(value) ~= "number" or value ~= value or value < 0 or value == math.huge then
    fail("%s takes a number from 0, not %s", what, tostring(value))
  end
  return (("%.6f"):format(value):gsub("%.?0+$", ""))
end

local function write_range(value, what)
  if type(value) ~= "table" then
    return write_number(value, what)
  end
  check_keys(value, {}, what, 2)
  local from, to = value[1], value[2]
  local text = write_number(from, what .. "'s first") .. "-"
  if to ~= nil then
    text = text .. write_number(to, what .. "'s second")
    if to < from then
      fail("%s goes from the smaller to the greater number, not from %s to %s", what, from, to)
    end
  end
  return text
end

---@param fault lunacoap.Fault
local function write_fault(fault, what)
  if type(fault) ~= "table" or type(fault[1]) ~= "string" then
    fail('%s takes faults such as {"drop", type="CON", number=2}', what)
  end
  check_keys(fault, FAULT, ("the fault '%s' of %s"):format(fault[1], what), 1)
  local words = { fault[1] }
  for _, name in ipairs(WORDS) do
    local value = fault[name]
    if value ~= nil then
      local shown = RANGES[name] and write_range(value, name)
        or type(value) == "number" and write_number(value, name) or tostring(value)
      words[#words + 1] = name .. "=" .. shown
    end
  end
  return table.concat(words, " ")
end

-- Delay and jitter as one range.
local function delay_of(lane)
  local delay, jitter = lane.delay or 0, lane.jitter or 0
  write_range(delay, "delay")
  write_number(jitter, "jitter")
  local low, high = delay, delay
  if type(delay) == "table" then
    low, high = delay[1], delay[2]
  end
  if not high then
    fail("delay takes seconds, or {shortest, longest}")
  end
  return { math.max(0, low - jitter), high + jitter }
end

-- One span, or several.
local function spans_of(blackout)
  local spans = blackout
  if blackout == nil then
    return {}
  elseif type(blackout) ~= "table" or type(blackout[1]) ~= "table" then
    spans = { blackout }
  end
  for _, span in ipairs(spans) do
    if type(span) ~= "table" then
      fail("blackout takes seconds from and to such as {5, 8}, or a list of these")
    end
    write_range(span, "blackout")
  end
  return spans
end

-- The faults that have a name of their own. What is exact comes before them.
local function named_faults(lane)
  local faults = {}
  local function add(fault)
    faults[#faults + 1] = fault
  end
  for _, span in ipairs(spans_of(lane.blackout)) do
    add { "drop", at = span }
  end
  for _, pair in ipairs { { "loss", "drop" }, { "truncate", "truncate" }, { "corrupt", "corrupt" },
    { "duplicate", "duplicate" }, { "reorder", "reorder" } } do
    local share = lane[pair[1]]
    if share and not (type(share) == "number" and share >= 0 and share <= 1) then
      fail("%s takes a share from 0 to 1, not %s", pair[1], tostring(share))
    elseif share and share > 0 then
      add { pair[2], chance = share }
    end
  end
  if lane.rate then
    write_number(lane.rate, "rate")
    add { "limit", rate = lane.rate }
  end
  if lane.delay or lane.jitter then
    local range = delay_of(lane)
    if range[2] > 0 then
      add { "delay", by = range }
    end
  end
  return faults
end

---@param lane lunacoap.FaultLane?
local function write_lane(lane, what)
  if lane == nil then
    return ""
  elseif type(lane) ~= "table" then
    fail("%s takes a table such as {loss=0.1}, not %s", what, tostring(lane))
  end
  check_keys(lane, LANE, what, #lane)
  local texts = {}
  for _, fault in ipairs(lane) do
    texts[#texts + 1] = write_fault(fault, what)
  end
  for _, fault in ipairs(named_faults(lane)) do
    texts[#texts + 1] = write_fault(fault, what)
  end
  return table.concat(texts, "; ")
end

local function check_seed(seed)
  if seed ~= nil and (math.type(seed) ~= "integer" or seed < 0 or seed > 0x7fffffff) then
    fail("seed takes an integer from 0 to 2147483647, not %s", tostring(seed))
  end
  return seed
end

---The settings of a component for these faults: SendFaults, ReceiveFaults and FaultSeed, for its
---constructor or its Configure. An empty plan takes all faults away.
---@param plan lunacoap.Faults
---@return { SendFaults: string, ReceiveFaults: string, FaultSeed: integer? }
local function faults(_, plan)
  if type(plan) ~= "table" then
    error("faults takes a table such as {sending={loss=0.1}}, not " .. tostring(plan), 2)
  end
  local ok, result = pcall(function()
    check_keys(plan, PLAN, "faults", 0)
    return {
      SendFaults = write_lane(plan.sending, "sending"),
      ReceiveFaults = write_lane(plan.receiving, "receiving"),
      FaultSeed = check_seed(plan.seed),
    }
  end)
  if not ok then
    error(result, 2)
  end
  return result
end

return setmetatable({}, { __call = faults })
