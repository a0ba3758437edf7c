-- JSON Web Keys (RFC 7517, RFC 7518, RFC 8037) as certificate stores.

local lunacoap = require "lunacoap"
local jwk = require "spec.support.jwk"
local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local Certificate = lunacoap.Certificate
local select, refusal = selected.select, selected.refusal

local NAMES = { "server-ec", "server-p384", "p521", "server-rsa", "server-ed25519" }

describe("a JWK", function()
  setup(function()
    selected.run("openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-521 -out p521.key && "
      .. "openssl pkey -in p521.key -pubout -out p521.pub")
  end)

  it("is a private key as openssl has it", function()
    for _, name in ipairs(NAMES) do
      local key = Certificate(19, jwk.of(name .. ".key"))
      assert.are.equal(pki.read(name .. ".key"), key.PrivateKey)
      assert.are.equal(pki.read(name .. ".pub"), key.PublicKey)
      assert.are.equal("bare, key", selected.describe(key))
    end
  end)

  it("may be a public key alone", function()
    for _, name in ipairs(NAMES) do
      local key = Certificate(99, jwk.of(name .. ".key", { d = false, p = false, q = false }))
      assert.are.equal(pki.read(name .. ".pub"), key.PublicKey)
      assert.is_false(key.PrivateKeyAvailable)
    end
  end)

  it("may be in a file", function()
    local path = selected.write("device.jwk", "\n " .. jwk.of("server-ec.key"))
    assert.are.equal("bare, key", select(18, path))
    assert.are.equal("bare, key", select(99, path))
  end)

  it("brings its certificates along", function()
    local text = jwk.of("server-chain.key", { x5c = { "server-chain", "intermediate", "root" } })
    local certificate = Certificate(19, text)
    assert.are.equal("server-chain, key", selected.describe(certificate))
    assert.are.equal("server-chain", select(19, jwk.of("server-chain.key", { d = false, x5c = { "server-chain" } })))
    assert.are.equal(pki.read "server-chain.crt", certificate.Encoded)
    assert.are.equal('the certificate in its "x5c" belongs to another key',
      refusal(19, jwk.of("server-ec.key", { x5c = { "server-rsa" } })))
    assert.are.equal('its "x5c" is no base64url', refusal(19, (text:gsub('x5c":%["', '%0#'))))
    assert.are.equal('its "x5c" is no base64url', refusal(19, (text:gsub('"x5c":%[.-%]', '"x5c":[7]'))))
    assert.are.equal('a certificate in its "x5c" cannot be read', refusal(19, (text:gsub('x5c":%["MI', 'x5c":["AA'))))
  end)

  it("says what is wrong with it", function()
    local function changed(changes, name)
      return refusal(19, jwk.of((name or "server-ec") .. ".key", changes))
    end
    assert.are.equal('its "y" is missing: EC keys need it', changed { y = false })
    assert.are.equal('its "e" is missing: RSA keys need it', changed({ e = false }, "server-rsa"))
    assert.are.equal('its "p" is missing: RSA keys need it', changed({ p = false }, "server-rsa"))
    assert.are.equal('its "x" is no base64url', refusal(19, (jwk.of("server-ec.key"):gsub('"x":"', '%0.'))))
    local other = jwk.members("client-ec.key")
    for _, changes in ipairs { { d = other.d }, { x = other.x }, { y = other.y } } do
      assert.truthy(changed(changes):find("^the numbers of its key do not fit together: "))
    end
    assert.truthy(changed({ d = jwk.members("client-ed25519.key").d }, "server-ed25519"):find("do not fit together"))
    assert.truthy(changed({ p = jwk.members("client-rsa.key").p }, "server-rsa"):find("do not fit together"))
    assert.truthy(changed { d = false, y = ("\255"):rep(40) }:find("^a key in it cannot be taken over: "))
    for _, changes in ipairs { { kty = "XX" }, { kty = false }, { crv = "P-999" }, { kty = "RSA" } } do
      assert.truthy(changed(changes):find("^the JWK is no RSA key, no EC key on P%-256"))
    end
    assert.are.equal('the JWK is a shared secret ("oct"): set PSKKey and PSKIdentity for that',
      refusal(19, '{"kty":"oct","k":"c2VjcmV0"}'))
    assert.are.equal("it is no JSON: something is wrong in line 2", refusal(19, '{"kty":\n]'))
    assert.truthy(refusal(19, '{"kty":"EC","kty":"EC"}'):find("^it is no JSON"))
    for _, text in ipairs { "[]", '{"keys":[]}', '{"keys":7}', '{"keys":[7,"x"]}' } do
      assert.truthy(refusal(19, text):find("JWK", 1, true))
    end
  end)
end)

describe("a set of JWKs", function()
  it("is chosen from by kid", function()
    local set = jwk.set('{"kty":"later"}', jwk.of("server-rsa.key", { kid = "rsa key 1", d = false, p = false, q = false }),
      jwk.of("server-ec.key", { kid = "ec" }),
      jwk.of("client-ec.key", { kid = "with", x5c = { "client-ec" } }))
    local function public(...)
      return Certificate(19, set, ...).PublicKey
    end
    assert.are.equal(pki.read "server-rsa.pub", public("", "rsa key 1"))
    assert.are.equal(pki.read "server-rsa.pub", public("", "key 1"))
    assert.are.equal(pki.read "server-ec.pub", public("", "ec"))
    assert.are.equal("client-ec, key", select(19, set, "", "with"))
    assert.are.equal("client-ec, key", select(19, set))
    assert.are.equal("272: Cannot find certificate: nothing in the store has the subject 'x1': it holds 3 certificates or keys",
      refusal(19, set, "", "x1"))
  end)
end)
