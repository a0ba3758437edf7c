-- Our server, asked by libcoap's client, which we did not write.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local process = require "spec.support.process"

local GET, POST, PUT, DELETE = 1, 2, 3, 4
local text = foreign.text
local stored, server, base

-- A response with every option that a property or a list makes.
local function describe_itself(coap)
  coap.ResponseData, coap.ResponseContentFormat, coap.ResponseETagB = "{}", 50, "\1\2"
  coap.ResponseOptions = { { Number = lunacoap.OptionNumber["Max-Age"], Value = 30 } }
end

local function on_request(coap, e)
  local size = e.URIPath:match("^/big/(%d+)$")
  if e.URIPath == "/hello" and e.Method == GET then
    coap.ResponseData, coap.ResponseContentFormat = "hello", 0
  elseif e.URIPath == "/described" then
    describe_itself(coap)
  elseif e.URIPath == "/broken" then
    error("a mistake of the script's")
  elseif e.URIPath == "/hello" then
    coap.ResponseCode = "4.05"
  elseif e.URIPath == "/empty" then
    coap.ResponseCode = "2.05"
  elseif e.URIPath == "/.well-known/core" then
    coap.ResponseData, coap.ResponseContentFormat = "</hello>;rt=\"greeting\",</count>;obs", 40
  elseif size then
    coap.ResponseData = text(tonumber(size))
  elseif e.URIPath == "/store" and e.Method == PUT then
    coap.ResponseCode, stored = stored and "2.04" or "2.01", coap.RequestDataB
  elseif e.URIPath == "/store" and e.Method == POST then
    coap.ResponseCode, stored = "2.04", (stored or "") .. coap.RequestDataB
    coap.ResponseDataB = stored
  elseif e.URIPath == "/store" and e.Method == DELETE then
    coap.ResponseCode, stored = "2.02", nil
  elseif e.URIPath == "/store" and stored then
    coap.ResponseDataB = stored
  elseif e.URIPath == "/method" then
    coap.ResponseCode = "2.05"
    coap.ResponseData = lunacoap.MethodName[e.Method] .. " of " .. coap.RequestData
  elseif e.URIPath == "/slow" then
    lunacoap.sleep(0.1)
    coap.ResponseData = "at last"
  else
    coap.ResponseCode, coap.ResponseData = "4.04", "no such thing"
  end
end

local function on_register(coap, e)
  e.Accept = e.URIPath == "/count" or e.URIPath == "/large"
  coap.ResponseCode, coap.ResponseData = "2.05", "count 0"
end

local function ask(arguments, uri)
  local child <close> = process.start(("coap-client-notls %s '%s'"):format(arguments, uri or base))
  return child:finish()
end

