-- Lists of content-formats, by number: what a resource has, and what it takes.

local format = require "lunacoap.format"

local M = {}

---A list of numbers, of one with names too.
---@param list (integer|string)[]
---@param level integer Where the error is that names what is no content-format.
---@return integer[]
function M.numbers(list, level)
  local numbers = {}
  for i, item in ipairs(list) do
    local number, message = format.number(item)
    if not number then
      error(message, level + 1)
    end
    numbers[i] = number
  end
  if not numbers[1] then
    error("a list of content-formats has at least one", level + 1)
  end
  return numbers
end

---Whether a number is in a list.
---@param list integer[]
---@param wanted integer
---@return boolean
function M.contain(list, wanted)
  for i = 1, #list do
    if list[i] == wanted then
      return true
    end
  end
  return false
end

---The names, for people.
---@param list integer[]
---@return string
function M.names(list)
  local names = {}
  for i, number in ipairs(list) do
    names[i] = format.name(number)
  end
  return table.concat(names, ", ")
end

return M
