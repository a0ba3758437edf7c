std = "lua54"
max_line_length = 100

-- Handlers keep the names of all their arguments, so that a reader sees what there is.
unused_args = false

files["spec"].std = "lua54+busted"

-- The command line gives every script its own `arg`.
files["scripts/lunacoap/cli.lua"].globals = { "arg" }
