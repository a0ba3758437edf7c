-- The commands that send one request, such as `lunacoap get`: all that differs is the method and
-- whether there is a payload.

local answers = require "lunacoap.command_line.answer"
local asking = require "lunacoap.command_line.asking"
local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local lunacoap = require "lunacoap"
local payloads = require "lunacoap.command_line.payload"
local progress = require "lunacoap.command_line.progress"
local uris = require "lunacoap.command_line.uri"

local M = {}

-- The code of an error whose response has another code than 2.xx.
local ERROR_RESPONSE = 709

local TIMED_OUT = 301

---A component that asks as the options say. Raises a failure when they are wrong.
---@param given table
---@return lunacoap.CoAP
function M.component(given)
  local coap = lunacoap.CoAP(asking.client(given))
  local ok, err = pcall(coap.Configure, coap, dtls.client(given))
  if not ok then
    asking.fail(err)
  end
  asking.add_options(coap, given)
  return coap
end

-- Sends the request and returns when it has ended; nil, or the error when there is no answer.
local function send(coap, uri, method)
  local finish = progress.show(coap)
  local ok, err = pcall(coap.SendCustomRequest, coap, uri, lunacoap.Method[method])
  finish()
  return not ok and err.Code ~= ERROR_RESPONSE and err or nil
end

-- All answers of a group. The status is the best of them. A failure in the handler, such as that
-- nobody takes the output, is raised at the end.
local function ask_group(coap, uri, method, take)
  local status, trouble
  function coap.OnRequestComplete(_, e)
    if e.ErrorCode == 0 or e.ErrorCode == ERROR_RESPONSE then
      local answer = answers.of(coap)
      status = math.min(status or answers.status(answer), answers.status(answer))
      local ok, raised = pcall(take, answer, uris.authority(e.RemoteHost, e.RemotePort))
      trouble = trouble or not ok and raised
    end
  end
  local err = send(coap, uri, method)
  if trouble then
    error(trouble, 0)
  elseif not status and err.Code == TIMED_OUT then
    -- RFC 7252 8.2: each answers at a moment of its leisure, which is 5 seconds.
    failure.raise(failure.NO_ANSWER, "nobody answered in time, for which members of a group have "
      .. "5 seconds: %s", uri)
  end
  return status or asking.fail(err)
end

---Sends a request and hands over the answer, or each of a group's with the address that it came
---from. Raises a failure when there is none.
---@param coap lunacoap.CoAP
---@param uri string
---@param method string
---@param take fun(answer: lunacoap.command_line.Answer, from?: string)
---@return integer status What the answer's code means.
function M.ask(coap, uri, method, take)
  if uris.is_multicast(uri) then
    return ask_group(coap, uri, method, take)
  end
  local err = send(coap, uri, method)
  if err then
    asking.fail(err)
  end
  local answer = answers.of(coap)
  take(answer)
  return answers.status(answer)
end

local function run(method, given)
  local uri = uris.complete(given.uri, dtls.is_given(given))
  if given.output and uris.is_multicast(uri) then
    failure.raise(failure.MISUSE, "--output is for one answer, and a group gives several")
  end
  local coap = M.component(given)
  coap.RequestDataB = payloads.read(given)
  coap.RequestContentFormat = given.format or -1
  return M.ask(coap, uri, method, function(answer, from) answers.show(answer, given, from) end)
end

M.URI = {
  name = "uri", value = "URI",
  help = "the resource: coap://HOST[:PORT]/PATH?QUERY, or coaps:// for DTLS; without either, "
    .. "coap:// is meant, and this machine where there is no host",
}

---The declaration of a command.
---@param command { method: string, payload?: boolean, description: string, examples: table[] }
---@return lunacoap.command_line.Declaration
function M.declare(command)
  local arguments, options = { M.URI }, { answers.group, asking.group, dtls.group }
  if command.payload then
    arguments[2] = payloads.argument
    table.insert(options, 1, payloads.group)
  end
  return {
    description = command.description,
    arguments = arguments,
    options = options,
    examples = command.examples,
    run = function(given) return run(command.method, given) end,
  }
end

return M
