-- lunacoap.faults: a table in words becomes settings, or an error that says what would be right.
local lunacoap = require "lunacoap"

local function sending(lane)
  return lunacoap.faults({ sending = lane }).SendFaults
end

describe("the faults of a table", function()
  it("are three settings, empty without faults; the seed is left as it is without one", function()
    assert.are.same({ SendFaults = "", ReceiveFaults = "" }, lunacoap.faults {})
    assert.are.same({ SendFaults = "drop chance=0.1", ReceiveFaults = "delay by=0.2-0.2",
      FaultSeed = 7 },
      lunacoap.faults { seed = 7, sending = { loss = 0.1 }, receiving = { delay = 0.2 } })
    assert.are.equal(0, lunacoap.faults({ seed = 0 }).FaultSeed)
  end)

  for given, text in pairs {
    ["loss = 0.25"] = "drop chance=0.25",
    ["loss = 1"] = "drop chance=1",
    ["loss = 0"] = "",
    ["duplicate = 0.5"] = "duplicate chance=0.5",
    ["reorder = 0.01"] = "reorder chance=0.01",
    ["corrupt = 0.000001"] = "corrupt chance=0.000001",
    ["truncate = 0.3"] = "truncate chance=0.3",
    ["delay = 10"] = "delay by=10-10",
    ["delay = {0.05, 0.2}"] = "delay by=0.05-0.2",
    ["delay = 0.1, jitter = 0.02"] = "delay by=0.08-0.12",
    ["delay = {0.1, 0.2}, jitter = 0.15"] = "delay by=0-0.35",
    ["jitter = 0.02"] = "delay by=0-0.02",
    ["delay = 0"] = "",
    ["rate = 1000"] = "limit rate=1000",
    ["blackout = {5, 8}"] = "drop at=5-8",
    ["blackout = {5}"] = "drop at=5-",
    ["blackout = {{5, 8}, {20}}"] = "drop at=5-8; drop at=20-",
    ['{"drop"}'] = "drop",
    ['{"drop", type="CON", retransmission=2}'] = "drop type=CON retransmission=2",
    ['{"drop", code="GET", number={2, 3}}'] = "drop code=GET number=2-3",
    ['{"drop", record="handshake", number={4}, chance=0.5}'] =
      "drop record=handshake number=4- chance=0.5",
    ['{"duplicate", copies=3}'] = "duplicate copies=3",
    ['{"corrupt", bits=8, at={0, 1.5}}'] = "corrupt at=0-1.5 bits=8",
    ['{"truncate", to=4}'] = "truncate to=4",
    ['{"limit", rate=50}'] = "limit rate=50",
    ['{"reorder", by=0.5}'] = "reorder by=0.5",
    -- What is exact comes first, so that a chance does not take it away.
    ['loss = 0.1, {"restart", number=3}, {"rebind", number=4}, duplicate = 0.2'] =
      "restart number=3; rebind number=4; drop chance=0.1; duplicate chance=0.2",
  } do
    it(("%s is '%s', which a component takes"):format(given, text), function()
      local lane = load("return {" .. given .. "}")()
      assert.are.equal(text, sending(lane))
      local coap <close> = lunacoap.CoAP(lunacoap.faults { sending = lane, receiving = lane })
      assert.are.equal(text, coap:Config "SendFaults")
      assert.are.equal(text, coap:Config "ReceiveFaults")
    end)
  end

  it("are taken by a server of resources, and by Configure, which takes them away too", function()
    local server = lunacoap.server(lunacoap.faults { seed = 5, receiving = { loss = 1 } })
    assert.are.equal("drop chance=1", server.coap:Config "ReceiveFaults")
    assert.are.equal("5", server.coap:Config "FaultSeed")
    server.coap:Configure(lunacoap.faults {})
    assert.are.equal("", server.coap:Config "ReceiveFaults")
    assert.are.equal("5", server.coap:Config "FaultSeed")
  end)

  for given, message in pairs {
    ["3"] = "faults takes a table such as {sending={loss=0.1}}, not 3",
    ["{losses = 1}"] = "faults has no field 'losses'; there are receiving, seed, sending",
    ["{{'drop'}}"] = "faults has no field '1'; there are receiving, seed, sending",
    ["{seed = -1}"] = "seed takes an integer from 0 to 2147483647, not -1",
    ["{seed = 1.5}"] = "seed takes an integer from 0 to 2147483647, not 1.5",
    ["{seed = 'x'}"] = "seed takes an integer from 0 to 2147483647, not x",
    ["{sending = 0.1}"] = "sending takes a table such as {loss=0.1}, not 0.1",
    ["{receiving = {lose = 1}}"] = "receiving has no field 'lose'; there are blackout, corrupt, "
      .. "delay, duplicate, jitter, loss, rate, reorder, truncate",
    ["{receiving = {[0] = {'drop'}}}"] = "receiving has no field '0'",
    ["{sending = {'drop'}}"] = 'sending takes faults such as {"drop", type="CON", number=2}',
    ["{sending = {{type='CON'}}}"] = 'sending takes faults such as {"drop", type="CON", number=2}',
    ["{sending = {{'drop', when=1}}}"] = "the fault 'drop' of sending has no field 'when'; there "
      .. "are at, bits, by, chance, code, copies, number, rate, record, retransmission, to, type",
    ["{sending = {{'drop', 'CON'}}}"] = "the fault 'drop' of sending has no field '2'",
    ["{sending = {{'drop', number=-1}}}"] = "number takes a number from 0, not -1",
    ["{sending = {{'drop', number='1-'}}}"] = "number takes a number from 0, not 1-",
    ["{sending = {{'drop', number={3, 2}}}}"] =
      "number goes from the smaller to the greater number, not from 3 to 2",
    ["{sending = {{'drop', number={1, 2, 3}}}}"] = "number has no field '3'",
    ["{sending = {{'drop', number={}}}}"] = "number's first takes a number from 0, not nil",
    ["{sending = {{'drop', number={1, 'x'}}}}"] = "number's second takes a number from 0, not x",
    ["{sending = {{'drop', chance=0/0}}}"] = "chance takes a number from 0, not ",
    ["{sending = {{'drop', at=1/0}}}"] = "at takes a number from 0, not inf",
    ["{sending = {loss = 1.1}}"] = "loss takes a share from 0 to 1, not 1.1",
    ["{sending = {duplicate = '10%'}}"] = "duplicate takes a share from 0 to 1, not 10%",
    ["{sending = {delay = -1}}"] = "delay takes a number from 0, not -1",
    ["{sending = {delay = {0.2, 0.1}}}"] =
      "delay goes from the smaller to the greater number, not from 0.2 to 0.1",
    ["{sending = {delay = {0.2}}}"] = "delay takes seconds, or {shortest, longest}",
    ["{sending = {jitter = {0, 1}}}"] = "jitter takes a number from 0, not table",
    ["{sending = {rate = 'slow'}}"] = "rate takes a number from 0, not slow",
    ["{sending = {blackout = 5}}"] =
      "blackout takes seconds from and to such as {5, 8}, or a list of these",
    ["{sending = {blackout = {8, 5}}}"] =
      "blackout goes from the smaller to the greater number, not from 8 to 5",
    ["{sending = {blackout = {{1, 2}, 3}}}"] =
      "blackout takes seconds from and to such as {5, 8}, or a list of these",
  } do
    it(("of %s are refused"):format(given), function()
      local plan = load("return " .. given)()
      local ok, err = pcall(lunacoap.faults, plan)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find(message, 1, true), tostring(err))
    end)
  end

  it("are refused in the line that gives them", function()
    local ok, err = pcall(load("local lunacoap = require 'lunacoap'\n\nlunacoap.faults { x = 1 }",
      "=script"))
    assert.is_false(ok)
    assert.are.equal("script:3: faults has no field 'x'; there are receiving, seed, sending", err)
  end)
