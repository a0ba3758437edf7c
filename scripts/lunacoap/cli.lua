-- The command line. Runs a script with plain Lua until the loop is there.

local function run(chunk, ...)
  local ok, message = xpcall(chunk, debug.traceback, ...)
  if not ok then
    io.stderr:write("lunacoap: ", tostring(message), "\n")
    return 1
  end
  return 0
end

return function()
  local name = arg[1]
  if name == "-e" then
    return run(assert(load(arg[2], "=(command line)")))
  end
  local script = {}
  for i = 0, #arg do
    script[i - 1] = arg[i]
  end
  arg = script
  return run(assert(loadfile(name)), table.unpack(script))
end
