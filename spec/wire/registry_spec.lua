local wire = require("lunacoap.probe").wire

---Whether the first elements are in ascending order, none twice.
local function ascending(rows, key)
  for i = 2, #rows do
    if rows[i][key] <= rows[i - 1][key] then return false end
  end
  return true
end

describe("the registry of options", function()
  it("is sorted, finds each of its rows, and nothing else", function()
    local rows = wire.option_rows()
    assert.is_true(ascending(rows, "number"))
    local known = {}
    for _, row in ipairs(rows) do known[row.number] = row end
    for number = 0, 65535 do
      local row = wire.option_row(number)
      assert.are.equal(known[number] and known[number].name, row and row.name)
    end
  end)

  -- Number, name, format, repeatable, shortest and longest value: RFC 7252 5.10, RFC 7641 2,
  -- RFC 7959 2.1 and 4, RFC 7967 2, RFC 8768 3.
  local defined = {
    { 1, "If-Match", "opaque", true, 0, 8 },
    { 3, "Uri-Host", "string", false, 1, 255 },
    { 4, "ETag", "opaque", true, 1, 8 },
    { 5, "If-None-Match", "empty", false, 0, 0 },
    { 6, "Observe", "uint", false, 0, 3 },
    { 7, "Uri-Port", "uint", false, 0, 2 },
    { 8, "Location-Path", "string", true, 0, 255 },
    { 11, "Uri-Path", "string", true, 0, 255 },
    { 12, "Content-Format", "uint", false, 0, 2 },
    { 14, "Max-Age", "uint", false, 0, 4 },
    { 15, "Uri-Query", "string", true, 0, 255 },
    { 16, "Hop-Limit", "uint", false, 1, 1 },
    { 17, "Accept", "uint", false, 0, 2 },
    { 20, "Location-Query", "string", true, 0, 255 },
    { 23, "Block2", "uint", false, 0, 3 },
    { 27, "Block1", "uint", false, 0, 3 },
    { 28, "Size2", "uint", false, 0, 4 },
    { 35, "Proxy-Uri", "string", false, 1, 1034 },
    { 39, "Proxy-Scheme", "string", false, 1, 255 },
    { 60, "Size1", "uint", false, 0, 4 },
    { 258, "No-Response", "uint", false, 0, 1 },
  }

  it("has the options that are understood, as their RFCs define them", function()
    local understood = {}
    for _, row in ipairs(wire.option_rows()) do
      if row.understood then
        understood[#understood + 1] = { row.number, row.name, row.format, row.repeatable, row.min,
          row.max }
      end
    end
    assert.are.same(defined, understood)
  end)

  it("knows critical options that must be refused (RFC 7252 5.4.1: 4.02)", function()
    local refused = {}
    for _, row in ipairs(wire.option_rows()) do
      if row.critical and not row.understood then refused[#refused + 1] = row.name end
    end
    assert.are.same({ "OSCORE", "Q-Block1", "EDHOC", "Q-Block2", "Proxy-Cri", "Proxy-Scheme-Number",
      "OCF-Accept-Content-Format-Version", "OCF-Content-Format-Version", "SCP82-Params" }, refused)
  end)

  it("knows which options belong into requests alone or responses alone (RFC 7252 5.10)", function()
    local only = { request = {}, response = {} }
    for _, row in ipairs(wire.option_rows()) do
      assert.is_true(row.request or row.response)
      if row.understood and not row.response then table.insert(only.request, row.name) end
      if row.understood and not row.request then table.insert(only.response, row.name) end
    end
    assert.are.same({ "If-Match", "Uri-Host", "If-None-Match", "Uri-Port", "Uri-Path", "Uri-Query",
      "Hop-Limit", "Accept",
      "Proxy-Uri", "Proxy-Scheme", "No-Response" }, only.request)
    assert.are.same({ "Location-Path", "Max-Age", "Location-Query" }, only.response)
  end)

  it("lists what else is assigned", function()
    for number, name in pairs {
      [9] = "OSCORE",
      [19] = "Q-Block1",
      [21] = "EDHOC",
      [31] = "Q-Block2",
      [252] = "Echo",
      [292] = "Request-Tag",
      [2049] = "OCF-Accept-Content-Format-Version",
      [2053] = "OCF-Content-Format-Version",
    } do
      assert.are.equal(name, wire.option_row(number).name)
    end
  end)
end)

describe("the registry of codes", function()
  it("is sorted and has every code that the issue names", function()
    local rows, names = wire.code_rows(), {}
    assert.is_true(ascending(rows, 1))
    for _, row in ipairs(rows) do names[wire.describe_code(row[1]).text] = row[2] end
    for text, name in pairs {
      ["0.05"] = "FETCH",
      ["0.07"] = "iPATCH",
      ["2.31"] = "Continue",
      ["4.08"] = "Request Entity Incomplete",
      ["4.09"] = "Conflict",
      ["4.12"] = "Precondition Failed",
      ["4.13"] = "Request Entity Too Large",
      ["4.15"] = "Unsupported Content-Format",
      ["4.22"] = "Unprocessable Entity",
      ["4.29"] = "Too Many Requests",
      ["5.05"] = "Proxying Not Supported",
      ["5.08"] = "Hop Limit Reached",
    } do
      assert.are.equal(name, names[text])
    end
  end)
end)

describe("the registry of content-formats", function()
  it("is sorted, each media type once", function()
    local rows, seen = wire.content_formats(), {}
    assert.is_true(ascending(rows, 1))
    for _, row in ipairs(rows) do
      assert.is_nil(seen[row[2]], row[2])
      assert.matches("^%l+/[%w.+-]+", row[2])
      seen[row[2]] = row[1]
    end
    for media_type, number in pairs {
      ["text/plain; charset=utf-8"] = 0,
      ["application/link-format"] = 40,
      ["application/xml"] = 41,
      ["application/octet-stream"] = 42,
      ["application/exi"] = 47,
      ["application/json"] = 50,
      ["application/cbor"] = 60,
      ["application/senml+json"] = 110,
      ["application/json deflate"] = 11050,
      ["application/vnd.oma.lwm2m+tlv"] = 11542,
    } do
      assert.are.equal(number, seen[media_type])
    end
  end)
end)
