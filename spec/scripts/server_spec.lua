-- lunacoap.server: what clients get from resources, and what a script may say of them.
local lunacoap = require "lunacoap"

local resources = require "spec.support.resources"

local accept, option, value_of = resources.accept, resources.option, resources.value_of

local server, client

local function ask(...)
  return resources.ask(client, server, ...)
end

local function pick(response, ...)
  local values = {}
  for i, name in ipairs { ... } do
    values[i] = response[name]
  end
  return values
end

describe("lunacoap.server", function()
  local errors

  before_each(function()
    errors = {}
    server = lunacoap.server {
      LocalHost = "127.0.0.1",
      OnError = function(_, e) table.insert(errors, e.Description) end,
    }
    client = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    client:Shutdown()
    server:stop()
  end)

  describe("answers by itself", function()
    before_each(function()
      server:resource("/temp", { get = function() return 21.5 end })
      server:start()
    end)

    it("4.04 where there is no resource", function()
      assert.are.same({ "4.04", "" }, pick(ask("GET", "/nothing"), "code", "payload"))
    end)

    it("4.05 to a method that the resource lacks", function()
      assert.are.equal("4.05", ask("PUT", "/temp", { payload = "1" }).code)
      assert.are.equal("4.05", ask("DELETE", "/temp").code)
    end)

    it("4.06 to an Accept that the value cannot be written in", function()
      assert.are.equal("4.06", ask("GET", "/temp", accept(41)).code)
      assert.are.equal("4.06", ask("GET", "/temp", accept(65000)).code)
    end)
  end)

  describe("makes a response of what a handler returns:", function()
    local returned

    before_each(function()
      local function give() return returned end
      server:resource("/x", { get = give, put = give, post = give, delete = give, fetch = give,
        patch = give, ipatch = give })
      server:start()
    end)

    it("a string is text", function()
      returned = "gr\u{fc}n"
      assert.are.same({ "2.05", "gr\u{fc}n", 0 }, pick(ask("GET", "/x"), "code", "payload", "format"))
    end)

    it("a string that is no UTF-8 is bytes", function()
      returned = "\xff\x00"
      assert.are.same({ "2.05", "\xff\x00", 42 }, pick(ask("GET", "/x"), "code", "payload", "format"))
    end)

    it("an empty string is an empty payload, without a format", function()
      returned = ""
      assert.are.same({ "2.05", "", -1 }, pick(ask("GET", "/x"), "code", "payload", "format"))
    end)

    it("a number or a boolean is text, or JSON if that is asked for", function()
      returned = 21.5
      assert.are.same({ "21.5", 0 }, pick(ask("GET", "/x"), "payload", "format"))
      assert.are.same({ "21.5", 50 }, pick(ask("GET", "/x", accept(50)), "payload", "format"))
      returned = false
      assert.are.same({ "false", 0 }, pick(ask("GET", "/x"), "payload", "format"))
    end)

    it("a table is JSON", function()
      returned = { a = 1 }
      assert.are.same({ "2.05", '{"a":1}', 50 }, pick(ask("GET", "/x"), "code", "payload", "format"))
    end)

    it("nil to GET is 4.04, to others a code alone", function()
      returned = nil
      assert.are.equal("4.04", ask("GET", "/x").code)
      assert.are.equal("4.04", ask("FETCH", "/x").code)
      assert.are.equal("2.04", ask("PUT", "/x").code)
      assert.are.equal("2.04", ask("POST", "/x").code)
      assert.are.equal("2.04", ask("PATCH", "/x").code)
      assert.are.equal("2.04", ask("iPATCH", "/x").code)
      assert.are.equal("2.02", ask("DELETE", "/x").code)
    end)

    it("a response is sent as it is", function()
      returned = lunacoap.response("2.01", nil, { location = "/notes/a%2Fb?x=1", max_age = 7 })
      local response = ask("POST", "/x")
      assert.are.equal("2.01", response.code)
      assert.are.equal("notes/a/b", value_of(response, "Location-Path"))
      assert.are.equal("x=1", value_of(response, "Location-Query"))
      assert.are.equal("7", value_of(response, "Max-Age"))
    end)

    it("a string with a named format is in that format already", function()
      returned = lunacoap.response("2.05", "<a/>", { format = "application/xml" })
      assert.are.same({ "<a/>", 41 }, pick(ask("GET", "/x"), "payload", "format"))
      assert.are.equal("4.06", ask("GET", "/x", accept(50)).code)
    end)

    it("more options are added", function()
      returned = lunacoap.response("2.05", "x", { options = {
        { Number = 65000, Value = "01ff", ValueType = lunacoap.ValueType.ovtBinary } } })
      local list = ask("GET", "/x").options
      assert.are.equal("01ff", list[#list].Value)
    end)
  end)

  describe("takes what a handler raises:", function()
    it("a response is the answer", function()
      server:resource("/x", { put = function() error(lunacoap.response("4.09", "busy")) end })
      server:start()
      assert.are.same({ "4.09", "busy", -1 }, pick(ask("PUT", "/x"), "code", "payload", "format"))
      assert.are.same({}, errors)
    end)

    it("anything else is 5.00 without internals, and OnError is told where it was", function()
      server:resource("/x", { get = function(req) return req.query.x.field end })
      server:start()
      assert.are.same({ "5.00", "" }, pick(ask("GET", "/x"), "code", "payload"))
      assert.are.equal(1, #errors)
      assert.matches("server_spec.lua:%d+: attempt to index a nil value %(field 'x'%)", errors[1])
    end)

    it("the server goes on after it", function()
      server:resource("/bad", { get = function() error("no") end })
      server:resource("/good", { get = function() return "yes" end })
      server:start()
      ask("GET", "/bad")
      assert.are.equal("yes", ask("GET", "/good").payload)
    end)
  end)

  describe("gives handlers a request with", function()
    local seen, options

    local function serve(pattern, init)
      local function see(req)
        seen, options = req, req.options
        return ""
      end
      init = init or {}
      init.get, init.put, init.fetch = see, see, see
      server:resource(pattern, init)
      server:start()
    end

    it("the method, the path and what the pattern captured", function()
      serve("/sensors/{id}/temp")
      ask("GET", "/sensors/a%2Fb/temp")
      assert.are.same({ "GET", "/sensors/a%2Fb/temp", { id = "a/b" } },
        pick(seen, "method", "path", "params"))
    end)

    it("the query, decoded", function()
      serve("/x")
      ask("GET", "/x?a=1&b=x%26y%3Dz%25&flag&a=2&empty=")
      assert.are.same({ a = "2", b = "x&y=z%", flag = true, empty = "" }, seen.query)
      assert.are.same({ "a=1", "b=x&y=z%", "flag", "a=2", "empty=" }, seen.arguments)
    end)

    it("no query as an empty table", function()
      serve("/x")
      ask("GET", "/x")
      assert.are.same({}, seen.query)
    end)

    it("the payload, its format and the decoded body", function()
      serve("/x")
      ask("PUT", "/x", { payload = '{"on":true}', format = 50 })
      assert.are.same({ '{"on":true}', 50, { on = true } }, pick(seen, "payload", "format", "body"))
      ask("PUT", "/x", { payload = "raw" })
      assert.are.same({ "raw", nil, "raw" }, pick(seen, "payload", "format", "body"))
      ask("FETCH", "/x", { payload = "", format = 50 })
      assert.are.equal("", seen.body)
    end)

    it("its options, the format that is asked for, and who sent it", function()
      serve("/x")
      ask("GET", "/x", { options = { option("Accept", 0), { Number = 65000, Value = "aa" } } })
      assert.are.equal(0, seen.accept)
      assert.are.same({ Number = 65000, Value = "6161", ValueType = lunacoap.ValueType.ovtBinary },
        options[#options])
      assert.are.equal("127.0.0.1", seen.peer.host)
      assert.are.equal(client.LocalPort, seen.peer.port)
      assert.is_nil(seen.identity)
      assert.is_false(seen.observing)
    end)

    it("an error for a name that it does not have", function()
      serve("/x")
      ask("GET", "/x")
      local ok, message = pcall(function() return seen.parms end)
      assert.is_false(ok)
      assert.matches("a request has no field 'parms'", message)
    end)
  end)

  describe("looks at the payload:", function()
    local body

    before_each(function()
      server:resource("/any", { put = function(req) body = req.body end })
      server:resource("/json", { accepts = { "json" }, put = function(req) body = req.body end })
      server:start()
    end)

    it("one that its format forbids is 4.00 with the place", function()
      local response = ask("PUT", "/any", { payload = '{"a":', format = 50 })
      assert.are.equal("4.00", response.code)
      assert.matches("%d", response.payload)
      assert.are.same({}, errors)
    end)

    it("one in a format that nobody here reads is 4.15", function()
      assert.are.equal("4.15", ask("PUT", "/any", { payload = "x", format = 65000 }).code)
    end)

    it("one in a format that the resource does not take is 4.15, and says what it takes", function()
      local response = ask("PUT", "/json", { payload = "x", format = 0 })
      assert.are.same({ "4.15", "this takes application/json" }, pick(response, "code", "payload"))
    end)

    it("one in a format that nobody here reads, but that the resource takes, is its bytes", function()
      server:resource("/xml", { accepts = { "xml" }, put = function(req) body = req.body end })
      assert.are.equal("2.04", ask("PUT", "/xml", { payload = "<a/>", format = 41 }).code)
      assert.are.equal("<a/>", body)
    end)

    it("one without a format is taken as it is", function()
      assert.are.equal("2.04", ask("PUT", "/json", { payload = "x" }).code)
      assert.are.equal("x", body)
    end)
  end)

  describe("with formats", function()
    before_each(function()
      server:resource("/x", { formats = { "json", "text" },
        get = function() return "hot" end, post = function() error("not to be called") end })
      server:start()
    end)

    it("takes the first unasked", function()
      assert.are.same({ '"hot"', 50 }, pick(ask("GET", "/x"), "payload", "format"))
    end)

    it("gives the one that is asked for", function()
      assert.are.same({ "hot", 0 }, pick(ask("GET", "/x", accept(0)), "payload", "format"))
    end)

    it("answers 4.06 before the handler acts", function()
      local response = ask("POST", "/x", accept(60))
      assert.are.same({ "4.06", "this has application/json, text/plain; charset=utf-8" },
        pick(response, "code", "payload"))
    end)
  end)

  describe("with ETags", function()
    local value

    before_each(function()
      value = "one"
      server:resource("/x", {
        get = function() return value end,
        put = function(req) value = req.body end,
        delete = function() value = nil end,
      })
      server:resource("/plain", { etag = false, get = function() return "x" end })
      server:start()
    end)

    local function with_etag(name, etag)
      return { options = { resources.bytes(name, etag) } }
    end

    it("gives the same content the same one, and another content another", function()
      local first = ask("GET", "/x").etag
      assert.is_true(#first >= 1 and #first <= 8)
      assert.are.equal(first, ask("GET", "/x").etag)
      assert.are_not.equal(first, ask("GET", "/x", accept(50)).etag)
      value = "two"
      assert.are_not.equal(first, ask("GET", "/x").etag)
    end)

    it("answers 2.03 without payload to a client that has it", function()
      local etag = ask("GET", "/x").etag
      local response = ask("GET", "/x", with_etag("ETag", etag))
      assert.are.same({ "2.03", "", etag, -1 }, pick(response, "code", "payload", "etag", "format"))
      value = "two"
      assert.are.equal("2.05", ask("GET", "/x", with_etag("ETag", etag)).code)
    end)

    it("leaves them out when they are not wanted", function()
      assert.are.equal("", ask("GET", "/plain").etag)
    end)

    it("writes with If-Match only what the client knows", function()
      local etag = ask("GET", "/x").etag
      local request = with_etag("If-Match", etag)
      request.payload = "two"
      assert.are.equal("2.04", ask("PUT", "/x", request).code)
      assert.are.equal("two", value)
      assert.are.equal("4.12", ask("PUT", "/x", request).code)
      assert.are.equal("4.12", ask("DELETE", "/x", request).code)
    end)

    it("knows the ETag of each format that the content has", function()
      local request = with_etag("If-Match", ask("GET", "/x", accept(50)).etag)
      request.payload = "two"
      assert.are.equal("2.04", ask("PUT", "/x", request).code)
    end)

    it("takes an empty If-Match for whatever exists", function()
      local any = { payload = "two", options = { option("If-Match", "") } }
      assert.are.equal("2.04", ask("PUT", "/x", any).code)
      value = nil
      assert.are.equal("4.12", ask("PUT", "/x", any).code)
    end)

    it("creates with If-None-Match only what is not there", function()
      local request = { payload = "two", options = { option("If-None-Match", "") } }
      assert.are.equal("4.12", ask("PUT", "/x", request).code)
      assert.are.equal("one", value)
      value = nil
      assert.are.equal("2.04", ask("PUT", "/x", request).code)
      assert.are.equal("two", value)
    end)
  end)

  describe("/.well-known/core", function()
    local function links(query)
      local response = ask("GET", "/.well-known/core" .. (query or ""))
      assert.are.same({ "2.05", 40 }, { response.code,
        response.payload ~= "" and response.format or 40 })
      return response.payload
    end

    before_each(function()
      server:resource("/temp", { get = function() end, rt = "temperature", interface = "sensor",
        observable = true, formats = { 50, 60 }, title = "Room", sz = 12,
        attributes = { anchor = "/x" } })
      server:resource("/led", { put = function() end, rt = "light" })
      server:resource("/secret", { get = function() end, hidden = true })
      server:resource("/rooms/{name}", { get = function() end, rt = "room",
        paths = function() return { "/rooms/kitchen", "/rooms/bath room" } end })
      server:resource("/untold/{id}", { get = function() end })
      server:start()
    end)

    it("lists the resources in order, with their attributes", function()
      assert.are.equal('</temp>;anchor="/x";ct="50 60";if="sensor";obs;rt="temperature";sz=12;title="Room",'
        .. '</led>;rt="light",</rooms/kitchen>;rt="room",</rooms/bath%20room>;rt="room"', links())
    end)

    it("encodes what a URI cannot have, and nothing twice", function()
      for _, path in ipairs { "/gr%C3%BCn", "/gr\u{fc}n/2", "/a%2fb", "/50%", "/x>y" } do
        server:resource(path, { get = function() return path end, rt = "odd" })
      end
      local text = links("?rt=odd")
      assert.are.equal('</gr%C3%BCn>;rt="odd",</gr%C3%BCn/2>;rt="odd",</a%2Fb>;rt="odd",</50%25>;rt="odd",'
        .. '</x%3Ey>;rt="odd"', text)
      for target in text:gmatch("<(.-)>") do
        assert.are.equal("2.05", ask("GET", target).code, target)
      end
    end)

    it("filters", function()
      assert.are.equal('</led>;rt="light"', links("?rt=light"))
      assert.matches("^</temp>[^<]*$", links("?rt=temp*"))
      assert.matches("^</rooms/kitchen>;rt=\"room\"$", links("?href=/rooms/k*"))
      assert.are.equal("", links("?rt=none"))
    end)

    it("comes in blocks when it is long", function()
      for i = 1, 200 do
        server:resource("/generated/" .. i, { get = function() end, rt = "r" .. i })
      end
      assert.is_true(#links() > 2048)
      assert.are.equal('</generated/77>;rt="r77"', links("?rt=r77"))
    end)
  end)

  describe("layers", function()
    it("stand around the handlers, the first outermost, and see raised responses", function()
      local log = {}
      for _, name in ipairs { "outer", "inner" } do
        server:use(function(req, go_on)
          table.insert(log, name .. " " .. req.path)
          local response = go_on()
          table.insert(log, name .. " " .. response.code)
          return response
        end)
      end
      server:resource("/x", { get = function() error(lunacoap.response("4.03")) end })
      server:start()
      assert.are.equal("4.03", ask("GET", "/x").code)
      assert.are.equal("4.04", ask("GET", "/y").code)
      assert.are.same({ "outer /x", "inner /x", "inner 4.03", "outer 4.03",
        "outer /y", "inner /y", "inner 4.04", "outer 4.04" }, log)
    end)

    it("may answer in a handler's place", function()
      server:use(function(req, go_on)
        return req.query.key == "7" and go_on() or lunacoap.response("4.01", "the key, please")
      end)
      server:resource("/x", { get = function() return "in" end })
      server:start()
      assert.are.same({ "4.01", "the key, please" }, pick(ask("GET", "/x"), "code", "payload"))
      assert.are.equal("in", ask("GET", "/x?key=7").payload)
    end)

    it("see what goes out: the payload, and codes that come of negotiation", function()
      local seen = {}
      server:use(function(_, go_on)
        local response = go_on()
        seen[#seen + 1] = ("%s %s %s"):format(response.code, response.body, response.format)
        return response
      end)
      server:resource("/x", { get = function() return { a = 1 } end })
      server:start()
      local etag = ask("GET", "/x").etag
      ask("GET", "/x", accept(0))
      ask("GET", "/x", { options = { resources.bytes("ETag", etag) } })
      assert.are.same({ '2.05 {"a":1} 50', "4.06 this has application/json, application/cbor nil",
        "2.03  nil" }, seen)
    end)

    it("change a response of this request alone, though a handler keeps giving the same", function()
      local constant = lunacoap.response("2.05", "x")
      local count = 0
      server:use(function(_, go_on)
        local response = go_on()
        count = count + 1
        response.max_age = count == 1 and 9 or nil
        return response
      end)
      server:resource("/x", { get = function() return constant end })
      server:start()
      assert.are.equal("9", value_of(ask("GET", "/x"), "Max-Age"))
      assert.are.equal("", value_of(ask("GET", "/x"), "Max-Age"))
    end)

    it("may change the response", function()
      server:use(function(_, go_on)
        local response = go_on()
        response.max_age = 5
        return response
      end)
      server:resource("/x", { get = function() return "in" end })
      server:start()
      assert.are.equal("5", value_of(ask("GET", "/x"), "Max-Age"))
    end)
  end)

  describe("handlers may wait", function()
    it("for time, while others are answered", function()
      local order = {}
      server:resource("/slow", { get = function()
        lunacoap.sleep(0.2)
        order[#order + 1] = "slow"
        return "done"
      end })
      server:resource("/fast", { get = function() order[#order + 1] = "fast"; return "" end })
      server:start()
      local other <close> = lunacoap.CoAP { Timeout = 5 }
      local finished
      lunacoap.spawn(function()
        other:Get(server:uri("/slow"))
        finished = other.ResponseData
      end)
      lunacoap.sleep(0)
      ask("GET", "/fast")
      while not finished do lunacoap.sleep(0.01) end
      assert.are.equal("done", finished)
      assert.are.same({ "fast", "slow" }, order)
    end)

    it("for another server, and two that wait never see each other's request", function()
      local backend = lunacoap.server { LocalHost = "127.0.0.1" }
      backend:resource("/{n}", { get = function(req)
        lunacoap.sleep(tonumber(req.params.n))
        return "got " .. req.params.n
      end })
      backend:start()
      server:resource("/ask/{n}", { get = function(req)
        local inner <close> = lunacoap.CoAP { Timeout = 5 }
        inner:Get(backend:uri("/" .. req.params.n))
        return req.params.n .. ": " .. inner.ResponseData
      end })
      server:start()
      local answers = {}
      for _, n in ipairs { "0.2", "0.1" } do
        lunacoap.spawn(function()
          local own <close> = lunacoap.CoAP { Timeout = 5 }
          own:Get(server:uri("/ask/" .. n))
          answers[#answers + 1] = own.ResponseData
        end)
      end
      while #answers < 2 do lunacoap.sleep(0.01) end
      backend:stop()
      assert.are.same({ "0.1: got 0.1", "0.2: got 0.2" }, answers)
    end)
  end)

  it("tells its URI, with a path or ready for one", function()
    server:start()
    local base = "coap://127.0.0.1:" .. server.coap.LocalPort
    assert.are.same({ base .. "/", base, base .. "/a%20b?c=1" },
      { server:uri(), server:uri(""), server:uri("/a%20b?c=1") })
    local ok, err = pcall(server.uri, server, "a")
    assert.is_false(ok)
    assert.matches("a path begins with \"/\", not as 'a'", tostring(err))
  end)

  for _, address in ipairs { "::1", "::" } do
    it("tells a URI that reaches it at " .. address, function()
      server:resource("/x", { get = function() return "x" end })
      server.coap.LocalHost = address
      server:start()
      assert.are.equal("coap://[::1]:" .. server.coap.LocalPort, server:uri(""))
      assert.are.equal("x", ask("GET", "/x").payload)
    end)
  end

  describe("names what is wrong with", function()
    local function fails(message, f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find(message, 1, true), tostring(err))
    end

    it("a resource", function()
      local add = function(...) server:resource(...) end
      fails("a resource takes a table with its handlers", add, "/x")
      fails("a resource has no field 'GET'; did you mean 'get'?", add, "/x", { GET = print })
      fails("a resource has no field 'observeable'; did you mean 'observable'?", add, "/x", { observeable = true })
      fails("a resource has no field 'zzzzz'; it takes accepts, access, ", add, "/x", { zzzzz = 1 })
      fails("the resource's 'get' takes a function, not a string", add, "/x", { get = "x" })
      fails("a resource that is observable needs a get handler", add, "/x", { observable = true })
      fails("no content-format is called 'jason'", add, "/x", { get = print, formats = { "jason" } })
      fails("a list of content-formats has at least one", add, "/x", { get = print, accepts = {} })
      fails("'max_age' takes whole seconds, not 2.5", add, "/x", { get = print, max_age = 2.5 })
      fails("an access rule has no field 'sub'", add, "/x", { access = { sub = "x" } })
      fails("'psk' takes a string or a list of strings, not 5", add, "/x", { access = { psk = 5 } })
      fails("'psk' takes a string or a list of strings, not true", add, "/x", { access = { psk = { me = true } } })
      fails("'kind' is psk, certificate or raw-key, not 'cert'", add, "/x", { access = { kind = "cert" } })
      fails("an access rule is true, a table or a function, not yes", add, "/x", { access = "yes" })
      add("/y", {})
      fails("there is a resource for '/y' already", add, "/y", {})
    end)

    it("the place of a mistake is the script's", function()
      local ok, err = pcall(function() server:resource("/x", { gett = print }) end)
      assert.is_false(ok)
      assert.matches("server_spec.lua:%d+: a resource has no field", err)
    end)

    it("a server", function()
      fails("a server takes a table such as { LocalPort = 5683 }", lunacoap.server, 5683)
      fails("sets 'OnRequest' itself", lunacoap.server, { OnRequest = print })
      fails("CoAP has no property or setting 'LocalPrt'; did you mean 'LocalPort'?", lunacoap.server,
        { LocalPrt = 5 })
      local _, err = pcall(function() lunacoap.server { LocalPrt = 5 } end)
      assert.matches("server_spec.lua:%d+: CoAP has no property", tostring(err))
      _, err = pcall(function() lunacoap.server { SSLCert = 5 } end)
      assert.matches("server_spec.lua:%d+: ", tostring(err))
    end)

    it("what is the component's, not the server's", function()
      local message = "server_spec.lua:%d+: a server has no field '%s'; what a component has is in server.coap"
      local _, err = pcall(function() return server.LocalPort end)
      assert.matches((message:gsub("%%s", "LocalPort")), err)
      _, err = pcall(function() server.OnError = print end)
      assert.matches((message:gsub("%%s", "OnError")), err)
    end)
  end)
end)
