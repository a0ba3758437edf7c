-- Where the devices of a fleet have their sockets: each its own, or all one (ShareSocket), where
-- each has an address of its own.

local lunacoap = require "lunacoap"

local M = {}

-- Files that are open beside the sockets of devices.
local OTHERS = 64

-- The first address of devices that share a socket, for want of another: of the network that every
-- machine owns.
local FIRST = "127.16.0.1"

---Whether so many devices have to share one socket.
---@param count integer
---@return boolean
function M.must_share(count)
  return lunacoap.descriptors(count + OTHERS) < count + OTHERS
end

---The numbers of an IPv4 address as one; nil: it is none.
---@param text any
---@return integer?
function M.number(text)
  if type(text) ~= "string" then
    return nil
  end
  local number, parts = 0, { text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, part in ipairs(parts) do
    if tonumber(part) > 255 then
      return nil
    end
    number = number << 8 | math.tointeger(part)
  end
  return #parts == 4 and number or nil
end

local function text(number)
  return ("%d.%d.%d.%d"):format(number >> 24 & 255, number >> 16 & 255, number >> 8 & 255,
    number & 255)
end

---Checks that there are addresses and ports for all. Raises what is wrong, without a place.
---@param plan lunacoap.fleet.Plan
function M.check(plan)
  local last, port = plan.count - 1, plan.port or 0
  if plan.address and M.number(plan.address) + last > 0xFFFFFFFF then
    error(("%d devices from %s on need addresses above 255.255.255.255"):format(plan.count,
      plan.address), 0)
  elseif port > 0 and not plan.address and plan.sockets ~= "shared" and port + last > 65535 then
    error(("%d devices from port %d on need ports above 65535; give them an address each"):format(
      plan.count, port), 0)
  end
end

---What a device's component is to be bound to: fields of its constructor.
---@param plan lunacoap.fleet.Plan
---@param index integer
---@param fields table
function M.bind(plan, index, fields)
  local shares = plan.sockets == "shared"
  local address, port = plan.address or shares and FIRST, plan.port or 0
  if address then
    fields.LocalHost = text(M.number(address) + index - 1)
  end
  if port > 0 then
    fields.LocalPort = address and port or port + index - 1
  end
  if shares then
    fields.ShareSocket = true
  end
end

return M
