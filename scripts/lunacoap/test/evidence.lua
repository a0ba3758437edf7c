-- What is told of a failed spec besides its message: what went over the network, a capture of it,
-- which programs have ended, and the seed that repeats it.

local busted = require "lunacoap.test.busted"
local lunacoap = require "lunacoap"
local programs = require "lunacoap.test.program"
local scenario = require "lunacoap.scenario"

local M = {}

local LONGEST_NAME = 100

local capture = lunacoap.capture

---Keeps the last datagrams of the run.
---@param count integer
function M.keep(count)
  capture.keep(count)
end

-- The number of the datagram that came next when the spec began.
local mark

---A spec begins.
function M.begin()
  mark = capture.mark()
end

-- Of a spec's name, what any file system takes; and the seed, when there are several.
local function file_name(name, run)
  local plain = name:gsub("[^%w%-._]+", "_"):gsub("^[_.]+", ""):gsub("_+$", "")
  plain = plain == "" and "spec" or plain:sub(1, LONGEST_NAME)
  return ("%s%s.pcapng"):format(plain, run.rounds > 1 and "_seed_" .. run.seed or "")
end

-- The path of a capture, or nil when nothing went since the spec began.
local function write_capture(name, run)
  if #capture.list(mark) == 0 then
    return
  end
  busted.penlight "dir".makepath(run.failures)
  local path = ("%s/%s"):format(run.failures, file_name(name, run))
  local ok, err = pcall(capture.write, path)
  return ok and path or ("none: %s"):format(type(err) == "table" and err.Message or tostring(err))
end

---The message of a failure with its evidence.
---@param message string
---@param name string Of the spec.
---@param run lunacoap.test.Run
---@return string
function M.add(message, name, run)
  local ok, ladder = pcall(scenario.ladder)
  if ok and ladder ~= "" and not message:find(ladder, 1, true) then
    message = message .. "\n\n" .. ladder
  end
  local lines = { message:match("\n$") and message or message .. "\n" }
  for _, obituary in ipairs(programs.obituaries()) do
    table.insert(lines, "program: " .. obituary)
  end
  local path = write_capture(name, run)
  if path then
    table.insert(lines, "capture: " .. path)
  end
  local seed = "seed:    %d, again with: lunacoap test --seed %d"
  table.insert(lines, seed:format(run.seed, run.seed))
  return table.concat(lines, "\n")
end

return M
