-- URIs as people type them.
local failure = require "lunacoap.command_line.failure"
local uri = require "lunacoap.command_line.uri"

describe("a URI on the command line", function()
  it("gets the scheme and the host that were left out", function()
    for typed, meant in pairs {
      ["localhost/time"] = "coap://localhost/time",
      ["localhost"] = "coap://localhost",
      ["h?a=b://c"] = "coap://h?a=b://c",
      ["[::1]/x"] = "coap://[::1]/x",
      ["[::1]:5700/x"] = "coap://[::1]:5700/x",
      ["::1/x:y"] = "coap://[::1]/x:y",
      ["fe80::1%eth0"] = "coap://[fe80::1%eth0]",
      [":5683/x"] = "coap://localhost:5683/x",
      [":5683"] = "coap://localhost:5683",
      ["/x"] = "coap://localhost/x",
      ["h:5683/a:b:c"] = "coap://h:5683/a:b:c",
      ["COAP://h/"] = "COAP://h/",
      ["coaps://h/"] = "coaps://h/",
    } do
      assert.are.equal(meant, uri.complete(typed, false))
    end
  end)

  it("is of coaps:// with options of DTLS", function()
    assert.are.equal("coaps://localhost/x", uri.complete("localhost/x", true))
    assert.are.equal("coaps://h", uri.complete("coaps://h", true))
    local ok, err = pcall(uri.complete, "coap://h/x", true)
    assert.is_false(ok)
    assert.are.equal(failure.MISUSE, err.status)
    assert.are.equal("options of DTLS need a coaps:// URI, and this is coap://h/x", tostring(err))
  end)

  it("names a group by its address", function()
    for _, group in ipairs { "coap://224.0.1.187/x", "coap://239.1.2.3:1/", "coap://[ff02::fd]/x", "coap://[FF05::FD%eth0]:1" } do
      assert.is_true(uri.is_multicast(group), group)
    end
    for _, one in ipairs { "coap://223.0.1.187/", "coap://224.example/", "coap://[fe80::fd]/", "coap://ff02.example/",
      "coap://h/224.0.1.187", "coap://1224.0.1.1/" } do
      assert.is_false(uri.is_multicast(one), one)
    end
  end)
end)
