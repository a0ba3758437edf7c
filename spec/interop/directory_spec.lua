-- lunacoap.directory with coap-rd of libcoap 4.3.1, which has RFC 9176 only in part:
-- - neither ep, d, lt nor base is looked at: registrations never end, and one more with the same ep
--   makes one more (section 5);
-- - of links that come in blocks it takes the first block for all of them, and answers that by 2.01;
-- - there is no update (4.05; 5.3.1), and a DELETE crashes it by a double free (5.3.2);
-- - there are no lookups (6) and no simple registration (5.1).
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"
local process = require "spec.support.process"

local directory = lunacoap.directory

describe("a registration with coap-rd", function()
  local rd, uri, coap

  before_each(function()
    rd, uri = foreign.serve("coap-rd-notls", "", "127.0.0.1")
    coap = lunacoap.CoAP { Timeout = 5 }
  end)

  after_each(function()
    coap:Shutdown()
    local _ <close> = rd
  end)

  local function register(links)
    return directory.register(coap, uri, { ep = "node 1", d = "floor&3", lt = 600, links = links,
      base = "coap://127.0.0.1:61616" })
  end

  local function read(location)
    coap:Get(location)
    return coap.ResponseData, coap.ResponseContentFormat
  end

  it("is found, made, and has the links", function()
    local registration = register '</temperature>;rt="temperature"'
    assert.matches(uri:gsub("%p", "%%%0") .. "/rd/%x+%-%x+$", registration.location)
    assert.are.same({ '</temperature>;rt="temperature"', 40 }, { read(registration.location) })
    assert.are.same({ uri .. "/rd" }, directory.find(coap, uri))
    registration:stop()
    process.wait(function() return rd:output():find("Uri-Query:base", 1, true) end)
    assert.matches("Uri%-Query:ep=node 1, Uri%-Query:d=floor&3, Uri%-Query:lt=600, "
      .. "Uri%-Query:base=coap://127.0.0.1:61616", rd:output())
  end)

  it("is made anew by an update, which coap-rd does not know", function()
    local registration = register "</x>"
    local first = registration.location
    registration:update()
    assert.are_not.equal(first, registration.location)
    assert.are.equal("</x>", (read(registration.location)))
    registration:update { links = "</y>" }
    assert.are.equal("</y>", (read(registration.location)))
    registration:stop()
    assert.matches("c:POST [^\n]*" .. first:match("[^/]*$"):gsub("%-", "%%-"), rd:output())
  end)

  it("cannot be looked up, which is told", function()
    local registration = register "</x>"
    local ok, message = pcall(directory.lookup, coap, uri, "res", { rt = "x" })
    assert.is_false(ok)
    assert.matches("lists nothing with rt=core.rd%-lookup%-res", message)
    registration:stop()
  end)

  it("is removed by a DELETE of its location", function()
    local registration = register "</x>"
    local place = registration.location:match("[^/]*$")
    pcall(registration.remove, registration) -- coap-rd may not survive that
    process.wait(function() return rd:output():find("c:DELETE", 1, true) end)
    assert.matches("c:DELETE [^\n]*Uri%-Path:rd, Uri%-Path:" .. place:gsub("%-", "%%-"), rd:output())
  end)
end)
