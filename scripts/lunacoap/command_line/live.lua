-- What is shown of a simulation while it runs: on a terminal a status in its place, anywhere else a
-- line now and then; above it, errors, why devices fail and get no answers, each once.

local facts = require "lunacoap.fleet.report.facts"
local lunacoap = require "lunacoap"
local quantity = require "lunacoap.load.quantity"
local statuses = require "lunacoap.command_line.status"
local terminal = require "lunacoap.command_line.terminal"

---@class lunacoap.command_line.Live
---@field package status lunacoap.command_line.Status? Where a terminal is.
---@field package quiet? boolean
---@field package is_virtual? boolean
---@field package began number As os.clock().
---@field package next_time number When something is shown next, in seconds since it began.
---@field package reasons table<string, true> Why devices fail, as far as it was told.
---@field package reasons_told integer
---@field package print function The one that there was before.
local Live = {}
Live.__index = Live

local M = {}

-- Seconds between two lines where no terminal is, and between two of what is shown on one; either
-- may come so much too early.
local PERIOD, REFRESH, EARLY = 10, 1, 0.5

-- So many reasons why devices fail are told; the report has more.
local MOST_REASONS = 10

-- ---- What there is to say -----------------------------------------------------------------------

-- 0:07, 12:30, 1:00:00
local function clock(seconds)
  local whole = math.floor(seconds + 0.5)
  local minutes = ("%d:%02d"):format(whole // 60, whole % 60)
  return whole < 3600 and minutes
    or ("%d:%02d:%02d"):format(whole // 3600, whole % 3600 // 60, whole % 60)
end

local function time(progress)
  local elapsed = clock(progress.elapsed)
  return progress.seconds and ("%s of %s"):format(elapsed, clock(progress.seconds)) or elapsed
end

-- The phases in which devices are, up and failed always.
local function devices(progress)
  local list = { ("%d up"):format(progress.phases.up or 0),
    ("%d failed"):format(progress.phases.failed or 0) }
  for _, phase in ipairs(facts.phases(progress.phases)) do
    if phase.name ~= "up" and phase.name ~= "failed" then
      list[#list + 1] = ("%d %s"):format(phase.count, phase.name)
    end
  end
  return table.concat(list, ", ")
end

local function rate(number, what)
  return ("%s/s %s"):format(quantity.number(number), what)
end

-- Short texts, in groups of those that belong together.
local function texts(progress)
  return {
    { time(progress), devices(progress) },
    { rate(progress.sent, "sent"), rate(progress.answered, "answered"),
      rate(progress.served, "served"), ("%d errors"):format(progress.errors),
      ("%d unanswered"):format(progress.failed) },
    { "p50 " .. quantity.time(progress.p50), "p95 " .. quantity.time(progress.p95),
      "p99 " .. quantity.time(progress.p99),
      ("%d retransmissions"):format(progress.retransmissions), facts.bytes(progress.resident) },
  }
end

local function in_one_line(groups)
  local list = {}
  for i, group in ipairs(groups) do
    list[i] = table.concat(group, "  ")
  end
  return table.concat(list, "  ")
end

-- ---- Showing it ---------------------------------------------------------------------------------

-- A line that stays, above the status.
local function tell(self, text, ...)
  if self.status then
    self.status:clear()
  end
  io.stderr:write(terminal.line(text:format(...)), "\n")
end

-- For how long somebody has been watching. In virtual time hours may have gone by, for which the
-- processor has worked all the while.
local function watched(self, progress)
  return self.is_virtual and os.clock() - self.began or progress.elapsed
end

local function show(self, progress)
  local now = watched(self, progress)
  if now < self.next_time - EARLY then
    return
  elseif self.status then
    self.next_time = now + REFRESH
    self.status:show(texts(progress))
  else
    self.next_time = self.next_time + PERIOD
    tell(self, "%s", in_one_line(texts(progress)))
  end
end

local function tell_reason(self, device, text)
  if not self.reasons[text] and self.reasons_told < MOST_REASONS then
    self.reasons[text], self.reasons_told = true, self.reasons_told + 1
    tell(self, "%s failed: %s", device.name, text)
  end
end

local function tell_stop(self, interrupted)
  if self.status then
    self.status:show { { "stopping the devices"
      .. (interrupted and "; Ctrl-C again ends at once" or "") } }
  end
end

---What is shown of a simulation.
---@param quiet? boolean Nothing is.
---@param is_virtual? boolean It runs in virtual time.
---@return lunacoap.command_line.Live # To be closed at its end.
function M.new(quiet, is_virtual)
  local status = not quiet and statuses.new(io.stderr) or nil
  local self = setmetatable({ quiet = quiet, status = status, is_virtual = is_virtual,
    began = os.clock(), next_time = status and 0 or PERIOD, reasons = {}, reasons_told = 0,
    print = print }, Live)
  if self.status and lunacoap.isatty(io.stdout) then
    rawset(_G, "print", self.status:around(print))
  end
  return self
end

function Live:__close()
  rawset(_G, "print", self.print)
  if self.status then
    self.status:clear()
  end
end

---Adds what a simulation is to call.
---@param options lunacoap.SimulationOptions
function Live:listen(options)
  if self.quiet then
    return
  end
  function options.on_progress(progress) show(self, progress) end
  function options.on_failed(device, text) tell_reason(self, device, text) end
  function options.on_unanswered(device, text)
    tell(self, "%s got no answer: %s", device.name, text)
  end
  function options.on_trouble(trouble)
    tell(self, "error in %s: %s", trouble.first, trouble.text)
  end
  function options.on_stop(interrupted) tell_stop(self, interrupted) end
end

---It begins.
---@param simulation lunacoap.Simulation
---@param remark string Behind its seed.
function Live:begin(simulation, remark)
  if not self.quiet then
    tell(self, "%s: %d device%s, seed %d%s", simulation.options.title, simulation.count,
      simulation.count == 1 and "" or "s", simulation.seed, remark)
  end
end

return M
