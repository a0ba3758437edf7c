-- A wire in virtual time between channels: it loses, repeats, delays and so reorders datagrams, as
-- its seeded dice say. Nothing sleeps, and the same seed gives the same run.

local enqueue = require "spec.support.enqueue"
local message = require("lunacoap.probe").message

local Wire = {}
Wire.__index = Wire

---@class WireOptions
---@field loss? number       share of datagrams lost, 0 to 1
---@field duplicate? number  share of datagrams that arrive twice
---@field delay? integer[]   shortest and longest time on the way, microseconds
---@field seed? integer

---@param options? WireOptions
function Wire.new(options)
  options = options or {}
  local self = setmetatable({
    timers = message.timers(),
    loss = options.loss or 0,
    duplicate = options.duplicate or 0,
    delay = options.delay or { 1000, 1000 },
    dice = options.seed or 1,
    nodes = {}, -- channels by address
    flying = {}, -- by time of arrival
  }, Wire)
  return self
end

---Uniform in [0, 1), from the wire's own seed (a linear congruential generator).
function Wire:roll()
  self.dice = self.dice * 6364136223846793005 + 1442695040888963407
  return (self.dice >> 11) * 2.0 ^ -53
end

function Wire:fly(data, from, to)
  local shortest, longest = self.delay[1], self.delay[2]
  local delay = shortest + math.floor((longest - shortest) * self:roll())
  enqueue(self.flying, { at = self.timers:now() + delay, data = data, from = from, to = to })
end

---Puts a datagram on the wire.
function Wire:carry(data, from, to)
  if self:roll() >= self.loss then
    self:fly(data, from, to)
    if self:roll() < self.duplicate then
      self:fly(data, from, to)
    end
  end
end

---A channel at an address. `functions` as for probe.message.channel, without send.
function Wire:node(address, functions)
  functions.send = function(data, to)
    self:carry(data, address, to)
  end
  self.nodes[address] = message.channel(self.timers, functions)
  return self.nodes[address]
end

---Runs until that time, or, without one, until nothing flies and no timer is set.
---@param until_time? integer
function Wire:run_to(until_time)
  while true do
    local item, deadline = self.flying[1], self.timers:next()
    local at = math.min(item and item.at or math.maxinteger, deadline or math.maxinteger)
    if at == math.maxinteger or until_time and at > until_time then
      break
    end
    self.timers:run_to(at)
    while self.flying[1] and self.flying[1].at <= at do
      item = table.remove(self.flying, 1)
      local node = self.nodes[item.to]
      if node then
        node:receive(item.data, item.from, item.to)
      end
    end
  end
  if until_time then
    self.timers:run_to(until_time)
  end
end

return Wire
