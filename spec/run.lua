-- Runs busted inside lunacoap-spec: build/lunacoap-spec spec/run.lua [busted's options] [FILE or FOLDER ...]
require "busted.runner"({ standalone = false })
