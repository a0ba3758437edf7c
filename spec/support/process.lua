-- Children of a spec: started in the background, watched while our loop runs, ended for certain.
local lunacoap = require "lunacoap"

local M = {}

-- The folder of the executable that runs the specs, in which the others are.
function M.build_folder()
  local pipe <close> = assert(io.popen("readlink /proc/$PPID/exe"))
  return pipe:read("l"):match("^(.*)/")
end

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a") or ""
end

-- A UDP port that was free a moment ago.
function M.free_port()
  local coap <close> = lunacoap.CoAP { Listening = true }
  return coap.LocalPort
end

local process = {}
process.__index = process

-- Starts a shell command; its output and standard error go to a file. `<close>` ends it and all that
-- it started, which is why it gets a session of its own.
function M.start(command)
  local path = os.tmpname()
  local pipe <close> = assert(io.popen(("(%s) >%s 2>&1 </dev/null & echo $!"):format(
    "exec setsid " .. command, path)))
  return setmetatable({ pid = pipe:read("n"), path = path, command = command }, process)
end

function process:output()
  return read(self.path)
end

-- Zombies count as gone: nobody but init will reap them.
function process:running()
  local state = read(("/proc/%d/stat"):format(self.pid)):match("%) (%a)")
  return state ~= nil and state ~= "Z"
end

-- Lets the loop run until `done` returns true; false when `limit` seconds (10) have passed.
function M.wait(done, limit)
  local start = lunacoap.now()
  while not done() do
    if lunacoap.now() - start > (limit or 10) then
      return false
    end
    lunacoap.sleep(0.005)
  end
  return true
end

-- Its whole output, once it has ended; an error when it has not after `limit` seconds.
function process:finish(limit)
  if not M.wait(function() return not self:running() end, limit) then
    error(("%s has not ended; it printed:\n%s"):format(self.command, self:output()), 2)
  end
  return self:output()
end

-- Waits for a piece of output.
function process:expect(text, limit)
  local found = M.wait(function() return self:output():find(text, 1, true) ~= nil end, limit)
  if not found then
    error(("%s did not print %q but:\n%s"):format(self.command, text, self:output()), 2)
  end
end

function process:signal(name)
  os.execute(("kill -%s -%d 2>/dev/null"):format(name, self.pid))
end

function process:__close()
  self:signal("KILL")
  M.wait(function() return not self:running() end)
  os.remove(self.path)
end

return M
