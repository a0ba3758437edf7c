-- Walks every name of the reference (spec/support/reference_names.lua) against our tables, in both
-- directions: nothing may be missing, and what we add is listed here.

local lunacoap = require "lunacoap"
local component = require("lunacoap.probe").component
local names = require "spec.support.reference_names"

local OUR_SETTINGS = {
  "AckRandomFactor", "AckTimeout", "BlockSize", "BothRoles", "CaptureFile", "FaultSeed", "ListeningPort",
  "LogLevel", "MaxBodySize", "MaxLatency", "MaxObservers", "MaxPendingRequests", "MaxRetransmit",
  "MulticastGroups", "MulticastLeisure", "NStart", "NotificationsPerCon", "Offline", "PSKIdentity", "PSKKey",
  "PendingTimeout", "PiggybackDelay", "ProbingRate", "ReceiveFaults", "SSLProvider",
  "SSLSessionTimeout", "SendFaults", "ShareSocket", "Statistics",
}

local function sorted(list)
  table.sort(list)
  return list
end

local function keys(map)
  local list = {}
  for key in pairs(map) do
    list[#list + 1] = key
  end
  return sorted(list)
end

local function reference_settings()
  local list = {}
  for _, group in pairs(names.settings) do
    table.move(group, 1, #group, #list + 1, list)
  end
  return list
end

local function rows_with(flag)
  local list = {}
  for _, row in ipairs(component.rows()) do
    if row[flag] then
      list[#list + 1] = row.name
    end
  end
  return sorted(list)
end

describe("the names of the reference", function()
  it("are all there as properties, and no others", function()
    assert.are.same(keys(names.properties), rows_with("property"))
    for _, row in ipairs(component.rows()) do
      if row.property then
        assert.are.equal(names.properties[row.name], not row.read_only, row.name)
      end
    end
  end)

  it("are all there as settings, and else only ours", function()
    local expected = reference_settings()
    table.move(OUR_SETTINGS, 1, #OUR_SETTINGS, #expected + 1, expected)
    assert.are.same(sorted(expected), rows_with("config"))
  end)

  it("are all there as events with their fields, and no others but what is ours",
    function()
      local expected, found = {}, {}
      for event, fields in pairs(names.events) do
        expected[event] = {}
        for field, kind in pairs(fields) do
          expected[event][field] = kind
        end
      end
      expected.RequestComplete.RemoteHost = "string"
      expected.RequestComplete.RemotePort = "integer"
      -- Who is at the other end of a DTLS session, and the pre-shared keys that the reference lacks.
      expected.PSKLookup = { ConnectionId = "integer", Identity = "string", Key = "var string" }
      expected.Transfer = {
        RequestId = "string", URI = "string", Direction = "integer", BytesTransferred = "integer",
        PercentDone = "integer", TotalBytes = "integer",
      }
      for _, event in ipairs { "Request", "Register" } do
        expected[event].ConnectionId = "integer"
        for _, field in ipairs {
          "CertEncoded", "CertEncodedB", "CertSubject", "CertIssuer", "CertFingerprint", "PSKIdentity",
        } do
          expected[event][field] = "string"
        end
      end
      for _, event in ipairs { "SSLClientAuthentication", "SSLServerAuthentication" } do
        expected[event].CertFingerprint = "string"
      end
      for _, event in ipairs(component.events()) do
        found[event.name] = {}
        for _, field in ipairs(event.fields) do
          found[event.name][field.name] = (field.assignable and "var " or "") .. field.type
        end
      end
      assert.are.same(expected, found)
    end)

  it("are all there as numbers of errors", function()
    local found = {}
    for _, row in ipairs(component.errors()) do
      found[row.code] = row.text
    end
    for _, code in ipairs(names.errors) do
      assert.is_string(found[code])
    end
  end)

  it("are all there as store types and value types, with their numbers", function()
    local constants = component.constants()
    for title, expected in pairs { StoreType = names.store_types, ValueType = names.value_types } do
      local found = {}
      for name, number in pairs(constants[title]) do
        found[name] = number
      end
      assert.are.same(expected, found)
    end
  end)
end)

-- The same names on living objects. A missing one is collected, not raised, so that one run lists
-- them all.
describe("on living objects, the names of the reference", function()
  local coap, missing, count, later

  local function try(name, f)
    count = count + 1
    local ok, problem = pcall(f)
    if not ok then
      missing[#missing + 1] = name .. ": " .. tostring(problem)
    end
  end

  setup(function()
    missing, count, later = {}, 0, {}
    coap = lunacoap.CoAP()
  end)

  teardown(function()
    coap:Shutdown()
    print(("\n%d names of the reference tried, missing: %d; still to come: %s"):format(
      count, #missing, table.concat(sorted(later), ", ")))
  end)

  after_each(function() assert.are.same({}, missing) end)

  it("are properties that can be read, and set if the reference says so", function()
    for name, assignable in pairs(names.properties) do
      try(name, function()
        local value = coap[name]
        assert(value ~= nil, "reads as nil")
        local is_table = type(value) == "userdata" or type(value) == "table"
        if assignable and not is_table then
          coap[name] = value
        elseif not assignable then
          assert(not pcall(function() coap[name] = value end), "can be assigned")
        end
      end)
    end
  end)

  it("are methods", function()
    for _, name in ipairs(names.methods) do
      try(name, function() assert(type(coap[name]) == "function", "no function") end)
    end
  end)

  it("are events whose handler can be set, read and taken away", function()
    for name in pairs(names.events) do
      try("On" .. name, function()
        local function handler() end
        assert(coap["On" .. name] == nil, "has a handler")
        coap["On" .. name] = handler
        assert(coap["On" .. name] == handler, "has another handler")
        coap["On" .. name] = nil
        assert(coap["On" .. name] == nil, "keeps its handler")
      end)
    end
  end)

  it("are settings that can be read, and set to what they read as", function()
    local read_only = {}
    for _, row in ipairs(component.rows()) do
      read_only[row.name] = row.read_only
    end
    for _, name in ipairs(reference_settings()) do
      try(name, function()
        local value = coap:Config(name)
        assert(type(value) == "string", "reads as a " .. type(value))
        if not read_only[name] then
          assert(coap:Config(name:lower() .. "=" .. value) == "")
        end
      end)
    end
  end)

  it("are settings that do something, but for those of a later issue", function()
    for _, row in ipairs(component.rows()) do
      if row.config and row.secure and not row.read_only and not row.stored then
        local other = row.kind == "text" and "ALL" or "1"
        local ok, err = pcall(coap.Config, coap, row.name .. "=" .. other)
        assert.is_false(ok)
        assert.is_truthy(err.Message:find(row.name .. " takes nothing but its default", 1, true))
        later[#later + 1] = row.name
      end
    end
    assert.are.same({ "OpenSSLCipherList", "SSLCheckCRL", "SSLCheckOCSP" }, sorted(later))
  end)

  it("are store types that are read, but for those of a later issue", function()
    local unread = {}
    for name, number in pairs(names.store_types) do
      local _, err = pcall(lunacoap.Certificate, number, "/nowhere", "", "*")
      assert.are.equal(271, err.Code)
      if err.Message:find(name .. " is ", 1, true) then
        unread[#unread + 1] = name
      end
    end
    assert.are.same({
      "cstBCFKSBlob", "cstBCFKSFile", "cstJKSBlob", "cstJKSFile", "cstMachine", "cstP7BBlob",
      "cstP7BFile", "cstPPKBlob", "cstPPKFile", "cstSSHPublicKeyBlob", "cstSSHPublicKeyFile",
      "cstUser", "cstXMLBlob", "cstXMLFile",
    }, sorted(unread))
    table.move(unread, 1, #unread, #later + 1, later)
  end)

  it("are fields of the types", function()
    coap.Timeout = 0
    coap:Get("coap://127.0.0.1:9/names")
    local objects = {
      Certificate = lunacoap.Certificate(),
      CoAPOption = lunacoap.CoAPOption(11, "path"),
      CoAPRequest = coap.PendingRequests[1],
    }
    for title, fields in pairs(names.types) do
      local object = objects[title]
      for name, assignable in pairs(fields) do
        try(title .. "." .. name, function()
          local value = object[name]
          assert(value ~= nil, "reads as nil")
          if not assignable then
            assert(not pcall(function() object[name] = value end), "can be assigned")
          end
        end)
      end
    end
  end)
end)
