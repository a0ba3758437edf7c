-- lunacoap patch: changes a part of a resource (RFC 8132).

return require("lunacoap.command_line.request").declare {
  method = "PATCH",
  payload = true,
  description = [[
Changes a part of a resource (RFC 8132). The payload stands behind the URI, in a
file (-F) or on standard input (-). What changes the same each time, however
often it is done, is better sent with ipatch: that may be repeated safely.]],
  examples = {
    { command = [[lunacoap patch -f application/json-patch+json localhost/config \
    '[{"op": "add", "path": "/zones/-", "value": "hall"}]']], text = "one zone more" },
  },
}
