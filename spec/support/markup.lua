-- Reads HTML as strictly as our own writer writes it: every element is closed but the void ones,
-- every attribute is quoted, and what is no markup is escaped. Raises where it is not.

local M = {}

local VOID = { meta = true, link = true, br = true }
local RAW = { script = true, style = true }
local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', ["#39"] = "'" }

local function plain(text)
  assert(not text:find("[<>]"), "markup that is not escaped: " .. text)
  return (text:gsub("&([^;%s]*);?", function(name)
    return assert(ENTITIES[name], "an entity that nobody knows: &" .. name)
  end))
end

local function attributes_of(text)
  local fields = {}
  local rest = text:gsub('%s+([%w-]+)="([^"]*)"', function(name, value)
    assert(not fields[name], "an attribute twice: " .. name)
    fields[name] = plain(value)
    return ""
  end):gsub("%s+([%w-]+)", function(name)
    fields[name] = true
    return ""
  end)
  assert(rest == "", "no attributes: " .. text)
  return fields
end

local Element = {}
Element.__index = Element

-- Adds the element that begins at the place; returns where its content ends.
local function begin(stack, html, at)
  local name, attributes, after = html:match("^<(%w+)([^<>]*)>()", at)
  assert(name, "no tag: " .. html:sub(at, at + 40))
  local element = setmetatable({ name = name, attributes = attributes_of(attributes) }, Element)
  table.insert(stack[#stack], element)
  if RAW[name] then
    local content, close = html:match("^(.-)</" .. name .. ">()", after)
    element[1] = assert(content, "a script or style without an end")
    return close
  elseif not VOID[name] then
    stack[#stack + 1] = element
  end
  return after
end

---Reads a page; what comes back is the element around all.
---@param html string
---@return table # name, attributes, and in order its texts and elements.
function M.read(html)
  assert(utf8.len(html), "no UTF-8")
  local _, at = html:find("^<!DOCTYPE html>\n")
  local stack = { setmetatable({ name = "", attributes = {} }, Element) }
  at = assert(at, "no document type") + 1
  while at <= #html do
    local text, tag = html:match("^([^<]*)()", at)
    if text ~= "" then
      table.insert(stack[#stack], plain(text))
    end
    local close, after = html:match("^</(%w+)>()", tag)
    if close then
      local open = table.remove(stack)
      assert(open.name == close, ("</%s> closes <%s>"):format(close, open.name))
    end
    at = after or tag <= #html and begin(stack, html, tag) or tag
  end
  assert(#stack == 1, "not closed: " .. stack[#stack].name)
  return stack[1]
end

---The text in it, without scripts and styles.
---@return string
function Element:text()
  local parts = {}
  for i, child in ipairs(self) do
    parts[i] = type(child) == "string" and child or RAW[child.name] and "" or child:text()
  end
  return table.concat(parts)
end

---All elements in it of a name, and with an attribute that holds a word if it is given.
---@param name string
---@param attribute? string
---@param word? string
---@return table[]
function Element:all(name, attribute, word)
  local list = {}
  for _, child in ipairs(self) do
    if type(child) == "table" then
      local value = attribute and child.attributes[attribute]
      if child.name == name and (not attribute
        or value and (not word or (" " .. value .. " "):find(" " .. word .. " ", 1, true))) then
        list[#list + 1] = child
      end
      local inner = child:all(name, attribute, word)
      table.move(inner, 1, #inner, #list + 1, list)
    end
  end
  return list
end

return M
