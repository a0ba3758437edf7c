local keylog = require("lunacoap.probe").session_cache.keylog

describe("a key log", function()
  local path = os.tmpname()

  local function read(command)
    local pipe <close> = assert(io.popen(command))
    return pipe:read("a")
  end

  before_each(function() os.remove(path) end)
  after_each(function() os.remove(path) end)

  it("has a line for each session, and is for its owner alone", function()
    local random, secret = ("\1\xab"):rep(16), ("\0\xff"):rep(24)
    local line = ("CLIENT_RANDOM %s %s\n"):format(("01ab"):rep(16), ("00ff"):rep(24))
    assert.is_true(keylog(path, { { random, secret } }))
    assert.are.equal(line, read("cat " .. path))
    assert.are.equal("600\n", read("stat -c %a " .. path))
    assert.is_true(keylog(path, { { random, secret }, { random, secret } }))
    assert.are.equal(line:rep(3), read("cat " .. path))
  end)

  it("takes no secret of another length", function()
    assert.is_true(keylog(path, { { ("r"):rep(32), "short" }, { "short", ("s"):rep(48) } }))
    assert.are.equal("", read("cat " .. path))
  end)

  it("says which file cannot be opened, and why", function()
    local done, code, text = keylog("/nonexistent/keys.log", {})
    assert.is_nil(done)
    assert.is_true(code > 10000)
    assert.is_truthy(text:find("/nonexistent/keys.log", 1, true))
    assert.is_truthy(text:find("No such file", 1, true))
  end)
end)
