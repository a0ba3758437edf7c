local probe = require "lunacoap.probe"
local base, wire, content = probe.base, probe.wire, probe.content

-- A 2.05 with ETag 0102, Content-Format 50, Max-Age 60, Block2 and a payload.
local function datagram()
  return wire.encode {
    type = 2, code = 0x45, id = 7, token = "tok",
    options = { { 4, "\1\2" }, { 12, 50 }, { 14, 60 }, { 23, 0x0e } },
    payload = "{}",
  }
end

local function options_of(item)
  local found = {}
  for i, option in ipairs(item:options()) do
    found[i] = option[1] .. "=" .. option[2]
  end
  return table.concat(found, " ")
end

local function encoded(item, response, start)
  return wire.options(assert(item:encoded(response, start)))
end

describe("a content", function()
  local item

  before_each(function() item = content.new() end)
  after_each(function()
    base.fail_after()
    item:release()
  end)

  it("is empty at first", function()
    assert.are.same({ 0, "", -1, "" }, { item:get() })
    assert.are.same({}, item:options())
    assert.is_true(item:untouched())
  end)

  it("reads from the message that came", function()
    local received = content.new(datagram())
    assert.are.same({ 0x45, "{}", 50, "\1\2" }, { received:get() })
    received:release()
  end)

  it("lists every option as received but for those of block-wise transfer", function()
    local received = content.new(wire.encode {
      options = { { 4, "\1" }, { 11, "a" }, { 11, "" }, { 12, 0 }, { 23, 1 }, { 27, 1 }, { 60, 9 },
        { 65000, "\255" } },
    })
    assert.are.equal("4=01 11=a 11= 12=0 60=9 65000=ff", options_of(received))
    received:release()
  end)

  it("reads what was assigned and the message for the rest", function()
    local received = content.new(datagram())
    assert.is_true(received:set("ResponseData", "mine"))
    assert.are.same({ 0x45, "mine", 50, "\1\2" }, { received:get() })
    received:set("ResponseContentFormat", -1)
    received:set("ResponseETag", "")
    received:set("ResponseCode", "")
    assert.are.same({ 0, "mine", -1, "" }, { received:get() })
    received:release()
  end)

  it("shows no Content-Format or ETag where there is none", function()
    local received = content.new(wire.encode { options = { { 11, "a" } } })
    assert.are.same({ 1, "", -1, "" }, { received:get() })
    received:release()
  end)

  it("outlives the datagram when it is held", function()
    local received = content.new(datagram())
    assert.is_true(received:hold())
    collectgarbage()
    assert.are.same({ 0x45, "{}", 50, "\1\2" }, { received:get() })
    assert.are.equal("4=0102 12=50 14=60", options_of(received))
    assert.is_true(received:hold())
    assert.are.same({ 0x45, "{}", 50, "\1\2" }, { received:get() })
    received:release()
  end)

  it("is copied with everything of its own", function()
    local received = content.new(datagram())
    received:set("ResponseData", "mine")
    received:options()
    local copy = received:clone()
    received:set("ResponseData", "other")
    received:release()
    collectgarbage()
    assert.are.same({ 0x45, "mine", 50, "\1\2" }, { copy:get() })
    assert.are.equal("4=0102 12=50 14=60", options_of(copy))
    copy:release()
  end)

  it("forgets everything when cleared", function()
    item:set("ResponseCode", "4.04")
    item:set("ResponseData", "x")
    item:set("ResponseETag", "e")
    item:set("ResponseContentFormat", 0)
    item:add(14, "1")
    item:clear()
    assert.are.same({ 0, "", -1, "" }, { item:get() })
    assert.are.same({}, item:options())
    assert.is_true(item:untouched())
  end)

  it("is touched by any assignment and any option, not by looking", function()
    for name, value in pairs {
      ResponseCode = "2.05", ResponseData = "", ResponseETag = "", ResponseContentFormat = -1,
    } do
      item:clear()
      item:set(name, value)
      assert.is_false(item:untouched(), name)
    end
    item:clear()
    item:options()
    assert.is_true(item:untouched())
    item:add(14, "1")
    assert.is_false(item:untouched())
    local received = content.new(datagram())
    received:options()
    assert.is_true(received:untouched())
    received:release()
  end)

  it("takes response codes from 2.00 to 5.31, else raises 707", function()
    for text, code in pairs { ["2.05"] = 0x45, ["2.00"] = 0x40, ["5.31"] = 0xbf, [""] = 0 } do
      assert.is_true(item:set("ResponseCode", text))
      assert.are.equal(code, (item:get()))
    end
    for _, wrong in ipairs { "205", "2.5", "2.32", "1.00", "8.00", "2.05 ", "Content", "2.0a" } do
      local ok, code, text = item:set("ResponseCode", wrong)
      assert.are.same({ [2] = 707 }, { ok, code })
      assert.is_truthy(text:find("ResponseCode takes", 1, true))
      assert.is_truthy(text:find(wrong, 1, true))
    end
  end)

  it("takes content-formats from -1 to 65535", function()
    for _, format in ipairs { -1, 0, 60, 65535 } do
      assert.is_true(item:set("RequestContentFormat", format))
      assert.are.equal(format, (select(3, item:get())))
    end
    for _, wrong in ipairs { -2, 65536, 0.5, 0 / 0 } do
      local ok, code, text = item:set("RequestContentFormat", wrong)
      assert.are.same({ [2] = 1 }, { ok, code })
      assert.is_truthy(text:find("RequestContentFormat takes -1 or", 1, true))
    end
  end)

  it("takes ETags of up to 8 bytes (RFC 7252 5.10)", function()
    assert.is_true(item:set("RequestETag", "12345678"))
    local ok, code, text = item:set("ResponseETag", "123456789")
    assert.are.same({ [2] = 1 }, { ok, code })
    assert.are.equal("ResponseETag takes up to 8 bytes, not 9", text)
    assert.are.equal("12345678", (select(4, item:get())))
  end)

  it("takes any bytes as data", function()
    local data = ("\0\255"):rep(40000)
    assert.is_true(item:set("RequestData", data))
    assert.are.equal(data, (select(2, item:get())))
  end)
end)

