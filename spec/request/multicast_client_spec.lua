local base = require("lunacoap.probe").base
local support = require "spec.support.peer"
local CON, NON = support.CON, support.NON
local BLOCK2, block = support.BLOCK2, support.block

describe("a multicast request", function()
  local peer, memory, request

  before_each(function()
    memory = base.blocks()
    peer = support.new()
    peer:ask { host = "224.0.1.187", con = true, options = support.options { { support.PATH, "all" } } }
    request = peer:one()
  end)

  after_each(function()
    peer:close()
    assert.are.equal(memory, base.blocks())
  end)

  local function answer(host, payload, code, options)
    peer:separate(NON, request, { code = code or "2.05", payload = payload, host = host, options = options })
  end

  it("is NON, whatever was wanted (RFC 7252 8.1)", function()
    assert.are.equal(NON, request.type)
    assert.are.equal("224.0.1.187:5683", request.remote)
  end)

  it("tells every answer with its sender, then its end (RFC 7252 8.2)", function()
    answer("192.0.2.1", "one")
    answer("192.0.2.2", "two", "4.04")
    local list = peer:events()
    assert.are.same({ "answer", 0, "one", "192.0.2.1:5683" },
      { list[1].kind, list[1].code, list[1].response.payload, list[1].response.remote })
    assert.are.same({ "answer", 709, "two", "192.0.2.2:5683" },
      { list[2].kind, list[2].code, list[2].response.payload, list[2].response.remote })
    peer.client:advance(6.9) -- leisure of 5 seconds, ACK_TIMEOUT of 2
    assert.are.same({}, peer:events())
    peer.client:advance(0.2)
    local event = peer:event()
    assert.are.same({ "complete", 0 }, { event.kind, event.code })
    assert.is_nil(event.response)
    answer("192.0.2.3", "late")
    assert.are.same({}, peer:events())
  end)

  it("ends with 301 when nobody answers", function()
    peer.client:advance(7.1)
    assert.are.equal(301, peer:event().code)
  end)

  it("is not answered by another token", function()
    peer:tell(NON, { code = "2.05", token = "whatever" })
    assert.are.same({}, peer:events())
  end)

  it("passes over an answer with an unknown critical option, and takes the others", function()
    answer("192.0.2.1", "bad", "2.05", { { 9999, "x" } })
    answer("192.0.2.2", "good")
    assert.are.equal("good", peer:event().response.payload)
  end)

  it("may be cancelled in the upcall of an answer", function()
    peer.client:hook("answer", "cancel")
    answer("192.0.2.1", "one")
    answer("192.0.2.2", "two")
    assert.are.equal(1, #peer:events())
    peer.client:advance(10)
    assert.are.same({}, peer:events())
  end)

  describe("with large answers", function()
    local A, B = ("a"):rep(1024), ("b"):rep(1024)
    local first = { { BLOCK2, block(0, true, 6) } }

    local function finish(fetch, payload)
      peer:piggyback(fetch, {
        code = "2.05", options = { { BLOCK2, block(1, false, 6) } }, payload = payload, host = fetch.remote:match("^[^:]+"),
      })
    end

    it("fetches the rest of each from its sender (RFC 7959 2.8)", function()
      answer("192.0.2.1", A, "2.05", first)
      answer("192.0.2.2", B, "2.05", first)
      local fetches = peer:sent()
      assert.are.same({ CON, "192.0.2.1:5683", "all", block(1, false, 6) },
        { fetches[1].type, fetches[1].remote, fetches[1].options[1][2], fetches[1].uint[BLOCK2] })
      finish(fetches[2], "2")
      finish(fetches[1], "1")
      local list = peer:events()
      assert.are.same({ B .. "2", A .. "1" }, { list[1].response.payload, list[2].response.payload })
      assert.are.equal("192.0.2.2:5683", list[1].response.remote)
      peer.client:advance(7.1)
      assert.are.equal(0, peer:event().code)
    end)

    it("ends after the last of them", function()
      answer("192.0.2.1", A, "2.05", first)
      local fetch = peer:one()
      peer.client:advance(1)
      peer:tell(support.ACK, { id = fetch.id })
      peer.client:advance(9)
      assert.are.same({}, peer:events())
      peer:separate(NON, fetch, { code = "2.05", options = { { BLOCK2, block(1, false, 6) } }, payload = "1" })
      assert.are.equal(A .. "1", peer:event().response.payload)
      peer.client:advance()
      assert.are.equal("complete", peer:event().kind)
    end)

    it("drops one whose rest cannot be had", function()
      answer("192.0.2.1", A, "2.05", first)
      peer:one()
      peer.client:advance(100)
      local event = peer:event()
      assert.are.same({ "complete", 301 }, { event.kind, event.code })
    end)

    it("forgets them when it is cancelled", function()
      peer.client:hook("answer", "cancel")
      answer("192.0.2.1", A, "2.05", first)
      local fetch = peer:one()
      answer("192.0.2.2", "small")
      assert.are.equal("small", peer:event().response.payload)
      finish(fetch, "1")
      peer.client:advance(100)
      assert.are.same({}, peer:events())
    end)
  end)
end)
