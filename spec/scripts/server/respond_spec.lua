-- What a resource server answers before and around its handlers.
local lunacoap = require "lunacoap"
local resources = require "spec.support.resources"

local server, client, errors

local function ask(...)
  return resources.ask(client, server, ...)
end

local function give_x() return "x" end

describe("a resource server", function()
  before_each(function()
    errors = {}
    server = lunacoap.server { LocalHost = "127.0.0.1",
      OnError = function(_, e) table.insert(errors, e) end }
    client = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    client:Shutdown()
    server:stop()
  end)

  it("answers 4.05 to a method that no RFC knows, wherever it goes (RFC 7252 5.8)", function()
    server:resource("/x", { get = give_x })
    server:start()
    assert.are.equal("4.05", ask(8, "/x").code)
    assert.are.equal("4.05", ask(31, "/nothing").code)
    assert.are.same({}, errors)
  end)

  it("tells of an error once, with its own line first", function()
    server:use(function(_, go_on) return go_on() end)
    server:use(function(_, go_on) return go_on() end)
    server:resource("/x", { get = function() error("broken") end })
    server:start()
    assert.are.equal("5.00", ask("GET", "/x").code)
    assert.are.equal(1, #errors)
    assert.matches("^spec/scripts/server/respond_spec.lua:%d+: broken\nstack traceback:", errors[1].Description)
    assert.are.equal(1, select(2, errors[1].Description:gsub("stack traceback", "")))
  end)

  it("tells of an error of the component with its number", function()
    server:resource("/x", { get = function()
      local other <close> = lunacoap.CoAP { Timeout = 0.05 }
      other:Get("coap://127.0.0.1:1/")
    end })
    server:start()
    assert.are.equal("5.00", ask("GET", "/x").code)
    assert.are.equal(10061, errors[1].ErrorCode)
    assert.matches("^spec/scripts/server/respond_spec.lua:%d+: Connection refused", errors[1].Description)
  end)

  it("names the request whose response cannot be written", function()
    server:resource("/nan", { get = function() return { 0 / 0 } end })
    server:resource("/text", { formats = { "text" }, get = function() return {} end })
    server:start()
    assert.are.equal("5.00", ask("GET", "/nan").code)
    assert.are.equal("5.00", ask("GET", "/text").code)
    assert.matches("the response to GET /nan cannot be written: ", errors[1].Description)
    assert.matches("the response to GET /text cannot be written: text is made of", errors[2].Description)
  end)

  it("says with 4.06 what there is", function()
    server:resource("/x", { max_age = 7, get = give_x })
    server:start()
    local response = ask("GET", "/x", resources.accept(41))
    assert.are.same({ "4.06", -1, "" }, { response.code, response.format, resources.value_of(response, "Max-Age") })
    assert.are.equal("this has text/plain; charset=utf-8, application/json, application/cbor, "
      .. "application/octet-stream", response.payload)
  end)

  it("writes a table that explains an error as JSON", function()
    server:resource("/x", { get = function() return lunacoap.response("4.00", { why = "so" }) end })
    server:start()
    local response = ask("GET", "/x")
    assert.are.same({ "4.00", '{"why":"so"}', 50 }, { response.code, response.payload, response.format })
  end)

  it("sends an ETag that comes without a payload", function()
    server:resource("/x", { put = function() return lunacoap.response("2.04", nil, { etag = "v2" }) end })
    server:start()
    assert.are.equal("v2", ask("PUT", "/x").etag)
  end)

  describe("with layers", function()
    it("shows them what the path belongs to before they go on", function()
      local seen = {}
      server:use(function(req, go_on)
        seen[#seen + 1] = ("%s %s"):format(req.resource and req.resource.pattern, req.params.id)
        return go_on()
      end)
      server:resource("/s/{id}", { get = give_x })
      server:start()
      ask("GET", "/s/7")
      ask("GET", "/nothing")
      assert.are.same({ "/s/{id} 7", "nil nil" }, seen)
    end)

    it("never takes one that forgets to return for a success", function()
      server:use(function(_, go_on) return go_on() end)
      server:use(function(_, go_on) go_on() end)
      server:resource("/x", { put = function() error(lunacoap.response("4.03")) end })
      server:start()
      assert.are.equal("5.00", ask("PUT", "/x").code)
      assert.matches("layer 2 returned nothing: it has to return what", errors[1].Description)
    end)

    it("takes what they raise, and what they return in place of a response", function()
      server:use(function(req, go_on)
        if req.query.raise then
          error(lunacoap.response("4.29", "slow down"))
        end
        return req.query.value or go_on()
      end)
      server:resource("/x", { get = give_x })
      server:start()
      assert.are.equal("4.29", ask("GET", "/x?raise").code)
      assert.are.equal("mine", ask("GET", "/x?value=mine").payload)
      assert.are.equal("x", ask("GET", "/x").payload)
    end)

    it("lets them wait", function()
      server:use(function(_, go_on)
        lunacoap.sleep(0.01)
        local response = go_on()
        lunacoap.sleep(0.01)
        return response
      end)
      server:resource("/x", { get = function() lunacoap.sleep(0.01) return "x" end })
      server:start()
      assert.are.equal("x", ask("GET", "/x").payload)
    end)
  end)

  it("runs again after it was stopped", function()
    server:resource("/x", { get = give_x })
    server:start()
    assert.are.equal("x", ask("GET", "/x").payload)
    server:stop()
    server:start()
    assert.are.equal("x", ask("GET", "/x").payload)
  end)
end)
