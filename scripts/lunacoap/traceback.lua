-- A message handler for xpcall: the error in words and the frames of the script. The frames below
-- the xpcall belong to lunacoap and are left out.

return function(err)
  local where = type(err) == "table" and rawget(err, "Where")
  local text = where and ("%s: %s"):format(where, tostring(err)) or tostring(err)
  local traceback = debug.traceback(text, 2)
  local ours = traceback:find("\n%s*%[C%]: in function 'xpcall'")
  return ours and traceback:sub(1, ours - 1) or traceback
end
