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

-- Starts `lunacoap WORDS`; `more` may have `input` (a text for standard input) and `env` (such as
-- "A=b"). `<close>` ends it.
function M.start(words, more)
  more = more or {}
  local folder = assert(io.popen("mktemp -d")):read("l")
  local script <close> = assert(io.open(folder .. "/script", "w"))
  script:write(("exec env %s %s %s >%s/out 2>%s/err%s\n"):format(more.env or "", PROGRAM, words,
    folder, folder, more.input and (" <%s/in"):format(folder) or ""))
  local input <close> = assert(io.open(folder .. "/in", "wb"))
  input:write(more.input or "")
  script:close()
  input:close()
  local child = process.start(("sh %s/script"):format(folder))
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

-- The lines that a terminal shows of both streams, without its carriage returns, and the exit status.
function M.on_terminal(words, more)
  local child <close> = process.start(("env %s script -qec '%s %s' /dev/null"):format(
    more and more.env or "", PROGRAM, words))
  return (child:finish():gsub("\r", "")), child.code
end

return M
