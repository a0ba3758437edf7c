-- What there is in rows: thresholds, codes, datagrams, failed devices and their errors.

local facts = require "lunacoap.fleet.report.facts"
local h = require "lunacoap.fleet.report.html.element"
local lunacoap = require "lunacoap"
local numbers = require "lunacoap.fleet.report.html.numbers"
local summary = require "lunacoap.load.summary"

local M = {}

local count = numbers.grouped

-- ---- Tables -------------------------------------------------------------------------------------

-- A table: each column { head, class }, each row a list of texts and elements. Columns of a "fixed"
-- one are as wide as the style sheet says, whatever the texts are.
local function table_of(columns, rows, class)
  local heads, body = {}, {}
  for i, column in ipairs(columns) do
    heads[i] = h("th", { scope = "col", class = column[2] }, column[1])
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for k, column in ipairs(columns) do
      cells[k] = h("td", { class = column[2] }, row[k])
    end
    body[i] = h("tr", nil, cells)
  end
  return h("div", { class = "scroll" },
    h("table", { class = class }, h("thead", nil, h("tr", nil, heads)),
      h("tbody", nil, body)))
end

local function section(title, ...)
  return h("section", nil, h("h2", nil, title), ...)
end

-- How large a part is, as a number and a bar.
local function share_bar(part, all, class)
  return {
    h("span", { class = "percent" }, summary.share(part, all)),
    h("svg", { class = "share", viewBox = "0 0 100 8", preserveAspectRatio = "none",
      ["aria-hidden"] = "true" },
      h("rect", { class = class, width = 100 * part / math.max(all, 1), height = 8 })),
  }
end

-- ---- Codes --------------------------------------------------------------------------------------

local CODES = { { "Outcome", "outcome" }, { "Meaning" }, { "Requests", "n" }, { "Share", "part" } }

local function class_of(code)
  return code:sub(1, 2) == "2." and "ok" or "error"
end

local function code_rows(codes, all)
  local rows = {}
  for i, code in ipairs(summary.sorted_keys(codes)) do
    rows[i] = { h("span", nil, h("i", { class = "swatch " .. class_of(code) }), code),
      lunacoap.CodeName[code] or "", count(codes[code]),
      share_bar(codes[code], all, class_of(code)) }
  end
  return rows
end

---What became of the requests of the devices, and of those that they were sent.
---@param result lunacoap.SimulationResult
---@return (lunacoap.fleet.report.Markup?)[]
function M.outcomes(result)
  local all = result.answered + result.failed
  local rows = code_rows(result.codes, all)
  for _, number in ipairs(summary.sorted_keys(result.failures)) do
    local failure = result.failures[number]
    rows[#rows + 1] = { h("span", nil, h("i", { class = "swatch failed" }), "no answer"),
      ("%s: %s"):format(number, failure.text), count(failure.count),
      share_bar(failure.count, all, "failed") }
  end
  local served = code_rows(result.served_codes, result.served)
  return {
    #rows > 0
      and section("Outcomes of the devices' requests", table_of(CODES, rows, "fixed")),
    #served > 0 and section("Answers of the devices", table_of(CODES, served, "fixed")),
  }
end

-- ---- Others -------------------------------------------------------------------------------------

---@param judged table[]
---@return lunacoap.fleet.report.Markup?
function M.thresholds(judged)
  local rows = {}
  for i, row in ipairs(judged) do
    rows[i] = { h("span", { class = row.passed and "verdict pass" or "verdict fail" },
      row.passed and "✓ pass" or "✗ FAIL"), h("code", nil, row.text), row.shown }
  end
  return #rows > 0 and section("Thresholds",
    table_of({ { "Outcome" }, { "Threshold" }, { "Measured", "n" } }, rows, "narrow")) or nil
end

local COUNTERS = { "sent", "received", "retransmissions", "duplicates", "malformed", "dropped" }

---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup
function M.datagrams(result)
  local columns, cells = {}, {}
  for i, name in ipairs(COUNTERS) do
    columns[i], cells[i] = { name, "n" }, count(result.statistics[name] or 0)
  end
  return section("Datagrams", table_of(columns, { cells }))
end

---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup?
function M.failed_devices(result)
  local rows, others = {}, facts.untold(result)
  for i, reason in ipairs(facts.reasons(result)) do
    rows[i] = { count(#reason.names), h("pre", { class = "text" }, reason.text),
      table.concat(reason.names, ", ") }
  end
  if #rows == 0 then
    return nil
  end
  return section("Devices that failed",
    table_of({ { "Devices", "n" }, { "Why" }, { "Which", "names" } }, rows, "fixed"),
    others > 0 and h("p", { class = "note" }, ("and %s more"):format(count(others))))
end

---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup?
function M.troubles(result)
  local rows = {}
  for i, trouble in ipairs(result.troubles) do
    rows[i] = { count(trouble.count), h("pre", { class = "text" }, trouble.text), trouble.first }
  end
  return #rows > 0 and section("Errors of devices", table_of(
    { { "Times", "n" }, { "Error" }, { "First in", "names" } }, rows, "fixed")) or nil
end

---@param result lunacoap.SimulationResult
---@return lunacoap.fleet.report.Markup?
function M.ladders(result)
  local list = {}
  for i, ladder in ipairs(result.ladders or {}) do
    list[i] = h("details", { open = true, class = "ladder" }, h("summary", nil,
      h("b", nil, ladder.device), h("span", { class = "more" }, "at " .. facts.span(ladder.at)),
      h("span", { class = "what" }, ladder.what)), h("pre", { tabindex = 0 }, ladder.text))
  end
  return #list > 0 and section("Exchanges that failed", list) or nil
end

return M
