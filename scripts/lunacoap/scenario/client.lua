-- A client of a scenario: a component with words. Requests are asynchronous inside, so that each
-- answer is told with where it came from and how long it took.

local failure = require "lunacoap.scenario.failure"
local lunacoap = require "lunacoap"
local observations = require "lunacoap.scenario.observation"
local record = require "lunacoap.scenario.record"
local requests = require "lunacoap.scenario.request"
local responses = require "lunacoap.scenario.response"
local waiting = require "lunacoap.scenario.waiting"

---@alias lunacoap.AskBy fun(self, uri: string, options?: lunacoap.AskOptions): lunacoap.Answer
---@alias lunacoap.SendBy
---| fun(self, uri: string, payload?: any, options?: lunacoap.AskOptions): lunacoap.Answer

---@class lunacoap.TestClient
---@field coap lunacoap.CoAP The component.
---@field timeout number Seconds that an answer may take.
---@field observations table<string, lunacoap.Observation> Those that go on, by their URIs.
---@field observed lunacoap.Observation[] All that there were.
---@field get lunacoap.AskBy
---@field delete lunacoap.AskBy
---@field put lunacoap.SendBy
---@field post lunacoap.SendBy
---@field fetch lunacoap.SendBy
---@field patch lunacoap.SendBy
---@field ipatch lunacoap.SendBy
---@field observe fun(self, uri: string, options?: lunacoap.AskOptions): lunacoap.Observation
local Client = {}
Client.__index = Client
Client.__name = "lunacoap.TestClient"

-- A spec is to fail while somebody still looks; long ones say so.
local TIMEOUT = 10

-- Errors that come with a response: 709 of another class than 2, 710 without Observe.
local WITH_RESPONSE = { [0] = true, [709] = true, [710] = true }

local TAKEN = { OnNotification = true, OnRequestComplete = true, OnTransfer = true }

local M = { actions = {} }

-- What a request has come to.
local function complete(client, coap, e)
  local request = client.pending[e.RequestId]
  if request then
    client.pending[e.RequestId] = nil
    request.ended = true
    if WITH_RESPONSE[e.ErrorCode] then
      request.response = responses.of(coap, {
        method = request.method, uri = request.uri, host = e.RemoteHost, port = e.RemotePort,
        seconds = lunacoap.now() - request.began,
      })
    else
      request.trouble = e.ErrorDescription
    end
  end
end

local function component(client, fields)
  local coap = lunacoap.CoAP(fields)
  coap.Timeout = 0
  coap.OnRequestComplete = function(_, e) complete(client, coap, e) end
  coap.OnNotification = function(_, e) observations.notify(client, coap, e) end
  -- As for a call that waits, each block begins the time anew.
  coap.OnTransfer = function(_, e)
    local request = client.pending[e.RequestId]
    if request then
      request.till = lunacoap.now() + request.timeout
    end
  end
  return coap
end

local function check_fields(fields)
  if type(fields) ~= "table" then
    failure.misuse("the settings of a client are a table such as { Timeout = 5 }")
  end
  for name in pairs(fields) do
    if TAKEN[name] then
      failure.misuse("a client of a scenario has an %s of its own", name)
    elseif type(name) == "string" and name:find("^Request") then
      failure.misuse("%s is not for a client, but for each request, such as get(uri, "
        .. "{ accept = \"json\" })", name)
    end
  end
end

---Makes a client.
---@param fields? lunacoap.CoAPInit
---@return lunacoap.TestClient
function M.new(fields)
  local own = {}
  check_fields(fields or {})
  for name, value in pairs(fields or {}) do
    own[name] = value
  end
  local timeout = own.Timeout or TIMEOUT
  if not failure.is_seconds(timeout) or timeout == 0 then
    failure.misuse("the Timeout of a scenario's client is a number of seconds above 0")
  end
  record.begin()
  local client = setmetatable({
    timeout = timeout, pending = {}, observations = {}, observed = {},
  }, Client)
  client.coap = component(client, own)
  client.confirmable = client.coap.UseConfirmableMessages
  return client
end

