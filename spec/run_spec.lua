-- What programs read of `make test`: the last line and the exit status.
local build = require "spec.support.build"

-- Runs the specs in `text`; returns the last line, the whole output and the exit status.
local function run(text)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  local file = assert(io.open(folder .. "/some_spec.lua", "w"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen(("%s/lunacoap-spec spec/run.lua %s 2>&1 </dev/null"):format(
    build.folder, folder)))
  local output = pipe:read("a")
  local _, _, status = pipe:close()
  os.execute("rm -r " .. folder)
  return output:match("([^\n]*)\n$"), output, status
end

describe("a run of the specs", function()
  it("counts what passed and ends with status 0", function()
    local line, _, status = run("it('a', function() end) it('b', function() end)")
    assert.are.same({ "2 passed, 0 failed, 0 skipped", 0 }, { line, status })
  end)

  it("counts failures and errors alike as failed, pending specs as skipped", function()
    local line, output, status = run([[
      it("fails", function() assert.is_true(false) end)
      it("raises", function() error("x") end)
      pending("later")
      it("passes", function() end)
    ]])
    assert.are.same({ "1 passed, 2 failed, 1 skipped", 1 }, { line, status })
    assert.matches("1 success / 1 failure / 1 error / 1 pending", output)
  end)

  it("fails when a file cannot be loaded, even if everything else passes", function()
    local line, _, status = run("it('a', function() end) error('while loading')")
    assert.matches("passed, 1 failed, 0 skipped$", line)
    assert.are.equal(1, status)
  end)

  it("fails when there was nothing to run", function()
    local _, output, status = run("describe('nothing', function() end)")
    assert.matches("0 passed, 0 failed, 0 skipped", output)
    assert.matches("no spec ran", output)
    assert.are.equal(1, status)
  end)
end)

describe("the embedding of Lua files", function()
  it("keeps every byte", function()
    local bytes = {}
    for byte = 0, 255 do
      bytes[#bytes + 1] = string.char(byte)
    end
    -- A digit after an escape, a trigraph, both kinds of quotes, no newline at the end.
    local text = table.concat(bytes) .. "\0012\r\n??/ \"'\\\n\n--end"

    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    local script <close> = assert(io.open(folder .. "/odd.lua", "wb"))
    script:write(text)
    script:close()
    local main <close> = assert(io.open(folder .. "/main.c", "w"))
    main:write(('#include <stdio.h>\n#include "%s/table.c"\nint main(void) {'):format(folder)
      .. " fwrite(lc_embed_files[0].text, 1, lc_embed_files[0].length, stdout); return 0; }")
    main:close()
    local command = "lua5.4 bindings/embed.lua %s/odd.lua >%s/table.c"
      .. " && gcc -std=gnu11 -I. $(pkg-config --cflags lua5.4) -o %s/main %s/main.c && %s/main"
    local pipe <close> = assert(io.popen((command:gsub("%%s", folder))))
    local embedded = pipe:read("a")
    os.execute("rm -r " .. folder)
    assert.are.equal(text, embedded)
  end)
end)
