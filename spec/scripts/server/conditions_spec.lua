-- If-Match and If-None-Match where the present state is not plain to see; server_spec has the rest.
local lunacoap = require "lunacoap"
local resources = require "spec.support.resources"

local server, client, written

local function put(...)
  return resources.ask(client, server, "PUT", "/x", { payload = "new", options = { ... } }).code
end

-- A resource whose state is what `get` returns or raises.
local function serve(get, more)
  local init = more or {}
  init.get = get
  init.put = function() written = true end
  server:resource("/x", init)
  server:start()
end

local NONE = resources.option("If-None-Match", "")
local ANY = resources.option("If-Match", "")

describe("conditions", function()
  before_each(function()
    written = false
    server = lunacoap.server { LocalHost = "127.0.0.1", OnError = function() end }
    client = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    client:Shutdown()
    server:stop()
  end)

  it("take a get that raises 4.04 for one that returns nothing", function()
    serve(function() error(lunacoap.response("4.04")) end)
    assert.are.equal("4.12", put(ANY))
    assert.are.equal("2.04", put(NONE))
    assert.is_true(written)
  end)

  it("take what cannot be shown for something that is there", function()
    for _, code in ipairs { "4.03", "5.03" } do
      server = lunacoap.server { LocalHost = "127.0.0.1" }
      serve(function() return lunacoap.response(code) end)
      assert.are.equal("4.12", put(NONE))
      assert.are.equal("4.12", put(resources.bytes("If-Match", "etag")))
      assert.is_false(written)
      server:stop()
    end
  end)

  it("are not met by a resource that has no get, and so nothing to compare with", function()
    serve(nil)
    assert.are.equal("4.12", put(NONE))
    assert.are.equal("4.12", put(resources.bytes("If-Match", "etag")))
    assert.is_false(written)
    assert.are.equal("2.04", put(ANY))
  end)

  it("end the request when get fails", function()
    serve(function() error("no") end)
    assert.are.equal("5.00", put(NONE))
    assert.is_false(written)
  end)

  it("show get a GET, also when the same function writes", function()
    local state, seen = "old", {}
    local function both(req)
      seen[#seen + 1] = ("%s %s %s"):format(req.method, req.body, req.format)
      if req.method == "PUT" then
        state = req.body
      end
      return state
    end
    server:use(function(req, go_on)
      req.user = "me"
      return go_on()
    end)
    server:resource("/x", { get = function(req) assert(req.user == "me") return both(req) end, put = both })
    server:start()
    assert.are.equal("4.12", put(resources.bytes("If-Match", "other")))
    assert.are.equal("old", state)
    assert.are.equal("2.04", put(ANY))
    assert.are.equal("new", state)
    assert.are.same({ "GET  nil", "GET  nil", "PUT new nil" }, seen)
  end)

  it("are met by any one of several ETags", function()
    serve(function() return "state" end)
    local etag = resources.ask(client, server, "GET", "/x").etag
    assert.are.equal("2.04", put(resources.bytes("If-Match", "other"), resources.bytes("If-Match", etag)))
    assert.are.equal("4.12", put(resources.bytes("If-Match", "other"), resources.bytes("If-Match", "wrong")))
  end)

  it("know the ETag that the handler gives, and none where there are none", function()
    serve(function() return lunacoap.response("2.05", "state", { etag = "v1" }) end)
    assert.are.equal("2.04", put(resources.bytes("If-Match", "v1")))
    server:stop()
    server = lunacoap.server { LocalHost = "127.0.0.1" }
    serve(function() return "state" end, { etag = false })
    assert.are.equal("4.12", put(resources.bytes("If-Match", lunacoap.etag("0:state"))))
  end)

  it("keep a client from observing, too", function()
    serve(function() return "state" end, { observable = true })
    client.RequestOptions = { NONE }
    local ok, err = pcall(client.StartObserving, client, server:uri("/x"))
    assert.is_false(ok)
    assert.matches("4.12", err.Message)
    assert.are.same({}, server.coap:ListObserved())
  end)
end)
