-- A declaration as the parser of a command line.
local failure = require "lunacoap.command_line.failure"
local parser = require "lunacoap.command_line.parser"

local function seconds(text)
  local number = tonumber(text)
  if not number then
    return nil, ("takes a number of seconds, not '%s'"):format(text)
  end
  return number
end

local DECLARATION = {
  name = "sample",
  summary = "Try the parser",
  arguments = {
    { name = "uri", value = "URI", help = "where" },
    { name = "words", help = "what", optional = true, many = true },
  },
  options = {
    { flags = "-o --output", value = "FILE", help = "where to" },
    { flags = "-t --timeout", value = "SECONDS", help = "how long", convert = seconds, default = 60 },
    { flags = "-O", value = "NUMBER", help = "options", many = true, name = "extra" },
    {
      title = "Others",
      options = {
        { flags = "--psk-key", value = "KEY", help = "a key" },
        { flags = "--kind", value = "KIND", help = "which", choices = { "con", "non" } },
        { flags = "-q --quiet", help = "less" },
      },
    },
  },
}

local function parse(...)
  return parser.parse(DECLARATION, { ... })
end

local function misuse(...)
  local ok, err = pcall(parse, ...)
  assert.is_false(ok)
  assert.is_true(failure.is(err), tostring(err))
  assert.are.equal(2, err.status)
  return tostring(err)
end

describe("the parser of a declaration", function()
  it("puts what is given under the names of options and arguments", function()
    assert.are.same({
      uri = "coap://h/", words = { "a", "-b" }, output = "x", timeout = 1.5, extra = { "1,2", "3" },
      psk_key = "0x00", kind = "non", quiet = true,
    }, parse("coap://h/", "-ox", "--timeout=1.5", "-O", "1,2", "-O3", "--psk-key", "0x00", "--kind",
      "non", "-q", "a", "--", "-b"))
  end)

  it("fills in defaults and empty lists", function()
    assert.are.same({ uri = "u", words = {}, timeout = 60, extra = {} }, parse("u"))
  end)

  it("takes - as a word", function()
    assert.are.same({ "-" }, parse("u", "-").words)
  end)

  it("takes the last of an option that may not be repeated", function()
    assert.are.equal("b", parse("u", "-o", "a", "-o", "b").output)
  end)

  it("tells a wish for help from what is missing", function()
    assert.is_nil(parse("--help"))
    assert.is_nil(parse("u", "-h", "--frobnicate"))
  end)

  it("names what is wrong, in one line", function()
    assert.are.equal("missing argument 'URI'", misuse())
    assert.are.equal("unknown option '--outptu'; did you mean '--output'?", misuse("u", "--outptu", "x"))
    assert.are.equal("option '-o' requires an argument", misuse("u", "-o"))
    assert.are.equal("option '--timeout': takes a number of seconds, not 'soon'", misuse("u", "-t", "soon"))
    assert.are.equal("argument for option '--kind' must be one of 'con', 'non'", misuse("u", "--kind", "x"))
  end)

  it("keeps a percent sign of what is wrong", function()
    assert.are.equal("option '--timeout': takes a number of seconds, not '5%d'", misuse("u", "-t", "5%d"))
  end)
end)
