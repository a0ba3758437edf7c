-- How words of a scenario fail: what goes wrong inside is raised as trouble, and the word that the
-- spec has called raises it again at the spec's line, as a failure of busted and with the ladder.

local record = require "lunacoap.scenario.record"
local same = require "lunacoap.scenario.same"

---@class lunacoap.scenario.Trouble
---@field text string
---@field misuse boolean? Whether the spec is wrong, and not what it tests.
local Trouble = {}
Trouble.__index = Trouble

function Trouble:__tostring()
  return self.text
end

local M = {}

---What was tested is not as the spec wants it.
---@param text string A format for string.format, if more follows.
---@param ... any
function M.fail(text, ...)
  error(setmetatable({ text = select("#", ...) > 0 and text:format(...) or text }, Trouble), 0)
end

---The spec itself is wrong.
---@param text string A format for string.format, if more follows.
---@param ... any
function M.misuse(text, ...)
  text = select("#", ...) > 0 and text:format(...) or text
  error(setmetatable({ text = text, misuse = true }, Trouble), 0)
end

---Whether a value is a time that somebody can wait: no NaN.
---@param value any
---@return boolean
function M.is_seconds(value)
  return type(value) == "number" and value >= 0
end

-- busted takes for a failure what its own assert raises, and all else for an error.
local function raise_failure(text, level)
  local luassert = package.loaded["luassert.assert"]
  if luassert then
    luassert(false, text, luassert:level(level + 1))
  end
  error(text, level + 1)
end

-- Raises at `level`, counted as error() does from the caller of this function.
local function raise(raised, level)
  if getmetatable(raised) == Trouble then
    if raised.misuse then
      error(raised.text, level + 1)
    end
    raise_failure(record.explain(raised.text), level + 1)
  elseif type(raised) == "table" and raised.Message and raised.Code then
    error(raised.Message, level + 1) -- of the component: a wrong URI, a wrong setting
  end
  error(raised, 0)
end

local function pass(ok, ...)
  if not ok then
    raise((...), 3) -- at the caller of the word, which is the caller of this
  end
  return ...
end

---What was raised, as text.
---@param raised any
---@return string
function M.text(raised)
  local class = getmetatable(raised)
  local is_told = type(class) == "table" and class.__tostring
  if type(raised) == "table" and not is_told then
    local message = rawget(raised, "message") or rawget(raised, "Message")
    return message == nil and same.text(raised) or tostring(message)
  end
  local ok, text = pcall(tostring, raised)
  return ok and text or "an error that cannot be told: " .. type(raised)
end

---A function for specs to call, whose failures are told at their line.
---@generic F: function
---@param f F
---@return F
function M.word(f)
  return function(...)
    local results = table.pack(pcall(f, ...))
    pass(table.unpack(results, 1, results.n))
    return table.unpack(results, 2, results.n)
  end
end

return M
