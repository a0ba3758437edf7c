-- lunacoap.linkformat: links as tables.

local lunacoap = require "lunacoap"
local scarcity = require "spec.support.scarcity"

local linkformat = lunacoap.linkformat

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("linkformat.parse", function()
  it("reads links with their parameters (RFC 6690 5)", function()
    assert.are.same({
      { target = "/sensors", ct = "40", title = "Sensor Index" },
      { target = "/sensors/temp", rt = "temperature-c", ["if"] = "sensor", obs = true },
    }, linkformat.parse('</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c";if="sensor";obs'))
  end)

  it("reads nothing as no links", function()
    assert.are.same({}, linkformat.parse(""))
  end)

  it("unescapes quoted values", function()
    assert.are.equal('a "b" \\', linkformat.parse [[</x>;title="a \"b\" \\"]][1].title)
    assert.are.equal("a, b; c", linkformat.parse '</x>;title="a, b; c"'[1].title)
  end)

  it("takes the first of what may not be repeated (RFC 6690 2), and lists the rest", function()
    local link = linkformat.parse '</x>;rt="a";rt="b";hreflang=de;hreflang=en;hreflang=fr;target=no'[1]
    assert.are.same({ target = "/x", rt = "a", hreflang = { "de", "en", "fr" } }, link)
    for _, name in ipairs { "rel", "rt", "if", "sz", "media", "title", "title*", "type" } do
      assert.are.same({ target = "/x", [name] = "1" }, linkformat.parse(("</x>;%s=1;%s=2"):format(name, name))[1])
    end
  end)

  it("says where a text is malformed", function()
    local links, message = linkformat.parse "</a>;rt=x,b"
    assert.is_nil(links)
    assert.are.equal("malformed link-format at byte 11, before: b", message)
    assert.are.equal("malformed link-format at byte 6: the text ends too early", select(2, linkformat.parse "</a>;"))
    for _, text in ipairs { "a", "<a", "<a>;", "<a>,", '<a>;t="x', "<a>;=x", "<a>;rt=" } do
      assert.is_nil((linkformat.parse(text)))
    end
  end)

  it("takes a string", function()
    assert.are.equal("1: linkformat.parse takes the text of links, not nil", raised(linkformat.parse, nil))
  end)
end)

describe("linkformat.format", function()
  it("writes links, parameters in the order of their names", function()
    assert.are.equal('</temp>;ct=50;if="sensor";obs;rt="temperature";sz=12,</light>',
      linkformat.format { { target = "/temp", rt = "temperature", ["if"] = "sensor", ct = 50, sz = "12", obs = true, hidden = false },
        { target = "/light" } })
    assert.are.equal("", linkformat.format {})
  end)

  it("quotes what needs it, and never a language or a value with a character set (RFC 6690 2)", function()
    assert.are.equal([[</x>;hreflang=de;title="a \"b\" \\";title*=UTF-8''x]],
      linkformat.format { { target = "/x", title = 'a "b" \\', hreflang = "de", ["title*"] = "UTF-8''x" } })
    assert.are.equal('</x>;ct="40 60"', linkformat.format { { target = "/x", ct = "40 60" } })
  end)

  it("repeats a parameter for each value of a list", function()
    assert.are.equal('</x>;hreflang=de;hreflang=en', linkformat.format { { target = "/x", hreflang = { "de", "en" } } })
  end)

  it("writes what parse reads back", function()
    local text = [[</a>;ct="40 60";obs;rt="x y";title="\"",</b%20c>;hreflang=de;hreflang=en]]
    assert.are.equal(text, linkformat.format(linkformat.parse(text)))
  end)

  it("names the link that is wrong", function()
    assert.are.equal("1: linkformat.format takes a list of links, not 'x'", raised(linkformat.format, "x"))
    for _, bad in ipairs { { {} }, { "x" }, { { target = 5 } } } do
      assert.truthy(raised(linkformat.format, bad):find("link 1: a link is a table with its target", 1, true))
    end
    assert.are.equal("1: link 2: 'a b' is no name of a parameter",
      raised(linkformat.format, { { target = "/" }, { target = "/", ["a b"] = "x" } }))
    assert.truthy(raised(linkformat.format, { { target = "/", [1] = "x" } }):find("link 1: 1 is no name", 1, true))
    assert.truthy(raised(linkformat.format, { { target = "/", rt = print } }):find("link 1: 'rt' takes a string", 1, true))
    assert.truthy(raised(linkformat.format, { { target = "/", rt = { {} } } }):find("link 1: 'rt' takes a string", 1, true))
  end)
end)

describe("linkformat.filter", function()
  local LINKS = '</a>;rt="temp indoor";ct=40,</b>;rt="light",</c>;rt="temperature"'

  it("keeps the links that a query asks for (RFC 6690 4.1)", function()
    assert.are.equal('</a>;rt="temp indoor";ct=40', linkformat.filter(LINKS, "rt=indoor"))
    assert.are.equal('</a>;rt="temp indoor";ct=40,</c>;rt="temperature"', linkformat.filter(LINKS, "rt=temp*"))
    assert.are.equal('</b>;rt="light"', linkformat.filter(LINKS, "href=/b"))
    assert.are.equal("", linkformat.filter(LINKS, "rt=none"))
  end)

  it("says where a text is malformed, also behind a match", function()
    local text, message = linkformat.filter("</a>;rt=x,oops", "rt=x")
    assert.is_nil(text)
    assert.truthy(message:find("byte 11", 1, true))
  end)

  it("takes two strings", function()
    assert.truthy(raised(linkformat.filter, LINKS):find("linkformat.filter takes a query like \"rt=temp*\", not nil", 1, true))
  end)
end)

it("linkformat.format is not led astray by a finalizer that changes the links it writes", function()
  for round = 1, 10 do
    local links, calls = {}, 0
    for i = 1, 2000 do
      links[i] = { target = "/a", ct = "1", rt = "x" }
    end
    local function finalize()
      calls = calls + 1
      for i = 1, calls == round and #links or 0 do
        links[i][{}] = 1
      end
      if calls < round then
        setmetatable({}, { __gc = finalize })
      end
    end
    collectgarbage("incremental", 1, 1000)
    collectgarbage()
    setmetatable({}, { __gc = finalize })
    local ok, result = pcall(linkformat.format, links)
    collectgarbage("incremental", 200, 100)
    assert.matches(ok and "^</a>;ct=1;rt=\"x\"," or "link %d+: a table is no name of a parameter", tostring(result))
  end
end)

describe("a lack of memory in link-format", function()
  local function work()
    local text = linkformat.format { { target = "/x", title = ('"'):rep(200), ct = { 1, 2 } } }
    local links = assert(linkformat.parse(text .. ',</y>;a=1;a=2;a=3'))
    assert(links[2].a[3] == "3" and #links[1].title == 200)
    assert(#linkformat.filter(text, "ct=1") == #text)
  end

  it("raises, and leaks nothing, wherever it strikes", function()
    work()
    assert.is_true(scarcity.of_lua(work) >= 10)
    assert.is_true(scarcity.of_runtime(work) >= 3)
  end)
end)
