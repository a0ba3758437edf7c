-- Which resource a path belongs to. A pattern such as "/sensors/{id}/temp" captures one segment
-- with {id}, and all that follow, at least one, with a last {rest*}. A literal segment goes before
-- a captured one, and that before a rest.

local percent = require "lunacoap.percent"

local Router = {}
Router.__index = Router

---An empty router.
function Router.new()
  return setmetatable({ exact = {}, root = {} }, Router)
end

-- In URIPath these stay encoded inside a segment, so that segments can be told apart.
local ENCODED = "[/%%]"

---A path as URIPath shows it, which decodes all else than "/" and "%" inside a segment.
---@param path string With or without percent-encodings.
---@return string
function Router.normal(path)
  return (path:gsub("%%(%x?%x?)", function(hex)
    local char = #hex == 2 and string.char(tonumber(hex, 16))
    if not char then
      return "%25" .. hex
    end
    return (char == "/" or char == "%") and "%" .. hex:upper() or char
  end))
end

-- The segments of "/a/b": "a", "b"; of "/" none.
local function split(path)
  local segments = {}
  if path ~= "/" then
    for segment in path:gmatch("/([^/]*)") do
      segments[#segments + 1] = segment
    end
  end
  return segments
end

---The parts of a pattern, each {literal =} or {capture =, rest = true|nil}. Raises when it is none.
---@param pattern string
---@param level integer The level of the error, as in error().
---@return table[]
function Router.parse(pattern, level)
  if type(pattern) ~= "string" or pattern:sub(1, 1) ~= "/" then
    error(("a path pattern is a string such as \"/sensors/{id}\", not %s"):format(
      type(pattern) == "string" and "'" .. pattern .. "'" or tostring(pattern)), level + 1)
  end
  local parts, names = {}, {}
  local segments = split(pattern)
  for i, segment in ipairs(segments) do
    local name, rest = segment:match("^{([%a_][%w_]*)(%*?)}$")
    if not name and segment:find("[{}]") then
      error(("'%s' of the pattern '%s' is not a whole {name}"):format(segment, pattern), level + 1)
    elseif name and names[name] then
      error(("the pattern '%s' captures '%s' twice"):format(pattern, name), level + 1)
    elseif rest == "*" and i < #segments then
      error(("{%s*} has to be the end of the pattern '%s'"):format(name, pattern), level + 1)
    end
    names[name or false] = true
    parts[i] = name and { capture = name, rest = rest == "*" or nil }
      or { literal = Router.normal(segment) }
  end
  return parts
end

---The path that a pattern's captures make, or nil and the name of the one that is missing.
---@param parts table[]
---@param params table<string, any>
---@return string?, string?
function Router.fill(parts, params)
  local segments = {}
  for i, part in ipairs(parts) do
    local value = part.literal or params[part.capture]
    if value == nil then
      return nil, part.capture
    end
    value = tostring(value)
    segments[i] = (part.literal or part.rest) and value or percent.encode(value, ENCODED)
  end
  return "/" .. table.concat(segments, "/")
end

---Adds a target for a pattern. Returns false when one that matches the same paths is there already.
---@param parts table[]
---@param target any
---@return boolean
function Router:add(parts, target)
  local node, captures = self.root, {}
  for _, part in ipairs(parts) do
    local slot = part.rest and "rest" or part.capture and "capture" or "literals"
    if slot == "literals" then
      node.literals = node.literals or {}
      node.literals[part.literal] = node.literals[part.literal] or {}
      node = node.literals[part.literal]
    else
      node[slot] = node[slot] or {}
      node = node[slot]
      captures[#captures + 1] = part.capture
    end
  end
  if node.target ~= nil then
    return false
  end
  node.target, node.captures = target, captures
  if #captures == 0 then
    self.exact[Router.fill(parts, {})] = target
  end
  return true
end

-- Depth first; `values` has what was captured on the way.
local function walk(node, segments, i, values)
  if i > #segments then
    return node.target ~= nil and node or nil
  end
  local next_node = node.literals and node.literals[segments[i]]
  local found = next_node and walk(next_node, segments, i + 1, values)
  if found then
    return found
  end
  if node.capture then
    values[#values + 1] = percent.decode(segments[i])
    found = walk(node.capture, segments, i + 1, values)
    if found then
      return found
    end
    values[#values] = nil
  end
  if node.rest then
    -- As it stands in the path: its segments can still be told apart.
    values[#values + 1] = table.concat(segments, "/", i)
    return node.rest
  end
  return nil
end

local NOTHING = setmetatable({}, { __newindex = function() error("params is read-only", 2) end })

---What a path belongs to, and what its pattern captured; nil when there is nothing.
---@param path string As the events' URIPath.
---@return any, table<string, string>
function Router:match(path)
  local target = self.exact[path]
  if target ~= nil then
    return target, NOTHING
  end
  local values = {}
  local node = walk(self.root, split(path), 1, values)
  if not node then
    return nil, NOTHING
  end
  local params = {}
  for i, name in ipairs(node.captures) do
    params[name] = values[i]
  end
  return node.target, params
end

return Router
