-- What the specs of a run begin, so that it is ended: components, servers, timers, tasks, signal
-- functions, programs and scripts. What a spec begins ends with the spec; what a block begins, in a
-- setup or beside its specs, ends with the block.

local Generation = require "lunacoap.reload.generation"
local lunacoap = require "lunacoap"
local new_server = require "lunacoap.server"
local surroundings = require "lunacoap.reload.surroundings"

local M = {}

-- The scopes that are open, the innermost last.
local stack = {}

-- What components get that do not say otherwise.
local defaults = {}

-- What a handler raises, and what else no call can raise, fails the spec and is not for standard
-- error alone; a component with an OnError of its own sees to it itself.
local function on_error(_, e)
  M.report((e.Description:gsub("\nstack traceback:.*", "")))
end

---The fields for a component's constructor, with those of the run.
---@param init? table
---@return table
function M.with_defaults(init)
  local fields = { OnError = on_error }
  for name, value in pairs(defaults) do
    fields[name] = value
  end
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  return fields
end

---Properties and settings for components of specs that do not say otherwise.
---@param fields table<string, any>
function M.set_defaults(fields)
  defaults = fields
end

---Opens a scope: what begins from now on belongs to it.
function M.open()
  local scope = { endings = {}, troubles = {} }
  scope.generation = Generation.new({}, {
    fields = M.with_defaults,
    report = function(err) table.insert(scope.troubles, err) end,
  })
  table.insert(stack, scope)
end

---Has f called when the innermost scope ends; the last one comes first.
---@param f fun()
function M.at_end(f)
  table.insert(stack[#stack].endings, f)
end

---Notes an error that nothing has caught: the innermost scope fails by it.
---@param err any
function M.report(err)
  local scope = stack[#stack]
  if not scope then
    error(err, 0)
  end
  table.insert(scope.troubles, err)
end

---The first error of a task of the innermost scope that nothing has caught.
---@return any?
function M.trouble()
  return table.remove(stack[#stack].troubles, 1)
end

---Ends the innermost scope and all that belongs to it.
---@return any? err The first error of that.
function M.close()
  local scope, trouble = stack[#stack], nil
  while scope.endings[1] do
    local ok, err = pcall(table.remove(scope.endings))
    trouble = trouble or not ok and err or nil
  end
  table.remove(stack)
  local ok, err = pcall(scope.generation.close, scope.generation)
  return trouble or scope.troubles[1] or not ok and err or nil
end

-- Tasks know whose they are; all else is of the innermost scope.
local function owner()
  local scope = stack[#stack]
  return surroundings.owner() or scope and scope.generation
end

-- A function of the module that tells the owner what it begins, or `original` where there is none.
local function of_owner(f, original)
  return function(...)
    local generation = owner()
    if generation then
      return f(generation, ...)
    end
    return original(...)
  end
end

local function install_virtual(seed)
  local virtual = lunacoap.virtual
  function lunacoap.virtual(first, ...)
    if type(first) == "function" then
      return virtual(seed(), first, ...)
    end
    return virtual(first, ...)
  end
end

local function install_server()
  lunacoap.server = setmetatable({}, {
    __call = function(_, init)
      local generation = owner()
      if generation then
        return surroundings.server(generation, init)
      end
      return new_server(init)
    end,
  })
end

---Has the functions of `lunacoap` tell the scopes what they begin, for all who call them.
---@param seed fun(): integer For virtual time that has none of its own.
function M.install(seed)
  install_virtual(seed)
  install_server()
  for name, f in pairs(surroundings.functions) do
    lunacoap[name] = of_owner(f, lunacoap[name])
  end
  lunacoap.process.start = of_owner(surroundings.start_process, lunacoap.process.start)
end

return M
