-- Where the devices of a fleet have their sockets: each its own, or all one (ShareSocket), where
-- each has an address of its own.

local lunacoap = require "lunacoap"

local M = {}

-- Files that are open beside the sockets of devices.
local OTHERS = 64

-- The first address of devices that share a socket, for want of another: of the network that every
-- machine owns.
local FIRST = 0x7F100001 -- 127.16.0.1

-- The last addresses that a machine may have: of the network that each has for itself, and of all.
local LAST_OWN, LAST = 0x7FFFFFFE, 0xDFFFFFFF

-- Whether so many devices have to share one socket.
local function must_share(count)
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

-- Checks that there are addresses and ports for all.
local function check(plan)
  local last, port = plan.count - 1, plan.port or 0
  local first = plan.address and M.number(plan.address) or 0
  local highest = first >> 24 == 127 and LAST_OWN or LAST
  if first + last > highest then
    error(("%d device%s from %s on need%s addresses above %s"):format(plan.count,
      last == 0 and "" or "s", plan.address, last == 0 and "s" or "", text(highest)), 0)
  elseif port > 0 and not plan.address and plan.sockets ~= "shared" and port + last > 65535 then
    error(("%d devices from port %d on need ports above 65535; give them an address each"):format(
      plan.count, port), 0)
  end
end

---Decides where the devices of fleets that run together have their sockets, unless they say it
---themselves: each its own, as long as there are descriptors for all. Those that share one have
---addresses one after the other. Raises what is wrong, without a place.
---@param plans lunacoap.fleet.Plan[]
function M.assign(plans)
  local own, free = 0, FIRST
  for _, plan in ipairs(plans) do
    own = own + (plan.sockets == "shared" and 0 or plan.count)
  end
  local sockets = must_share(own) and "shared" or "own"
  for _, plan in ipairs(plans) do
    plan.sockets = plan.sockets or sockets
    if plan.sockets == "shared" and not plan.address then
      plan.address, free = text(free), free + plan.count
    end
    check(plan)
  end
end

---What a device's component is to be bound to: fields of its constructor.
---@param plan lunacoap.fleet.Plan
---@param index integer
---@param fields table
function M.bind(plan, index, fields)
  local address, port = plan.address, plan.port or 0
  if address then
    fields.LocalHost = text(M.number(address) + index - 1)
  end
  if port > 0 then
    fields.LocalPort = address and port or port + index - 1
  end
  if plan.sockets == "shared" then
    fields.ShareSocket = true
  end
end

return M
