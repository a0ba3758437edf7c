-- The output `json` of lunacoap test: an object for each round, in a line. That of busted itself
-- prints nothing when it meets a function, as a pending spec has one.

local lunacoap = require "lunacoap"
local part = require "lunacoap.test.busted".part

local function plain(entry)
  local trace = entry.element.trace or entry.trace or {}
  local message = entry.message
  return {
    name = entry.name, file = trace.short_src, line = trace.currentline,
    seconds = entry.element.duration, message = message ~= nil and tostring(message) or nil,
  }
end

local function list(entries)
  local out = lunacoap.json.array {}
  for i, entry in ipairs(entries) do
    out[i] = plain(entry)
  end
  return out
end

---@param options table As busted gives them to an output handler.
---@return table handler
return function(options)
  local busted, handler = part "", part ".outputHandlers.base"()
  busted.subscribe({ "suite", "end" }, function()
    io.write(lunacoap.json.encode {
      successes = list(handler.successes), failures = list(handler.failures),
      errors = list(handler.errors), pendings = list(handler.pendings),
      duration = handler.getDuration(),
    }, "\n")
    io.flush()
    return nil, true
  end)
  return handler
end
