-- lunacoap.sensor: what makes no signal is refused in the line that gives it, with what would be
-- right.

describe("a signal is refused", function()
  for given, message in pairs {
    ["sine { mena = 1 }"] = "sensor.sine has no field 'mena'; did you mean 'mean'?",
    ["sine { colour = 1 }"] = "sensor.sine has no field 'colour'; there are mean, amplitude, period, phase",
    ["sine { 21 }"] = "sensor.sine has no field '1'; there are mean, amplitude, period, phase",
    ["sine(21)"] = "sensor.sine takes a table of fields such as mean, not 21",
    ["sine { period = 60 }"] = "sensor.sine needs 'amplitude'",
    ["sine { mean = 'warm', amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes a number, not 'warm'",
    ["sine { mean = 0/0, amplitude = 1, period = 60 }"] = "mean of sensor.sine takes a number, not ",
    ["sine { mean = 1/0, amplitude = 1, period = 60 }"] = "mean of sensor.sine takes a number, not inf",
    ["sine { mean = { 24, 18 }, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes a range from low to high, not from 24 to 18",
    ["sine { mean = { 24 }, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes one value or a range { low, high }",
    ["sine { mean = { 1, 2, 3 }, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes one value or a range { low, high }",
    ["sine { mean = { low = 1, high = 2 }, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes one value or a range { low, high }",
    ["sine { mean = { 1, true }, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes a number, not true",
    ["sine { mean = print, amplitude = 1, period = 60 }"] =
      "mean of sensor.sine takes a number, not a function",
    ["sine { amplitude = 1, period = '1 hour' }"] = "period of sensor.sine: '1 hour' is no span of "
      .. "time: write it as 10s, 250ms, 50us, 2m or 1h",
    ["sine { amplitude = 1, period = { '1h', '30m' } }"] =
      "period of sensor.sine takes a range from low to high, not from '1h' to '30m'",
    ["sine { amplitude = 1, period = 0 }"] =
      'period of sensor.sine takes a span of time from 1us, such as "1h" or 3600, not 0',
    ["sine { amplitude = 1, period = '0s' }"] = "such as \"1h\" or 3600, not '0s'",
    ["sine { amplitude = 1, period = -1 }"] = "such as \"1h\" or 3600, not -1",
    ["sine { amplitude = 1, period = 60, phase = 1.5 }"] =
      "phase of sensor.sine takes a number from 0 to 1, not 1.5",
    ["sine { amplitude = 1, period = 60, phase = 'any' }"] =
      "phase of sensor.sine takes a part of the period from 0 to 1, or \"random\", not 'any'",
    ["ramp { from = 0, to = 1 }"] = "sensor.ramp needs 'over'",
    ["ramp { from = 0, to = 1, over = 1, afterwards = 'stop' }"] =
      "afterwards of sensor.ramp takes \"stay\" or \"again\" or \"back\", not 'stop'",
    ["square { low = 1, high = 1, period = 1 }"] =
      "low of sensor.square has to be below high: it takes 1, and high 1",
    ["square { low = { 0, 5 }, high = { 3, 10 }, period = 1 }"] =
      "low of sensor.square has to be below high: it takes 5, and high 3",
    ["square { low = 0, high = 1, period = 1, duty = '50%' }"] =
      "duty of sensor.square takes a number from 0 to 1, not '50%'",
    ["noise {}"] = "sensor.noise takes amplitude, for values evenly between -amplitude and amplitude, or "
      .. "deviation, for those of a normal distribution: one of them",
    ["noise { amplitude = 1, deviation = 1 }"] = "one of them",
    ["noise { amplitude = -1 }"] = "amplitude of sensor.noise takes a number from 0, not -1",
    ["walk { start = 1 }"] = "sensor.walk needs 'step'",
    ["walk { start = 1, step = 1, min = 2, max = 1 }"] =
      "min of sensor.walk has to be below max: it takes 2, and max 1",
    ["walk { start = 1, step = 1, min = 2 }"] = "start of sensor.walk has to lie within min and max",
    ["walk { start = { 1, 4 }, step = 1, max = 3 }"] = "start of sensor.walk has to lie within min and max",
    ["constant('21')"] = "value of sensor.constant takes a number, not '21'",
    ["constant()"] = "sensor.constant needs 'value'",
    ["constant({ 2, 1 })"] = "value of sensor.constant takes a range from low to high, not from 2 to 1",
    ["of('21')"] = "a signal is made of a function, a number or a range { low, high }, not of '21'",
    ["of()"] = "a signal is made of a function, a number or a range { low, high }, not of nil",
    ["constant(1) + '1'"] = "a signal goes together with signals and numbers, not with '1'",
    ["constant(1) * {}"] = "a signal goes together with signals and numbers, not with a table",
    ["constant(1):rounded(-1)"] = "rounded takes 0 to 9 decimals, not -1",
    ["constant(1):rounded('1')"] = "rounded takes 0 to 9 decimals, not '1'",
    ["constant(1):clamped(2, 1)"] = "clamped takes the lower and the upper limit, not 2 and 1",
    ["constant(1):clamped(2)"] = "clamped takes the lower and the upper limit, not 2 and nil",
    ["constant(1):map(2)"] = "map takes a function, not 2",
    ["constant(1):start('x')"] = "start takes a seed, which is an integer, not 'x'",
    ["constant(1):start(1.5)"] = "start takes a seed, which is an integer, not 1.5",
    ["constant(1):start(1, {})"] = "start takes integers and texts to tell it from others, not a table",
    ["replay { column = 1, every = 1 }"] = "sensor.replay needs 'file'",
    ["replay { file = 'x', column = 1 }"] =
      "sensor.replay takes time, the column of the times, or every, from row to row: one of them",
    ["replay { file = 'x', column = 1, time = 1, every = 1 }"] = "one of them",
    ["replay { file = 'x', column = 1.5, every = 1 }"] =
      "column of sensor.replay takes a column's name or number, not 1.5",
    ["replay { file = 'x', column = 1, every = { 1, 2 } }"] =
      'every of sensor.replay takes a span of time from 1us, such as "1h" or 3600, not a table',
    ["replay { file = 'x', column = 1, every = 1, text = 'yes' }"] =
      "text of sensor.replay takes a boolean, not 'yes'",
    ["replay { file = '/nowhere/x.csv', column = 1, every = 1 }"] =
      "/nowhere/x.csv: No such file or directory",
    ["replay { file = 'README.md', column = 1, every = 1, separator = ';;' }"] =
      "separator takes one character such as ';', not ';;'",
  } do
    it("for " .. given, function()
      local chunk = assert(load("local sensor = require('lunacoap').sensor\n\nlocal _ = sensor." .. given,
        "=script"))
      local ok, problem = pcall(chunk)
      assert.is_false(ok)
      assert.is_truthy(problem:find("script:3: ", 1, true) == 1, problem)
      assert.is_truthy(problem:find(message, 1, true), problem)
    end)
  end
end)
