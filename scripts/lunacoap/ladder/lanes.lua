-- The drawing of a ladder: a column for the time, a lane for each endpoint with arrows between
-- them, and room for details on the right. Many endpoints have no lanes, but a line for each row.

local M = {}

local WIDTH = 100
local TIME = 8 -- columns
local FIRST = TIME + 3 -- the first lane's

-- How far lanes stand from each other, by their number.
local SPANS = { 44, 44, 28, 21, 16 }

-- Details go on in further lines, but not in many.
local MOST_LINES = 5

local function length(text)
  return utf8.len(text) or #text
end

local function cut(text, width)
  if length(text) <= width then
    return text
  end
  local last = utf8.offset(text, math.max(width - 2, 1))
  return text:sub(1, (last or width - 2) - 1) .. "..."
end

local function pad(text, width)
  return text .. (" "):rep(width - length(text))
end

-- What does not fit a line of its own is broken at its blanks.
local function words_of(pieces, width)
  local words = {}
  for i, piece in ipairs(pieces) do
    piece = i < #pieces and piece .. "," or piece
    if length(piece) <= width then
      words[#words + 1] = piece
    else
      for word in piece:gmatch("%S+") do
        words[#words + 1] = cut(word, width)
      end
    end
  end
  return words
end

-- Puts pieces together with commas, in lines of a width.
local function wrap(pieces, width)
  local lines = { "" }
  for _, word in ipairs(words_of(pieces, width)) do
    local line = lines[#lines]
    if line == "" then
      lines[#lines] = word
    elseif length(line) + 1 + length(word) <= width then
      lines[#lines] = line .. " " .. word
    else
      lines[#lines + 1] = word
    end
  end
  if #lines > MOST_LINES then
    lines[MOST_LINES] = cut(lines[MOST_LINES], width - 4) .. " ..."
  end
  return table.move(lines, 1, math.min(#lines, MOST_LINES), 1, {})
end

-- Long times have fewer decimals.
local function time_text(row, from)
  return ("%" .. TIME .. ".3f"):format(row.at - from):sub(1, TIME):gsub("%.$", "")
end

local function omission(row)
  return ("%s  ... %d datagrams left out ..."):format((" "):rep(TIME), row.left_out)
end

-- ---- Lanes --------------------------------------------------------------------------------------

-- The text between two lanes: a line with the label in it, and a head on the right.
local function arrow(row, width)
  local stroke = row.secure and "=" or "-"
  local label = cut(row.label, width - 8)
  local rest = width - length(label) - 2
  local before = row.both_ways and math.max(rest // 2, 2) or 2
  local after = rest - before
  if row.is_dropped then
    local gap = after // 2
    return stroke:rep(before) .. " " .. label .. " " .. stroke:rep(after - gap - 1) .. "x"
      .. (" "):rep(gap)
  end
  return (row.both_ways and "<" .. stroke:rep(before - 1) or stroke:rep(before)) .. " " .. label
    .. " " .. stroke:rep(after - 1) .. ">"
end

-- The same with the head on the left.
local function arrow_back(row, width)
  local stroke = row.secure and "=" or "-"
  local label = cut(row.label, width - 8)
  local after = width - length(label) - 4
  if row.is_dropped then
    local gap = after // 2
    return (" "):rep(gap) .. "x" .. stroke:rep(after - gap - 1) .. " " .. label .. " "
      .. stroke:rep(2)
  end
  return "<" .. stroke:rep(after - 1) .. " " .. label .. " " .. stroke:rep(2)
end

-- A line of lanes; with a row, its arrow.
local function rungs(lanes, row)
  local from, to = row and lanes.at[row.from], row and lanes.at[row.to]
  local left, right = row and math.min(from, to), row and math.max(from, to)
  local pieces = {}
  for i = 1, lanes.count do
    local piece = "|"
    if row and i == left and left < right then
      local width = (right - left) * lanes.span - 1
      piece = piece .. (from < to and arrow(row, width) or arrow_back(row, width))
    elseif row and i == left and i < lanes.count then -- to itself
      piece = piece .. cut(" " .. row.label, lanes.span - 1)
    end
    if not row or i <= left or i >= right then
      local is_last = i == lanes.count
      pieces[#pieces + 1] = (is_last or row and i == left and left < right) and piece
        or pad(piece, lanes.span)
    end
  end
  return table.concat(pieces)
end

local function is_cut(lanes, row)
  local width = math.abs(lanes.at[row.from] - lanes.at[row.to]) * lanes.span - 1
  return length(row.label) > width - 8
end

local function draw_row(lanes, row, from)
  local details = table.move(row.details, 1, #row.details, 1, {})
  if is_cut(lanes, row) and not row.is_repeat then
    table.insert(details, 1, row.label)
  end
  local lines = {}
  for i, text in ipairs(wrap(details, lanes.room)) do
    local time = i == 1 and pad(time_text(row, from), TIME) or (" "):rep(TIME)
    lines[i] = ("%s  %s  %s"):format(time, rungs(lanes, i == 1 and row or nil), text)
  end
  return table.concat(lines, "\n")
end

-- Texts above the lanes, each in the middle of its lane's column.
local function header(lanes, texts)
  local line = ""
  for i, text in ipairs(texts) do
    text = cut(text, lanes.span - 1)
    local column = FIRST + (i - 1) * lanes.span
    local start = math.max(column - length(text) // 2, 1)
    if text ~= "" then
      line = pad(line, start - 1) .. text
    end
  end
  return line
end

local function draw_lanes(rows, options)
  local endpoints = options.endpoints
  local lanes = { count = #endpoints, span = SPANS[#endpoints], at = {} }
  lanes.room = WIDTH - (FIRST + (lanes.count - 1) * lanes.span + 2)
  local names = {}
  for i, address in ipairs(endpoints) do
    lanes.at[address], names[i] = i, options.names[address] or ""
  end
  local lines = { header(lanes, endpoints) }
  if next(options.names) then
    table.insert(lines, 1, header(lanes, names))
  end
  for _, row in ipairs(rows) do
    lines[#lines + 1] = row.left_out and omission(row) or draw_row(lanes, row, options.from)
  end
  return table.concat(lines, "\n")
end

-- ---- Lines --------------------------------------------------------------------------------------

local INDENT = (" "):rep(TIME + 4)

-- From whom to whom, in two lines when it is long.
local function line_head(row, options)
  local function name(address)
    local text = options.names[address]
    return cut(text and ("%s %s"):format(text, address) or address, WIDTH - #INDENT - 4)
  end
  local head = row.is_dropped and "--x" or row.both_ways and "<->" or "-->"
  local from = pad(time_text(row, options.from), TIME) .. "  " .. name(row.from)
  local to = head .. " " .. name(row.to)
  return from .. (length(from) + 1 + length(to) <= WIDTH and " " or "\n" .. INDENT) .. to
end

local function draw_lines(rows, options)
  local lines = {}
  for _, row in ipairs(rows) do
    if row.left_out then
      lines[#lines + 1] = omission(row)
    else
      lines[#lines + 1] = line_head(row, options)
      local pieces = table.move(row.details, 1, #row.details, 2, { row.label })
      for _, text in ipairs(wrap(pieces, WIDTH - #INDENT)) do
        lines[#lines + 1] = INDENT .. text
      end
    end
  end
  return table.concat(lines, "\n")
end

---Draws rows.
---@param rows table[]
---@param options { endpoints: string[], names: table<string, string>, from: number }
---@return string
function M.draw(rows, options)
  return (SPANS[#options.endpoints] and draw_lanes or draw_lines)(rows, options)
end

return M
