-- Writes what is made from the tables of settings, events, errors and constants: the definitions
-- for editors (scripts/meta/lunacoap.lua, for the Lua language server) and the tables of README.md, each
-- between `<!-- NAME -->` and `<!-- /NAME -->`. Methods and functions have no table in C that could
-- describe them, so they are described here.
--   build/lunacoap-spec spec/surface.lua

local probe = require "lunacoap.probe"

local M = {}

---A function or method for both outputs: name, parameters ("name: type"), result, what it does, and
-- other ways to call it.
local METHODS = require "spec.support.methods"

-- Modules of scripts/lunacoap that are fields (bindings/modules.c); their sources say the rest.
local MODULES = {
  { "directory", "Registers with a CoRE Resource Directory, and looks up what is in it." },
  { "csv", "Tables of comma-separated values, as rows by the names of their columns." },
  { "faults", "Makes the settings for what goes wrong on purpose with datagrams." },
  { "fleet", "Makes simulated devices, which behave like devices." },
  { "format", "Content-formats by number or name; payloads to and from Lua values." },
  { "ladder", "Captured datagrams as text: who sent what to whom, and when." },
  { "response", "Makes a response for a handler of lunacoap.server to return or to raise." },
  { "scenario", "The words of tests: requests, observations, patience; what is cleaned up after them." },
  { "senml", "Sensor Measurement Lists in JSON and CBOR." },
  { "sensor", "Makes signals: the values of simulated sensors over time." },
  { "server", "Makes a resource server." },
}

local FUNCTIONS = {
  { "CoAP", { "init?: lunacoap.CoAPInit" }, "lunacoap.CoAP",
    "Makes a component; the table holds properties, settings and handlers to set at once." },
  { "CoAPOption", { "number?: integer", "value?: string|number" }, "lunacoap.CoAPOption",
    "Makes an option for RequestOptions or ResponseOptions." },
  { "Certificate", { "...: any" }, "lunacoap.Certificate",
    "Makes a certificate: empty, of (encoded), or of (storeType, store[, password, subject]).",
    { "fun(): lunacoap.Certificate", "fun(encoded: string): lunacoap.Certificate",
      "fun(storeType: integer, store: string, password?: string, subject?: string): "
        .. "lunacoap.Certificate" } },
  { "endpoint", { "init?: lunacoap.EndpointInit" }, "lunacoap.Endpoint",
    "Opens a raw UDP endpoint, which sends and receives datagrams as they are." },
  { "run", { "f?: function", "...: any" }, "integer?",
    "Runs f as the main task and the loop to its end, for the stock lua5.4; returns the exit status." },
  { "stop", { "code?: integer" }, nil,
    "Ends the program after this turn of the loop." },
  { "spawn", { "f: function", "...: any" }, "lunacoap.Task",
    "Runs f as a task of its own; the result has cancel(), ended() and wait()." },
  { "sleep", { "seconds: number" }, nil,
    "Suspends this task while the loop goes on." },
  { "limit", { "seconds: number", "f: function", "...: any" }, "any ...",
    "Calls f and returns what it returns; raises error 301 in f, waiting or computing, when the time "
      .. "is over." },
  { "timer", { "after: number", "repeat_every: number|nil", "f: fun()" }, "lunacoap.Timer",
    "Calls f after some seconds, and then every so many (nil or 0: once); its result has stop() and "
      .. "again(after)." },
  { "etag", { "bytes: string" }, "string",
    "Eight bytes that depend on the bytes alone, everywhere and always: an ETag for them." },
  { "folder", { "path: string" }, "lunacoap.Folder?, string?, integer?",
    "The files of a folder, and nothing outside of it; or nil, what is wrong and its number, as io.open." },
  { "isatty", { "file: file*" }, "boolean, integer?",
    "Whether a file such as io.stdout is a terminal, and how many columns it has if that is known." },
  { "nearest", { "word: string", "words: string[]" }, "string?",
    "The one of some words that a mistyped one was most likely meant to be; nil when none is near." },
  { "descriptors", { "wanted?: integer" }, "integer",
    "How many files the process may have open, each socket being one; raises the limit to what is "
      .. "wanted, as far as the system lets it." },
  { "statistics", {}, "lunacoap.Statistics",
    "What all components of the process have counted together, those that are closed too." },
  { "traceback", { "raised: any" }, "any",
    "For xpcall: makes an error object, with its place, of a text; what is no text stays as it is." },
  { "now", {}, "number",
    "Seconds on a clock that is never set back." },
  { "virtual", { "f: function", "...: any" }, "any",
    "Runs f in virtual time: the clock leaps to what is due next, and sockets opened meanwhile reach "
      .. "each other only; a seed of the random numbers may stand before f (1). Returns f's results.",
    { "fun(seed: integer, f: function, ...: any): any" } },
  { "signal", { "name: string", "f?: fun()" }, nil,
    'Calls f when a signal such as "SIGHUP" comes; without f it does what it did before.' },
}

