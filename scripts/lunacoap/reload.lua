-- `lunacoap --watch FILE`: runs a script, and again when it or a Lua module of its own changes. The
-- servers of the new run take the places of those with the same address: their sockets, DTLS
-- sessions, observers and pending requests live on. A run that fails leaves the old one as it was.

local lunacoap = require "lunacoap"
local Generation = require "lunacoap.reload.generation"

-- Seconds between two looks at the files.
local INTERVAL = 0.2

local function tell(text, ...)
  io.stderr:write("lunacoap: ", text:format(...), "\n")
end

-- Editors write in pieces: what a file holds counts when it has not changed for a moment.
local function wait_for_change(generation)
  while not generation:is_outdated() do
    lunacoap.sleep(INTERVAL)
  end
  repeat
    for path in pairs(generation.files) do
      generation:watch(path)
    end
    lunacoap.sleep(INTERVAL)
  until not generation:is_outdated()
end

local function text_of(err)
  if type(err) == "table" and rawget(err, "Traceback") then
    return ("%s: %s\n%s"):format(err.Where, err.Message, err.Traceback)
  end
  return tostring(err)
end

-- The generation that runs after this load: the new one, or the old one when that failed.
local function load_again(path, arguments, old)
  local new = Generation.new(table.move(old.servers, 1, #old.servers, 1, {}))
  local ok, err = new:run(path, arguments)
  if not ok then
    local lost = new:undo(old)
    tell("%s\nlunacoap: the script was not loaded again; the old one goes on", text_of(err))
    for _, reason in ipairs(lost) do
      tell("without a server that the new one has stopped: %s", reason)
    end
    -- The change that mends it may be in any file that was read, and may have come meanwhile.
    for name, text in pairs(new.files) do
      old.files[name] = text
    end
    return old
  end
  new:settle()
  old:retire(new)
  tell("%s was loaded again", path)
  return new
end

---Runs a script until the program ends.
---@param path string
---@param arguments table As `arg`.
return function(path, arguments)
  local generation = Generation.new {}
  local ok, err = generation:run(path, arguments)
  if ok then
    generation:settle()
  else
    tell("%s\nlunacoap: waiting for a change", text_of(err))
  end
  while true do
    wait_for_change(generation)
    generation = load_again(path, arguments, generation)
  end
end
