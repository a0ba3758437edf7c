-- What certificates bring to a handshake: their chain, the kind of their key, what a peer has shown.

local probe = require "lunacoap.probe"
local pki = require "spec.support.pki"
local selected = require "spec.support.selected"

local certificate, base = probe.certificate, probe.base

local function der(...)
  local chain = {}
  for i, name in ipairs { ... } do
    chain[i] = pki.chain(name .. ".crt")[1]
  end
  return chain
end

local function read(...)
  local texts = {}
  for i, name in ipairs { ... } do
    texts[i] = pki.read(name)
  end
  return table.concat(texts)
end

describe("the chain of a certificate", function()
  it("is its issuers in order, whatever their order in the store", function()
    local store = read("root.crt", "intermediate.crt", "server-chain.key", "server-ec.crt", "server-chain.crt")
    assert.are.same(der("server-chain", "intermediate"), certificate.open(7, store, "", "server-chain").chain)
    assert.are.same(der("server-chain", "intermediate"),
      certificate.open(2, pki.path "server-chain.pfx", pki.password, "*").chain)
  end)

  it("leaves a root out, which who trusts it has, unless it is the certificate itself", function()
    local store = read("server-ec.both.pem", "root.crt")
    assert.are.same(der("server-ec"), certificate.open(7, store, "", "*").chain)
    assert.are.same(der("root"), certificate.open(7, store, "", "root").chain)
    assert.are.same(der("self-signed"), certificate.open(9, read("self-signed.crt", "root.crt"), "", "*").chain)
  end)

  it("takes no certificate that only has the name of the issuer", function()
    selected.run("printf subjectKeyIdentifier=hash >ski.cnf; openssl req -new -key client-ec.key "
      .. "-subj /O=Specs/CN=intermediate | openssl x509 -req -CA root.crt -CAkey root.key -extfile ski.cnf -out namesake.crt")
    local store = read("server-chain.crt", "server-chain.key", "namesake.crt")
    assert.are.same(der("server-chain"), certificate.open(7, store, "", "*").chain)
  end)

  it("is printed as PEM, the leaf first", function()
    local opened = certificate.open(2, pki.path "server-chain.pfx", pki.password, "*")
    assert.are.equal(pki.read "server-chain.pem", opened.pem)
    assert.are.equal(pki.read "server-ec.pub", certificate.open(6, pki.path "server-ec.key", "", "*").pem)
  end)

  it("comes with the private key as PKCS #8, not encrypted", function()
    assert.are.equal(pki.read "server-ec.key.der", certificate.open(6, pki.path "server-ec.sec1-encrypted.key", pki.password, "*").key)
    assert.are.equal("", certificate.open(8, pki.path "server-ec.crt", "", "*").key)
  end)
end)

describe("the kind of a key", function()
  it("is known of certificates and of bare keys", function()
    for name, kind in pairs {
      ["server-ec"] = "ec", ["server-p384"] = "ec", ["server-rsa"] = "rsa", ["server-ed25519"] = "ed25519",
    } do
      assert.are.equal(kind, certificate.shown(der(name)).kind)
      assert.are.equal(kind, certificate.shown(pki.spki(name)).kind)
      assert.are.equal(kind, certificate.open(6, pki.path(name .. ".key"), "", "*").kind)
      assert.are.equal(pki.spki(name), certificate.shown(der(name)).spki)
    end
  end)
end)

describe("what a peer has shown", function()
  it("is kept as it is, up to 16 certificates", function()
    local chain = der("server-ec", "intermediate", "root", "stranger")
    assert.are.same(chain, certificate.shown(chain).chain)
    for i = #chain + 1, 20 do
      chain[i] = chain[2]
    end
    assert.are.equal(16, #certificate.shown(chain).chain)
  end)

  it("is nothing when it cannot be read", function()
    local leaf = der("server-ec")[1]
    assert.is_nil(certificate.shown {})
    assert.is_nil(certificate.shown { "" })
    assert.is_nil(certificate.shown { leaf:sub(1, -2) })
    assert.is_nil(certificate.shown "")
    assert.is_nil(certificate.shown(leaf))
    assert.is_nil(certificate.shown(pki.spki("server-ec"):sub(1, -2)))
  end)

  it("costs nothing once it is released, also when memory runs out", function()
    local chain, spki = der("server-ec", "root"), pki.spki "server-ec"
    local before = base.blocks()
    for count = 0, 12 do
      for _, peer in ipairs { chain, spki } do
        base.fail_after(count)
        certificate.shown(peer)
        base.fail_after()
      end
    end
    assert.are.equal(before, base.blocks())
  end)
end)

describe("a list of certificates", function()
  it("is taken from between other text and keys", function()
    assert.are.same(der("root", "intermediate"), certificate.list(pki.read "authorities.pem", 2))
    assert.are.same(der("server-ec"), certificate.list(read("server-ec.encrypted.key", "server-ec.both.pem"), 4))
    assert.are.same({}, certificate.list("", 4))
    assert.are.same({}, certificate.list("no certificates here", 4))
  end)

  it("is refused when one of them is damaged, or when they are too many", function()
    local pem = pki.read "authorities.pem"
    local function refusal(text, room)
      local nothing, said = certificate.list(text, room or 4)
      assert.is_nil(nothing)
      return (said:gsub("^Cannot open certificate store: ", ""))
    end
    assert.are.equal("2 certificates are given, but at most 1 are taken", refusal(pem, 1))
    assert.are.equal("certificate 2 is cut off: it has no line with END", refusal(pem:sub(1, -30)))
    assert.are.equal("a certificate in it is damaged or cut off", refusal((pem:gsub("\nMI.", "\nAAA"))))
    assert.are.equal("what stands after BEGIN CERTIFICATE is no base64", refusal((pem:gsub("\nMI", "\n.."))))
  end)
end)
