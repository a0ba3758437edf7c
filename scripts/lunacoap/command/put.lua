-- lunacoap put: writes a resource.

return require("lunacoap.command_line.request").declare {
  method = "PUT",
  payload = true,
  description = [[
Creates or replaces a resource. The payload stands behind the URI, in a file
(-F) or on standard input (-). Long ones go in blocks.]],
  examples = {
    { command = "lunacoap put -f text localhost/target 21.5", text = "a number as text" },
    { command = [[lunacoap put -f cbor localhost/config '{"interval": 60}']],
      text = "JSON, sent as CBOR" },
    { command = "lunacoap put -f octets -F firmware.bin coap://device.local/fw", text = "a file" },
  },
}
