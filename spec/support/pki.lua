-- Keys and certificates for the specs, made with openssl when the first spec asks for one, once per
-- process, in a folder that goes away with the process.
--
--   local pki = require "spec.support.pki"
--   pki.path "server-ec.crt"        where a file is; an error when there is none of that name
--   pki.read "server-ec.key"        what is in it
--   pki.chain "server-chain.pem"    the certificates of a PEM file, as DER
--   pki.spki "server-ec"            the public key of server-ec.pub, as DER
--   pki.ders(text)                  the certificates of a PEM text, as DER
--   pki.folder()                    the folder itself
--   pki.password, pki.utf8_password what encrypted keys and PFX files are locked with
--
-- Each NAME below has NAME.crt (PEM), NAME.key (PKCS #8, PEM, not encrypted) and NAME.pub (the
-- public key alone, PEM "PUBLIC KEY"). The subject is "O=Specs, CN=NAME" if nothing else is said.
-- Valid means from 2020 to 2049.
--
-- Authorities (EC P-256):
--   root                    issues what has no other issuer
--   intermediate            issued by root
--   sub-intermediate        issued by intermediate
--   old-intermediate        issued by root, until 2021-01-01
--   stranger-root           a root that is in no list of authorities
-- root-expired.crt and intermediate-expired.crt are of the same keys and names, until 2021-01-01.
--
-- Servers: serverAuth, digitalSignature; for localhost, 127.0.0.1 and ::1:
--   server-ec, server-p384, server-rsa (2048 bits), server-ed25519
--   server-chain            issued by intermediate; server-chain.pem has both, the leaf first
--   deep                    issued by sub-intermediate; deep.pem has all three
-- Clients: clientAuth, digitalSignature; without names:
--   client-ec, client-p384, client-rsa, client-ed25519
--   client-chain            issued by intermediate; client-chain.pem has both
--
-- Like server-ec, but for one thing (those with "client" like client-ec):
--   expired                 until 2021-01-01
--   future                  from 2048-01-01
--   client-expired          until 2021-01-01
--   other-name              for other.example, *.wild.example and 192.0.2.1
--   uri-name                for coaps://device.example/ and coap://[2001:db8::1]:5685
--   odd-name                for a DNS name with a line feed in it
--   common-name             CN=localhost, no SubjectAltName
--   long-name               CN=x and 60 times é, no SubjectAltName
--   nameless                O=Specs, no SubjectAltName
--   no-usage                neither keyUsage nor extendedKeyUsage: for every purpose
--   no-signature            keyUsage without digitalSignature
--   client-no-signature     the same
--   sha1                    signed with SHA-1
--   self-signed             by its own key
--   stranger                issued by stranger-root
--   client-stranger         issued by stranger-root
--   revoked                 in root.crl
--   old-chain               issued by old-intermediate; old-chain.pem has both
--   by-no-authority         issued by server-ec; by-no-authority.pem has both
--   described               C=DE, O="Specs, Inc.", CN=described, E=specs@example.com
--
-- Lists:
--   root.crl, intermediate.crl   revocation lists, PEM
--   authorities.pem              root and intermediate, with text before, between and behind
--
-- Other forms:
--   server-ec.der, server-ec.key.der     certificate and PKCS #8, DER
--   server-ec.sec1.key, client-ec.sec1.key   PEM "EC PRIVATE KEY"
--   server-ec.sec1-encrypted.key         the same, encrypted as OpenSSL did before PKCS #8
--   server-ec.encrypted.key              PEM "ENCRYPTED PRIVATE KEY"
--   server-ec.both.pem                   certificate and key in one file
--   server-rsa.pkcs1.key, server-rsa.pkcs1-encrypted.key   PEM "RSA PRIVATE KEY"
--   server-chain.p7b, server-chain.p7b.der                 both certificates, PKCS #7
-- PFX files; locked with pki.password where nothing else is said:
--   server-ec.pfx, server-rsa.pfx, server-ed25519.pfx, client-ec.pfx   AES-256, SHA-256
--   server-chain.pfx              with the intermediate
--   server-ec.legacy.pfx          RC2-40 and 3DES, SHA-1 (what Windows made)
--   server-ec.no-mac.pfx          without a MAC
--   server-ec.no-password.pfx     the empty password
--   server-ec.utf8.pfx            pki.utf8_password

