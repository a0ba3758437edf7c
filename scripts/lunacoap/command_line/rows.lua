-- The commands of `lunacoap`, in the order in which its help shows them: {name =, summary =}. The
-- module of a command is lunacoap.command.NAME, or `module` where that name is taken.

---@class lunacoap.command_line.Row
---@field name string The word that a user types.
---@field summary string One line, as a sentence without its full stop.
---@field module? string The last part of the module's name, when it is not `name`.
---@field offline? boolean It sends and receives nothing.

---@type lunacoap.command_line.Row[]
return {
  { name = "get", summary = "Read a resource" },
  { name = "put", summary = "Create or replace a resource" },
  { name = "post", summary = "Send a resource something to process" },
  { name = "delete", summary = "Delete a resource" },
  { name = "fetch", summary = "Read a part of a resource, which the payload names" },
  { name = "patch", summary = "Change a part of a resource" },
  { name = "ipatch", summary = "Change a part of a resource; doing so again changes nothing" },
  { name = "observe", summary = "Print a resource each time it changes" },
  { name = "discover", summary = "List the resources of a server, or of the network" },
  { name = "init", module = "starter", offline = true,
    summary = "Write a script to start from: device, server, simulation, test" },
  { name = "serve", summary = "Serve the files of a folder" },
  { name = "bench", summary = "Load a server, and tell how long its answers take" },
  { name = "simulate", summary = "Run devices by the hundred that behave like devices" },
  { name = "test", summary = "Run specs of servers and devices" },
  { name = "completion", summary = "Print completions for a shell, or the man page",
    offline = true },
}
