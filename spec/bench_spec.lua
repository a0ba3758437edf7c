-- The bench's own measuring tool: a generator that miscounts would make every ratio worthless.

local function build_folder()
  local pipe <close> = assert(io.popen("readlink /proc/$PPID/exe"))
  return pipe:read("l"):match("^(.*)/")
end

local function generate(arguments)
  local command = ("%s/bench/generator %s 2>&1"):format(build_folder(), arguments)
  local pipe <close> = assert(io.popen(command))
  local text, result = pipe:read("a"), {}
  for name, value in text:gmatch("(%w+)=(%d+)") do
    result[name] = tonumber(value)
  end
  return result, text
end

describe("the bench's load generator", function()
  it("counts the answers of a server that answers everything, and its CPU time", function()
    local echo = build_folder() .. "/bench/echo"
    local result, text = generate("get sockets=4 window=8 seconds=0.3 -- " .. echo)
    assert.is_true((result.answers or 0) > 1000, text)
    assert.are.equal(0, result.lost)
    assert.are.equal(0, result.bad)
    assert.is_true(result.cpu > 0 and result.cpu < result.wall * 1.1, text)
  end)

  it("counts an answer that does not fit the request as wrong", function()
    -- The echo answers every GET with five bytes, never with a block.
    local echo = build_folder() .. "/bench/echo"
    local result, text = generate("bget sockets=4 seconds=0.1 -- " .. echo)
    assert.are.equal(0, result.answers, text)
    assert.is_true(result.bad > 0, text)
    assert.is_true(result.lost > 0, text)
  end)

  it("says so when the server does not start", function()
    local result, text = generate("get -- false")
    assert.is_nil(result.answers)
    assert.is_truthy(text:find("false does not answer GET /hello", 1, true), text)
  end)
end)
