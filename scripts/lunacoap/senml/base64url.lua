-- base64url without padding (RFC 4648 section 5), as data values have it in JSON.

local M = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

---@param bytes string
---@return string
function M.encode(bytes)
  return (bytes:gsub("..?.?", function(part)
    local bits = (">I3"):unpack(part .. ("\0"):rep(3 - #part))
    local text = ""
    for shift = 18, 18 - 6 * #part, -6 do
      local place = (bits >> shift & 63) + 1
      text = text .. ALPHABET:sub(place, place)
    end
    return text
  end))
end

---@param text string
---@return string? bytes nil when the text is no base64url; padding is taken.
function M.decode(text)
  text = text:match("^([A-Za-z0-9_-]*)=*$")
  if not text or #text % 4 == 1 then
    return nil
  end
  return (text:gsub("..?.?.?", function(part)
    local bits = 0
    for i = 1, 4 do
      bits = bits << 6 | (i <= #part and ALPHABET:find(part:sub(i, i), 1, true) - 1 or 0)
    end
    return (">I3"):pack(bits):sub(1, #part - 1)
  end))
end

return M
