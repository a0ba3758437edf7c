-- The page as a whole. It loads nothing: no fonts, no scripts, no pictures of others.

local facts = require "lunacoap.fleet.report.facts"
local figures = require "lunacoap.fleet.report.html.figures"
local h = require "lunacoap.fleet.report.html.element"
local hover = require "lunacoap.fleet.report.html.hover"
local latency = require "lunacoap.fleet.report.html.latency"
local numbers = require "lunacoap.fleet.report.html.numbers"
local over_time = require "lunacoap.fleet.report.html.over_time"
local style = require "lunacoap.fleet.report.html.style"
local tables = require "lunacoap.fleet.report.html.tables"

local M = {}

-- What is in the page itself is all that a browser may use, whatever got into it.
local POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
  .. "img-src data:"

local function head(result)
  return h("head", nil,
    h("meta", { charset = "utf-8" }),
    h("meta", { ["http-equiv"] = "Content-Security-Policy", content = POLICY }),
    h("meta", { name = "viewport", content = "width=device-width, initial-scale=1" }),
    h("meta", { name = "generator", content = "lunacoap" }),
    h("title", nil, facts.first_line(result.title) .. " – simulation"),
    -- Without one, browsers ask the server for a picture.
    h("link", { rel = "icon", href = "data:," }),
    h("style", nil, h.raw(style)))
end

local function thresholds_notice(judged)
  local missed = 0
  for _, row in ipairs(judged) do
    missed = missed + (row.passed and 0 or 1)
  end
  if #judged == 0 then
    return nil
  elseif missed == 0 then
    return h("p", { class = "notice pass" }, #judged == 1 and "✓ The threshold was reached."
      or ("✓ All %d thresholds were reached."):format(#judged))
  end
  return h("p", { class = "notice fail" }, ("✗ %d of %d thresholds missed."):format(missed,
    #judged))
end

local function notices(result, judged)
  local list = { thresholds_notice(judged) }
  if result.interrupted then
    list[#list + 1] = h("p", { class = "notice" }, ("Interrupted after %s: what was still open "
      .. "then is not counted."):format(facts.span(result.seconds)))
  end
  for _, warning in ipairs(facts.warnings(result)) do
    list[#list + 1] = h("p", { class = "notice" }, "Warning: " .. warning)
  end
  return list
end

local function title(result, judged)
  local devices = result.count == 1 and "1 device" or numbers.grouped(result.count) .. " devices"
  return h("header", nil, h("h1", nil, result.title),
    h("p", { class = "when" }, ("Simulation of %s for %s, begun "):format(devices,
      facts.span(result.seconds)),
      h("time", { datetime = os.date("!%Y-%m-%dT%H:%M:%SZ", result.began) },
        os.date("%Y-%m-%d %H:%M:%S %z", result.began)),
      (", seed %d"):format(result.seed)),
    result.command and h("pre", { class = "command" }, h("code", nil, result.command)),
    notices(result, judged))
end

local function charts_section(drawn)
  local list = {}
  for i, each in ipairs(drawn.charts) do
    list[i] = each.figure
  end
  return #list > 0 and h("section", nil, h("h2", nil, "Over time"),
    h("p", { class = "note" }, ("Each step stands for %s."):format(
      facts.span(drawn.points[1].seconds))), list)
end

---The page.
---@param result lunacoap.SimulationResult
---@param judged table[] Thresholds with their outcome; see lunacoap.load.report.judge.
---@return string
function M.text(result, judged)
  local drawn = over_time.draw(result)
  local body = h("body", nil, title(result, judged), h("main", nil,
    figures.tiles(result),
    tables.thresholds(judged),
    charts_section(drawn),
    latency.section(result),
    tables.outcomes(result),
    tables.failed_devices(result),
    tables.troubles(result),
    tables.ladders(result),
    tables.datagrams(result)),
    hover.script(drawn))
  return "<!DOCTYPE html>\n" .. h("html", { lang = "en" }, head(result), body).markup .. "\n"
end

return M