-- The time is over, or that of the eventually() around it.
local function give_up(request)
  local now = lunacoap.now()
  if now < request.till then
    failure.fail("no answer to %s %s in the %.3g s that were left", request.method, request.uri,
      now - request.began)
  end
  failure.fail("no answer to %s %s within %g s", request.method, request.uri, request.timeout)
end

-- Waits until a request has ended, or `is_enough()`. False when its time is over, or that of the
-- eventually() around it.
local function wait_until_ended(request, is_enough)
  local function till()
    return math.min(request.till, waiting.deadline() or math.huge)
  end
  return waiting.wait(till, function() return request.ended or is_enough and is_enough() end)
end

-- Waits for what `request` comes to, and returns the response.
local function wait(client, request)
  if not wait_until_ended(request) then
    client.pending[request.id] = nil
    client.coap:CancelRequest(request.id)
    give_up(request)
  elseif request.trouble then
    failure.fail("no answer to %s: %s", request.method, request.trouble)
  end
  return request.response
end

local function check_open(client)
  if not client.coap then
    failure.misuse("this client of the scenario is closed")
  end
end

-- Sends with a function of the component's, which returns the request's id.
local function send(client, request, f)
  check_open(client)
  if request.confirmable == nil then
    request.confirmable = client.confirmable
  end
  client.coap.UseConfirmableMessages = request.confirmable
  client.coap:Configure(request.settings)
  request.began, request.timeout = lunacoap.now(), request.timeout or client.timeout
  request.till = request.began + request.timeout
  request.id = f()
  client.pending[request.id] = request
  return request
end

---Sends a request and waits for its answer.
---@param client lunacoap.TestClient
---@param method string
---@param uri string
---@param payload? any
---@param options? lunacoap.AskOptions
---@return lunacoap.Answer
local function ask(client, method, uri, payload, options)
  local request = requests.new(method, uri, payload, options)
  return wait(client, send(client, request, function()
    return client.coap:SendCustomRequest(uri, lunacoap.Method[method])
  end))
end

for _, method in ipairs { "PUT", "POST", "FETCH", "PATCH", "IPATCH" } do
  M.actions[method:lower()] = function(client, uri, payload, options)
    return ask(client, method == "IPATCH" and "iPATCH" or method, uri, payload, options)
  end
end

for _, method in ipairs { "GET", "DELETE" } do
  M.actions[method:lower()] = function(client, uri, options)
    return ask(client, method, uri, nil, options)
  end
end

-- The URI of a pending request as events will have it (RFC 7252 6.3).
local function normal_uri(coap, id)
  for _, pending in ipairs(coap.PendingRequests) do
    if pending.RequestId == id then
      return pending.URI
    end
  end
end

function M.actions.observe(client, uri, options)
  local request = requests.new("GET", uri, nil, options)
  observations.check_free(client, uri)
  local observation
  send(client, request, function()
    local id = client.coap:StartObserving(uri)
    observation = observations.new(client, request, normal_uri(client.coap, id))
    return id
  end)
  wait_until_ended(request, function() return observation.first end)
  if observation.first then
    client.pending[request.id] = nil
  else
    observations.finish(observation)
    observations.refuse(observation, wait(client, request))
  end
  return observation
end

-- StopObserving does not tell its id: it is the newest request for that URI.
local function newest_id(coap, uri)
  local list = coap.PendingRequests
  for i = #list, 1, -1 do
    if list[i].URI == uri then
      return list[i].RequestId
    end
  end
end

---Tells the server that a URI is not observed any more, and waits for its answer.
---@param observation lunacoap.Observation
function Client:deregister(observation)
  local request = requests.new("GET", observation.uri)
  wait(self, send(self, request, function()
    self.coap:StopObserving(observation.uri)
    return newest_id(self.coap, observation.key)
  end))
end

for name, action in pairs(M.actions) do
  Client[name] = failure.word(action)
end

---Ends its requests and observations, and closes its socket.
function Client:close()
  if self.coap then
    self.coap:Shutdown()
    self.coap = nil
  end
end

Client.__close = Client.close

return M
