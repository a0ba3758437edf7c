-- How far a long transfer in blocks is, in one line of the terminal that goes away at its end.

local lunacoap = require "lunacoap"

local M = {}

-- A transfer that takes less says nothing; and no more often than that is anything said.
local PATIENCE, PAUSE = 1, 0.1

-- Begins the line anew.
local CLEAR = "\r\27[K"

local function size(bytes)
  if bytes < 10 * 1024 then
    return bytes .. " bytes"
  elseif bytes < 10 * 1024 * 1024 then
    return ("%d KiB"):format(bytes // 1024)
  end
  return ("%.1f MiB"):format(bytes / 1024 / 1024)
end

local function line(event)
  local text = (event.Direction == 0 and "sent " or "received ") .. size(event.BytesTransferred)
  if event.TotalBytes >= 0 then
    text = ("%s of %s, %d %%"):format(text, size(event.TotalBytes), event.PercentDone)
  end
  return text
end

---Shows the progress of a component's transfers, if standard error is a terminal.
---@param coap lunacoap.CoAP
---@return fun() finish Takes the line away.
function M.show(coap)
  if not lunacoap.isatty(io.stderr) then
    return function() end
  end
  local next_time, shown = lunacoap.now() + PATIENCE, false
  function coap.OnTransfer(_, e)
    if lunacoap.now() >= next_time then
      next_time, shown = lunacoap.now() + PAUSE, true
      io.stderr:write(CLEAR, line(e))
    end
  end
  return function()
    if shown then
      io.stderr:write(CLEAR)
      shown = false
    end
  end
end

return M
