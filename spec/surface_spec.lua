-- What spec/surface.lua writes is up to date, and tells of everything that there is.

local lunacoap = require "lunacoap"
local surface = require "spec.surface"
local names = require "spec.support.reference_names"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function first_of_each(rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = row[1]
  end
  table.sort(list)
  return list
end

local function sorted_keys(map)
  local list = {}
  for key in pairs(map) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

describe("the definitions for editors", function()
  local text = surface.definitions()

  it("are those that make surface writes now", function()
    assert.is_true(text == read("scripts/meta/lunacoap.lua"), "run make surface")
  end)

  it("are Lua, and declare each type that they use", function()
    assert(load(text, "=scripts/meta/lunacoap.lua"))
    local declared = {}
    for name in text:gmatch("%-%-%-@class ([%w_.]+)") do
      assert.is_nil(declared[name], name .. " is declared twice")
      declared[name] = true
    end
    for name in text:gmatch("%-%-%-@alias ([%w_.]+)") do
      declared[name] = true
    end
    for line in text:gmatch("%-%-%-@[pfr]%l+ [^\n]*") do
      local type = line:match("^%-%-%-@return (.*)") or line:match("^%-%-%-@%l+ %S+ (.*)")
      for name in type:gmatch("%f[%w]lunacoap%.%u[%w]*%f[^%w.]") do
        -- A constant that the text names, such as lunacoap.Method.FETCH, is not a type.
        assert.is_true(declared[name] ~= nil, name .. " in " .. line)
      end
    end
  end)

  it("write each key that is no name as a string of Lua", function()
    local count = 0
    for key in text:gmatch("%-%-%-@field (%[[\"'].-[\"']%]) %l+ ") do
      assert(load("return { " .. key .. " = 1 }"), key)
      count = count + 1
    end
    assert.is_true(count > 100)
    assert.is_truthy(text:find([=[['application/cose; cose-type="cose-sign1"'] integer 18]=], 1, true))
  end)

  it("tell the constructors of a certificate apart, and that a kind of traffic has a name", function()
    assert.is_truthy(text:find("---@overload fun(encoded: string): lunacoap.Certificate\n", 1, true))
    assert.is_truthy(text:find("---@field QOSTrafficType? integer|string ", 1, true))
  end)

  it("have each field of the module, and no other", function()
    local expected = { "VERSION" }
    for _, library in ipairs(surface.libraries) do
      expected[#expected + 1] = library.name
    end
    for _, name in ipairs(first_of_each(surface.modules)) do
      assert.is_truthy(lunacoap[name]) -- loaded when it is asked for
      expected[#expected + 1] = name
    end
    for _, list in ipairs { surface.functions, surface.constants } do
      for _, row in ipairs(list) do
        expected[#expected + 1] = row[1]
      end
    end
    table.sort(expected)
    assert.are.same(expected, sorted_keys(lunacoap))
  end)

  it("have each function and field of the module's tables, and no other", function()
    for _, library in ipairs(surface.libraries) do
      local rows = table.move(library.fields or {}, 1, #(library.fields or {}), 1, {})
      table.move(library.functions, 1, #library.functions, #rows + 1, rows)
      assert.are.same(first_of_each(rows), sorted_keys(lunacoap[library.name]))
    end
  end)

  it("have each method, and no other", function()
    local expected = { "Configuration", "Configure", "HasOption", "ListObserved", "Rebind",
      "Restart", -- these are ours
      table.unpack(names.methods) }
    table.sort(expected)
    assert.are.same(expected, first_of_each(surface.methods))
  end)

  it("have each method of a folder, and no other", function()
    for _, class in ipairs(surface.classes) do
      if class[1] == "Folder" then
        assert.are.same(first_of_each(class.methods), sorted_keys(getmetatable(lunacoap.folder(".")).__index))
      end
    end
  end)

  it("have each word of tests, and no other, as the linter knows them", function()
    local found = {}
    for name in read("scripts/meta/lunacoap_test.lua"):gmatch("%f[^\n](%l[%w_]*) = nil\n") do
      found[name] = true
    end
    for name in read("scripts/meta/lunacoap_test.lua"):gmatch("\nfunction ([%w_]+)%(") do
      found[name] = true
    end
    local expected = {
      at_end = true, configure = true, free_port = true, run_program = true, run_script = true,
    }
    for name in pairs(lunacoap.scenario.words) do
      expected[name] = true
    end
    assert.are.same(expected, found)
    local linter = { files = setmetatable({}, { __index = function() return {} end }) }
    assert(loadfile(".luacheckrc", "t", linter))()
    assert.are.same(sorted_keys(expected), linter.files["examples/*_spec.lua"].read_globals)
  end)

  it("have each field of each type, and say which are read-only", function()
    for _, class in ipairs(surface.classes) do
      local expected, found = names.types[class[1]], {}
      for _, field in ipairs(class[3]) do
        found[field[1]] = not field[4]
      end
      if expected then
        assert.are.same(expected, found)
      end
    end
  end)
end)

describe("the README", function()
  it("has the tables that make surface writes now, each of them", function()
    local text = read("README.md")
    local filled, found = surface.fill(text)
    assert.is_true(filled == text, "run make surface")
    assert.are.same(sorted_keys(surface.tables), sorted_keys(found))
  end)

  it("loses nothing around a table, and complains about a wrong marker", function()
    local filled = surface.fill("a\n<!-- errors -->\nold\n<!-- /errors -->\nb")
    assert.is_truthy(filled:find("^a\n<!%-%- errors %-%->\n| number .*<!%-%- /errors %-%->\nb$"))
    assert.are.equal(filled, (surface.fill(filled)))
    assert.has_error(function() surface.fill("<!-- nothing -->\n<!-- /nothing -->") end)
    assert.has_error(function() surface.fill("<!-- errors -->\n<!-- /events -->") end)
  end)
end)
