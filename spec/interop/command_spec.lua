-- The commands, asking libcoap's servers, which we did not write.
local command = require "spec.support.command"
local foreign = require "spec.support.foreign"
local pki = require "spec.support.pki"
local process = require "spec.support.process"

-- What each server is told, and the commands beside it.
local SERVERS = {
  { program = "coap-server-notls", arguments = "", options = "" },
  { program = "coap-server-openssl", arguments = "-n -c @server-ec.crt -j @server-ec.key", options = "--ca @root.crt" },
  { program = "coap-server-openssl", arguments = "-k secret", options = "--psk-identity dev --psk-key secret" },
  { program = "coap-server-gnutls", arguments = "-M @server-ec.sec1.key", options = "--rpk @client-ec.key --peer-key @server-ec.pub" },
}

for _, row in ipairs(SERVERS) do
  describe(("the commands, with %s %s,"):format(row.program, row.arguments), function()
    local server, base

    setup(function()
      server, base = foreign.serve(row.program, row.arguments, "127.0.0.1")
    end)

    teardown(function()
      local _ <close> = server
    end)

    local function words(name, rest)
      local options = row.options:gsub("@([%w.-]+)", pki.path)
      return ("%s %s --timeout 5 %s"):format(name, options, (rest:gsub("@", base)))
    end

    local function run(name, rest, more)
      return command.run(words(name, rest), more)
    end

    it("get reads, and tells what there is not", function()
      local out, errors, status = run("get", "@/")
      assert.are.same({ "", 0 }, { errors, status })
      assert.matches("^This is a test server made with libcoap", out)
      assert.are.same({ "", "4.04 Not Found: Not Found\n", 4 }, { run("get", "@/nothing") })
    end)

    it("put, post and delete write, in blocks too", function()
      local large = foreign.text(20 * 1024)
      assert.are.same({ "", "2.01 Created\n", 0 }, { run("put", "-i @/thing small") })
      assert.are.equal("small", (run("get", "@/thing")))
      assert.are.same({ "", "", 0 }, { run("put", "-f text @/thing -", { input = large }) })
      assert.are.equal(large, (run("get", "@/thing")))
      assert.are.same({ "", "", 0 }, { run("post", "@/thing posted") })
      assert.are.equal("posted", (run("get", "@/thing")))
      assert.are.same({ "", "", 0 }, { run("delete", "@/thing") })
      assert.are.equal(4, (select(3, run("get", "@/thing"))))
    end)

    it("fetch asks for a part", function()
      assert.matches("^%d+$", (run("fetch", "@/time ticks")))
      assert.are.equal(4, (select(3, run("ipatch", "@/time x"))))
    end)

    it("observe prints states until it has enough, and cancels", function()
      local out, errors, status = run("observe", "-n 2 @/time")
      assert.are.same({ "", 0 }, { errors, status })
      assert.matches("^%u%l%l %d+ %d+:%d+:%d+\n%u%l%l %d+ %d+:%d+:%d+\n$", out)
      run("put", "@/watched before")
      local child <close> = command.start(words("observe", "@/watched"))
      child:expect "before\n"
      run("put", "@/watched after")
      child:expect "after\n"
      child:signal "INT"
      assert.are.same({ "before\nafter\n", "", 130 }, { child:finish() })
      -- It has heard that nobody listens.
      assert.is_true(process.wait(function() return server:output():find("Observe:1", 1, true) end))
    end)

    it("discover lists what there is, and what a filter chooses", function()
      local out, errors, status = run("discover", "@")
      assert.are.same({ "", 0 }, { errors, status })
      assert.matches("^PATH +I?F? *CT +OBS +TITLE\n", (out:gsub("RT +", "")))
      assert.matches("\n/time +.* +text +yes +Internal Clock\n", out)
      out = run("discover", "@ 'title=Internal*'")
      assert.matches("^[^\n]+\n/time [^\n]+\n$", out)
    end)
  end)
end

describe("the commands, with a server that refuses,", function()
  it("name what is wrong with the session, with status 3", function()
    local server <close>, base = foreign.serve("coap-server-openssl", "-k secret", "127.0.0.1")
    local out, errors, status = command.run(("get --timeout 3 --psk-identity dev --psk-key guess %s/"):format(base))
    assert.are.same({ "", 3 }, { out, status })
    assert.matches("^lunacoap get: [^\n]+\n$", errors)
    assert.is_true(server:running())
  end)
end)
