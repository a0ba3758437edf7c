-- Specs of a CoAP server, in the words of busted and of lunacoap.scenario.
--
--   lunacoap test                        runs them with a server of their own, below
--   TARGET=coap://192.0.2.1 lunacoap test
--                                        runs them with the server at that URI
--
-- What is to be tested may also be a script or a program, which ends with the specs:
--   run_script("server.lua").uri         a script of yours, on a free port
--   run_program{ "coap-server-notls", "-p", 5683, ready = "coap://127.0.0.1" }

local lunacoap = require "lunacoap"

-- The server that is tested when no other is named.
local function own_server()
  local name = "nobody"
  local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = 0 } -- 0: any free port
  server:resource("/name", {
    observable = true,
    get = function() return name end,
    put = function(req)
      if req.body == "" then
        error(lunacoap.response("4.00", "a name has at least one letter"))
      end
      name = req.body
      req.resource:notify()
    end,
  })
  return server:start():uri("")
end

describe("a name", function()
  local base

  setup(function() base = os.getenv("TARGET") or own_server() end)

  it("can be set", function()
    assert.response(put(base .. "/name", "Ada")).has_code("2.04")
    assert.response(get(base .. "/name")).has_code("2.05").has_payload("Ada")
  end)

  it("is not empty", function()
    assert.response(put(base .. "/name", "")).has_code("4.00")
  end)

  it("is told to its observers when it changes", function()
    put(base .. "/name", "Ada")
    local observation = observe(base .. "/name")
    put(base .. "/name", "Grace")
    assert.notifications(observation).are({ "Grace" }, 5)
  end)

  it("has no neighbours", function()
    assert.response(get(base .. "/nothing")).has_code("4.04")
  end)
end)
