-- The console of `lunacoap -i`: reads Lua from standard input and runs it as a task of the running
-- loop, so that servers, timers and requests go on while the user types. An expression is printed,
-- an unfinished statement is continued on the next line. Returns a function that returns at the end
-- of the input; `wait_for_input` suspends the task until standard input can be read.

-- The error and the frames of what was typed; those below the xpcall are ours.
local function describe(err)
  local traceback = debug.traceback(tostring(err), 2)
  return traceback:sub(1, (traceback:find("\n%s*%[C%]: in function 'xpcall'") or 0) - 1)
end

-- The function for `text`, or nil and what is wrong and whether more lines may mend it.
local function compile(text)
  local chunk = load("return " .. text, "=stdin", "t")
  if chunk then
    return chunk
  end
  local message
  chunk, message = load(text, "=stdin", "t")
  return chunk, message, message and message:match("<eof>$") ~= nil
end

local function run(chunk)
  local results = table.pack(xpcall(chunk, describe))
  if not results[1] then
    io.stderr:write(results[2], "\n")
  elseif results.n > 1 then
    print(table.unpack(results, 2, results.n))
  end
end

return function(wait_for_input)
  -- A line that already waits in a buffer would not make the descriptor readable.
  io.stdin:setvbuf("no")
  local text = ""
  while true do
    io.write(text == "" and "> " or ">> ")
    io.flush()
    wait_for_input()
    local line = io.read("L")
    if not line then
      print()
      return
    end
    text = text .. line
    local chunk, message, unfinished = compile(text)
    if chunk then
      run(chunk)
    elseif not unfinished then
      io.stderr:write(message, "\n")
    end
    if not unfinished then
      text = ""
    end
  end
end
