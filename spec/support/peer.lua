-- A client of ours and the server it talks to, whose messages a spec writes one by one.
local probe = require "lunacoap.probe"
local wire = probe.wire

local M = setmetatable({}, { __index = require "spec.support.message" })

local Peer = {}
Peer.__index = Peer

--- settings: block_size, max_body, nstart
function M.new(settings)
  local client = assert(probe.request_client.new(settings or {}))
  return setmetatable({ client = client, next_id = 0x4000 }, Peer)
end

function Peer:close()
  self.client:close()
end

--- Sends a request; CON and GET unless told otherwise.
function Peer:ask(request)
  request = request or {}
  if request.con == nil then request.con = true end
  return self.client:send(request)
end

--- What the client sent since the last call, taken apart.
function Peer:sent()
  local list = {}
  for i, datagram in ipairs(self.client:sent()) do
    list[i] = M.parse(datagram)
  end
  return list
end

--- The one message that the client sent since the last call.
function Peer:one()
  return M.only(self:sent())
end

--- The client receives a message of this type: code, options, payload, token, id, host, port, session. `allocations` of the
--- peer says how many succeed meanwhile.
function Peer:tell(type, answer)
  if not answer.id then
    self.next_id = self.next_id + 1
  end
  local datagram = wire.encode {
    type = type, code = M.code(answer.code or "0.00"), id = answer.id or self.next_id,
    token = answer.token, options = answer.options, payload = answer.payload,
  }
  probe.base.fail_after(self.allocations)
  self.client:receive(datagram, answer.host, answer.port, answer.session)
  probe.base.fail_after()
end

--- A piggybacked response to a request.
function Peer:piggyback(request, answer)
  answer.id, answer.token = request.id, request.token
  self:tell(M.ACK, answer)
end

--- A response on its own, with the token of `request`.
function Peer:separate(type, request, answer)
  answer.token = request.token
  self:tell(type, answer)
end

--- What the client's owner was told since the last call, without how far it was.
function Peer:events()
  local list = {}
  for _, event in ipairs(self.client:events()) do
    if event.kind ~= "progress" and event.kind ~= "transferred" then list[#list + 1] = event end
  end
  return list
end

--- How far a body was since the last call, as "out 1024/3000" or "in 1024/0"; the other events by their kind, but for
--- `progress`.
function Peer:transfers()
  local list = {}
  for _, event in ipairs(self.client:events()) do
    if event.kind == "transferred" then
      list[#list + 1] = ("%s %d/%d"):format(event.incoming and "in" or "out", event.bytes, event.total)
    elseif event.kind ~= "progress" then
      list[#list + 1] = event.kind
    end
  end
  return list
end

--- The only one of them.
function Peer:event()
  return M.only(self:events())
end

return M
