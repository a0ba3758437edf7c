-- Path patterns of a resource server.
local Router = require "lunacoap.server.router"

local function router_of(...)
  local router = Router.new()
  for _, pattern in ipairs { ... } do
    assert.is_true(router:add(Router.parse(pattern, 1), pattern))
  end
  return router
end

local function match(router, path)
  local target, params = router:match(path)
  return { target, params }
end

describe("a pattern", function()
  it("matches its literal path alone", function()
    local router = router_of("/", "/a", "/a/b")
    assert.are.same({ "/", {} }, match(router, "/"))
    assert.are.same({ "/a/b", {} }, match(router, "/a/b"))
    for _, path in ipairs { "/b", "/a/", "/a/b/c", "//", "/A" } do
      assert.are.same({ nil, {} }, match(router, path), path)
    end
  end)

  it("may be percent-encoded, or not", function()
    for pattern, path in pairs {
      ["/gr%C3%bcn"] = "/gr\u{fc}n", ["/a b"] = "/a b", ["/a%20b"] = "/a b", ["/a%2fb"] = "/a%2Fb",
      ["/50%25"] = "/50%25", ["/50%"] = "/50%25", ["/%7Bx%7D"] = "/{x}",
    } do
      assert.are.same({ pattern, {} }, match(router_of(pattern), path))
    end
  end)

  it("captures segments by name, decoded", function()
    local router = router_of("/sensors/{id}/{what}")
    assert.are.same({ "/sensors/{id}/{what}", { id = "3", what = "temp" } },
      match(router, "/sensors/3/temp"))
    assert.are.same({ id = "a/b", what = "50%" }, match(router, "/sensors/a%2Fb/50%25")[2])
    assert.is_nil(router:match("/sensors/3"))
    assert.is_nil(router:match("/sensors/3/temp/x"))
  end)

  it("captures an empty segment, which a path can have", function()
    assert.are.same({ id = "" }, match(router_of("/x/{id}"), "/x/")[2])
  end)

  it("captures the rest of a path as it stands", function()
    local router = router_of("/files/{path*}")
    assert.are.same({ path = "a/b%2Fc/d" }, match(router, "/files/a/b%2Fc/d")[2])
    assert.is_nil(router:match("/files"))
  end)

  it("that says more goes first, and one that leads nowhere is left again", function()
    local router = router_of("/{x}/b", "/a/{y}", "/a/c", "/{rest*}")
    assert.are.equal("/a/c", (router:match("/a/c")))
    assert.are.same({ "/a/{y}", { y = "b" } }, match(router, "/a/b"))
    assert.are.same({ "/{x}/b", { x = "z" } }, match(router, "/z/b"))
    assert.are.same({ "/{rest*}", { rest = "a/c/d" } }, match(router, "/a/c/d"))
    assert.are.same({ "/{rest*}", { rest = "z/y" } }, match(router, "/z/y"))
  end)

  it("cannot be added twice, whatever its names are", function()
    local router = router_of("/a/{x}")
    assert.is_false(router:add(Router.parse("/a/{y}", 1), "again"))
  end)

  it("is filled with values, encoded", function()
    local parts = Router.parse("/sensors/{id}/temp", 1)
    assert.are.equal("/sensors/a%2Fb%25/temp", Router.fill(parts, { id = "a/b%" }))
    assert.are.equal("/sensors/7/temp", Router.fill(parts, { id = 7 }))
    assert.are.equal("id", select(2, Router.fill(parts, {})))
  end)

  local WRONG = {
    ["a/b"] = "a path pattern is a string such as \"/sensors/{id}\", not 'a/b'",
    [""] = "not ''",
    ["/a/x{id}"] = "'x{id}' of the pattern '/a/x{id}' is not a whole {name}",
    ["/{1}"] = "'{1}' of the pattern '/{1}' is not a whole {name}",
    ["/{a}/{a}"] = "the pattern '/{a}/{a}' captures 'a' twice",
    ["/{a*}/b"] = "{a*} has to be the end of the pattern '/{a*}/b'",
  }
  for pattern, message in pairs(WRONG) do
    it(("'%s' is refused"):format(pattern), function()
      local ok, err = pcall(Router.parse, pattern, 1)
      assert.is_false(ok)
      assert.is_truthy(err:find(message, 1, true), err)
    end)
  end
end)
