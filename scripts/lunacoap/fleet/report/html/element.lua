-- Writes elements of HTML and SVG: element("td", { class = "name" }, text, ...). Texts are escaped;
-- what is markup already is what another element() or raw() returned.

local escape = require "lunacoap.fleet.report.html.escape"

---@class lunacoap.fleet.report.Markup
---@field markup string
local Markup = {}

local M = {}

-- They have no content and no end tag.
local VOID = { br = true, link = true, meta = true }

---Markup as it is.
---@param text string
---@return lunacoap.fleet.report.Markup
function M.raw(text)
  return setmetatable({ markup = text }, Markup)
end

local function number_text(number)
  return math.type(number) == "integer" and ("%d"):format(number)
    or (("%.2f"):format(number):gsub("0+$", ""):gsub("%.$", ""))
end

local function attributes_of(fields)
  local list = {}
  for name, value in pairs(fields) do
    if value == true then
      list[#list + 1] = " " .. name
    elseif value then
      local text = type(value) == "number" and number_text(value) or escape.text(value)
      list[#list + 1] = (' %s="%s"'):format(name, text)
    end
  end
  table.sort(list)
  return table.concat(list)
end

local function add(parts, child)
  if getmetatable(child) == Markup then
    parts[#parts + 1] = child.markup
  elseif type(child) == "table" then
    for _, each in ipairs(child) do
      add(parts, each)
    end
  elseif child then
    parts[#parts + 1] = escape.text(child)
  end
end

---An element.
---@param name string
---@param attributes? table<string, string|number|boolean> True is the name alone, false nothing.
---@param ... any Texts, numbers, elements and lists of them; nil and false are nothing.
---@return lunacoap.fleet.report.Markup
local function element(_, name, attributes, ...)
  local parts = { "<", name, attributes and attributes_of(attributes) or "", ">" }
  for i = 1, select("#", ...) do
    add(parts, (select(i, ...)))
  end
  parts[#parts + 1] = not VOID[name] and ("</%s>"):format(name) or nil
  return M.raw(table.concat(parts))
end

return setmetatable(M, { __call = element })
