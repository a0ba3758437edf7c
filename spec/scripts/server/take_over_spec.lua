-- A server that takes the place of another on its component.
local lunacoap = require "lunacoap"
local resources = require "spec.support.resources"

local function server_of(name, init)
  init.LocalHost = "127.0.0.1"
  local server = lunacoap.server(init)
  server:resource("/x", { get = function() return name end })
  return server
end

describe("a server that takes over", function()
  local old, client

  local function ask()
    return resources.ask(client, old, "GET", "/x").payload
  end

  before_each(function()
    client = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    client:Shutdown()
    old:stop()
  end)

  it("answers from then on, until the other one takes it back", function()
    old = server_of("old", { NStart = 2, OnError = print }):start()
    local uri, new = old:uri("/x"), server_of("new", { BlockSize = 64 })
    new:take_over(old)
    client:Get(uri)
    assert.are.equal("new", client.ResponseData)
    assert.are.same({ "1", "64", false, true },
      { new.coap:Config("NStart"), new.coap:Config("BlockSize"), old.running, new.running })
    assert.is_nil(new.coap.OnError)
    old:take_over(new)
    assert.are.equal("old", ask())
    assert.are.same({ "2", "1024", print }, { old.coap:Config("NStart"), old.coap:Config("BlockSize"),
      old.coap.OnError })
  end)

  it("sets what differs alone: nothing is told of what stays as it was", function()
    local lines = {}
    local function note(_, e) lines[#lines + 1] = e.Message end
    old = server_of("old", { OnLog = note }):start()
    local new = server_of("new", { OnLog = note })
    lines = {}
    new:take_over(old)
    old:take_over(new)
    assert.are.same({}, lines)
  end)

  it("that cannot leaves the other one as it was", function()
    old = server_of("old", {}):start()
    local new = server_of("new", { OnLog = print, NStart = 3 })
    -- Stands for a setting that an open socket refuses.
    local component = new.coap
    new.coap = { Configuration = function()
      local fields = component:Configuration()
      fields.NoSuchSetting = 1
      return fields
    end }
    local ok, err = pcall(new.take_over, new, old)
    assert.is_false(ok)
    assert.matches("NoSuchSetting", err.Message)
    assert.are.equal("old", ask())
    assert.is_nil(old.coap.OnLog)
    assert.are.equal("1", old.coap:Config("NStart"))
    assert.is_false(new.running)
  end)
end)
