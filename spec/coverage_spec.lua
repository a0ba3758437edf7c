-- Every rule in spec/COVERAGE.md is shown by a spec that exists.

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a")
end

local function rows()
  local list = {}
  for line in assert(read("spec/COVERAGE.md")):gmatch("[^\n]+") do
    local section, rule, file, words = line:match("^| ([%d.]+[^|]-) | (.-) | (%S+) | (.-) |$")
    if section then
      list[#list + 1] = { section = section, rule = rule, path = "spec/" .. file .. "_spec.lua", words = words }
    end
  end
  return list
end

describe("spec/COVERAGE.md", function()
  it("has rules", function()
    assert.is_true(#rows() > 100)
  end)

  it("names for each rule a spec that is there", function()
    local missing = {}
    for _, row in ipairs(rows()) do
      local text = read(row.path)
      if not (text and text:find(row.words, 1, true)) then
        missing[#missing + 1] = ("%s %s: %s has no %q"):format(row.section, row.rule, row.path, row.words)
      end
    end
    assert.are.same({}, missing)
  end)
end)
