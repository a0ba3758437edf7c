-- run_program{...}: a program under test, such as a CoAP server, for the time of a spec or block.

local lunacoap = require "lunacoap"
local scope = require "lunacoap.test.scope"

-- Seconds between two questions whether a server is there.
local INTERVAL = 0.05

-- Any answer will do, 4.04 too.
local function answers(client, uri)
  local ok, err = pcall(client.Get, client, uri)
  return ok or err.Code == 709
end

local function fail(child, uri, within)
  local what = child.running and ("nobody answered at %s within %g s"):format(uri, within)
    or ("it ended before it answered at %s"):format(uri)
  local output = child.output:match("[^\n]") and "; it printed:\n" .. child.output:sub(-2000) or ""
  child:close()
  error(("%s: %s%s"):format(tostring(child):match("^%S+"), what, output), 0)
end

-- Programs such as libcoap's server print nothing: they are ready when they answer.
local function wait_for_answer(child, uri, within)
  local client <close> = lunacoap.CoAP { Timeout = 0.2 }
  local till = lunacoap.now() + within
  while not answers(client, uri) do
    if not child.running or lunacoap.now() > till then
      fail(child, uri, within)
    end
    lunacoap.sleep(INTERVAL)
  end
end

---Starts a program and waits until it is ready; it ends with the spec or block that started it.
---@param wanted lunacoap.process.Wanted The program, its arguments, and when it is `ready`: a
---pattern for a line of its output, or a URI at which it answers.
---@return lunacoap.process.Process
return function(wanted)
  local uri = type(wanted) == "table" and type(wanted.ready) == "string"
    and wanted.ready:match("^coaps?://.*")
  if not uri then
    local child = lunacoap.process.start(wanted)
    scope.at_end(function() child:close() end)
    return child
  end
  local fields = {}
  for name, value in pairs(wanted) do
    fields[name] = value
  end
  fields.ready, fields.within = nil, nil
  local child = lunacoap.process.start(fields)
  scope.at_end(function() child:close() end)
  wait_for_answer(child, uri, wanted.within or 10)
  return child
end
