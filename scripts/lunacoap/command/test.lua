-- lunacoap test: runs specs of busted inside of the runtime; see lunacoap.test.runner.

local busted = require "lunacoap.test.busted"
local failure = require "lunacoap.command_line.failure"
local lunacoap = require "lunacoap"
local values = require "lunacoap.command_line.values"

local OUTPUTS = { TAP = "TAP", junit = "junit", json = "lunacoap.test.json" }
local SPEC = "_spec%.lua$"

local function seed_of(text)
  local number = math.tointeger(tonumber(text))
  if number and number >= 1 and number < 1 << 31 then
    return number
  end
  return nil, ("takes a number from 1 to 2147483647, not '%s'"):format(text)
end

local function pattern(text)
  local ok, message = pcall(string.find, "", text)
  if ok then
    return text
  end
  return nil, ("takes a Lua pattern, not '%s': %s"):format(text, message)
end

-- ---- What is run --------------------------------------------------------------------------------

local function specs_here()
  local found = {}
  for _, path in ipairs(busted.penlight "dir".getfiles(".")) do
    local name = path:match("[^/]+$")
    if name:find(SPEC) then
      table.insert(found, name)
    end
  end
  table.sort(found)
  return found
end

local function files_of(given)
  local paths = busted.penlight "path"
  for _, name in ipairs(given.files) do
    if not paths.exists(name) then
      failure.raise(failure.MISUSE, "there is no file or folder '%s'", name)
    end
  end
  if given.files[1] then
    return given.files
  end
  local files = paths.isdir("spec") and { "spec" } or specs_here()
  if not files[1] then
    failure.raise(failure.MISUSE, "there is no folder 'spec' and no file *_spec.lua here; "
      .. "'lunacoap init test' writes one")
  end
  return files
end

-- Tags may be written with commas between them.
local function tags_of(words)
  local tags = {}
  for _, word in ipairs(words) do
    for tag in word:gmatch("[^,%s]+") do
      table.insert(tags, (tag:gsub("^#", "")))
    end
  end
  return tags
end

-- Opened before the run, so that a mistake does not cost its result.
local function check_report(path)
  local file, message = io.open(path, "w")
  if not file then
    failure.raise(failure.HERE, "cannot write %s", message)
  end
  file:close()
end

local function terminal()
  return lunacoap.isatty(io.stdout) and "utfTerminal" or "plainTerminal"
end

local function run_of(given)
  if given.junit then
    check_report(given.junit)
  end
  return {
    files = files_of(given), output = OUTPUTS[given.output] or terminal(), junit = given.junit,
    filter = given.filter, filter_out = given.filter_out,
    tags = tags_of(given.tags), exclude_tags = tags_of(given.exclude_tags),
    rounds = given.rounds or 1, shuffle = given.shuffle, list = given.list,
    seed = given.seed or math.random(1, 999999), keep_going = not given.no_keep_going,
    limit = given.limit or 60, failures = given.failures or "failures",
  }
end

local function run(given)
  if not busted.is_available() then
    failure.raise(failure.HERE,
      "the Lua module 'busted' is missing; it is in the Debian package lua-busted")
  end
  local wanted = run_of(given)
  require "lunacoap.test.evidence".keep(given.keep or 4096)
  local counts = require "lunacoap.test.runner".run(wanted)
  if counts.failed > 0 then
    return failure.HERE
  elseif counts.passed == 0 and not wanted.list then
    failure.raise(failure.HERE, "no spec ran")
  end
  return 0
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Runs specs: files of busted, in which get, put, observe, sleep and the other
words of lunacoap.scenario are globals, and wait without stopping servers and
timers of the same spec.

  run_program{ "coap-server-notls", "-p", 5683, ready = "coap://127.0.0.1" }
  run_script("server.lua", { SETTING = VALUE }, "argument")

start a program, or a script of lunacoap on a free port. These, components,
timers and tasks end with the spec that began them, or with the block when a
setup or the block itself did.

Of a spec that fails, the exchange is shown, and its datagrams are written to
failures/NAME.pcapng for Wireshark. The exit status is 1 then, and also when
nothing ran.]],
  arguments = {
    { name = "files", value = "FILE", optional = true, many = true,
      help = "files, or folders with files *_spec.lua; if none is given the folder spec, or the "
        .. "files *_spec.lua of this one" },
  },
  options = {
    { flags = "-o --output", value = "FORMAT", choices = { "terminal", "TAP", "junit", "json" },
      help = "how it is told on standard output (default: terminal)" },
    { flags = "--junit", value = "FILE", help = "also write a report in JUnit's format" },
    { flags = "-f --filter", value = "PATTERN", many = true, convert = pattern,
      help = "only the specs whose name this Lua pattern matches; may be repeated" },
    { flags = "--filter-out", value = "PATTERN", many = true, convert = pattern,
      help = "only those that it does not match; may be repeated" },
    { flags = "-t --tags", value = "TAGS", many = true,
      help = "only specs with one of these #tags in their name, commas between them" },
    { flags = "--exclude-tags", value = "TAGS", many = true,
      help = "only those with none of them" },
    { flags = "-l --list", help = "print the names of the specs instead" },
    { flags = "--repeat", value = "N", name = "rounds", convert = values.count,
      help = "run all N times, each with the next seed" },
    { flags = "--seed", value = "N", convert = seed_of,
      help = "the seed of faults, of virtual time and of math.random, to repeat a run" },
    { flags = "--shuffle", help = "run files and specs in another order, which the seed chooses" },
    { flags = "--no-keep-going", help = "end after the first failure" },
    { flags = "--limit", value = "SECONDS", convert = values.seconds,
      help = "how long each spec may take, and each function around one (default: 60)" },
    { flags = "--failures", value = "DIR",
      help = "the folder for captures of failed specs (default: failures)" },
    { flags = "--keep", value = "N", convert = values.count,
      help = "how many datagrams a capture has (default: 4096)" },
  },
  examples = {
    { command = "lunacoap init test && lunacoap test", text = "a first spec that runs" },
    { command = "lunacoap test --junit report.xml spec", text = "in CI" },
    { command = "lunacoap test --repeat 100 --filter lossy --no-keep-going",
      text = "to look for a seed that fails" },
  },
  run = run,
}
