-- The README's scripts are run, and print what it says.
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

-- Each Lua block with the next block of text, which is its output.
local function scripts()
  local list = {}
  for language, body in read("README.md"):gmatch("```(%l+)\n(.-)```") do
    if language == "lua" then
      list[#list + 1] = { code = body }
    elseif language == "text" then
      list[#list].output = body
    end
  end
  return list
end

describe("the README", function()
  it("has scripts, each with its output", function()
    assert.are.equal(2, #scripts())
  end)

  for i, script in ipairs(scripts()) do
    it(("tells the truth about its script %d"):format(i), function()
      local path = os.tmpname()
      local file <close> = assert(io.open(path, "wb"))
      file:write(script.code)
      file:close()
      local child <close> = process.start(LUNACOAP .. " " .. path)
      local output = child:finish()
      os.remove(path)
      assert.are.equal(script.output, output)
    end)
  end

  it("names every example", function()
    local text = read("README.md")
    local pipe <close> = assert(io.popen("ls examples"))
    for name in pipe:lines() do
      assert.is_truthy(name == "demo.lua" or text:find("`" .. name .. "`", 1, true), name)
    end
  end)
end)
