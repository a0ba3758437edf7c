-- The tasks of a device, which end when its power fails.

local lunacoap = require "lunacoap"

local M = {}

-- Raised by what cannot go on in a device whose power has failed; nobody is told.
M.ENDED = setmetatable({}, { __tostring = function() return "the device has ended" end })

local function weak()
  return setmetatable({}, { __mode = "k" })
end

-- Errors of requests, which were counted when they came.
local counted = weak()

-- Of the threads of tasks: whose they are, of which life, and which are in a handler of a request.
-- Threads serve again, so that these stay few.
local owners, lives, handling = weak(), weak(), weak()

---An error is the outcome of a request, and was counted as such.
---@param err table
function M.count(err)
  counted[err] = true
end

---Whether it is.
---@param err any
---@return boolean
function M.is_counted(err)
  return err ~= nil and counted[err] == true
end

-- Closed when a task ends, in whatever way.
local LEAVING = setmetatable({}, { __close = function()
  local thread = coroutine.running()
  owners[thread], lives[thread], handling[thread] = nil, nil, nil
end })

---The task that runs is one of a device's life. The result is to be closed at its end.
---@param device lunacoap.Device
---@param is_handling? true Whether it is a handler of a request.
---@return table
function M.enter(device, is_handling)
  local thread = coroutine.running()
  owners[thread], lives[thread], handling[thread] = device, device.life, is_handling
  return LEAVING
end

---Whether this task is in a handler of a request, where the component sends none of its own.
---@return boolean
function M.is_handling()
  return handling[coroutine.running()] ~= nil
end

---Ends the task that runs if it is one of an earlier life of the device: one that ran, or waited
---elsewhere, when the power failed.
---@param device lunacoap.Device
function M.check(device)
  local thread = coroutine.running()
  if owners[thread] == device and lives[thread] ~= device.life then
    error(M.ENDED, 0)
  end
end

---What was raised is told, unless it is the outcome of a request, which was counted.
---@param device lunacoap.Device
---@param err any
function M.tell(device, err)
  if err ~= M.ENDED and not M.is_counted(err) then
    device.fleet.counts:trouble(device, err)
  end
end

local function run(device, tasks, slot, f, options)
  local _ <close> = M.enter(device)
  local ok, err = xpcall(f, lunacoap.traceback, device)
  tasks[slot] = false
  if tasks ~= device.tasks then
    return -- of an earlier life
  end
  if options and options.bit then
    device.busy = device.busy & ~options.bit
  end
  if not ok then
    (options and options.on_error or M.tell)(device, err)
  end
end

---Begins a task of the device.
---@param device lunacoap.Device
---@param f fun(device: lunacoap.Device)
---@param options? { bit?: integer, on_error?: fun(device: lunacoap.Device, err: any) } `bit`: set
---in device.busy until it ends.
---@return lunacoap.Task
function M.spawn(device, f, options)
  local tasks, slot = device.tasks, 1
  while tasks[slot] do
    slot = slot + 1
  end
  if options and options.bit then
    device.busy = device.busy | options.bit
  end
  tasks[slot] = lunacoap.spawn(run, device, tasks, slot, f, options)
  return tasks[slot]
end

---Ends them all. One that runs now, or waits in a coroutine of its own, cannot be cancelled: what
---it waits for fails, and nobody is told.
---@param device lunacoap.Device
function M.cancel(device)
  local tasks = device.tasks
  device.fleet.counts:forgotten(device.asking)
  device.tasks, device.busy, device.asking, device.registering = {}, 0, 0, nil
  for _, task in ipairs(tasks or {}) do
    if task then
      pcall(task.cancel, task)
    end
  end
end

return M
