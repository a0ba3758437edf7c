-- lunacoap.files: a folder's files over CoAP, and nothing else.
local lunacoap = require "lunacoap"
local files = require "lunacoap.files"
local process = require "spec.support.process"

local OPTION, METHOD = lunacoap.OptionNumber, lunacoap.Method

local folder, server, client

local function sh(command)
  assert(os.execute(("cd %s && { %s; }"):format(folder, command)))
end

local function ask(method, path, payload, options)
  client.RequestDataB, client.RequestOptions = payload or "", options or {}
  local ok, err = pcall(client.SendCustomRequest, client, server:uri(path), METHOD[method])
  assert(ok or err.Code == 709, err)
  return client.ResponseCode, client.ResponseDataB, client.ResponseContentFormat
end

local function read(name)
  local file <close> = io.open(folder .. "/" .. name, "rb")
  return file and file:read("a")
end

local function serve(options)
  server = lunacoap.server { LocalHost = "127.0.0.1" }
  files.mount(server, "/", folder .. "/public", options)
  server:start()
end

describe("lunacoap.files", function()
  before_each(function()
    local pipe <close> = assert(io.popen("mktemp -d"))
    folder = pipe:read("l")
    sh [[mkdir -p public/sub public/.hidden; printf hello >public/a.txt; printf '{"x":1}' >public/x.json
      printf secret >secret; printf inner >public/sub/b; : >public/empty
      printf odd >'public/50% & more.txt'; ln -s ../secret public/link; ln -s .. public/up
      ln -s sub public/inside; head -c 100000 /dev/urandom >public/big.bin; mkfifo public/pipe]]
    client = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    client:Shutdown()
    server:stop()
    os.execute("rm -r " .. folder)
  end)

  it("gives files with the format of their extension", function()
    serve()
    assert.are.same({ "2.05", "hello", 0 }, { ask("GET", "/a.txt") })
    assert.are.same({ "2.05", '{"x":1}', 50 }, { ask("GET", "/x.json") })
    assert.are.same({ "2.05", "inner", 42 }, { ask("GET", "/sub/b") })
    assert.are.same({ "2.05", "", -1 }, { ask("GET", "/empty") })
    assert.are.same({ "2.05", "odd", 0 }, { ask("GET", "/50%25%20&%20more.txt") })
    assert.are.equal("4.06", (ask("GET", "/a.txt", nil,
      { { Number = OPTION["Accept"], Value = 50 } })))
  end)

  it("gives long ones in blocks", function()
    serve()
    local code, data = ask("GET", "/big.bin")
    assert.are.equal("2.05", code)
    assert.is_true(data == read("public/big.bin"))
  end)

  it("validates with an ETag", function()
    serve()
    ask("GET", "/a.txt")
    local etag = client.ResponseETagB
    local option = { { Number = OPTION["ETag"], Value = (etag:gsub(".", function(c)
      return ("%02x"):format(c:byte())
    end)) } }
    assert.are.equal("2.03", (ask("GET", "/a.txt", nil, option)))
    sh "printf changed >public/a.txt"
    assert.are.same({ "2.05", "changed", 0 }, { ask("GET", "/a.txt", nil, option) })
  end)

  it("lists folders as links, which lead where they say", function()
    serve()
    local code, text, number = ask("GET", "/")
    assert.are.same({ "2.05", 40 }, { code, number })
    assert.are.equal('</.hidden/>;ct=40,</50%25%20%26%20more.txt>;ct=0;sz=3,</a.txt>;ct=0;sz=5,'
      .. '</big.bin>;ct=42;sz=100000,</empty>;ct=42;sz=0,</sub/>;ct=40,</x.json>;ct=50;sz=7', text)
    assert.are.equal("</sub/b>;ct=42;sz=5", (select(2, ask("GET", "/sub/"))))
    assert.are.equal("</sub/b>;ct=42;sz=5", (select(2, ask("GET", "/sub"))))
    assert.are.equal("odd", (select(2, ask("GET", "/50%25%20%26%20more.txt"))))
  end)

  it("lets nobody out of the folder", function()
    serve { write = true }
    for _, path in ipairs { "/..%2Fsecret", "/sub%2F..%2F..%2Fsecret", "/link", "/up/secret",
      "/inside/b", "/sub%2Fb", "/a.txt/", "/a.txt/x", "/sub//b", "/pipe", "/nothing", "/x%00" } do
      assert.are.equal("4.04", (ask("GET", path)), path)
    end
    for _, path in ipairs { "/..%2Fnew", "/link", "/up/new", "/new/", "/a.txt/x", "/none/x" } do
      assert.are.equal("4.04", (ask("PUT", path, "x")), path)
      assert.are.equal("4.04", (ask("DELETE", path)), path)
    end
    assert.are.equal("secret", read("secret"))
    assert.is_nil(read("new"))
  end)

  it("takes segments that are dots for what RFC 7252 says", function()
    serve()
    -- A URI has none left when it is resolved (section 6.4), so they come from other clients alone.
    local raw = { { Number = 11, Value = ".." }, { Number = 11, Value = "secret" } }
    local ok = pcall(ask, "GET", "/", nil, raw)
    assert.is_true(not ok or client.ResponseCode:sub(1, 1) == "4")
  end)

  it("is read-only unless it is told otherwise", function()
    serve()
    assert.are.equal("4.05", (ask("PUT", "/a.txt", "new")))
    assert.are.equal("4.05", (ask("DELETE", "/a.txt")))
    assert.are.equal("4.05", (ask("PUT", "/", "new")))
    assert.are.equal("hello", read("public/a.txt"))
  end)

  it("creates, replaces and deletes files", function()
    serve { write = true }
    local long = ("x"):rep(5000)
    assert.are.equal("2.01", (ask("PUT", "/sub/new", long)))
    assert.are.equal(long, read("public/sub/new"))
    assert.are.equal("2.04", (ask("PUT", "/a.txt", "")))
    assert.are.equal("", read("public/a.txt"))
    assert.are.equal("2.02", (ask("DELETE", "/a.txt")))
    assert.are.equal("4.04", (ask("DELETE", "/a.txt")))
    assert.are.equal("4.05", (ask("PUT", "/sub", "x")))
    assert.are.equal("4.05", (ask("DELETE", "/sub")))
    local pipe <close> = assert(io.popen("ls -A " .. folder .. "/public/sub"))
    assert.are.equal("b\nnew\n", pipe:read("a"))
  end)

  it("writes under conditions", function()
    serve { write = true }
    local none = { { Number = OPTION["If-None-Match"], Value = "" } }
    assert.are.equal("4.12", (ask("PUT", "/a.txt", "x", none)))
    assert.are.equal("2.01", (ask("PUT", "/b.txt", "x", none)))
    assert.are.equal("4.12", (ask("PUT", "/c.txt", "x", { { Number = OPTION["If-Match"], Value = "" } })))
  end)

  it("tells observers of what clients write", function()
    serve { write = true }
    local watcher <close> = lunacoap.CoAP { Timeout = 5 }
    local got = {}
    watcher.OnNotification = function(coap) got[#got + 1] = coap.ResponseCode .. coap.ResponseData end
    watcher:StartObserving(server:uri("/a.txt"))
    ask("PUT", "/a.txt", "second")
    assert.is_true(process.wait(function() return #got == 2 end))
    ask("DELETE", "/a.txt")
    assert.is_true(process.wait(function() return #got == 3 end))
    assert.are.same({ "2.05hello", "2.05second", "4.04" }, got)
  end)

  it("may stand below a path, beside other resources", function()
    server = lunacoap.server { LocalHost = "127.0.0.1" }
    files.mount(server, "/files", folder .. "/public")
    server:resource("/files/special", { get = function() return "mine" end })
    server:start()
    assert.are.equal("hello", (select(2, ask("GET", "/files/a.txt"))))
    assert.are.equal("mine", (select(2, ask("GET", "/files/special"))))
    assert.matches("^</files/%.hidden/>", (select(2, ask("GET", "/files"))))
    assert.are.equal("4.04", (ask("GET", "/a.txt")))
    assert.are.equal('</files>;obs;rt="folder";title="files",</files/special>',
      (select(2, ask("GET", "/.well-known/core"))))
  end)

  it("says what is wrong with a folder that is none", function()
    serve()
    local ok, message = pcall(function() files.mount(server, "/x", folder .. "/secret") end)
    assert.is_false(ok)
    assert.matches("files_spec.lua:%d+: '.*/secret' is not a folder", message)
  end)
end)
