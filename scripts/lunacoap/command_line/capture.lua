-- The option --capture, which every command that talks to the network has, and scripts too: all
-- datagrams of the program in a pcapng file.

local lunacoap = require "lunacoap"

local M = {}

M.option = {
  flags = "--capture", value = "FILE.pcapng",
  help = "write all datagrams to a file, with the secrets of DTLS, for Wireshark",
}

---@type lunacoap.command_line.Group
M.group = { title = "Capture", options = { M.option } }

---Captures from now on.
---@param path? string nil: nothing is wanted.
---@return boolean? ok
---@return string? message Why the file cannot be written.
function M.start(path)
  if not path then
    return true
  end
  local ok, err = pcall(lunacoap.capture.file, path)
  return ok, not ok and err.Message or nil
end

---The end of the program: closes the file.
---@return boolean? ok
---@return string? message Why it ends before.
function M.finish()
  local ok, err = pcall(lunacoap.capture.file, nil)
  return ok, not ok and err.Message or nil
end

return M
