-- What an idle component costs: makes many and prints the growth of this process and of the kernel.
--   lunacoap spec/bench/memory.lua COUNT closed|open|shared
local lunacoap = require "lunacoap"

local count, state = tonumber(arg[1]), arg[2]

local function kilobytes(path, name)
  for line in io.lines(path) do
    local value = line:match("^" .. name .. ":%s+(%d+) kB")
    if value then
      return tonumber(value)
    end
  end
  error(path .. " has no " .. name)
end

-- With "shared" all have one socket, and the i-th one the i-th address from 127.16.0.1 on.
local function idle_component(i)
  local coap = lunacoap.CoAP()
  if state == "open" then
    coap.LocalHost = "127.0.0.1"
    coap:StartListening()
  elseif state == "shared" then
    coap.LocalHost = ("127.%d.%d.%d"):format(16 + (i >> 16), i >> 8 & 255, i & 255)
    coap:Config "ShareSocket=True"
    coap:StartListening()
  end
  return coap
end

local function measure()
  collectgarbage()
  collectgarbage()
  return kilobytes("/proc/self/smaps_rollup", "Anonymous"), kilobytes("/proc/meminfo", "Slab")
end

-- The table that holds them and what the first component brings along are not the components' cost.
local components = {}
for i = 1, count do
  components[i] = false
end
local first = idle_component(1)

local user, kernel = measure()
for i = 1, count do
  components[i] = idle_component(i + 1)
end
local user_after, kernel_after = measure()
print(("user=%.0f kernel=%.0f"):format((user_after - user) * 1024 / count,
  (kernel_after - kernel) * 1024 / count))

components[count + 1] = first
for _, coap in ipairs(components) do
  coap:Shutdown()
end
