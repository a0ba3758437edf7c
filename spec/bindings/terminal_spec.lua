local lunacoap = require "lunacoap"
local build = require "spec.support.build"

describe("lunacoap.isatty", function()
  -- What a script prints of a file of its own, run on a terminal with so many columns.
  local function on_terminal(columns, file)
    local script = ("%s -e \"print(require 'lunacoap'.isatty(%s))\""):format(build.program, file)
    local pipe <close> = assert(io.popen(("script -qec 'stty cols %d; %s' /dev/null </dev/null"):format(
      columns, script:gsub("'", [['\'']]))))
    return (pipe:read("a"):gsub("\r\n$", ""))
  end

  it("knows a terminal and its width", function()
    assert.are.equal("true\t77", on_terminal(77, "io.stdout"))
    assert.are.equal("true\t132", on_terminal(132, "io.stderr"))
  end)

  it("does not know a width where the terminal tells none", function()
    assert.are.equal("true\tnil", on_terminal(0, "io.stdout"))
  end)

  it("knows what is no terminal", function()
    assert.are.equal("false\tnil", on_terminal(77, "io.tmpfile()"))
    local pipe <close> = assert(io.popen "true")
    assert.are.same({ false, nil }, { lunacoap.isatty(pipe) })
  end)

  it("takes an open file", function()
    local file = io.tmpfile()
    file:close()
    for words, bad in pairs { ["a closed one"] = file, ["1"] = 1, ["'/dev/tty'"] = "/dev/tty" } do
      local ok, err = pcall(lunacoap.isatty, bad)
      assert.is_false(ok)
      assert.are.equal("isatty takes an open file such as io.stdout, not " .. words, err.Message)
    end
  end)
end)
