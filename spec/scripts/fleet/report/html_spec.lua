-- lunacoap.fleet.report.html: the page of a simulation.

local html = require "lunacoap.fleet.report.html"
local json = require("lunacoap").json
local load_report = require "lunacoap.load.report"
local markup = require "spec.support.markup"
local simulation = require "spec.support.simulation"
local threshold = require "lunacoap.load.threshold"

local function judge(result, ...)
  local list = {}
  for i, text in ipairs { ... } do
    list[i] = assert(threshold.parse(text))
  end
  return (load_report.judge(list, result))
end

local function page_of(result, judged)
  return markup.read(html.of(result, judged or {}))
end

-- What the tile says below its label, the digits' groups without their spaces.
local function tile(page, label)
  for _, each in ipairs(page:all("div", "class", "tile")) do
    if each[1]:text() == label then
      local parts = {}
      for i, dd in ipairs(each:all("dd")) do
        parts[i] = dd:text():gsub("\u{202F}", "")
      end
      return table.concat(parts, " | ")
    end
  end
end

-- The rows of the table in the section of a title.
local function rows(page, title)
  for _, section in ipairs(page:all("section")) do
    if section[1]:text() == title then
      local list = {}
      for i, tr in ipairs(section:all("tbody")[1]:all("tr")) do
        local cells = {}
        for k, td in ipairs(tr:all("td")) do
          cells[k] = td:text():gsub("\u{202F}", "")
        end
        list[i] = cells
      end
      return list
    end
  end
end

local function titles(page, name)
  local list = {}
  for i, each in ipairs(page:all(name)) do
    list[i] = each:text()
  end
  return list
end

local function points(page)
  return json.decode(page:all("script", "id", "points")[1][1])
end