local LIBRARIES = require "spec.support.libraries"
local CLASSES = require "spec.support.classes"

-- Constant tables, what they hold, and a key for the README to show.
local CONSTANTS = {
  { "Method", "A method's number.", "GET" },
  { "MethodName", "A method's name by its number.", 1 },
  { "Code", 'A response code such as "2.05".', "Content" },
  { "CodeName", "A code's name, such as \"Content\".", "2.05" },
  { "ContentFormat", "A content-format's number by its media type.", "application/json" },
  { "ContentFormatName", "A content-format's media type by its number.", 50 },
  { "OptionNumber", "An option's number by its name.", "Accept" },
  { "OptionName", "An option's name by its number.", 17 },
  { "StoreType", "The kinds of certificate stores.", "cstPFXFile" },
  { "ValueType", "How an option's Value is written.", "ovtUInt" },
}

M.methods, M.functions, M.classes, M.modules = METHODS, FUNCTIONS, CLASSES, MODULES
M.libraries, M.constants = LIBRARIES, CONSTANTS

-- ---- Definitions for editors ----------------------------------------------------------------

local function joined(list, separator, f)
  local out = {}
  for i, item in ipairs(list) do
    out[i] = f(item)
  end
  return table.concat(out, separator)
end

local function write_function(out, prefix, row)
  local name, parameters, result, doc, overloads = table.unpack(row, 1, 5)
  out("---%s", doc)
  for _, parameter in ipairs(parameters) do
    local key, type = parameter:match("^(%S+): (.*)$")
    out("---@param %s %s", key, type)
  end
  if result then
    out("---@return %s", result)
  end
  for _, overload in ipairs(overloads or {}) do
    out("---@overload %s", overload)
  end
  out("function %s%s(%s) end\n", prefix, name, joined(parameters, ", ", function(parameter)
    return (parameter:match("^[%w_.]+"))
  end))
end

local function default_of(row)
  if row.kind == "text" or row.kind == "content" and row.type == "string" then
    return '"' .. row.initial .. '"'
  elseif row.type == "boolean" then
    return row.initial:lower()
  end
  return row.initial
end

