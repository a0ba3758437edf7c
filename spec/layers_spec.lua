-- The layers, read from the `#include` lines, and the limits that keep a file readable. Each check
-- takes a path and its text and returns complaints, so that the checks themselves can be tried on
-- wrong texts.

-- What a folder may include of ours: whole folders ("wire/") and single headers.
local MAY_INCLUDE = {
  ["runtime/base"] = { "base/" },
  ["runtime/wire"] = { "wire/", "base/" },
  ["runtime/net"] = { "net/", "base/" },
  ["runtime/message"] = {
    "message/", "wire/", "base/", "net/transport.h", "net/address.h",
  },
  ["runtime/request"] = {
    "request/", "message/", "wire/", "base/", "net/transport.h", "net/address.h",
  },
  ["runtime/secure"] = { "secure/", "base/", "net/transport.h", "net/address.h" },
  ["runtime/component"] = {
    "component/", "request/", "message/", "secure/", "net/", "wire/", "base/",
  },
  ["bindings"] = {
    "bindings/", "component/", "wire/", "base/", "net/child.h", "net/loop.h", "secure/certificate.h",
    "secure/digest.h",
  },
  ["runtime"] = { "bindings/program.h" }, -- main.c
}

-- Headers of others that only these folders may include.
local ONLY_IN = {
  ["^ev%.h$"] = { ["runtime/net"] = true },
  ["^lua%.h$"] = { ["bindings"] = true, ["spec/probe"] = true },
  ["^lauxlib%.h$"] = { ["bindings"] = true, ["spec/probe"] = true },
  ["^lualib%.h$"] = { ["bindings"] = true },
  ["^mbedtls/"] = { ["runtime/secure"] = true },
  ["^gnutls/"] = { ["runtime/secure"] = true },
  ["^jansson%.h$"] = { ["runtime/secure"] = true, bindings = true },
  ["^cbor%.h$"] = { ["runtime/wire"] = true },
}

-- Within secure/, only these files may include the headers of an engine.
local ENGINE_FILES = {
  ["^mbedtls/"] = { "^mbedtls", "^random%.c$" },
  ["^gnutls/"] = { "^gnutls", "^cert", "^cookie%.c$", "^digest%.c$", "^trust" },
  ["^jansson%.h$"] = { "^certificate_jwk%.c$", "^json%.c$" },
}

-- These are given the time, so that their rules can be tried in virtual time.
local WITHOUT_CLOCK = {
  ["runtime/wire"] = true, ["runtime/message"] = true, ["runtime/request"] = true,
}

local MAX_FILE = 600
local MAX_FUNCTION = 60
local MAX_INCLUDES_OF_HEADER = 12

local function folder_of(path)
  return path:match("^(.*)/[^/]*$")
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- Calls f(name, ours) for each include line; ours: written with quotes.
local function each_include(text, f)
  for _, line in ipairs(lines_of(text)) do
    local quote, name = line:match('^%s*#%s*include%s*([<"])([^>"]+)')
    if name then
      f(name, quote == '"')
    end
  end
end

