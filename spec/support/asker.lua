-- A server of ours and the clients that ask it, whose messages a spec writes one by one.
local probe = require "lunacoap.probe"
local wire = probe.wire

local M = setmetatable({}, { __index = require "spec.support.message" })

--- A number as an option's value.
function M.uint(number)
  return wire.write_uint(number)
end

local Asker = {}
Asker.__index = Asker

--- settings: see probe.request_server.new. The server's answers come from `answer(request)`: a response, or nil for
--- none yet. What happens is kept in `requests`, `completed` and `gone`.
function M.new(settings)
  local self = setmetatable({
    next_id = 0, requests = {}, completed = {}, gone = {}, remote = "192.0.2.1:50000", to = "192.0.2.9:5683",
  }, Asker)
  self.server = assert(probe.request_server.new(settings or {}))
  self.server:on("request", function(request)
    request.list = wire.options(request.options)
    self.requests[#self.requests + 1] = request
    local response = self.answer and self.answer(request)
    if response then self:respond(request.number, response) end
  end)
  self.server:on("complete", function(number, code)
    self.completed[#self.completed + 1] = { number = number, code = code }
  end)
  self.server:on("unregistered", function(info) self.gone[#self.gone + 1] = info end)
  return self
end

--- response: code ("2.05"), body, options (list), con, observe
function Asker:respond(number, response)
  return self.server:respond(number, {
    code = M.code(response.code or "2.05"), body = response.body, con = response.con, observe = response.observe,
    options = response.options and M.options(response.options), deaf = response.deaf,
  })
end

--- The same as a notification, to the observers with this Accept or to all.
function Asker:notify(uri, response, accept)
  return self.server:notify(uri, {
    code = M.code(response.code or "2.05"), body = response.body, con = response.con,
    options = response.options and M.options(response.options),
  }, accept)
end

--- The server receives a request: type (CON), code (GET), path ("a"), options (list), payload, token, id, remote, to,
--- session, observe, accept, block1, block2 (numbers), size1, size2. Returns it with its id and token.
function Asker:ask(request)
  request = request or {}
  local options = {}
  local function add(number, value)
    options[#options + 1] = { number, value }
  end
  for segment in (request.path or "a"):gmatch("[^/]+") do add(M.PATH, segment) end
  if request.observe then add(M.OBSERVE, M.uint(request.observe)) end
  if request.accept then add(M.ACCEPT, M.uint(request.accept)) end
  if request.block2 then add(M.BLOCK2, M.uint(request.block2)) end
  if request.block1 then add(M.BLOCK1, M.uint(request.block1)) end
  if request.size2 then add(M.SIZE2, M.uint(request.size2)) end
  if request.size1 then add(M.SIZE1, M.uint(request.size1)) end
  for _, option in ipairs(request.options or {}) do add(option[1], option[2]) end
  for i, option in ipairs(options) do option.place = i end
  table.sort(options, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a.place < b.place
  end)
  self.next_id = self.next_id + 1
  request.id = request.id or self.next_id
  request.token = request.token or ("t" .. self.next_id)
  request.data = wire.encode {
    type = request.type or M.CON, code = request.code or M.GET, id = request.id, token = request.token,
    options = options, payload = request.payload,
  }
  self:receive(request.data, request.remote, request.to, request.session)
  return request
end

function Asker:receive(data, remote, to, session)
  self.server:receive(data, remote or self.remote, to or self.to, session)
end

--- The client answers a message of the server.
function Asker:empty(type, message)
  self:receive(wire.encode { type = type, code = 0, id = message.id }, message.remote, nil, message.session)
end

--- What the server sent since the last call, taken apart; `code` is a text.
function Asker:sent()
  local list = {}
  for i, datagram in ipairs(self.server:sent()) do
    list[i] = M.parse(datagram)
    list[i].code = ("%d.%02d"):format(list[i].code >> 5, list[i].code & 31)
  end
  return list
end

--- The one message that the server sent since the last call.
function Asker:one()
  return M.only(self:sent())
end

--- The one answer to a request.
function Asker:get(request)
  self:ask(request)
  return self:one()
end

function Asker:close()
  self.server:free()
end

return M
