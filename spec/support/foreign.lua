-- Programs that we did not write: their arguments, their servers, and the credentials that ours shows
-- them.
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

local M = {}

-- Deterministic text of a length, so that a block out of place shows.
function M.text(length)
  local lines = {}
  for i = 1, length // 8 + 1 do
    lines[i] = ("%07d "):format(i)
  end
  return table.concat(lines):sub(1, length)
end

local function stored(type, ...)
  local parts = {}
  for i, name in ipairs { ... } do
    parts[i] = pki.read(name)
  end
  return lunacoap.Certificate(lunacoap.StoreType[type], table.concat(parts), "", "*")
end

-- A certificate with its key, a key alone, a public key alone.
function M.certificate(name)
  return stored("cstPEMKeyBlob", name .. ".crt", name .. ".key")
end

function M.key(name)
  return stored("cstPEMKeyBlob", name .. ".key")
end

function M.public_key(name)
  return stored("cstPublicKeyBlob", name .. ".pub")
end

-- Puts a path for each @NAME of spec/support/pki.lua.
local function with_paths(arguments)
  return (arguments:gsub("@([%w_.-]+)", pki.path))
end

-- A program in the background; see spec/support/process.lua.
function M.start(command)
  return process.start(with_paths(command))
end

-- What a program prints until it ends.
function M.run(command)
  local child <close> = M.start(command)
  return child:finish()
end

-- Runs `use` with the path of a file of that content.
function M.with_file(content, use)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
  local ok, result = pcall(use, path)
  os.remove(path)
  if not ok then
    error(result, 0)
  end
  return result
end

-- One of libcoap's servers and the URI of its root: coaps:// where it knows DTLS, coap:// otherwise.
-- Two programs may have one UDP port, but not one TCP port: a server that has both is alone there, and
-- ready.
function M.serve(program, arguments, host)
  local plain = program:find("notls", 1, true)
  local dynamic = program:find("coap-server", 1, true) and "-d 2" or ""
  local first, second = "created " .. (plain and "UDP" or "DTLS"), "created " .. (plain and "TCP" or "TLS")
  for _ = 1, 10 do
    local port = process.free_port(host)
    local child = M.start(("%s -v 7 -A %s -p %d %s %s"):format(program, host, port, dynamic, arguments))
    local ready
    process.wait(function()
      local log = child:output()
      ready = log:find(first .. " +endpoint") and log:find(second .. " +endpoint")
      return ready or log:find("cannot create", 1, true) or not child:running()
    end)
    if ready then
      local name = host:find(":", 1, true) and "[" .. host .. "]" or host
      return child, plain and ("coap://%s:%d"):format(name, port) or ("coaps://%s:%d"):format(name, port + 1)
    end
    local _ <close> = child
  end
  error("no port for " .. program)
end

return M