local M = { password = "secret", utf8_password = "päßwörd €" }

local CONFIG = [[
[req]
distinguished_name = nothing

[nothing]

[issuer]
new_certs_dir = .
database = $ENV::ISSUER.index
unique_subject = no
serial = $ENV::ISSUER.serial
default_md = sha256
default_crl_days = 3650
policy = names

[names]
countryName = optional
organizationName = optional
commonName = optional
emailAddress = optional

[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[server]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[client]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[other_name]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:other.example, DNS:*.wild.example, IP:192.0.2.1

[uri_name]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = @uris

[uris]
URI.1 = coaps://device.example/
URI.2 = coap://[2001:db8::1]:5685

[odd_name]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = @odd

[odd]
DNS.1 = odd\nname

[common_name]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth

[no_usage]
basicConstraints = CA:false
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1

[no_signature]
basicConstraints = CA:false
keyUsage = critical, nonRepudiation
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
]]

local FUNCTIONS = [[
set -e
exec 2>&1
export OPENSSL_CONF=openssl.cnf ISSUER= PASSWORD='@PASSWORD@'

# sign NAME FILE EXTENSIONS ISSUER [options of openssl ca]; FROM and UNTIL may be set.
sign() {
  name=$1 file=$2 extensions=$3; export ISSUER=$4; shift 4
  : >>$ISSUER.index
  if [ $name = $ISSUER ]; then set -- -selfsign "$@"; else set -- -cert $ISSUER.crt "$@"; fi
  openssl ca -batch -name issuer -notext -create_serial -keyfile $ISSUER.key "$@" \
    -extfile openssl.cnf -extensions $extensions -in $name.csr -out $file.crt \
    -startdate ${FROM:-2020}0101000000Z -enddate ${UNTIL:-2049}0101000000Z
}

# make NAME KEY EXTENSIONS ISSUER [options of openssl ca]; SUBJECT too may be set.
make() {
  name=$1 kind=$2; shift 2
  case $kind in
    P-*) kind="ec -pkeyopt ec_paramgen_curve:$kind" ;;
  esac
  openssl req -utf8 -new -nodes -newkey $kind -keyout $name.key -out $name.csr \
    -subj "${SUBJECT:-/O=Specs/CN=$name}"
  openssl pkey -in $name.key -pubout -out $name.pub
  sign $name $name "$@"
}

# pfx FILE CERTIFICATE [options of openssl pkcs12]
pfx() {
  file=$1 name=$2; shift 2
  openssl pkcs12 -export -in $name.crt -inkey $name.key -out $file.pfx -name $name \
    -passout env:PASSWORD "$@"
}
]]

