-- Runs specs by busted inside of the runtime, each in a scope of its own and within a time.

local evidence = require "lunacoap.test.evidence"
local lunacoap = require "lunacoap"
local part = require "lunacoap.test.busted".part
local printable = require "lunacoap.test.printable"
local programs = require "lunacoap.test.program"
local refusals = require "lunacoap.test.refusals"
local scenario = require "lunacoap.scenario"
local scope = require "lunacoap.test.scope"
local waiting = require "lunacoap.scenario.waiting"

---@class lunacoap.test.Run What is run, and how.
---@field files string[] Files and folders.
---@field output string busted's name of an output.
---@field junit? string A file for a report in JUnit's format.
---@field filter string[] Lua patterns of the names of specs.
---@field filter_out string[]
---@field tags string[]
---@field exclude_tags string[]
---@field rounds integer How many times all is run.
---@field shuffle boolean
---@field seed integer Of the round that runs.
---@field keep_going boolean
---@field list boolean
---@field limit number Seconds for each spec, and for each function around it.
---@field failures string A folder.

local M = {}

-- ---- Each spec ----------------------------------------------------------------------------------

-- Names of the blocks around it, but for its file.
local function full_name(busted, element)
  local names = {}
  while element and element.descriptor ~= "file" and element.descriptor ~= "suite" do
    table.insert(names, 1, element.name or element.descriptor)
    element = busted.context.parent(element)
  end
  return table.concat(names, " ")
end

-- A function of a spec file, within its time. What went wrong in a task of the spec is its failure.
local function bounded(busted, run, seconds, is_spec)
  return function()
    local till = busted.monotime() + seconds -- not lunacoap.now(), which may be virtual
    lunacoap.limit(seconds, function() return run() end)
    if busted.monotime() > till then
      error(("not done within %g s"):format(seconds), 0) -- it has caught the error that said so
    end
    local trouble = is_spec and scope.trouble()
    if trouble then
      error(trouble, 0)
    end
  end
end

local function complain(busted, element, err)
  local object = type(err) == "table" and rawget(err, "Message")
  local text = object and (err.Where and err.Where .. ": " or "") .. object or tostring(err)
  busted.publish({ "error", "after_each" },
    { descriptor = "after_each", name = element.name, trace = element.trace }, nil,
    "after the spec: " .. text, {})
end

-- A spec with what is to be done before and after it, or a block with all that is in it.
local function enclosed(busted, element, run, go_on)
  scope.open()
  local is_spec = element.descriptor == "it"
  if is_spec then
    math.randomseed(run.seed)
    lunacoap.sleep(0) -- what came before may have sent its farewell
    scenario.begin()
    evidence.begin()
  end
  local results = table.pack(go_on())
  if is_spec then
    local ok, err = pcall(scenario.finish)
    if not ok then
      complain(busted, element, err)
    end
  end
  local err = scope.close()
  if err then
    complain(busted, element, err)
  end
  return table.unpack(results, 1, results.n)
end

local BLOCKS = { it = true, describe = true, file = true }

-- busted calls all functions of spec files by one of its own, and so what runs these.
local function enclose_calls(busted, run)
  local safe = busted.safe
  function busted.safe(descriptor, f, element)
    if f == element.run or descriptor == "finally" then
      return safe(descriptor, bounded(busted, f, run.limit, descriptor == "it"), element)
    elseif BLOCKS[descriptor] and element.descriptor == descriptor and not run.list then
      return enclosed(busted, element, run, function() return safe(descriptor, f, element) end)
    end
    return safe(descriptor, f, element)
  end
end

-- ---- Failures -----------------------------------------------------------------------------------

-- Where the traceback is in a file of the specs and not in one of ours.
local function line_of_spec(trace)
  for line in (trace and trace.traceback or ""):gmatch("[^\n]+") do
    local place = line:match("^%s*([^%s:][^:]*:%d+): in ")
    if place and not place:find("lunacoap/[%w_/]+%.lua:") then
      return place
    end
  end
end

