-- Reads resources of a CoAP server.
--   lunacoap examples/client.lua [URI ...]
local lunacoap = require "lunacoap"

local uris = #arg > 0 and arg or { "coap://127.0.0.1/hello", "coap://127.0.0.1/nothing/here" }
local coap = lunacoap.CoAP()
coap.Timeout = 5 -- seconds; a call that gets no answer by then raises error 301

for _, uri in ipairs(uris) do
  -- Get suspends this script, not the program, until the answer is there.
  local ok, err = pcall(coap.Get, coap, uri)
  if ok then
    print(("%s  %s %s"):format(uri, coap.ResponseCode, lunacoap.CodeName[coap.ResponseCode]))
    print(coap.ResponseData)
  elseif err.Code == 709 then
    -- The server answered, but with an error.
    print(("%s  %s"):format(uri, err.Message))
  else
    print(("%s  no answer: %s"):format(uri, err))
  end
end
