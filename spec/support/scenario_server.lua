-- A server for specs of scenarios: a note that is observed, JSON, CBOR, options, and silence.
local lunacoap = require "lunacoap"

return function()
  local note = "20"
  local server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = 0 }
  server:resource("/note", {
    observable = true,
    get = function() return note end,
    put = function(req)
      note = req.body
      req.resource:notify()
      return lunacoap.response("2.04")
    end,
    delete = function(req)
      note = nil
      req.resource:notify()
    end,
  })
  server:resource("/state", { get = function() return { on = true, level = 3 } end })
  local function echo(req)
    local text = ("%s %s %s"):format(req.method, req.format or "-", req.payload)
    return lunacoap.response("2.01", text, { location = "/a/b", max_age = 5, etag = "\1\2" })
  end
  server:resource("/echo", { post = echo, fetch = echo, patch = echo, ipatch = echo, delete = echo, etag = false })
  server:resource("/digits", { post = function() return lunacoap.response("2.01", nil, { location = "/6162" }) end })
  server:resource("/broken", { get = function() return lunacoap.response("2.05", "{", { format = 50 }) end })
  server:resource("/silent", { get = function() lunacoap.sleep(5) end })
  server:start()
  return server
end
