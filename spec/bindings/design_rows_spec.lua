-- What the component does where the reference is silent: one spec for each row of the design's table,
-- both roles over loopback.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local open = {}

local function component(init)
  local coap = lunacoap.CoAP(init)
  open[#open + 1] = coap
  return coap
end

local function server(init)
  init.LocalHost = init.LocalHost or "127.0.0.1"
  init.Listening = true
  local coap = component(init)
  local host = init.LocalHost == "::1" and "[::1]" or "127.0.0.1"
  return coap, ("coap://%s:%d"):format(host, coap.LocalPort)
end

local function client(init)
  local coap = component(init or {})
  coap.Timeout = 3
  return coap
end

-- Collects an event's values.
local function collect(list, ...)
  local names = { ... }
  return function(_, e)
    local values = {}
    for _, name in ipairs(names) do
      values[name] = e[name]
    end
    list[#list + 1] = values
  end
end

local function until_true(f)
  assert.is_true(process.wait(f, 5))
end

after_each(function()
  for _, coap in ipairs(open) do
    coap:Shutdown()
  end
  open = {}
end)

describe("a client", function()
  it("raises 709 with code, name and diagnostic payload for an error, after RequestComplete", function()
    local _, base = server { OnRequest = function(coap) coap.ResponseCode, coap.ResponseData = "4.04", "no bell" end }
    local coap, seen = client(), {}
    coap.OnRequestComplete = collect(seen, "ErrorCode", "ErrorDescription", "Method", "URI")
    local ok, err = pcall(coap.Get, coap, base .. "/bell")
    assert.is_false(ok)
    assert.are.equal(709, err.Code)
    assert.are.equal("4.04 Not Found: no bell", err.Message)
    assert.are.equal("4.04", coap.ResponseCode)
    assert.are.equal("no bell", coap.ResponseData)
    assert.are.same({ { ErrorCode = 709, ErrorDescription = "4.04 Not Found: no bell", Method = 1,
      URI = base .. "/bell" } }, seen)
  end)

  it("takes a payload for a diagnostic one only when it has no Content-Format (RFC 7252 5.5.2)", function()
    local _, base = server { OnRequest = function(coap)
      coap.ResponseCode, coap.ResponseDataB, coap.ResponseContentFormat = "4.04", "\xa0", 60
    end }
    local coap = client()
    local _, err = pcall(coap.Get, coap, base .. "/bell")
    assert.are.equal("4.04 Not Found", err.Message)
    assert.are.equal("\xa0", coap.ResponseDataB)
  end)

  it("raises 301 when Timeout expires, which takes fractions, and tells RequestComplete", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, seen = client(), {}
    coap.Timeout = 0.15
    coap.OnRequestComplete = collect(seen, "ErrorCode")
    local start = lunacoap.now()
    local ok, err = pcall(coap.Get, coap, base .. "/")
    assert.is_false(ok)
    assert.are.equal(301, err.Code)
    local passed = lunacoap.now() - start
    assert.is_true(passed >= 0.15 and passed < 2, passed)
    assert.are.equal(301, seen[1].ErrorCode)
    assert.are.equal("", coap.ResponseCode)
  end)

  it("raises 704 when the retransmissions are exhausted", function()
    -- A server that neither answers nor acknowledges for an hour.
    local _, base = server { PiggybackDelay = 3600, OnRequest = function(_, e) e.SendResponse = false end }
    local coap = client { AckTimeout = 0.02, MaxRetransmit = 1, AckRandomFactor = 1 }
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal(704, err.Code)
    assert.are.equal("Message transmission timed out: " .. base .. "/", err.Message)
  end)

  it("gets 10061 at once where nobody listens, and no other request does", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, seen = component(), {}
    coap.Timeout = 0
    coap.OnRequestComplete = collect(seen, "ErrorCode", "RequestId")
    coap:Get(base .. "/")
    local id = coap:Get(("coap://127.0.0.1:%d/"):format(process.free_port()))
    until_true(function() return #seen == 1 end)
    assert.are.same({ { ErrorCode = 10061, RequestId = id } }, seen)
    assert.are.equal(1, #coap.PendingRequests)
  end)

  it("cancels by Id: 711 in RequestComplete; an unknown Id raises 706", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, seen = component(), {}
    coap.Timeout = 0
    coap.OnRequestComplete = collect(seen, "ErrorCode")
    local id = coap:Get(base .. "/")
    coap:CancelRequest(id)
    assert.are.same({}, seen) -- never inside a method
    until_true(function() return #seen == 1 end)
    assert.are.equal(711, seen[1].ErrorCode)
    assert.are.equal("2", coap:Get(base .. "/"))
    for _, wrong in ipairs { id, "", "x", "-2", "0", "18446744073709551618" } do -- the last one is 2 in 64 bits
      local _, err = pcall(coap.CancelRequest, coap, wrong)
      assert.are.equal(706, err.Code)
    end
  end)

  it("sends methods from 1 to 31", function()
    local _, base = server { OnRequest = function(coap, e) coap.ResponseCode, coap.ResponseData = "2.04", tostring(e.Method) end }
    local coap = client()
    for method, good in pairs { [0] = false, true, [8] = true, [31] = true, [32] = false, [1.5] = false } do
      local ok, err = pcall(coap.SendCustomRequest, coap, base .. "/", method)
      assert.are.same({ method, good }, { method, ok })
      assert.are.equal(good and tostring(method) or 1, good and coap.ResponseData or err.Code)
    end
  end)

  it("gives up an asynchronous NON request after PendingTimeout", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, seen = component { PendingTimeout = 0.1 }, {}
    coap.Timeout, coap.UseConfirmableMessages = 0, false
    coap.OnRequestComplete = collect(seen, "ErrorCode")
    coap:Get(base .. "/")
    until_true(function() return #seen == 1 end)
    assert.are.equal(301, seen[1].ErrorCode)
  end)

  it("gives up an asynchronous CON request that was confirmed, and never answered, after PendingTimeout", function()
    local _, base = server { OnRequest = function(_, e) e.SendResponse = false end }
    local coap, seen = component { PendingTimeout = 0.1 }, {}
    coap.Timeout = 0
    coap.OnRequestComplete = collect(seen, "ErrorCode")
    coap:Get(base .. "/")
    until_true(function() return #seen == 1 end)
    assert.are.equal(301, seen[1].ErrorCode)
    assert.are.equal(0, #coap.PendingRequests)
  end)

  it("raises 710 when the server answers StartObserving without Observe, 709 when with an error", function()
    local _, base = server { OnRequest = function(coap, e)
      coap.ResponseCode = e.URIPath == "/no" and "4.04" or "2.05"
    end }
    local coap, seen = client(), {}
    coap.OnRequestComplete = collect(seen, "ErrorCode")
    local _, err = pcall(coap.StartObserving, coap, base .. "/x")
    assert.are.equal(710, err.Code)
    assert.are.equal("2.05", coap.ResponseCode)
    _, err = pcall(coap.StartObserving, coap, base .. "/no")
    assert.are.equal(709, err.Code)
    assert.are.same({ { ErrorCode = 710 }, { ErrorCode = 709 } }, seen)
  end)

  it("observes a URI once, however often it is asked to (RFC 7641 3.1)", function()
    local tokens, gone, seen = {}, {}, {}
    local coap, base = server {
      OnRegister = function(coap, e)
        tokens[#tokens + 1] = e.TokenB
        e.Accept, coap.ResponseCode = true, "2.05"
      end,
      OnUnregistered = collect(gone, "URIPath"),
      OnRequest = function(coap) coap.ResponseCode = "2.05" end,
    }
    local observer = client { OnNotification = function(self) seen[#seen + 1] = self.ResponseData end }
    observer:StartObserving(base .. "/x")
    observer:StartObserving(base .. "/x")
    observer:StartObserving(base .. "/y")
    assert.are.equal(tokens[1], tokens[2])
    assert.are_not.equal(tokens[1], tokens[3])
    assert.are.same({}, gone)
    seen = {}
    coap.ResponseCode, coap.ResponseData = "2.05", "once"
    coap:SendNotification("/x")
    until_true(function() return #seen > 0 end)
    observer:StopObserving(base .. "/x")
    assert.are.same({ "once" }, seen)
    assert.are.same({ { URIPath = "/x" } }, gone)
    coap:SendNotification("/x")
    coap.ResponseData = "y"
    coap:SendNotification("/y")
    until_true(function() return #seen > 1 end)
    assert.are.same({ "once", "y" }, seen)
  end)

  it("observes no group: 710", function()
    local coap = client()
    local _, err = pcall(coap.StartObserving, coap, "coap://224.0.1.187/x")
    assert.are.equal(710, err.Code)
    assert.is_truthy(err.Message:find("224.0.1.187 is a multicast group", 1, true), err.Message)
    assert.are.equal(0, #coap.PendingRequests)
  end)

  it("may not send while it listens, nor a server act before it does: 712", function()
    local coap = server {}
    local _, err = pcall(coap.Get, coap, "coap://127.0.0.1/")
    assert.are.equal(712, err.Code)
    local other = component()
    other.ResponseCode = "2.05"
    _, err = pcall(other.SendNotification, other, "/x")
    assert.are.equal(712, err.Code)
    _, err = pcall(other.SendResponse, other, "1")
    assert.are.equal(712, err.Code)
  end)

  it("keeps Request* until Reset and clears Response* when a request is sent", function()
    local _, base = server { OnRequest = function(coap) coap.ResponseData = coap.RequestData end }
    local coap = client()
    coap.RequestData, coap.RequestContentFormat = "x", 0
    coap:Post(base .. "/")
    assert.are.equal("x", coap.RequestData)
    assert.are.equal("x", coap.ResponseData)
    coap.Timeout = 0
    coap:Post(base .. "/")
    assert.are.equal("", coap.ResponseData)
    until_true(function() return coap.ResponseData == "x" end)
    coap:CancelRequest(coap:Post(base .. "/"))
    assert.are.equal("", coap.ResponseData)
    coap:Reset()
    assert.are.equal("", coap.RequestData)
    assert.are.equal(-1, coap.RequestContentFormat)
    assert.are.equal(60, coap.Timeout)
  end)

  it("takes MessageId for the next message only; one in use raises 701", function()
    local ids = {}
    local _, base = server { LogLevel = 2, OnRequest = function(_, e) e.SendResponse = false end,
      OnLog = function(_, e) ids[#ids + 1] = e.Message:match("received from .*, id (%d+)") end }
    local coap = component { NStart = 9 }
    coap.Timeout = 0
    coap:Config("MessageId=77")
    assert.are.equal("77", coap:Config("MessageId"))
    coap:Get(base .. "/")
    coap:Get(base .. "/")
    coap:Config("MessageId=77")
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal(701, err.Code)
    until_true(function() return #ids >= 2 end)
    assert.are.equal("77", ids[1])
    assert.are_not.equal("77", ids[2])
  end)

  it("sends an empty token with UseEmptyToken, and lets a second request wait", function()
    local tokens = {}
    local _, base = server { OnRequest = function(_, e)
      tokens[#tokens + 1] = #e.TokenB
      lunacoap.sleep(0.02)
    end }
    local coap = component { UseEmptyToken = true, NStart = 9 }
    local seen = {}
    coap.Timeout = 0
    coap.OnRequestComplete = collect(seen, "RequestId")
    coap:Get(base .. "/")
    coap:Get(base .. "/")
    until_true(function() return #seen == 2 end)
    assert.are.same({ 0, 0 }, tokens)
  end)

  it("lets a literal address decide its family, and prefers A for a name", function()
    local _, six = server { LocalHost = "::1", OnRequest = function(coap, e) coap.ResponseData = e.RemoteHost end }
    local four = server { OnRequest = function(coap, e) coap.ResponseData = e.RemoteHost .. " " .. e.URIHost end }
    local coap = client()
    coap:Get(six .. "/")
    assert.are.equal("::1", coap.ResponseData)
    local other = client()
    other:Get(("coap://localhost:%d/"):format(four.LocalPort))
    assert.are.equal("127.0.0.1 localhost", other.ResponseData)
    other:Get(six .. "/") -- the idle IPv4 socket makes way
    assert.are.equal("::1", other.ResponseData)
  end)

  it("reads back what was bound, and changes it only while closed: 712", function()
    local coap, base = server {}
    assert.are.equal("127.0.0.1", coap.LocalHost)
    assert.are.equal(base, "coap://127.0.0.1:" .. coap:Config("LocalPort"))
    local _, err = pcall(function() coap.LocalPort = 1 end)
    assert.are.equal(712, err.Code)
    local other = component { LocalHost = "127.0.0.1", LocalPort = coap.LocalPort }
    _, err = pcall(other.StartListening, other)
    assert.are.equal(10048, err.Code)
    other.LocalPort, other.LocalHost = 0, "203.0.113.7"
    _, err = pcall(other.StartListening, other)
    assert.are.equal(10049, err.Code)
  end)

  it("raises 11001 for a host that is not found", function()
    local coap = client()
    local _, err = pcall(coap.Get, coap, "coap://no.such.host.invalid/")
    assert.are.equal(11001, err.Code)
  end)

  it("raises 702 for an answer beyond MaxBodySize", function()
    local _, base = server { OnRequest = function(coap) coap.ResponseData = ("x"):rep(5000) end }
    local coap = client { MaxBodySize = 4000 }
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal(702, err.Code)
  end)

  it("lets Timeout start anew with each message, or bounds the call with AbsoluteTimeout", function()
    -- The empty ACK comes after 0.3 s, the answer 0.3 s later.
    local _, base = server { PiggybackDelay = 0.3, OnRequest = function() lunacoap.sleep(0.6) end }
    local coap = client()
    coap.Timeout = 0.45
    pcall(coap.Get, coap, base .. "/")
    assert.are.equal("4.04", coap.ResponseCode)
    coap:Config("AbsoluteTimeout=True")
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal(301, err.Code)
  end)
end)

describe("a server", function()
  it("chooses the code that was left empty by data and method; without any answer it is 4.04", function()
    local _, base = server { OnRequest = function(coap, e)
      if e.URIPath == "/data" then coap.ResponseData = "x" end
    end }
    local coap = client()
    local codes = {}
    for _, method in ipairs { 1, 2, 3, 4, 5, 6, 7 } do
      coap:SendCustomRequest(base .. "/data", method)
      codes[method] = coap.ResponseCode
    end
    assert.are.same({ "2.05", "2.04", "2.04", "2.02", "2.05", "2.04", "2.04" }, codes)
    pcall(coap.Get, coap, base .. "/nothing")
    assert.are.equal("4.04", coap.ResponseCode)
  end)

  it("answers 4.04 without OnRequest, and 4.05 to a method that nobody knows (RFC 7252 5.8)", function()
    local deaf, base = server {}
    local coap = client()
    local function ask(method)
      pcall(coap.SendCustomRequest, coap, base .. "/", method)
      return coap.ResponseCode
    end
    assert.are.same({ "4.04", "4.04", "4.05", "4.05" }, { ask(1), ask(7), ask(8), ask(31) })
    deaf.OnRequest = function() end
    assert.are.same({ "4.04", "4.05" }, { ask(7), ask(8) })
    deaf.OnRequest = function(self) self.ResponseCode = "2.04" end
    assert.are.equal("2.04", ask(8))
  end)

  it("answers 5.00 when a handler leaves what cannot be sent, and tells OnError what and for which path", function()
    local errors = {}
    local _, base = server { OnError = collect(errors, "ErrorCode", "Description"), OnRequest = function(coap, e)
      if e.URIPath == "/late" then lunacoap.sleep(0.1) end
      coap.ResponseData = "x"
      coap.ResponseOptions = { { Number = 4, Value = "0a" }, { Number = 4, Value = "0b" } }
    end }
    local coap = client()
    for _, path in ipairs { "/now", "/late" } do
      local _, err = pcall(coap.Get, coap, base .. path)
      assert.are.equal("5.00 Internal Server Error", err.Message)
      local told = table.remove(errors)
      assert.are.equal(701, told.ErrorCode)
      assert.is_truthy(told.Description:find("ETag is there already.* %(in the response to " .. path .. "%)$"),
        told.Description)
    end
  end)

  it("answers 5.00 without internals when a handler raises, tells OnError, and goes on", function()
    local errors = {}
    local _, base = server { OnRequest = function(coap, e)
      if e.URIPath == "/bad" then error("secret") end
      coap.ResponseData = "fine"
    end, OnError = collect(errors, "ErrorCode", "Description") }
    local coap = client()
    pcall(coap.Get, coap, base .. "/bad")
    assert.are.equal("5.00", coap.ResponseCode)
    assert.are.equal("", coap.ResponseData)
    assert.is_truthy(errors[1].Description:find("secret", 1, true))
    assert.is_truthy(errors[1].Description:find("stack traceback", 1, true))
    coap:Get(base .. "/good")
    assert.are.equal("fine", coap.ResponseData)
  end)

  it("answers 5.00 when the response cannot be encoded, and tells OnError why", function()
    local errors = {}
    local _, base = server { OnRequest = function(coap)
      coap.ResponseContentFormat = 0
      coap.ResponseOptions:Add(lunacoap.CoAPOption(12, 40))
    end, OnError = collect(errors, "ErrorCode") }
    local coap = client()
    local _, err = pcall(coap.Get, coap, base .. "/")
    assert.are.equal("5.00 Internal Server Error", err.Message)
    assert.are.same({ { ErrorCode = 701 } }, errors)
  end)

  it("answers later by SendResponse, which ResponseComplete tells; an Id answered once is 706", function()
    local done, id = {}, nil
    local coap, base = server { OnRequest = function(_, e)
      e.SendResponse = false
      id = e.RequestId
    end, OnResponseComplete = collect(done, "RequestId", "ErrorCode") }
    local asker = component()
    asker.Timeout = 0
    local answers = {}
    asker.OnRequestComplete = function(c) answers[#answers + 1] = c.ResponseCode .. c.ResponseData end
    asker:Get(base .. "/")
    until_true(function() return id end)
    assert.are.equal(1, #coap.PendingRequests)
    local _, err = pcall(coap.SendResponse, coap, id)
    assert.are.equal(707, err.Code)
    coap.ResponseCode, coap.ResponseData = "2.05", "late"
    coap:SendResponse(id)
    until_true(function() return #answers == 1 and #done == 1 end)
    assert.are.same({ "2.05late" }, answers)
    assert.are.same({ { RequestId = id, ErrorCode = 0 } }, done)
    _, err = pcall(coap.SendResponse, coap, id)
    assert.are.equal(706, err.Code)
  end)

  it("replaces the automatic answer by SendResponse or CancelRequest inside the handler", function()
    local done = {}
    local _, base = server { OnResponseComplete = collect(done, "ErrorCode"), OnRequest = function(coap, e)
      coap.ResponseCode, coap.ResponseData = "2.05", "first"
      if e.URIPath == "/cancel" then coap:CancelRequest(e.RequestId) else coap:SendResponse(e.RequestId) end
      coap.ResponseData = "second"
    end }
    local coap = client()
    coap:Get(base .. "/send")
    assert.are.equal("first", coap.ResponseData)
    coap.Timeout = 0.1
    local _, err = pcall(coap.Get, coap, base .. "/cancel")
    assert.are.equal(301, err.Code)
    until_true(function() return #done == 2 end)
    assert.are.equal(711, done[2].ErrorCode)
  end)

  it("refuses what is more than MaxPendingRequests, and gives up after PendingTimeout", function()
    local done = {}
    local _, base = server { MaxPendingRequests = 1, PendingTimeout = 0.2,
      OnRequest = function(_, e) e.SendResponse = false end,
      OnResponseComplete = collect(done, "ErrorCode") }
    local first, second = component(), client()
    first.Timeout = 0
    first:Get(base .. "/")
    lunacoap.sleep(0.02)
    pcall(second.Get, second, base .. "/")
    assert.are.equal("5.03", second.ResponseCode)
    local ages = {}
    for _, option in ipairs(second.ResponseOptions) do ages[option.Number] = option.Value end
    assert.is_truthy(tonumber(ages[14]))
    until_true(function() return #done == 1 end)
    assert.are.equal(301, done[1].ErrorCode)
  end)

  it("answers bodies beyond MaxBodySize with 4.13", function()
    local _, base = server { MaxBodySize = 2000, OnRequest = function() error("not reached") end }
    local coap = client()
    coap.RequestData = ("x"):rep(5000)
    pcall(coap.Put, coap, base .. "/")
    assert.are.equal("4.13", coap.ResponseCode)
  end)

  it("takes no new requests after StopListening, but answers pending ones", function()
    local id
    local coap, base = server { OnRequest = function(_, e)
      e.SendResponse = false
      id = e.RequestId
    end }
    local asker, late = component(), client()
    local got
    asker.Timeout = 0
    asker.OnRequestComplete = function(c) got = c.ResponseCode end
    asker:Get(base .. "/")
    until_true(function() return id end)
    coap:StopListening()
    pcall(late.Get, late, base .. "/")
    assert.are.equal("5.03", late.ResponseCode)
    coap.ResponseCode = "2.04"
    coap:SendResponse(id)
    until_true(function() return got end)
    assert.are.equal("2.04", got)
  end)

  it("shows paths and queries unambiguously", function()
    local seen = {}
    local _, base = server { OnRequest = collect(seen, "URIPath", "URIQuery", "URIHost", "URIPort") }
    local coap = client()
    for _, uri in ipairs { "", "/a/b", "/a%2Fb%25/%C3%A4?x=1&y=%26%25&z=%20" } do
      pcall(coap.Get, coap, base .. uri)
    end
    assert.are.equal("/", seen[1].URIPath)
    assert.are.equal("", seen[1].URIQuery)
    assert.are.equal("/a/b", seen[2].URIPath)
    assert.are.equal("/a%2Fb%25/ä", seen[3].URIPath)
    assert.are.equal("x=1&y=%26%25&z= ", seen[3].URIQuery)
    assert.are.equal("127.0.0.1", seen[1].URIHost)
    assert.are.equal(base, "coap://127.0.0.1:" .. seen[1].URIPort)
  end)
end)
