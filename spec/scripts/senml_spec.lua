-- lunacoap.senml: records in JSON and CBOR, resolved and compact.
local lunacoap = require "lunacoap"
local bytes = require "spec.support.hex"

local senml, json, cbor = lunacoap.senml, lunacoap.json, lunacoap.cbor

local DEVICE = "urn:dev:ow:10e2073a01080063"

local function refused(expected, result, message)
  assert.is_nil(result)
  assert.are.equal(expected, message)
end

local function unpacked(text, as)
  local records, message = senml.unpack(text, as)
  assert.is_nil(message)
  return records
end

local function resolved(text, now)
  local records, message = senml.resolve(unpacked(text), now)
  assert.is_nil(message)
  return records
end

local function raised(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

-- The examples of RFC 8428 section 5.1, but for the resolved one.
local EXAMPLES = {
  single = '[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]',
  points = '[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]',
  seconds = [[[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
    "n":"voltage","u":"V","v":120.1},
    {"n":"current","t":-5,"v":1.2}, {"n":"current","t":-4,"v":1.3}, {"n":"current","t":-3,"v":1.4},
    {"n":"current","t":-2,"v":1.5}, {"n":"current","t":-1,"v":1.6}, {"n":"current","v":1.7}]
]],
  measurements = [[[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
    {"u":"lon","v":24.30621}, {"u":"lat","v":60.07965}, {"t":60,"v":20.3}, {"u":"lon","t":60,"v":24.30622},
    {"u":"lat","t":60,"v":60.07965}, {"t":120,"v":20.7}, {"u":"lon","t":120,"v":24.30623},
    {"u":"lat","t":120,"v":60.07966}, {"u":"%EL","t":150,"v":98}, {"t":180,"v":21.2},
    {"u":"lon","t":180,"v":24.30628}, {"u":"lat","t":180,"v":60.07967}] ]],
  types = [[[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},
    {"n":"label","vs":"Machine Room"}, {"n":"open","vb":false}, {"n":"nfv-reader","vd":"aGkgCg"}] ]],
  collection = [[[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
    {"n":"humidity","u":"%RH","v":30}, {"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
    {"n":"humidity","u":"%RH","v":67}] ]],
  actuator = [[[{"bn":"urn:dev:ow:10e2073a01080063:"}, {"n":"temp","u":"Cel","v":23.1},
    {"n":"heat","u":"/","v":1}, {"n":"fan","u":"/","v":0}] ]],
}

