-- Signals of a known shape: sine, ramp, square. Each has its parameters (parameters.lua), perhaps a
-- check of them together, and its value, of a device's own parameters and the time.

local parameters = require "lunacoap.sensor.parameters"
local steps = require "lunacoap.sensor.steps"

local M = {}

local TURN = 2 * math.pi

M.sine = {
  parameters = {
    { "mean", "number", default = 0 },
    { "amplitude", "number" },
    { "period", "period" },
    { "phase", "phase", default = 0 },
  },
  value = function(own, t)
    return own.mean + own.amplitude * math.sin(TURN * (t / own.period + own.phase))
  end,
}

M.ramp = {
  parameters = {
    { "from", "number" },
    { "to", "number" },
    { "over", "period" },
    { "afterwards", { "stay", "again", "back" }, default = "stay" },
  },
  value = function(own, t)
    local part = t / own.over
    if own.afterwards == "stay" then
      part = part < 1 and part or 1
    elseif own.afterwards == "again" then
      part = steps.part(part)
    else
      part = 1 - math.abs(1 - part % 2)
    end
    return own.from + (own.to - own.from) * part
  end,
}

M.square = {
  parameters = {
    { "low", "number" },
    { "high", "number" },
    { "period", "period" },
    { "duty", "share", default = 0.5 },
    { "phase", "phase", default = 0 },
  },
  check = function(what, values)
    parameters.check_order(what, values, "low", "high")
  end,
  value = function(own, t)
    return steps.part(t / own.period + own.phase) < own.duty and own.high or own.low
  end,
}

return M
