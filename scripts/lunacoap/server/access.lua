-- Who may use a resource. A rule is a table such as { psk = { "meter-1", "meter-2" } }: each of its
-- fields has to hold, with one of its values; `true` lets in whoever has proven an identity; a
-- function of the request decides itself: it returns whether, or the response that refuses.

---@alias lunacoap.AccessRule true|table|fun(request: lunacoap.Request): boolean|lunacoap.Response

local Response = require "lunacoap.response"

local FIELDS = { psk = true, subject = true, issuer = true, fingerprint = true, kind = true }
local KINDS = { psk = true, certificate = true, ["raw-key"] = true }

local M = {}

local function normal(name, value)
  return name == "fingerprint" and value:lower():gsub(":", "") or value
end

-- { "a", "b" } or "a" as a set.
local function set_of(name, values, level)
  local set = {}
  for key, value in pairs(type(values) == "table" and values or { values }) do
    if math.type(key) ~= "integer" or type(value) ~= "string" then
      error(("the access rule's '%s' takes a string or a list of strings, not %s"):format(name,
        tostring(value)), level + 1)
    elseif name == "kind" and not KINDS[value] then
      error(("the access rule's 'kind' is psk, certificate or raw-key, not '%s'"):format(value),
        level + 1)
    end
    set[normal(name, value)] = true
  end
  return set
end

local function rule_of_table(rule, level)
  local sets = {}
  for name, values in pairs(rule) do
    if not FIELDS[name] then
      error(("an access rule has no field '%s'; it takes psk, subject, issuer, fingerprint, kind")
        :format(tostring(name)), level + 1)
    end
    sets[name] = set_of(name, values, level + 1)
  end
  return function(request)
    for name, set in pairs(sets) do
      local value = request.identity[name]
      if not (value and set[normal(name, value)]) then
        return false
      end
    end
    return true
  end
end

---The check of a rule: a function of the request that returns nil, or the response that refuses it.
---@param rule? lunacoap.AccessRule
---@param level integer The level of the error when it is no rule.
---@return nil|fun(request: lunacoap.Request): lunacoap.Response?
function M.compile(rule, level)
  if rule == nil then
    return nil
  elseif type(rule) == "function" then
    return function(request)
      local verdict = rule(request)
      if Response.is(verdict) then
        return verdict
      elseif not verdict then
        return Response.of(request.identity and "4.03" or "4.01")
      end
    end
  elseif rule ~= true and type(rule) ~= "table" then
    error(("an access rule is true, a table or a function, not %s"):format(tostring(rule)),
      level + 1)
  end
  local holds = rule == true and function() return true end or rule_of_table(rule, level + 1)
  return function(request)
    if not request.identity then
      return Response.of("4.01") -- RFC 7252 5.9.2.2: without an identity it cannot change
    elseif not holds(request) then
      return Response.of("4.03")
    end
  end
end

return M
