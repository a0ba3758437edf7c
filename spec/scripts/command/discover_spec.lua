-- lunacoap discover, as a user starts it.
local command = require "spec.support.command"
local json = require("lunacoap").json
local lunacoap = require "lunacoap"

local LINKS = [[</temperature>;rt="temperature";if="sensor";ct="0 50 65000";obs;title="Außen",</light>;rt="light";ct=60,]]
  .. [[<coap://other.example/x>;rt="tempo"]]

describe("lunacoap discover", function()
  local server, asked

  before_each(function()
    server = lunacoap.CoAP {
      LocalHost = "127.0.0.1", Listening = true, OnRequest = function(coap, e)
        asked = e.URIPath .. (e.URIQuery == "" and "" or "?" .. e.URIQuery)
        if e.URIPath == "/.well-known/core" or e.URIPath == "/rd" then
          coap.ResponseContentFormat, coap.ResponseData = 40, LINKS
        elseif e.URIPath == "/broken" then
          coap.ResponseContentFormat, coap.ResponseData = 40, "<a\27"
        elseif e.URIPath == "/names" then
          coap.ResponseContentFormat = 40
          coap.ResponseData = '</a>;uri="coap://other/";host="other";target="/b";title="A"'
        elseif e.URIPath == "/latin1" then
          coap.ResponseContentFormat, coap.ResponseDataB = 40, '</a>;title="Au\xdfen"'
        else
          coap.ResponseCode = "4.04"
        end
      end,
    }
  end)

  after_each(function()
    server:Shutdown()
  end)

  local function discover(words)
    return command.run("discover " .. words:gsub("@", "127.0.0.1:" .. server.LocalPort))
  end

  local TEMPERATURE = "/temperature            temperature  sensor  text json 65000  yes  Außen\n"

  it("lists the resources of a server", function()
    assert.are.same({ "PATH                    RT           IF      CT               OBS  TITLE\n" .. TEMPERATURE
      .. "/light                  light                cbor\ncoap://other.example/x  tempo\n", "", 0 }, { discover "@" })
    assert.are.equal("/.well-known/core", asked)
  end)

  it("sends filters, and applies them when the server does not (RFC 6690 4.1)", function()
    local out = discover "@ 'rt=temp*' if=sensor"
    assert.are.equal("/.well-known/core?rt=temp*&if=sensor", asked)
    assert.are.equal("PATH          RT           IF      CT               OBS  TITLE\n"
      .. TEMPERATURE:gsub(" ", "", 10), out)
    assert.are.same({ "", "", 0 }, { discover "'title=a b&c' coap://@/" })
    assert.are.equal("/.well-known/core?title=a b%26c", asked)
  end)

  it("asks the path of a URI that has one", function()
    discover "coap://@/rd?ep=1 rt=light"
    assert.are.equal("/rd?ep=1&rt=light", asked)
    discover "'@?ep=1'"
    assert.are.equal("/.well-known/core?ep=1", asked)
  end)

  it("prints objects with URIs that may be asked, with --json", function()
    local out, errors, status = discover "--json @"
    assert.are.same({ "", 0 }, { errors, status })
    assert.are.same({
      { uri = ("coap://127.0.0.1:%d/temperature"):format(server.LocalPort), rt = "temperature", ["if"] = "sensor",
        ct = "0 50 65000", obs = true, title = "Außen" },
      { uri = ("coap://127.0.0.1:%d/light"):format(server.LocalPort), rt = "light", ct = "60" },
      { uri = "coap://other.example/x", rt = "tempo" },
    }, json.decode(out))
  end)

  it("says with --json where a resource is, whatever its attributes are called", function()
    assert.are.same({ { uri = ("coap://127.0.0.1:%d/a"):format(server.LocalPort), title = "A" } },
      json.decode((discover "--json @/names")))
  end)

  it("tells errors and what is no list of links", function()
    assert.are.same({ "", "4.04 Not Found\n", 4 }, { discover "@/nothing" })
    local out, errors, status = discover "@/broken"
    assert.are.same({ "", 1 }, { out, status })
    assert.matches("^this is no link%-format: ", errors)
    assert.is_nil(errors:find("\27", 1, true))
    assert.are.same({ "[]\n", "this is no link-format: malformed text at byte 15: it is not UTF-8\n", 1 },
      { discover "--json @/latin1" })
    assert.are.equal(3, (select(3, command.run "discover 127.0.0.1:1")))
  end)

  it("refuses two places, and a group over DTLS", function()
    assert.are.same({ "", "lunacoap discover: it asks one place, and these are two: a and b\n"
      .. "Try 'lunacoap discover --help'.\n", 2 }, { command.run "discover a rt=x b" })
    assert.are.equal(2, (select(3, command.run "discover --insecure")))
  end)

  it("lists what all nodes of a group have, each with its address", function()
    local members = {}
    for i = 1, 2 do
      members[i] = lunacoap.CoAP {
        LocalPort = i == 2 and members[1].LocalPort or 0, ShareLocalPort = true, MulticastGroups = "224.0.1.187",
        MulticastLeisure = 0.1, Listening = true,
        OnRequest = function(coap)
          coap.ResponseContentFormat, coap.ResponseData = 40, ("</r%d>;ct=0"):format(i)
        end,
      }
    end
    local out, errors, status = command.run(("discover --timeout 1 224.0.1.187:%d"):format(members[1].LocalPort))
    assert.are.same({ "", 0 }, { errors, status })
    assert.matches("^HOST +PATH +CT\n%d+%.%d+%.%d+%.%d+:%d+ +/r%d +text\n%d+%.%d+%.%d+%.%d+:%d+ +/r%d +text\n$", out)
    for _, member in ipairs(members) do
      member:Shutdown()
    end
  end)

  it("lists what the others have when a node of a group sends no list of links, and fails", function()
    local port = 0
    local members = {}
    for i, text in ipairs { "</r>;ct=0", "<a" } do
      members[i] = lunacoap.CoAP {
        LocalPort = port, ShareLocalPort = true, MulticastGroups = "224.0.1.187", MulticastLeisure = 0.1,
        Listening = true,
        OnRequest = function(coap) coap.ResponseContentFormat, coap.ResponseData = 40, text end,
      }
      port = members[1].LocalPort
    end
    local out, errors, status = command.run(("discover --timeout 1 224.0.1.187:%d"):format(port))
    assert.matches("^HOST +PATH +CT\n%d+%.%d+%.%d+%.%d+:%d+ +/r +text\n$", out)
    assert.matches("^%d+%.%d+%.%d+%.%d+:%d+: this is no link%-format: [^\n]*\n$", errors)
    assert.are.equal(1, status)
    for _, member in ipairs(members) do
      member:Shutdown()
    end
  end)

  it("says on a terminal that it waits for a group", function()
    assert.matches("^waiting for answers %.%.%.\27%[Klunacoap discover: [^\n]*\n$",
      (command.on_terminal("discover --timeout 0.2 224.0.1.187:1"):gsub("\r", "")))
  end)

  it("says that a group's nodes may take longer when none has answered", function()
    assert.are.same({ "", "lunacoap discover: nobody answered in time, for which members of a group have 5 seconds: "
      .. "coap://224.0.1.187:1/.well-known/core\n", 3 }, { command.run "discover --timeout 0.2 224.0.1.187:1" })
  end)

  it("asks all CoAP nodes when no place is named, of both families with -6", function()
    local _, errors = command.run "discover --timeout 0.2 -v"
    assert.is_truthy(errors:find("sent to 224.0.1.187:5683: NON GET /.well-known/core, ", 1, true), errors)
    assert.is_nil(errors:find("[ff02::fd]", 1, true))
    _, errors = command.run "discover --timeout 0.2 -v -6"
    assert.is_truthy(errors:find("sent to 224.0.1.187:5683: NON GET /.well-known/core, ", 1, true), errors)
    assert.is_truthy(errors:find("sent to [ff02::fd]:5683: NON GET /.well-known/core, ", 1, true), errors)
  end)
end)
