-- What is said of each row of a ladder: a label for its arrow, details beside it. And who is client
-- and who is server.

local flights = require "lunacoap.ladder.flights"
local lunacoap = require "lunacoap"
local messages = require "lunacoap.ladder.message"

local M = {}

-- What arrives sooner is not worth to be told.
local SHORTEST_DELAY = 0.005

-- What a capture says may be any bytes.
local function plain(note)
  return (note:gsub("[^\32-\126]", "?"))
end

local function notes_of(row)
  local notes = {}
  for _, note in ipairs(row.notes) do
    notes[#notes + 1] = note ~= "" and plain(note) or nil
  end
  if row.is_dropped and #notes == 0 then
    notes[1] = "dropped"
  end
  if row.arrived and row.arrived - row.at >= SHORTEST_DELAY then
    notes[#notes + 1] = ("arrived %.3f s later"):format(row.arrived - row.at)
  end
  if row.secure and not row.both_ways then
    notes[#notes + 1] = "DTLS"
  end
  return notes
end

-- A fault's copies go with the first one; that bears the note.
local AT_ONCE = 0.001

local function is_duplicated(row)
  for _, note in ipairs(row.notes) do
    if note:find("duplicated", 1, true) then
      return true
    end
  end
  return row.is_copy
end

-- Of a row whose bytes went the same way before: whether it is a copy, not sent by a protocol, and
-- how often they were sent before. nil for the first.
local function repeats(row, seen)
  local key = table.concat({ row.from, row.to, row.data }, "\0")
  local last = seen[key]
  seen[key] = row
  if not last then
    row.times = 0
    return nil
  end
  row.is_copy = row.is_copy or row.at - last.at < AT_ONCE and is_duplicated(last)
  row.times = last.times + (row.is_copy and 0 or 1)
  return row.is_copy, row.times
end

-- The token of the message that an ACK is for.
local function token_of(row, message, tokens)
  local way, back = row.from .. "\0" .. row.to, row.to .. "\0" .. row.from
  if message.type == "ACK" then
    return tokens[back .. "\0" .. message.id]
  end
  tokens[way .. "\0" .. message.id] = message.token
end

-- A message that went before is told by its id alone.
local function tell_message(row, seen, tokens)
  local message, problem = lunacoap.message.decode(row.data)
  if not message then
    row.label, row.details = "malformed", messages.malformed(row.data, problem)
    return
  end
  row.message = message
  row.label = messages.label(message)
  local is_copy, times = repeats(row, seen)
  row.is_repeat = times ~= nil
  local token = token_of(row, message, tokens)
  if not row.is_repeat then
    row.details = messages.details(message, token)
    return
  end
  row.details = {
    is_copy and "a duplicate" or message.type == "CON" and ("retransmission %d"):format(times)
      or "the same again",
    "id " .. message.id,
  }
end

---Adds label and details to rows.
---@param rows table[]
function M.add(rows)
  local seen, tokens = {}, {}
  for _, row in ipairs(rows) do
    if not row.label then
      tell_message(row, seen, tokens)
    end
    local notes = notes_of(row)
    table.move(notes, 1, #notes, #row.details + 1, row.details)
  end
end

-- Who has sent requests, or begun a handshake, and who has got some.
local function roles(rows)
  local asks, answers = {}, {}
  for _, row in ipairs(rows) do
    local code = row.message and row.message.code
    if row.both_ways or code and code:find("^0%.") and code ~= "0.00" then
      asks[row.from], answers[row.to] = true, true
    end
  end
  return asks, answers
end

-- The names for those who have one role and not the other.
local function name_all(names, have, lack, order, name)
  local list = {}
  for _, address in ipairs(order) do
    if have[address] and not lack[address] then
      list[#list + 1] = address
    end
  end
  for i, address in ipairs(list) do
    names[address] = #list == 1 and name or ("%s %d"):format(name, i)
  end
end

---Names for the endpoints whose part is clear.
---@param rows table[]
---@return table<string, string>
function M.names(rows)
  local asks, answers = roles(rows)
  local order, names = flights.endpoints(rows), {}
  name_all(names, asks, answers, order, "client")
  name_all(names, answers, asks, order, "server")
  return names
end

return M
