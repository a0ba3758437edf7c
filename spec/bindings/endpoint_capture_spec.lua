-- Raw endpoints are recorded as components are.
local lunacoap = require "lunacoap"

local capture = lunacoap.capture

local function open()
  return lunacoap.endpoint { LocalHost = "127.0.0.1" }
end

describe("the capture of a raw endpoint", function()
  local former

  before_each(function() former = capture.keep(100) end)
  after_each(function() capture.keep(former) end)

  local function exchange(one, other)
    local mark = capture.mark()
    one:send("hello", other.LocalHost, other.LocalPort)
    assert.are.equal("hello", other:receive(1))
    local list = {}
    for i, datagram in ipairs(capture.list(mark)) do
      list[i] = { datagram.direction, datagram.local_address, datagram.remote, datagram.data }
    end
    return list
  end

  it("shows what it sends and receives", function()
    local one <close> = open()
    local other <close> = open()
    local here, there = "127.0.0.1:" .. one.LocalPort, "127.0.0.1:" .. other.LocalPort
    assert.are.same({ { "sent", here, there, "hello" }, { "received", there, here, "hello" } },
      exchange(one, other))
  end)

  it("shows it also when it was opened before the capture began", function()
    capture.keep(0)
    local one <close> = open()
    local other <close> = open()
    capture.keep(100)
    assert.are.equal(2, #exchange(one, other))
  end)
end)
