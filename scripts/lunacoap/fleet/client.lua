-- The requests of devices, and what is counted of them.

local habits = require "lunacoap.fleet.habits"
local lunacoap = require "lunacoap"
local mistake = require "lunacoap.fleet.mistake"
local phases = require "lunacoap.fleet.phases"
local requests = require "lunacoap.scenario.request"
local responses = require "lunacoap.scenario.response"
local tasks = require "lunacoap.fleet.tasks"

local M = {}

-- Error 709: the answer is there, of another class than 2.
local ERROR_RESPONSE = 709

-- Errors that come before anything is sent: a wrong value, URI, option or state.
local MISUSE = { [1] = true, [700] = true, [701] = true, [712] = true }

-- "/path" is of the device's server.
local function complete(device, uri)
  if type(uri) ~= "string" or uri:sub(1, 1) ~= "/" then
    return uri
  end
  local server = device.plan.server
  return server and server .. uri
    or mistake.raise("'%s' is of no server: give the device one, or write a whole URI", uri)
end

-- A request as lunacoap.scenario makes it.
local function request_of(device, method, uri, payload, options)
  local ok, request = pcall(requests.new, method, complete(device, uri), payload, options)
  if ok then
    return request
  end
  return mistake.raise("%s", type(request) == "table" and request.text or tostring(request))
end

-- Properties that a request sets for itself alone are set back by the next one.
local function configure(device, request)
  local coap = device.coap
  if request.timeout or device.usual_timeout then
    device.usual_timeout = device.usual_timeout or coap.Timeout
    coap.Timeout = request.timeout or device.usual_timeout
  end
  if request.confirmable ~= nil or device.usual_type ~= nil then
    if device.usual_type == nil then
      device.usual_type = coap.UseConfirmableMessages
    end
    local confirmable = request.confirmable
    if confirmable == nil then
      confirmable = device.usual_type
    end
    coap.UseConfirmableMessages = confirmable
  end
  coap:Configure(request.settings)
end

local function code_of(err)
  return type(err) == "table" and rawget(err, "Code") or nil
end

-- Sends with a method of the component and waits. Returns the answer, or raises why there is none.
local function send_here(device, request, method, argument)
  local coap, counts, life = device.coap, device.fleet.counts, device.life
  configure(device, request)
  device.asking = device.asking + 1
  request.began = lunacoap.now()
  local mark = counts:sent()
  local ok, err = pcall(method, coap, request.uri, argument)
  if device.life ~= life then
    error(tasks.ENDED, 0)
  end
  device.asking = device.asking - 1
  if device.asking == 0 then
    habits.rest(device)
  end
  local code = not ok and code_of(err)
  if not ok and code ~= ERROR_RESPONSE then
    if MISUSE[code] then
      counts:unsent()
    else
      counts:unanswered(device, request, err, mark)
      tasks.count(err)
    end
    error(err, 0)
  end
  local answer = responses.of(coap, { method = request.method, uri = request.uri,
    seconds = lunacoap.now() - request.began })
  counts:answered(device, request, answer, mark)
  return answer
end

local function conclude(ok, result)
  if ok then
    return result
  elseif MISUSE[code_of(result)] then
    mistake.raise("%s", tostring(result))
  end
  error(result, 0)
end

-- The same anywhere: a component sends nothing in a handler of a request to itself.
local function send(...)
  if not tasks.is_handling() then
    return conclude(pcall(send_here, ...))
  end
  local ok, result = false, tasks.ENDED
  lunacoap.spawn(function(...) ok, result = pcall(send_here, ...) end, ...):wait()
  return conclude(ok, result)
end

-- A request of a device that is awake, or will be.
local function prepare(device, method, uri, payload, options)
  tasks.check(device)
  local life = device.life
  phases.wait_while_asleep(device)
  if device.life ~= life then
    error(tasks.ENDED, 0)
  elseif not device.running then
    mistake.raise("%s is %s, and sends nothing", device.name, device.phase)
  end
  return request_of(device, method, uri, payload, options)
end

---Sends a request and waits for the answer, which may be of any code.
---@param device lunacoap.Device
---@param method string
---@param uri string
---@param payload? any
---@param options? lunacoap.AskOptions
---@return lunacoap.Answer
function M.ask(device, method, uri, payload, options)
  local request = prepare(device, method, uri, payload, options)
  return send(device, request, device.coap.SendCustomRequest, lunacoap.Method[method])
end

-- ---- Observations -------------------------------------------------------------------------------

-- A device registers for one resource at a time: a notification of a URI that nobody knows is the
-- first one of that.
local BUSY = 0.05

-- What stands for a URI: the entry that a device has for it, as it wrote it.
local function entry_of(device, uri)
  device.observing = device.observing or {}
  for _, entry in pairs(device.observing) do
    if entry.uri == uri then
      return entry
    end
  end
end

---Observes a resource, see Device:observe().
---@param device lunacoap.Device
---@param uri string
---@param f fun(device: lunacoap.Device, answer: lunacoap.Answer): any
---@param options? lunacoap.AskOptions
function M.observe(device, uri, f, options)
  local request = prepare(device, "GET", uri, nil, options)
  while device.registering do
    lunacoap.sleep(BUSY)
  end
  local entry = entry_of(device, request.uri) or { uri = request.uri }
  entry.f, device.registering = f, entry
  local ok, answer = pcall(send, device, request, device.coap.StartObserving)
  if device.registering == entry then
    device.registering = nil
  end
  if not ok then
    error(answer, 0)
  elseif answer.code:sub(1, 1) ~= "2" then
    mistake.raise("%s was refused: %s", uri, tostring(answer))
  end
end

-- What was given for a notification's URI, as events write it (RFC 7252 6.3).
local function observer_of(device, uri)
  local known = device.observing or {}
  local entry = known[uri] or device.registering
  known[uri] = entry
  return entry
end

---What a device's component calls for a notification.
---@param device lunacoap.Device
---@param coap lunacoap.CoAP
---@param e table
function M.notify(device, coap, e)
  local life, entry = device.life, observer_of(device, e.URI)
  if not entry then
    return
  end
  device.fleet.counts:notification()
  local answer = responses.of(coap, { method = "GET", uri = e.URI, seconds = 0 })
  local ok, result = xpcall(entry.f, lunacoap.traceback, device, answer)
  if life ~= device.life then
    return
  elseif not ok then
    tasks.tell(device, result)
  elseif result == false then
    device.observing[e.URI] = nil
    e.StopObserving = true
  end
end

return M
