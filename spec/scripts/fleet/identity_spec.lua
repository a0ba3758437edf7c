-- Identities of devices out of tables of comma-separated values.
local lunacoap = require "lunacoap"
local pki = require "spec.support.pki"
local simulation = require "lunacoap.fleet.simulation"

local identities = lunacoap.fleet.identities

-- Calls f with the path of a table in the folder of the keys and certificates.
local function with_table(lines, f)
  local path = pki.folder() .. "/devices.csv"
  local file <close> = assert(io.open(path, "w"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  f(path)
  os.remove(path)
end

-- Checks pieces of the message that reading a table raises.
local function refuses(lines, words, options)
  with_table(lines, function(path)
    local ok, message = pcall(identities, path, options)
    assert.is_false(ok)
    for _, word in ipairs(words) do
      assert.is_truthy(message:find(word, 1, true), message)
    end
  end)
end

describe("identities of a table", function()
  it("are pre-shared keys, by hexadecimal digits", function()
    with_table({ "psk_identity,psk_key", "a,0011", "b,22ff" }, function(path)
      local list = identities(path)
      assert.are.equal(2, #list)
      assert.are.same({ PSKIdentity = "b", PSKKey = "22ff" }, list(2))
      assert.are.equal("\x22\xff", list:key "b")
      assert.is_nil(list:key "c")
    end)
  end)

  it("are certificates with keys, and raw keys, in files beside the table", function()
    with_table({ "certificate,key,password,raw_key",
      "server-ec.crt,server-ec.key,,", "server-ec.both.pem,,,",
      "client-ec.pfx,,secret,", ",,,client-ec.key", "server-ec.both.pem,,," }, function(path)
      local list = identities(path)
      assert.are.equal("O=Specs, CN=server-ec", list(1).SSLCert.Subject)
      assert.is_true(list(2).SSLCert.PrivateKeyAvailable)
      assert.are.equal("O=Specs, CN=client-ec", list(3).SSLCert.Subject)
      assert.is_true(list(4).UseRawPublicKey)
      assert.are.equal(pki.read "client-ec.pub", list(4).SSLCert.PublicKey)
      assert.are.equal(list(2).SSLCert, list(5).SSLCert) -- one file, loaded once
    end)
  end)

  it("stand under other names, and a device has name and row of its own", function()
    with_table({ "serial;secret;name;floor", "0815;aa;boiler;1", "0816;bb;;2" }, function(path)
      local list = identities(path, { columns = { psk_identity = "serial", psk_key = "secret" } })
      assert.are.same({ PSKIdentity = "0815", PSKKey = "aa" }, list(1))
      local fleet = lunacoap.fleet { name = "meter-{index}", count = 2, identity = list }
      assert.are.equal("boiler", fleet.devices[1].name)
      assert.are.equal("1", fleet.devices[1].row.floor)
      assert.are.equal("meter-2", fleet.devices[2].name)
    end)
  end)

  it("are as many as the devices, or nothing starts", function()
    with_table({ "psk_identity,psk_key", "a,0011" }, function(path)
      local init = { count = 2, identity = identities(path) }
      local message = tostring(select(2, pcall(lunacoap.fleet, init)))
      assert.is_truthy(message:find("devices.csv has 1 row, too few for 2 devices", 1, true), message)
      init.count = 1
      message = select(2, pcall(simulation.new, init, { count = 3 }))
      assert.is_truthy(message:find("too few for 3 devices", 1, true), message)
    end)
  end)

  it("are loaded before a device starts, and no more than there are devices", function()
    with_table({ "certificate,key", "server-ec.both.pem,", "client-ec.crt,", "none.pem,",
      "server-ec.crt,client-ec.key" }, function(path)
      local function message_of(count)
        return tostring(select(2, pcall(lunacoap.fleet, { count = count, identity = identities(path) })))
      end
      assert.is_truthy(message_of(1):find("lunacoap.Fleet", 1, true))
      assert.is_truthy(message_of(2):find("devices.csv:3: client-ec.crt has no private key: "
        .. "name its file in the column key", 1, true), message_of(2))
      local list = identities(path)
      local missing, other = tostring(select(2, pcall(list, 3))), tostring(select(2, pcall(list, 4)))
      assert.is_truthy(missing:find("devices.csv:4: .*none.pem: No such file"), missing)
      assert.is_truthy(other:find("devices.csv:5: client%-ec.key is not the key of server%-ec.crt"), other)
    end)
  end)
end)

describe("a table of identities is refused, by file and line, for", function()
  it("a key that is none", function()
    refuses({ "psk_identity,psk_key", "a,0011", "b,22f" },
      { "devices.csv:3: psk_key takes hexadecimal digits", "the 3 characters given are an odd number" })
    refuses({ "psk_identity,psk_key", "a,xx" }, { "devices.csv:2: psk_key", "not only such digits" })
  end)

  it("and keys and passwords are never shown", function()
    for _, lines in ipairs {
      { "psk_identity,psk_key", "a,5ec4e7\0" }, { "psk_identity,psk_key", "a,5ec4e7x" },
      { "psk_identity,psk_key", "a,\"5ec4e7" }, { "psk_identity,psk_key", "a,5ec4e7,b" },
      { "psk_identity,psk_key", "a,5ec4e7", "a,5ec4e700" },
      { "certificate,password", pki.path "server-ec.encrypted.key" .. ",5ec4e7" },
    } do
      with_table(lines, function(path)
        local _, message = pcall(function() return lunacoap.fleet.identities(path)(1) end)
        assert.is_truthy(tostring(message):find "%.csv:[23]: ", message)
        assert.is_nil(tostring(message):find "5ec4", message)
      end)
    end
  end)

  it("what is missing", function()
    refuses({ "psk_identity,psk_key", "a," }, { "devices.csv:2: psk_identity needs psk_key" })
    refuses({ "psk_identity,psk_key", ",00" }, { "devices.csv:2: psk_key needs psk_identity" })
    refuses({ "name,psk_identity,psk_key", "a,," },
      { "devices.csv:2: no identity: psk_key, certificate, raw_key are empty" })
    refuses({ "key,certificate", "a," }, { "devices.csv:2: key needs certificate" })
    refuses({ "password,certificate", "a," }, { "devices.csv:2: password needs certificate or raw_key" })
  end)

  it("two identities of one device, and a name of two devices", function()
    refuses({ "certificate,raw_key", "a,b" },
      { "devices.csv:2: a device has one identity; this has certificate and raw_key" })
    refuses({ "psk_identity,psk_key", "a,ab", "b,cd", "a,AB", "a,ef" },
      { "devices.csv:5: the psk_identity 'a' has another psk_key in line 2" })
    refuses({ "name", "a", "b", "a" }, { "devices.csv:4: the name 'a' is in line 2, too" })
  end)

  it("columns that look like mistakes", function()
    refuses({ "psk_identiy,psk_key", "a,00" },
      { "devices.csv:1: the column 'psk_identiy' is not known; did you mean 'psk_identity'?" })
    refuses({ "imei,psk_key", "a,00" }, { "devices.csv has no column 'imeis', which is to be its" },
      { columns = { psk_identity = "imeis" } })
    refuses({ "imei,psk_key", "a,00" }, { "columns has no field 'psk_id'; it takes name" },
      { columns = { psk_id = "imei" } })
    refuses({ "name", "a" }, { "identities has no option 'colums'" }, { colums = {} })
  end)

  it("what is no table", function()
    refuses({ "name,floor", "a" }, { "devices.csv:2: the row has 1 field" })
    assert.is_truthy(tostring(select(2, pcall(identities, "/none.csv"))):find "none.csv: No such file")
  end)

  it("an identity of a device's table that is neither function nor identities", function()
    local message = tostring(select(2, pcall(lunacoap.fleet, { identity = { PSKIdentity = "a" } })))
    assert.is_truthy(message:find("identity takes a function of the index", 1, true), message)
  end)
end)
