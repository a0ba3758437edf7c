-- lunacoap serve: the files of a folder over CoAP; see lunacoap.files.

local dtls_server = require "lunacoap.command_line.dtls_server"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local lunacoap = require "lunacoap"
local terminal = require "lunacoap.command_line.terminal"

-- RFC 7252 12.8: all CoAP nodes.
local ALL_NODES, ALL_NODES_6 = "224.0.1.187", "ff02::fd"

local function port_of(text)
  local port = math.tointeger(tonumber(text))
  if port and port >= 0 and port <= 65535 then
    return port
  end
  return nil, ("takes a number from 0 to 65535, not '%s'"):format(text)
end

-- Who asked for what, and what he got.
local function log(server)
  server:use(function(req, go_on)
    local response = go_on()
    local client = req.notifying and "observers"
      or ("%s port %d"):format(req.peer.host, req.peer.port)
    io.stderr:write(("%s  %s %s  %s  %d bytes\n"):format(client, req.method,
      terminal.line(req.path), response.code, #(response.body or "")))
    return response
  end)
end

local function make_server(given)
  if given.multicast and given.host then
    failure.raise(failure.MISUSE, "--multicast does not go with --host: one address hears no group")
  end
  local fields = dtls_server.server(given)
  fields.LocalHost, fields.UseIPv6 = given.host or "", given.host == nil
  fields.LocalPort = given.port or fields.SSLEnabled and 5684 or 5683
  if given.multicast and fields.SSLEnabled then
    failure.raise(failure.MISUSE, "--multicast does not go with DTLS, which has no groups")
  end
  fields.MulticastGroups = given.multicast and ALL_NODES .. " " .. ALL_NODES_6 or ""
  local server = lunacoap.server(fields)
  if given.verbose then
    log(server)
  end
  return server
end

local function mount(server, given)
  local served = require "lunacoap.files"
  local ok, message = pcall(served.mount, server, "/", given.folder, { write = given.write })
  if not ok then
    failure.raise(failure.MISUSE, "%s", message)
  end
end

local function start(server, given)
  local ok, err = pcall(server.start, server)
  if not ok and given.multicast then -- this machine may have no IPv6
    server.coap:Configure { MulticastGroups = ALL_NODES }
    ok, err = pcall(server.start, server)
  end
  if not ok then
    failure.raise(failure.HERE, "%s", err.Message or err)
  end
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Serves the files of a folder. A folder is a list of links, a file has the
content-format of its extension and an ETag of its content. Long files go in
blocks, those of more than 8 MiB not at all. Nothing outside of the folder can
be reached; symbolic links are left out.]],
  arguments = { { name = "folder", value = "DIR", help = "the folder" } },
  options = {
    { flags = "-w --write", help = "let clients create, replace and delete files (PUT, DELETE)" },
    { flags = "-p --port", value = "PORT", convert = port_of,
      help = "the UDP port, if not 5683 (5684 with DTLS); 0 for any that is free" },
    { flags = "-H --host", value = "ADDRESS",
      help = "the address to listen at, if not all of this machine" },
    { flags = "--multicast", help = "answer who asks all CoAP nodes, as lunacoap discover does" },
    { flags = "-v --verbose", help = "write a line about each request to standard error" },
    dtls_server.group,
  },
  examples = {
    { command = "lunacoap serve --write public", text = "the folder public, to be written too" },
    { command = "lunacoap serve --cert server.pem --ca clients.crt public",
      text = "over DTLS, for clients with a certificate" },
  },
  run = function(given)
    local server = make_server(given)
    mount(server, given)
    start(server, given)
    files.print(("serving %s at %s%s\n"):format(given.folder,
      given.host and "" or "all addresses, such as ", server:uri("/")))
  end,
}
