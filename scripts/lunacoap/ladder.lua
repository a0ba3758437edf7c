-- Captured datagrams as a text ladder: who sent what to whom, when, and what became of it.

local flights = require "lunacoap.ladder.flights"
local lanes = require "lunacoap.ladder.lanes"
local handshakes = require "lunacoap.ladder.handshakes"
local telling = require "lunacoap.ladder.telling"

local M = {}

---@class lunacoap.LadderOptions
---@field most? integer How many datagrams are drawn; others in the middle are left out. Default 40.
---@field names? table<string, string> Names of endpoints by their addresses.
---@field from? number The time that is 0, else that of the first datagram.

-- The end of a run tells more of a failure than its beginning.
local MOST, SHARE_OF_BEGINNING = 40, 1 / 3

-- How many datagrams rows stand for.
local function count(rows, first, last)
  local sum = 0
  for i = first, last do
    sum = sum + (rows[i].datagrams or 1)
  end
  return sum
end

-- A row that stands for those that are left out.
local function cut(rows, most)
  if #rows <= most then
    return rows
  end
  local first = math.floor(most * SHARE_OF_BEGINNING)
  local kept = table.move(rows, 1, first, 1, {})
  kept[first + 1] = { left_out = count(rows, first + 1, #rows - most + first) }
  return table.move(rows, #rows - most + first + 1, #rows, first + 2, kept)
end

-- Names that the caller gives, as text of one line.
local function plain(names)
  local list = {}
  for address, name in pairs(names) do
    local is_plain = utf8.len(name) and not name:find("%c")
    list[address] = is_plain and name or name:gsub("[^\32-\126]", "?")
  end
  return list
end

---Draws what lunacoap.capture.list() returns.
---@param list table[]
---@param options? lunacoap.LadderOptions
---@return string text "" for an empty list; at most 100 columns, without a line end behind it.
function M.draw(list, options)
  options = options or {}
  local rows = handshakes.fold(flights.of(list))
  if #rows == 0 then
    return ""
  end
  telling.add(rows)
  return lanes.draw(cut(rows, options.most or MOST), {
    endpoints = flights.endpoints(rows), names = plain(options.names or telling.names(rows)),
    from = options.from or rows[1].at,
  })
end

return M
