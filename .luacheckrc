std = "lua54"
max_line_length = 100

-- Handlers keep the names of all their arguments, so that a reader sees what there is.
unused_args = false

files["spec"].std = "lua54+busted"
files["examples/*_spec.lua"].std = "lua54+busted"
files["examples/*_spec.lua"].read_globals = {
  "eventually", "get", "nothing_arrives", "observe", "put", "run_script",
}

files["scripts/lunacoap/starter/test.lua"].std = "lua54+busted"
files["scripts/lunacoap/starter/test.lua"].read_globals = { "get", "observe", "put" }

-- A vector or a row of a table reads best on one line, a name cites the section of its RFC.
files["spec"].max_line_length = 140

-- The command line gives every script its own `arg`.
files["scripts/lunacoap/cli.lua"].globals = { "arg" }
