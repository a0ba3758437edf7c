-- What shows the values under the pointer. The page is complete without it.

local chart = require "lunacoap.fleet.report.html.chart"
local escape = require "lunacoap.fleet.report.html.escape"
local h = require "lunacoap.fleet.report.html.element"
local lunacoap = require "lunacoap"

local M = {}

local SCRIPT = [[
(function () {
  "use strict";
  var source = document.getElementById("points");
  if (!source) { return; }
  var data = JSON.parse(source.textContent);
  var charts = Array.from(document.querySelectorAll("svg[data-chart]"));
  var tip = document.body.appendChild(document.createElement("div"));
  tip.className = "tip";
  tip.hidden = true;

  function digits(v) {
    return v >= 99.95 ? v.toFixed(0) : String(Number(v.toPrecision(3)));
  }
  function time(v) {
    return v < 0.9995e-3 ? digits(v * 1e6) + " µs" : v < 0.9995 ? digits(v * 1e3) + " ms"
      : digits(v) + " s";
  }
  function shown(v, kind) {
    if (v === null) { return "–"; }
    return kind === "time" ? time(v) : kind === "rate" ? digits(v) + "/s" : String(v);
  }
  function clock(s) {
    if (s < 120) { return digits(s) + " s"; }
    var m = Math.floor(s / 60), rest = Math.floor(s % 60);
    return m < 120 ? m + " min " + rest + " s" : Math.floor(m / 60) + " h " + m % 60 + " min";
  }
  function find(seconds) {
    for (var i = data.at.length - 1; i > 0 && data.at[i] > seconds; i--) { }
    return i;
  }
  function row(name, text, head) {
    var line = document.createElement("div");
    line.className = head ? "head" : "";
    line.appendChild(document.createElement("span")).textContent = name;
    line.appendChild(document.createElement("b")).textContent = text;
    tip.appendChild(line);
  }
  function hide() {
    tip.hidden = true;
    charts.forEach(function (svg) { svg.classList.remove("pointed"); });
  }
  function show(event) {
    var svg = event.currentTarget, box = svg.getBoundingClientRect();
    var x = (event.clientX - box.left) / box.width * data.width;
    var part = (x - data.left) / (data.right - data.left);
    if (part < 0 || part > 1) { return hide(); }
    var i = find(part * data.seconds), chart = data.charts[Number(svg.dataset.chart)];
    charts.forEach(function (each) {
      each.classList.add("pointed");
      each.querySelector(".cursor").setAttribute("transform", "translate(" + x.toFixed(1) + ")");
    });
    tip.textContent = "";
    row("at", clock(data.at[i]), true);
    chart.names.forEach(function (name, k) { row(name, shown(chart.values[k][i], chart.kind)); });
    tip.hidden = false;
    var left = event.clientX + 16, over = left + tip.offsetWidth > document.body.clientWidth - 8;
    tip.style.left = (over ? event.clientX - 16 - tip.offsetWidth : left) + "px";
    tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 12) + "px";
  }
  charts.forEach(function (svg) {
    svg.addEventListener("pointermove", show);
    svg.addEventListener("pointerleave", hide);
  });
})();
]]

local function number(value)
  return value and ("%.4g"):format(value) or "null"
end

local function array(list, value)
  local parts = {}
  for i, each in ipairs(list) do
    parts[i] = value(each)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function quoted(text)
  return lunacoap.json.encode(escape.visible(text))
end

-- A chart's names and values.
local function chart_data(each, points)
  local names = array(each.series, function(series) return quoted(series.name) end)
  local values = array(each.series, function(series)
    return array(points, function(point) return number(series.value(point)) end)
  end)
  return ('{"kind":%s,"names":%s,"values":%s}'):format(quoted(each.kind or ""), names, values)
end

---The script with the values of the charts over time.
---@param drawn table Of lunacoap.fleet.report.html.over_time.
---@return lunacoap.fleet.report.Markup[]
function M.script(drawn)
  local charts, points = drawn.charts, drawn.points
  if #charts == 0 then
    return {}
  end
  local text = ('{"at":%s,"left":%d,"right":%d,"width":%d,"seconds":%s,"charts":%s}'):format(
    array(points, function(point) return number(point.at) end), chart.LEFT, chart.RIGHT,
    chart.WIDTH, ("%.17g"):format(drawn.time.to),
    array(charts, function(each) return chart_data(each, points) end))
  return {
    -- In a script "<" is the only character that could end it.
    h("script", { type = "application/json", id = "points" }, h.raw((text:gsub("<", "\\u003c")))),
    h("script", nil, h.raw(SCRIPT)),
  }
end

return M
