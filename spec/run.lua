-- Runs busted inside lunacoap-spec, where the specs can require lunacoap.probe:
--   build/lunacoap-spec spec/run.lua [busted's options] [FILE or FOLDER ...]
-- Ends with busted's own summary and one line `N passed, N failed, N skipped` made from the same
-- counters. The exit status is 1 when something failed and also when nothing ran, so that a
-- mistyped path is not taken for success.

require "busted.runner"({ standalone = false, output = "spec/support/summary.lua" })
