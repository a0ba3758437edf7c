-- Writes the C table of the Lua files that are linked into lunacoap (see bindings/embed.h):
--   lua5.4 bindings/embed.lua scripts/lunacoap/cli.lua ... >scripts.c
-- The text is embedded as it is, so that tracebacks show the lines of the source. `init.lua` stands
-- for its folder; what is in a folder `starter` is a script for users, and not run but given out.

local function module_name(path)
  local name = path:gsub("^scripts/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  return name
end

-- Octal escapes have three digits, so that a digit of the text that follows is never a part of one.
local function c_string(text)
  local escaped = text:gsub('[%c"\\?\128-\255]', function(c)
    return c == "\n" and "\\n" or ("\\%03o"):format(c:byte())
  end)
  return '"' .. escaped .. '"'
end

local out = { '#include "bindings/embed.h"\n', "const struct lc_embed_file lc_embed_files[] = {" }
for _, path in ipairs(arg) do
  local file <close> = assert(io.open(path, "rb"))
  out[#out + 1] = ("    {%s, %s,"):format(c_string(module_name(path)), c_string(path))
  local length = 0
  for line in file:lines("L") do
    out[#out + 1] = "        " .. c_string(line)
    length = length + #line
  end
  out[#out + 1] = ("        \"\", %d, %s},"):format(length, path:find("/starter/") ~= nil)
end
out[#out + 1] = "    {0, 0, 0, 0, 0},\n};\n"
io.write(table.concat(out, "\n"))