-- An error object of lunacoap says where it was raised; in a call of ours, the caller counts.
local function describe(err, text, trace)
  local ours = text:match("^[^\n:]*lunacoap/[%w_/]+%.lua:%d+: ")
  local object = type(err) == "table" and rawget(err, "Code") and rawget(err, "Message")
  if not ours and not object then
    return text
  end
  local place = line_of_spec(trace) or object and err.Where
  local message = object and (err.Code == 1 and err.Message or tostring(err))
    or text:sub(#(ours or "") + 1)
  return place and place .. ": " .. message or message
end

-- Names are what reports take, from their beginning on.
local function print_names(busted, run)
  local attach = busted.context.attach
  local name_of = run.output == "TAP" and printable.tap_line or printable.line
  function busted.context.attach(element)
    if element.descriptor ~= "file" and type(element.name) == "string" then
      element.name = name_of(element.name)
    end
    return attach(element)
  end
end

local function add_evidence(busted, run)
  local rewrite = busted.rewriteMessage
  function busted.rewriteMessage(element, message, trace)
    local text = rewrite(element, message, trace)
    if waiting.is_pending(message) then
      return printable.text(text)
    end
    text = evidence.add(describe(message, text, trace), full_name(busted, element), run)
    return printable.text(text)
  end
end

-- ---- The run ------------------------------------------------------------------------------------

local function count(busted, run)
  local counts = { passed = 0, failed = 0 }
  local function fail()
    counts.failed = counts.failed + 1
    busted.skipAll = not run.keep_going
    return nil, true
  end
  busted.subscribe({ "error" }, fail)
  busted.subscribe({ "failure" }, fail)
  busted.subscribe({ "test", "end" }, function(_, _, status)
    counts.passed = counts.passed + (status == "success" and 1 or 0)
    return nil, true
  end)
  return counts
end

local function add_outputs(busted, run)
  local load = part(".modules.output_handler_loader")()
  local function add(output, arguments)
    load(busted, output,
      { defaultOutput = "plainTerminal", language = "en", arguments = arguments })
  end
  add(run.output, {})
  if run.junit then
    add("junit", { run.junit })
  end
  -- Messages are for reports too, which take no escape sequences.
  busted.api.assert:set_parameter("TableErrorHighlightColor", "none")
end

local function add_filters(busted, run)
  part(".modules.filter_loader")()(busted, {
    tags = run.tags, excludeTags = run.exclude_tags, filter = run.filter,
    filterOut = run.filter_out, list = run.list, nokeepgoing = not run.keep_going,
  })
end

-- A file that cannot be loaded is one that fails as soon as it runs: over a file that never runs
-- busted's TAP ends the run by an error.
local function make_loader()
  local loader, raise, places = part ".modules.files.lua", error, {}
  local load = loader.load
  local mute = { publish = function() end }
  function loader.load(_, path)
    local file, get_trace = load(mute, path)
    local message = not file and select(2, loadfile(path))
    if message then
      places[message] = { path, tonumber(message:match(":(%d+):")) or 1 }
      file = function() raise(message, 0) end
    end
    -- busted takes the one of the first file for all.
    return file, function(name, info)
      local place = places[info.message]
      return place and { short_src = place[1], currentline = place[2] } or get_trace(name, info)
    end
  end
  return part ".modules.test_file_loader"
end

local function export_words(busted)
  for name, word in pairs(scenario.words) do
    busted.export(name, word)
  end
  -- As scopes have it.
  busted.export("sleep", function(seconds) return lunacoap.sleep(seconds) end)
  busted.export("at_end", scope.at_end)
  busted.export("configure", scenario.configure)
  busted.export("free_port", programs.free_port)
  busted.export("run_program", programs.run)
  busted.export("run_script", require "lunacoap.test.script")
end

-- Each round has a seed of its own, so that repeating looks for what fails.
local function use_seed(run, seed)
  run.seed = seed
  scope.set_defaults { FaultSeed = seed }
end

local function follow_rounds(busted, run)
  local first = run.seed
  use_seed(run, first)
  busted.subscribe({ "suite", "reset" }, function(_, round)
    use_seed(run, first + round - 1)
    busted.randomseed = run.seed
    return nil, true
  end)
end

local function make_busted()
  local busted = part(".core")()
  part("")(busted)
  return busted
end

---Runs specs.
---@param run lunacoap.test.Run
---@return { passed: integer, failed: integer }
function M.run(run)
  local busted = make_busted()
  local counts = count(busted, run)
  busted.randomize, busted.randomseed = run.shuffle, run.seed
  follow_rounds(busted, run)
  add_outputs(busted, run)
  add_filters(busted, run)
  export_words(busted)
  print_names(busted, run)
  add_evidence(busted, run)
  enclose_calls(busted, run)
  scope.install(function() return run.seed end)
  refusals.install()
  scope.open()
  make_loader()(busted, { "lua" })(run.files, { "_spec" },
    { excludes = {}, recursive = true })
  part(".execute")(busted)(run.rounds, { seed = run.seed, shuffle = run.shuffle })
  scope.close()
  busted.publish { "exit" }
  return counts
end

return M
