-- Requests to a directory, by whatever can send them: a component, or an object with the methods
-- get, post and delete that return a lunacoap.Answer, such as a scenario's client or a device of a
-- fleet.

local failure = require "lunacoap.directory.failure"
local lunacoap = require "lunacoap"
local responses = require "lunacoap.scenario.response"

---@class lunacoap.DirectoryClient
---@field get fun(self, uri: string, options?: lunacoap.AskOptions): lunacoap.Answer
---@field delete fun(self, uri: string, options?: lunacoap.AskOptions): lunacoap.Answer
---@field post fun(self, uri: string, payload?: any, options?: lunacoap.AskOptions): lunacoap.Answer

local M = {}

-- ---- Components ---------------------------------------------------------------------------------

-- The code of an error whose response has another code than 2.xx.
local ERROR_RESPONSE = 709

-- For a component that does not wait for its own requests.
local TIMEOUT = 60

local function list_of(options)
  local list = {}
  for i, option in ipairs(options) do
    list[i] = { Number = option.Number, Value = option.Value, ValueType = option.ValueType }
  end
  return list
end

-- A property as what can be compared; of options that is how many they are.
local function plain(value)
  local is_list = type(value) == "table" or type(value) == "userdata"
  return is_list and #value or value
end

-- Sets properties; the result is a function that sets them back, but for what another task has set
-- since then.
local function set(coap, wanted)
  local former = {}
  for name, value in pairs(wanted) do
    former[name] = name == "RequestOptions" and list_of(coap[name]) or coap[name]
    coap[name] = value
  end
  return function()
    for name, value in pairs(former) do
      if plain(coap[name]) == plain(wanted[name]) then
        coap[name] = value
      end
    end
    former = {}
  end
end

-- What the script has set for requests of its own comes back as soon as this task waits, for others
-- may send by the same component meanwhile.
local function send_by_component(coap, method, uri, payload, options)
  local restore = set(coap, {
    RequestDataB = payload or "", RequestContentFormat = options.format or -1, RequestETagB = "",
    RequestOptions = options.options or {}, Timeout = coap.Timeout > 0 and coap.Timeout or TIMEOUT,
  })
  lunacoap.spawn(restore)
  local began = lunacoap.now()
  local ok, err = pcall(coap.SendCustomRequest, coap, uri, lunacoap.Method[method])
  restore() -- when nothing was sent, there was nothing to wait for
  if not ok and err.Code ~= ERROR_RESPONSE then
    error(err, 0)
  end
  return responses.of(coap, { method = method, uri = uri, seconds = lunacoap.now() - began })
end

-- ---- Anything -----------------------------------------------------------------------------------

local function is_component(client)
  return type(client) == "userdata" and pcall(function() return client.SendCustomRequest end)
end

---Raises unless requests can be sent by this.
---@param client any
function M.check(client)
  local has_methods = type(client) == "table"
    and pcall(function() return assert(client.get and client.post and client.delete) end)
  if not has_methods and not is_component(client) then
    failure.fail("a directory is asked by a component, or by what has the methods get, post and "
      .. "delete, not by %s", tostring(client))
  end
end

local function send(client, method, uri, payload, options)
  if type(client) == "userdata" then
    return send_by_component(client, method, uri, payload, options)
  elseif method == "POST" then
    return client:post(uri, payload, options)
  end
  return client[method:lower()](client, uri, options)
end

-- ---- Echo ---------------------------------------------------------------------------------------

local ECHO = lunacoap.OptionNumber.Echo

-- The Echo of an answer as an option for the next request.
local function echo_of(answer)
  for _, option in ipairs(answer.options) do
    if option.Number == ECHO then
      return { Number = ECHO, Value = option.Value }
    end
  end
end

local NOTHING = {}

local function with_echo(options, echo)
  if not echo then
    return options or NOTHING
  end
  return { format = options and options.format, options = { echo } }
end

---Sends a request; an answer of any code is returned, none at all raises. An endpoint MUST support
---Echo (RFC 9176 5.3.4): where the directory asks for one, the request goes out again with it, and
---the newest is kept in `holder`.
---@param holder { client: lunacoap.CoAP|lunacoap.DirectoryClient, echo: table? }
---@param method "GET"|"POST"|"DELETE"
---@param uri string
---@param payload? string
---@param options? lunacoap.AskOptions Of these `format`.
---@return lunacoap.Answer
function M.send(holder, method, uri, payload, options)
  local answer = send(holder.client, method, uri, payload, with_echo(options, holder.echo))
  local echo = echo_of(answer)
  if answer.code == "4.01" and echo then
    answer = send(holder.client, method, uri, payload, with_echo(options, echo))
    echo = echo_of(answer)
  end
  holder.echo = echo
  return answer
end

---Whether an answer is of class 2.
---@param answer lunacoap.Answer
---@return boolean
function M.is_success(answer)
  return answer.code:byte() == 50 -- "2"
end

return M
