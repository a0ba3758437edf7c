-- run_script("server.lua"): a script under test in this process, on a free port whatever port it
-- names, for the time of a spec or block.

local Generation = require "lunacoap.reload.generation"
local lunacoap = require "lunacoap"
local scope = require "lunacoap.test.scope"

-- Seconds for a script to begin to listen, or to end.
local PATIENCE = 10

-- Seconds that nobody waits for.
local FOR_GOOD = 1e9

---@class lunacoap.test.Script
---@field path string
---@field uri? string "coap://127.0.0.1:40000": of its first component that listens, if one does.
---@field port? integer Of the same.
---@field output string What it has printed.
---@field running boolean
---@field code? integer What it gave to lunacoap.stop.
local Script = {}
Script.__index = Script

local function text_of(err)
  return type(err) == "table" and rawget(err, "Where") and err.Where .. ": " .. err.Message
    or tostring(err)
end

-- ---- What it sees instead of our own ------------------------------------------------------------

-- A function like print, for its output.
local function printer(self)
  return function(...)
    local words = table.pack(...)
    for i = 1, words.n do
      words[i] = tostring(words[i])
    end
    self.output = self.output .. table.concat(words, "\t") .. "\n"
  end
end

-- Components get a free port, or the one that they had before a restart. They are listed in the
-- order in which they were made.
local function fields_of(self, components)
  return function(init)
    local fields = scope.with_defaults(init)
    for name, value in pairs(self.settings) do
      fields[name] = value
    end
    if fields.ListeningPort == nil then
      fields.ListeningPort = self.ports[#components + 1] or 0
    end
    return fields
  end
end

-- Nothing of the script goes on after it.
local function os_of(self)
  return setmetatable({
    exit = function(code)
      self.code = (code == nil or code == true) and 0 or code or 1
      self:stop()
      lunacoap.sleep(FOR_GOOD)
    end,
  }, { __index = os })
end

local function ways(self, components)
  local fields = fields_of(self, components)
  return {
    fields = fields, components = components, report = scope.report,
    globals = { print = printer(self), os = os_of(self) },
    functions = {
      stop = function(code)
        self.code = code or 0
        lunacoap.spawn(function() self:stop() end)
      end,
    },
  }
end

-- ---- Life ---------------------------------------------------------------------------------------

local function listening(components)
  for _, coap in ipairs(components) do
    if coap.Listening then
      return coap
    end
  end
end

local function uri_of(coap)
  local host = coap.LocalHost
  host = (host == "" or host == "0.0.0.0") and "127.0.0.1" or host == "::" and "::1" or host
  return ("%s://%s:%d"):format(coap.SSLEnabled and "coaps" or "coap",
    host:find(":", 1, true) and "[" .. host .. "]" or host, coap.LocalPort)
end

local function wait_for_port(self, generation, components)
  local till = lunacoap.now() + PATIENCE
  while self.running and generation.loading and not listening(components)
    and lunacoap.now() < till do
    lunacoap.sleep(0.005)
  end
  if generation.failure then
    self:stop()
    error(text_of(generation.failure), 0)
  end
  local coap = listening(components)
  self.uri, self.port = coap and uri_of(coap), coap and coap.LocalPort
end

local function start(self)
  local components = {}
  local generation = Generation.new({}, ways(self, components))
  self.generation, self.components, self.running = generation, components, true
  local ok, err = generation:run(self.path, self.arguments)
  if not ok then
    self:stop()
    error(text_of(err), 0)
  end
  wait_for_port(self, generation, components)
  generation:settle()
end

---Ends it and all that it has begun.
function Script:stop()
  if not self.running then
    return
  end
  self.running = false
  for i, coap in ipairs(self.components) do
    self.ports[i] = coap.Listening and coap.LocalPort or self.ports[i]
  end
  self.generation:close()
end

---Ends it and starts it again, at the same ports.
function Script:restart()
  self:stop()
  start(self)
end

---Runs a Lua script until it listens, or has returned; it ends with the spec or block that ran it.
---@param path string
---@param settings? table<string, any> Properties and settings for its components, before its own.
---@param ... any What it finds in `arg`.
---@return lunacoap.test.Script
return function(path, settings, ...)
  if type(path) ~= "string" then
    error('run_script takes the path of a Lua script, such as "server.lua"', 2)
  end
  local arguments = { [0] = path, ... }
  if settings ~= nil and type(settings) ~= "table" then
    table.insert(arguments, 1, settings)
    settings = nil
  end
  local self = setmetatable({
    path = path, settings = settings or {}, arguments = arguments, ports = {}, output = "",
    running = false,
  }, Script)
  scope.at_end(function() self:stop() end)
  start(self)
  return self
end