describe("the options of a message to be sent", function()
  local item

  before_each(function() item = content.new() end)
  after_each(function()
    base.fail_after()
    item:release()
  end)

  local function refused(response, start)
    local ok, code, text = item:encoded(response, start)
    assert.are.same({ [2] = 701 }, { ok, code })
    return text
  end

  it("are those of the URI, the properties and the list, in order of their numbers", function()
    local uri = wire.add_option(wire.add_option("", 3, "host"), 11, "a")
    item:set("RequestETag", "\1")
    item:set("RequestContentFormat", 60)
    item:add(17, "50")
    item:add(11, "b")
    item:add(1, "aa")
    item:add(2, "unknown")
    assert.are.same({
      { 1, "\xaa" }, { 2, "unknown" }, { 3, "host" }, { 4, "\1" }, { 11, "a" }, { 11, "b" },
      { 12, "\60" }, { 17, "\50" },
    }, encoded(item, false, uri))
  end)

  it("are none when nothing says otherwise", function()
    assert.are.equal("", item:encoded(false))
    item:set("ResponseContentFormat", 0)
    assert.are.same({ { 12, "" } }, encoded(item, true))
  end)

  it("may repeat when they are repeatable", function()
    item:set("RequestETag", "\1")
    item:add(4, "02")
    item:add(4, "03")
    assert.are.same({ { 4, "\1" }, { 4, "\2" }, { 4, "\3" } }, encoded(item, false))
  end)

  it("hold no second ETag in a response (RFC 7252 5.10.6.1)", function()
    item:set("ResponseETag", "\1")
    item:add(4, "02")
    assert.is_truthy(refused(true):find("ETag", 1, true))
  end)

  it("hold no second one of those that may not repeat (RFC 7252 5.4.5)", function()
    item:set("ResponseContentFormat", 0)
    item:add(12, "50")
    assert.is_truthy(refused(true):find("Content-Format is there already", 1, true))
    item:set("ResponseContentFormat", -1)
    assert.are.same({ { 12, "\50" } }, encoded(item, true))
    item:add(12, "50")
    refused(true)
    item:clear()
    item:add(3, "other")
    refused(false, wire.add_option("", 3, "host"))
    assert.are.same({ { 3, "other" } }, encoded(item, false))
  end)

  it("are not those that only the engine may set", function()
    for _, number in ipairs { 6, 23, 27, 28, 60 } do
      item:clear()
      item:add(number, "0")
      assert.is_truthy(refused(false):find("is set by the component", 1, true))
    end
  end)

  it("are refused when a value is wrong", function()
    item:add(14, "soon")
    assert.is_truthy(refused(true):find("Max-Age takes", 1, true))
  end)

  it("do not send back the list that was received", function()
    local received = content.new(datagram())
    received:options()
    assert.are.same({ { 4, "\1\2" }, { 12, "\50" } }, encoded(received, true))
    received:release()
  end)

  it("report memory that runs out, and leak none", function()
    item:release()
    local before = base.blocks()
    item = content.new()
    local count = 0
    repeat
      local received = content.new(datagram())
      base.fail_after(count)
      local done = received:hold() and received:set("ResponseData", ("x"):rep(100))
        and received:set("ResponseCode", "2.05")
      local copy = done and received:clone()
      local _, bytes = pcall(function()
        return copy and copy:options() and item:add(65000, ("5a"):rep(100), 2)
          and received:replace(item) and received:encoded(true)
      end)
      base.fail_after()
      if copy then
        copy:release()
      end
      received:release()
      item:release()
      assert.are.equal(before, base.blocks())
      item = content.new()
      count = count + 1
      if count > 100 then
        error("never succeeds")
      end
    until type(bytes) == "string" and #bytes > 100
    assert.is_true(count > 5)
  end)
end)
