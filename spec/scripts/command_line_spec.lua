-- The table of commands, and what all commands have in common.
local command = require "spec.support.command"
local command_line = require "lunacoap.command_line"
local parser = require "lunacoap.command_line.parser"
local rows = require "lunacoap.command_line.rows"

local OPTION_FIELDS = {
  flags = true, value = true, help = true, name = true, default = true, choices = true, suggest = true,
  convert = true, many = true,
}
local DECLARATION_FIELDS = {
  name = true, summary = true, description = true, arguments = true, options = true, examples = true,
  run = true,
}

local function fields_within(known, value)
  for field in pairs(value) do
    assert.is_true(known[field], field)
  end
end

describe("the table of commands", function()
  it("has a row for each module and a module for each row", function()
    local modules = {}
    local pipe <close> = assert(io.popen("ls scripts/lunacoap/command"))
    for name in pipe:lines() do
      modules[#modules + 1] = name:match("^(.*)%.lua$")
    end
    local named = {}
    for i, row in ipairs(rows) do
      named[i] = row.module or row.name
    end
    table.sort(named)
    assert.are.same(modules, named)
  end)

  it("is in the README", function()
    local file <close> = assert(io.open("README.md"))
    local readme = file:read("a")
    for _, row in ipairs(rows) do
      assert.is_truthy(readme:find(("`lunacoap %s "):format(row.name), 1, true), row.name)
    end
  end)

  it("is in the help of the program", function()
    local help = command.run "--help"
    for _, row in ipairs(rows) do
      assert.is_truthy(help:find(("\n  %s +%s\n"):format(row.name, row.summary:gsub("%p", "%%%0"))), row.name)
    end
  end)
end)

for _, row in ipairs(rows) do
  describe("lunacoap " .. row.name, function()
    it("declares what can be read", function()
      local declaration = command_line.load(row)
      fields_within(DECLARATION_FIELDS, declaration)
      assert.is_function(declaration.run)
      assert.matches("^%u.*[^.]$", row.summary)
      parser.each_option(declaration, function(option)
        fields_within(OPTION_FIELDS, option)
        -- A sentence would be one too many in a list.
        assert.matches("[^.]$", option.help)
      end)
      for _, example in ipairs(declaration.examples) do
        assert.is_truthy(example.command:find("lunacoap " .. row.name, 1, true), example.command)
      end
    end)

    it("explains itself, with an example, in lines that fit a terminal", function()
      local output, errors, status = command.run(row.name .. " --help")
      assert.are.same({ "", 0 }, { errors, status })
      assert.is_truthy(output:find("Usage:  lunacoap " .. row.name, 1, true), output)
      assert.is_truthy(output:find("\nExample: ", 1, true), output)
      for line in output:gmatch("[^\n]+") do
        assert.is_true(#line <= 80, line)
      end
    end)

    it("fails with status 1 when nobody takes its explanation", function()
      assert.are.same({
        "",
        ("lunacoap %s: cannot write to standard output: No space left on device\n"):format(row.name),
        1,
      }, { command.run(row.name .. " --help", { to = "/dev/full" }) })
    end)

    it("says in one line what is wrong, and where more is said, with status 2", function()
      assert.are.same({
        "",
        ("lunacoap %s: unknown option '--frobnicate'\nTry 'lunacoap %s --help'.\n"):format(row.name, row.name),
        2,
      }, { command.run(row.name .. " --frobnicate") })
    end)
  end)
end

describe("a word that is a command's name", function()
  local folder

  local function write(name, text)
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end

  before_each(function()
    folder = assert(io.popen("mktemp -d")):read("l")
  end)

  after_each(function()
    os.execute("rm -r " .. folder)
  end)

  it("is the command in the first place, a file's name in any other way", function()
    write("completion", "print('file', ...)")
    local output = command.run("completion bash", { env = "-C " .. folder })
    assert.is_truthy(output:find("complete -F _lunacoap", 1, true), output)
    for _, words in ipairs { "./completion bash", "-- completion bash", "-e '' completion bash" } do
      assert.are.equal("file\tbash\n", (command.run(words, { env = "-C " .. folder })))
    end
  end)

  -- Puts a module of its own in the place of `lunacoap completion`.
  local function instead(code)
    os.execute(("mkdir -p %s/lunacoap/command"):format(folder))
    write("lunacoap/command/completion.lua", code)
    return command.run("completion x", { env = "LUNACOAP_PATH=" .. folder })
  end

  it("ends with the status that it returns, whatever else could go on", function()
    assert.are.same({ "", "", 4 }, { instead [[
      local lunacoap = require "lunacoap"
      return { arguments = { { name = "x", help = "" } }, run = function(given)
        lunacoap.timer(100, nil, print)
        lunacoap.sleep(0.01)
        return given.x == "x" and 4
      end }]] })
  end)

  it("goes on while something can happen when it returns none", function()
    assert.are.same({ "later\n", "", 0 }, { instead [[
      local lunacoap = require "lunacoap"
      return { arguments = { { name = "x", help = "" } }, run = function()
        lunacoap.timer(0.01, nil, function() print("later") end)
      end }]] })
  end)

  it("prints a failure in one line, and an error that nobody foresaw with its traceback", function()
    local failing = [[
      return { arguments = { { name = "x", help = "" } }, run = function()
        require("lunacoap.command_line.failure").raise(3, "no answer from %s", "x")
      end }]]
    assert.are.same({ "", "lunacoap completion: no answer from x\n", 3 }, { instead(failing) })
    local output, errors, status = instead [[
      return { arguments = { { name = "x", help = "" } }, run = function()
        error("boom")
      end }]]
    assert.are.same({ "", 1 }, { output, status })
    assert.matches("^lunacoap completion: .*completion.lua:2: boom\nstack traceback:", errors)
  end)

  it("says which package is missing", function()
    write("argparse.lua", "error('not there')")
    assert.are.same({
      "",
      "lunacoap completion: the Lua module 'argparse' is missing; it is in the Debian package lua-argparse\n",
      1,
    }, { command.run("completion bash", { env = "LUA_PATH=" .. folder .. "/?.lua" }) })
    assert.are.equal(0, (select(3, command.run("--help", { env = "LUA_PATH=" .. folder .. "/?.lua" }))))
  end)
end)