end)

-- What SendFaults and ReceiveFaults take themselves.
describe("the text of faults", function()
  local coap

  before_each(function() coap = lunacoap.CoAP() end)

  for text, message in pairs {
    ["lose"] = "begins each fault with drop, duplicate, delay, reorder, corrupt, truncate, limit, "
      .. "restart or rebind, not 'lose'",
    ["drop; Drop"] = "not 'Drop'",
    ["drop CON"] = "drop takes chance=, type=, code=, record=, retransmission=, number=, at=, not "
      .. "'CON'",
    ["drop by=1"] = "drop takes chance=, type=, code=, record=, retransmission=, number=, at=, not "
      .. "'by=1'",
    ["duplicate bits=1"] = "at=, copies=, not 'bits=1'",
    ["corrupt to=1"] = "at=, bits=, not 'to=1'",
    ["truncate rate=1"] = "at=, to=, not 'rate=1'",
    ["limit copies=1"] = "at=, rate=, not 'copies=1'",
    ["drop chance=1.1"] = "chance= takes a number from 0 to 1, or 0% to 100%, not '1.1'",
    ["drop chance=101%"] = "not '101%'",
    ["drop chance=%"] = "not '%'",
    ["drop chance=-1"] = "not '-1'",
    ["drop chance=1e-1"] = "not '1e-1'",
    ["drop chance=0x1"] = "not '0x1'",
    ["drop chance=1.2.3"] = "not '1.2.3'",
    ["drop chance=nan"] = "not 'nan'",
    ["drop chance="] = "not ''",
    ["drop type=con"] = "type= takes CON, NON, ACK or RST, not 'con'",
    ["drop code=2.5"] = "code= takes a code such as GET, 2.05 or 0.00, not '2.5'",
    ["drop code=8.00"] = "not '8.00'",
    ["drop record=22"] =
      "record= takes handshake, application, alert or change_cipher_spec, not '22'",
    ["drop retransmission=1.5"] = "retransmission= takes a count such as 2, 1-3 or 1-; 0 is what "
      .. "is sent first, not '1.5'",
    ["drop number=0"] = "number= takes a count from 1 such as 2, 1-3 or 4-, not '0'",
    ["drop number=3-2"] = "not '3-2'",
    ["drop number=1-2.5"] = "not '1-2.5'",
    ["drop at=x"] = "at= takes seconds such as 5-8 or 5-, since the faults were set, not 'x'",
    ["drop at=-5"] = "not '-5'",
    ["delay by=2-1"] = "by= takes seconds such as 0.2 or 0.1-0.3, not '2-1'",
    ["delay by=2000000000"] = "not '2000000000'",
    ["duplicate copies=0"] = "copies= takes 1 to 100 further copies, not '0'",
    ["duplicate copies=101"] = "not '101'",
    ["corrupt bits=1.5"] = "bits= takes 1 to 100 bits, not '1.5'",
    ["truncate to=0"] = "to= takes 1 or more bytes, not '0'",
    ["limit rate=0.5"] = "rate= takes 1 or more bytes per second, not '0.5'",
    ["limit"] = "limit needs rate=, such as rate=1000",
    ["delay"] = "delay needs by=, such as by=0.2",
    ["delay by=0"] = "delay needs by=, such as by=0.2",
    ["delay by=1-"] = "by= takes seconds such as 0.2 or 0.1-0.3, not '1-'",
    ["reorder by=1-"] = "by= takes seconds such as 0.2 or 0.1-0.3, not '1-'",
    [("drop;"):rep(65)] = "takes at most 64 faults",
  } do
    it(("'%s' is refused, and changes nothing"):format(text:sub(1, 40)), function()
      coap:Config "SendFaults=drop number=7"
      for _, name in ipairs { "SendFaults", "ReceiveFaults" } do
        local ok, err = pcall(coap.Config, coap, name .. "=" .. text)
        assert.is_false(ok)
        assert.are.equal(1, err.Code)
        assert.is_truthy(err.Message:find(message, 1, true), err.Message)
        assert.is_truthy(err.Message:find(name, 1, true), err.Message)
      end
      assert.are.equal("drop number=7", coap:Config "SendFaults")
    end)
  end

  for _, text in ipairs {
    "drop", "drop;", "; ;drop\n\n;", "drop chance=0", "drop chance=100%", "drop\tchance=.5",
    "drop code=0.00 type=RST", "drop code=7.31", "drop code=FETCH", "drop at=0-0.5",
    "drop retransmission=0", "drop number=1-1 record=alert", "delay by=0-0.1", "reorder",
    "duplicate copies=100\ncorrupt bits=100; truncate to=1; limit rate=1; restart; rebind",
    ("drop;"):rep(64), ""
  } do
    it(("'%s' is taken"):format(text:sub(1, 40)), function()
      coap:Config("SendFaults=" .. text)
      assert.are.equal(text, coap:Config "SendFaults")
    end)
  end
end)