describe("our server, asked by coap-client-notls,", function()
  before_each(function()
    stored = nil
    server = lunacoap.CoAP {
      LocalHost = "127.0.0.1", OnRequest = on_request, OnRegister = on_register, Listening = true,
    }
    base = "coap://127.0.0.1:" .. server.LocalPort
  end)

  after_each(function() server:Shutdown() end)

  it("answers GET, confirmable and not", function()
    assert.are.equal("hello\n", ask("-m get", base .. "/hello"))
    assert.are.equal("hello\n", ask("-N -m get", base .. "/hello"))
  end)

  it("answers an empty body", function()
    assert.are.equal("", (ask("-m get", base .. "/empty"):gsub("\n", "")))
  end)

  it("answers 4.04 with its diagnostic payload", function()
    assert.are.equal("4.04 no such thing\n", ask("-m get", base .. "/nothing"))
  end)

  it("stores, reads, adds to and deletes", function()
    ask("-m put -e one", base .. "/store")
    assert.are.equal("one", stored)
    ask("-m post -e two", base .. "/store")
    assert.are.equal("onetwo\n", ask("-m get", base .. "/store"))
    ask("-m delete", base .. "/store")
    assert.is_nil(stored)
  end)

  it("gets FETCH, PATCH and iPATCH with their body (RFC 8132)", function()
    for _, method in ipairs { "FETCH", "PATCH", "iPATCH" } do
      assert.are.equal(method .. " of this\n", ask(("-m %s -e this"):format(method:lower()), base .. "/method"))
    end
  end)

  it("answers separately when it takes its time", function()
    assert.are.equal("at last\n", ask("-m get", base .. "/slow"))
  end)

  it("is discovered", function()
    local links = ask("-m get", base .. "/.well-known/core")
    assert.is_truthy(links:find("</hello>;rt=\"greeting\"", 1, true), links)
  end)

  for _, size in ipairs { 1024, 1025, 5 * 1024, 20 * 1024, 100 * 1024 } do
    it(("sends %d bytes in blocks"):format(size), function()
      assert.are.equal(text(size) .. "\n", ask("-m get", base .. "/big/" .. size))
    end)

    it(("receives %d bytes in blocks"):format(size), function()
      foreign.with_file(text(size), function(path) return ask("-b 256 -m put -f " .. path, base .. "/store") end)
      assert.are.equal(text(size), stored)
    end)
  end

  for _, block in ipairs { 16, 64, 512, 1024 } do
    it(("sends, receives and answers in blocks of %d when asked to"):format(block), function()
      assert.are.equal(text(5000) .. "\n", ask(("-b %d -m get"):format(block), base .. "/big/5000"))
      local echo = foreign.with_file(text(5000), function(path)
        return ask(("-b %d -m post -f %s"):format(block, path), base .. "/store")
      end)
      assert.are.equal(text(5000), stored)
      assert.are.equal(text(5000) .. "\n", echo)
    end)
  end

  it("sends and receives blocks non-confirmable", function()
    assert.are.equal(text(5000) .. "\n", ask("-N -m get", base .. "/big/5000"))
    foreign.with_file(text(5000), function(path) return ask("-N -m put -f " .. path, base .. "/store") end)
    assert.are.equal(text(5000), stored)
  end)

  it("refuses a body beyond MaxBodySize", function()
    server:Config("MaxBodySize=2000")
    local answer = foreign.with_file(text(5000), function(path)
      return ask("-m put -f " .. path, base .. "/store")
    end)
    assert.is_truthy(answer:find("4.13", 1, true), answer)
    assert.is_nil(stored)
  end)

  it("stores nothing of an empty body", function()
    ask("-m put", base .. "/store")
    assert.are.equal("", stored)
  end)

  it("shows the options of its response", function()
    local log = ask("-v 7 -m get", base .. "/described")
    assert.is_truthy(log:find(
      "[ ETag:0x0102, Content-Format:application/json, Max-Age:30 ] :: '{}'", 1, true), log)
  end)

  it("sees the options of a request", function()
    local seen = {}
    server.OnRequest = function(coap, e)
      seen.query, seen.format, seen.etag = e.URIQuery, coap.RequestContentFormat, coap.RequestETagB
      for _, option in ipairs(coap.RequestOptions) do
        seen[option.Number] = option.Value
      end
      coap.ResponseCode = "2.04"
    end
    ask("-m post -e hi -t 60 -A 50 -O 4,0x0102 -O 65000,ab", base .. "/a/b?c=d&e=f")
    assert.are.equal("c=d&e=f", seen.query)
    assert.are.equal(60, tonumber(seen.format))
    assert.are.equal("\1\2", seen.etag)
    assert.are.equal("50", seen[lunacoap.OptionNumber["Accept"]])
    assert.are.equal("6162", seen[65000])
  end)

  it("answers 4.05, 5.00 of a handler that raised, and 4.02 to an unknown critical option", function()
    local mistake
    server.OnError = function(_, e) mistake = e.Description end
    assert.are.equal("4.05", ask("-m delete", base .. "/hello"):sub(1, 4))
    local answer = ask("-m get", base .. "/broken")
    assert.are.equal("5.00", answer:sub(1, 4))
    assert.is_nil(answer:find("mistake", 1, true))
    assert.is_truthy(mistake:find("a mistake of the script's", 1, true))
    assert.are.equal("4.02", ask("-m get -O 65001,x", base .. "/hello"):sub(1, 4))
  end)

  for _, confirmable in ipairs { true, false } do
    it(("notifies an observer, %sconfirmable"):format(confirmable and "" or "non-"), function()
      server.UseConfirmableMessages = confirmable
      local gone
      server.OnUnregistered = function() gone = true end
      local observer <close> = process.start(
        ("coap-client-notls -s 1 -m get %s/count"):format(base))
      observer:expect("count 0")
      for i = 1, 3 do
        server.ResponseCode, server.ResponseData = "2.05", "count " .. i
        server:SendNotification("/count")
        observer:expect("count " .. i)
      end
      assert.are.equal("count 0count 1count 2count 3\n", observer:finish(5))
      assert.is_true(process.wait(function() return gone end), "it has not unregistered")
    end)
  end

  it("notifies an observer of what needs blocks", function()
    local observer <close> = process.start(("coap-client-notls -s 1 -m get %s/large"):format(base))
    observer:expect("count 0")
    server.ResponseCode, server.ResponseData = "2.05", text(3000)
    server:SendNotification("/large")
    observer:expect(text(3000))
  end)

  it("answers over IPv6", function()
    local six <close> = lunacoap.CoAP { LocalHost = "::1", OnRequest = on_request, Listening = true }
    assert.are.equal("hello\n", ask("-m get", ("coap://[::1]:%d/hello"):format(six.LocalPort)))
  end)
end)
