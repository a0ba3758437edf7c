-- lunacoap delete: deletes a resource.

return require("lunacoap.command_line.request").declare {
  method = "DELETE", description = "Deletes a resource.",
  examples = { { command = "lunacoap delete localhost/notes/3", text = "a note that is done" } },
}
