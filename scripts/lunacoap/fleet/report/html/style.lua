-- The page's style sheet. The colours of outcomes differ in lightness, too, so that they are told
-- apart without seeing hues, and in print.

local LIGHT = [[
  --page: #fff; --panel: #f6f7f9; --text: #1c2127; --muted: #5c6670; --line: #d5dae0;
  --grid: #e4e8ec; --finer: #f1f3f5; --bar: #4d7fb3;
  --ok: #3b77b0; --error: #e9b13b; --failed: #a5263f; --sent: #5c6670;
  --p50: #5cb8c4; --p95: #3b77b0; --p99: #1a2238;
  --up: #3b77b0; --asleep: #a9c4de; --starting: #4fb395; --rebooting: #4b2a78;
  --offline: #e9b13b; --stopped: #6d7681; --waiting: #e6e9ed; --other: #8a5a2b;
  --pass: #1d6f42; --fail: #a5263f;]]

local DARK = [[
  --page: #14171b; --panel: #1d2126; --text: #e3e7eb; --muted: #9aa4ae; --line: #363c44;
  --grid: #2a3037; --finer: #20252b; --bar: #5f97cf;
  --ok: #4f8ec9; --error: #edc25d; --failed: #e0607a; --sent: #b4bdc6;
  --p50: #3f9a96; --p95: #6aa8e6; --p99: #f2f4f7;
  --up: #4f8ec9; --asleep: #2a4f78; --starting: #59c9aa; --rebooting: #d3bdf7;
  --offline: #edc25d; --stopped: #59626c; --waiting: #2b3036; --other: #b07a48;
  --pass: #5cc48b; --fail: #f08196;]]

return ":root { color-scheme: light dark;\n" .. LIGHT
  .. "}\n@media (prefers-color-scheme: dark) { :root {\n" .. DARK
  .. "} }\n@media print { :root { color-scheme: light;\n" .. LIGHT .. "} }\n" .. [[
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main, header { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; }
main { padding-bottom: 64px; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 44px 0 12px; font-size: 18px; font-weight: 650; }
h3 { margin: 0; font-size: 15px; font-weight: 600; }
p, dl, dd, figure, ul { margin: 0; padding: 0; }
span, b, td, code { unicode-bidi: isolate; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  "Liberation Mono", monospace; font-size: 13px; }
.when { margin-top: 6px; color: var(--muted); }
.command { margin: 14px 0 0; padding: 9px 12px; background: var(--panel); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.notice { margin: 14px 0 0; padding: 8px 12px; border-left: 4px solid var(--error);
  background: var(--panel); border-radius: 0 6px 6px 0; }
.notice.fail { border-color: var(--fail); }
.notice.pass { border-color: var(--pass); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 10px;
  margin-top: 22px; }
.tile { padding: 11px 14px 12px; background: var(--panel); border-radius: 8px;
  border-top: 3px solid transparent; }
.tile.bad { border-top-color: var(--failed); }
.tile.wide { grid-column: span 2; }
.wide .value { display: flex; flex-wrap: wrap; gap: 0 22px; }
.tile dt { color: var(--muted); font-size: 13px; }
.tile .value { font-size: 24px; line-height: 1.3; font-weight: 600;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.more { color: var(--muted); font-size: 13px; line-height: 1.4; overflow-wrap: anywhere; }
.chart { margin: 18px 0 0; }
.chart + .chart { margin-top: 30px; }
figcaption { display: flex; flex-wrap: wrap; gap: 2px 22px; align-items: baseline;
  margin-bottom: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; min-width: 0; list-style: none;
  font-size: 13px; color: var(--muted); overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 11px; height: 11px; margin-right: 6px; border-radius: 2px;
  background: currentColor; }
.legend .swatch { vertical-align: -1px; }
.note, .nothing { color: var(--muted); font-size: 13px; }
.nothing { padding: 10px 12px; background: var(--panel); border-radius: 6px; }
.scroll { overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 640px; height: auto; }
svg text { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .y { text-anchor: end; }
svg .x { text-anchor: middle; }
.grid, .finer, .axis, .cursor, .line, .mark path { fill: none; stroke-width: 1; }
.grid { stroke: var(--grid); }
.finer { stroke: var(--finer); }
.axis { stroke: var(--line); }
.cursor { stroke: var(--muted); stroke-dasharray: 3 3; visibility: hidden; }
.pointed .cursor { visibility: visible; }
.line { stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.line.sent { stroke-width: 0.8; stroke-opacity: 0.6; }
.area, .share rect { fill: currentColor; }
/* Else what an area hides shines through at its edges. */
.area { shape-rendering: crispEdges; }
.bar { fill: var(--bar); }
.bar:hover { fill: var(--text); }
.mark path { stroke: var(--text); stroke-dasharray: 4 3; }
.mark text { fill: var(--text); font-weight: 600; }
.ok { color: var(--ok); } .error { color: var(--error); } .failed { color: var(--failed); }
.sent { color: var(--sent); } .served { color: var(--starting); }
.p50 { color: var(--p50); } .p95 { color: var(--p95); } .p99 { color: var(--p99); }
.phase-up { color: var(--up); } .phase-asleep { color: var(--asleep); }
.phase-starting { color: var(--starting); } .phase-rebooting { color: var(--rebooting); }
.phase-offline { color: var(--offline); } .phase-failed { color: var(--failed); }
.phase-stopped { color: var(--stopped); } .phase-waiting { color: var(--waiting); }
.phase-other { color: var(--other); }
i.sent { height: 2px; vertical-align: 4px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th { color: var(--muted); font-size: 13px; font-weight: 500; text-align: left; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.n, .numbers td, .numbers th { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.part { width: 28%; white-space: nowrap; }
th.part { padding-left: 22px; }
.outcome { width: 16%; }
.percent { display: inline-block; width: 56px; text-align: right; }
.share { display: inline-block; width: calc(100% - 70px); height: 8px; margin-left: 10px; }
.names { width: 34%; }
table.narrow { width: auto; }
.narrow th, .narrow td { padding-right: 48px; }
table.fixed { table-layout: fixed; min-width: 600px; }
.fixed td { overflow-wrap: anywhere; }
.fixed .n { width: 13%; }
.fixed .n:first-child { width: 76px; }
.text { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.verdict { font-weight: 600; white-space: nowrap; }
.verdict.pass { color: var(--pass); } .verdict.fail { color: var(--fail); }
.ladder { margin-top: 12px; border: 1px solid var(--line); border-radius: 8px; }
.ladder summary { padding: 8px 12px; cursor: pointer; overflow-wrap: anywhere; }
.ladder summary > * { margin-right: 10px; }
.ladder pre { margin: 0; padding: 10px 12px; overflow: auto; max-height: 560px; line-height: 1.35;
  background: var(--panel); border-radius: 0 0 8px 8px; }
.tip { position: fixed; z-index: 1; padding: 7px 10px; max-width: 320px; pointer-events: none;
  background: var(--page); border: 1px solid var(--line); border-radius: 6px; font-size: 13px;
  box-shadow: 0 2px 10px rgba(0, 0, 0, .18); }
.tip div { display: flex; gap: 18px; justify-content: space-between; }
.tip b { font-variant-numeric: tabular-nums; font-weight: 600; white-space: nowrap; }
.tip .head { color: var(--muted); }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; }
  main, header { max-width: none; padding: 0; }
  .tile, .chart, .ladder, tr, h2, h3 { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  .chart svg { min-width: 0; }
  .ladder pre { max-height: none; font-size: 7pt; white-space: pre-wrap; }
  .tip { display: none; }
}
]]
