-- lunacoap.descriptors: the limit of open files.
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

-- What a script prints under a soft and a hard limit.
local function run(limits, code)
  local command = ("%s; exec %s/lunacoap -e '%s'"):format(limits, process.build_folder(), code)
  local pipe <close> = io.popen("{ " .. command .. "; } 2>&1")
  return pipe:read("a")
end

describe("the limit of open files", function()
  it("is told, and not changed by that", function()
    local code = "print(lunacoap.descriptors(), lunacoap.descriptors(), lunacoap.descriptors(nil))"
    assert.are.equal("100\t100\t100\n", run("ulimit -Sn 100", code))
  end)

  it("is raised to what is wanted, and lowered never", function()
    local code = "print(lunacoap.descriptors(150), lunacoap.descriptors(50), lunacoap.descriptors())"
    assert.are.equal("150\t150\t150\n", run("ulimit -Sn 100", code))
  end)

  it("is raised as far as the system lets it", function()
    local code = "print(lunacoap.descriptors(1000000), lunacoap.descriptors())"
    assert.are.equal("200\t200\n", run("ulimit -Sn 100; ulimit -Hn 200", code))
  end)

  it("then counts for sockets", function()
    local code = [[
      local function count(wanted)
        local n = lunacoap.descriptors(wanted) + 10
        local list = {}
        for i = 1, n do
          list[i] = lunacoap.CoAP { LocalHost = "127.0.0.1" }
          if not pcall(list[i].StartListening, list[i]) then
            for _, coap in ipairs(list) do coap:Shutdown() end
            return i > 70 and i
          end
        end
      end
      local before, after = count(), count(200)
      print(after - before)
      os.exit(0, true)]]
    assert.are.equal("100\n", run("ulimit -Sn 100", code))
  end)

  it("takes a number of files", function()
    for _, wrong in ipairs { 0, -1, 1.5, "many", {} } do
      local ok, err = pcall(lunacoap.descriptors, wrong)
      assert.is_false(ok)
      assert.are.equal(1, err.Code)
      assert.matches("descriptors takes how many files", err.Message)
    end
  end)
end)
