-- One client of a load test: a socket of its own, and the requests that it has outstanding. They
-- are asynchronous: as tasks they would cost the same as long as they are answered, and more when
-- they fail.

local lunacoap = require "lunacoap"

local CANCELED, ERROR_RESPONSE, TIMED_OUT = 711, 709, 301

-- An endpoint has 65536 Message IDs, each of which rests for EXCHANGE_LIFETIME, 247 s, after its
-- use (RFC 7252 4.8.2): a client that is fast goes on with another socket before they are used up,
-- and leaves the old one open so that nobody else gets its port.
local IDS, REST = 56000, 250

local URI_HOST = 3

-- What of the counters of Config("Statistics") is told.
local COUNTERS = { "sent", "received", "retransmissions", "duplicates", "dropped" }

---@class lunacoap.load.Client
---@field outstanding integer How many requests wait for an answer.
local Client = {}
Client.__index = Client

local M = {}

local function statistics_of(coap)
  local counters = {}
  for name, count in coap:Config("Statistics"):gmatch("(%w+)=(%d+)") do
    counters[name] = math.tointeger(tonumber(count))
  end
  return counters
end

-- The name of the host in a coap:// URI, which would be looked up for each request; nil for a
-- literal address, and for coaps://, where the certificate is that of the name.
local function name_of_host(uri)
  local host = uri:match("^[Cc][Oo][Aa][Pp]://([^/?#:%[%]]+)")
  return host and not host:find("^[%d.]+$") and host:lower() or nil
end

---Makes a client.
---@param options lunacoap.LoadOptions
---@param report function Called with the client, when the request began, and the code of its
---answer; or nil, and the error's number and text.
---@return lunacoap.load.Client
function M.new(options, report)
  local client = setmetatable({
    uri = options.uri, method = options.method, prepare = options.prepare,
    name = name_of_host(options.uri), report = report, outstanding = 0, endpoints = {},
    resting = {},
  }, Client)
  client:change_endpoint()
  return client
end

local function add_uri_host(client, coap)
  for _, option in ipairs(coap.RequestOptions) do
    if option.Number == URI_HOST then
      return
    end
  end
  coap.RequestOptions:Add { Number = URI_HOST, Value = client.host }
end

-- From now on the client asks the address that has answered, with the name in Uri-Host (RFC 7252
-- 5.10.1): the same request, without a look-up.
local function keep_address(client, address)
  local shown = address:find(":", 1, true) and "[" .. address .. "]" or address
  client.uri = client.uri:gsub("^(%a+://)[^/?#:]+", function(scheme) return scheme .. shown end)
  client.host, client.name = client.name, nil
  for _, endpoint in ipairs(client.endpoints) do
    add_uri_host(client, endpoint.coap)
  end
end

-- What the exchange has come to; the handler of all endpoints.
local function complete(client, pending, coap, e)
  local id, number = e.RequestId, e.ErrorCode
  local began = pending[id]
  pending[id] = nil
  client.outstanding = client.outstanding - 1
  if number == 0 or number == ERROR_RESPONSE then
    if client.name then
      keep_address(client, e.RemoteHost)
    end
    client.report(client, began, coap.ResponseCode)
  elseif number == CANCELED then
    client.report(client, began, nil, TIMED_OUT, "Operation timed out")
  else
    client.report(client, began, nil, number, e.ErrorDescription)
  end
end

local function open_endpoint(client)
  local coap, pending = lunacoap.CoAP(), {}
  if client.prepare then
    client.prepare(coap)
  end
  if client.host then
    add_uri_host(client, coap)
  end
  coap.Timeout = 0
  -- How many requests are outstanding, and for how long, is for the load test to say.
  coap:Config("NStart=65535")
  coap:Config("PendingTimeout=0")
  coap.OnRequestComplete = function(_, e)
    complete(client, pending, coap, e)
  end
  local endpoint = { coap = coap, pending = pending }
  coap.OnTransfer = function()
    endpoint.blocks = endpoint.blocks + 1
  end
  table.insert(client.endpoints, endpoint)
  return endpoint
end

---Goes on with another endpoint, one that has rested for long enough if there is one.
function Client:change_endpoint()
  local now = lunacoap.now()
  if self.endpoint then
    self.endpoint.rests_until = now + REST
    table.insert(self.resting, self.endpoint)
  end
  local first = self.resting[1]
  if first and first.rests_until <= now then
    self.endpoint = table.remove(self.resting, 1)
  else
    self.endpoint = open_endpoint(self)
  end
  self.endpoint.requests, self.endpoint.blocks = 0, 0
end

-- Each block takes an ID, too, also those that are still to come of what is outstanding.
local function has_ids(client)
  local requests, blocks = client.endpoint.requests, client.endpoint.blocks
  return requests + blocks + client.outstanding * blocks / math.max(requests, 1) < IDS
end

---Sends a request. Raises when it cannot begin.
---@param began number The time from which its latency counts.
function Client:send(began)
  if not has_ids(self) then
    self:change_endpoint()
  end
  local endpoint = self.endpoint
  endpoint.requests = endpoint.requests + 1
  local id = endpoint.coap:SendCustomRequest(self.uri, self.method)
  endpoint.pending[id] = began
  self.outstanding = self.outstanding + 1
end

---Gives up all requests that began before a time; they are reported as timed out.
---@param before number
function Client:expire(before)
  if self.outstanding == 0 then
    return
  end
  for _, endpoint in ipairs(self.endpoints) do
    for id, began in pairs(endpoint.pending) do
      if began < before then
        endpoint.coap:CancelRequest(id)
      end
    end
  end
end

---Adds what the endpoints have counted.
---@param sums table<string, integer>
function Client:add_statistics(sums)
  for _, endpoint in ipairs(self.endpoints) do
    local counters = statistics_of(endpoint.coap)
    for _, name in ipairs(COUNTERS) do
      sums[name] = (sums[name] or 0) + (counters[name] or 0)
    end
  end
end

---Ends it; what is outstanding is not reported any more.
function Client:close()
  for _, endpoint in ipairs(self.endpoints) do
    endpoint.coap:Shutdown()
  end
end

return M
