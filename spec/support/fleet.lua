-- Fleets for specs: in virtual time, against a server that notes what comes.

local lunacoap = require "lunacoap"

local M = {}

---Runs f in virtual time with a central, and a function that makes fleets of it, which are stopped
---at the end.
---@param f fun(central: table, fleet: fun(init: table): lunacoap.Fleet)
---@param seed? integer
---@return any # What f returns.
function M.virtual(f, seed)
  return lunacoap.virtual(seed or 1, function()
    local central, fleets = M.central(), {}
    local results = table.pack(xpcall(f, lunacoap.traceback, central, function(init)
      init.server = init.server or central.uri
      fleets[#fleets + 1] = lunacoap.fleet(init)
      return fleets[#fleets]
    end))
    for _, fleet in ipairs(fleets) do
      fleet:stop()
    end
    central.coap:Shutdown()
    return select(2, assert(table.unpack(results, 1, results.n)))
  end)
end

local function note(central, coap, e)
  local entry = { at = lunacoap.now() - central.began, path = e.URIPath, payload = coap.RequestData,
    host = e.RemoteHost, port = e.RemotePort }
  table.insert(central.log, entry)
  if central.answer then
    return central.answer(coap, e, entry)
  end
  coap.ResponseData = e.URIPath
end

---A server that notes each request in `log` and answers it with its path, or as `answer` has it.
---Its resources below /observed may be observed: tell(path, state) tells of a new state.
function M.central(init)
  local central = { log = {}, began = lunacoap.now(), registered = {} }
  local fields = { LocalHost = "127.0.0.1", OnRequest = function(coap, e) note(central, coap, e) end,
    OnRegister = function(coap, e)
      note(central, coap, e)
      e.Accept = e.URIPath:find("^/observed") ~= nil
      table.insert(central.registered, e.URIPath)
    end }
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  central.coap = lunacoap.CoAP(fields)
  central.coap:StartListening()
  central.uri = "coap://127.0.0.1:" .. central.coap.LocalPort
  function central.tell(path, state)
    central.coap.ResponseCode, central.coap.ResponseData = "2.05", state
    central.coap:SendNotification(path)
  end
  return central
end

---The log's entries as "1.000 /path payload".
function M.lines(central)
  local lines = {}
  for i, entry in ipairs(central.log) do
    lines[i] = ("%.3f %s %s"):format(entry.at, entry.path, entry.payload)
  end
  return lines
end

---A client of devices. get(uri) returns code and payload, or nil and the error's number.
function M.client(init)
  local fields = { Timeout = 100 }
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  local coap = lunacoap.CoAP(fields)
  return { coap = coap, get = function(uri)
    local ok, err = pcall(coap.Get, coap, uri)
    if ok or err.Code == 709 then
      return coap.ResponseCode, coap.ResponseData
    end
    return nil, err.Code
  end }
end

---How many devices are in each phase, without those that none is in.
function M.phases(fleet)
  local phases = {}
  for phase, n in pairs(fleet.counts.phases) do
    phases[phase] = n > 0 and n or nil
  end
  return phases
end

---The texts of the mistakes that were told: "3 x text".
function M.troubles(fleet)
  local list = {}
  for i, trouble in ipairs(fleet.counts.trouble_list) do
    list[i] = ("%d x %s"):format(trouble.count, trouble.text)
  end
  return list
end

return M
