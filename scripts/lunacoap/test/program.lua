-- run_program{...}: a program under test, such as a CoAP server, for the time of a spec or block.

local lunacoap = require "lunacoap"
local record = require "lunacoap.scenario.record"
local scope = require "lunacoap.test.scope"

local M = {}

-- Seconds between two questions whether a server is there.
local INTERVAL = 0.05

-- So many bytes of what a program has printed are told.
local TOLD = 2000

-- By these a program ends that is wrong, and not one that was stopped.
local CRASHES = { SIGABRT = true, SIGBUS = true, SIGFPE = true, SIGILL = true, SIGSEGV = true,
  SIGSYS = true, SIGTRAP = true }

local ADDRESS_IN_USE = 10048

-- Those of the specs and blocks that run, the first one first.
local children = {}

-- ---- What is told of them -----------------------------------------------------------------------

local function name_of(child)
  return tostring(child):match("^%S+")
end

local function printed(child, how)
  local output = child.output:sub(-TOLD)
  return output:match("[^\n]") and ("it printed%s:\n%s"):format(how, output) or "it printed nothing"
end

-- How it has ended.
local function obituary(child)
  local how = child.killed_by and "by " .. child.killed_by or "with status " .. tostring(child.code)
  return ("%s: ended %s; %s"):format(name_of(child), how, printed(child, " last"))
end

---How programs have ended that specs and blocks have started, and that should run still.
---@return string[]
function M.obituaries()
  local list = {}
  for _, child in ipairs(children) do
    if not child.running then
      table.insert(list, obituary(child))
    end
  end
  return list
end

-- ---- Its life -----------------------------------------------------------------------------------

local function finish(child)
  table.remove(children)
  local crash = not child.running and CRASHES[child.killed_by] and obituary(child)
  child:close()
  if crash then
    error(crash, 0)
  end
end

local function start(wanted)
  local child = lunacoap.process.start(wanted)
  table.insert(children, child)
  scope.at_end(function() finish(child) end)
  return child
end

-- ---- Servers that are ready when they answer ----------------------------------------------------

-- Any answer will do, 4.04 too.
local function answers(client, uri)
  local ok, err = pcall(client.Get, client, uri)
  return ok or err.Code == 709
end

local function fail(child, uri, within)
  local what = child.running and ("nobody answered at %s within %g s"):format(uri, within)
    or ("it ended before it answered at %s"):format(uri)
  local text = ("%s: %s; %s"):format(name_of(child), what, printed(child, ""))
  child:close()
  error(text, 0)
end

-- Programs such as libcoap's server print nothing: they are ready when they answer.
local function wait_for_answer(child, uri, within)
  local mark = lunacoap.capture.mark()
  local client <close> = lunacoap.CoAP { Timeout = 0.2 }
  local till = lunacoap.now() + within
  while not answers(client, uri) do
    if not child.running or lunacoap.now() > till then
      fail(child, uri, within)
    end
    lunacoap.sleep(INTERVAL)
  end
  record.skip(mark)
end

-- A program that was left behind would answer for the one that is meant: servers such as libcoap's
-- share their port with it. What is not an address of this machine, nobody can tell.
local function check_port(program, uri)
  local scheme, host, port = uri:match("^(coaps?)://(%[?[^/?#%]]-%]?):?(%d*)[/?#]")
  if not scheme then
    return -- which the request will refuse
  end
  host, port = host:gsub("[%[%]]", ""), tonumber(port) or scheme == "coaps" and 5684 or 5683
  local ok, endpoint = pcall(lunacoap.endpoint, { LocalHost = host, LocalPort = port })
  if ok then
    endpoint:close()
  elseif endpoint.Code == ADDRESS_IN_USE then
    error(("%s: %s, port %d, is taken already: another program would answer in its place"):format(
      program, host, port), 0)
  end
end

---A UDP port that nobody has, for programs that must be told one.
---@return integer
function M.free_port()
  local endpoint <close> = lunacoap.endpoint()
  return endpoint.LocalPort
end

---Starts a program and waits until it is ready; it ends with the spec or block that started it.
---@param wanted lunacoap.process.Wanted The program, its arguments, and when it is `ready`: a
---pattern for a line of its output, or a URI at which it answers.
---@return lunacoap.process.Process
function M.run(wanted)
  local uri = type(wanted) == "table" and type(wanted.ready) == "string"
    and wanted.ready:match("^coaps?://.*")
  if not uri then
    return start(wanted)
  end
  local fields = {}
  for name, value in pairs(wanted) do
    fields[name] = value
  end
  fields.ready, fields.within = nil, nil
  check_port(tostring(wanted[1]), uri .. "/")
  local child = start(fields)
  wait_for_answer(child, uri, wanted.within or 10)
  return child
end

return M