local function starts_with_any(name, prefixes)
  for _, prefix in ipairs(prefixes) do
    if name:sub(1, #prefix) == prefix then
      return true
    end
  end
  return false
end

local function matches_any(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:match(pattern) then
      return true
    end
  end
  return false
end

local function without_comments(text)
  return (text:gsub("/%*.-%*/", ""):gsub("//[^\n]*", ""))
end

local checks = {}

function checks.edges(path, text)
  local complaints, allowed = {}, MAY_INCLUDE[folder_of(path)]
  each_include(text, function(name, ours)
    if not ours or folder_of(path):match("^spec/") then
      return
    elseif not allowed then
      complaints[#complaints + 1] = folder_of(path) .. " is not a layer that this spec knows"
    elseif not starts_with_any(name, allowed) then
      complaints[#complaints + 1] = ("may not include %s"):format(name)
    end
  end)
  return complaints
end

function checks.foreign_headers(path, text)
  local complaints, folder = {}, folder_of(path)
  each_include(text, function(name)
    for pattern, folders in pairs(ONLY_IN) do
      if name:match(pattern) and not folders[folder] then
        complaints[#complaints + 1] = ("may not include <%s>"):format(name)
      end
    end
    for pattern, stems in pairs(ENGINE_FILES) do
      if folder == "runtime/secure" and name:match(pattern)
        and not matches_any(path:match("[^/]*$"), stems) then
        complaints[#complaints + 1] = ("may not include <%s>: it belongs to no engine"):format(name)
      end
    end
    if WITHOUT_CLOCK[folder] and (name == "time.h" or name == "sys/time.h") then
      complaints[#complaints + 1] = "has no clock: time comes from base/timers.h"
    end
  end)
  return complaints
end

-- A source includes its own header first, which shows that the header stands alone.
function checks.own_header(path, text)
  local own = path:gsub("^runtime/", ""):gsub("%.c$", ".h")
  local includes = {}
  each_include(text, function(name) includes[#includes + 1] = name end)
  for i, name in ipairs(includes) do
    if name == own and i > 1 then
      return { "includes its own header after others" }
    end
  end
  return {}
end

function checks.heap(path, text)
  if path == "runtime/base/memory.c" then
    return {}
  end
  local complaints = {}
  for name in without_comments(text):gmatch("%f[%w_]([%w_]+)%(") do
    if name == "malloc" or name == "calloc" or name == "realloc" or name == "free"
      or name == "strdup" or name == "strndup" then
      complaints[#complaints + 1] = ("calls %s: memory comes from base/memory.h"):format(name)
    end
  end
  return complaints
end

-- The braces of functions stand alone in the first column: .clang-format sees to that.
function checks.functions(_, text)
  local complaints, start = {}, nil
  for number, line in ipairs(lines_of(text)) do
    if line == "{" then
      start = number
    elseif line:match("^}") then
      if start and number - start - 1 > MAX_FUNCTION then
        complaints[#complaints + 1] =
          ("function at line %d has %d lines, more than %d"):format(
            start, number - start - 1, MAX_FUNCTION)
      end
      start = nil
    elseif start and line:match("^%s*#%s*if") then
      complaints[#complaints + 1] = ("#if inside a function, line %d"):format(number)
    end
  end
  return complaints
end

function checks.length(_, text)
  local count = #lines_of(text)
  return count > MAX_FILE and { ("has %d lines, more than %d"):format(count, MAX_FILE) } or {}
end

function checks.purpose(path, text)
  if path:match("%.lua$") then
    return text:match("^%-%-") and {} or { "does not start with a comment on what it is for" }
  end
  return text:match("^/%*") and {} or { "does not start with a comment on what it is for" }
end

-- An umbrella header declares nothing itself, or so little that its includes are the point.
function checks.umbrella(path, text)
  if not path:match("%.h$") then
    return {}
  end
  local ours = 0
  each_include(text, function(_, quoted) ours = ours + (quoted and 1 or 0) end)
  local rest = without_comments(text):gsub("%f[^\n%z]%s*#[^\n]*", "")
  if ours > MAX_INCLUDES_OF_HEADER or (ours > 1 and not rest:match("[;}]")) then
    return { "is an umbrella header" }
  end
  return {}
end

-- Debian packages of Lua modules; each is a row of the README's dependency table. Penlight ("pl.")
-- comes with busted.
local LIBRARIES = { argparse = true, busted = true, ["pl."] = true }

-- Scripts see what a user of the module sees: `lunacoap`, other scripts and libraries.
function checks.requires(_, text)
  local complaints = {}
  for name in text:gmatch("%f[%w]require%s*%(?%s*[\"']([^\"']+)") do
    local public = name == "lunacoap" or name:match("^lunacoap%.")
    local file = ("scripts/%s.lua"):format(name:gsub("%.", "/"))
    local handle = name ~= "lunacoap" and public and io.open(file)
    if handle then
      handle:close()
    elseif name ~= "lunacoap" and not LIBRARIES[name] then
      complaints[#complaints + 1] = ("requires %s, which is no part of the public surface"):format(
        name)
    end
  end
  return complaints
end

local function files(pattern, folders)
  local found = {}
  local pipe <close> = assert(io.popen(("find %s -name '%s' | sort"):format(folders, pattern)))
  for path in pipe:lines() do
    local file <close> = assert(io.open(path))
    found[path] = file:read("a")
  end
  return found
end

local function assert_clean(check, ...)
  local complaints = {}
  for path, text in pairs(files(...)) do
    for _, complaint in ipairs(check(path, text)) do
      complaints[#complaints + 1] = ("%s: %s"):format(path, complaint)
    end
  end
  table.sort(complaints)
  assert.are.same({}, complaints)
end

describe("the layers", function()
  local OURS = "runtime bindings"
  local ALL_C = "runtime bindings spec/probe"

  it("include downwards only", function()
    assert_clean(checks.edges, "*.[ch]", OURS)
  end)

  it("keep libev, Lua, TLS and clocks where they belong", function()
    assert_clean(checks.foreign_headers, "*.[ch]", ALL_C)
  end)

  it("take all memory from base/memory.h", function()
    assert_clean(checks.heap, "*.[ch]", OURS)
  end)

  it("include a source's own header first", function()
    assert_clean(checks.own_header, "*.c", OURS)
  end)

  it("have no umbrella header", function()
    assert_clean(checks.umbrella, "*.h", ALL_C)
  end)

  it("keep files, functions and #if within the limits", function()
    assert_clean(checks.length, "*.[ch]", ALL_C)
    assert_clean(checks.length, "*.lua", "scripts/lunacoap spec examples 2>/dev/null")
    assert_clean(checks.functions, "*.c", ALL_C)
  end)

  it("say in the first comment of each file what it is for", function()
    assert_clean(checks.purpose, "*.[ch]", ALL_C)
    assert_clean(checks.purpose, "*.lua", "scripts bindings examples 2>/dev/null")
  end)

  it("let scripts require nothing but the public surface", function()
    assert_clean(checks.requires, "*.lua", "scripts")
  end)
end)

describe("a check of the layers", function()
  local wrong = {
    { "edges", "runtime/wire/option.c", '#include "net/loop.h"\n' },
    { "edges", "runtime/base/map.c", '#include "wire/option.h"\n' },
    { "edges", "runtime/message/peer.c", '#include "net/udp.h"\n' },
    { "edges", "runtime/request/client.c", '#include "component/event.h"\n' },
    { "edges", "bindings/task.c", '#include "request/client.h"\n' },
    { "edges", "runtime/newlayer/x.c", '#include "base/map.h"\n' },
    { "edges", "runtime/base/map.c", '#include "map.h"\n' },
    { "foreign_headers", "runtime/component/component.c", "#include <ev.h>\n" },
    { "foreign_headers", "runtime/component/component.h", "# include <lua.h>\n" },
    { "foreign_headers", "runtime/net/udp.c", "#include <mbedtls/ssl.h>\n" },
    { "edges", "runtime/secure/dtls.c", '#include "net/udp.h"\n' },
    { "edges", "bindings/component.c", '#include "secure/dtls.h"\n' },
    { "foreign_headers", "runtime/secure/dtls.c", "#include <mbedtls/ssl.h>\n" },
    { "foreign_headers", "runtime/secure/mbedtls_session.c", "#include <gnutls/gnutls.h>\n" },
    { "foreign_headers", "runtime/message/channel.c", "#include <time.h>\n" },
    { "heap", "runtime/wire/uri.c", "void f(void)\n{\n    free(malloc(1));\n}\n" },
    { "own_header", "runtime/wire/uri.c", '#include <stdio.h>\n#include "wire/uri.h"\n' },
    { "umbrella", "runtime/lc.h", '/* x */\n#include "a.h"\n#include "b.h"\n' },
    { "umbrella", "runtime/lc.h", ('#include "a.h"\n'):rep(13) .. "int f(void);\n" },
    { "length", "runtime/wire/uri.c", ("\n"):rep(601) },
    { "functions", "runtime/wire/uri.c", "int f(void)\n{\n" .. ("    ;\n"):rep(61) .. "}\n" },
    { "functions", "runtime/wire/uri.c", "int f(void)\n{\n#ifdef X\n    ;\n#endif\n}\n" },
    { "purpose", "runtime/wire/uri.c", '#include "wire/uri.h"\n' },
    { "purpose", "scripts/lunacoap/cli.lua", "local x\n" },
    { "requires", "scripts/lunacoap/cli.lua", 'local p = require "lunacoap.probe"\n' },
    { "requires", "scripts/lunacoap/cli.lua", "local p = require('ffi')\n" },
  }
  for _, case in ipairs(wrong) do
    local name, path, text = table.unpack(case)
    it(("complains: %s, %s, %s"):format(name, path, text:match("[^\n]*")), function()
      assert.are_not.same({}, checks[name](path, text))
    end)
  end

  it("leaves right texts alone", function()
    local text = '/* A source. */\n#include "request/client.h"\n\n#include <stdlib.h>\n\n'
      .. '#include "net/address.h"\n\n#if LC_X\nint x;\n#endif\n\nint f(void)\n{\n'
      .. ("    lc_free(x);\n"):rep(60) .. "}\n"
    for _, check in pairs(checks) do
      assert.are.same({}, check("runtime/request/client.c", text))
    end
  end)
end)
