-- The latencies of a histogram in bins that are equally wide on a logarithmic axis.

local M = {}

-- Bins per power of ten, from fine to coarse; no more bins than MOST; and how many of the
-- histogram's microseconds the narrowest one must hold, lest some be empty for that alone.
local PER_DECADE, MOST, NARROWEST = { 100, 50, 20, 10 }, 64, 2e-6

local function bins_per_decade(least, greatest)
  local decades = math.log(greatest / least, 10)
  for _, n in ipairs(PER_DECADE) do
    if decades * n <= MOST and least * (10 ^ (1 / n) - 1) >= NARROWEST then
      return n
    end
  end
  return PER_DECADE[#PER_DECADE]
end

---Those from the lowest to the highest that holds something, empty ones between them included.
---@param histogram lunacoap.Histogram With a value at least.
---@return { from: number, to: number, count: integer }[]
function M.of(histogram)
  local least = math.max(histogram:min(), 1e-6)
  local n = bins_per_decade(least, math.max(histogram:max(), least))
  local counts, first, last = {}, math.huge, -math.huge
  for low, high, count in histogram:buckets() do
    local i = math.floor(n * math.log(math.max((low + high) / 2, 1e-6), 10) + 1e-9)
    counts[i] = (counts[i] or 0) + count
    first, last = math.min(first, i), math.max(last, i)
  end
  local list = {}
  for i = first, last do
    list[#list + 1] = { from = 10 ^ (i / n), to = 10 ^ ((i + 1) / n), count = counts[i] or 0 }
  end
  return list
end

return M
