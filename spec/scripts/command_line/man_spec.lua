-- The man page, as a reader that we did not write shows it.
local command = require "spec.support.command"
local command_line = require "lunacoap.command_line"
local man = require "lunacoap.command_line.man"
local parser = require "lunacoap.command_line.parser"
local program = require "lunacoap.command_line.program"

-- The page in long lines, without bold.
local function shown(page, how)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(page)
  file:close()
  local pipe <close> = assert(io.popen(("mandoc %s %s 2>&1"):format(how, path)))
  local text = pipe:read("a"):gsub(".\8", "")
  os.remove(path)
  return text
end

local function squeezed(text)
  return (text:gsub("%s+", " "))
end

describe("the man page", function()
  local page = man.page(command_line.declarations())

  it("is what lunacoap completion man prints", function()
    assert.are.same({ page, "", 0 }, { command.run "completion man" })
  end)

  it("is well-formed, but for the date that it does not tell", function()
    local complaints = {}
    for line in shown(page, "-T lint -W warning"):gmatch("[^\n]+") do
      if not line:find("missing date", 1, true) then
        complaints[#complaints + 1] = line
      end
    end
    assert.are.same({}, complaints)
  end)

  it("shows every command with its options and examples", function()
    local text = squeezed(shown(page, "-T ascii -O width=200"))
    for _, declaration in ipairs(command_line.declarations()) do
      assert.is_truthy(text:find("lunacoap " .. declaration.name, 1, true))
      parser.each_option(declaration, function(option)
        assert.is_truthy(text:find(option.flags:gsub(" ", ", "), 1, true), option.flags)
        assert.is_truthy(text:find(squeezed(option.help), 1, true), option.help)
      end)
      for _, example in ipairs(declaration.examples) do
        assert.is_truthy(text:find(squeezed(example.command), 1, true), example.command)
      end
    end
    for _, example in ipairs(program.examples) do
      assert.is_truthy(text:find(squeezed(example.command), 1, true), example.command)
    end
  end)

  it("keeps what roff would take for its own", function()
    local text = ".TH 'x' and \\n stay\n\n  'as .x -y \\\n  .it is'"
    local declaration = {
      name = "sample", description = text, arguments = { { name = "x", help = "'.' is \\" } },
      examples = { { text = ".", command = "'a'\n.b \\" } },
    }
    local rendered = shown(man.page { declaration }, "-T ascii -O width=200")
    for _, line in ipairs { ".TH 'x' and \\n stay", "'as .x -y \\", ".it is'", "'.' is \\", "'a'", ".b \\" } do
      assert.is_truthy(rendered:find(line .. "\n", 1, true), line)
    end
  end)
end)
