-- lunacoap observe: prints a resource each time it changes (RFC 7641).

local answers = require "lunacoap.command_line.answer"
local asking = require "lunacoap.command_line.asking"
local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local lunacoap = require "lunacoap"
local request = require "lunacoap.command_line.request"
local uris = require "lunacoap.command_line.uri"

-- Numbers of errors: a response of another class, and one that is no notification.
local ERROR_RESPONSE, NOT_OBSERVABLE = 709, 710

-- So long may the server take to hear that nobody listens any more.
local FAREWELL = 2

local SIGNALS = { SIGINT = 130, SIGTERM = 143 }

local function count(text)
  local number = math.tointeger(tonumber(text))
  if number and number > 0 then
    return number
  end
  return nil, ("takes a number from 1 on, not '%s'"):format(text)
end

-- On a terminal with the time, anywhere else one line for each.
local function print_state(answer, given)
  if given.raw then
    files.print(answer.payload)
  elseif lunacoap.isatty(io.stdout) then
    local text = answers.line(answers.pretty(answer))
    local is_long = text:find("\n.")
    files.print(os.date("%H:%M:%S"), is_long and "\n" or "  ", text == "" and "\n" or text)
  else
    local text = answers.one_line(answer)
    files.print(text == "" and "\n" or answers.line(text))
  end
end

-- What has happened: `seen` notifications, and `status` or `err` once it is to end.
local function watch(coap, given)
  local state = { seen = 0 }
  function coap.OnNotification(_, e)
    if not e.IsLatest or state.status then
      return
    end
    local answer = answers.of(coap)
    answers.tell(answer, given)
    if not answers.is_success(answer) then
      state.status, state.is_over = answers.status(answer), true
      return
    end
    print_state(answer, given)
    state.seen = state.seen + 1
    if state.seen == given.count then
      state.status = 0
    end
  end
  function coap.OnRequestComplete(_, e)
    if e.ErrorCode ~= 0 then
      state.err = { Code = e.ErrorCode, Message = e.ErrorDescription }
    end
  end
  for name, status in pairs(SIGNALS) do
    lunacoap.signal(name, function()
      lunacoap.signal(name) -- the next one ends the program at once
      state.status = status
    end)
  end
  return state
end

-- Returns the status of a registration that failed.
local function refused(coap, uri, err, given)
  local answer = answers.of(coap)
  if err.Code == ERROR_RESPONSE then
    answers.tell(answer, given)
    return answers.status(answer)
  elseif err.Code == NOT_OBSERVABLE then
    answers.tell(answer, given)
    print_state(answer, given)
    failure.raise(failure.HERE, "the server does not offer %s for observation", uri)
  end
  asking.fail(err)
end

local function run(given)
  local uri = uris.complete(given.uri, dtls.is_given(given))
  if uris.is_multicast(uri) then
    failure.raise(failure.MISUSE, "a group cannot be observed")
  end
  local coap = request.component(given)
  local state = watch(coap, given)
  local till = lunacoap.now() + (given.seconds or math.huge)
  local ok, err = pcall(coap.StartObserving, coap, uri)
  if not ok then
    return refused(coap, uri, err, given)
  end
  while not state.status and not state.err and lunacoap.now() < till do
    coap:DoEvents()
  end
  if state.err then
    asking.fail(state.err)
  elseif not state.is_over then
    coap.Timeout = FAREWELL
    pcall(coap.StopObserving, coap, uri)
  end
  return state.status or 0
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Prints the state of a resource, and again each time it changes (RFC 7641), until
Ctrl-C ends it: on a terminal with the time, anywhere else one line for each,
CBOR in diagnostic notation and other bytes in hexadecimal digits. The server is
told at the end.]],
  arguments = { request.URI },
  options = {
    { flags = "-n --count", value = "N", convert = count, help = "end after so many states" },
    { flags = "--for", value = "SECONDS", name = "seconds", convert = asking.seconds,
      help = "end after that time" },
    { flags = "--raw", help = "write payloads as they came, without anything between them" },
    { flags = "-i --include", help = "show code and options of each on standard error" },
    asking.group, dtls.group,
  },
  examples = {
    { command = "lunacoap observe localhost/temperature", text = "a temperature, until Ctrl-C" },
    { command = "lunacoap observe --count 10 localhost/temperature >log",
      text = "ten states in a file, one a line" },
  },
  run = run,
}
