-- `make help` is where a newcomer looks: it must not miss a target.

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read("a")
end

describe("make help", function()
  it("names every target that a user calls", function()
    local pipe <close> = assert(io.popen("env -u MAKEFLAGS make --no-print-directory help"))
    local help = pipe:read("a")
    local internal = { FORCE = true, help = true, ["no-lua"] = true, ["install-module"] = true }
    local missing = {}
    for names in read("Makefile"):gmatch("\n%.PHONY: ([^\n]+)") do
      for name in names:gmatch("%S+") do
        if not internal[name] and not name:match("^run%-")
          and not help:find("%f[%a]" .. name .. "%f[^%a]") then
          missing[#missing + 1] = name
        end
      end
    end
    assert.are.same({}, missing)
  end)
end)

describe("make install", function()
  it("puts program, module, completions and man page in place, and uninstall takes them away", function()
    local folder = assert(io.popen("mktemp -d")):read("l")
    -- With the variables of the make that runs the specs, so that nothing is built anew.
    local function make(target)
      local _, _, status = os.execute(("make --no-print-directory -j1 %s DESTDIR=%s PREFIX=/opt >/dev/null 2>&1")
        :format(target, folder))
      assert.are.equal(0, status)
      local pipe <close> = assert(io.popen(("cd %s && find . -type f | sort"):format(folder)))
      return pipe:read("a")
    end
    local installed, left = make("install"), make("uninstall")
    os.execute("rm -r " .. folder)
    assert.are.equal("", left)
    assert.are.equal([[
./opt/bin/lunacoap
./opt/lib/lua/5.4/lunacoap.so
./opt/share/bash-completion/completions/lunacoap
./opt/share/lunacoap/LICENSE
./opt/share/lunacoap/lunacoap.lua
./opt/share/lunacoap/lunacoap_test.lua
./opt/share/man/man1/lunacoap.1
./opt/share/zsh/site-functions/_lunacoap
]], installed)
  end)
end)
