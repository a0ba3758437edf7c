-- What the specs of the request layer write messages with, and how they take them apart.
local wire = require("lunacoap.probe").wire

local M = { CON = 0, NON = 1, ACK = 2, RST = 3 }

M.GET, M.POST, M.PUT, M.DELETE, M.FETCH = 1, 2, 3, 4, 5
M.IF_MATCH, M.HOST, M.ETAG, M.IF_NONE_MATCH, M.OBSERVE, M.PORT, M.PATH, M.FORMAT = 1, 3, 4, 5, 6, 7, 11, 12
M.MAX_AGE, M.QUERY, M.HOP_LIMIT, M.ACCEPT = 14, 15, 16, 17
M.BLOCK2, M.BLOCK1, M.SIZE2, M.PROXY_URI, M.PROXY_SCHEME, M.SIZE1 = 23, 27, 28, 35, 39, 60
M.NO_RESPONSE, M.REQUEST_TAG = 258, 292

--- "2.05" -> 0x45
function M.code(text)
  local class, detail = text:match("^(%d)%.(%d%d)$")
  return tonumber(class) << 5 | tonumber(detail)
end

--- The value of a block option, as a number.
function M.block(num, more, szx)
  return num << 4 | (more and 8 or 0) | szx
end

--- Encoded options, for a request or response.
function M.options(list)
  return wire.parse(wire.encode { options = list }).encoded
end

--- What was sent, taken apart: `uint` has the numbers of its options, `value` their bytes.
function M.parse(datagram)
  local message = assert(wire.parse(datagram.data))
  message.data, message.remote, message.from = datagram.data, datagram.remote, datagram.from
  message.session, message.uint, message.value = datagram.session, {}, {}
  for _, option in ipairs(message.options) do
    message.value[option[1]] = option[2]
    if #option[2] <= 4 then message.uint[option[1]] = wire.read_uint(option[2]) end
  end
  return message
end

--- The only item of a list.
function M.only(list)
  assert(#list == 1, "one was expected, not " .. #list)
  return list[1]
end

return M
