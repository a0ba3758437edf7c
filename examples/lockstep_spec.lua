-- A separate response (RFC 7252 5.2.2) message by message: one end is lunacoap, the other is
-- written out by hand and says nothing but what it is told to say. Both are in this program, so
-- that time may be virtual, and minutes of silence take none.
--
--   lunacoap test examples/lockstep_spec.lua
local lunacoap = require "lunacoap"

local TOKEN = "\xca\xfe"

-- Seconds after which nothing of an exchange can come any more; EXCHANGE_LIFETIME is 247 (4.8.2).
local FOR_EVER = 300

local function in_virtual_time(f)
  return function() lunacoap.virtual(f) end
end

describe("a server that cannot answer at once", function()
  it("acknowledges, and sends its response until that is acknowledged", in_virtual_time(function()
    local asked = {}
    local server <close> = lunacoap.CoAP { LocalHost = "127.0.0.1" }
    function server.OnRequest(_, e)
      e.SendResponse = false -- the spec says when
      asked[#asked + 1] = e.RequestId
    end
    server:StartListening()
    local peer <close> = lunacoap.endpoint {
      RemoteHost = server.LocalHost, RemotePort = server.LocalPort,
    }

    -- The request. It is acknowledged by an Empty message, for there is no response yet.
    local request = peer:send {
      type = "CON", code = "GET", id = 0x7d34, token = TOKEN, options = { { "Uri-Path", "slow" } },
    }
    local _, acknowledgement = peer:expect { type = "ACK", code = "0.00", id = 0x7d34 }

    -- As if the acknowledgement had been lost: the same request gets the same answer, and is not
    -- processed again (4.2).
    peer:send(request)
    assert.are.equal(acknowledgement, peer:receive(1))
    assert.are.equal(1, #asked)

    -- The response, with a Message ID of its own. Not acknowledged, it comes again, byte for byte,
    -- after 2 to 3 seconds (4.2, 4.8).
    server.ResponseCode, server.ResponseData = "2.05", "worth the wait"
    server:SendResponse(asked[1])
    local response, bytes = peer:expect {
      type = "CON", code = "2.05", token = TOKEN, payload = "worth the wait",
    }
    local sent = lunacoap.now()
    assert.are.equal(bytes, peer:receive(10))
    assert.is_true(lunacoap.now() - sent >= 2 and lunacoap.now() - sent <= 3)

    -- Once it is acknowledged there is silence.
    peer:send { type = "ACK", id = response.id }
    assert.is_nil(peer:receive(FOR_EVER))
  end))
end)

describe("a client of a server that cannot answer at once", function()
  it("sends until it is acknowledged, and acknowledges the response", in_virtual_time(function()
    local completed = {}
    local client <close> = lunacoap.CoAP { Timeout = 0 } -- Get returns at once
    function client.OnRequestComplete(coap, e)
      completed[#completed + 1] = { e.ErrorCode, coap.ResponseCode, coap.ResponseData }
    end
    local peer <close> = lunacoap.endpoint()

    -- The request. Not acknowledged, it comes again.
    client:Get(peer:uri("/slow"))
    local request, bytes = peer:expect {
      type = "CON", code = "GET", options = { { "Uri-Path", "slow" } },
    }
    assert.are.equal(bytes, peer:receive(10))

    -- Acknowledged, it does not, however long the response takes.
    peer:send { type = "ACK", id = request.id }
    assert.is_nil(peer:receive(100))
    assert.are.same({}, completed)

    -- The response is acknowledged, and once more when it comes again (4.2), but told to the script
    -- once.
    local response = peer:send {
      type = "CON", code = "2.05", id = 0x1234, token = request.token, payload = "at last",
    }
    peer:expect { type = "ACK", code = "0.00", id = 0x1234 }
    peer:send(response)
    peer:expect { type = "ACK", code = "0.00", id = 0x1234 }
    assert.is_nil(peer:receive(FOR_EVER))
    assert.are.same({ { 0, "2.05", "at last" } }, completed)
  end))
end)
