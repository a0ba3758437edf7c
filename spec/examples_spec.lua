-- Every file of examples/ is run as a user would run it.
local process = require "spec.support.process"

local LUNACOAP = process.build_folder() .. "/lunacoap"

-- What each example prints, in order; plain text.
local PRINTS = {
  ["demo.lua"] = { "try:  coap-client-notls -m get coap://127.0.0.1:", "GET    /temperature  2.05 19.0",
    "PUT    /target 24    2.04", "NOTIFY /temperature  2.05 19.0", "NOTIFY /temperature  2.05 20.5",
    "STOP   /temperature  2.05" },
  ["observe.lua"] = { "server: 127.0.0.1 wants to observe /count", "client: the count is 0",
    "client: the count is 1", "client: the count is 2", "client: the count is 3",
    "server: nobody observes /count any more" },
  ["separate_response.lua"] = { "/slow after 0.3 s: worth the wait", "/later after 0.3 s: from a timer" },
  ["blockwise.lua"] = { "sent 102400 bytes: 2.04", "got 102400 bytes back, the same" },
  ["many_devices.lua"] = { "1000 devices are listening", "all read in " },
}

-- Those that need somebody at the other end have specs of their own below.
local SERVED = { ["server.lua"] = true, ["client.lua"] = true }

local function files()
  local pipe <close> = assert(io.popen("ls examples"))
  local list = {}
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  return list
end

describe("the examples", function()
  it("are all run here", function()
    for _, name in ipairs(files()) do
      assert.is_truthy(PRINTS[name] or SERVED[name], name .. " has no entry")
    end
  end)

  for name, lines in pairs(PRINTS) do
    it(("%s prints what it says and ends well"):format(name), function()
      local child <close> = process.start(
        ("env DEMO_SECONDS=1.5 %s examples/%s; echo status $?"):format(LUNACOAP, name):gsub("^", "sh -c '") .. "'")
      local output, at = child:finish(20), 1
      for _, line in ipairs(lines) do
        local _, last = output:find(line, at, true)
        assert.is_truthy(last, ("%q is missing in:\n%s"):format(line, output))
        at = last + 1
      end
      assert.is_truthy(output:find("status 0\n", 1, true), output)
    end)
  end

  it("server.lua answers client.lua and coap-client-notls, and ends on SIGTERM", function()
    local port = process.free_port()
    local server <close> = process.start(("%s examples/server.lua %d"):format(LUNACOAP, port))
    server:expect("listening; try:")
    local base = ("coap://127.0.0.1:%d"):format(port)

    local client <close> = process.start(
      ("%s examples/client.lua %s/hello %s/nothing"):format(LUNACOAP, base, base))
    local output = client:finish()
    assert.is_truthy(output:find(base .. "/hello  2.05 Content\nHello from Lua\n", 1, true), output)
    assert.is_truthy(output:find(base .. "/nothing  4.04 Not Found\n", 1, true), output)

    local put <close> = process.start(("coap-client-notls -m put -e milk %s/note"):format(base))
    put:finish()
    local get <close> = process.start(("coap-client-notls -m get %s/note"):format(base))
    assert.are.equal("milk\n", get:finish())
    server:signal("TERM")
    server:finish()
  end)

  it("client.lua says why there is no answer", function()
    local client <close> = process.start(
      ("%s examples/client.lua coap://127.0.0.1:%d/x"):format(LUNACOAP, process.free_port()))
    local output = client:finish()
    assert.is_truthy(output:find("no answer: 10061: Connection refused", 1, true), output)
  end)
end)
