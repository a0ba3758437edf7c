-- Numbers as the page writes them.

local quantity = require "lunacoap.load.quantity"

local M = {}

---Digits in groups of three, with a space between them that does not break.
---@param number integer
---@return string
function M.grouped(number)
  local text, more = ("%d"):format(number), 1
  while more > 0 do
    text, more = text:gsub("^(-?%d+)(%d%d%d)", "%1\u{202F}%2")
  end
  return text
end

---A number per second, without digits that nobody reads.
---@param number number
---@return string
function M.rate(number)
  return number >= 999.5 and M.grouped(math.floor(number + 0.5)) or quantity.number(number)
end

---A time: "850 µs", "1.23 ms".
---@param seconds number?
---@return string
function M.time(seconds)
  return (quantity.time(seconds):gsub(" us$", " µs"))
end

return M
