-- The Log lines about messages, as a script sees them.
local lunacoap = require "lunacoap"

describe("the Log event", function()
  local function exchange(level)
    local lines = {}
    local function log(_, e) lines[#lines + 1] = e.LogLevel .. " " .. e.Message end
    local server <close> = lunacoap.CoAP {
      LocalHost = "127.0.0.1",
      LogLevel = level,
      OnLog = log,
      OnRequest = function(coap) coap.ResponseData = "hi" end,
      Listening = true,
    }
    local client <close> = lunacoap.CoAP()
    client:Config("MessageId=4660")
    client:Get("coap://127.0.0.1:" .. server.LocalPort .. "/a/b")
    return lines
  end

  it("tells nothing of single messages at level 1", function()
    assert.are.same({}, exchange(1))
  end)

  it("tells each message in one line at level 2", function()
    local lines = exchange(2)
    assert.are.equal(2, #lines)
    assert.is_truthy(lines[1]:find("^2 received from 127%.0%.0%.1:%d+: CON GET /a/b, id 4660, token %x+$"))
    assert.is_truthy(lines[2]:find("^2 sent to 127%.0%.0%.1:%d+: ACK 2%.05 Content, id 4660, token %x+, 2 bytes \"hi\"$"))
  end)

  it("tells its bytes too at level 3", function()
    local lines = exchange(3)
    assert.are.equal(4, #lines)
    assert.is_truthy(lines[2]:find("^3 received from 127%.0%.0%.1:%d+: 48011234%x+b1610162$"))
    assert.is_truthy(lines[4]:find("ff6869$"))
  end)

  it("comes from a place where its handler may not send, but may put that off", function()
    local client <close> = lunacoap.CoAP()
    local server = lunacoap.CoAP { LocalHost = "127.0.0.1", LogLevel = 2, Listening = true }
    local wrong, also
    server.OnLog = function(coap)
      wrong = wrong or select(2, pcall(coap.SendNotification, coap, "/x"))
      also = also or select(2, pcall(function() coap.Listening = false end))
      coap:Shutdown()
    end
    client.Timeout = 0.2
    pcall(client.Get, client, "coap://127.0.0.1:" .. server.LocalPort .. "/")
    assert.is_truthy(tostring(wrong):find("OnLog may not call SendNotification", 1, true))
    assert.is_truthy(tostring(also):find("OnLog may not set Listening", 1, true))
    assert.is_false(server.Listening)
  end)
end)
