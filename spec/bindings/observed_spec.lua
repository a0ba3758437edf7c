-- What a script asks about its observers, and tells those of one representation alone.
local lunacoap = require "lunacoap"
local raw = require "spec.support.raw"

local ACCEPT <const>, QUERY <const> = 17, 15
local CBOR <const> = 60

describe("a server's observers", function()
  local server, socket, next_id

  before_each(function()
    raw.start()
    socket = raw.open()
    next_id = 0
    server = lunacoap.CoAP { LocalHost = "127.0.0.1", Listening = true, UseConfirmableMessages = false,
      OnRegister = function(coap, e) coap.ResponseData, e.Accept = "first", true end }
  end)

  after_each(function()
    server:Shutdown()
    raw.stop()
  end)

  local function send(message)
    next_id = next_id + 1
    message.id = message.id or next_id
    raw.send(socket, "127.0.0.1", server.LocalPort, message)
  end

  -- The messages that came before the answer to a last question, which comes behind all others.
  local function received()
    local list = {}
    send { code = "0.01", token = "last" }
    assert.is_true(raw.wait(function()
      local newest = socket.got[#socket.got]
      return newest ~= nil and raw.parse(newest.data).token == "last"
    end))
    for i, datagram in ipairs(socket.got) do list[i] = raw.parse(datagram.data) end
    list[#list] = nil
    socket.got = {}
    return list
  end

  local function register(token, options)
    table.insert(options, 1, { raw.OBSERVE, "" })
    send { code = "0.01", token = token, options = options }
    assert.is_truthy(received()[1].option[raw.OBSERVE])
  end

  -- The observers that a call of SendNotification reaches, by token, each of which confirms it.
  local function reached(...)
    local tokens = {}
    server.ResponseCode, server.ResponseData = "2.05", "next"
    server:SendNotification(...)
    for i, message in ipairs(received()) do
      tokens[i] = message.token
      if message.type == raw.CON then send { type = raw.ACK, code = "0.00", id = message.id } end
    end
    table.sort(tokens)
    return table.concat(tokens, " ")
  end

  local function uri(path) return ("coap://127.0.0.1:%d%s"):format(server.LocalPort, path) end

  local function sorted(list)
    table.sort(list, function(a, b) return a.URI .. a.Accept < b.URI .. b.Accept end)
    return list
  end

  it("are notified all, or those that registered with an Accept, or without one", function()
    register("n", { { raw.PATH, "bell" } })
    assert.are.equal("n", reached "/bell") -- confirmable, as the first one is (RFC 7641 7)
    register("c", { { raw.PATH, "bell" }, { ACCEPT, "\60" } })
    assert.are.equal("c", reached("/bell", CBOR))
    assert.are.equal("c n", reached "/bell")
    assert.are.equal("c n", reached(uri "/bell", nil))
    assert.are.equal("c", reached(uri "/bell", CBOR))
    assert.are.equal("n", reached(uri "/bell", -1))
    assert.are.equal("", reached(uri "/bell", 0))
  end)

  it("are listed as plain tables", function()
    assert.are.same({}, server:ListObserved())
    register("1", { { raw.PATH, "a b" }, { raw.PATH, "c/d" }, { QUERY, "x=1" }, { QUERY, "y=2" }, { ACCEPT, "\60" } })
    register("2", { { raw.PATH, "a b" }, { raw.PATH, "c/d" }, { QUERY, "x=1" }, { QUERY, "y=2" }, { ACCEPT, "\60" } })
    register("3", { { raw.PATH, "bell" } })
    local first = { URI = uri "/a%20b/c%2Fd?x=1&y=2", URIPath = "/a b/c%2Fd", URIQuery = "x=1&y=2", Accept = CBOR,
      Observers = 2 }
    local second = { URI = uri "/bell", URIPath = "/bell", URIQuery = "", Accept = -1, Observers = 1 }
    assert.are.same({ first, second }, sorted(server:ListObserved()))
    assert.are.same({ first }, server:ListObserved "/a b/c%2Fd")
    assert.are.same({ second }, server:ListObserved "/bell")
    assert.are.same({}, server:ListObserved "/bel")
  end)

  it("are listed by what URIPath was in OnRegister, and reached by what is listed", function()
    local path
    server.OnRegister = function(coap, e) path, e.Accept, coap.ResponseData = e.URIPath, true, "first" end
    register("t", { { raw.PATH, "ü" }, { raw.PATH, "50%" }, { ACCEPT, "" } })
    local item = server:ListObserved(path)[1]
    assert.are.same({ path, 0 }, { item.URIPath, item.Accept })
    assert.are.equal("t", reached(item.URI, item.Accept))
  end)

  it("stay, and may be notified, when the server stops to listen", function()
    register("t", { { raw.PATH, "bell" } })
    server:StopListening()
    assert.are.equal(1, #server:ListObserved())
    assert.are.equal("t", reached("/bell", -1))
    server:Shutdown()
    local ok, err = pcall(server.ListObserved, server)
    assert.are.same({ false, 712 }, { ok, err.Code })
  end)

  it("belong to a server: 712 for a client", function()
    local ok, err = pcall(lunacoap.CoAP().ListObserved, lunacoap.CoAP(), "/a")
    assert.are.same({ false, 712 }, { ok, err.Code })
    assert.is_truthy(err.Message:find("ListObserved needs server mode", 1, true))
  end)

  it("want arguments that can be meant", function()
    local mistakes = {
      { "SendNotification takes the number of a content-format after the URI", server.SendNotification, "/a", "cbor" },
      { "not 65536", server.SendNotification, "/a", 65536 },
      { "not -2", server.SendNotification, "/a", -2 },
      { "not 0.5", server.SendNotification, "/a", 0.5 },
      { "not '60'", server.SendNotification, "/a", "60" },
      { "SendNotification takes a URI and an Accept", server.SendNotification, "/a", 60, "data" },
      { "ListObserved takes a path as URIPath has it, such as \"/a/b\", not 'a'", server.ListObserved, "a" },
      { "not ''", server.ListObserved, "" },
      { "ListObserved takes a path as a string, not 1", server.ListObserved, 1 },
      { "ListObserved takes a path alone", server.ListObserved, "/a", 60 },
    }
    for _, mistake in ipairs(mistakes) do
      local ok, err = pcall(mistake[2], server, table.unpack(mistake, 3))
      assert.is_false(ok)
      assert.is_truthy(err.Message:find(mistake[1], 1, true), err.Message)
    end
  end)
end)
