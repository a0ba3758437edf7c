-- Lists as lunacoap.capture.list() returns them, written by hand: what one endpoint sends and
-- another gets.
local lunacoap = require "lunacoap"

local M = {}
M.__index = M

---A list whose time begins at 100.
function M.new()
  return setmetatable({ list = {}, time = 100 }, M)
end

---A message: { type, code, id =, token =, options =, payload = }.
function M.message(fields)
  return lunacoap.message.encode {
    type = fields[1], code = fields[2], id = fields.id, token = fields.token,
    options = fields.options, payload = fields.payload,
  }
end

function M:add(direction, own, other, data, more)
  local record = {
    number = #self.list + 1, time = self.time, direction = direction, local_address = own,
    remote = other, data = data,
  }
  for key, value in pairs(more or {}) do
    record[key] = value
  end
  self.list[#self.list + 1] = record
end

---After `delay` seconds, and captured by the sender alone.
function M:sent(delay, from, to, data, more)
  self.time = self.time + delay
  self:add("sent", from, to, type(data) == "table" and M.message(data) or data, more)
end

---After `delay` seconds, and captured by the receiver alone.
function M:received(delay, from, to, data, more)
  self.time = self.time + delay
  self:add("received", to, from, type(data) == "table" and M.message(data) or data, more)
end

---Captured at both ends.
function M:went(delay, from, to, data, more)
  self:sent(delay, from, to, data, more)
  self:received(0, from, to, data, more)
end

return M
