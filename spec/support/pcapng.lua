-- Reads pcapng files: their blocks in order, with lengths and padding checked.

local M = {}

local function options_of(body, at)
  local options = {}
  while at <= #body do
    local code, length = string.unpack("=I2I2", body, at)
    if code == 0 then
      assert(length == 0 and at + 3 == #body, "nothing stands behind the last option")
      break
    end
    options[code] = body:sub(at + 4, at + 3 + length)
    at = at + 4 + (length + 3) // 4 * 4
  end
  return options
end

local READERS = {
  [0x0a0d0d0a] = function(body)
    local magic, major, minor, length = string.unpack("=I4I2I2i8", body)
    return { kind = "section", magic = magic, version = ("%d.%d"):format(major, minor),
      length = length, options = options_of(body, 17) }
  end,
  [1] = function(body)
    local link, _, limit = string.unpack("=I2I2I4", body)
    return { kind = "interface", link = link, limit = limit, options = options_of(body, 9) }
  end,
  [6] = function(body)
    local interface, high, low, captured, original = string.unpack("=I4I4I4I4I4", body)
    return { kind = "packet", interface = interface, micros = high << 32 | low, original = original,
      data = body:sub(21, 20 + captured), options = options_of(body, 21 + (captured + 3) // 4 * 4) }
  end,
  [10] = function(body)
    local type, length = string.unpack("=I4I4", body)
    return { kind = "secrets", type = type, lines = body:sub(9, 8 + length) }
  end,
}

-- The blocks of a text.
function M.blocks(text)
  local list, at = {}, 1
  while at <= #text do
    local type, length = string.unpack("=I4I4", text, at)
    assert(length % 4 == 0 and at + length - 1 <= #text, "a block is cut")
    assert(string.unpack("=I4", text, at + length - 4) == length, "both lengths are the same")
    list[#list + 1] = READERS[type](text:sub(at + 8, at + length - 5))
    at = at + length
  end
  return list
end

function M.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return M.blocks(file:read("a"))
end

-- Those of one kind.
function M.of_kind(blocks, kind)
  local list = {}
  for _, block in ipairs(blocks) do
    if block.kind == kind then
      list[#list + 1] = block
    end
  end
  return list
end

-- What tshark prints of a file, line by line; `arguments` such as "-Y coap".
function M.tshark(path, arguments)
  local lines = {}
  local pipe <close> = assert(io.popen(("tshark -r %s %s 2>/dev/null"):format(path, arguments or "")))
  for line in pipe:lines() do
    lines[#lines + 1] = line
  end
  return lines
end

return M
