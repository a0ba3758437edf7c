-- lunacoap.fleet.report.html.element: writes elements, and escapes what is none.

local h = require "lunacoap.fleet.report.html.element"

describe("an element", function()
  it("has attributes in order, texts, numbers, elements and lists of them", function()
    assert.are.equal('<td class="a" id="b">x3<b>y</b>z</td>',
      h("td", { id = "b", class = "a" }, "x", 3, h("b", nil, "y"), { false, { "z" } }, nil).markup)
  end)

  it("leaves out attributes and children that are false", function()
    assert.are.equal("<details open></details>", h("details", { open = true, class = false }, false, nil).markup)
  end)

  it("writes numbers of attributes with the digits they need", function()
    assert.are.equal('<rect height="8" width="12.35" x="0.5"></rect>',
      h("rect", { width = 12.3456, height = 8.0, x = 0.5 }).markup)
  end)

  it("escapes texts and attributes", function()
    assert.are.equal('<p title="&quot;&gt;&#39;">&lt;script&gt; &amp;amp;</p>', h("p", { title = "\">'" }, "<script> &amp;").markup)
  end)

  it("shows what cannot be seen, and what is no UTF-8, as numbers", function()
    assert.are.equal("<p>a\\x00\\x1b[2J \\xff \\xc2\\x9b \\xe2\\x80\\xae é\n\t</p>",
      h("p", nil, "a\0\27[2J \xff \u{9b} \u{202e} é\r\n\t").markup)
  end)

  it("has no end where HTML has none", function()
    assert.are.equal('<meta charset="utf-8">', h("meta", { charset = "utf-8" }).markup)
  end)
end)
