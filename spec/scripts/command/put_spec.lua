-- lunacoap put and the other commands that write, as a user starts them: what reaches the server.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

-- What the system tells about a process.
local function read(pid, name)
  local file <close> = io.open(("/proc/%d/%s"):format(pid, name))
  return file and file:read("a") or ""
end

local METHODS = { put = "PUT", post = "POST", fetch = "FETCH", patch = "PATCH", ipatch = "iPATCH" }

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

describe("a command that sends a payload:", function()
  local server, last

  setup(function()
    server = lunacoap.CoAP {
      LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap, e)
        last = { method = lunacoap.MethodName[e.Method], payload = coap.RequestDataB,
          format = math.tointeger(coap.RequestContentFormat) }
        coap.ResponseCode = "2.04"
        if e.URIPath == "/created" then
          coap.ResponseCode = "2.01"
          coap.ResponseOptions = { { 8, "notes" }, { 8, "3" } }
        elseif e.URIPath == "/answer" then
          coap.ResponseData = "done"
        end
      end,
    }
  end)

  teardown(function()
    server:Shutdown()
  end)

  local function run(name, words, input)
    last = nil
    return command.run(("%s %s"):format(name, words:gsub("@", "127.0.0.1:" .. server.LocalPort)), { input = input })
  end

  -- What arrives, of a command that has to succeed without a word.
  local function put(words, input)
    assert.are.same({ "", "", 0 }, { run("put", words, input) })
    return last.payload, last.format
  end

  for name, method in pairs(METHODS) do
    it(name .. " sends its method with the payload behind the URI", function()
      assert.are.same({ "done", "", 0 }, { run(name, "@/answer 'two words'") })
      assert.are.same({ method = method, payload = "two words", format = -1 }, last)
    end)
  end

  it("delete sends its method without a payload", function()
    assert.are.same({ "", "", 0 }, { run("delete", "@/x") })
    assert.are.same({ method = "DELETE", payload = "", format = -1 }, last)
    assert.are.equal(2, (select(3, run("delete", "@/x payload"))))
  end)

  it("put sends nothing, standard input, or a file", function()
    assert.are.equal("", put "@/x")
    assert.are.equal("a\nb\0\xff", put("@/x -", "a\nb\0\xff"))
    assert.are.equal("piped", put("@/x --file -", "piped"))
    foreign.with_file(foreign.text(3000), function(path)
      assert.are.equal(foreign.text(3000), (put("-f octets @/x -F " .. path)))
      assert.are.equal(42, last.format)
    end)
    assert.are.equal("-5", put "@/x -- -5")
  end)

  it("put says which file is missing, before anything is sent", function()
    assert.are.same({ "", "lunacoap put: cannot read /nowhere: No such file or directory\n", 1 },
      { run("put", "@/x -F /nowhere") })
    assert.is_nil(last)
    assert.are.equal(1, (select(3, run("put", "@/x -F /tmp"))))
    assert.is_nil(last)
  end)

  it("put says that standard input cannot be read", function()
    local out, errors, status = command.run(("put 127.0.0.1:%d/x - </tmp"):format(server.LocalPort))
    assert.are.same({ "", "lunacoap put: cannot read standard input: Is a directory\n", 1 }, { out, errors, status })
  end)

  it("put has status 130 when Ctrl-C ends the reading of standard input", function()
    local fifo = os.tmpname()
    assert(os.execute(("rm %s && mkfifo %s"):format(fifo, fifo)))
    local writer <close> = assert(io.open(fifo, "r+")) -- whoever reads waits as long as it is open
    local child <close> = command.start("put localhost/x - <" .. fifo)
    assert.is_true(process.wait(function()
      return read(child.child.pid, "cmdline"):find("put\0", 1, true)
        and read(child.child.pid, "stat"):match("%) S") ~= nil
    end))
    child:signal("INT")
    assert.are.same({ "", "", 130 }, { child:finish() })
    writer:close()
    os.remove(fifo)
  end)

  it("put refuses a payload that is given twice", function()
    assert.are.equal("lunacoap put: the payload is given twice: behind the URI and with --file\n",
      (select(2, run("put", "@/x y -F z")):match("^[^\n]*\n")))
    assert.is_nil(last)
  end)

  it("put tells the content-format by number, media type or name", function()
    for format, number in pairs { ["50"] = 50, json = 50, ["application/json"] = 50, text = 0, ["65000"] = 65000 } do
      assert.are.same({ "1", number }, { put("@/x 1 -f " .. format) })
    end
  end)

  it("put writes JSON as CBOR where CBOR is asked for", function()
    local payload, format = put([[-f cbor @/x '{"a": [1, 2.5, null]}']])
    assert.are.same({ "a1616183 01f94100f6", 60 }, { hex(payload):gsub("^(%x%x%x%x%x%x%x%x)", "%1 "), format })
    assert.are.equal("a10102", hex(put("-f 60 @/x -", "\xa1\1\2"))) -- it is CBOR already
    assert.are.equal("{}", put "-f cbor --raw @/x '{}'")
    assert.are.same({ "", 60 }, { put "-f cbor @/x" })
  end)

  it("put writes SenML in JSON as SenML in CBOR (RFC 8428 6)", function()
    local payload, format = put([[-f senml+cbor @/x '[{"n":"a","v":1}]']])
    assert.are.same({ "81a20061610201", 112 }, { hex(payload), format })
    local _, errors, status = run("put", [[-f senml+cbor @/x '[{"n":"a"}]']])
    assert.are.equal(2, status)
    assert.matches("^lunacoap put: the payload cannot be sent as application/senml%+cbor: record 1: 'v' is missing", errors)
  end)

  it("put refuses what is neither, before anything is sent", function()
    local out, errors, status = run("put", "-f cbor @/x '{\"a\": }'")
    assert.are.same({ "", 2 }, { out, status })
    assert.matches("^lunacoap put: the payload cannot be sent as application/cbor: malformed JSON", errors)
    assert.matches("%(%-%-raw sends it as it is%)\n", errors)
    assert.is_nil(last)
  end)

  it("post shows with -i where something was made", function()
    assert.are.same({ "", "2.01 Created\n  Location-Path: notes\n  Location-Path: 3\n", 0 },
      { run("post", "-i @/created x") })
  end)
end)
