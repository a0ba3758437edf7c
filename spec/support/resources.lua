-- A client of resource servers: each request in one line, and all that came back.
local lunacoap = require "lunacoap"

local OPTION, METHOD = lunacoap.OptionNumber, lunacoap.Method

local M = {}

-- Sends a request and returns what came back: code, payload, format, etag, options. `given` may have
-- payload, format and options; the method is a name or a number.
function M.ask(client, server, method, path, given)
  given = given or {}
  client.RequestDataB = given.payload or ""
  client.RequestContentFormat = given.format or -1
  client.RequestOptions = given.options or {}
  local number = type(method) == "number" and method or METHOD[method]
  local ok, err = pcall(client.SendCustomRequest, client, server:uri(path), number)
  assert(ok or err.Code == 709, err)
  return { code = client.ResponseCode, payload = client.ResponseDataB,
    format = client.ResponseContentFormat, etag = client.ResponseETagB,
    options = client.ResponseOptions }
end

function M.option(name, value)
  return { Number = OPTION[name], Value = value }
end

-- An option of bytes, such as an ETag.
function M.bytes(name, value)
  return M.option(name, (value:gsub(".", function(c) return ("%02x"):format(c:byte()) end)))
end

-- Given to ask(): the request's Accept.
function M.accept(number)
  return { options = { M.option("Accept", number) } }
end

-- All values of an option, with "/" between them.
function M.value_of(response, name)
  local values = {}
  for _, item in ipairs(response.options) do
    if item.Number == OPTION[name] then
      values[#values + 1] = item.Value
    end
  end
  return table.concat(values, "/")
end

return M
