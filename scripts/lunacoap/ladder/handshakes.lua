-- DTLS on the wire: its handshakes become one row each, and records of data are left out where the
-- data themselves were captured in clear.

local M = {}

local CHANGE_CIPHER, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
local CONTENT = { [CHANGE_CIPHER] = true, [ALERT] = true, [HANDSHAKE] = true, [DATA] = true }

-- Alerts in clear that people meet (RFC 5246 7.2.2, RFC 4279 2).
local ALERTS = {
  [0] = "close_notify", [20] = "bad_record_mac", [40] = "handshake_failure",
  [42] = "bad_certificate", [43] = "unsupported_certificate", [45] = "certificate_expired",
  [46] = "certificate_unknown", [47] = "illegal_parameter", [48] = "unknown_ca",
  [49] = "access_denied", [50] = "decode_error", [51] = "decrypt_error",
  [70] = "protocol_version", [71] = "insufficient_security", [80] = "internal_error",
  [90] = "user_canceled", [115] = "unknown_psk_identity",
}

-- The content type of a datagram's first record; nil for what is no DTLS.
local function content_of(flight)
  local kind, major = flight.data:byte(1, 2)
  return not flight.secure and major == 0xFE and CONTENT[kind] and kind or nil
end

-- The same for both directions.
local function pair_of(flight)
  return flight.from < flight.to and flight.from .. "\0" .. flight.to
    or flight.to .. "\0" .. flight.from
end

-- Epoch 0, in bytes 4 and 5, is not encrypted.
local function alert_text(data)
  local is_clear = data:sub(4, 5) == "\0\0" and #data >= 15
  local number = is_clear and data:byte(15)
  return "DTLS alert", is_clear and (ALERTS[number] or "number " .. number) or "encrypted"
end

-- Whether a sender says that it encrypts from now on: a record may stand behind others.
local function changes_cipher(data)
  local at = 1
  while at + 12 <= #data do
    if data:byte(at) == CHANGE_CIPHER then
      return true
    end
    at = at + 13 + (">I2"):unpack(data, at + 11)
  end
  return false
end

-- What becomes of the last handshake row, which goes on.
local function go_on(row, flight)
  row.datagrams = row.datagrams + 1
  row.changed[flight.from] = row.changed[flight.from]
    or not flight.is_dropped and changes_cipher(flight.data)
  row.dropped = row.dropped + (flight.is_dropped and 1 or 0)
  row.lasted = math.max(flight.arrived or flight.at, row.at + row.lasted) - row.at
end

local function new_handshake(flight)
  local row = {
    at = flight.at, from = flight.from, to = flight.to, both_ways = true, secure = true,
    label = "DTLS handshake", notes = {}, datagrams = 0, dropped = 0, lasted = 0, changed = {},
  }
  go_on(row, flight)
  return row
end

local function tell(row)
  row.details = { ("%d datagrams, %.3f s"):format(row.datagrams, row.lasted) }
  if row.dropped > 0 then
    row.details[2] = ("%d dropped"):format(row.dropped)
  end
  if not (row.changed[row.from] and row.changed[row.to]) then
    table.insert(row.details, "not finished")
  end
end

local function tell_others(flight, content)
  if content == ALERT then
    local label, detail = alert_text(flight.data)
    flight.label, flight.details = label, { detail }
  else
    flight.label, flight.details = "DTLS data", { ("%d bytes"):format(#flight.data) }
  end
end

-- The pairs between which anything was captured in clear.
local function pairs_in_clear(flights)
  local found = {}
  for _, flight in ipairs(flights) do
    if flight.secure then
      found[pair_of(flight)] = true
    end
  end
  return found
end

-- Whether a row tells what is in a datagram of data; one that never got to DTLS has none.
local function is_told(flight, is_in_clear)
  return flight.inside or not flight.is_dropped and is_in_clear
end

-- The row of a handshake between two endpoints, which goes on until something else comes.
local function add_handshake(rows, open, flight, pair)
  if open[pair] then
    go_on(open[pair], flight)
  else
    open[pair] = new_handshake(flight)
    rows[#rows + 1] = open[pair]
  end
  tell(open[pair])
end

---@param flights lunacoap.ladder.Flight[]
---@return table[] rows Flights, and rows that have their label already.
function M.fold(flights)
  local rows, open, in_clear = {}, {}, pairs_in_clear(flights)
  for _, flight in ipairs(flights) do
    local content, pair = content_of(flight), pair_of(flight)
    if content == HANDSHAKE or content == CHANGE_CIPHER then
      add_handshake(rows, open, flight, pair)
    elseif not content then
      rows[#rows + 1] = flight
      open[pair] = nil
    elseif content ~= DATA or not is_told(flight, in_clear[pair]) then
      tell_others(flight, content)
      rows[#rows + 1] = flight
      open[pair] = nil
    end
  end
  return rows
end

return M
