-- An option of a message as people type it: "NUMBER,VALUE", such as Uri-Query,a=1 or 65000,0xbeef.

local hex = require "lunacoap.hex"
local lunacoap = require "lunacoap"
local values = require "lunacoap.command_line.values"

local TYPE = lunacoap.ValueType

-- The number of an option, however its name is written.
local function number_of(text)
  if text:find("^%d+$") then
    local number = math.tointeger(tonumber(text))
    return number and number <= 65535 and number or nil
  end
  for name, number in pairs(lunacoap.OptionNumber) do
    if name:lower() == text:lower() then
      return number
    end
  end
end

-- A value as a component takes it: a number, hexadecimal digits or text.
local function value_of(kind, text)
  if kind == TYPE.ovtUInt then
    return math.tointeger(tonumber(text)) or text
  end
  local bytes, message = values.bytes(text)
  return bytes and kind == TYPE.ovtBinary and hex.encode(bytes) or bytes, message
end

---The option that a word stands for.
---@param text string
---@return lunacoap.CoAPOption? option
---@return string? message What is wrong.
return function(text)
  local name, given = text:match("^([^,]*),?(.*)$")
  local number = number_of(name)
  if not number then
    return nil, ("there is no option '%s': it takes a number or a name such as Uri-Query, a comma "
      .. "and a value"):format(name)
  end
  local option = lunacoap.CoAPOption(number)
  local value, message = value_of(option.ValueType, given)
  if not value then
    return nil, ("%s, not '%s'"):format(message, text)
  end
  local ok, err = pcall(function() option.Value = value end)
  if ok then
    return option
  end
  -- An ETag that was copied as it is shown.
  local hint = option.ValueType == TYPE.ovtBinary and not given:find("^0[xX]")
  return nil, err.Message:gsub("^.-: ", "") .. (hint and "; hexadecimal digits go behind 0x" or "")
end
