-- lunacoap post: sends a resource something to process.

return require("lunacoap.command_line.request").declare {
  method = "POST",
  payload = true,
  description = [[
Sends a resource something to process; what that means, the server says. The
payload stands behind the URI, in a file (-F) or on standard input (-).]],
  examples = {
    { command = [[lunacoap post -i -f json localhost/notes '{"text": "water the plants"}']],
      text = "a new note; -i shows where it was put" },
  },
}
