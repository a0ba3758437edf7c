local probe = require "lunacoap.probe"
local base, component, wire = probe.base, probe.component, probe.wire

local function options(list)
  local encoded = ""
  for _, option in ipairs(list) do
    encoded = wire.add_option(encoded, option[1], option[2])
  end
  return encoded
end

local function request(extra)
  local event = {
    name = "Register",
    local_host = "192.0.2.1", local_port = 5683,
    remote_host = "198.51.100.7", remote_port = 40000,
    options = "",
  }
  for key, value in pairs(extra or {}) do
    event[key] = value
  end
  return event
end

describe("the fields of an event", function()
  it("say who sent the request and what it carries", function()
    local event = request { name = "Request", method = 3, token = "t\0k", request_id = 12,
      flag = 1 }
    assert.are.equal("198.51.100.7", component.event(event, "RemoteHost"))
    assert.are.equal(40000, component.event(event, "RemotePort"))
    assert.are.equal(3, component.event(event, "Method"))
    assert.are.equal("t\0k", component.event(event, "Token"))
    assert.are.equal("t\0k", component.event(event, "TokenB"))
    assert.are.equal("12", component.event(event, "RequestId"))
    assert.is_true(component.event(event, "SendResponse"))
  end)

  it("show an IPv6 peer without brackets, with its zone", function()
    assert.are.equal("2001:db8::1",
      component.event(request { remote_host = "2001:db8::1" }, "RemoteHost"))
    assert.are.equal("fe80::1%1",
      component.event(request { remote_host = "fe80::1%1" }, "RemoteHost"))
  end)

  it("give path and query of the options, unambiguously", function()
    local event = request { options = options { { 11, "a/b" }, { 11, "c d%" }, { 15, "x=1&2" },
      { 15, "y=é" } } }
    assert.are.equal("/a%2Fb/c d%25", component.event(event, "URIPath"))
    assert.are.equal("x=1%262&y=é", component.event(event, "URIQuery"))
    assert.are.equal("/", component.event(request(), "URIPath"))
    assert.are.equal("", component.event(request(), "URIQuery"))
  end)

  it("give host and port of the options, else the address the request came to", function()
    local event = request { options = options { { 3, "Example.ORG" }, { 7, "\x27\x0f" } } }
    assert.are.equal("example.org", component.event(event, "URIHost"))
    assert.are.equal(9999, component.event(event, "URIPort"))
    assert.are.equal("192.0.2.1", component.event(request(), "URIHost"))
    assert.are.equal(5683, component.event(request(), "URIPort"))
    assert.are.equal("[2001:db8::1]",
      component.event(request { local_host = "2001:db8::1" }, "URIHost"))
    assert.are.equal("[fe80::1%251]",
      component.event(request { local_host = "fe80::1%1" }, "URIHost"))
  end)

  it("compose the normalised URI (RFC 7252 6.3 and 6.5)", function()
    local path = options { { 11, "obs" }, { 15, "a=1" } }
    assert.are.equal("coap://192.0.2.1/obs?a=1",
      component.event(request { options = path }, "URI"))
    assert.are.equal("coap://192.0.2.1:6000/obs?a=1",
      component.event(request { options = path, local_port = 6000 }, "URI"))
    assert.are.equal("coaps://[2001:db8::1]/", component.event(request {
      secure = 1, local_host = "2001:db8::1", local_port = 5684 }, "URI"))
    assert.are.equal("coap://example.org/obs",
      component.event(request { options = options { { 3, "EXAMPLE.org" }, { 11, "obs" } } }, "URI"))
  end)

  it("give the URI of a request that was sent as it is", function()
    assert.are.equal("coap://h/x", component.event({ name = "RequestComplete",
      uri = "coap://h/x" }, "URI"))
  end)

  it("tell the outcome of a request", function()
    local event = { name = "RequestComplete", number = 709, text = "4.04 Not Found",
      remote_host = "192.0.2.9", remote_port = 5683 }
    assert.are.equal(709, component.event(event, "ErrorCode"))
    assert.are.equal("4.04 Not Found", component.event(event, "ErrorDescription"))
    assert.are.equal("", component.event(event, "RequestId"))
    assert.are.equal("192.0.2.9", component.event(event, "RemoteHost"))
    assert.are.equal(5683, component.event(event, "RemotePort"))
  end)

  it("tell what a notification is", function()
    local event = { name = "Notification", uri = "coap://h/x", latest = 1 }
    assert.is_true(component.event(event, "IsLatest"))
    assert.is_false(component.event(event, "StopObserving"))
  end)

  it("tell how far a body is", function()
    local function fields(bytes, total)
      local event, values = { name = "Transfer", number = 1, bytes = bytes, total = total }, {}
      for i, name in ipairs { "Direction", "BytesTransferred", "PercentDone", "TotalBytes" } do
        values[i] = component.event(event, name)
      end
      return values
    end
    assert.are.same({ 1, 1024, 33, 3072 }, fields(1024, 3072))
    assert.are.same({ 1, 3071, 99, 3072 }, fields(3071, 3072))
    assert.are.same({ 1, 3072, 100, 3072 }, fields(3072, 3072))
    assert.are.same({ 1, 1024, -1, -1 }, fields(1024, 0))
    assert.are.same({ 1, 1 << 30, 100, 1 << 30 }, fields(1 << 30, 1 << 30))
  end)

  it("of certificates are empty without DTLS", function()
    local event = { name = "SSLServerAuthentication", text = "OK" }
    assert.are.equal("", component.event(event, "CertEncodedB"))
    assert.are.equal("OK", component.event(event, "Status"))
  end)

  it("report memory that runs out, and leak none", function()
    local before = base.blocks()
    for _, field in ipairs { "URI", "URIHost", "URIPath", "URIQuery", "RemoteHost", "Token" } do
      local event = request { token = "t", options = options { { 3, "h" }, { 11, "p" },
        { 15, "q" } } }
      base.fail_after(0)
      local value = component.event(event, field)
      base.fail_after()
      assert.is_nil(value, field)
      assert.are.equal(before, base.blocks())
    end
  end)
end)

describe("the table of events", function()
  it("describes each event in a sentence, with fields that can be made", function()
    for _, row in ipairs(component.events()) do
      assert.is_truthy(row.doc:find("^%u.*%.$"), row.name)
      for _, field in ipairs(row.fields) do
        local value = component.event({ name = row.name }, field.name)
        assert.are.equal(field.type == "integer" and "number" or field.type, type(value),
          row.name .. "." .. field.name)
      end
    end
  end)

  it("lets all but Log, Error, SSLStatus, PSKLookup and Transfer suspend", function()
    local told = { Log = true, Error = true, SSLStatus = true, PSKLookup = true, Transfer = true }
    for _, row in ipairs(component.events()) do
      assert.are.equal(not told[row.name], row.may_suspend, row.name)
    end
  end)
end)
