-- The man page of `lunacoap`, made of the commands' declarations; see lunacoap.command_line.

local help = require "lunacoap.command_line.help"
local lunacoap = require "lunacoap"
local program = require "lunacoap.command_line.program"

local texts = require "lunacoap.command_line.text"

local M = {}

-- Text that means nothing to roff. A hyphen that a reader may copy is \-.
local function plain(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("%f[^\n%z]([.'])", "\\&%1"))
end

-- An argument of a macro.
local function quoted(text)
  return '"' .. plain(text):gsub('"', '""') .. '"'
end

-- Lines that stay as they are.
local function verbatim(text)
  return (".PP\n.RS 4\n.nf\n%s\n.fi\n.RE\n"):format(plain(text))
end

local function paragraphs(text)
  local out = {}
  for i, block in ipairs(texts.blocks(text)) do
    out[i] = block.verbatim and verbatim(block.text) or ".PP\n" .. plain(block.text) .. "\n"
  end
  return table.concat(out)
end

-- A heading and paragraphs below it; a heading begins the first one itself.
local function section(macro, title, text)
  return ("%s %s\n%s"):format(macro, quoted(title), (paragraphs(text):gsub("^%.PP\n", "")))
end

local function item(label, text)
  return (".TP\n.B %s\n%s\n"):format(plain((label:match("^%s*(.*)"))), plain(text))
end

local function items(list, label)
  local out = {}
  for i, declared in ipairs(list or {}) do
    out[i] = item(label(declared), help.described(declared))
  end
  return table.concat(out)
end

local function examples(list)
  local out = {}
  for _, example in ipairs(list or {}) do
    out[#out + 1] = (".PP\nExample: %s.\n%s"):format(plain(example.text), verbatim(example.command))
  end
  return table.concat(out)
end

-- Groups that several commands share are told once; `shared` keeps them in order.
local function command(declaration, shared)
  local own, titles = {}, {}
  for _, option in ipairs(declaration.options or {}) do
    if option.options then
      titles[#titles + 1] = option.title
      if not shared[option] then
        shared[option] = true
        shared[#shared + 1] = option
      end
    else
      own[#own + 1] = option
    end
  end
  return table.concat {
    section(".SS", help.usage(declaration), declaration.description or declaration.summary .. "."),
    items(declaration.arguments, help.argument),
    items(own, help.label),
    #titles == 0 and "" or paragraphs(("More options are below: %s."):format(
      table.concat(titles, "; "))),
    examples(declaration.examples),
  }
end

---The page.
---@param declarations lunacoap.command_line.Declaration[]
---@return string
function M.page(declarations)
  local shared = {}
  local out = {
    (".TH LUNACOAP 1 \"\" %s \"User Commands\"\n"):format(quoted("lunacoap " .. lunacoap.VERSION)),
    section(".SH", "NAME", "lunacoap - " .. program.summary),
    ".SH SYNOPSIS\n",
  }
  for i, usage in ipairs(program.usages) do
    out[#out + 1] = (i == 1 and "" or ".br\n") .. ".B " .. plain(usage) .. "\n"
  end
  out[#out + 1] = section(".SH", "DESCRIPTION", program.scripts)
  out[#out + 1] = ".SH OPTIONS\n" .. items(program.options, help.label)
  out[#out + 1] = section(".SH", "COMMANDS", program.commands)
  for _, declaration in ipairs(declarations) do
    out[#out + 1] = command(declaration, shared)
  end
  for _, group in ipairs(shared) do
    out[#out + 1] = section(".SH", group.title:upper(), "") .. items(group.options, help.label)
  end
  out[#out + 1] = ".SH EXIT STATUS\n"
  for _, status in ipairs(program.statuses) do
    out[#out + 1] = item(status[1], status[2])
  end
  out[#out + 1] = ".SH EXAMPLES\n" .. examples(program.examples):gsub("^%.PP\n", "")
  return table.concat(out)
end

return M
