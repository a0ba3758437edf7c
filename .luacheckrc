std = "lua54"
max_line_length = 100

-- Handlers keep the names of all their arguments, so that a reader sees what there is.
unused_args = false

files["spec"].std = "lua54+busted"

-- What `lunacoap test` gives to specs.
local of_tests = {
  std = "lua54+busted",
  read_globals = {
    "at_end", "configure", "delete", "eventually", "fetch", "free_port", "get", "ipatch",
    "nothing_arrives", "observe", "patch", "post", "put", "run_program", "run_script", "sleep",
  },
}
files["examples/*_spec.lua"] = of_tests
files["scripts/lunacoap/starter/test.lua"] = of_tests

-- A vector or a row of a table reads best on one line, a name cites the section of its RFC.
files["spec"].max_line_length = 140

-- The command line gives every script its own `arg`.
files["scripts/lunacoap/cli.lua"].globals = { "arg" }
files["scripts/lunacoap/command_line/definition.lua"].globals = { "arg" }
