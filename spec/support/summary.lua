-- A busted output handler: busted's plain or coloured one, and then the line that programs read.

return function(options)
  local busted = require "busted"
  local term = require "term"
  local name = term.isatty(io.stdout) and "utfTerminal" or "plainTerminal"
  local handler = require("busted.outputHandlers." .. name)(options)

  local function write_counts()
    local failed = handler.failuresCount + handler.errorsCount
    io.write(("\n%d passed, %d failed, %d skipped\n"):format(
      handler.successesCount, failed, handler.pendingsCount))
    io.flush()
    return nil, true
  end

  local function fail_when_nothing_ran()
    if handler.successesCount + handler.failuresCount + handler.errorsCount == 0 then
      io.stderr:write("no spec ran\n")
      os.exit(1, true)
    end
    return nil, true
  end

  -- The other handler has subscribed before, so its summary comes first.
  busted.subscribe({ "suite", "end" }, write_counts)
  busted.subscribe({ "exit" }, fail_when_nothing_ran)

  -- make asan sets it: a Lua value that C uses without keeping it is then collected soon.
  if os.getenv("SPEC_COLLECT") then
    busted.subscribe({ "test", "end" }, function()
      collectgarbage()
      return nil, true
    end)
  end

  return handler
end