-- What a reader has to know besides the sentence.
local function notes_of(row)
  local notes = {}
  if row.read_only then
    notes[#notes + 1] = "read-only"
  end
  if row.secure and row.config and not row.stored and not row.read_only then
    notes[#notes + 1] = "not yet"
  end
  if row.closed_only then
    notes[#notes + 1] = "not while the socket is open"
  end
  return #notes > 0 and " (" .. table.concat(notes, "; ") .. ")" or ""
end

-- What may be assigned: a list of options may be a table, a kind of traffic its name.
local function type_of(row)
  if row.name == "QOSTrafficType" then
    return row.type .. "|string"
  end
  return row.kind == "options" and row.type .. "|lunacoap.OptionInit[]" or row.type
end

local function write_property(out, row, optional)
  local default = default_of(row)
  out("---@field %s%s %s %s%s%s", row.name, optional, type_of(row), row.doc, notes_of(row),
    default ~= "" and " Default: " .. default .. "." or "")
end

local function write_handler(out, event)
  out("---@field On%s? fun(coap: lunacoap.CoAP, event: lunacoap.%sEvent) %s",
    event.name, event.name, event.doc)
end

local function write_events(out)
  for _, event in ipairs(probe.component.events()) do
    out("---%s", event.doc)
    out("---@class lunacoap.%sEvent", event.name)
    for _, field in ipairs(event.fields) do
      out("---@field %s %s%s", field.name, field.type,
        field.assignable and " The handler may assign it." or "")
    end
    out("")
  end
end

local function write_component(out)
  out("---Client and server in one.\n---@class lunacoap.CoAP")
  for _, row in ipairs(probe.component.rows()) do
    if row.property then
      write_property(out, row, "")
    end
  end
  for _, event in ipairs(probe.component.events()) do
    write_handler(out, event)
  end
  out("local CoAP = {}\n")
  for _, method in ipairs(METHODS) do
    write_function(out, "CoAP:", method)
  end
  out("---What the constructor takes.\n---@class lunacoap.CoAPInit")
  for _, row in ipairs(probe.component.rows()) do
    if not row.read_only then
      write_property(out, row, "?")
    end
  end
  for _, event in ipairs(probe.component.events()) do
    write_handler(out, event)
  end
  out("")
end

local function write_settings(out)
  out("---The names of settings, alone to read and with =VALUE to set.\n---@alias lunacoap.Setting")
  out("---| string")
  for _, row in ipairs(probe.component.rows()) do
    if row.config then
      out('---| "%s" # %s%s', row.name, row.doc, notes_of(row))
    end
  end
  out("")
end

local function write_classes(out)
  for _, class in ipairs(CLASSES) do
    out("---%s\n---@class lunacoap.%s", class[2], class[1])
    for _, field in ipairs(class[3]) do
      out("---@field %s %s %s%s", field[1], field[2], field[3], field[4] and " Read-only." or "")
    end
    if class.methods then
      out("local %s = {}", class[1])
    end
    out("")
    for _, method in ipairs(class.methods or {}) do
      write_function(out, class[1] .. ":", method)
    end
  end
end

local COLLECTIONS = [[
---@class lunacoap.OptionInit
---@field Number integer
---@field Value string|number
---@field ValueType? integer

---Options in their order: #list, list[i], ipairs(list).
---@class lunacoap.CoAPOptionList
---@field Count integer How many there are.
---@field [integer] lunacoap.CoAPOption
local CoAPOptionList = {}

---Adds a copy of an option at the end; returns its place.
---@param option lunacoap.CoAPOption|lunacoap.OptionInit
---@return integer
function CoAPOptionList:Add(option) end

---Removes the i-th option; the first is 1.
---@param i integer
function CoAPOptionList:RemoveAt(i) end

---Removes all options.
function CoAPOptionList:Clear() end

---Requests as they were when the property was read: #list, list[i], ipairs(list).
---@class lunacoap.CoAPRequestList
---@field Count integer How many there are.
---@field [integer] lunacoap.CoAPRequest

---@class lunacoap.Timer
local Timer = {}

---Ends the timer.
function Timer:stop() end

---Has it fire after so many seconds from now, whatever it was set to; also one that is over.
---@param after number
function Timer:again(after) end

---A task that spawn() has begun.
---@class lunacoap.Task
local Task = {}

---Ends a task that waits or has not begun yet: its to-be-closed variables are closed, and nothing is told
---but what these raise. A request that it waits for goes on without it. Raises for a task that runs, such
---as this one.
---@return boolean cancelled False when it had ended before.
function Task:cancel() end

---Whether it has ended.
---@return boolean
function Task:ended() end

---Waits until it has ended, or some seconds are over.
---@param seconds? number
---@return boolean ended
function Task:wait(seconds) end

---A link: its parameters are fields: a string, true without a value, a list when repeated.
---@class lunacoap.Link
---@field target string
---@field [string] string|true|string[]
]]

-- As in a table constructor; media types have quotes in them.
local function written_key(key)
  local quote = key:find('"', 1, true) and "'" or '"'
  return key:find("^[%a_][%w_]*$") and key or "[" .. quote .. key .. quote .. "]"
end

local function write_constants(out)
  local constants = probe.component.constants()
  for _, row in ipairs(CONSTANTS) do
    local name, doc = table.unpack(row)
    local keys, type = {}, nil
    for key, value in pairs(constants[name]) do
      keys[#keys + 1], type = key, math.type(value) or "string"
    end
    table.sort(keys)
    out("---%s\n---@class lunacoap.%s", doc, name)
    if math.type(keys[1]) then
      out("---@field [integer] %s", type)
    else
      for _, key in ipairs(keys) do
        out("---@field %s %s %s", written_key(key), type, tostring(constants[name][key]))
      end
    end
    out("")
  end
end

local function write_fields(out, fields)
  for _, field in ipairs(fields or {}) do
    out("---@field %s %s %s", field[1], field[2], field[3])
  end
end

local function write_library(out, library)
  for _, class in ipairs(library.classes or {}) do
    out("---%s\n---@class lunacoap.%s.%s", class[2], library.name, class[1])
    write_fields(out, class[3])
    out("")
  end
  out("---%s\n---@class lunacoap.%s", library.doc, library.name)
  write_fields(out, library.fields)
  out("local %s = {}\n", library.name)
  for _, row in ipairs(library.functions) do
    write_function(out, library.name .. ".", row)
  end
end

local function write_module(out)
  out("---@class lunacoap\n---@field VERSION string")
  for _, library in ipairs(LIBRARIES) do
    out("---@field %s lunacoap.%s", library.name, library.name)
  end
  for _, row in ipairs(CONSTANTS) do
    out("---@field %s lunacoap.%s %s", row[1], row[1], row[2])
  end
  for _, row in ipairs(MODULES) do
    out("---@field %s lunacoap.%s %s", row[1], row[1], row[2])
  end
  out("local lunacoap = {}\n")
  for _, row in ipairs(FUNCTIONS) do
    write_function(out, "lunacoap.", row)
  end
  for _, library in ipairs(LIBRARIES) do
    write_library(out, library)
  end
end

---The text of scripts/meta/lunacoap.lua.
---@return string
function M.definitions()
  local lines = {}
  local function out(format, ...)
    lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format
  end
  out("---@meta lunacoap")
  out("-- Made by spec/surface.lua from the tables of the runtime; changes here are lost.\n")
  write_module(out)
  write_component(out)
  write_settings(out)
  write_events(out)
  write_classes(out)
  out(COLLECTIONS)
  write_constants(out)
  out("return lunacoap\n")
  return table.concat(lines, "\n")
end

-- ---- The README's tables --------------------------------------------------------------------

local function cell(text)
  return (text:gsub("|", "\\|"):gsub("%*", "\\*"))
end

local function code(text)
  return text == "" and "" or "`" .. text .. "`"
end

local function markdown(heads, rows)
  local lines = { "| " .. table.concat(heads, " | ") .. " |", "|" .. ("---|"):rep(#heads) }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |"
  end
  return table.concat(lines, "\n")
end

local function signature(prefix, row)
  local names = joined(row[2], ", ", function(parameter)
    return (parameter:gsub("^([%w_]+)%?.*", "[%1]"):gsub(":.*", ""))
  end)
  return code(("%s%s(%s)"):format(prefix, row[1], names))
end

local TABLES = {}

function TABLES.properties()
  local rows = {}
  for _, row in ipairs(probe.component.rows()) do
    if row.property then
      rows[#rows + 1] = { code(row.name), row.type:gsub("^lunacoap%.", ""), code(default_of(row)),
        cell(row.doc .. notes_of(row)) }
    end
  end
  return markdown({ "property", "type", "default", "what it is" }, rows)
end

function TABLES.methods()
  local rows = {}
  for i, row in ipairs(METHODS) do
    rows[i] = { signature("", row), cell(row[4]) }
  end
  return markdown({ "method", "what it does" }, rows)
end

function TABLES.events()
  local rows = {}
  for i, event in ipairs(probe.component.events()) do
    local fields = joined(event.fields, ", ", function(field)
      return code(field.name) .. (field.assignable and " (may be assigned)" or "")
    end)
    rows[i] = { code("On" .. event.name), cell(event.doc), fields }
  end
  return markdown({ "handler", "when it is called", "fields of the event" }, rows)
end

local function settings(secure)
  local rows = {}
  for _, row in ipairs(probe.component.rows()) do
    if row.config and row.secure == secure then
      local default = #row.initial > 24 and row.initial:sub(1, 20) .. "..." or row.initial
      local notes = notes_of(row)
      rows[#rows + 1] = { code(row.name), code(default),
        row.read_only and "" or cell(row.takes), cell(row.doc .. notes) }
    end
  end
  return markdown({ "setting", "default", "takes", "what it is" }, rows)
end

function TABLES.settings()
  return settings(false)
end

TABLES["dtls-settings"] = function()
  return settings(true)
end

TABLES["settings-without-effect"] = function()
  local found = {}
  for _, row in ipairs(probe.component.rows()) do
    if row.no_effect then
      found[#found + 1] = row
    end
  end
  return joined(found, ", ", function(row) return code(row.name) end)
end

function TABLES.errors()
  local rows = {}
  for i, row in ipairs(probe.component.errors()) do
    rows[i] = { tostring(row.code), cell(row.text) }
  end
  return markdown({ "number", "meaning" }, rows)
end

function TABLES.types()
  local rows = {}
  for _, class in ipairs(CLASSES) do
    local names = {}
    for i, field in ipairs(class[3]) do
      names[i] = code((field[1]:gsub("%?$", "")))
    end
    for _, method in ipairs(class.methods or {}) do
      names[#names + 1] = signature("", method)
    end
    rows[#rows + 1] = { code(class[1]), cell(class[2]), table.concat(names, ", ") }
  end
  return markdown({ "type", "what it is", "fields and methods" }, rows)
end

function TABLES.functions()
  local rows = {}
  for i, row in ipairs(FUNCTIONS) do
    rows[i] = { signature("lunacoap.", row), cell(row[4]) }
  end
  for _, library in ipairs(LIBRARIES) do
    for _, row in ipairs(library.functions) do
      rows[#rows + 1] = { signature("lunacoap." .. library.name .. ".", row), cell(row[4]) }
    end
  end
  return markdown({ "function", "what it does" }, rows)
end

function TABLES.constants()
  local constants, rows = probe.component.constants(), {}
  for i, row in ipairs(CONSTANTS) do
    local name, doc, key = table.unpack(row)
    local plain = math.type(key) or not key:find("^%a+$")
    rows[i] = { code(("lunacoap.%s%s"):format(name, plain and ("[%q]"):format(key) or "." .. key)),
      code(("%q"):format(constants[name][key])), cell(doc) }
  end
  return markdown({ "constant", "such as", "what its table holds" }, rows)
end

---The README with its tables as they should be, and the names of those that have a place in it.
---@param text string
---@return string, table<string, true>
function M.fill(text)
  local found = {}
  local filled = text:gsub("<!%-%- ([%w-]+) %-%->\n(.-)<!%-%- /([%w-]+) %-%->",
    function(name, _, closing)
      assert(name == closing, name .. " ends with " .. closing)
      local make = assert(TABLES[name], "no table is called " .. name)
      found[name] = true
      return ("<!-- %s -->\n%s\n<!-- /%s -->"):format(name, make(), name)
    end)
  return filled, found
end

M.tables = TABLES

-- ---- The program ----------------------------------------------------------------------------

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

if arg and arg[0] and arg[0]:find("spec/surface%.lua$") then
  write("scripts/meta/lunacoap.lua", M.definitions())
  write("README.md", (M.fill(read("README.md"))))
end

return M
