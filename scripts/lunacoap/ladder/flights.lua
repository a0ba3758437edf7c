-- Captured datagrams as flights from one endpoint to another. What was captured at both ends is one
-- flight.

local M = {}

---@class lunacoap.ladder.Flight
---@field at number When it was sent, or received if only that was seen.
---@field from string The sender's address.
---@field to string
---@field data string
---@field secure boolean Whether DTLS protected it.
---@field is_dropped boolean
---@field arrived? number When the other end got it.
---@field notes string[] What else is known of it.
---@field is_copy boolean? It came once more than it was sent.
---@field inside? lunacoap.ladder.Flight What DTLS protects in this datagram.

-- The port of an address, and whether it is all addresses of the machine.
local function port_of(address)
  local host, port = address:match("^(.*):(%d+)$")
  return port, host == "0.0.0.0" or host == "[::]"
end

-- An endpoint that is bound to all addresses is the one that its peers see with that port. Those
-- with whom it speaks itself may have the same port.
local function names_of(list)
  local seen = {}
  for _, record in ipairs(list) do
    local own, is_any = port_of(record.local_address)
    local other, is_none = port_of(record.remote)
    if own and not is_any then
      seen[own] = seen[own] or record.local_address
    end
    if other and not is_none and other ~= own then
      seen[other] = seen[other] or record.remote
    end
  end
  return function(address)
    local port, is_any = port_of(address)
    return is_any and seen[port] or address
  end
end

local function new_flight(record, name)
  local is_sent = record.direction == "sent"
  local own, other = name(record.local_address), name(record.remote)
  return {
    at = record.time, data = record.data, secure = record.secure or false,
    from = is_sent and own or other, to = is_sent and other or own,
    is_dropped = record.fate ~= nil and record.fate:find("^dropped") ~= nil,
    notes = { record.comment },
  }
end

-- What goes to a group (RFC 7252 8) arrives more than once.
local function is_group(address)
  local first = tonumber(address:match("^(%d+)%."))
  return address:find("^%[[fF][fF]") ~= nil or first ~= nil and first >= 224 and first < 240
end

-- What goes the same way.
local function way_of(flight)
  return flight.from .. "\0" .. flight.to
end

-- A datagram of DTLS shares its fate with the message in it.
local function pass_fate(flight)
  local inside = flight.inside
  if inside then
    inside.is_dropped = inside.is_dropped or flight.is_dropped
    inside.notes = flight.notes
  end
end

-- The message that is in a datagram of DTLS was written down just before that went.
local function look_inside(flight, before)
  if before and before.secure and not flight.secure and way_of(before) == way_of(flight) then
    flight.inside = before
    pass_fate(flight)
  end
end

-- The same datagram, seen by the one who got it.
local function arrive(flight, seen)
  flight.arrived = flight.arrived or seen.at
  flight.is_dropped = flight.is_dropped or seen.is_dropped
  if seen.notes[1] ~= flight.notes[1] then
    table.insert(flight.notes, seen.notes[1])
  end
  pass_fate(flight)
end

-- What DTLS protects does not arrive when a fault has changed it.
local function is_lost(flight)
  for _, note in ipairs(flight.secure and flight.notes or {}) do
    if note:find("corrupted", 1, true) or note:find("truncated", 1, true) then
      return true
    end
  end
  return flight.is_dropped
end

-- The first of those with the same bytes that is still to arrive, taken off. Each of a group gets
-- the last one.
local function next_of(queue, seen)
  if is_group(seen.to) then
    return not seen.is_dropped and queue[#queue] or nil
  end
  while queue[1] and is_lost(queue[1]) do
    table.remove(queue, 1)
  end
  return table.remove(queue, 1)
end

---@param list table[] As lunacoap.capture.list() returns it.
---@return lunacoap.ladder.Flight[]
function M.of(list)
  local name, flights, under_way, before = names_of(list), {}, {}, nil
  for _, record in ipairs(list) do
    local flight = new_flight(record, name)
    local key = table.concat({ way_of(flight), flight.secure and "s" or "", flight.data }, "\0")
    local queue = under_way[key] or {}
    under_way[key] = queue
    local is_sent = record.direction == "sent"
    local sent = not is_sent and next_of(queue, flight)
    if sent then
      arrive(sent, flight)
    else
      flights[#flights + 1] = flight
      flight.is_copy = not is_sent and queue.is_from_here and not is_group(flight.to)
    end
    if is_sent then
      queue.is_from_here = true
      look_inside(flight, before)
      queue[#queue + 1] = flight
    end
    before = is_sent and flight or nil
  end
  return flights
end

---The endpoints in the order of their first flights.
---@param flights lunacoap.ladder.Flight[]
---@return string[]
function M.endpoints(flights)
  local list, seen = {}, {}
  for _, flight in ipairs(flights) do
    for _, address in ipairs { flight.from, flight.to } do
      if not seen[address] then
        seen[address] = true
        list[#list + 1] = address
      end
    end
  end
  return list
end

return M
