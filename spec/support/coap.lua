-- CoAP datagrams for specs, written byte by byte after RFC 7252 section 3, independent of
-- runtime/wire.

local coap = {}

coap.CON, coap.NON, coap.ACK, coap.RST = 0, 1, 2, 3
coap.GET, coap.POST, coap.PUT = 1, 2, 3
coap.CONTENT, coap.CHANGED = 0x45, 0x44

---@param type integer
---@param code integer
---@param id integer
---@param token? string
---@param payload? string
---@return string
function coap.datagram(type, code, id, token, payload)
  token = token or ""
  local head = string.pack(">BBI2", 0x40 | type << 4 | #token, code, id)
  return head .. token .. (payload and payload ~= "" and "\xff" .. payload or "")
end

---The header's fields: type, code, id, token.
---@param datagram string
function coap.read(datagram)
  local first, code, id = string.unpack(">BBI2", datagram)
  return first >> 4 & 3, code, id, datagram:sub(5, 4 + (first & 15))
end

---"10.0.0.1", 5683 -> the integer that probe.message takes for an address.
---@param ip string
---@param port? integer
function coap.address(ip, port)
  local number = 0
  for byte in ip:gmatch("%d+") do
    number = number << 8 | math.tointeger(tonumber(byte))
  end
  return number << 16 | (port or 5683)
end

return coap