describe("SenML", function()
  it("goes both ways in both formats", function()
    for _, text in pairs(EXAMPLES) do
      local records = unpacked(text)
      for _, as in ipairs { 110, 111, 112, 113, "senml+cbor", "application/sensml+json" } do
        assert.are.same(records, unpacked(assert(senml.pack(records, as)), as))
      end
      assert.are.equal(senml.pack(records), senml.pack(records, 110))
    end
  end)

  it("has the labels of JSON in CBOR too, and bytes as a string", function()
    local records = unpacked(EXAMPLES.types)
    assert.are.same({ n = "nfv-reader", vd = "hi \n" }, records[4])
    assert.are.equal('[{-2: "urn:dev:ow:10e2073a01080063:", 0: "temp", 1: "Cel", 2: 23.1}]',
      (cbor.diagnose(senml.pack({ records[1] }, 112)):gsub("^%[{(.*), (%-2: .*)}%]$", "[{%2, %1}]")))
    assert.are.equal("[{0: \"nfv-reader\", 8: h'6869200a'}]", cbor.diagnose(senml.pack({ records[4] }, 112)))
    assert.are.equal('[{"n":"nfv-reader","vd":"aGkgCg"}]', senml.pack { records[4] })
    assert.are.equal('[{1: "A", 2: 1}]', cbor.diagnose(senml.pack({ { u = "A", v = 1.0 } }, 112)))
  end)

  it("reads the dump of RFC 8428 section 6", function()
    local dump = bytes [[87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067
      766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4
      cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb
      3ff999999999999aa3006763757272656e74060002fb3ffb333333333333]]
    local records, expected = unpacked(dump, 112), unpacked(EXAMPLES.seconds)
    expected[7].t = 0
    assert.are.same(expected, records)
  end)

  it("packs a stream as an array whose end is not known at its beginning", function()
    assert.are.equal('[_ {0: "a", 2: 1}, {0: "b", 4: true}]',
      cbor.diagnose(senml.pack({ { n = "a", v = 1 }, { n = "b", vb = true } }, 113)))
  end)

  it("takes decimal fractions and large integers for numbers in CBOR", function()
    for digits, number in pairs { c48221196ab3 = 273.15, c4820103 = 30, ["1bffffffffffffffff"] = 2.0 ^ 64,
      c249010000000000000000 = 2.0 ^ 64, c349010000000000000000 = -2.0 ^ 64 } do
      assert.are.equal(number, unpacked("\x81\xa2\0\x61a\2" .. bytes(digits), 112)[1].v)
    end
    for _, digits in ipairs { "c100", "c480", "c48101", "c482006131", "c482f93e0001", "c400", "c26131" } do
      refused("record 1: 'v' holds a number, not cbor.tagged", senml.unpack("\x81\xa1\2" .. bytes(digits), 112))
    end
    refused("record 1: 'v' holds a number, not inf", senml.unpack("\x81\xa1\2" .. bytes "c4821903e801", 112))
  end)

  it("writes the same bytes for the same records", function()
    assert.are.equal(senml.pack({ { n = "a", v = 1, u = "V", t = 5 } }, 112),
      senml.pack({ { t = 5.0, u = "V", v = 1.0, n = "a" } }, 112))
    assert.are.equal("\x81\xa2\0\x61a\2\xf9\x80\0", senml.pack({ { n = "a", v = -0.0 } }, 112))
  end)

  it("keeps data values of any length", function()
    for length = 0, 20 do
      local data = {}
      for i = 1, length do
        data[i] = string.char(i * 13 & 255)
      end
      local records = { { n = "a", vd = table.concat(data) } }
      assert.are.same(records, unpacked(senml.pack(records)))
      assert.are.same(records, unpacked(senml.pack(records, 112), 112))
    end
    assert.are.equal("-_-_", json.decode(senml.pack { { n = "a", vd = "\xfb\xff\xbf" } })[1].vd)
    assert.are.equal("hi", unpacked('[{"n":"a","vd":"aGk="}]')[1].vd)
  end)

  it("needs no more than a moment for a data value that is none", function()
    local started = os.clock()
    assert.is_nil(senml.unpack('[{"vd":"' .. ("="):rep(50000) .. 'a"}]'))
    assert.is_true(os.clock() - started < 0.5)
  end)
end)

