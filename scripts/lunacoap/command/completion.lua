-- lunacoap completion: completions for a shell and the man page, made of what commands declare.

local command_line = require "lunacoap.command_line"
local files = require "lunacoap.command_line.files"
local man = require "lunacoap.command_line.man"
local parser = require "lunacoap.command_line.parser"

-- argparse's generator offers commands alone where a script may stand, too.
local function zsh(declarations)
  local text = parser.completing(declarations):get_zsh_complete()
  return (text:gsub('": :_lunacoap_cmds"', '": :{ _lunacoap_cmds || _files }"'))
end

local WRITERS = {
  bash = function(declarations) return parser.completing(declarations):get_bash_complete() end,
  zsh = zsh,
  man = man.page,
}

---@type lunacoap.command_line.Declaration
return {
  description = [[
Prints what makes bash or zsh complete the words of a command line, or the man
page. 'make install' puts all three where they are found.]],
  arguments = { { name = "form", help = "what to print", choices = { "bash", "zsh", "man" } } },
  examples = {
    { command = 'eval "$(lunacoap completion bash)"', text = "completions for this bash" },
    { command = 'lunacoap completion zsh >"${fpath[1]}/_lunacoap"',
      text = "the same for each zsh that starts from now on" },
  },
  run = function(given)
    files.print(WRITERS[given.form](command_line.declarations()))
    return 0
  end,
}
