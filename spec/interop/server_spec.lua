-- Our server, asked by libcoap's client, which we did not write.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local GET, POST, PUT, DELETE = 1, 2, 3, 4
local stored, server, base

-- Deterministic text of a length, so that a block out of place shows.
local function text(length)
  local lines = {}
  for i = 1, length // 8 + 1 do
    lines[i] = ("%07d "):format(i)
  end
  return table.concat(lines):sub(1, length)
end

local function on_request(coap, e)
  local size = e.URIPath:match("^/big/(%d+)$")
  if e.URIPath == "/hello" and e.Method == GET then
    coap.ResponseData, coap.ResponseContentFormat = "hello", 0
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
  elseif e.URIPath == "/store" and e.Method == DELETE then
    coap.ResponseCode, stored = "2.02", nil
  elseif e.URIPath == "/store" and stored then
    coap.ResponseDataB = stored
  elseif e.URIPath == "/slow" then
    lunacoap.sleep(0.1)
    coap.ResponseData = "at last"
  else
    coap.ResponseCode, coap.ResponseData = "4.04", "no such thing"
  end
end

local function on_register(coap, e)
  e.Accept = e.URIPath == "/count"
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
      local path = os.tmpname()
      local file <close> = assert(io.open(path, "wb"))
      file:write(text(size))
      file:flush()
      ask("-b 256 -m put -f " .. path, base .. "/store")
      os.remove(path)
      assert.are.equal(text(size), stored)
    end)
  end

  it("sends in smaller blocks when asked to", function()
    assert.are.equal(text(3000) .. "\n", ask("-b 64 -m get", base .. "/big/3000"))
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

  it("answers over IPv6", function()
    local six <close> = lunacoap.CoAP { LocalHost = "::1", OnRequest = on_request, Listening = true }
    assert.are.equal("hello\n", ask("-m get", ("coap://[::1]:%d/hello"):format(six.LocalPort)))
  end)
end)