describe("the page of a simulation", function()
  local result = simulation.result { outage = { 20, 30 }, ladders = 2, count = 1000 }
  result.troubles = { { text = "a.lua:3: wrong\nstack traceback:", count = 1700, first = "thermostat-3" } }
  local page = page_of(result, judge(result, "p99<50ms", "errors<50%"))

  it("says what ran, when, and how to run it again", function()
    local head = page:all("header")[1]:text()
    for _, piece in ipairs { "simulate_thermostats.lua", "1\u{202F}000 devices for 60 s", "seed 42",
      os.date("%Y-%m-%d %H:%M:%S %z", result.began),
      "lunacoap simulate simulate_thermostats.lua --count 1000 --ramp 10s --for 60s --seed 42" } do
      assert.matches(piece, head, 1, true)
    end
    assert.are.same({ "2025-11-25T16:32:10Z", "simulate_thermostats.lua – simulation" },
      { page:all("time")[1].attributes.datetime, page:all("title")[1]:text() })
  end)

  it("writes a percentile on the left of its line where the chart ends on its right", function()
    local narrow = simulation.result { seconds = 10, points = 2 }
    narrow.latency:clear()
    narrow.latency:record(0.01, 97)
    narrow.latency:record(1, 3)
    local text = html.of(narrow, {})
    assert.matches('<text class="y"[^>]*>p99 1%.00 s', text)
    assert.matches('<text x="[^"]*" y="[^"]*">p50 10%.0 ms', text)
  end)

  it("shows the key figures of the result", function()
    assert.are.equal("784 | of 1000: 196 asleep, 20 failed", tile(page, "Devices up"))
    assert.are.equal(("%d | %d answered"):format(result.sent, result.answered), tile(page, "Requests sent"))
    local errors = result.answered - result.codes["2.04"]
    assert.matches(("%d | "):format(errors + result.failed), tile(page, "Errors"), 1, true)
    assert.matches(("%d error answers, %d without answer"):format(errors, result.failed), tile(page, "Errors"), 1, true)
    assert.matches(("^%.0f$"):format(result.rate), tile(page, "Answers per second"))
    assert.matches(("p50 %.2f ms"):format(1000 * result.latency:percentile(50)), tile(page, "Latency"), 1, true)
    assert.matches(("p99 %.0f ms"):format(1000 * result.latency:percentile(99)), tile(page, "Latency"), 1, true)
    assert.matches(("^%d | .* of %d datagrams"):format(result.statistics.retransmissions, result.statistics.sent),
      tile(page, "Retransmissions"))
    assert.are.equal("1.46 KiB | 49.6 MiB in the whole process", tile(page, "Lua memory per device"))
    assert.are.equal("35 % | of a core; waited for one 1 % of the time", tile(page, "CPU"))
    assert.are.equal("10 s | until the last one was started", tile(page, "Start-up"))
  end)

  it("draws requests, errors, latencies, devices and served requests over time", function()
    assert.are.same({ "Requests", "Errors", "Latency of answers", "Devices by state",
      "Requests that devices answered", "Histogram" }, titles(page, "h3"))
    assert.are.equal(5, #page:all("svg", "data-chart"))
    for _, svg in ipairs(page:all("svg", "role", "img")) do
      assert.is_true(#svg:all("path") > 2 and #svg.attributes["aria-label"] > 5)
    end
  end)

  it("knows the values under the pointer", function()
    local data = points(page)
    local requests, devices = data.charts[1], data.charts[4]
    assert.are.same({ 60, 60, 60 }, { #data.at, #requests.values[1], data.seconds })
    assert.are.same({ "2.xx answers", "error answers (4.xx, 5.xx)", "no answer", "sent" }, requests.names)
    assert.are.equal(result.series[25].failed, requests.values[3][25])
    assert.are.same({ "up", "asleep", "offline", "waiting", "failed" }, devices.names)
    assert.are.equal(result.series[25].phases.offline, devices.values[3][25])
  end)

  it("has tables of outcomes, thresholds, failed devices, errors and datagrams", function()
    local outcomes = rows(page, "Outcomes of the devices' requests")
    assert.are.same({ "2.04", "Changed", tostring(result.codes["2.04"]) }, table.move(outcomes[1], 1, 3, 1, {}))
    assert.are.same({ "no answer", "704: Message transmission timed out", tostring(result.failed) },
      table.move(outcomes[4], 1, 3, 1, {}))
    assert.are.equal(tostring(result.served), rows(page, "Answers of the devices")[1][3])
    local thresholds = rows(page, "Thresholds")
    assert.are.same({ "✗ FAIL", "p99<50ms" }, { thresholds[1][1], thresholds[1][2] })
    assert.are.equal("✓ pass", thresholds[2][1])
    assert.matches("✗ 1 of 2 thresholds missed.", page:all("header")[1]:text(), 1, true)
    local failed = rows(page, "Devices that failed")
    assert.are.same({ 1, "20" }, { #failed, failed[1][1] })
    assert.matches("^thermostat%-50, thermostat%-100, .*thermostat%-1000$", failed[1][3])
    assert.are.same({ { "1700", "a.lua:3: wrong\nstack traceback:", "thermostat-3" } }, rows(page, "Errors of devices"))
    assert.are.equal(tostring(result.statistics.received), rows(page, "Datagrams")[1][2])
  end)

  it("has the ladders as they were drawn, open", function()
    local ladders = page:all("details", "class", "ladder")
    assert.are.equal(2, #ladders)
    assert.are.same({ result.ladders[2].text, true }, { ladders[2]:all("pre")[1]:text(), ladders[2].attributes.open })
    assert.matches("thermostat%-2.*POST coap://127.0.0.1/report", ladders[2]:all("summary")[1]:text())
  end)

  it("needs nothing but itself", function()
    local text = html.of(result, {})
    for _, word in ipairs { "http://", "https://", "@import", "url(", "src=" } do
      assert.is_nil(text:lower():find(word, 1, true), word)
    end
    assert.matches("default-src 'none'", page:all("meta", "http-equiv")[1].attributes.content, 1, true)
    assert.are.equal("data:,", page:all("link")[1].attributes.href)
  end)

  it("is below 300 KB for an hour of 600 points and ten ladders", function()
    local long = simulation.result { points = 600, seconds = 3600, count = 300, rate = 0.05, ladders = 10,
      outage = { 1200, 1800 } }
    assert.is_true(#html.of(long, {}) < 300e3)
  end)
end)

describe("the page of a simulation in which", function()
  local function headings(result)
    local page = page_of(result)
    return page, table.concat(titles(page, "h3"), ", "), page:all("main")[1]:text()
  end

  it("one device ran for a second", function()
    local page, charts = headings(simulation.result { count = 1, seconds = 1, points = 1, ramp = 0, rate = 5 })
    assert.are.equal("Requests, Errors, Latency of answers, Devices by state, Histogram", charts)
    assert.matches("Simulation of 1 device for 1 s", page:all("header")[1]:text(), 1, true)
    assert.matches("All answers were 2.xx, and no request failed.", page:text(), 1, true)
  end)

  it("no requests were sent", function()
    local page, charts, text = headings(simulation.result { rate = 0 })
    assert.are.equal("Requests, Devices by state, Requests that devices answered", charts)
    assert.matches("The devices have sent no requests.", text, 1, true)
    assert.are.equal("– | no answers", tile(page, "Latency"))
    assert.is_nil(rows(page, "Outcomes of the devices' requests"))
  end)

  it("all failed", function()
    local page, charts, text = headings(simulation.result { all_fail = true, count = 200 })
    assert.are.equal("Requests, Errors, Latency of answers, Devices by state, Requests that devices answered", charts)
    assert.matches("There were no answers to take the time of.", text, 1, true)
    assert.matches("^0 | of 200: 200 failed", tile(page, "Devices up"))
    assert.matches("and 100 more", page_of(simulation.result { all_fail = true, count = 10000, rate = 0.001 }):text()
      :gsub("9\u{202F}900", "100"), 1, true)
  end)

  it("nothing happened", function()
    local result = simulation.result { rate = 0, seconds = 0, points = 0 }
    result.started_in, result.command, result.ladders = nil, nil, nil
    local page, charts = headings(result)
    assert.are.equal("", charts)
    assert.are.equal(0, #page:all("script"))
    -- A series of one point that took no time.
    result.series[1] = { at = 0, seconds = 0, sent = 0, answered = 0, failed = 0, errors = 0, served = 0, phases = {} }
    page_of(result)
    result.series[1].sent, result.sent = 3, 3
    assert.are.same({ 0 }, points(page_of(result)).charts[1].values[4])
  end)

  it("it was interrupted, and the process had no time left", function()
    local result = simulation.result()
    result.interrupted, result.cpu, result.starved = true, 0.9, 0.1
    local head = page_of(result):all("header")[1]:text()
    assert.matches("Interrupted after 60 s", head, 1, true)
    assert.matches("Warning: this process had no time left", head, 1, true)
  end)

  it("others have put markup, control characters and wrong bytes into all texts", function()
    local hostile = "</script><script>alert(1)</script><b onclick='x'>\"&amp;\xff\0\27\u{9b}\u{202e}\u{ffff}\u{fdd0}\u{1fffe}"
    local text = html.of(simulation.hostile(hostile), {})
    local page = markup.read(text)
    assert.are.same({ 2, 0 }, { #page:all("script"), #page:all("b", "onclick") })
    for _, bytes in ipairs { "\0", "\27", "\u{9b}", "\u{202e}", "\u{ffff}", "\u{fdd0}", "\u{1fffe}" } do
      assert.is_nil(text:find(bytes, 1, true))
    end
    local safe = page:all("h1")[1]:text()
    assert.matches("^</script><script>alert%(1%)</script><b onclick='x'>\"&amp;\\xff\\x00\\x1b", safe)
    local _, times = page:text():gsub("<script>alert%(1%)</script>", "")
    -- title, h1, command, tile, legend, two codes, failure, device, reason, trouble, its device, ladder's three
    assert.are.equal(15, times)
    assert.are.equal("number", type(points(page).seconds))
  end)
end)
