-- lunacoap.response, what handlers of a resource server return or raise.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

describe("lunacoap.response", function()
  it("is loaded when it is first asked for, and is what require gives", function()
    local child <close> = process.start(process.build_folder()
      .. "/lunacoap -e 'print(lunacoap.response == require \"lunacoap.response\")'")
    assert.are.equal("true\n", child:finish())
  end)

  it("keeps the code, the body and the fields", function()
    local made = lunacoap.response("2.01", "stored", { location = "/notes/3", max_age = 5 })
    assert.are.same({ "2.01", "stored", "/notes/3", 5 },
      { made.code, made.body, made.location, made.max_age })
    assert.is_true(lunacoap.response.is(made))
    assert.is_false(lunacoap.response.is({ code = "2.01" }))
    assert.is_false(lunacoap.response.is("2.01"))
  end)

  it("reads as code, name and text when it is printed", function()
    assert.are.equal("4.09 Conflict: busy", tostring(lunacoap.response("4.09", "busy")))
    assert.are.equal("2.04 Changed", tostring(lunacoap.response("2.04")))
  end)

  for _, code in ipairs { "2.5", "9.99", "0.01", "2.32", "4.049", "" } do
    it(("does not take '%s' for a code"):format(code), function()
      local ok, message = pcall(lunacoap.response, code)
      assert.is_false(ok)
      assert.matches("needs a code such as \"2.05\" or \"4.04\", not '" .. code:gsub("%.", "%%."),
        message)
    end)
  end

  it("names a field that it does not know, and those that there are", function()
    local ok, message = pcall(lunacoap.response, "2.05", "x", { maxage = 3 })
    assert.is_false(ok)
    assert.matches("no field 'maxage': it takes etag, format, location, max_age and options", message)
  end)

  it("names a field that takes something else, at the line that says it", function()
    for message, fields in pairs {
      ["'etag' takes a string of 1 to 8 bytes, not '123456789'"] = { etag = "123456789" },
      ["'etag' takes a string of 1 to 8 bytes, not ''"] = { etag = "" },
      ["'format' takes a content-format by number or name, not 'jason'"] = { format = "jason" },
      ["'location' takes a path such as \"/notes/3\", not 3"] = { location = 3 },
      ["'max_age' takes whole seconds, not 2.5"] = { max_age = 2.5 },
      ["'max_age' takes whole seconds, not -1"] = { max_age = -1 },
      ["'options' takes a list of options, each { Number =, Value = }, not table:"] = {
        options = { Number = 7, Value = 1 } },
      ["fields are a table such as { max_age = 5 }"] = "text",
    } do
      local ok, wrong = pcall(function() lunacoap.response("2.05", "x", fields) end)
      assert.is_false(ok)
      assert.is_truthy(wrong:find(message, 1, true), wrong)
      assert.matches("^spec/scripts/response_spec.lua:%d+: ", wrong)
    end
  end)

  it("leaves other unknown fields of the module to their error", function()
    local ok, message = pcall(function() return lunacoap.spwn end)
    assert.is_false(ok)
    assert.matches("lunacoap has no field 'spwn'; did you mean 'spawn'", tostring(message))
  end)
end)
