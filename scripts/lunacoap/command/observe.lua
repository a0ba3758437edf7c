-- lunacoap observe: prints a resource each time it changes (RFC 7641).

local answers = require "lunacoap.command_line.answer"
local asking = require "lunacoap.command_line.asking"
local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local lunacoap = require "lunacoap"
local request = require "lunacoap.command_line.request"
local uris = require "lunacoap.command_line.uri"
local values = require "lunacoap.command_line.values"

-- Numbers of errors: a response of another class, and one that is no notification.
local ERROR_RESPONSE, NOT_OBSERVABLE = 709, 710

-- So long may the server take to hear that nobody listens any more.
local FAREWELL = 2

local SIGNALS = { SIGINT = 130, SIGTERM = 143 }

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

-- Signals end the observation; a second one ends the program at once.
local function heed_signals(state)
  for name, status in pairs(SIGNALS) do
    lunacoap.signal(name, function()
      lunacoap.signal(name)
      state.status = status
    end)
  end
end

-- Registers in a task of its own, so that the wait for the answer can be ended, too. What comes of
-- it is in the result: `answers` that wait to be shown; `err` once the observation has ended, with
-- the `last` answer if that came with one; and `status` when there is nothing more to do.
local function start(coap, uri)
  local state = { answers = {}, seen = 0 }
  function coap.OnNotification(_, e)
    if e.IsLatest then
      table.insert(state.answers, answers.of(coap))
    end
  end
  function coap.OnRequestComplete(_, e)
    if e.ErrorCode ~= 0 then
      state.err = { Code = e.ErrorCode, Message = e.ErrorDescription }
      state.last = answers.of(coap)
    end
  end
  lunacoap.spawn(function()
    local ok, err = pcall(coap.StartObserving, coap, uri)
    state.err = state.err or not ok and err -- what cannot be sent has no event
  end)
  heed_signals(state)
  return state
end

-- Shows the states that came, until one ends it.
local function show(state, given)
  while state.answers[1] and not state.status do
    local answer = table.remove(state.answers, 1)
    answers.tell(answer, given)
    if not answers.is_success(answer) then
      state.status, state.is_over = answers.status(answer), true
      return
    end
    state.seen = state.seen + 1
    print_state(answer, given)
    if state.seen == given.count then
      state.status = 0
    end
  end
end

local function follow(coap, state, given)
  local till = lunacoap.now() + (given.seconds or math.huge)
  repeat
    coap:DoEvents()
    show(state, given)
  until state.status or state.err or lunacoap.now() >= till
end

-- Whatever the server answers to it.
local function say_farewell(coap, uri)
  coap.Timeout, coap.OnRequestComplete = FAREWELL, nil
  pcall(coap.StopObserving, coap, uri)
end

-- The status of an observation that has ended by itself.
local function ended(state, uri, given)
  local code = state.err.Code
  if code == ERROR_RESPONSE then
    answers.tell(state.last, given)
    return answers.status(state.last)
  elseif code == NOT_OBSERVABLE then
    answers.tell(state.last, given)
    print_state(state.last, given)
    failure.raise(failure.HERE, "the server does not offer %s for observation", uri)
  end
  asking.fail(state.err)
end

local function run(given)
  local uri = uris.complete(given.uri, dtls.is_given(given))
  if uris.is_multicast(uri) then
    failure.raise(failure.MISUSE, "a group cannot be observed")
  end
  local coap = request.component(given)
  local state = start(coap, uri)
  local ok, trouble = pcall(follow, coap, state, given)
  if state.seen > 0 and not state.is_over and not state.err then
    say_farewell(coap, uri)
  end
  if not ok then
    error(trouble, 0)
  elseif state.err and not state.status then
    return ended(state, uri, given)
  elseif state.seen == 0 and not state.status then
    failure.raise(failure.NO_ANSWER, "no answer in %g s", given.seconds)
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
    { flags = "-n --count", value = "N", convert = values.count,
      help = "end after so many states" },
    { flags = "--for", value = "SECONDS", name = "seconds", convert = values.seconds,
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
