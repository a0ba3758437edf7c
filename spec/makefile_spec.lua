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
