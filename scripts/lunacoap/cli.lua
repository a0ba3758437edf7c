-- The command line of `lunacoap`. Returns a function that takes the version and a function that
-- waits for standard input, and returns the exit status. The words of the command line are in the
-- global `arg`, the program's name is arg[0].

local capture = require "lunacoap.command_line.capture"
local command_line = require "lunacoap.command_line"
local console = require "lunacoap.console"
local lunacoap = require "lunacoap"

local function complain(message)
  io.stderr:write("lunacoap: ", message, "\n")
end

-- What `arguments` ask for: {help=, version=, chunks={CODE, ...}, console=, script=index of FILE},
-- or nil and what is wrong.
local function parse(arguments)
  local wanted = { chunks = {} }
  local i = 1
  while arguments[i] do
    local word = arguments[i]
    if word == "-" or word:sub(1, 1) ~= "-" then
      break
    elseif word == "--" then
      i = i + 1
      break
    elseif word == "-h" or word == "--help" then
      wanted.help = true
    elseif word == "-v" or word == "--version" then
      wanted.version = true
    elseif word == "-i" then
      wanted.console = true
    elseif word == "--watch" then
      wanted.watch = true
    elseif word == "--capture" then
      i = i + 1
      if not arguments[i] then
        return nil, "the option --capture needs the name of a file after it"
      end
      wanted.capture = arguments[i]
    elseif word == "-e" then
      i = i + 1
      if not arguments[i] then
        return nil, "the option -e needs Lua code after it"
      end
      table.insert(wanted.chunks, arguments[i])
    else
      return nil, ("there is no option '%s'"):format(word)
    end
    i = i + 1
  end
  wanted.script = arguments[i] and i
  if wanted.watch and (not wanted.script or arguments[wanted.script] == "-") then
    return nil, "--watch needs a file to watch"
  end
  if not (wanted.script or wanted.chunks[1] or wanted.console or wanted.help or wanted.version) then
    return nil, "nothing to run: name a command or a Lua script, or give code with -e"
  end
  return wanted
end

-- As in the stock interpreter: the script is arg[0], what stood before it has negative indices.
local function arguments_of_script(words, script)
  local shifted = {}
  for i = 0, #words do
    shifted[i - script] = words[i]
  end
  return shifted
end

-- What to do when a file cannot be opened whose name is a word alone: it may be meant as a command.
local function hint_for(name, message)
  if not name:find("^%a+$") or not message:find("^cannot open") then
    return ""
  end
  local nearest = command_line.nearest(name)
  return nearest and ("; did you mean 'lunacoap %s'?"):format(nearest)
    or "; 'lunacoap --help' lists the commands"
end

-- The functions to run one after the other, or nil and a syntax error or that a file is missing.
local function load_all(wanted, words)
  local functions = {}
  for _, code in ipairs(wanted.chunks) do
    local chunk, message = load(code, "=(command line)", "t")
    if not chunk then
      return nil, message
    end
    table.insert(functions, chunk)
  end
  if wanted.watch then
    table.insert(functions, function()
      require "lunacoap.reload"(arg[0], arg)
    end)
  elseif wanted.script then
    local name = words[wanted.script]
    local chunk, message = loadfile(name ~= "-" and name or nil)
    if not chunk then
      return nil, message .. hint_for(name, message)
    end
    table.insert(functions, chunk)
  end
  return functions
end

-- Runs the functions with the arguments. The last one is called in the tail, which keeps this file
-- out of its traceback.
local function run_all(functions, ...)
  for i = 1, #functions - 1 do
    functions[i](...)
  end
  return functions[#functions](...)
end

return function(version, wait_for_input)
  local words = arg
  local command = command_line.find(words[1])
  if command then
    return command_line.run(command, { table.unpack(words, 2) })
  end
  local wanted, wrong = parse(words)
  if not wanted then
    complain(wrong .. "\nTry 'lunacoap --help'.")
    return 2
  elseif wanted.help then
    io.write(command_line.help())
    return 0
  elseif wanted.version then
    print(("lunacoap %s, %s"):format(version, _VERSION))
    return 0
  end

  if wanted.script then
    arg = arguments_of_script(words, wanted.script)
  end
  local functions, message = load_all(wanted, words)
  if not functions then
    complain(message)
    return 1
  end
  if wanted.console or wanted.chunks[1] then
    _G.lunacoap = lunacoap
  end
  if wanted.console then
    print(("lunacoap %s, %s; Ctrl-D ends"):format(version, _VERSION))
    table.insert(functions, function()
      console(wait_for_input)
      lunacoap.stop()
    end)
  end
  local started, unwritable = capture.start(wanted.capture)
  if not started then
    complain(unwritable)
    return 1
  end
  local status = lunacoap.run(run_all, functions, table.unpack(arg))
  local _, trouble = capture.finish()
  if trouble then
    complain(trouble)
  end
  return status
end
