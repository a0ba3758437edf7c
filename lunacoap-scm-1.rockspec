rockspec_format = "3.0"
package = "lunacoap"
version = "scm-1"

-- For `luarocks make` in a clone; a release will name its archive here.
source = { url = "file://." }

description = {
  summary = "CoAP devices, servers and tests as Lua scripts",
  detailed = [[
    The module `lunacoap`: a CoAP client and server component with an event loop of its own,
    written in C. The program `lunacoap` with its command line comes with `make install`.
  ]],
  labels = { "coap", "iot", "network" },
  license = "MIT",
}

supported_platforms = { "linux" }

dependencies = { "lua >= 5.4" }

-- libev-dev, libmbedtls-dev, libgnutls28-dev, libjansson-dev and libcbor-dev on Debian.
external_dependencies = {
  LIBEV = { header = "ev.h" },
  MBEDTLS = { header = "mbedtls/ssl.h" },
  GNUTLS = { header = "gnutls/gnutls.h" },
  JANSSON = { header = "jansson.h" },
  CBOR = { header = "cbor.h" },
}

-- Two calls of make with the same flags: the second one compiles nothing.
local variables = {
  BUILD = "build/rock",
  CC = "$(CC)",
  CFLAGS = "$(CFLAGS)",
  LUA = "$(LUA)",
  LUA_CFLAGS = "-I$(LUA_INCDIR) -I$(LIBEV_INCDIR) -I$(MBEDTLS_INCDIR) -I$(GNUTLS_INCDIR) "
    .. "-I$(JANSSON_INCDIR) -I$(CBOR_INCDIR)",
  LDFLAGS = "-L$(LIBEV_LIBDIR) -L$(MBEDTLS_LIBDIR) -L$(GNUTLS_LIBDIR) -L$(JANSSON_LIBDIR) "
    .. "-L$(CBOR_LIBDIR)",
  LIBDIR = "$(LIBDIR)",
}

build = {
  type = "make",
  build_target = "build/rock/lunacoap.so",
  build_variables = variables,
  install_target = "install-module",
  install_variables = variables,
}
