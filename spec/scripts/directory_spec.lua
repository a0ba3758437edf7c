-- lunacoap.directory: registration with a Resource Directory (RFC 9176), and lookups, against a small
-- directory of our own.
local Directory = require "spec.support.directory"
local lunacoap = require "lunacoap"
local scenario_client = require "lunacoap.scenario.client"

local directory = lunacoap.directory

local function in_virtual_time(name, f)
  it(name, function() lunacoap.virtual(f) end)
end

local function device()
  local server = lunacoap.server { LocalHost = "127.0.0.1" }
  server:resource("/temperature", { rt = "temperature", get = function() return 21 end })
  server:start()
  return server
end

local function error_of(f, ...)
  local ok, raised = pcall(f, ...)
  assert.is_false(ok)
  return tostring(raised)
end

describe("a registration", function()
  in_virtual_time("finds the resource, posts the links there and keeps the location", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    local registration = directory.register(coap, rd:uri(), { ep = "node-1", d = "floor 3",
      lt = 600, base = "coap://[2001:db8::1]:61616", et = { "a&b", "c=ü" },
      attributes = { con = "50%", ["x-n"] = 7 }, links = '</t>;rt="temperature"' })
    registration:stop()
    assert.are.equal(40, rd.last.format)
    assert.are.equal('</t>;rt="temperature"', rd.last.payload)
    assert.are.same({ "ep=node-1", "d=floor 3", "lt=600", "base=coap://[2001:db8::1]:61616", "et=a&b",
      "et=c=ü", "con=50%", "x-n=7" }, rd.last.arguments)
    assert.are.equal(rd:uri("/reg/1"), registration.location)
    assert.are.equal(600, registration.lifetime)
    assert.is_true(registration.registered)
  end)

  in_virtual_time("of a URI with a path is made there, without discovery", function()
    local rd <close> = Directory.new()
    local asked = 0
    rd.server:use(function(_, go_on)
      asked = asked + 1
      return go_on()
    end)
    local coap <close> = lunacoap.CoAP()
    directory.register(coap, rd:uri("/reg"), { ep = "node-1" }):stop()
    assert.are.equal(1, asked)
    assert.are.equal("", rd.last.payload)
  end)

  in_virtual_time("takes the links and the address of a server", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    local server = device()
    local registration = directory.register(coap, rd:uri(), { ep = "node-1", links = server })
    assert.are.same({ { target = server:uri("/temperature"), rt = "temperature" } },
      directory.lookup(coap, rd:uri(), "res"))
    registration:stop()
    server:stop()
  end)

  in_virtual_time("takes links as a list, and from what has a method links", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    for _, links in ipairs { { { target = "/t", rt = "x" } },
      { links = function() return { { target = "/t", rt = "x" } } end },
      { links = function() return '</t>;rt="x"' end } } do
      directory.register(coap, rd:uri(), { ep = "node-1", links = links }):stop()
      assert.are.equal('</t>;rt="x"', rd.last.payload)
    end
  end)

  in_virtual_time("may have more links than fit a datagram", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    local links = {}
    for i = 1, 400 do
      links[i] = { target = "/sensors/" .. i, rt = "temperature" }
    end
    local registration = directory.register(coap, rd:uri(), { ep = "node-1", links = links,
      base = "coap://10.0.0.1" })
    registration:stop()
    assert.are.equal(400, #directory.lookup(coap, rd:uri(), "res"))
  end)

  in_virtual_time("that is refused raises code and diagnostic at the line that wants it", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    rd.refuses = { "4.03", "not you" }
    local message = error_of(function() directory.register(coap, rd:uri(), { ep = "node-1" }) end)
    assert.matches("^spec/scripts/directory_spec.lua:%d+: POST " .. rd:uri("/reg"):gsub("%p", "%%%0")
      .. ": 4.03 Forbidden: not you$", message)
  end)

  in_virtual_time("that nobody answers raises what the component does", function()
    local coap <close> = lunacoap.CoAP()
    local ok, err = pcall(directory.register, coap, "coap://10.0.0.1", { ep = "node-1" })
    assert.are.same({ false, 301 }, { ok, err.Code })
  end)

  in_virtual_time("needs a location, and a directory", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    assert.matches("4.05 Method Not Allowed",
      error_of(directory.register, coap, rd:uri("/lookup/res"), { ep = "a" }))
    assert.matches("2.04 Changed without a Location%-Path",
      error_of(directory.register, coap, rd:uri("/.well-known/rd"), { ep = "a" }))
    local server = device()
    assert.matches("lists nothing with rt=core.rd: it is no Resource Directory",
      error_of(directory.register, coap, server:uri(""), { ep = "a" }))
    server:stop()
  end)

  in_virtual_time("goes to the next of the directory's resources when one refuses", function()
    local rd <close> = Directory.new()
    rd.server:resource("/full", { rt = "core.rd", post = function() error(lunacoap.response "5.00") end })
    rd.server:resource("/other", { rt = "core.rd other", post = function()
      return lunacoap.response("2.01", nil, { location = "/other/a%2Fb" })
    end })
    rd.refuses = { "5.00" }
    local coap <close> = lunacoap.CoAP()
    local registration = directory.register(coap, rd:uri(), { ep = "node-1" })
    assert.are.equal(rd:uri("/other/a%2Fb"), registration.location)
    registration:stop()
  end)

  in_virtual_time("leaves alone what the script has set for its own requests", function()
    local rd <close> = Directory.new()
    rd.server:use(function(_, go_on)
      lunacoap.sleep(1)
      return go_on()
    end)
    local server = device()
    server:resource("/echo", { post = function(req) return req.payload end })
    local coap <close> = lunacoap.CoAP { RequestData = "mine", RequestContentFormat = 0,
      RequestOptions = { { Number = 65000, Value = "ff" } } }
    coap.Timeout = 0 -- which does not count for a registration
    local registration
    lunacoap.spawn(function()
      registration = directory.register(coap, rd:uri(), { ep = "node-1", links = "</x>" })
    end)
    for _ = 1, 2 do -- during discovery, and while it registers
      lunacoap.sleep(0.5)
      assert.are.same({ "mine", 0, 1, "ff", 0 }, { coap.RequestData, coap.RequestContentFormat,
        #coap.RequestOptions, coap.RequestOptions[1].Value, coap.Timeout })
      coap.Timeout = 5
      coap:Post(server:uri("/echo"))
      assert.are.equal("mine", coap.ResponseData)
      coap.Timeout = 0
      lunacoap.sleep(0.5)
    end
    lunacoap.sleep(1)
    assert.are.equal("</x>", rd.last.payload)
    registration:stop()
    server:stop()
  end)

  in_virtual_time("may be made by anything that sends and returns answers", function()
    local rd <close> = Directory.new()
    local client <close> = scenario_client.new()
    local registration = directory.register(client, rd:uri(), { ep = "node-1", links = "</x>" })
    registration:update { lt = 60 }
    registration:remove()
    assert.are.same({ "POST /reg?ep=node-1 @0.0", "POST /reg/1?lt=60 @0.0", "DELETE /reg/1 @0.0" },
      rd:take())
  end)

  in_virtual_time("repeats a request with the Echo that the directory asks for", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    local ECHO = lunacoap.OptionNumber.Echo
    rd.options = { { Number = ECHO, Value = "0124" } }
    rd.refuses = function(req)
      for _, option in ipairs(req.options) do
        if option.Number == ECHO then
          req.resource.last_echo = option.Value
          return
        end
      end
      return { "4.01", options = { { Number = ECHO, Value = "0123" } } }
    end
    local registration = directory.register(coap, rd:uri(), { ep = "node-1", links = "</x>" })
    assert.are.equal("0123", rd.last.resource.last_echo)
    assert.are.equal(2, #rd:take())
    registration:update()
    assert.are.equal("0124", rd.last.resource.last_echo)
    assert.are.equal(1, #rd:take())
    registration:stop()
  end)

  it("goes over DTLS", function()
    local rd <close> = Directory.new { LocalHost = "127.0.0.1", SSLEnabled = true,
      PSKIdentity = "node-1", PSKKey = "0011" }
    local coap <close> = lunacoap.CoAP { PSKIdentity = "node-1", PSKKey = "0011" }
    local registration = directory.register(coap, rd:uri(), { ep = "node-1" })
    assert.matches("^coaps://127.0.0.1:%d+/reg/1$", registration.location)
    registration:remove()
  end)

  in_virtual_time("does not go where there is no DTLS when it was found over DTLS", function()
    local answer = { code = "2.05", name = "Content", options = {},
      payload = '<coap://10.0.0.1/rd>;rt=core.rd,<http://10.0.0.1/rd>;rt=core.rd,'
        .. '<coaps://10.0.0.2/rd>;rt=core.rd,</x>;rt=core.rd-lookup-res' } -- it knows no filters
    local function get() return answer end
    local client = { get = get, post = get, delete = get }
    assert.are.same({ "coaps://10.0.0.2/rd" }, directory.find(client, "coaps://10.0.0.1"))
    assert.are.same({ "coap://10.0.0.1/rd", "coaps://10.0.0.2/rd" },
      directory.find(client, "COAP://10.0.0.1/"))
  end)
end)

describe("the fields of a registration", function()
  local coap = lunacoap.CoAP()
  local long = ("é"):rep(31)

  for _, row in ipairs {
    { { ep = "" }, "'ep' takes a name of 1 to 63 bytes, not one of 0" },
    { { ep = long .. "xx" }, "'ep' takes a name of 1 to 63 bytes, not one of 64" },
    { { ep = "a\nb" }, "'ep' takes text in UTF%-8 without control characters" },
    { { ep = "a\u{85}b" }, "'ep' takes text in UTF%-8 without control characters" },
    { { ep = "a\xff" }, "'ep' takes text in UTF%-8" },
    { { d = 5 }, "'d' takes a name of 1 to 63 bytes, not 5" },
    { { lt = 0 }, "'lt' takes a whole number from 1 to 4294967295, not 0" },
    { { lt = 4294967296 }, "'lt' takes a whole number" },
    { { lt = 1.5 }, "'lt' takes a whole number" },
    { { lt = "60" }, "'lt' takes a whole number from 1 to 4294967295, not '60'" },
    { { base = "10.0.0.1" }, "'base' takes a URI such as coap://" },
    { { base = "coap://a/?x" }, "without query or fragment" },
    { { base = "coap://[fe80::1%25eth0]" }, "'base' takes an address without a zone" },
    { { et = true }, "'et' takes text, a number or a list of these" },
    { { attributes = { ["a b"] = 1 } }, "'a b' is no name of an attribute" },
    { { links = 5 }, "'links' takes link%-format text, a list of links or a server, not 5" },
    { { links = "</x" }, "the links of a registration: malformed link%-format at byte" },
    { { links = { {} } }, "the links of a registration: link 1: a link is a table with its target" },
    { { links = "<x>" }, "the target 'x' of a link is neither a path such as '/temp' nor a URI" },
    { { links = "<//host/x>" }, "the target '//host/x' of a link is neither" },
    { { links = "</x>;anchor=\"y\"" }, "the anchor 'y' of a link is neither" },
    { { wait = 1 }, "'wait' takes a boolean, not 1" },
    { { endpoint = "x" }, "has no field 'endpoint': it takes attributes, base, d, ep, et, " },
    { { random_ = 1 }, "has no field 'random_'; did you mean 'random'?" },
    { { simple = true, base = "coap://a" }, "a simple registration has no base" },
    { { simple = true, links = "" }, "a simple registration has no links" },
    { "node-1", "a registration takes a table such as { ep = \"node%-1\" }, not 'node%-1'" },
  } do
    local given, message = table.unpack(row)
    it("are checked: " .. message, function()
      local wrong = error_of(function() directory.register(coap, "coap://10.0.0.1/rd", given) end)
      assert.matches("^spec/scripts/directory_spec.lua:%d+: ", wrong)
      assert.matches(message, wrong)
    end)
  end

  it("may be as long as they are allowed to be", function()
    local uri = directory.registration("coap://10.0.0.1/rd", { ep = long .. "x", lt = 4294967295 })
    assert.are.equal("coap://10.0.0.1/rd?ep=" .. ("%C3%A9"):rep(31) .. "x&lt=4294967295", uri)
  end)

  it("say which address of a server the directory is to tell", function()
    local server = lunacoap.server { LocalPort = 0 }
    local function register(uri)
      return error_of(directory.register, coap, uri, { ep = "a", links = server })
    end
    assert.matches("the server has no port yet: start it", register("coap://10.0.0.1/rd"))
    server:start()
    assert.matches("say which one the directory is to tell, with base = \"coap://ADDRESS:%d+\"",
      register("coap://10.0.0.1/rd"))
    local own = lunacoap.CoAP { Timeout = 1 }
    assert.has_no.matches("ADDRESS", tostring(select(2,
      pcall(directory.register, own, "coap://127.0.0.1:1/rd", { ep = "a", links = server }))))
    own:Shutdown()
    server:stop()
  end)

  it("are of a directory and of who can ask it", function()
    for _, uri in ipairs { "rd.example", "http://rd.example", "coap://", 5 } do
      assert.matches("a directory's URI is such as coap://rd.example",
        error_of(directory.register, coap, uri, { ep = "a" }))
    end
    for _, client in ipairs { "coap", {}, lunacoap.endpoint(), lunacoap.server {} } do
      assert.matches("a directory is asked by a component",
        error_of(directory.register, client, "coap://10.0.0.1", { ep = "a" }))
    end
  end)
end)

describe("a lookup", function()
  in_virtual_time("finds resources and endpoints by their attributes, page by page", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    for i = 1, 5 do
      directory.register(coap, rd:uri(), { ep = "node-" .. i, base = "coap://10.0.0." .. i,
        links = '</t>;rt="temperature",</h>;rt="humidity & more"' }):stop()
    end
    assert.are.equal(10, #directory.lookup(coap, rd:uri(), "res"))
    assert.are.equal(5, #directory.lookup(coap, rd:uri(), "res", { rt = "temp*" }))
    assert.are.equal(5, #directory.lookup(coap, rd:uri(), "res", { rt = "humidity & more" }))
    assert.are.same({ { target = "coap://10.0.0.5/t", rt = "temperature" } },
      directory.lookup(coap, rd:uri(), "res", { rt = "temperature", page = 2, count = 2 }))
    assert.are.same({ { target = "/reg/3", ep = "node-3", base = "coap://10.0.0.3",
      rt = "core.rd-ep" } }, directory.lookup(coap, rd:uri(), "ep", { ep = "node-3" }))
    assert.are.same({}, directory.lookup(coap, rd:uri("/lookup/ep"), "ep", { ep = "node-9" }))
  end)

  in_virtual_time("that is refused, or answered with something else, raises", function()
    local rd <close> = Directory.new()
    local coap <close> = lunacoap.CoAP()
    rd.server:resource("/odd", { get = function() return "odd" end })
    rd.refuses = { "4.00", "what?" }
    assert.matches("GET coap://127.0.0.1:%d+/lookup/res%?rt=x: 4.00 Bad Request: what%?$",
      error_of(directory.lookup, coap, rd:uri(), "res", { rt = "x" }))
    assert.matches("the answer to GET .*/odd: malformed link%-format at byte 1",
      error_of(directory.lookup, coap, rd:uri("/odd"), "res"))
  end)

  it("takes criteria that there can be", function()
    local coap = lunacoap.CoAP()
    local function wrong(...)
      return error_of(directory.lookup, coap, "coap://10.0.0.1/lookup", ...)
    end
    assert.matches('"res" %(resources%) or "ep" %(endpoints%), not gp', wrong("gp"))
    assert.matches("a lookup takes criteria such as", wrong("ep", "rt=x"))
    assert.matches("'page' needs 'count'", wrong("ep", { page = 1 }))
    assert.matches("'count' takes a whole number from 1", wrong("ep", { count = 0 }))
    assert.matches("'rt' takes text, a number or a list", wrong("ep", { rt = {{}} }))
  end)
end)

describe("the steps of a registration", function()
  in_virtual_time("make the requests and read the answers, for who sends them himself", function()
    local rd <close> = Directory.new()
    local client <close> = scenario_client.new()
    local resource = directory.find(client, rd:uri())[1]
    local uri, payload, options = directory.registration(resource, { ep = "a b", links = "</x>" })
    local answer = client:post(uri, payload, options)
    local location = directory.location(uri, answer)
    assert.are.equal(rd:uri("/reg/1"), location)
    assert.are.equal("2.04", client:post(directory.update(location, { lt = 60 })).code)
    assert.are.equal("2.04", client:post(directory.update(location)).code)
    assert.are.equal("2.02", client:delete(location).code)
    assert.are.same({ "POST /reg?ep=a b @0.0", "POST /reg/1?lt=60 @0.0", "POST /reg/1 @0.0",
      "DELETE /reg/1 @0.0" }, rd:take())
    assert.matches("/nothing: 4.04 Not Found",
      error_of(directory.location, rd:uri("/nothing"), client:post(rd:uri("/nothing"))))
  end)

  it("tell of mistakes", function()
    assert.matches("an update has no field 'ep'", error_of(directory.update, "coap://a/1", { ep = "x" }))
    assert.matches("register anew to change them",
      error_of(directory.update, "coap://a/1", { links = "</x>" }))
  end)
end)
