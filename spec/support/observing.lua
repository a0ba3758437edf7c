-- Clients of an asker's server that observe: they register, are notified, and confirm.
local asker = require "spec.support.asker"

local M = { URI = "coap://192.0.2.9/a" }

---Registers; request as for asker:get. Returns the request and its response.
function M.register(peer, request)
  request = request or {}
  request.observe = request.observe or 0
  return request, peer:get(request)
end

---What a notification sends, without the time it takes.
function M.notify(peer, response, uri, accept)
  assert(peer:notify(uri or M.URI, response or { body = "next" }, accept))
  return peer:sent()
end

---Lets every observer confirm a notification, after which they get NONs (RFC 7641 7).
function M.prove(peer, uri)
  local messages = M.notify(peer, { body = "proof" }, uri)
  while #messages > 0 do
    for _, message in ipairs(messages) do
      assert(message.type == asker.CON, "the first notification is to be CON")
      peer:empty(asker.ACK, message)
    end
    messages = peer:sent()
  end
end

return M
