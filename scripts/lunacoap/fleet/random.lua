-- Random numbers without a state to keep: each stream has a key, and its n-th number follows from
-- key and n alone. So every device, and each thing that a device does, has a stream of its own, and
-- what one does takes no number from another: the same seed makes the same devices, however their
-- requests happen to interleave.

local M = {}

-- Spreads the bits of an integer over all of them, one to one (the finalizer of SplitMix64; Steele,
-- Lea and Flood 2014).
local function mix(x)
  x = (x ~ x >> 30) * -0x40A7B892E31B1A47
  x = (x ~ x >> 27) * -0x6B2FB644ECCEEE15
  return x ~ x >> 31
end

local GOLDEN = -0x61C8864680B583EB -- 2^64 divided by the golden ratio, as that algorithm has it

-- FNV-1a, 64 bits.
local function hash(text)
  local h = -0x340D631B7BDDDCDB
  for i = 1, #text do
    h = (h ~ text:byte(i)) * 0x100000001B3
  end
  return h
end

---The key of a stream: of a seed and what the stream is for.
---@param seed integer
---@param ... integer|string Such as a device's index and the name of a sensor.
---@return integer
function M.key(seed, ...)
  local key = mix(seed + GOLDEN)
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    key = mix((key ~ (math.type(part) == "integer" and part or hash(part))) + GOLDEN)
  end
  return key
end

---The n-th number of a stream, from 0 to below 1.
---@param key integer
---@param n integer
---@return number
function M.number(key, n)
  return (mix(key + n * GOLDEN) >> 11) * 0x1p-53
end

---The n-th number of a stream between two others; `low` itself when they are the same.
---@param key integer
---@param n integer
---@param low number
---@param high number
---@return number
function M.between(key, n, low, high)
  return low + (high - low) * M.number(key, n)
end

---The n-th number of a stream as a time between events that come at random, `mean` apart on the
---average: those of a Poisson process.
---@param key integer
---@param n integer
---@param mean number
---@return number
function M.exponential(key, n, mean)
  return -mean * math.log(1 - M.number(key, n))
end

return M
