-- How what goes wrong with a Resource Directory is raised: as trouble inside, and as an error at
-- the line of the script that has called.

local M = {}

---@class lunacoap.directory.Trouble
---@field text string
---@field answer? lunacoap.Answer The answer that refuses, if there is one.
local Trouble = {}
Trouble.__index = Trouble

function Trouble:__tostring()
  return self.text
end

---Raises; for misuse, and for what a directory answers.
---@param text string A format for string.format.
---@param ... any
function M.fail(text, ...)
  error(setmetatable({ text = text:format(...) }, Trouble), 0)
end

-- What an error answer says to people (RFC 7252 5.5.2).
local function diagnostic(answer)
  local is_text = answer.format == nil or answer.format == 0
  return is_text and answer.payload ~= "" and utf8.len(answer.payload) and ": " .. answer.payload
    or ""
end

---Raises an answer that is not of class 2.
---@param what string Such as "POST coap://rd.example/rd".
---@param answer lunacoap.Answer
function M.refuse(what, answer)
  local name = answer.name ~= "" and " " .. answer.name or ""
  error(setmetatable({
    text = ("%s: %s%s%s"):format(what, answer.code, name, diagnostic(answer)), answer = answer,
  }, Trouble), 0)
end

---The answer that was the reason, if one was.
---@param raised any
---@return lunacoap.Answer?
function M.answer(raised)
  return getmetatable(raised) == Trouble and raised.answer or nil
end

-- Errors that are no trouble, such as those of a component without an answer, stay as they are.
local function raise(raised, level)
  if getmetatable(raised) == Trouble then
    error(raised.text, level + 1)
  end
  error(raised, 0)
end

---A function for scripts to call, whose troubles are told at their line.
---@generic F: function
---@param f F
---@return F
function M.public(f)
  return function(...)
    local results = table.pack(pcall(f, ...))
    if not results[1] then
      raise(results[2], 2)
    end
    return table.unpack(results, 2, results.n)
  end
end

return M
