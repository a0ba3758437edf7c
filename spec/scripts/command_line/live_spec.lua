-- What a simulation shows while it runs, without a terminal; see spec/scripts/command/simulate_spec.lua
-- for one.
local live = require "lunacoap.command_line.live"

describe("without a terminal", function()
  local stderr, file

  before_each(function()
    stderr, file = io.stderr, io.tmpfile()
    rawset(io, "stderr", file)
  end)

  after_each(function() rawset(io, "stderr", stderr) end)

  -- What is written when a simulation goes on for some seconds.
  local function shown(quiet, seconds, more, is_virtual)
    local options = {}
    do
      local status <close> = live.new(quiet, is_virtual)
      status:listen(options)
      for i = 1, options.on_progress and seconds or 0 do
        options.on_progress { elapsed = i + 0.05, seconds = 3600, sent = 12.5, answered = 12, served = 0.5, errors = 3,
          failed = 2, p50 = 0.001, p95 = 0.01, retransmissions = 7, resident = 3 << 20,
          phases = { failed = 1, up = 90, waiting = 5, asleep = 4, offline = 0 } }
      end
      if more then
        more(options)
      end
    end
    file:seek("set")
    return file:read("a")
  end

  it("a line is written every ten seconds", function()
    local rest = "of 1:00:00  90 up, 1 failed, 4 asleep, 5 waiting  12.5/s sent  12/s answered  0.5/s served  "
      .. "3 errors  2 unanswered  p50 1.00 ms  p95 10.0 ms  p99 -  7 retransmissions  3.00 MiB\n"
    assert.are.equal("", shown(false, 9))
    assert.are.equal(("0:10 %s0:20 %s0:30 %s"):format(rest, rest, rest), shown(false, 35))
  end)

  it("few lines are written of hours in virtual time", function()
    local clock, now = os.clock, 5
    rawset(os, "clock", function()
      now = now + 0.01
      return now
    end)
    local ok, text = pcall(shown, false, 3000, nil, true)
    rawset(os, "clock", clock)
    assert(ok, text)
    assert.are.equal(3, select(2, text:gsub("\n", "")))
  end)

  it("nothing is written by a quiet one", function()
    assert.are.equal("", shown(true, 35))
  end)

  it("the first ten reasons why devices fail are told once each, in a line without what acts on terminals", function()
    local text = shown(false, 0, function(options)
      for i = 1, 30 do
        options.on_failed({ name = "x-" .. i }, ("reason\27[2J\n%d"):format(i // 2))
      end
      options.on_stop(true)
    end)
    local _, lines = text:gsub("\n", "")
    assert.are.equal(10, lines)
    assert.matches("^x%-1 failed: reason\\x1b%[2J 0\nx%-2 failed: reason\\x1b%[2J 1\nx%-4 failed: ", text)
  end)
end)
