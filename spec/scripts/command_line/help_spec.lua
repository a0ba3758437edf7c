-- A declaration as a help text.
local help = require "lunacoap.command_line.help"

local DECLARATION = {
  name = "sample",
  summary = "Try the help",
  description = "Says a little, in words that a line of a terminal does not hold, so that it is broken.\n\n"
    .. "  this stays    as it is\n\nEnd.",
  arguments = {
    { name = "uri", value = "URI", help = "where" },
    { name = "payload", help = "what", optional = true },
    { name = "more", help = "which", optional = true, many = true },
  },
  options = {
    { flags = "-o --output", value = "FILE", help = "where to", default = "here" },
    { title = "Others", options = {
      { flags = "--kind", value = "KIND", help = "which", choices = { "con", "non" } },
      { flags = "--a-name-that-is-long-indeed", value = "KIND", help = "that" },
    } },
  },
  examples = { { command = "lunacoap sample a\nlunacoap sample b", text = "twice" } },
}

describe("the help of a command", function()
  it("is made of its declaration", function()
    assert.are.equal([[
Usage:  lunacoap sample [OPTIONS] URI [PAYLOAD] [MORE...]

Says a little, in words that a line of a terminal does not hold, so that it is
broken.

  this stays    as it is

End.

  URI      where
  PAYLOAD  what
  MORE     which

Options:

  -o, --output FILE  where to (default: here)
  -h, --help         print this text and end

Others:

      --kind KIND  which (one of con, non)
      --a-name-that-is-long-indeed KIND
                   that

Example: twice.

  lunacoap sample a
  lunacoap sample b
]], help.command(DECLARATION))
  end)
end)
