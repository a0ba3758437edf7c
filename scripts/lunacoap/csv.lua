-- lunacoap.csv: tables as comma-separated values (RFC 4180), also with ";" or tabs.
--   local rows, header = assert(lunacoap.csv.read "devices.csv")
--   print(rows[1].identity, #rows, table.concat(header, " "))

local lunacoap = require "lunacoap"

---@class lunacoap.csv
local M = {}

---@class lunacoap.CsvOptions
---@field separator? string One character; else ",", ";" or a tab, what the first line has most of.
---@field header? boolean Whether the first line names the columns (true), or 1, 2, 3 ... do.

---@class lunacoap.CsvDetails
---@field separator string What separates the fields.
---@field lines integer[] The line in which each row begins.

local BYTE_ORDER_MARK, QUOTE = "\xEF\xBB\xBF", ('"'):byte()

-- ---- One record ---------------------------------------------------------------------------------

-- A field in quotes that begins at `at`, and the place behind it; nil when it has no end.
local function quoted(text, at)
  local from = at + 1
  local quote = text:find('"', from, true)
  while quote and text:byte(quote + 1) == QUOTE do
    quote = text:find('"', quote + 2, true)
  end
  if quote then
    return text:sub(from, quote - 1):gsub('""', '"'), quote + 1
  end
end

-- What keeps a field from ending where it does.
local function stray(text, at, count, in_quotes)
  if in_quotes then
    return ("field %d goes on behind its closing quote: '%s'"):format(count, text:sub(at, at))
  end
  return ("field %d has a quote or carriage return in it, so it has to stand in quotes, "
    .. "each quote in it doubled"):format(count)
end

-- The fields of the record at `at`, and where the next one begins; or nil, nil and what is wrong.
local function record(text, at, separator, plain)
  local fields = {}
  while true do
    local in_quotes = text:byte(at) == QUOTE
    if in_quotes then
      fields[#fields + 1], at = quoted(text, at)
    else
      fields[#fields + 1], at = text:match(plain, at)
    end
    if not at then
      return nil, nil, ("field %d has no closing quote"):format(#fields + 1)
    end
    if text:sub(at, at) ~= separator then
      local behind = text:match("^\r?\n()", at) or text:match("^\r?()$", at)
      if behind then
        return fields, behind
      end
      return nil, nil, stray(text, at, #fields, in_quotes)
    end
    at = at + 1
  end
end

-- ---- The table ----------------------------------------------------------------------------------

-- The separator that the first line has most of, outside of quotes.
local function recognized(text)
  local line, best, most = (text:match("[^\r\n]+") or ""):gsub('"[^"]*"?', ""), ",", 0
  for _, separator in ipairs { ",", ";", "\t" } do
    local _, count = line:gsub(separator, "")
    if count > most then
      best, most = separator, count
    end
  end
  return best
end

-- The names of the columns: a column without one is called by its number.
local function names_of(fields)
  local seen = {}
  for i, name in ipairs(fields) do
    fields[i] = name == "" and tostring(i) or name
    if seen[fields[i]] then
      return nil, ("two columns are called '%s'"):format(fields[i])
    end
    seen[fields[i]] = true
  end
  return fields
end

local function row_of(fields, header)
  if #fields ~= #header then
    return nil, ("the row has %d field%s, and the first line %d"):format(#fields,
      #fields == 1 and "" or "s", #header)
  end
  local row = {}
  for i, name in ipairs(header) do
    row[name] = fields[i]
  end
  return row
end

local function numbered(fields)
  local names = {}
  for i in ipairs(fields) do
    names[i] = i
  end
  return names
end

local function line_breaks(text, from, behind)
  local count, at = 0, text:find("\n", from, true)
  while at and at < behind do
    count, at = count + 1, text:find("\n", at + 1, true)
  end
  return count
end

-- Calls f(fields, line) for each record until it returns what is wrong; returns that and the line.
-- Empty lines are no records.
local function each_record(text, separator, f)
  local at, line, plain = 1, 1, '^([^"\r\n%' .. separator .. ']*)()'
  while at <= #text do
    local behind = text:match("^\r?\n()", at)
    if not behind then
      local fields, next_at, problem = record(text, at, separator, plain)
      problem = problem or f(fields, line)
      if problem then
        return problem, line
      end
      behind = next_at
    end
    line = line + line_breaks(text, at, behind)
    at = behind
  end
end

local function parse(text, options, name)
  if text:find "^\xFF\xFE" or text:find "^\xFE\xFF" then
    return nil, name .. ": is UTF-16; save it as UTF-8"
  elseif text:sub(1, 3) == BYTE_ORDER_MARK then
    text = text:sub(4)
  end
  local separator, rows, lines, header = options.separator or recognized(text), {}, {}, nil
  local problem, where = each_record(text, separator, function(fields, line)
    local row, message
    if not header then
      header, message = (options.header == false and numbered or names_of)(fields)
      if message or options.header ~= false then
        return message
      end
    end
    row, message = row_of(fields, header)
    rows[#rows + 1], lines[#rows + 1] = row, line
    return message
  end)
  if problem then
    return nil, ("%s:%d: %s"):format(name, where, problem)
  elseif not header then
    return nil, name .. ": has no line"
  end
  return rows, header, { separator = separator, lines = lines }
end

-- ---- Bad use ------------------------------------------------------------------------------------

local OPTIONS = { "header", "separator" }

local function check_options(options, level)
  for name in pairs(options) do
    if name ~= "header" and name ~= "separator" then
      local near = lunacoap.nearest(tostring(name), OPTIONS)
      local hint = near and ("did you mean '%s'?"):format(near) or "there are header and separator"
      error(("csv has no option '%s'; %s"):format(name, hint), level + 1)
    end
  end
  local separator = options.separator
  if separator ~= nil and not (type(separator) == "string" and separator:find '^[^%w"\r\n]$') then
    error(("separator takes one character such as ';', not '%s'"):format(tostring(separator)),
      level + 1)
  elseif options.header ~= nil and type(options.header) ~= "boolean" then
    error(("header takes true or false, not '%s'"):format(tostring(options.header)), level + 1)
  end
end

---The rows of a text, as tables by the names of the columns. All values are texts. What RFC 4180
---has no sense for is nil and what is wrong, in which line.
---@param text string
---@param options? lunacoap.CsvOptions
---@return table<any, string>[]? rows
---@return any[]|string header The names of the columns, or what is wrong.
---@return lunacoap.CsvDetails? details
function M.parse(text, options)
  check_options(options or {}, 2)
  return parse(text, options or {}, "csv")
end

---The rows of a file, as parse gives those of a text.
---@param path string
---@param options? lunacoap.CsvOptions
---@return table<any, string>[]? rows
---@return any[]|string header The names of the columns, or what is wrong.
---@return lunacoap.CsvDetails? details
function M.read(path, options)
  check_options(options or {}, 2)
  local file <close>, problem = io.open(path, "rb")
  if not file then
    return nil, problem
  end
  local text, message = file:read("a")
  if not text then
    return nil, ("%s: %s"):format(path, message)
  end
  return parse(text, options or {}, path)
end

return M