describe("the rules of SenML", function()
  -- Records, and what is wrong with them.
  local WRONG = {
    { "record 1: 'v' holds a number, not a string", { { n = "a", v = "1" } } },
    { "record 2: 'vb' holds true or false, not 1", { { n = "a", v = 1 }, { n = "b", vb = 1 } } },
    { "record 1: 'vs' holds a string, not true", { { n = "a", vs = true } } },
    { "record 1: 'vs' holds a string, not a string that is not UTF-8", { { n = "a", vs = "\xff" } } },
    { "record 1: 'v' holds a number, not null", { { n = "a", v = json.null } } },
    { "record 1: 'v' holds a number, not inf", { { n = "a", v = math.huge } } },
    { "record 1: 'bn' holds a string, not 5", { { bn = 5, v = 1 } } },
    { "record 1: 't' holds a number, not a string", { { n = "a", v = 1, t = "now" } } },
    { "record 1: 'v' and 'vs' are two values, a record has one", { { n = "a", v = 1, vs = "x" } } },
    { "record 1: 'vb' and 'vd' are two values, a record has one", { { n = "a", vb = false, vd = "aGk", s = 1 } } },
    { "record 1: 'v' is missing: a record has a value (v, vs, vb or vd) or a sum (s)", { { n = "a", u = "V" } } },
    { "record 2: 'v' is missing: a record has a value (v, vs, vb or vd) or a sum (s)", { { bn = "a" }, {} } },
    { "record 1: 'bver' is 11, versions up to 10 are understood", { { bver = 11, n = "a", v = 1 } } },
    { "record 1: 'bver' holds a whole number above 0, not 0", { { bver = 0, n = "a", v = 1 } } },
    { "record 1: 'bver' holds a whole number above 0, not a string", { { bver = "10", n = "a", v = 1 } } },
    { "record 1: 'bver' holds a whole number above 0, not 1e+300", { { bver = 1e300, n = "a", v = 1 } } },
    { "record 2: 'bver' is 5, and 10 before", { { n = "a", v = 1 }, { bver = 5, n = "b", v = 1 } } },
    { "record 1: 'x_' must be understood (its name ends with _), and is not", { { n = "a", v = 1, x_ = 1 } } },
  }

  it("hold for what is written, read and resolved", function()
    for _, row in ipairs(WRONG) do
      refused(row[1], senml.pack(row[2]))
      refused(row[1], senml.pack(row[2], 112))
      refused(row[1], senml.resolve(row[2]))
      local ok, text = pcall(json.encode, row[2])
      if ok then
        refused(row[1], senml.unpack(text))
      end
    end
  end)

  it("let a record set base fields alone, or have a sum alone", function()
    assert.are.equal('[{"bn":"a"},{"s":1},{"s":1,"v":2}]', senml.pack { { bn = "a" }, { s = 1 }, { s = 1, v = 2 } })
    assert.are.equal(4, #unpacked(EXAMPLES.actuator))
    assert.are.equal(3, #resolved(EXAMPLES.actuator))
    assert.are.same({}, unpacked "[]")
  end)

  it("let other fields be, in both formats", function()
    local records = { { n = "a", v = 1, x = { 1, 2 }, bx = "y", _x_y = "z" } }
    assert.are.same(records, unpacked(senml.pack(records)))
    assert.are.same(records, unpacked(senml.pack(records, 112), 112))
    local tagged = bytes "81a3006161020161 78c4820001"
    assert.are.equal("\xc4\x82\0\1", cbor.encode(unpacked(tagged, 112)[1].x))
    assert.are.same({ { n = "a", v = 1, [99] = "z" } }, unpacked("\x81\xa3\0\x61a\2\1\x18\x63\x61z", 112))
  end)

  it("tell of bytes that are no list of records", function()
    refused("malformed JSON at byte 1: ']' expected near end of file", senml.unpack "[")
    refused("malformed CBOR at byte 2: the input ends within an item", senml.unpack("\x81", 112))
    refused("SenML is an array of records, not a table", senml.unpack '{"n":"a","v":1}')
    refused("SenML is an array of records, not 5", senml.unpack("\5", 112))
    refused("record 2: a record is a table of fields, not a string", senml.unpack '[{"n":"a","v":1},"x"]')
    refused("record 1: a record is a table of fields, not a table", senml.unpack "[[1,2]]")
    refused("record 1: a record is a table of fields, not a table", senml.unpack("\x81\x82\1\2", 112))
    refused("record 1: 'vd' is not base64url: 'a+b/'", senml.unpack '[{"n":"a","vd":"a+b/"}]')
    refused("record 1: 'vd' is not base64url: 'abcde'", senml.unpack '[{"n":"a","vd":"abcde"}]')
    refused("record 1: 'vd' holds a byte string, not a string", senml.unpack("\x81\xa1\8\x61x", 112))
    refused("record 1: 'v' is there twice", senml.unpack("\x81\xa2\2\1\x61v\1", 112))
    refused("json.encode: value[1].x: JSON has nothing for a function", senml.pack { { n = "a", v = 1, x = print } })
    refused("cbor.encode: value[1].x: CBOR has nothing for a function", senml.pack({ { n = "a", v = 1, x = print } }, 112))
  end)

  it("are for lists of records, in the formats of SenML", function()
    assert.matches("senml_spec.lua:%d+: senml.pack takes a list of records, not 5", raised(function() senml.pack(5) end))
    assert.matches("senml.resolve takes a list of records, not nil", raised(senml.resolve))
    assert.matches("senml.compact takes a list of records, not a string", raised(senml.compact, "x"))
    assert.matches("senml.unpack takes a string of bytes, not nil", raised(senml.unpack))
    for _, wrong in ipairs { 50, "json", "senmljson", 310 } do
      assert.matches("senml.pack takes senml%+json, senml%+cbor, or 110 to 113, not '" .. wrong, raised(senml.pack, {}, wrong))
      assert.matches("senml.unpack takes senml%+json, senml%+cbor, or 110 to 113, not '" .. wrong, raised(senml.unpack, "", wrong))
    end
  end)
end)

describe("senml.resolve", function()
  it("makes the resolved data of RFC 8428 section 5.1.4", function()
    local expected = {}
    for i, row in ipairs {
      { "%RH", 1320067464, 20 }, { "lon", 1320067464, 24.30621 }, { "lat", 1320067464, 60.07965 },
      { "%RH", 1320067524, 20.3 }, { "lon", 1320067524, 24.30622 }, { "lat", 1320067524, 60.07965 },
      { "%RH", 1320067584, 20.7 }, { "lon", 1320067584, 24.30623 }, { "lat", 1320067584, 60.07966 },
      { "%EL", 1320067614, 98 }, { "%RH", 1320067644, 21.2 }, { "lon", 1320067644, 24.30628 },
      { "lat", 1320067644, 60.07967 },
    } do
      expected[i] = { n = DEVICE, u = row[1], t = row[2], v = row[3] }
    end
    assert.are.same(expected, resolved(EXAMPLES.measurements))
  end)

  it("adds base values and sums (section 4.5.4)", function()
    assert.are.same({ { n = "a", v = 11, t = 100 }, { n = "b", v = 10, t = 100 }, { n = "c", vs = "x", t = 100 },
      { n = "d", vb = false, t = 100 }, { n = "e", vd = "i", t = 100 } },
      resolved('[{"bv":10,"n":"a","v":1},{"n":"b"},{"n":"c","vs":"x"},{"n":"d","vb":false},{"n":"e","vd":"aQ"}]', 100))
    assert.are.same({ { n = "a", s = 5, t = 100 }, { n = "b", s = 7, v = 1, t = 100 } },
      resolved('[{"bs":5,"n":"a"},{"n":"b","s":2,"v":1}]', 100))
    assert.are.same({ { n = "a", s = 2, t = 100 } }, resolved('[{"n":"a","s":2}]', 100))
  end)

  it("does not wrap sums that integers are too short for, and refuses those that no number holds", function()
    assert.are.same({ { n = "a", v = 2.0 ^ 63, s = -2.0 ^ 64, t = 2.0 ^ 63 } }, senml.resolve { { bn = "a",
      bv = math.maxinteger, v = 1, bs = math.mininteger, s = math.mininteger, bt = math.maxinteger, t = 1 } })
    assert.are.equal(math.maxinteger, senml.resolve { { bn = "a", bv = math.maxinteger - 1, v = 1 } }[1].v)
    assert.are.equal("integer", math.type(senml.resolve { { bn = "a", bv = 1, v = 1 } }[1].v))
    refused("record 2: 'v' is too large with its base", senml.resolve { { bn = "a", bv = 1e308 }, { v = 1e308 } })
    refused("record 1: 's' is too large with its base", senml.resolve { { n = "a", bs = -1e308, s = -1e308 } })
    refused("record 1: 't' is too large with its base", senml.resolve { { n = "a", v = 1, bt = 1e308, t = 1e308 } })
  end)

  it("takes times below 2^28 as relative to now (section 4.5.3)", function()
    assert.are.same({ 995, 1000, 1060.5, 268435456 }, (function()
      local times = {}
      for i, record in ipairs(resolved(
        '[{"n":"a","v":1,"t":268435456},{"n":"a","v":1},{"n":"a","v":1,"t":-5},{"n":"a","v":1,"t":60.5}]', 1000)) do
        times[i] = record.t
      end
      return times
    end)())
    local before = os.time()
    local time = resolved('[{"n":"a","v":1}]')[1].t
    assert.is_true(time >= before and time <= os.time())
  end)

  it("puts records in the order of their times, and leaves those of one time as they were", function()
    local names = {}
    for i, record in ipairs(resolved(
      '[{"n":"a","v":1,"t":-1},{"n":"b","v":1,"t":-2},{"n":"c","v":1,"t":-1},{"n":"d","v":1,"t":-1},{"n":"e","v":1,"t":-3}]', 0)) do
      names[i] = record.n
    end
    assert.are.equal("ebacd", table.concat(names))
  end)

  it("applies base fields from their record on, and names another version in each record", function()
    local records = resolved(EXAMPLES.collection)
    assert.are.same({ "2001:db8::2/temperature", "2001:db8::2/humidity", "2001:db8::1/temperature", "2001:db8::1/humidity" },
      { records[1].n, records[2].n, records[3].n, records[4].n })
    assert.are.equal(1320078429, records[4].t)
    for _, record in ipairs(resolved(EXAMPLES.seconds)) do
      assert.are.equal(5, record.bver)
    end
    assert.is_nil(resolved('[{"bver":10,"n":"a","v":1}]')[1].bver)
  end)

  it("keeps other fields, but for base fields", function()
    assert.are.same({ { n = "a", v = 1, x = "y", t = 7, ut = 60 } }, senml.resolve({ { n = "a", v = 1, x = "y", bx = 1, ut = 60 } }, 7))
  end)

  it("changes none of the records it was given", function()
    local records = unpacked(EXAMPLES.seconds)
    senml.resolve(records)
    assert.are.same(unpacked(EXAMPLES.seconds), records)
  end)

  it("checks the names (section 4.5.1)", function()
    for _, name in ipairs { "a b", "/a", "_a", "ü", "a?", ":a", "-a", ".a" } do
      local result, message = senml.resolve { { n = "ok", v = 1 }, { n = name, v = 1 } }
      assert.is_nil(result)
      assert.are.equal("record 2: 'n' makes the name '" .. name .. "', which has other characters than "
        .. "A-Z a-z 0-9 - : . / _ or begins with one of the last five", message)
    end
    assert.are.equal("a:b/c-d_e.F0", senml.resolve({ { bn = "a:b/", n = "c-d_e.F0", v = 1 } })[1].n)
    refused("record 1: 'n' is missing, and there is no base name", senml.resolve { { v = 1 } })
    assert.are.equal('[{"n":"/3303/0/5700","v":1}]', senml.pack { { n = "/3303/0/5700", v = 1 } })
  end)
end)

describe("senml.compact", function()
  it("is what resolve undoes", function()
    for name, text in pairs(EXAMPLES) do
      local records = resolved(text, 1700000000.25)
      local compact = assert(senml.compact(records))
      assert.are.same(records, senml.resolve(compact), name)
      assert.is_true(#records == 1 or #senml.pack(compact, 112) < #senml.pack(records, 112), name)
    end
  end)

  it("takes out the name up to a separator, the first time and the unit that most have", function()
    assert.are.same({
      { bn = "urn:dev:1:", bt = 1700000000.25, bu = "Cel", n = "temp-1", v = 20.5 },
      { n = "temp-2", t = 0.1, v = 21 },
      { n = "hum", u = "%RH", t = 60, v = 40 },
    }, senml.compact {
      { n = "urn:dev:1:temp-1", u = "Cel", t = 1700000000.25, v = 20.5 },
      { n = "urn:dev:1:temp-2", u = "Cel", t = 1700000000.35, v = 21 },
      { n = "urn:dev:1:hum", u = "%RH", t = 1700000060.25, v = 40 },
    })
  end)

  it("takes out the whole name when there is but one", function()
    assert.are.same({ { bn = "a:b", v = 1 }, { v = 2 } }, senml.compact { { n = "a:b", v = 1 }, { n = "a:b", v = 2 } })
    assert.are.same({ { bn = "a:", n = "b", v = 1 }, { n = "bc", v = 2 } }, senml.compact { { n = "a:b", v = 1 }, { n = "a:bc", v = 2 } })
  end)

  it("leaves alone what records do not share", function()
    for _, records in ipairs {
      {}, { { n = "a:b", t = 5, u = "V", v = 1 } }, { { n = "a", v = 1, u = "V" }, { n = "b", v = 2 } },
      { { n = "a", v = 1, t = 5 }, { n = "b", v = 2 } }, { { n = "a", v = 1, u = "V" }, { n = "b", v = 2, u = "A" } },
    } do
      assert.are.same(records, senml.compact(records))
    end
  end)

  it("takes resolved records", function()
    refused("record 1: 'bt' is a base field: compact takes resolved records", senml.compact { { n = "a", bt = 1, v = 1 } })
    refused("record 2: 'n' is missing: compact takes resolved records", senml.compact { { n = "a", v = 1 }, { v = 1 } })
  end)
end)
