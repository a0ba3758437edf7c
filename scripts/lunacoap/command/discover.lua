-- lunacoap discover: what resources a server has, or the servers of a network (RFC 6690, RFC 7252
-- section 7).

local answers = require "lunacoap.command_line.answer"
local asking = require "lunacoap.command_line.asking"
local dtls = require "lunacoap.command_line.dtls"
local failure = require "lunacoap.command_line.failure"
local files = require "lunacoap.command_line.files"
local format = require "lunacoap.format"
local lunacoap = require "lunacoap"
local percent = require "lunacoap.percent"
local request = require "lunacoap.command_line.request"
local tables = require "lunacoap.command_line.table"
local terminal = require "lunacoap.command_line.terminal"
local uris = require "lunacoap.command_line.uri"

-- RFC 7252 12.8: all CoAP nodes.
local ALL_NODES, ALL_NODES_6 = "coap://224.0.1.187", "coap://[ff02::fd]"

-- A word such as rt=temp* is a filter, any other one is where to ask.
local function sort_out(words)
  local filters, places = {}, {}
  for _, word in ipairs(words) do
    table.insert(word:find("^[%w.-]+=") and filters or places, word)
  end
  if #places > 1 then
    failure.raise(failure.MISUSE, "it asks one place, and these are two: %s and %s",
      places[1], places[2])
  end
  return places[1], filters
end

-- The URI to ask: /.well-known/core, unless the place has a path of its own.
local function well_known(place, filters)
  local uri = place:gsub("^(%a+://[^/?]*)/?%f[?\0]", "%1/.well-known/core")
  for _, filter in ipairs(filters) do
    uri = uri .. (uri:find("?", 1, true) and "&" or "?") .. percent.encode(filter, "[^%w=*._~/:-]")
  end
  return uri
end

-- The links of an answer that pass the filters: a server need not know any (RFC 6690 4.1).
local function links_of(answer, filters)
  -- RFC 6690 2: it is UTF-8.
  local text, malformed = format.decode("text", answer.payload)
  if not text then
    return nil, malformed
  end
  for _, filter in ipairs(filters) do
    local chosen, message = lunacoap.linkformat.filter(text, filter)
    if not chosen then
      return nil, message
    end
    text = chosen
  end
  return lunacoap.linkformat.parse(text)
end

local function take_links(answer, from, filters, found, given)
  answers.tell(answer, given, from)
  if not answers.is_success(answer) then
    return
  end
  local links, message = links_of(answer, filters)
  if not links then
    found.unreadable = true
    io.stderr:write(("%sthis is no link-format: %s\n"):format(from and from .. ": " or "",
      terminal.line(message))) -- which may quote the payload
  end
  for _, link in ipairs(links or {}) do
    link.host = from
    found[#found + 1] = link
  end
end

-- Asks all at once. Returns the best status, or raises the failure of the first when none answered.
local function ask_all(places, filters, found, given)
  local status, trouble, left = nil, nil, #places
  local coap
  for _, place in ipairs(places) do
    coap = request.component(given)
    local asks = coap
    lunacoap.spawn(function()
      local ok, result = pcall(request.ask, asks, well_known(place, filters), "GET",
        function(answer, from) take_links(answer, from, filters, found, given) end)
      if ok then
        status = math.min(status or result, result)
      else
        trouble = trouble or result
      end
      left = left - 1
    end)
  end
  while left > 0 do
    coap:DoEvents()
  end
  return status or error(trouble, 0)
end

-- ---- What is shown ------------------------------------------------------------------------------

local short_names = {}
for name, number in pairs(format.short) do
  short_names[number] = name
end

-- "0 50" as "text json".
local function format_names(value)
  return (value:gsub("%S+", function(number)
    number = math.tointeger(tonumber(number))
    return number and (short_names[number] or format.name(number))
  end))
end

-- An attribute may occur more than once, and one without a value is true.
local function text_of(value)
  if type(value) == "table" then
    return table.concat(value, " ")
  end
  return value == true and "yes" or value or ""
end

local COLUMNS = {
  { "HOST", function(link) return link.host or "" end },
  { "PATH", function(link) return link.target end },
  { "RT", function(link) return text_of(link.rt) end },
  { "IF", function(link) return text_of(link["if"]) end },
  { "CT", function(link) return format_names(text_of(link.ct)) end },
  { "OBS", function(link) return text_of(link.obs) end },
  { "TITLE", function(link) return text_of(link.title) end },
}

local function show_table(links)
  local rows = {}
  for i, link in ipairs(links) do
    rows[i] = {}
    for j, column in ipairs(COLUMNS) do
      rows[i][j] = column[2](link)
    end
  end
  local heads = {}
  for j, column in ipairs(COLUMNS) do
    heads[j] = column[1]
  end
  files.print(tables.text(heads, rows))
end

-- Objects of the attributes and a URI that may be asked, of a server whose root is `root`.
local function show_json(links, root)
  local list = lunacoap.cbor.array()
  for i, link in ipairs(links) do
    local object = {}
    for name, value in pairs(link) do
      object[name] = value
    end
    object.target, object.host, object.uri = nil, nil, link.target -- not an attribute uri=
    if link.target:find("^/") then
      object.uri = (link.host and "coap://" .. link.host or root) .. link.target
    end
    list[i] = object
  end
  local text, message = format.encode("json", list)
  files.print(text or failure.raise(failure.HERE, "%s", message), "\n")
end

local function places_of(place, given)
  if not place then
    return given.six and { ALL_NODES, ALL_NODES_6 } or { ALL_NODES }
  end
  return { uris.complete(place, dtls.is_given(given)) }
end

-- Nodes of a group answer when they like: the user is told what he waits for, on a terminal.
local function with_patience(places, f)
  local waits = uris.is_multicast(places[1]) and lunacoap.isatty(io.stderr)
  if waits then
    io.stderr:write("waiting for answers ...")
  end
  local ok, result = pcall(f)
  if waits then
    io.stderr:write("\r\27[K")
  end
  return ok and result or error(result, 0)
end

local function run(given)
  local place, filters = sort_out(given.words)
  if not place and dtls.is_given(given) then
    failure.raise(failure.MISUSE, "over DTLS one server is asked: name it")
  end
  local places, found = places_of(place, given), {}
  local status = with_patience(places, function()
    return ask_all(places, filters, found, given)
  end)
  if given.json then
    show_json(found, places[1]:match("^%a+://[^/?]*"))
  elseif #found > 0 then
    show_table(found)
  end
  -- What is listed is not all that there is.
  return found.unreadable and failure.HERE or status
end

---@type lunacoap.command_line.Declaration
return {
  description = [[
Lists the resources of a server: their paths, types (rt), interfaces (if),
content-formats (ct), whether they can be observed, and titles. Without a host
it asks all CoAP nodes of the network, by multicast, and waits some seconds for
their answers.]],
  arguments = {
    { name = "words", value = "HOST|URI|FILTER", optional = true, many = true,
      help = "whom to ask; words such as rt=temp* choose among the resources" },
  },
  options = {
    { flags = "-6", name = "six", help = "ask the nodes that know IPv6, too" },
    { flags = "--json", help = "print a list of objects, one for each resource" },
    { flags = "-i --include", help = "show code and options of answers on standard error" },
    asking.group, dtls.group,
  },
  examples = {
    { command = "lunacoap discover localhost", text = "the resources of a server" },
    { command = "lunacoap discover 'rt=temp*' --timeout 2",
      text = "everything on the network whose type begins with temp, of those that answer soon" },
  },
  run = run,
}
