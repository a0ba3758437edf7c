-- lunacoap.files: a folder's files over CoAP, and nothing else.
local lunacoap = require "lunacoap"
local files = require "lunacoap.files"
local process = require "spec.support.process"
local raw = require "spec.support.raw"

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

  it("lists folders of any names, by links that lead there", function()
    sh [[mkdir 'public/a > b, 50%' 'public/gr\303\274n'; mkdir "$(printf 'public/gr\303\274n')"
      printf 1 >'public/a > b, 50%/x%2Fy'; printf 2 >"$(printf 'public/gr\303\274n/y')"]]
    serve()
    for target, content in pairs { ["/a%20%3E%20b%2C%2050%25/"] = "1", ["/gr%C3%BCn/"] = "2" } do
      local links = lunacoap.linkformat.parse((select(2, ask("GET", target))))
      assert.are.equal(1, #links)
      assert.are.equal(target, links[1].target:sub(1, #target))
      assert.are.equal(content, (select(2, ask("GET", links[1].target))))
    end
  end)

  it("takes names as long as a file can have", function()
    serve { write = true }
    local name = ("n"):rep(255)
    assert.are.equal("2.01", (ask("PUT", "/" .. name, "long")))
    assert.are.equal("long", read("public/" .. name))
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

  -- A URI has no dots left when it is resolved (RFC 7252 6.4), and no empty segment by mistake; so
  -- these come from other clients alone.
  it("lets nobody out who writes the options himself", function()
    serve { write = true }
    raw.start()
    local socket, id = raw.open(), 0
    for _, segments in ipairs { { "..", "secret" }, { ".", "..", "secret" }, { "sub", "..", "a.txt" },
      { "", "a.txt" }, { "", "", "etc", "passwd" }, { "/etc/passwd" }, { "../secret" }, { "a.txt", "" },
      { "a.txt\0" }, { "\0" }, { "..\0", "secret" }, { "%2e%2e", "secret" }, { "up", "secret" },
      { "link" }, { ("x"):rep(255) .. "/" } } do
      for _, code in ipairs { "0.01", "0.03", "0.04" } do
        local options = {}
        for i, segment in ipairs(segments) do
          options[i] = { raw.PATH, segment }
        end
        id = id + 1
        local answer = raw.ask(socket, "127.0.0.1", server.coap.LocalPort,
          { code = code, id = id, token = "t", options = options, payload = code == "0.03" and "x" or nil })
        assert.matches("^4.0[24]$", answer.text, nil, table.concat(segments, "|"))
      end
    end
    raw.stop()
    assert.are.equal("secret", read("secret"))
    assert.are.equal("hello", read("public/a.txt"))
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

  -- `lunacoap serve` under a limit that the shell's words set, and asked as ever.
  local function serve_limited(words)
    local port = process.free_port("127.0.0.1")
    server = lunacoap.server { LocalHost = "127.0.0.1", LocalPort = port }
    local child = process.start(("sh -c '%s %s/lunacoap serve -w -H 127.0.0.1 -p %d %s/public'"):format(
      words, process.build_folder(), port, folder))
    child:expect("serving")
    return child
  end

  it("does what the files' permissions allow", function()
    sh "cd public; chmod 0 a.txt; chmod 400 x.json; chmod 500 sub"
    -- Root may do all, unless it gives that up.
    local _ <close> = serve_limited(
      "if [ $(id -u) = 0 ]; then drop=\"setpriv --bounding-set=-dac_override,-dac_read_search\"; fi; exec $drop")
    assert.are.equal("4.03", (ask("GET", "/a.txt")))
    assert.are.equal("4.03", (ask("PUT", "/a.txt", "new")))
    assert.are.equal("4.03", (ask("PUT", "/x.json", "new")))
    assert.are.equal("4.03", (ask("PUT", "/sub/new", "new")))
    assert.are.equal("4.03", (ask("DELETE", "/sub/b")))
    assert.are.equal("2.01", (ask("PUT", "/new", "new")))
    assert.are.equal('{"x":1}', read("public/x.json"))
    sh "chmod 700 public/sub"
  end)

  it("goes on when a file may not grow further, with its former content", function()
    local _ <close> = serve_limited("ulimit -f 8; exec")
    assert.are.same({ "5.00", "File too large", -1 }, { ask("PUT", "/a.txt", ("x"):rep(100000)) })
    assert.are.same({ "2.05", "hello", 0 }, { ask("GET", "/a.txt") })
    local pipe <close> = assert(io.popen("ls -A " .. folder .. "/public | grep -c part"))
    assert.are.equal("0\n", pipe:read("a"))
  end)

  it("keeps the permissions of a file that it replaces", function()
    serve { write = true }
    sh "chmod 640 public/a.txt"
    assert.are.equal("2.04", (ask("PUT", "/a.txt", "new")))
    local pipe <close> = assert(io.popen(("stat -c %%a %s/public/a.txt"):format(folder)))
    assert.are.equal("640\n", pipe:read("a"))
  end)

  it("sends no file that is longer than a body may be", function()
    serve()
    server.coap:Config("MaxBodySize=5")
    assert.are.equal("2.05", (ask("GET", "/a.txt")))
    assert.are.same({ "5.00", "more than the 5 bytes that this server sends", -1 }, { ask("GET", "/x.json") })
  end)

  describe("while a local user puts one thing after the other in a name's place", function()
    local server_child, swapper

    -- A child puts what stands in "turns", by these names, in a place, each for a moment.
    local function serve_swapping(place, names)
      sh [[mkdir turns outside; printf secret >outside/b; cd turns; mv ../public/a.txt file; mv ../public/sub sub
        ln -s ../secret link; ln -s ../outside folder-link; mkfifo pipe]]
      local file <close> = assert(io.open(folder .. "/swap.lua", "w"))
      file:write(("local place, turns, names = '%s/public/%s', '%s/turns/', { %s }\n"):format(
        folder, place, folder, names), [[
print "swapping" io.stdout:flush()
while true do
  for _, name in ipairs(names) do
    os.rename(turns .. name, place)
    os.rename(place, turns .. name)
  end
end]])
      file:close()
      server_child = serve_limited "exec"
      swapper = process.start(("lua5.4 %s/swap.lua"):format(folder))
      swapper:expect "swapping"
    end

    after_each(function()
      swapper:__close()
      server_child:__close()
    end)

    -- The answers to the requests of a moment, as a set; of a longer one, on a busy machine, until
    -- there are two.
    local function answers_to(method, path, payload)
      local found, count, start = {}, 0, lunacoap.now()
      repeat
        local code, text = ask(method, path, payload)
        count = count + (found[code .. text] and 0 or 1)
        found[code .. text] = true
        local passed = lunacoap.now() - start
      until passed > 0.4 and count > 1 or passed > 5
      return found
    end

    it("knows no file that has vanished before it was opened", function()
      serve_swapping("a.txt", "'file'")
      assert.are.same({ ["2.05hello"] = true, ["4.04"] = true }, answers_to("GET", "/a.txt"))
    end)

    it("reads no file outside, and waits for nobody", function()
      serve_swapping("a.txt", "'file', 'link', 'pipe'")
      assert.are.same({ ["2.05hello"] = true, ["4.04"] = true }, answers_to("GET", "/a.txt"))
    end)

    it("reads in no folder outside", function()
      serve_swapping("sub", "'sub', 'folder-link'")
      assert.are.same({ ["2.05inner"] = true, ["4.04"] = true }, answers_to("GET", "/sub/b"))
    end)

    it("writes nothing outside, and waits for nobody", function()
      serve_swapping("a.txt", "'link', 'pipe'")
      for answer in pairs(answers_to("PUT", "/a.txt", "new")) do
        assert.matches("^[24]%.0[145]$", answer)
      end
      assert.are.equal("secret", read("secret"))
    end)
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

  it("tells observers of a folder what is in it now", function()
    serve { write = true }
    local got = {}
    for _, path in ipairs { "/", "/sub", "/sub/" } do
      local watcher = lunacoap.CoAP { Timeout = 5 }
      watcher.OnNotification = function(coap) got[path] = coap.ResponseData end
      watcher:StartObserving(server:uri(path))
      got[#got + 1] = watcher
    end
    ask("PUT", "/new", "x")
    ask("PUT", "/sub/newer", "x")
    assert.is_true(process.wait(function()
      return got["/"]:find("</new>") and got["/sub"]:find("</sub/newer>") and got["/sub/"]:find("</sub/newer>")
    end))
    ask("DELETE", "/new")
    ask("DELETE", "/sub/newer")
    assert.is_true(process.wait(function()
      return not (got["/"]:find("</new>") or got["/sub"]:find("newer") or got["/sub/"]:find("newer"))
    end))
    for _, watcher in ipairs(got) do
      watcher:Shutdown()
    end
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

  it("stands below the same path with a slash at its end", function()
    server = lunacoap.server { LocalHost = "127.0.0.1" }
    files.mount(server, "/files/", folder .. "/public")
    server:start()
    for _, path in ipairs { "/files", "/files/" } do
      assert.matches("</files/a.txt>", (select(2, ask("GET", path))))
    end
    assert.are.equal("hello", (select(2, ask("GET", "/files/a.txt"))))
  end)

  it("says what is wrong with what it is given", function()
    serve()
    for message, given in pairs {
      ["'.*/secret' is not a folder"] = { "/x", folder .. "/secret" },
      ["files stand below a path such as \"/files\", not 'x'"] = { "x", folder },
      ["files have no option 'writable': it takes write and access"] = { "/x", folder, { writable = true } },
    } do
      local ok, wrong = pcall(function() files.mount(server, table.unpack(given)) end)
      assert.is_false(ok)
      assert.matches("files_spec.lua:%d+: " .. message, wrong)
    end
  end)
end)
