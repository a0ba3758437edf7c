local probe = require "lunacoap.probe"
local text, wire, base = probe.text, probe.wire, probe.base

local HOST, PORT, PATH, QUERY = 3, 7, 11, 15

---The options of a URI as { {number, value}, ... }.
local function options(uri)
  return wire.options(assert(text.uri_options(uri)))
end

---Only the values of one option of a URI.
local function values(uri, number)
  local list = {}
  for _, option in ipairs(options(uri)) do
    if option[1] == number then list[#list + 1] = option[2] end
  end
  return list
end

---Encoded options from pairs.
local function encoded(...)
  local bytes = ""
  for _, option in ipairs { ... } do bytes = wire.add_option(bytes, option[1], option[2]) end
  return bytes
end

describe("reading a URI", function()
  it("takes it apart (RFC 7252 6.1, 6.2)", function()
    assert.are.same({ secure = false, literal = false, port = 5683, host = "example.net",
      name = "example.net", path = "/.well-known/core", query = "rt=a&b" },
      text.uri "coap://example.net/.well-known/core?rt=a&b")
    assert.are.same({ secure = true, literal = false, port = 1234, host = "h", name = "h",
      path = "" },
      text.uri "coaps://h:1234")
  end)

  it("has the default ports 5683 and 5684, an empty port being none (RFC 7252 6.1, 6.2)", function()
    assert.are.equal(5683, text.uri("coap://h").port)
    assert.are.equal(5684, text.uri("coaps://h").port)
    assert.are.equal(5684, text.uri("coaps://h:/").port)
    assert.are.equal(65535, text.uri("coap://h:65535").port)
    assert.are.equal(80, text.uri("coap://h:0080").port)
  end)

  it("ignores the case of scheme and host (RFC 7252 6.3)", function()
    assert.is_true(text.uri("CoAPS://EXAMPLE.net").secure)
    assert.are.equal("example.net", text.uri("COAP://EXAMPLE.net").name)
  end)

  it("knows literal addresses (RFC 7252 6.4 step 5)", function()
    for _, case in ipairs { { "192.0.2.1", "192.0.2.1" }, { "[2001:db8::1]", "2001:db8::1" },
      { "[::FFFF:1.2.3.4]", "::ffff:1.2.3.4" } } do
      local uri = text.uri("coap://" .. case[1] .. ":61616/x")
      assert.is_true(uri.literal)
      assert.are.equal(case[2], uri.name)
      assert.are.equal(61616, uri.port)
      assert.are.equal("/x", uri.path)
    end
    for _, name in ipairs { "192.0.2", "192.0.2.256", "1.2.3.4.5", "01.2.3.4x" } do
      assert.is_false(text.uri("coap://" .. name).literal)
    end
  end)

  it("takes a zone behind %25 (RFC 6874) and behind a bare %", function()
    assert.are.equal("fe80::1%eth0", text.uri("coap://[fe80::1%25eth0]/").name)
    assert.are.equal("fe80::1%eth0", text.uri("coap://[FE80::1%eth0]:5683").name)
    assert.are.equal("fe80::1%Eth-0", text.uri("coap://[fe80::1%25Eth%2D0]").name)
    assert.are.equal("ff02::fd%3", text.uri("coap://[ff02::fd%3]").name)
    assert.are.equal("224.0.1.187%lo", text.uri("coap://224.0.1.187%25lo/").name)
    assert.is_true(text.uri("coap://224.0.1.187%25lo/").literal)
  end)

  it("decodes a host name", function()
    assert.are.equal("b\xc3\xbccher.example", text.uri("coap://B%C3%BCcher.example").name)
    assert.are.equal("b\xc3\xbccher.example", text.uri("coap://b\xc3\xbccher.example").name)
    assert.are.equal("a", text.uri("coap://%41").name)
  end)

  it("names what is wrong and what would be right", function()
    for uri, expected in pairs {
      [""] = "begins with its scheme and host, coap://HOST/PATH",
      ["/path"] = "begins with its scheme.*\"/path\"",
      ["example.net/a:b"] = "begins with its scheme",
      ["http://h/"] = "scheme is coap or coaps: \"http\"",
      ["coap+tcp://h/"] = "coap or coaps: \"coap%+tcp\"",
      ["localhost:5683/x"] = "coap or coaps: \"localhost\"",
      ["coap:h"] = "host follow the scheme",
      ["coap:/h"] = "host follow the scheme",
      ["coap://"] = "host is missing",
      ["coap:///a"] = "host is missing",
      ["coap://:5683/a"] = "host is missing",
      ["coap://me@h/"] = "no user information.*me@h",
      ["coap://h:port/"] = "number from 1 to 65535: \"port\"",
      ["coap://h:-1/"] = "number from 1 to 65535",
      ["coap://h:0/"] = "number from 1 to 65535: \"0\"",
      ["coap://h:65536/"] = "number from 1 to 65535: \"65536\"",
      ["coap://h:99999999999999999999/"] = "number from 1 to 65535",
      ["coap://::1/"] = "in brackets",
      ["coap://[::1/"] = "\"%]\" ends an IPv6 address",
      ["coap://[::1]5683"] = "only a port may follow.*\"5683\"",
      ["coap://[::g]/"] = "no IPv6 address.*%[::g%]",
      ["coap://[]/"] = "no IPv6 address",
      ["coap://[192.0.2.1]/"] = "no IPv6 address",
      ["coap://[v1.x]/"] = "no IPv6 address",
      ["coap://[fe80::1%25]/"] = "no IPv6 address",
      ["coap://[fe80::1%]/"] = "no IPv6 address",
      ["coap://h/a#b"] = "no fragment.*\"#b\"",
      ["coap://h#"] = "no fragment",
      ["coap://h/%zz"] = "two hexadecimal digits.*\"%%zz\"",
      ["coap://h/a%"] = "two hexadecimal digits",
      ["coap://h/?a%4"] = "two hexadecimal digits",
      ["coap://h%4/"] = "two hexadecimal digits",
      ["coap://h/a b"] = "0x20 is written %%20 in \"/a b\"",
      ["coap://h/?a=\"b\""] = "0x22 is written %%22",
      ["coap://h/{id}"] = "0x7b is written %%7B",
      ["coap://h/a\0b"] = "0x00 is written %%00",
      ["coap://h\\a/"] = "0x5c is written %%5C",
      ["coap://h%00.example/"] = "no zero byte",
      ["coap://" .. ("h"):rep(256)] = "at most 255 bytes",
    } do
      local result, code, message = text.uri(uri)
      assert.is_nil(result, uri)
      assert.are.equal(700, code)
      assert.matches(expected, message)
    end
  end)

  it("shows only the beginning of a long part that is wrong", function()
    local _, _, message = text.uri("coap://h/" .. (" "):rep(5000))
    assert.is_true(#message < 220)
  end)
end)

describe("the options of a URI", function()
  it("are those of the RFC's algorithm (RFC 7252 6.4)", function()
    assert.are.same({ { HOST, "example.net" }, { PATH, ".well-known" }, { PATH, "core" },
      { QUERY, "rt=a" }, { QUERY, "b" } },
      options "coap://example.net/.well-known/core?rt=a&b")
    assert.are.same({ { PATH, "x" } }, options "coap://[::1]:1234/x")
    assert.are.same({ { HOST, "h" } }, options "coap://H:1234")
    assert.are.same({}, options "coap://192.0.2.1")
  end)

  it("keep empty segments, but no path and \"/\" are none (RFC 7252 6.4 step 8)", function()
    assert.are.same({}, values("coap://h", PATH))
    assert.are.same({}, values("coap://h/", PATH))
    assert.are.same({ "", "" }, values("coap://h//", PATH))
    assert.are.same({ "a", "" }, values("coap://h/a/", PATH))
    assert.are.same({ "", "a" }, values("coap://h//a", PATH))
    assert.are.same({ "a", "", "b" }, values("coap://h/a//b", PATH))
  end)

  it("split the query at every &; an empty one is one argument (RFC 7252 6.4 step 9)", function()
    assert.are.same({}, values("coap://h/", QUERY))
    assert.are.same({ "" }, values("coap://h/?", QUERY))
    assert.are.same({ "a", "", "b=1/2?c", "" }, values("coap://h?a&&b=1/2?c&", QUERY))
    assert.are.same({}, values("coap://h?a", PATH))
  end)

  it("are decoded after splitting; + stays + (RFC 7252 6.4)", function()
    assert.are.same({ "a/b", "%", "c+d", "\xc3\xbc", "\0" },
      values("coap://h/a%2Fb/%25/c+d/%C3%bc/%00", PATH))
    assert.are.same({ "a&b=1+2", "%41", "\xc3\xbc" },
      values("coap://h/?a%26b=1+2&%2541&\xc3\xbc", QUERY))
  end)

  it("have no dot segments, encoded or not (RFC 7252 5.10.1, RFC 3986 5.2.4)", function()
    for path, expected in pairs {
      ["/a/b/../c"] = { "a", "c" },
      ["/a/./b"] = { "a", "b" },
      ["/a/."] = { "a", "" },
      ["/a/b/.."] = { "a", "" },
      ["/a/.."] = {},
      ["/."] = {},
      ["/.."] = {},
      ["/../../a"] = { "a" },
      ["/a//.."] = { "a", "" },
      ["/a/../"] = {},
      ["/a/%2e%2E/b"] = { "b" },
      ["/a/%2e/b"] = { "a", "b" },
      ["/.../..a"] = { "...", "..a" },
      ["/a/..//"] = { "", "" },
    } do
      assert.are.same(expected, values("coap://h" .. path, PATH), path)
      assert.are.same(expected, values("coap://192.0.2.1" .. path, PATH), path)
    end
  end)

  it("hold parts of up to 255 bytes, counted after decoding (RFC 7252 5.10.1, 5.10.2)", function()
    local full = ("%61"):rep(255)
    assert.are.same({ ("a"):rep(255) }, values("coap://h/" .. full, PATH))
    assert.are.same({ ("a"):rep(255) }, values("coap://h/?" .. full, QUERY))
    for uri, expected in pairs {
      ["coap://h/b/" .. full .. "a"] = "segment",
      ["coap://h/?b&" .. full .. "a"] = "argument",
    } do
      local result, code, message = text.uri_options(uri)
      assert.is_nil(result)
      assert.are.equal(700, code)
      assert.matches(expected .. ".*at most 255 bytes", message)
    end
  end)

  it("fit whatever the URI consists of", function()
    for _, uri in ipairs { "coap://h" .. ("/"):rep(3000), "coap://1.1.1.1?" .. ("&"):rep(3000),
      "coap://h/" .. ("123456789abcd/"):rep(300), "coap://h/.", "coap://1.1.1.1/.?",
      "coap://1.1.1.1/?" .. ("x"):rep(255) } do
      local bytes = text.uri_options(uri)
      assert.is_truthy(wire.options(bytes))
    end
    assert.are.equal(3001, #values("coap://1.1.1.1?" .. ("&"):rep(3000), QUERY))
  end)
end)

describe("the URI of a request", function()
  it("is composed of its options (RFC 7252 6.5)", function()
    assert.are.equal("coap://example.net/a/b?c&d=1",
      text.compose(encoded({ HOST, "example.net" }, { PATH, "a" }, { PATH, "b" }, { QUERY, "c" },
        { QUERY, "d=1" })))
    assert.are.equal("coaps://h:5683/",
      text.compose(encoded { HOST, "h" }, "192.0.2.1", 5683, true))
  end)

  it("has its destination where options are silent (RFC 7252 6.5 steps 3, 5)", function()
    assert.are.equal("coap://192.0.2.7:61616/", text.compose("", "192.0.2.7", 61616))
    assert.are.equal("coap://[2001:db8::1]/", text.compose("", "[2001:db8::1]", 5683))
    assert.are.equal("coap://[fe80::1%25eth0]/", text.compose("", "[fe80::1%eth0]", 5683))
    assert.are.equal("coap://192.0.2.7:7/", text.compose(encoded { PORT, 7 }, "192.0.2.7", 61616))
    assert.are.equal("coap://192.0.2.7/", text.compose(encoded { PORT, 5683 }, "192.0.2.7", 61616))
  end)

  it("encodes what would be taken for a delimiter, and all beyond ASCII (RFC 7252 6.5)", function()
    assert.are.equal("coap://192.0.2.1/a%2Fb/%25/%3F%23/c+d:@/%C3%BC?x%26y/?:@+&%23",
      text.compose(encoded({ PATH, "a/b" }, { PATH, "%" }, { PATH, "?#" }, { PATH, "c+d:@" },
        { PATH, "\xc3\xbc" },
        { QUERY, "x&y/?:@+" }, { QUERY, "#" })))
  end)

  it("has its host in lower case and encoded, whatever a peer sends", function()
    assert.are.equal("coap://example.net/", text.compose(encoded { HOST, "EXAMPLE.net" }))
    assert.are.equal("coap://a%2Fb%3A%40/", text.compose(encoded { HOST, "a/b:@" }))
    assert.are.equal("coap://[2001:db8::1]/", text.compose(encoded { HOST, "[2001:DB8:0::1]" }))
    assert.are.equal("coap://%5Bnonsense%5D/", text.compose(encoded { HOST, "[nonsense]" }))
  end)

  it("keeps empty segments and arguments", function()
    assert.are.equal("coap://192.0.2.1//", text.compose(encoded({ PATH, "" }, { PATH, "" })))
    assert.are.equal("coap://192.0.2.1/a/?&",
      text.compose(encoded({ PATH, "a" }, { PATH, "" }, { QUERY, "" }, { QUERY, "" })))
  end)

  it("gives the same options when it is read again", function()
    math.randomseed(7252)
    local function part()
      local bytes = {}
      for i = 1, math.random(0, 12) do bytes[i] = string.char(math.random(0, 255)) end
      local segment = table.concat(bytes)
      return (segment == "." or segment == "..") and "x" or segment
    end
    for _ = 1, 400 do
      local list = { { HOST, "h" }, { PATH, "p" } }
      for _ = 1, math.random(0, 3) do list[#list + 1] = { PATH, part() } end
      for _ = 1, math.random(0, 3) do list[#list + 1] = { QUERY, part() } end
      local bytes = encoded(table.unpack(list))
      assert.are.equal(bytes, text.uri_options(text.compose(bytes)))
    end
  end)
end)

describe("the normal form of a URI", function()
  it("is the same for all ways to write one URI (RFC 7252 6.3)", function()
    for _, uri in ipairs { "coap://example.com:5683/~sensors/temp.xml",
      "coap://EXAMPLE.com/%7Esensors/temp.xml",
      "coap://EXAMPLE.com:/%7esensors/temp.xml", "COAP://example.com/x/../~sensors/./temp.xml" } do
      assert.are.equal("coap://example.com/~sensors/temp.xml", text.normalise(uri))
    end
  end)

  it("has a path, a port only where it is not the default, and the shortest address", function()
    assert.are.equal("coap://h/", text.normalise "coap://h")
    assert.are.equal("coaps://h:5683/?a", text.normalise "coaps://h:5683?a")
    assert.are.equal("coap://[2001:db8::1]:1/", text.normalise "coap://[2001:DB8:0:0::0001]:1")
    assert.are.equal("coap://192.0.2.1/", text.normalise "coap://192.0.2.1:5683")
    assert.are.equal("coap://[fe80::1%25eth0]/", text.normalise "coap://[FE80:0::1%eth0]")
  end)

  it("is its own normal form", function()
    for _, uri in ipairs { "coap://h/a%2fb/\xc3\xbc?a+b&%26", "coap://[fe80::1%25e]:7//",
      "coaps://1.2.3.4/?" } do
      local once = text.normalise(uri)
      assert.are.equal(once, text.normalise(once))
    end
  end)

  it("does not exist for what is no URI", function()
    assert.are.equal(700, select(2, text.normalise "http://h/"))
    assert.are.equal(700, select(2, text.normalise("coap://h/" .. ("x"):rep(256))))
  end)
end)

describe("path and query for scripts", function()
  it("are unambiguous: only the delimiter and % stay encoded", function()
    local bytes = encoded({ PATH, "a/b" }, { PATH, "50%" }, { PATH, "\xc3\xbc ?#" },
      { QUERY, "a=1" }, { QUERY, "x&y%/" })
    assert.are.equal("/a%2Fb/50%25/\xc3\xbc ?#", text.path(bytes))
    assert.are.equal("a=1&x%26y%25/", text.query(bytes))
  end)

  it("are \"/\" and \"\" when the options are absent", function()
    assert.are.equal("/", text.path "")
    assert.are.equal("", text.query "")
    assert.are.equal("/", text.path(encoded({ HOST, "h" }, { QUERY, "a" })))
    assert.are.equal("//", text.path(encoded({ PATH, "" }, { PATH, "" })))
  end)
end)

describe("a URI when memory runs out", function()
  after_each(function() base.fail_after() end)

  ---Calls f with 0, 1, 2, ... allocations left until it succeeds; no try may leave a block behind.
  local function sweep(f)
    local before = base.blocks()
    for count = 0, 50 do
      base.fail_after(count)
      local result, code = f()
      base.fail_after()
      assert.are.equal(before, base.blocks())
      if result then return count end
      assert.is_true(code == nil or code == 10055)
    end
    error "it never succeeded"
  end

  it("is an error and leaves nothing behind", function()
    local uri = "coap://[fe80::1%25eth0]/" .. ("segment%20/"):rep(20) .. "?"
      .. ("argument&"):rep(20)
    local bytes = text.uri_options(uri)
    assert.is_true(sweep(function() return text.uri(uri) end) >= 1)
    assert.is_true(sweep(function() return text.uri_options(uri) end) >= 2)
    assert.is_true(sweep(function() return text.normalise(uri) end) >= 4)
    assert.is_true(sweep(function() return text.compose(bytes) end) >= 1)
    assert.is_true(sweep(function() return text.path(bytes) end) >= 1)
    assert.is_true(sweep(function() return text.query(bytes) end) >= 1)
  end)
end)

describe("hostile URIs", function()
  it("never do harm", function()
    math.randomseed(6874)
    local alphabet = { "coap", "s", ":", "//", "[", "]", "%", "25", "::", "1", "/", ".", "..", "?",
      "&", "@", "#", "\0", "\xff", "h" }
    local good = 0
    for _ = 1, 4000 do
      local parts = { math.random(3) > 1 and "coap://" or "" }
      for _ = 1, math.random(10) do parts[#parts + 1] = alphabet[math.random(#alphabet)] end
      local uri = table.concat(parts)
      local normal, code = text.normalise(uri)
      if normal then
        good = good + 1
        assert.are.equal(normal, text.normalise(normal), uri)
      else
        assert.are.equal(700, code)
      end
    end
    assert.is_true(good > 50)
  end)
end)
