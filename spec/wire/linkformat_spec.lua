local probe = require "lunacoap.probe"
local text, base = probe.text, probe.base

-- Section 5 of RFC 6690 has the like.
local CORE = '</sensors>;ct=40;title="Sensor Index",'
  .. '</sensors/temp>;rt="temperature-c outdoor";if="sensor";obs,'
  .. '</t>;anchor="/sensors/temp";rel=alternate'

---Undoes the escapes of quoted values.
local function unescape(links)
  for _, link in ipairs(links) do
    for _, param in ipairs(link) do
      if param[3] then param[2] = text.unescape(param[2]) end
    end
  end
  return links
end

describe("reading link-format", function()
  it("takes links and their parameters apart (RFC 6690 2)", function()
    assert.are.same({
      { target = "/sensors", { "ct", "40", false }, { "title", "Sensor Index", true } },
      { target = "/sensors/temp", { "rt", "temperature-c outdoor", true }, { "if", "sensor", true },
        { "obs", false, false } },
      { target = "/t", { "anchor", "/sensors/temp", true }, { "rel", "alternate", false } },
    }, text.links(CORE))
  end)

  it("finds no links in nothing", function()
    assert.are.same({}, text.links "")
    assert.are.same({}, text.links " \n")
  end)

  it("takes delimiters inside quotes and targets as text", function()
    assert.are.same({ { target = "/a;b,c=d", { "title", "x,<y>;z=\\\"q\\\\", true } },
      { target = "/b" } },
      text.links [[</a;b,c=d>;title="x,<y>;z=\"q\\",</b>]])
    assert.are.equal([[x,<y>;z="q\]], text.unescape [[x,<y>;z=\"q\\]])
    assert.are.equal([[ab\]], text.unescape [[\a\b\]])
  end)

  it("skips white space around the separators", function()
    assert.are.same({ { target = "/a", { "x", "1", false } }, { target = "/b" } },
      text.links " </a> ; x=1 ,\r\n\t</b> ")
  end)

  it("takes star names and marks (RFC 6690 2: ext-name-star)", function()
    assert.are.same({ { target = "", { "title*", "UTF-8''%c3%bc", false } } },
      text.links "<>;title*=UTF-8''%c3%bc")
  end)

  it("tells where the text is malformed", function()
    for links, offset in pairs {
      ["/a"] = 0,
      ["<"] = 1,
      ["</a"] = 3,
      ["</a b>"] = 3,
      ["<<a>>"] = 1,
      ["</a>x"] = 4,
      ["</a>,"] = 5,
      ["</a>,,</b>"] = 5,
      [",</a>"] = 0,
      ["</a></b>"] = 4,
      ["</a>;"] = 5,
      ["</a>;;x"] = 5,
      ["</a>;=1"] = 5,
      ["</a>;x="] = 7,
      ["</a>;x=,</b>"] = 7,
      ['</a>;x="'] = 8,
      ['</a>;x="unterminated,</b>'] = 25,
      ['</a>;x="escaped\\"'] = 17,
      ['</a>;x="dangling\\'] = 17,
      ['</a>;x="a"b'] = 10,
      ["</a>;x=\xff"] = 7,
      ["</a>;x=a\0"] = 8,
    } do
      local result, at = text.links(links)
      assert.is_nil(result, links)
      assert.are.equal(offset, at, links)
    end
  end)

  it("survives every truncation", function()
    for len = 0, #CORE - 1 do
      local links = text.links(CORE:sub(1, len))
      if links then assert.is_true(#links < 3 or len > 100) end
    end
  end)

  it("never comes to harm, and what it reads can be written and read again", function()
    math.randomseed(6690)
    local alphabet = { "<", ">", "/a", ";", ",", "=", '"', "\\", " ", "rt", "obs", "1", "\0",
      "\xff", "*" }
    local good = 0
    for _ = 1, 4000 do
      local parts = { "</a>;rt" }
      for i = 1, math.random(10) do parts[i + 1] = alphabet[math.random(#alphabet)] end
      local links = text.links(table.concat(parts))
      if links then
        good = good + 1
        unescape(links)
        assert.are.same(links, unescape(text.links(text.write_links(links))))
      end
    end
    assert.is_true(good > 100)
  end)
end)

describe("writing link-format", function()
  it("makes what is read the same", function()
    assert.are.equal(CORE, text.write_links(text.links(CORE)))
  end)

  it("quotes where the characters or the grammar ask for it, and escapes", function()
    assert.are.equal([[</a>;sz=12;ct="0 40";title="x";anchor="/b";rt=r;x="";y="\"\\,"]],
      text.write_links { { target = "/a", { "sz", "12" }, { "ct", "0 40" }, { "title", "x" },
        { "anchor", "/b" }, { "rt", "r" },
        { "x", "" }, { "y", '"\\,' } } })
    assert.are.equal([[</a>;rt="r"]], text.write_links { { target = "/a", { "rt", "r", true } } })
  end)

  it("keeps a target from ending early", function()
    assert.are.equal("</a%3E%2C>", (text.write_links { { target = "/a>," } }:gsub(",", "%%2C")))
    assert.are.equal("</%20%3C%22%00\xc3\xbc>", text.write_links { { target = "/ <\"\0\xc3\xbc" } })
  end)

  it("refuses a name that is none", function()
    for _, name in ipairs { "", "a b", "a=", "a;", 'a"' } do
      assert.is_nil(text.write_links { { target = "/a", { name, "1" } } })
    end
  end)
end)

describe("filtering links", function()
  local TEMP = '</sensors/temp>;rt="temperature-c outdoor";if="sensor";obs'

  it("matches one of the relation types of a list (RFC 6690 4.1)", function()
    assert.are.equal(TEMP, text.filter(CORE, "rt=temperature-c"))
    assert.are.equal(TEMP, text.filter(CORE, "rt=outdoor"))
    assert.are.equal(TEMP, text.filter(CORE, "rt=temperature-c outdoor"))
    assert.are.equal("", text.filter(CORE, "rt=temperature"))
    assert.are.equal("", text.filter(CORE, "rt=door"))
    assert.are.equal('</a>;if="core.s core.rp"', text.filter('</a>;if="core.s core.rp"', "if=core.rp"))
    for _, name in ipairs { "rel", "rev" } do
      local link = ('</a>;%s="x  y"'):format(name)
      assert.are.equal(link, text.filter(link, name .. "=y"))
      assert.are.equal("", text.filter(link, name .. "="))
    end
    assert.are.equal("</b>;ct=\"0 40\"", text.filter("</a>;ct=400,</b>;ct=\"0 40\"", "ct=40"))
  end)

  it("matches other attributes whole (RFC 6690 4.1)", function()
    assert.are.equal("", text.filter(CORE, "title=Sensor"))
    assert.are.equal('</sensors>;ct=40;title="Sensor Index"',
      text.filter(CORE, "title=Sensor Index"))
  end)

  it("matches a prefix before * (RFC 6690 4.1)", function()
    assert.are.equal(TEMP, text.filter(CORE, "rt=temp*"))
    assert.are.equal(TEMP, text.filter(CORE, "rt=out*"))
    assert.are.equal("", text.filter(CORE, "rt=c*"))
    assert.are.equal("</a>;rt=x*y", text.filter("</a>;rt=x*y,</b>;rt=xy", "rt=x*y"))
    assert.are.equal(TEMP, text.filter(CORE, "if=*"))
    assert.are.equal(CORE, text.filter(CORE, "href=*"))
  end)

  it("compares href with the target (RFC 6690 4.1)", function()
    assert.are.equal(TEMP, text.filter(CORE, "href=/sensors/temp"))
    assert.are.equal('</sensors>;ct=40;title="Sensor Index",' .. TEMP,
      text.filter(CORE, "href=/sensors*"))
    assert.are.equal("", text.filter(CORE, "href=/sensor"))
  end)

  it("asks for presence by a name alone, or an attribute without value", function()
    assert.are.equal(TEMP, text.filter(CORE, "obs"))
    assert.are.equal(TEMP, text.filter(CORE, "obs="))
    assert.are.equal("", text.filter(CORE, "none"))
    assert.are.equal("", text.filter(CORE, ""))
  end)

  it("compares values without their escapes, and names by case", function()
    assert.are.equal([[</a>;title="\"q\""]], text.filter([[</a>;title="\"q\""]], 'title="q"'))
    assert.are.equal("", text.filter(CORE, "RT=outdoor"))
  end)

  it("fails on malformed text", function()
    assert.is_nil(text.filter('</a>;x="', "rt=a"))
  end)

  it("leaves nothing behind when memory runs out", function()
    local before = base.blocks()
    for count = 0, 5 do
      base.fail_after(count)
      local filtered = text.filter(CORE, "href=*")
      local written = text.write_links { { target = ("/a"):rep(50) } }
      base.fail_after()
      assert.are.equal(before, base.blocks())
      if count == 0 then
        assert.is_nil(filtered)
        assert.is_nil(written)
      end
    end
  end)
end)
