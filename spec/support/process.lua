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

-- A UDP port that was free a moment ago; another program may take it, so be ready to try again.
function M.free_port(host)
  local coap <close> = lunacoap.CoAP { LocalHost = host, Listening = true }
  return coap.LocalPort
end

local process = {}
process.__index = process

-- Starts a program; its output and standard error go to a file. `<close>` ends it and all that it
-- started, which is why it gets a session of its own; it dies too when the specs are killed.
function M.start(command)
  local path = os.tmpname()
  local pipe = assert(io.popen(
    ("echo $$; exec setsid setpriv --pdeathsig KILL %s >%s 2>&1 </dev/null"):format(command, path)))
  return setmetatable({ pipe = pipe, pid = pipe:read("n"), path = path, command = command }, process)
end

function process:output()
  return read(self.path)
end

-- It is our child: one that has ended stays a zombie until the pipe is closed.
function process:running()
  return self.pipe ~= nil and read(("/proc/%d/stat"):format(self.pid)):match("%) (%a)") ~= "Z"
end

-- Waits for it and keeps its exit status, as os.execute tells it, in `exit` and `code`.
function process:reap()
  if self.pipe then
    local _, exit, code = self.pipe:close()
    self.pipe, self.exit, self.code = nil, exit, code
  end
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
  self:reap()
  return self:output()
end

-- Waits for a piece of output.
function process:expect(text, limit)
  local found = M.wait(function() return self:output():find(text, 1, true) ~= nil end, limit)
  if not found then
    error(("%s did not print %q but:\n%s"):format(self.command, text, self:output()), 2)
  end
end

-- One that has only just started has no session yet, and nothing of its own to end.
function process:signal(name)
  if self.pipe then
    os.execute(("kill -%s -%d 2>/dev/null || kill -%s %d 2>/dev/null"):format(
      name, self.pid, name, self.pid))
  end
end

function process:__close()
  if self.pipe then
    self:signal("KILL")
    if M.wait(function() return not self:running() end) then
      self:reap()
    end
  end
  os.remove(self.path)
end

return M
