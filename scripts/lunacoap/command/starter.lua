-- lunacoap init: writes a script to start from.

local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"

local KINDS = { "device", "server", "simulation", "test" }
local MODULE = "lunacoap.starter.%s"

local function exists(path)
  local file <close> = io.open(path, "rb")
  return file ~= nil
end

-- The name of each unless another is given, and what runs it.
local NAMES = {
  device = "device.lua", server = "server.lua", simulation = "simulation.lua",
  test = "test_spec.lua",
}
local COMMANDS = {
  device = "lunacoap", server = "lunacoap", simulation = "lunacoap simulate",
  test = "lunacoap test",
}

local function run(given)
  local path = given.file or NAMES[given.kind]
  local text = require(MODULE:format(given.kind)) -- a starter's module is its text
  if path == "-" then
    files.print(text)
    return 0
  elseif exists(path) and not given.force then
    failure.raise(failure.HERE, "%s exists already: --force replaces it", path)
  end
  files.write(path, text)
  files.print(("wrote %s; try:  %s %s\n"):format(path, COMMANDS[given.kind], path))
  return 0
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Writes a script to start from, which runs at once and says in its comments how it
is tried and changed: a device that is read, observed and set; a server that
keeps what its clients send; a fleet of simulated devices; specs that ask a
server and compare.]],
  arguments = {
    { name = "kind", help = "what it is to be", choices = KINDS },
    { name = "file", optional = true,
      help = "its name, if not KIND.lua, test_spec.lua for a test; - for standard output" },
  },
  options = { { flags = "--force", help = "replace a file that is there already" } },
  examples = {
    { command = "lunacoap init device && lunacoap device.lua", text = "a device that runs" },
    { command = "lunacoap init simulation && lunacoap simulate simulation.lua",
      text = "a hundred devices" },
    { command = "lunacoap init test && lunacoap test", text = "specs that run" },
  },
  run = run,
}
