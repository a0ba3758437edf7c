-- Components that talk over DTLS on loopback, as a script makes them:
--   after_each(dtls.stop)
--   local server, base = dtls.server { ... }   shows server-ec, answers with the path; base: "coaps://..."
--   local client = dtls.client { ... }         trusts root, gives up after 5 s
--   dtls.refuses(276, { "alert 40" }, client, base)
-- A name that is false in a table takes the default away.
local lunacoap = require "lunacoap"
local foreign = require "spec.support.foreign"
local assert = require "luassert"
local pki = require "spec.support.pki"
local raw = require "spec.support.raw"
local process = require "spec.support.process"

local M = { certificate = foreign.certificate, key = foreign.key, public_key = foreign.public_key }

local open = {}

-- One that after_each shuts down.
function M.component(init)
  local coap = lunacoap.CoAP(init)
  open[#open + 1] = coap
  return coap
end

function M.stop()
  for _, coap in ipairs(open) do
    coap:Shutdown()
  end
  open = {}
end

local function merged(defaults, init)
  local all = {}
  for name, value in pairs(defaults) do
    all[name] = value
  end
  for name, value in pairs(init or {}) do
    all[name] = value or (defaults[name] == nil and false or nil)
  end
  return all
end

function M.server(init)
  local coap = M.component(merged({
    LocalHost = "127.0.0.1", SSLEnabled = true, SSLCert = M.certificate "server-ec", Listening = true,
    OnRequest = function(coap, e) coap.ResponseData = e.URIPath end,
  }, init))
  local host = coap.LocalHost:find(":", 1, true) and "[" .. coap.LocalHost .. "]" or coap.LocalHost
  return coap, ("coaps://%s:%d"):format(host, coap.LocalPort)
end

function M.client(init)
  return M.component(merged({ SSLServerCACerts = pki.read "root.crt", Timeout = 5 }, init))
end

-- Asks for base/hello and checks that it came.
function M.reaches(client, base)
  client:Get(base .. "/hello")
  assert.are.equal("/hello", client.ResponseData)
end

-- Checks the number of an error and pieces of its message; returns the message.
function M.raises(code, words, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "it did not fail")
  assert.are.equal(code, err.Code, tostring(err))
  for _, word in ipairs(words) do
    assert.is_truthy(err.Message:find(word, 1, true), err.Message)
  end
  return err.Message
end

function M.refuses(code, words, client, base)
  return M.raises(code, words, client.Get, client, base .. "/hello")
end

-- Collects the lines of SSLStatus.
function M.status(coap)
  local lines = {}
  coap.OnSSLStatus = function(_, e) lines[#lines + 1] = e.Message end
  return lines
end

function M.count(lines, pattern)
  local count = 0
  for _, line in ipairs(lines) do
    count = count + (line:find(pattern) and 1 or 0)
  end
  return count
end

-- How many sessions came up, from what M.status() has collected.
function M.sessions(lines)
  return M.count(lines, "^Session %d+ with .* is up: ")
end

-- Collects fields of an event, in the order in which it fires; the handler it had goes on.
function M.collect(coap, handler, ...)
  local list, names, before = {}, { ... }, coap[handler]
  coap[handler] = function(_, e)
    local values = {}
    for _, name in ipairs(names) do
      values[name] = e[name]
    end
    list[#list + 1] = values
    if before then
      before(coap, e)
    end
  end
  return list
end

-- Runs `use` with the path of a file of that content.
function M.with_file(content, use)
  foreign.with_file(content, function(path)
    use(path)
    return true
  end)
end

-- The ClientHello of a client with these settings, as it is on the wire (RFC 6347 4.2.1): version,
-- suites (a set of numbers) and extensions (by number).
function M.hello(settings)
  raw.start()
  local server = raw.open()
  local client = M.client(settings)
  client.Timeout = 0
  client:Get(("coaps://127.0.0.1:%d/"):format(server.port))
  raw.wait(function() return #server.got > 0 end)
  local data = server.got[1].data
  client:Shutdown()
  raw.stop()
  local hello = { suites = {}, extensions = {} }
  local _, cookie_at, suites, extensions, at
  hello.version, _, _, cookie_at = (">I2c32s1"):unpack(data, 26)
  _, suites, _, extensions = (">s1s2s1s2"):unpack(data, cookie_at)
  for i = 1, #suites, 2 do
    hello.suites[(">I2"):unpack(suites, i)] = true
  end
  at = 1
  while at < #extensions do
    local number, value
    number, value, at = (">I2s2"):unpack(extensions, at)
    hello.extensions[number] = value
  end
  return hello
end

function M.until_true(f, limit)
  assert.is_true(process.wait(f, limit or 5), "it does not happen")
end

-- Makes a session between a server and a client with these settings -> a function that gives what
-- the client tells of it by the end of a setting's name, the client, the server's URI.
function M.negotiated(server, client)
  local _, base = M.server(server)
  local coap = M.client(client)
  M.reaches(coap, base)
  return function(name) return coap:Config("SSLNegotiated" .. name) end, coap, base
end

return M
