-- Mistakes of scripts are told at their own line: that of the nearest caller that is none of ours.

local M = {}

-- How many callers are looked at.
local DEEPEST = 30

-- The place of a caller, as messages begin with it: "meter.lua:12: ", or "".
local function place_of(level)
  return select(2, pcall(error, "", level + 2))
end

-- What the places of our own files begin with.
local OURS = place_of(1):gsub("fleet/mistake%.lua:.*", "")

---Raises what is wrong.
---@param text string A format for string.format.
---@param ... any
function M.raise(text, ...)
  for level = 2, DEEPEST do
    local place = place_of(level)
    if place ~= "" and place:sub(1, #OURS) ~= OURS then
      error(place .. text:format(...), 0)
    end
  end
  error(text:format(...), 0)
end

return M
