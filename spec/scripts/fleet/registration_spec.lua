-- Devices of a fleet in a Resource Directory, which forgets those that reboot and do not come back.
local directories = require "spec.support.directory"
local foreign = require "spec.support.foreign"
local lunacoap = require "lunacoap"

local function in_virtual_time(f)
  lunacoap.virtual(function()
    local rd <close> = directories.new()
    f(rd, rd:uri())
  end)
end

local function names(rd)
  local list = {}
  for _, entry in pairs(rd.entries) do
    if lunacoap.now() < entry.expires then
      list[#list + 1] = entry.arguments.ep
    end
  end
  table.sort(list)
  return list
end

local function fleet_of(directory, init)
  local fields = { name = "node-{index}", count = 3, directory = directory,
    settings = { LocalHost = "127.0.0.1" },
    resources = { ["/t"] = { rt = "temp", ct = 0, get = function() return 20 end } } }
  for name, value in pairs(init or {}) do
    fields[name] = value
  end
  return lunacoap.fleet(fields)
end

describe("devices with a Resource Directory", function()
  it("register under their names with their links, and are removed when they stop", function()
    in_virtual_time(function(rd, uri)
      local fleet = fleet_of({ uri, lt = 300, d = "floor-1" }):start()
      lunacoap.sleep(2)
      assert.are.same({ "node-1", "node-2", "node-3" }, names(rd))
      local _, entry = next(rd.entries)
      assert.are.same({ "300", "floor-1" }, { entry.arguments.lt, entry.arguments.d })
      assert.are.same({ { target = "/t", ct = "0", rt = "temp" } }, entry.links)
      fleet:stop()
      assert.are.same({}, names(rd))
    end)
  end)

  it("refresh as long as they live, and are forgotten when they fail", function()
    in_virtual_time(function(rd, uri)
      local fleet = fleet_of({ uri, lt = 60 }, { start = function(device)
        device:sleep(1000)
        if device.index == 2 then
          error("broken", 0)
        end
      end }):start()
      lunacoap.sleep(900)
      assert.are.same({ "node-1", "node-2", "node-3" }, names(rd))
      lunacoap.sleep(300)
      assert.are.same({ "node-1", "node-3" }, names(rd))
      fleet:stop()
    end)
  end)

  it("register again after a reboot", function()
    in_virtual_time(function(rd, uri)
      local fleet = fleet_of({ uri, lt = 60 }, { count = 1,
        reboots = { every = 1e6, down = 1 } }):start()
      lunacoap.sleep(1)
      local before = #rd.log
      fleet.devices[1]:reboot(100)
      lunacoap.sleep(99)
      assert.are.same({}, names(rd))
      lunacoap.sleep(5)
      assert.are.same({ "node-1" }, names(rd))
      assert.is_true(#rd.log > before)
      fleet:stop()
    end)
  end)

  it("go on without it, and try again, which is told", function()
    in_virtual_time(function(rd, uri)
      rd.refuses = { "5.03", max_age = 10 }
      local fleet = fleet_of(uri):start()
      lunacoap.sleep(5)
      assert.are.equal(3, fleet.counts.phases.up)
      assert.matches("^Resource Directory: .*5%.03", fleet.counts.trouble_list[1].text)
      rd.refuses = nil
      lunacoap.sleep(60)
      assert.are.same({ "node-1", "node-2", "node-3" }, names(rd))
      fleet:stop()
    end)
  end)

  it("are found in coap-rd, with the address that they answer on", function()
    local rd <close>, uri = foreign.serve("coap-rd-notls", "", "127.0.0.1")
    local fleet = fleet_of(uri, { count = 2 }):start()
    lunacoap.sleep(0)
    for _ = 1, 500 do
      local all = true
      for _, device in ipairs(fleet.devices) do
        all = all and device.registration and device.registration.registered
      end
      if all then break end
      lunacoap.sleep(0.01)
    end
    local coap <close> = lunacoap.CoAP { Timeout = 5 }
    for _, device in ipairs(fleet.devices) do
      coap:Get(device.registration.location)
      assert.are.equal('</t>;ct=0;rt="temp"', coap.ResponseData)
      coap:Get(device:uri "/t")
      assert.are.equal("20", coap.ResponseData)
      device.registration:stop() -- coap-rd does not survive a DELETE
      device.registration = nil
    end
    fleet:stop()
    assert.is_truthy(rd)
  end)

  it("are told what a directory is", function()
    for _, wrong in ipairs { 1, {}, { lt = 60 } } do
      local message = select(2, pcall(fleet_of, wrong))
      assert.matches("the device's directory takes the URI of a Resource Directory", message)
    end
  end)
end)
