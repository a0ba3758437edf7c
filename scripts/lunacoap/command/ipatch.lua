-- lunacoap ipatch: changes a part of a resource, the same however often it is done (RFC 8132).

return require("lunacoap.command_line.request").declare {
  method = "iPATCH",
  payload = true,
  description = [[
Changes a part of a resource in a way that does no more when it is done again
(RFC 8132). The payload stands behind the URI, in a file (-F) or on standard
input (-).]],
  examples = {
    { command = [[lunacoap ipatch -f 52 localhost/config '{"interval": 5}']],
      text = "one value of a configuration, as a JSON merge patch" },
  },
}
