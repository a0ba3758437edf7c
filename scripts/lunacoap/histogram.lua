-- Histograms of times and sizes, which know the percentiles of what was recorded to three
-- significant digits, in little and bounded memory. Whole units up to 2047 have a bucket each;
-- above, every doubling has 1024 of them, so that no bucket is wider than a thousandth of its
-- values. The 1024 of a doubling are made when a value first falls into them.
--   local times = require("lunacoap.histogram").new()
--   times:record(0.0123)
--   print(times:percentile(99))

---@class lunacoap.Histogram
local Histogram = {}
Histogram.__index = Histogram
Histogram.__name = "lunacoap.Histogram"

local M = {}

local HALF = 1024
local LARGEST = 2.0 ^ 62

-- Row r holds the values of HALF << r to (2 * HALF << r) - 1 units, row 0 those below HALF, too.
local function new_row(r)
  local row = {}
  for i = 1, r == 0 and 2 * HALF or HALF do
    row[i] = 0
  end
  return row
end

-- What to add to a value of row r, shifted right by r, for its place in the row.
local function offset(r)
  return r == 0 and 1 or 1 - HALF
end

-- The first and the last whole unit of a bucket.
local function bounds(r, i)
  local shifted = i - offset(r)
  return shifted << r, ((shifted + 1) << r) - 1
end

---Makes a histogram.
---@param unit? number The finest difference that is kept: 1e-6 by default, for seconds.
---@return lunacoap.Histogram
function M.new(unit)
  unit = unit or 1e-6
  if type(unit) ~= "number" or not (unit > 0 and unit < math.huge) then
    error(("a histogram's unit is a number above 0, not %s"):format(tostring(unit)), 2)
  end
  return setmetatable({ unit = unit }, Histogram):clear()
end

---Forgets all values.
---@return lunacoap.Histogram self
function Histogram:clear()
  self.rows, self.last_row = {}, -1
  self.n, self.sum, self.least, self.greatest = 0, 0.0, math.huge, -math.huge
  return self
end

---Counts a value.
---@param value number 0 or more
---@param times? integer How often; once by default.
function Histogram:record(value, times)
  local units = value / self.unit + 0.5
  if not (units >= 0.5 and units < LARGEST) then
    error(("a histogram takes numbers of 0 and more, not %s"):format(value), 2)
  end
  local shifted, r = units // 1 | 0, 0
  while shifted >= 2 * HALF do
    shifted, r = shifted >> 1, r + 1
  end
  local row = self.rows[r]
  if not row then
    row = new_row(r)
    self.rows[r] = row
    self.last_row = r > self.last_row and r or self.last_row
  end
  times = times or 1
  local i = shifted + offset(r)
  row[i] = row[i] + times
  self.n = self.n + times
  self.sum = self.sum + value * times
  if value < self.least then self.least = value end
  if value > self.greatest then self.greatest = value end
end

---How many values were recorded.
---@return integer
function Histogram:count()
  return self.n
end

---Their exact mean; nil while there are none.
---@return number?
function Histogram:mean()
  return self.n > 0 and self.sum / self.n or nil
end

---The exact smallest one; nil while there are none.
---@return number?
function Histogram:min()
  return self.n > 0 and self.least or nil
end

---The exact greatest one; nil while there are none.
---@return number?
function Histogram:max()
  return self.n > 0 and self.greatest or nil
end

---Walks through the buckets that hold something: the lowest and the highest value of each, and how
---many it holds.
---@return fun(): number?, number?, integer?
function Histogram:buckets()
  return coroutine.wrap(function()
    for r = 0, self.last_row do
      local row = self.rows[r]
      for i = 1, row and #row or 0 do
        if row[i] > 0 then
          local low, high = bounds(r, i)
          coroutine.yield(low * self.unit, high * self.unit, row[i])
        end
      end
    end
  end)
end

---The smallest value that so many percent of all do not exceed; nil while there are none. It is
---exact for 0 and 100, and otherwise within half a thousandth, or half a unit.
---@param percent number 0 to 100
---@return number?
function Histogram:percentile(percent)
  if type(percent) ~= "number" or not (percent >= 0 and percent <= 100) then
    error(("a percentile is a number from 0 to 100, not %s"):format(tostring(percent)), 2)
  end
  if self.n == 0 then
    return nil
  end
  -- 99.9 % of 1000 are 999, although the product is a little more.
  local rank = math.max(1, math.ceil(percent / 100 * self.n - 1e-9 * self.n))
  if rank == 1 or rank >= self.n then
    return rank == 1 and self.least or self.greatest
  end
  local seen = 0
  for low, high, count in self:buckets() do
    seen = seen + count
    if seen >= rank then
      return math.max(self.least, math.min(self.greatest, (low + high) / 2))
    end
  end
end

---Adds what another histogram of the same unit has recorded.
---@param other lunacoap.Histogram
function Histogram:merge(other)
  if getmetatable(other) ~= Histogram or other.unit ~= self.unit then
    error("merge takes another histogram of the same unit", 2)
  end
  for r, from in pairs(other.rows) do
    local row = self.rows[r] or new_row(r)
    self.rows[r] = row
    for i, n in ipairs(from) do
      row[i] = row[i] + n
    end
  end
  self.last_row = math.max(self.last_row, other.last_row)
  self.n, self.sum = self.n + other.n, self.sum + other.sum
  self.least = math.min(self.least, other.least)
  self.greatest = math.max(self.greatest, other.greatest)
end

return M
