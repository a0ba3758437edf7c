local probe = require "lunacoap.probe"
local base, component = probe.base, probe.component

describe("code pages", function()
  after_each(function() base.fail_after() end)

  -- Each row: page, the text in UTF-8, its bytes by the page's own table.
  local vectors = {
    { 65001, "é€", "é€" },
    { 65001, "\255\0", "\255\0" }, -- no conversion at all
    { 37, "A", "\xC1" },
    { 437, "é", "\x82" },
    { 850, "é", "\x82" },
    { 932, "ア", "\x83\x41" },
    { 950, "中", "\xA4\xA4" },
    { 1140, "€", "\x9F" },
    { 1200, "é", "\xE9\x00" },
    { 1201, "é", "\x00\xE9" },
    { 1251, "Ж", "\xC6" },
    { 1252, "é€", "\xE9\x80" },
    { 10000, "é", "\x8E" },
    { 12000, "é", "\xE9\0\0\0" },
    { 12001, "é", "\0\0\0\xE9" },
    { 20127, "plain", "plain" },
    { 20273, "ä", "\xC0" },
    { 20866, "ж", "\xD6" },
    { 21866, "ї", "\xA7" },
    { 28591, "é", "\xE9" },
    { 28605, "€", "\xA4" },
    { 50220, "あ", "\27$B$\"\27(B" },
    { 51932, "あ", "\xA4\xA2" },
    { 54936, "中", "\xD6\xD0" },
    { 65000, "é", "+AOk-" },
  }

  for _, row in ipairs(vectors) do
    local page, text, bytes = table.unpack(row)
    it(("turn text into bytes of page %d and back"):format(page), function()
      assert.are.equal(bytes, component.to_page(page, text))
      assert.are.equal(text, component.from_page(page, bytes))
    end)
  end

  it("convert nothing to nothing, and long text whole", function()
    for _, page in ipairs { 65001, 1252, 65000, 50220 } do
      assert.are.equal("", component.to_page(page, ""))
      assert.are.equal("", component.from_page(page, ""))
    end
    local long = ("aé€"):rep(5000)
    assert.are.equal(("a\xE9\x80"):rep(5000), component.to_page(1252, long))
    assert.are.equal(long, component.from_page(1252, component.to_page(1252, long)))
  end)

  it("refuse with 434 what has no place in the page", function()
    local ok, code, text = component.to_page(28591, "10 €")
    assert.are.same({ [2] = 434 }, { ok, code })
    assert.is_truthy(text:find("at byte 4", 1, true), text)
    ok, code = component.to_page(1252, "\255")
    assert.are.same({ [2] = 434 }, { ok, code })
  end)

  it("refuse with 434 bytes that are no text of the page", function()
    for _, case in ipairs { { 932, "\x83" }, { 1201, "\xD8\x00" }, { 20127, "\x80" } } do
      local ok, code = component.from_page(table.unpack(case))
      assert.are.same({ [2] = 434 }, { ok, code })
    end
  end)

  it("refuse with 434 a page that iconv lacks", function()
    local ok, code = component.to_page(57002, "a")
    assert.are.same({ [2] = 434 }, { ok, code })
  end)

  it("are the reference's, as many as glibc has", function()
    local values, known = component.values(), 0
    for _, page in ipairs(require("spec.support.reference_names").code_pages) do
      if values:set("CodePage", page) then
        known = known + 1
      end
    end
    values:free()
    assert.is_true(known >= 111, known .. " code pages")
  end)

  it("report memory that runs out, and leak none", function()
    local before = base.blocks()
    local count, result, code = 0
    repeat
      base.fail_after(count)
      result, code = component.to_page(1252, ("é"):rep(500))
      base.fail_after()
      assert.is_true(result ~= nil or code == 10055)
      assert.are.equal(before, base.blocks())
      count = count + 1
    until result
    assert.is_true(count > 1)
  end)
end)
