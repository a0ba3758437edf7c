-- What a script sees that is loaded again when it changes: a module `lunacoap` and globals of its
-- own, by which its generation knows all that it begins.

local lunacoap = require "lunacoap"

local M = {}

-- As they are: `lunacoap test` has others stand in their places, for specs.
local CoAP, lunacoap_sleep, lunacoap_spawn = lunacoap.CoAP, lunacoap.sleep, lunacoap.spawn
local lunacoap_timer, lunacoap_signal = lunacoap.timer, lunacoap.signal
local new_endpoint, start_process = lunacoap.endpoint, lunacoap.process.start

-- The generations of the tasks that run.
local owners = setmetatable({}, { __mode = "k" })

-- Ends a task of a generation that is over, and is no failure.
local OVER = setmetatable({}, { __tostring = function() return "the script was loaded again" end })

local CANCELED = 711

-- Seconds that nobody waits for.
local FOR_GOOD = 1e9

-- ---- Tasks --------------------------------------------------------------------------------------

-- Whether an error is only the end of a task: retire() cancels what it may have waited for.
local function is_end(generation, err)
  return err == OVER
    or generation.over and type(err) == "table" and rawget(err, "Code") == CANCELED
end

-- A thread is a generation's until its task ends, cancelled or not: then it serves others.
local Belonging = {}

function Belonging:__close()
  self.generation.tasks[self.thread], owners[self.thread] = nil, nil
end

local function belong(generation)
  local thread = coroutine.running()
  generation.tasks[thread], owners[thread] = true, generation
  return setmetatable({ generation = generation, thread = thread }, Belonging)
end

-- f as a task of the generation, with which it ends; what it raises is reported as ever.
local function task_of(generation, f)
  if type(f) ~= "function" then
    return f -- which the module's function refuses
  end
  return function(...)
    local _ <close> = belong(generation)
    local ok, err = xpcall(f, lunacoap.traceback, ...)
    if not ok and not is_end(generation, err) then
      generation.report(err)
    end
  end
end

---The generation of the task that runs, if it has one.
---@return table?
function M.owner()
  return owners[coroutine.running()]
end

-- A loop such as `while true do sleep(1) ... end` would never end by itself. One that catches the
-- error and goes on is not woken again.
local function sleep(generation, seconds)
  local thread = coroutine.running()
  lunacoap_sleep(generation.tasks[thread] == OVER and FOR_GOOD or seconds)
  if generation.over and generation.tasks[thread] then
    generation.tasks[thread] = OVER
    error(OVER, 0)
  end
end

-- A handler may outlive its generation, but nothing that it begins then.
local function timer(generation, after, again, f)
  local object = generation.timers(lunacoap_timer(after, again, task_of(generation, f)))
  if generation.over then
    object:stop()
  end
  return object
end

local function signal(generation, name, f)
  if generation.over then
    return
  end
  local task = task_of(generation, f)
  lunacoap_signal(name, task)
  generation.signals[name] = task
end

---lunacoap.spawn for a generation's task.
---@param generation table
---@param f function
---@param ... any
---@return lunacoap.Task
function M.spawn(generation, f, ...)
  return lunacoap_spawn(task_of(generation, f), ...)
end

-- ---- Components and servers ---------------------------------------------------------------------

local function component(generation, init)
  local coap = generation.clients(CoAP(generation.fields(init)))
  if generation.components then
    table.insert(generation.components, coap)
  end
  return coap
end

-- Servers are the same when they were asked for with the same address; the first of them that is
-- free, for there may be several on port 0.
local function key_of(coap)
  return ("%s %d %s %s"):format(coap.LocalHost, coap.LocalPort, coap.SSLEnabled,
    coap:Config("UseIPv6"))
end

---Tells the observers of a server that has taken a place what its resources are now.
---@param server lunacoap.Server
function M.refresh(server)
  if server.running then
    server:refresh()
  end
end

local function predecessor_of(generation, server)
  server.predecessor = false
  server.key = key_of(server.coap)
  table.insert(generation.servers, server)
  for i, other in ipairs(generation.available) do
    if other.running and other.key == server.key then
      table.remove(generation.available, i)
      table.insert(generation.taken, { server = server, other = other })
      if generation.settled then
        lunacoap_spawn(M.refresh, server) -- when it has its place
      end
      return other
    end
  end
  return nil
end

---lunacoap.server for a generation.
---@param generation table
---@param init? lunacoap.ServerInit
---@return lunacoap.Server
function M.server(generation, init)
  local server = require "lunacoap.server"(generation.fields(init))
  server.predecessor = function() return predecessor_of(generation, server) end
  return server
end

-- ---- Fleets, endpoints and programs -------------------------------------------------------------

local function endpoint(generation, ...)
  return generation.closables(new_endpoint(...))
end

-- The components of its devices are the fleet's, which stops them as they are to be stopped.
local function fleet(generation, init)
  return generation.closables(lunacoap.fleet(init))
end

---lunacoap.process.start for a generation.
---@param generation table
---@param wanted lunacoap.process.Wanted
---@return lunacoap.process.Process
function M.start_process(generation, wanted)
  return generation.closables(start_process(wanted))
end

-- ---- The module and the globals -----------------------------------------------------------------

local OWN = {
  CoAP = component, endpoint = endpoint, sleep = sleep, spawn = M.spawn, timer = timer,
  signal = signal,
}

-- All else is the module's.
local function module_of(generation)
  local own = {}
  for name, f in pairs(OWN) do
    own[name] = function(...) return f(generation, ...) end
  end
  own.server = setmetatable({}, {
    __call = function(_, init) return M.server(generation, init) end,
  })
  own.fleet = setmetatable({}, {
    __call = function(_, init) return fleet(generation, init) end, __index = lunacoap.fleet,
  })
  own.process = setmetatable({
    start = function(wanted) return M.start_process(generation, wanted) end,
  }, { __index = lunacoap.process })
  for name, f in pairs(generation.functions) do
    own[name] = f
  end
  return setmetatable(own, { __index = lunacoap })
end

-- What is no Lua file of the script: a module that is there for all, or one that is missing and may
-- come.
local function load_other(generation, name, tried)
  local ok, result = pcall(require, name)
  if ok then
    return result
  end
  for path in tried:gmatch("no file '([^\n]*)'") do
    generation:watch(path)
  end
  error(result, 3)
end

-- Modules of the script in Lua are the generation's own, so that a change in them counts.
local function load_module(generation, modules, environment, name)
  local path, tried = nil, ""
  if not name:find("^lunacoap%.") then
    path, tried = package.searchpath(name, package.path)
  end
  if not path then
    return load_other(generation, name, tried)
  end
  generation:watch(path)
  local chunk, message = loadfile(path, "bt", environment)
  if not chunk then
    error(("error loading module '%s' from file '%s':\n\t%s"):format(name, path, message), 3)
  end
  modules[name] = true
  local result = chunk(name, path)
  if result ~= nil then
    modules[name] = result
  end
  return modules[name]
end

---The functions of the module as a generation has them: what they begin is known to it.
M.functions = OWN

---The globals for a script of a generation.
---@param generation table
---@return table
function M.of(generation)
  local own = module_of(generation)
  local modules = { lunacoap = own, ["lunacoap.server"] = own.server }
  local environment = setmetatable({}, { __index = _G })
  environment._G = environment
  for name, value in pairs(generation.globals) do
    environment[name] = value
  end
  function environment.require(name)
    return modules[name] or load_module(generation, modules, environment, name)
  end
  return environment
end

return M
