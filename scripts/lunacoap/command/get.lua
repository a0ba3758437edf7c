-- lunacoap get: reads a resource.

return require("lunacoap.command_line.request").declare {
  method = "GET",
  description = [[
Reads a resource and prints its payload: on a terminal JSON, CBOR, SenML and
link-format are set out for reading, anywhere else they are written as they
came. An answer that is an error is told on standard error.]],
  examples = {
    { command = "lunacoap get localhost/time", text = "the time, of a server of this machine" },
    { command = "lunacoap get -a json -v coap://127.0.0.1/sensors/1",
      text = "a sensor's state as JSON, and every message that was sent for it" },
    { command = "lunacoap get --psk-identity dev-1 --psk-key secret coaps://gateway.local/state",
      text = "over DTLS, with a pre-shared key" },
  },
}
