-- What `lunacoap` is and takes besides its commands: the text of `lunacoap --help` and of the man
-- page.

local capture = require "lunacoap.command_line.capture"

---@class lunacoap.command_line.Program
local M = {}

M.summary = "run CoAP devices, servers and tests written in Lua, and ask CoAP servers"

M.usages = { "lunacoap [OPTIONS] FILE [ARGUMENTS]", "lunacoap COMMAND ..." }

M.options = {
  {
    flags = "FILE",
    help = "a Lua script, or - for standard input; its ARGUMENTS are in the table `arg`; "
      .. "one that is called like a command is run as ./get",
  },
  { flags = "-e", value = "CODE",
    help = "run CODE, before FILE if both are given; may be repeated" },
  { flags = "-i",
    help = "then read Lua from the terminal, while servers, requests and timers go on" },
  { flags = "--watch",
    help = "run FILE again when it or a module of its own changes; the servers of "
      .. "lunacoap.server keep sockets, DTLS sessions, observers and pending requests" },
  capture.option,
  { flags = "-v --version", help = "print the version and end" },
  { flags = "-h --help", help = "print this text and end" },
  { flags = "--", help = "end of the options" },
}

M.commands = "'lunacoap COMMAND --help' tells what one takes."

M.scripts = [[
In CODE and at the terminal the module is the global `lunacoap`; a FILE says
local lunacoap = require "lunacoap".

The program ends when the script has returned and nothing is left that can
happen: no component listens, no request or observation is pending, no timer
runs. Ctrl-C ends it before, a second Ctrl-C at once.]]

-- Of commands and of scripts.
M.statuses = {
  { "0", "success: of a command, an answer of class 2" },
  { "1", "an error that nothing caught; a command failed on this side, such as at a file" },
  { "2", "the command line was wrong" },
  { "3", "no answer: nobody there, too late, or no DTLS session" },
  { "4, 5", "the answer was an error of that class, such as 4.04" },
  { "130", "ended by Ctrl-C; 143 by SIGTERM, 129 by SIGHUP" },
  { "other", "what the script gave to lunacoap.stop" },
}

M.examples = {
  {
    text = "a server that tells the time and, at another terminal, its client",
    command = [[
lunacoap -e 'lunacoap.CoAP{
  OnRequest = function(coap) coap.ResponseData = os.date() end,
  LocalPort = 5683, Listening = true }'

lunacoap -e 'coap = lunacoap.CoAP()
  coap:Get("coap://127.0.0.1/time") print(coap.ResponseData)']],
  },
}

return M
