-- Where the programs under test are: the folder of the lunacoap-spec that runs the specs, so that
-- the specs of an instrumented build start the instrumented programs.

local first = 0
while arg[first - 1] do
  first = first - 1
end
local folder = arg[first]:match("^(.*)/[^/]*$")

return {
  folder = folder,
  program = folder .. "/lunacoap",
  -- A command prefix that runs the stock interpreter with the loadable module on its path. A module
  -- that was built with AddressSanitizer needs its run-time library loaded first, and make asan
  -- names that.
  lua = ("LD_PRELOAD='%s' LUA_CPATH='%s/?.so;;' lua5.4"):format(
    os.getenv("SPEC_PRELOAD") or "", folder),
}
