-- The README's scripts and commands are run, and print what it says.
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
    elseif language == "text" and not list[#list].output then
      list[#list].output = body
    end
  end
  return list
end

-- All commands as one shell script, and what it prints. They run in a folder of their own; servers
-- are waited for, keep their lines to themselves and are ended with the script; ports are free ones.
local function commands()
  local parts, output = { "trap 'kill $(jobs -p)' EXIT" }, {}
  local after_commands = false
  for language, body in read("README.md"):gmatch("```(%l+)\n(.-)```") do
    if language == "sh" then
      parts[#parts + 1] = body
    elseif language == "text" and after_commands then
      output[#output + 1] = body
    end
    after_commands = language == "sh"
  end
  local ports = {}
  local script = table.concat(parts, "\n"):gsub("%f[%d]568%d%f[%D]", function(port)
    ports[port] = ports[port] or process.free_port()
    return ports[port]
  end)
  script = script:gsub("([^\n]* (%d+)) &\n", function(command, port)
    return ("%s >server.log 2>&1 &\nuntil grep -q ':%04X ' /proc/net/udp; do sleep 0.02; done\n")
      :format(command, port)
  end)
  return script, table.concat(output)
end

describe("the README", function()
  it("has scripts, each with its output", function()
    local found = scripts()
    assert.is_true(#found > 0)
    for i, script in ipairs(found) do
      assert.is_string(script.output, "script " .. i)
    end
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

  it("tells the truth about its commands", function()
    local script, output = commands()
    local folder = assert(io.popen("mktemp -d")):read("l")
    local here = assert(io.popen("pwd")):read("l")
    local build = LUNACOAP:match("^/") and LUNACOAP or here .. "/" .. LUNACOAP
    assert(os.execute(("ln -s %s/examples %s/examples"):format(here, folder)))
    local file <close> = assert(io.open(folder .. "/commands", "wb"))
    file:write(script)
    file:close()
    local child <close> = process.start(("sh -c 'cd %s; PATH=%s:$PATH bash commands 2>&1'"):format(
      folder, build:match("^(.*)/")))
    local printed = child:finish(20)
    os.execute("rm -r " .. folder)
    assert.are.equal(output, printed)
  end)

  it("names every example", function()
    local text = read("README.md")
    local pipe <close> = assert(io.popen("ls examples"))
    for name in pipe:lines() do
      assert.is_truthy(name == "demo.lua" or text:find("`" .. name .. "`", 1, true), name)
    end
  end)
end)
