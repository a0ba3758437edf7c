-- lunacoap.csv: RFC 4180 and what else people save, and errors that name the line.

local csv = require("lunacoap").csv

local function file_of(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  return path
end

describe("a table of comma-separated values", function()
  for given, expected in pairs {
    ["a,b\n1,2\n3,4\n"] = { { a = "1", b = "2" }, { a = "3", b = "4" } },
    ["a,b\r\n1,2\r\n"] = { { a = "1", b = "2" } },
    ["a,b\n1,2"] = { { a = "1", b = "2" } },
    ["a,b\n1,2\r"] = { { a = "1", b = "2" } },
    ["a,b\n,\n"] = { { a = "", b = "" } },
    ["a,b\n1,"] = { { a = "1", b = "" } },
    ["a,b\n\r\n\n1,2\n\n"] = { { a = "1", b = "2" } },
    ["a, b\n 1 ,2\n"] = { { a = " 1 ", [" b"] = "2" } },
    ['a,b\n"1,2","x ""y"" z"\n'] = { { a = "1,2", b = 'x "y" z' } },
    ['a,b\n"one\r\ntwo",""\n'] = { { a = "one\r\ntwo", b = "" } },
    ['"a","the ""b"""\n1,""""\n'] = { { a = "1", ['the "b"'] = '"' } },
    ["\xEF\xBB\xBFa,b\n1,2\n"] = { { a = "1", b = "2" } },
    ['\xEF\xBB\xBF"a",b\n1,2\n'] = { { a = "1", b = "2" } },
    ["a;b\n1,5;2\n"] = { { a = "1,5", b = "2" } },
    ["a\tb\n1;2\t\n"] = { { a = "1;2", b = "" } },
    ['"a,b,c";d\n1;2\n'] = { { ["a,b,c"] = "1", d = "2" } },
    ["a\n1\n"] = { { a = "1" } },
    [",a,\nx,1,y\n"] = { { ["1"] = "x", a = "1", ["3"] = "y" } },
    ["a,b\n"] = {},
  } do
    it(("is read: %q"):format(given), function()
      assert.are.same(expected, (assert(csv.parse(given))))
    end)
  end

  it("tells its columns in order, the separator, and the line of each row", function()
    local _, header, details = csv.parse 'b;a\n\n"1\n2";3\n4;5\n'
    assert.are.same({ "b", "a" }, header)
    assert.are.same({ separator = ";", lines = { 3, 5 } }, details)
  end)

  it("may have no header, and any separator", function()
    local rows, header = csv.parse("1|2\n3|4\n", { header = false, separator = "|" })
    assert.are.same({ { "1", "2" }, { "3", "4" } }, rows)
    assert.are.same({ 1, 2 }, header)
    assert.are.same({ { a = "1 2" } }, (csv.parse("a\n1 2\n", { separator = "%" })))
  end)

  it("may be a file", function()
    local path = file_of "a,b\n1,2\n"
    assert.are.same({ { a = "1", b = "2" } }, (csv.read(path)))
    os.remove(path)
  end)

  for given, message in pairs {
    ["a,b\n1\n"] = "csv:2: the row has 1 field, and the first line 2",
    ["a,b\n\n\"\n\",2\n1,2,3\n"] = "csv:5: the row has 3 fields, and the first line 2",
    ['a,b\n1,"2\n'] = "csv:2: field 2 has no closing quote",
    ['a,b\n1,"2"3\n'] = "csv:2: field 2 goes on behind its closing quote: '3'",
    ['a,b\n1,2"\n'] = "csv:2: field 2 has a quote or carriage return in it, so it has to stand in "
      .. "quotes, each quote in it doubled",
    ["a,b\n1\r2,3\n"] = "csv:2: field 1 has a quote or carriage return in it",
    ["a,b,a\n"] = "csv:1: two columns are called 'a'",
    [""] = "csv: has no line",
    ["\n\n"] = "csv: has no line",
    ["\xFF\xFEa\0"] = "csv: is UTF-16; save it as UTF-8",
  } do
    it(("is refused, with its line: %q"):format(given), function()
      local rows, problem = csv.parse(given)
      assert.is_nil(rows)
      assert.is_truthy(problem:find(message, 1, true), problem)
    end)
  end

  it("names the file that is wrong, or is none", function()
    local path = file_of "a,b\n1\n"
    local rows, problem = csv.read(path)
    os.remove(path)
    assert.is_nil(rows)
    assert.are.equal(path .. ":2: the row has 1 field, and the first line 2", problem)
    assert.are.same({ nil, path .. ": No such file or directory" }, { csv.read(path) })
    assert.are.same({ nil, "spec: Is a directory" }, { csv.read "spec" })
  end)

  for given, message in pairs {
    ["{ seperator = ';' }"] = "csv has no option 'seperator'; did you mean 'separator'?",
    ["{ quotes = false }"] = "csv has no option 'quotes'; there are header and separator",
    ["{ separator = ';;' }"] = "separator takes one character such as ';', not ';;'",
    ["{ separator = '\"' }"] = "separator takes one character such as ';', not '\"'",
    ["{ header = 1 }"] = "header takes true or false, not '1'",
  } do
    it("refuses the options " .. given .. ", in the line that gives them", function()
      local chunk = assert(load("\nrequire('lunacoap').csv.parse('a', " .. given .. ")", "=script"))
      local ok, problem = pcall(chunk)
      assert.is_false(ok)
      assert.are.equal("script:2: " .. message, problem)
    end)
  end
end)
