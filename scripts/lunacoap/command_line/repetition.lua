-- How a simulation is repeated: its seed, where that comes from, and the command.

local M = {}

-- A word as a shell takes it.
local function quoted(word)
  if word:find("^[%w_./:=,@%%+-]+$") then
    return word
  end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function extend(words, more)
  return table.move(more, 1, #more, #words + 1, words)
end

-- A value that begins as options do stands in one word with its option.
local function add(words, option, value)
  local text = value ~= nil and tostring(value)
  if text then
    extend(words, text:find("^%-") and { option .. "=" .. text } or { option, text })
  end
end

-- Whether one of the arguments could be taken for an option.
local function has_dashes(arguments)
  for _, argument in ipairs(arguments) do
    if argument:find("^%-") then
      return true
    end
  end
  return false
end

local function is_one_seed(simulation)
  for _, fleet in ipairs(simulation.fleets) do
    if fleet.plan.seed ~= simulation.seed then
      return false
    end
  end
  return true
end

---The command that repeats a run.
---@param given table What the command line said.
---@param simulation lunacoap.Simulation
---@return string
function M.of(given, simulation)
  local options = {}
  add(options, "--count", given.count)
  add(options, "--seed", is_one_seed(simulation) and simulation.seed or given.seed)
  add(options, "--ramp", given.ramp)
  add(options, "--for", given.time)
  add(options, "--server", given.server)
  extend(options, given.virtual and { "--virtual" } or {})
  local file = extend({ given.file }, given.arguments)
  local words = { "lunacoap", "simulate" }
  if has_dashes(file) then
    extend(extend(words, options), { "--" })
    extend(words, file)
  else
    extend(extend(words, file), options)
  end
  for i, word in ipairs(words) do
    words[i] = quoted(word)
  end
  return table.concat(words, " ")
end

---Where the seed comes from, as a remark behind it.
---@param given table
---@param definitions table What the file has returned.
---@return string
function M.origin_of_seed(given, definitions)
  local first = definitions[1] or definitions
  return given.seed and "" or first.seed and (" (of %s)"):format(given.file)
    or " (by default: --seed N gives another run)"
end

return M
