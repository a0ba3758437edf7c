-- Walks every name of the reference (spec/support/reference_names.lua) against our tables, in both
-- directions: nothing may be missing, and what we add is listed here.

local component = require("lunacoap.probe").component
local names = require "spec.support.reference_names"

local OUR_SETTINGS = {
  "AckRandomFactor", "AckTimeout", "BlockSize", "LogLevel", "MaxBodySize", "MaxLatency",
  "MaxObservers", "MaxPendingRequests", "MaxRetransmit", "MulticastGroups", "MulticastLeisure",
  "NStart", "NotificationsPerCon", "PSKIdentity", "PSKKey", "PendingTimeout", "PiggybackDelay",
  "ProbingRate", "SSLProvider",
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

  it("are all there as events with their fields, and no others but Remote... where it is ours",
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
