-- Telling the observers of resources what has become of them.

local lunacoap = require "lunacoap"
local Request = require "lunacoap.server.request"
local respond = require "lunacoap.server.respond"
local Response = require "lunacoap.response"
local write = require "lunacoap.server.write"

-- EVERY_PATH stands for all paths of a pattern.
local M = { EVERY_PATH = true }

-- As the component itself tells of an error in a handler.
local function report(server, err)
  local code, text = 1, tostring(err)
  if type(err) == "table" and rawget(err, "Traceback") then
    code, text = err.Code, ("%s: %s\n%s"):format(err.Where, err.Message, err.Traceback)
  end
  local on_error = server.coap.OnError
  if on_error then
    on_error(server.coap, { ErrorCode = code, Description = text })
  else
    io.stderr:write("lunacoap: ", text, "\n")
  end
end

-- Sets Response* outside of a handler, where an earlier use has left them as they were.
local function write_anew(coap, response)
  coap.ResponseCode, coap.ResponseDataB, coap.ResponseContentFormat = "", "", -1
  coap.ResponseETagB, coap.ResponseOptions = "", {}
  write(coap, response)
end

-- One state for those who observe a path with the same arguments and Accept.
local function tell_group(server, group)
  local coap = server.coap
  local response = respond(Request.notifying(server, group))
  if server.running then -- the handler may have waited for something
    write_anew(coap, response)
    coap:SendNotification(group.uri, group.Accept)
  end
end

-- Many paths of one pattern are told in turns, between which others are served.
local GROUPS_IN_A_TURN = 100

-- What is observed at a path, each path and query once for each Accept: a path is observed under
-- each name of the host, and one notification reaches all.
local function groups_of(server, resource, path)
  local groups, known = {}, {}
  for _, group in ipairs(server.coap:ListObserved(path ~= M.EVERY_PATH and path or nil)) do
    group.uri = group.URI:match("^%w+://[^/?]*(.*)$")
    local key = ("%d %s"):format(group.Accept, group.uri)
    if not known[key] and server.router:match(group.URIPath) == resource then
      known[key] = true
      groups[#groups + 1] = group
    end
  end
  return groups
end

-- When a state cannot be made its observers keep what they have: they are not to be lost for an
-- error of ours.
local function tell_path(server, resource, path)
  for i, group in ipairs(groups_of(server, resource, path)) do
    local ok, err = xpcall(tell_group, lunacoap.traceback, server, group)
    if not ok then
      report(server, err)
    end
    if i % GROUPS_IN_A_TURN == 0 then
      lunacoap.sleep(0)
    end
    if not server.running then
      return
    end
  end
end

-- The paths of each resource that have changed and are being told; there while a task does that.
local function changes_of(server)
  return rawget(server, "changes")
end

-- Changes that come while the handler waits for something are told in a round of their own.
local function tell_rounds(server, resource)
  while next(changes_of(server)[resource]) do
    local changed = changes_of(server)[resource]
    changes_of(server)[resource] = {}
    for _, path in ipairs(changed[M.EVERY_PATH] and { M.EVERY_PATH } or changed) do
      if not server.running then
        break
      end
      tell_path(server, resource, path)
    end
  end
end

local function tell_all(server, resource)
  local ok, err = xpcall(tell_rounds, lunacoap.traceback, server, resource)
  local changes = changes_of(server)
  changes[resource] = nil
  if next(changes) == nil then
    rawset(server, "changes", nil)
  end
  if not ok then
    report(server, err)
  end
end

---Has a task tell the observers of a path the present state, once for all calls until it runs.
---@param server lunacoap.Server
---@param resource lunacoap.Resource
---@param path string|true As the events' URIPath, or EVERY_PATH.
function M.tell(server, resource, path)
  local changes = changes_of(server) or {}
  rawset(server, "changes", changes)
  if not changes[resource] then
    changes[resource] = {}
    lunacoap.spawn(tell_all, server, resource)
  end
  if not changes[resource][path] then
    changes[resource][path] = true
    table.insert(changes[resource], path)
  end
end

---Tells all observers of a server the present state; those of what is not observable any more get
---4.04.
---@param server lunacoap.Server
function M.tell_of_all(server)
  local coap = server.coap
  for _, group in ipairs(coap:ListObserved()) do
    local resource, params = server.router:match(group.URIPath)
    if resource and resource.observable then
      resource:notify(params)
    else
      write_anew(coap, Response.of("4.04"))
      coap:SendNotification(group.URI)
    end
  end
end

return M