local COMMANDS = [[
make root P-256 authority root
make intermediate P-256 authority root
make sub-intermediate P-256 authority intermediate
UNTIL=2021 sign root root-expired authority root
UNTIL=2021 sign intermediate intermediate-expired authority root
UNTIL=2021 make old-intermediate P-256 authority root
make stranger-root P-256 authority stranger-root

for side in server client; do
  make $side-ec P-256 $side root
  make $side-p384 P-384 $side root
  make $side-rsa rsa:2048 $side root
  make $side-ed25519 ed25519 $side root
  make $side-chain P-256 $side intermediate
  cat $side-chain.crt intermediate.crt >$side-chain.pem
done
make deep P-256 server sub-intermediate
cat deep.crt sub-intermediate.crt intermediate.crt >deep.pem

UNTIL=2021 make expired P-256 server root
FROM=2048 make future P-256 server root
UNTIL=2021 make client-expired P-256 client root
make other-name P-256 other_name root
make uri-name P-256 uri_name root
make odd-name P-256 odd_name root
SUBJECT="/CN=x$(printf 'é%.0s' $(seq 60))" make long-name P-256 common_name root
SUBJECT=/O=Specs make nameless P-256 common_name root
SUBJECT=/CN=localhost make common-name P-256 common_name root
make no-usage P-256 no_usage root
make no-signature P-256 no_signature root
make client-no-signature P-256 no_signature root
make sha1 P-256 server root -md sha1
make self-signed P-256 no_usage self-signed
make stranger P-256 server stranger-root
make client-stranger P-256 client stranger-root
make revoked P-256 server root
make old-chain P-256 server old-intermediate
cat old-chain.crt old-intermediate.crt >old-chain.pem
make by-no-authority P-256 server server-ec
cat by-no-authority.crt server-ec.crt >by-no-authority.pem
SUBJECT='/C=DE/O=Specs, Inc./CN=described/emailAddress=specs@example.com' \
  make described P-256 server root

for ISSUER in root intermediate; do
  ca="openssl ca -name issuer -cert $ISSUER.crt -keyfile $ISSUER.key"
  [ $ISSUER != root ] || $ca -revoke revoked.crt
  $ca -gencrl -out $ISSUER.crl
done
{ echo 'The root:'; cat root.crt; echo 'What it issued:'; cat intermediate.crt; echo 'No more.'; } \
  >authorities.pem

openssl x509 -in server-ec.crt -outform DER -out server-ec.der
openssl pkcs8 -topk8 -nocrypt -in server-ec.key -outform DER -out server-ec.key.der
openssl ec -in server-ec.key -out server-ec.sec1.key
openssl ec -in client-ec.key -out client-ec.sec1.key
openssl ec -in server-ec.key -aes128 -passout env:PASSWORD -out server-ec.sec1-encrypted.key
openssl pkcs8 -topk8 -in server-ec.key -passout env:PASSWORD -out server-ec.encrypted.key
cat server-ec.crt server-ec.key >server-ec.both.pem
openssl rsa -in server-rsa.key -traditional -out server-rsa.pkcs1.key
openssl rsa -in server-rsa.key -traditional -aes128 -passout env:PASSWORD \
  -out server-rsa.pkcs1-encrypted.key
openssl crl2pkcs7 -nocrl -certfile server-chain.pem -out server-chain.p7b
openssl crl2pkcs7 -nocrl -certfile server-chain.pem -outform DER -out server-chain.p7b.der

for name in server-ec server-rsa server-ed25519 client-ec; do
  pfx $name $name
done
pfx server-chain server-chain -certfile intermediate.crt
pfx server-ec.legacy server-ec -legacy
pfx server-ec.no-mac server-ec -nomac
PASSWORD= pfx server-ec.no-password server-ec
LC_ALL=C.UTF-8 PASSWORD='@UTF8_PASSWORD@' pfx server-ec.utf8 server-ec
]]

local function run(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read("a"), pipe:close()
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function make()
  local folder = run("mktemp -d"):match("^[^\n]+")
  -- The finaliser runs when the state is closed, however the specs went.
  local made = setmetatable({ folder = folder }, {
    __gc = function() os.execute(("rm -rf '%s'"):format(folder)) end,
  })
  local script = (FUNCTIONS .. COMMANDS):gsub("@([%w_]+)@", {
    PASSWORD = M.password, UTF8_PASSWORD = M.utf8_password,
  })
  write(folder .. "/openssl.cnf", CONFIG)
  write(folder .. "/make.sh", script)
  local output, done = run(("cd '%s' && sh make.sh"):format(folder))
  if not done then
    os.execute(("rm -rf '%s'"):format(folder))
    error("the keys and certificates could not be made:\n" .. output)
  end
  return made
end

-- busted forgets loaded modules after each file, but not the registry.
function M.folder()
  local registry = debug.getregistry()
  registry["lunacoap.pki"] = registry["lunacoap.pki"] or make()
  return registry["lunacoap.pki"].folder
end

function M.path(name)
  local path = M.folder() .. "/" .. name
  local file = io.open(path, "rb")
  if not file then
    error("spec/support/pki.lua makes no " .. name, 2)
  end
  file:close()
  return path
end

function M.read(name)
  return read(M.path(name))
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function decode(base64)
  local bytes, bits, count = {}, 0, 0
  for digit in base64:gmatch("[%w+/]") do
    bits, count = bits << 6 | ALPHABET:find(digit, 1, true) - 1, count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xff)
    end
  end
  return table.concat(bytes)
end

function M.ders(text)
  local ders = {}
  for base64 in text:gmatch("%-%-%-%-%-BEGIN CERTIFICATE%-%-%-%-%-(.-)%-%-%-%-%-END") do
    ders[#ders + 1] = decode(base64)
  end
  return ders
end

function M.chain(name)
  return M.ders(M.read(name))
end

-- What a raw public key is in a handshake (RFC 7250).
function M.spki(name)
  return decode(M.read(name .. ".pub"):match("KEY%-%-%-%-%-(.-)%-%-%-%-%-END"))
end

return M
