-- Commands as a user starts them: `lunacoap WORDS` in a shell, while the loop of the specs goes on and
-- may serve it.
local build = require "spec.support.build"
local process = require "spec.support.process"

local M = {}

-- Wherever it is started.
local PROGRAM = build.program:find("^/") and build.program
  or assert(io.popen("pwd")):read("l") .. "/" .. build.program

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read("a") or ""
end

local command = {}
command.__index = command

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

-- A folder for what a shell needs: the command, and what it reads.
local function prepare(words, more)
  more = more or {}
  local folder = assert(io.popen("mktemp -d")):read("l")
  local to = more.to and " >" .. more.to or ""
  write(folder .. "/in", more.input or "")
  write(folder .. "/run", ("exec env %s %s %s%s"):format(more.env or "", PROGRAM, words, to))
  return folder
end

-- Starts `lunacoap WORDS`; `more` may have `input` (a text for standard input), `env` (such as
-- "A=b") and `to` (where standard output goes). `<close>` ends it.
function M.start(words, more)
  local folder = prepare(words, more)
  local child = process.start(("sh -c 'exec sh %s/run >%s/out 2>%s/err <%s/in'"):format(
    folder, folder, folder, folder))
  return setmetatable({ child = child, folder = folder }, command)
end

-- The same with a pseudo-terminal for all three, whose output is `out`.
function M.start_on_terminal(words, more)
  local folder = prepare(words, more)
  local child = process.start(
    ("sh -c 'exec script -qec \"sh %s/run\" %s/log >%s/out <%s/in'"):format(
    folder, folder, folder, folder))
  return setmetatable({ child = child, folder = folder }, command)
end

-- What it has written so far, on standard output and on standard error.
function command:output()
  return read(self.folder .. "/out"), read(self.folder .. "/err")
end

-- Lets the loop run until `text` is part of standard output or standard error.
function command:expect(text, limit)
  local function found()
    local out, err = self:output()
    return out:find(text, 1, true) or err:find(text, 1, true)
  end
  if not process.wait(found, limit) then
    error(("there is no %q in:\n%s\n%s"):format(text, self:output()), 2)
  end
end

function command:signal(name)
  self.child:signal(name)
end

-- Standard output, standard error and the exit status, once it has ended.
function command:finish(limit)
  self.child:finish(limit)
  local out, err = self:output()
  return out, err, self.child.code
end

function command:__close(err)
  self.child:__close(err)
  os.execute("rm -r " .. self.folder)
end

-- Runs one to its end.
function M.run(words, more)
  local child <close> = M.start(words, more)
  return child:finish()
end

-- What a terminal shows of it, without carriage returns, and the exit status.
function M.on_terminal(words, more)
  local child <close> = M.start_on_terminal(words, more)
  local out, _, status = child:finish()
  return (out:gsub("\r", "")), status
end

return M
