-- A line in virtual time: datagrams go one way, from a client to a server, through faults at the
-- one end or at the other. What arrives, and when, is all that a spec of faults looks at.

local lunacoap = require "lunacoap"

local M = {}

---A component with faults, which closes when it goes out of scope.
---@param plan? lunacoap.Faults
---@param init? lunacoap.CoAPInit
function M.component(plan, init)
  local fields = lunacoap.faults(plan or {})
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  return lunacoap.CoAP(fields)
end

---Collects the datagrams of a component as { at=, verb="sent to", peer=, data=bytes }; those that
---faults have changed too, with verbs such as "dropped, on its way to".
---@return table[]
function M.watch(coap)
  local list, began = {}, lunacoap.now()
  coap:Config "LogLevel=3"
  coap.OnLog = function(_, e)
    local verb, peer, hex = e.Message:match("^(.-) (%S+): (%x+)$")
    if verb then
      list[#list + 1] = { at = lunacoap.now() - began, verb = verb, peer = peer,
        data = hex:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end) }
    end
  end
  return list
end

---A server that answers nothing and notes "payload@seconds" of what comes.
---@return lunacoap.CoAP server, string[] arrived
function M.sink(plan, init)
  local arrived, began = {}, lunacoap.now()
  init = init or {}
  init.LocalHost, init.Listening = init.LocalHost or "127.0.0.1", true
  init.OnRequest = function(coap, e)
    arrived[#arrived + 1] = ("%s@%.3f"):format(coap.RequestData, lunacoap.now() - began)
    e.SendResponse = false
  end
  return M.component(plan, init), arrived
end

---A client whose messages are one datagram each, and are never sent again.
function M.source(plan, init)
  init = init or {}
  init.Timeout, init.UseConfirmableMessages, init.ProbingRate = 0, false, 0
  return M.component(plan, init)
end

---Sends payloads "1", "2" ... with pauses between them.
function M.send(client, server, count, gap)
  for i = 1, count do
    client.RequestData = tostring(i)
    client:Post(("coap://%s:%d/"):format(server.LocalHost, server.LocalPort))
    if gap then
      lunacoap.sleep(gap)
    end
  end
end

---What arrives of `count` datagrams through faults in one direction, as "1@0.000 2@0.100".
---@param direction "sending"|"receiving"
---@param lane lunacoap.FaultLane
function M.through(direction, lane, count, gap, seed)
  return lunacoap.virtual(function()
    local sending = direction == "sending"
    local server <close>, arrived = M.sink { seed = seed, receiving = not sending and lane or nil }
    local client <close> = M.source { seed = seed, sending = sending and lane or nil }
    M.send(client, server, count, gap)
    lunacoap.sleep(100)
    return table.concat(arrived, " ")
  end)
end

return M
