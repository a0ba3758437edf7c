-- The line that tells how far a long transfer is.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"

describe("a transfer in blocks", function()
  local server, payload

  -- Of a server that takes its time for each message.
  local function serve(pause)
    server = lunacoap.CoAP {
      LocalHost = "127.0.0.1", LogLevel = 2, Listening = true,
      OnLog = function() os.execute("sleep " .. pause) end,
      OnRequest = function(coap) coap.ResponseDataB = payload end,
    }
    return ("127.0.0.1:%d/x"):format(server.LocalPort)
  end

  before_each(function()
    payload = foreign.text(40 * 1024)
  end)

  after_each(function()
    server:Shutdown()
  end)

  it("shows how far it is when it takes long, and leaves nothing behind", function()
    local shown = command.on_terminal(("get %s -o /dev/null"):format(serve(0.02)))
    assert.matches("^\27%[Kreceived %d+ KiB of 40 KiB, %d+ %%\27", (shown:gsub("\r", "")))
    assert.matches("\27%[K$", shown)
    assert.is_nil(shown:find("\n", 1, true))
  end)

  it("shows it for what is sent, too", function()
    foreign.with_file(payload, function(path)
      payload = ""
      local shown = command.on_terminal(("put %s -F %s"):format(serve(0.02), path))
      assert.matches("^\27%[Ksent %d+ KiB of 40 KiB, %d+ %%\27", shown)
    end)
  end)

  it("says nothing when it is soon over, or when no terminal is there", function()
    assert.are.equal("", (command.on_terminal(("get %s -o /dev/null"):format(serve(0)))))
    server:Shutdown()
    assert.are.equal("", (select(2, command.run("get " .. serve(0.02)))))
  end)
end)
