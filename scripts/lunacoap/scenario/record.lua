-- What went over the network since the scenario began, for those who look for the reason of a
-- failure.

local ladder = require "lunacoap.ladder"
local lunacoap = require "lunacoap"
local waiting = require "lunacoap.scenario.waiting"

local M = {}

-- So many datagrams are kept, unless the program keeps more already.
local KEPT = 4096

local since
local kept_before -- by others, when they kept fewer

---The ladder shows what goes from now on, unless it does already.
function M.begin()
  local capture = lunacoap.capture
  if since then
    return
  elseif capture.keep() < KEPT then
    kept_before = capture.keep(KEPT)
  end
  since = capture.mark()
end

---It does not show what went from the datagram `mark` until now, when nothing went before.
---@param mark integer From lunacoap.capture.mark().
function M.skip(mark)
  if since and since >= mark then
    since = lunacoap.capture.mark()
  end
end

---It shows nothing any more, until the next begin().
function M.finish()
  since = nil
  if kept_before then
    lunacoap.capture.keep(kept_before)
    kept_before = nil
  end
end

---The ladder since the scenario began, "" when nothing went.
---@param options? lunacoap.LadderOptions
---@return string
function M.ladder(options)
  return since and ladder.draw(lunacoap.capture.list(since), options) or ""
end

---The text of a failure, with the ladder below it. What fails inside of eventually() is tried
---again, and is told without one.
---@param text string
---@return string
function M.explain(text)
  local drawn = not waiting.deadline() and M.ladder() or ""
  return drawn ~= "" and text .. "\n\n" .. drawn or text
end

return M
