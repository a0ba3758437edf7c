-- A test of a CoAP server: it asks, compares, and ends with status 1 when something is wrong.
--
--   lunacoap test.lua [URI]              URI is that of the server; without one the test brings a
--                                        server of its own, so that it runs at once

local lunacoap = require "lunacoap"

-- The server that is tested when no other is named.
local function own_server()
  local name = "nobody"
  local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = 0 } -- 0: any free port
  local resource = server:resource("/name", {
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
  server:start()
  return server:uri(""), resource
end

local base = arg[1] or own_server()
local client = lunacoap.CoAP { Timeout = 5 }
local passed, failed = 0, 0

-- Whether what came is what was expected; the test goes on either way.
local function expect(what, expected, got)
  if got == expected then
    passed = passed + 1
    print("ok      " .. what)
  else
    failed = failed + 1
    print(("FAILED  %s: expected %s, got %s"):format(what, expected, got))
  end
end

-- Sends a request and returns code and payload of the answer, also of one that is an error (709).
local function ask(method, path, payload)
  client.RequestData = payload or ""
  local ok, err = pcall(client[method], client, base .. path)
  if not ok and err.Code ~= 709 then
    return tostring(err)
  end
  return client.ResponseCode, client.ResponseData
end

-- Waits until a condition holds, at most 5 seconds.
local function wait_until(condition)
  local till = lunacoap.now() + 5
  while not condition() and lunacoap.now() < till do
    lunacoap.sleep(0.01)
  end
end

expect("a name can be set", "2.04", (ask("Put", "/name", "Ada")))
expect("what was set is there", "Ada", select(2, ask("Get", "/name")))
expect("an empty name is refused", "4.00", (ask("Put", "/name", "")))
expect("what is not there is not found", "4.04", (ask("Get", "/nothing")))

local told
client.OnNotification = function(coap) told = coap.ResponseData end
pcall(client.StartObserving, client, base .. "/name") -- when it fails, nobody is told
ask("Put", "/name", "Grace")
wait_until(function() return told == "Grace" end)
expect("an observer is told", "Grace", told)

print(("%d passed, %d failed"):format(passed, failed))
lunacoap.stop(failed == 0 and 0 or 1)
