-- lunacoap fetch: reads the parts of a resource that the payload asks for (RFC 8132).

return require("lunacoap.command_line.request").declare {
  method = "FETCH",
  payload = true,
  description = [[
Reads the parts of a resource that the payload asks for (RFC 8132). The payload
stands behind the URI, in a file (-F) or on standard input (-).]],
  examples = {
    { command = [[lunacoap fetch -f json localhost/log '{"last": 10}']],
      text = "the last ten entries, of a server that takes such a question" },
  },
}
