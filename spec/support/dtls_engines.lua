-- The DTLS engines that the specs try, and what most of those specs begin with.
--
--   for _, E in ipairs(dtls_engines) do ... local t = dtls_engines.fixture(E); after_each(t.free)
--
-- Contexts of a fixture (t.server, t.client, t.psk_server, t.psk_client) fit each other; a table of
-- options changes that. All that t.context and t.pair give is freed by t.free().

local assert = require "luassert"
local probe = require "lunacoap.probe"
local dtls_pair = require "spec.support.dtls_pair"

local engine = probe.engine

-- What the engines do in ways of their own; `refused`: what their contexts do not take; `proves`:
-- decisions wait for the proof that the peer has its key.
local M = {
  {
    name = "mbedTLS",
    parks = true,
    proves = true,
    refused = { "ed25519", "token", "raw key", "long psk" },
  },
  {
    name = "GnuTLS",
    refused = { "another's key", "longer psk" },
  },
}

M.CERTIFICATE, M.RAW_KEY, M.PSK = 1, 2, 4 -- modes
M.SECP256R1, M.SECP384R1 = 23, 24
M.ECDSA_CCM_8, M.ECDSA_GCM, M.RSA_GCM, M.DHE_RSA_GCM, M.STATIC_RSA_GCM =
  0xc0ae, 0xc02b, 0xc02f, 0x009e, 0x009c
M.PSK_CCM_8, M.PSK_GCM, M.ECDHE_PSK_CBC = 0xc0a8, 0x00a8, 0xc037
M.IDENTITY, M.KEY = "a device", ("k"):rep(16)

local function with(defaults, options)
  for name, value in pairs(options or {}) do
    defaults[name] = value
  end
  return defaults
end

function M.fixture(E)
  local t, to_free = {}, {}

  -- -> context | nil, code, text
  function t.context(options)
    local made, code, text = engine.context(with({
      engine = E.name, suites = { M.ECDSA_CCM_8 }, groups = { M.SECP256R1 }, modes = M.CERTIFICATE,
    }, options))
    to_free[#to_free + 1] = made
    return made, code, text
  end

  function t.client(options)
    return assert(t.context(options))
  end

  function t.server(options)
    return assert(t.context(with({ server = true, own = dtls_pair.own("server-ec") }, options)))
  end

  function t.psk_client(options)
    return t.client(with({
      modes = M.PSK, suites = { M.PSK_CCM_8 }, psk_identity = M.IDENTITY, psk_key = M.KEY,
    }, options))
  end

  function t.psk_server(options)
    return t.psk_client(with({ server = true }, options))
  end

  -- As dtls_pair.new(); contexts that are left out are t.server() and t.client().
  function t.pair(options)
    options.server = options.server or t.server()
    options.client = options.client or t.client()
    options.keys = options.keys or { [M.IDENTITY] = M.KEY }
    local pair = assert(dtls_pair.new(options))
    to_free[#to_free + 1] = pair
    return pair
  end

  -- Starts a handshake that is to fail -> how it ended at the client, at the server, the pair.
  function t.fail(options)
    local pair = t.pair(options)
    pair.client:start()
    pair:run(200)
    assert.is_false(pair.client.is_up and pair.server.is_up)
    return pair.client.closed, pair.server.closed, pair
  end

  function t.assert_works(pair)
    local up, down = pair:exchange("over")
    assert.are.equal("over up", up)
    assert.are.equal("over down", down)
  end

  function t.free()
    probe.base.fail_after()
    for i = #to_free, 1, -1 do
      table.remove(to_free):free()
    end
  end

  return t
end

return M
