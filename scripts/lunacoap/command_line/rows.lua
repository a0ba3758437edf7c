-- The commands of `lunacoap`, in the order in which its help shows them: {name =, summary =}. The
-- module of a command is lunacoap.command.NAME, or `module` where that name is taken.

---@class lunacoap.command_line.Row
---@field name string The word that a user types.
---@field summary string One line, as a sentence without its full stop.
---@field module? string The last part of the module's name, when it is not `name`.

---@type lunacoap.command_line.Row[]
return {
  { name = "serve", summary = "Serve the files of a folder" },
  { name = "completion", summary = "Print completions for a shell, or the man page" },
}
